//! Opens forms, filled in from the record or from a draft.

use chrono::{DateTime, Utc};

use crate::model::time::format_ago;
use crate::sync::drafts::{Draft, DraftOp};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::drafts;
use crate::tui::form::{Field, Form, Kind};
use crate::tui::verb::logic::Filling;
use crate::tui::verb::target::Target;
use crate::tui::verb::{update, with_form};

/// Opens a form; restores text that was typed into it before and not sent.
pub(in crate::tui) fn open(
    app: &mut App,
    kind: Kind,
    targets: Vec<Target>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let draft = drafts::update::remove_matching(app, &kind, &targets);
    open_with(app, kind, targets, draft, at)
}

/// Opens a form with the contents of a draft, or filled in from the record.
pub(in crate::tui) fn open_with(
    app: &mut App,
    kind: Kind,
    targets: Vec<Target>,
    draft: Option<Draft>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let heading = heading(&kind, &targets);
    let fields = fields(app, &kind, &targets, at);
    let mut form = Form::new(kind, targets, heading, fields);
    if form.kind == Kind::Update && form.targets.len() > 1 {
        form.notice = Some("text in braces, such as {number}, is filled in for each".into());
    }
    update::requote(app, &mut form, at);
    let mut effects = Vec::new();
    if let Some(draft) = draft {
        form.restore_draft(&draft);
        let about = draft.about.iter().map(|about| about.0);
        let typed = format!("brought back what was typed {}", format_ago(draft.at, at));
        form.notice = Some(if drafts::redacted::is_older_than_redaction(app, about, draft.at) {
            format!("{typed}; something was redacted since: check that this does not say it")
        } else {
            typed
        });
        // Stored again immediately, so that no other process offers the draft.
        effects.push(Effect::Draft(DraftOp::Reopen(draft)));
    }
    app.ui.mode = Mode::Form(Box::new(form));
    effects
}

/// Creates the form of a note whose text was typed elsewhere.
pub(in crate::tui) fn note_form(
    app: &App,
    targets: Vec<Target>,
    text: &str,
    at: DateTime<Utc>,
) -> Box<Form> {
    let heading = heading(&Kind::Note, &targets);
    let fields = fields(app, &Kind::Note, &targets, at);
    let mut form = Form::new(Kind::Note, targets, heading, fields);
    if let Some(field) = form.fields.first_mut() {
        field.set_content(text);
    }
    // Focuses the field again, so that its cursor is shown.
    form.move_focus(0);
    Box::new(form)
}

fn heading(kind: &Kind, targets: &[Target]) -> String {
    let prefix = with_form(kind, |logic| logic.heading());
    match targets {
        _ if targets.is_empty() => prefix.into(),
        [one] => format!("{prefix} {} · {}", one.label, one.title),
        many => format!("{prefix} {} incidents", many.len()),
    }
}

/// Returns the fields of a form, filled in from the record of its target.
fn fields(app: &App, kind: &Kind, targets: &[Target], at: DateTime<Utc>) -> Vec<Field> {
    let filling = Filling::new(app, targets, at);
    with_form(kind, |logic| logic.fields(&filling))
}
