//! Commands: made at the press of a key, marked while on their way, settled by their outcome.

use chrono::{DateTime, Utc};

use crate::backend::{BackendError, Outcome};
use crate::model::command::{Ask, Verb};
use crate::model::decide::{Context, decide};
use crate::model::time::ago;
use crate::model::{Actor, Command, CommandId, Envelope, IncidentId, text};

use super::super::app::{App, Mode, Pending};
use super::super::message::Effect;
use super::{call, fail, note, tell};

pub(super) fn acknowledge(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    simple(app, Ask::Acknowledge, at)
}

pub(super) fn own(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let to = Some(app.me.clone());
    simple(app, Ask::Assign { to }, at)
}

/// Submits for the incident that keys are about now; a refusal is told.
fn simple(app: &mut App, ask: Ask, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(target) = app.target() else { return Vec::new() };
    let (id, label) = (target.id, target.label());
    match submit(app, id, label.clone(), ask, at) {
        Ok(effects) => effects,
        Err(why) => tell(app, format!("{label}: {why}"), true),
    }
}

/// Makes a command, asks at once whether it may happen, and marks it as on its way.
///
/// # Errors
/// Why it may not happen, in a person's words.
pub(super) fn submit(
    app: &mut App,
    incident: IncidentId,
    label: String,
    ask: Ask,
    at: DateTime<Utc>,
) -> Result<Vec<Effect>, String> {
    let verb = ask.verb();
    let repeatable = verb == Verb::AddNote;
    if !repeatable && app.pending.iter().any(|p| p.incident == incident && p.verb == verb) {
        return Err("that is on its way already".into());
    }
    let content = if let Ask::AddNote { text } = &ask { Some(text.clone()) } else { None };
    let envelope = Envelope {
        id: CommandId::new(),
        at,
        actor: Actor::Person(app.me.clone()),
        command: Command::Incident { incident, ask },
    };
    may_happen(app, incident, &envelope, at)?;
    if let Command::Incident { ask: Ask::Declare(_), .. } = &envelope.command {
        call::mine(app, incident);
    }
    if let Command::Incident { ask: Ask::Assign { to: Some(to) }, .. } = &envelope.command
        && to.handle == app.me.handle
    {
        call::mine(app, incident);
    }
    app.pending.push(Pending {
        id: envelope.id,
        incident,
        label,
        verb,
        text: content,
        retrying: false,
    });
    Ok(vec![Effect::Submit(Box::new(envelope))])
}

/// Asks the model where the whole record is known, else what the row can tell.
fn may_happen(
    app: &App,
    id: IncidentId,
    envelope: &Envelope,
    now: DateTime<Utc>,
) -> Result<(), String> {
    let row = app.row(id);
    let known = app
        .reading
        .shown
        .iter()
        .chain(&app.reading.cache)
        .find(|shown| shown.id == id)
        .map(|shown| &shown.detail.incident)
        .filter(|incident| row.is_none_or(|row| row.seq == incident.summary.seq));
    let context = Context { now, rules: &app.rules };
    if let Some(incident) = known {
        return decide(Some(incident), envelope, context).map(|_| ()).map_err(|r| r.message);
    }
    let (Some(row), Command::Incident { ask, .. }) = (row, &envelope.command) else {
        return Ok(());
    };
    match (ask, row.acknowledged_at, &row.assignee) {
        (Ask::Acknowledge, Some(when), _) => {
            Err(format!("already acknowledged {}", ago(when, now)))
        }
        (Ask::Assign { to: Some(to) }, _, Some(owner)) if to.handle == owner.handle => {
            Err(format!("already owned by {}", text::shown(&owner.name)))
        }
        _ => Ok(()),
    }
}

/// A command failed for now and is tried again.
pub(super) fn retrying(
    app: &mut App,
    id: CommandId,
    error: &BackendError,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Some(pending) = app.pending.iter_mut().find(|p| p.id == id) else { return Vec::new() };
    let first = !std::mem::replace(&mut pending.retrying, true);
    let what = format!("{} {}", word(pending.verb), pending.label);
    if first { fail(app, &what, &format!("{error} (it is tried again)"), at) } else { Vec::new() }
}

/// A command has its outcome.
pub(super) fn settled(
    app: &mut App,
    id: CommandId,
    result: Result<Box<Outcome>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Some(place) = app.pending.iter().position(|p| p.id == id) else { return Vec::new() };
    let pending = app.pending.remove(place);
    let mut effects = match result {
        Ok(_) => {
            app.sent_at = Some(at);
            Vec::new()
        }
        Err(error) => refused(app, &pending, &error, at),
    };
    if app.pending.is_empty() && matches!(app.mode, Mode::Leaving) {
        effects.push(Effect::Quit);
    }
    effects
}

/// Tells why a command was not carried out. The text of a note is given back.
fn refused(
    app: &mut App,
    pending: &Pending,
    error: &BackendError,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let what = format!("{} {}", word(pending.verb), pending.label);
    call::not_mine(app, pending.incident);
    if let Some(content) = &pending.text {
        give_back(app, pending, content, error);
    }
    fail(app, &what, &error.to_string(), at)
}

/// Puts the text of a refused note back into an editor.
fn give_back(app: &mut App, pending: &Pending, content: &str, error: &BackendError) {
    if let Mode::Note(open) = &mut app.mode {
        // Another note is being written: this one is put below it, for the person to sort.
        open.area.move_cursor(tui_textarea::CursorMove::Bottom);
        open.area.move_cursor(tui_textarea::CursorMove::End);
        open.area.insert_str(format!("\n\n[not taken for {}: {error}]\n{content}", pending.label));
        return;
    }
    let title = app.row(pending.incident).map(|row| row.title.clone()).unwrap_or_default();
    let why = Some(error.to_string());
    note::edit(app, pending.incident, pending.label.clone(), title, content, why);
}

/// The verb as part of a sentence, such as "acknowledge INC-2041".
fn word(verb: Verb) -> &'static str {
    match verb {
        Verb::Acknowledge => "acknowledge",
        Verb::Assign => "own",
        Verb::AddNote => "note on",
        _ => "change",
    }
}

/// What has not been confirmed, for a last message; empty when all has.
#[must_use]
pub fn unconfirmed(app: &App) -> String {
    let each: Vec<String> =
        app.pending.iter().map(|p| format!("{} {}", word(p.verb), p.label)).collect();
    each.join(", ")
}
