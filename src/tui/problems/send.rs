//! Sends the form of a problem.

use chrono::{DateTime, Utc};

use crate::model::problem::Problem;
use crate::model::{Actor, Command, CommandId, Envelope, ProblemId};

use crate::tui::action::READ_ONLY;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::form::Form;
use crate::tui::problems::find;
use crate::tui::problems::form::read;
use crate::tui::verb::send::submit_record;

/// Sends the form, or shows its errors. A problem that somebody else has changed since `revision`
/// is not overwritten.
pub(in crate::tui) fn send(
    app: &mut App,
    mut form: Box<Form>,
    (id, revision): (Option<ProblemId>, Option<u32>),
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let stored = id.and_then(|id| find(&app.screens, id)).cloned();
    let notice = match (id, &stored) {
        _ if app.session.read_only => Some(READ_ONLY.to_owned()),
        (Some(_), None) => Some("the problem is not on the screen any more".to_owned()),
        _ => None,
    };
    if notice.is_some() {
        form.notice = notice;
        app.ui.mode = Mode::Form(form);
        return Vec::new();
    }
    let new = || Problem::new(ProblemId(form.draft_id), "", app.backend_time(at));
    let before = stored.clone().unwrap_or_else(new);
    let problem = match read(app, &form, before) {
        Ok(problem) => problem,
        Err(error) => {
            form.show_error(&error.field, error.message);
            app.ui.mode = Mode::Form(form);
            return Vec::new();
        }
    };
    if stored.is_some_and(|stored| stored.as_requested() == problem) {
        form.notice = Some("nothing was changed".to_owned());
        app.ui.mode = Mode::Form(form);
        return Vec::new();
    }
    let envelope = Envelope {
        id: CommandId::new(),
        at,
        actor: Actor::Person(app.session.me.clone()),
        command: Command::RecordProblem(problem),
        // A backend of an earlier version counts no revisions.
        expected_seq: revision.filter(|revision| *revision > 0),
    };
    submit_record(app, envelope, form, at)
}
