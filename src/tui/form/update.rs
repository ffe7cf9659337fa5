//! Forms: how they are typed into and sent.

use chrono::{DateTime, Utc};
use crossterm::event::{KeyCode, KeyEvent};

use crate::sync::drafts::DraftOp;

use crate::tui::action::Action;
use crate::tui::contacts;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices;
use crate::tui::drafts;
use crate::tui::form::editor_error::EditorError;
use crate::tui::form::{Field, Form, Kind, Value, commands, conflict, graphemes};
use crate::tui::maintenance;
use crate::tui::problems;
use crate::tui::services;
use crate::tui::verb::logic::FieldError;
use crate::tui::verb::plan::Plan;
use crate::tui::verb::{self, names, send};

/// Handles a key without a binding: it is typed into the focused field.
pub(in crate::tui) fn handle_text_key(
    app: &mut App,
    key: KeyEvent,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if let Mode::Form(form) = &mut app.ui.mode
        && !form.confirm_discard
    {
        let previous_focus = form.focus;
        let is_enter = key.code == KeyCode::Enter && key.modifiers.is_empty();
        if is_enter && form.is_one_line() && !form.fields[0].accept_suggestion() {
            return send(app, at);
        }
        form.handle_key(key);
        // In a form with one field, leaving it focuses the same field again.
        let onward = matches!(key.code, KeyCode::Enter | KeyCode::Up | KeyCode::Down);
        if form.focus != previous_focus || onward {
            check_field(app, previous_focus);
        }
        requote(app);
    }
    drafts::update::schedule_save(app)
}

/// Makes the text of the form follow its other fields.
fn requote(app: &mut App) {
    let at = app.now;
    if let Mode::Form(mut form) = std::mem::take(&mut app.ui.mode) {
        verb::update::requote(app, &mut form, at);
        app.ui.mode = Mode::Form(form);
    }
}

/// Returns whether a key with Alt edits the text of the focused field, such as a move by words.
/// These are the mappings of the text area.
pub(in crate::tui) fn edits_with(app: &App, key: &KeyEvent) -> bool {
    let Mode::Form(form) = &app.ui.mode else { return false };
    !form.confirm_discard
        && form.fields.get(form.focus).is_some_and(Field::accepts_text)
        && matches!(
            key.code,
            KeyCode::Backspace
                | KeyCode::Delete
                | KeyCode::Left
                | KeyCode::Right
                | KeyCode::Up
                | KeyCode::Down
                | KeyCode::Char('h' | 'd' | 'b' | 'f' | '<' | '>' | 'p' | 'n' | '[' | ']' | 'v')
        )
}

/// Shows the known errors of the field that lost the focus.
fn check_field(app: &mut App, index: usize) {
    let Mode::Form(form) = &app.ui.mode else { return };
    let Some(field) = form.fields.get(index) else { return };
    if field.error.is_some() || field.content().trim().is_empty() {
        return;
    }
    let error = commands::validate_field(app, form, &field.label, app.now);
    if let Mode::Form(form) = &mut app.ui.mode
        && let Some(field) = form.fields.get_mut(index)
    {
        field.error = error;
    }
}

/// Shows the errors of all fields that are known before the form is sent. Returns whether there are
/// none.
fn check_all(app: &App, form: &mut Form, at: DateTime<Utc>) -> bool {
    let mut is_right = true;
    for index in 0..form.fields.len() {
        let field = &form.fields[index];
        let is_empty = field.content().trim().is_empty();
        if is_empty || field.error.is_some() {
            continue;
        }
        // A name that the directory does not have was reported when it was typed, and can be
        // intended.
        let error = commands::validate_form_field(app, form, &field.label, at);
        is_right &= error.is_none();
        form.fields[index].error = error;
    }
    is_right
}

/// Inserts pasted text in one step.
pub(in crate::tui) fn paste(app: &mut App, pasted: &str) -> Vec<Effect> {
    match &mut app.ui.mode {
        Mode::Form(form) if !form.confirm_discard => {
            form.paste(pasted);
            requote(app);
        }
        Mode::Pick(picker) => picker.paste(pasted),
        _ => {}
    }
    drafts::update::schedule_save(app)
}

/// Moves the focus to another field; going on takes the suggestion of the field first.
pub(in crate::tui) fn move_focus(app: &mut App, by: isize) -> Vec<Effect> {
    if let Mode::Form(form) = &mut app.ui.mode {
        let previous_focus = form.focus;
        if by > 0 && form.fields.get_mut(previous_focus).is_some_and(Field::accept_suggestion) {
            form.fields[previous_focus].error = None;
            form.move_focus(0);
            return drafts::update::schedule_save(app);
        }
        form.move_focus(by);
        check_field(app, previous_focus);
    }
    drafts::update::schedule_save(app)
}

