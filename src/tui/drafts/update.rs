//! Drafts: forms are stored while they are typed into, and offered again later.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::sync::drafts::{Draft, DraftOp};

use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Timer};
use crate::tui::core::mode::Mode;
use crate::tui::form::{Form, Kind};
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;
use crate::tui::workspace::Workspace;

/// How long after a key the form is stored.
const SAVE_DELAY: Duration = Duration::from_millis(300);

/// Schedules storing the open form, if something was typed since it was last stored.
pub(in crate::tui) fn schedule_save(app: &mut App) -> Vec<Effect> {
    let Mode::Form(form) = &mut app.ui.mode else { return Vec::new() };
    if form.save_scheduled
        || form.saved_contents.as_ref().unwrap_or(&form.initial_contents) == &form.contents()
    {
        return Vec::new();
    }
    form.save_scheduled = true;
    vec![Effect::StartTimer(SAVE_DELAY, Timer::Draft(form.draft_id))]
}

/// Stores the form of that draft, if it is still open.
pub(in crate::tui) fn save_due(app: &mut App, id: Uuid) -> Vec<Effect> {
    let now = app.now;
    match open_form(&mut app.ui.mode) {
        Some(form) if form.draft_id == id => {
            form.save_scheduled = false;
            save(form, &app.session.workspace, now).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Returns the form that is open, or that a question is about.
fn open_form(mode: &mut Mode) -> Option<&mut Form> {
    match mode {
        Mode::Form(form) => Some(form),
        Mode::Confirm(confirm) => confirm.form.as_deref_mut(),
        _ => None,
    }
}

/// Stores the open form, because the program ends.
pub(in crate::tui) fn save_open(app: &mut App) -> Vec<Effect> {
    let now = app.now;
    let Some(form) = open_form(&mut app.ui.mode) else { return Vec::new() };
    save(form, &app.session.workspace, now).into_iter().collect()
}

/// Stores the contents of a form, unless they are stored already.
pub(in crate::tui) fn save(
    form: &mut Form,
    workspace: &Workspace,
    at: DateTime<Utc>,
) -> Option<Effect> {
    let contents = form.contents();
    if form.saved_contents.as_ref().unwrap_or(&form.initial_contents) == &contents {
        return None;
    }
    form.saved_contents = Some(contents);
    Some(Effect::Draft(DraftOp::Save(to_draft(form, workspace, at)?)))
}

fn to_draft(form: &Form, workspace: &Workspace, at: DateTime<Utc>) -> Option<Draft> {
    if form.kind.is_about_contacts() {
        return None;
    }
    let about = form.targets.iter();
    Some(Draft {
        id: form.draft_id,
        // Kinds are plain data: they always serialize.
        form: serde_json::to_string(&form.kind).ok()?,
        about: about.map(|t| (t.id, t.label.clone(), t.title.clone(), t.seq)).collect(),
        contents: form.contents(),
        initial: form.initial_contents.clone(),
        labels: form.fields.iter().map(|field| field.label.clone()).collect(),
        location: Some(workspace.location.clone()),
        at,
    })
}

/// Stores a form as a draft to continue later, and lets other processes offer it.
pub(in crate::tui) fn save_for_later(app: &mut App, form: &Form, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(draft) = to_draft(form, &app.session.workspace, at) else { return Vec::new() };
    app.forms.drafts.retain(|other| other.id != draft.id);
    app.forms.drafts.insert(0, draft.clone());
    vec![Effect::Draft(DraftOp::Save(draft)), Effect::Draft(DraftOp::Release(form.draft_id))]
}

/// Returns the kind of form of a draft; `None` if this version does not have it.
pub(in crate::tui) fn kind(draft: &Draft) -> Option<Kind> {
    serde_json::from_str(&draft.form).ok()
}

/// Returns the incidents that a draft is about.
pub(in crate::tui) fn targets(draft: &Draft) -> Vec<Target> {
    let about = draft.about.iter().cloned();
    about.map(|(id, label, title, seq)| Target { id, label, title, seq }).collect()
}

/// Removes and returns the latest draft of such a form about the same incidents.
pub(in crate::tui) fn remove_matching(
    app: &mut App,
    wanted: &Kind,
    targets: &[Target],
) -> Option<Draft> {
    let index = app.forms.drafts.iter().position(|draft| {
        kind(draft).is_some_and(|kind| is_same_form(app, &kind, wanted, targets))
            && draft.about.len() == targets.len()
            && draft.about.iter().zip(targets).all(|(about, target)| about.0 == target.id)
    })?;
    Some(app.forms.drafts.remove(index))
}

/// Returns whether two forms are for the same thing. New action items get random ids, so the draft
/// of one new item counts as a draft of the next.
fn is_same_form(app: &App, drafted: &Kind, wanted: &Kind, targets: &[Target]) -> bool {
    match (drafted, wanted, targets) {
        (Kind::ActionItem { id: a }, Kind::ActionItem { id: b }, [target]) if a != b => {
            let record = precheck::current_record(app, target.id);
            let is_new = |id: &Uuid| {
                record.is_some_and(|r| r.review.actions.iter().all(|action| action.id != *id))
            };
            is_new(a) && is_new(b)
        }
        _ => drafted == wanted,
    }
}
