//! Brings drafts and refused forms back.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::sync::drafts::Draft;

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::drafts::update::{kind, save_for_later, schedule_save, targets};
use crate::tui::form;
use crate::tui::form::Form;

/// Reopens a form that was refused; stores it as a draft if something else is open.
pub(in crate::tui) fn reopen_refused(
    app: &mut App,
    mut form: Box<Form>,
    why: &str,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if matches!(app.ui.mode, Mode::Panes | Mode::Help(_) | Mode::Failure(_) | Mode::Results(_)) {
        form.notice = Some(why.to_owned());
        // A timer that ran out while the form was closed found nothing to store.
        form.save_scheduled = false;
        app.ui.mode = Mode::Form(form);
        return schedule_save(app);
    }
    let mut effects = save_for_later(app, &form, at);
    let key = app.ui.keymap.main_key(Action::Drafts).unwrap_or_default();
    let message = format!("{} not taken, kept as a draft ({key}): {why}", form.heading);
    effects.extend(show_toast(app, message, true));
    effects
}

/// Offers the drafts that earlier runs have stored.
pub(in crate::tui) fn restore(app: &mut App, drafts: Vec<Draft>) -> Vec<Effect> {
    let is_local = |draft: &Draft| {
        // Drafts about incidents of another workspace are restored there.
        let location = draft.location.as_ref().filter(|_| !draft.about.is_empty());
        location.is_none_or(|location| *location == app.session.workspace.location)
    };
    let restored: Vec<Draft> =
        drafts.into_iter().filter(|draft| kind(draft).is_some() && is_local(draft)).collect();
    app.forms.drafts.extend(restored);
    if app.forms.drafts.is_empty() {
        return Vec::new();
    }
    let count = app.forms.drafts.len();
    let word = if count == 1 { "draft was" } else { "drafts were" };
    let key = app.ui.keymap.main_key(Action::Drafts).unwrap_or_default();
    show_toast(app, format!("{count} {word} kept · {key} brings back what was typed"), false)
}

/// Shows a draft whose form was just opened without what was redacted since it was read, unless something
/// was typed meanwhile.
pub(in crate::tui) fn replace(app: &mut App, draft: Draft) -> Vec<Effect> {
    let Mode::Form(form) = &mut app.ui.mode else { return Vec::new() };
    if form.draft_id != draft.id {
        return Vec::new();
    }
    if form.restored_contents.as_ref() != Some(&form.contents()) {
        form.notice = Some("this text has something that was redacted since it was typed".into());
        return Vec::new();
    }
    let (kind, targets, at) = (form.kind.clone(), form.targets.clone(), app.now);
    let effects = form::open::open_with(app, kind, targets, Some(draft), at);
    if let Mode::Form(form) = &mut app.ui.mode {
        form.notice = Some("what was redacted since this was typed was removed from it".into());
    }
    effects
}

/// Opens the form of a draft that was chosen from the list.
pub(in crate::tui) fn open(app: &mut App, id: Uuid, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(draft) = app.forms.drafts.iter().find(|draft| draft.id == id).cloned() else {
        return Vec::new();
    };
    let Some(kind) = kind(&draft) else { return Vec::new() };
    app.forms.drafts.retain(|other| other.id != id);
    form::open::open_with(app, kind, targets(&draft), Some(draft), at)
}