/// Sends the form, or shows its errors.
pub(in crate::tui) fn send(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Form(mut form) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    let notice = form.notice.take();
    let is_complete = form.validate();
    // All errors are shown together, not one field after the other.
    if !check_all(app, &mut form, at) || !is_complete {
        form.focus_first_error();
        app.ui.mode = Mode::Form(form);
        return Vec::new();
    }
    if form.kind.is_about_contacts() {
        return contacts::update::submit(app, form, at);
    }
    verb::update::requote(app, &mut form, at);
    if let Kind::Maintenance { id, revision } = form.kind {
        return maintenance::send::send(app, form, (id, revision), notice.as_deref(), at);
    }
    if let Kind::Problem { id, revision } = form.kind {
        return problems::send::send(app, form, (id, revision), at);
    }
    if let Kind::AdoptService { name, .. } = &form.kind {
        let name = name.clone();
        return services::send::send(app, form, &name, at);
    }
    if let Some(conflict) = conflict::find_conflict(app, &form, at) {
        conflict::report(&mut form, conflict);
        app.ui.mode = Mode::Form(form);
        return Vec::new();
    }
    match commands::plan(app, &form, at) {
        Ok((plan, irreversible)) => submit(app, form, plan, irreversible, at),
        Err(FieldError { field, message }) => {
            form.show_error(&field, message);
            app.ui.mode = Mode::Form(form);
            Vec::new()
        }
    }
}

fn submit(
    app: &mut App,
    form: Box<Form>,
    plan: Plan,
    irreversible: bool,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if plan.steps.iter().all(|step| step.commands.is_empty() && step.prerequisites.is_empty()) {
        let mut form = form;
        let leave = app.ui.keymap.hint_suffix(Action::Cancel, "leaves");
        form.notice = Some(format!("nothing was changed{leave}"));
        app.ui.mode = Mode::Form(form);
        return Vec::new();
    }
    // The form of a new problem shows the number of its incidents: no question follows.
    let is_announced = form.kind == Kind::NewProblem
        && !irreversible
        && !app.session.read_only
        && plan.steps.len() > 1;
    if is_announced {
        return send::carry_out(app, &plan, irreversible, Some(form), at);
    }
    send::submit(app, plan, irreversible, Some(form), at)
}

/// Closes the form, after a question where something was typed.
pub(in crate::tui) fn cancel(app: &mut App) -> Vec<Effect> {
    let Mode::Form(form) = &mut app.ui.mode else { return Vec::new() };
    if form.is_touched() && form.contents().iter().any(|content| !content.trim().is_empty()) {
        form.confirm_discard = true;
        return Vec::new();
    }
    discard(app)
}

/// Closes the form and drops its draft.
pub(in crate::tui) fn discard(app: &mut App) -> Vec<Effect> {
    match std::mem::take(&mut app.ui.mode) {
        Mode::Form(form) => vec![Effect::Draft(DraftOp::Drop(form.draft_id))],
        _ => Vec::new(),
    }
}

/// Returns from the question to the form.
pub(in crate::tui) fn continue_editing(app: &mut App) -> Vec<Effect> {
    if let Mode::Form(form) = &mut app.ui.mode {
        form.confirm_discard = false;
    }
    Vec::new()
}

/// Closes the form and stores the typed text as a draft.
pub(in crate::tui) fn save_draft(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Form(form) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    if form.kind.is_about_contacts() {
        app.ui.mode = Mode::Form(form);
        return notices::show_toast(app, "an address is not kept as a draft", true);
    }
    let mut effects = drafts::update::save_for_later(app, &form, at);
    let key = app.ui.keymap.main_key(Action::Drafts).unwrap_or_default();
    effects.extend(notices::show_toast(
        app,
        format!("kept as a draft · {key} brings it back"),
        false,
    ));
    effects
}

/// Opens the text of the focused field in the person's own editor.
pub(in crate::tui) fn edit(app: &mut App) -> Vec<Effect> {
    let Mode::Form(form) = &mut app.ui.mode else { return Vec::new() };
    match form.fields.get(form.focus) {
        Some(field) if field.is_multiline() => vec![Effect::Edit(field.content())],
        _ => {
            form.notice = Some("only a field of several lines opens in an editor".into());
            Vec::new()
        }
    }
}

/// Inserts the text from the editor into the focused field, or shows why there is none.
pub(in crate::tui) fn edited(app: &mut App, result: Result<String, EditorError>) -> Vec<Effect> {
    let Mode::Form(form) = &mut app.ui.mode else { return Vec::new() };
    match result {
        Ok(text) => {
            let focus = form.focus;
            if let Some(field) = form.fields.get_mut(focus).filter(|field| field.is_multiline()) {
                field.set_content(&graphemes::show_controls(text.trim_end()));
            }
            // Focuses the field again, so that its cursor is shown.
            form.move_focus(0);
        }
        Err(why) => form.notice = Some(why.to_string()),
    }
    drafts::update::schedule_save(app)
}

/// Offers the names of a new directory in the open form.
pub(in crate::tui) fn directory_changed(app: &mut App) {
    if !matches!(app.ui.mode, Mode::Form(_)) {
        return;
    }
    let Mode::Form(mut form) = std::mem::take(&mut app.ui.mode) else { return };
    for field in &mut form.fields {
        if let Value::Names { options, .. } = &mut field.value
            && let Some(names) = names::offered_names(app, &field.label)
        {
            *options = names;
        }
    }
    app.ui.mode = Mode::Form(form);
}
