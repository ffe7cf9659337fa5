//! The outbox: results of commands for a remote, and the person's decisions about refused ones.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::backend::BackendError;
use crate::model::command::CommandKind;
use crate::model::{Command, CommandId, IncidentId};
use crate::sync::drafts::DraftOp;
use crate::sync::remote::{EntryState, OutboxEntry, OutboxSnapshot};

use crate::tui::action::READ_ONLY;
use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, OutboxRequest};
use crate::tui::core::mode::Mode;
use crate::tui::core::motion::Motion;
use crate::tui::core::notices::show_toast;
use crate::tui::core::state::inflight::PendingCommand;
use crate::tui::form::Kind;
use crate::tui::outbox::report::report_refusal;
use crate::tui::outbox::{OutboxPane, display_order};
use crate::tui::queue::history;
use crate::tui::verb::logic::Contents;
use crate::tui::verb::target::Target;
use crate::tui::verb::{self, send};
use crate::tui::{form, workspace};

/// Opens the outbox pane.
pub(in crate::tui) fn open(app: &mut App) -> Vec<Effect> {
    if app.inflight.outbox.is_none() {
        return show_toast(
            app,
            "there is no outbox: what is done here is in the store at once",
            false,
        );
    }
    let mut pane = OutboxPane::default();
    // New commands above it do not move the selection.
    pane.selected_id = app
        .inflight
        .outbox
        .as_deref()
        .and_then(|outbox| pane.selected(outbox))
        .map(|entry| entry.id);
    app.ui.mode = Mode::Outbox(Box::new(pane));
    Vec::new()
}

/// Applies a changed outbox: commands of this run settle, and incidents that commands are about are
/// read again.
pub(in crate::tui) fn snapshot_changed(
    app: &mut App,
    snapshot: &Arc<OutboxSnapshot>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let before = app.inflight.outbox.replace(Arc::clone(snapshot));
    let mut effects = Vec::new();
    let waiting: Vec<(CommandId, u64)> =
        app.inflight.pending.iter().map(|pending| (pending.id, pending.batch)).collect();
    for (id, _) in &waiting {
        match snapshot.get(*id) {
            Some(entry) => effects.extend(settle_from_entry(app, entry, at)),
            None => effects.extend(request_lookup(app, *id)),
        }
    }
    // The refusals of a batch that has ended were reported with it.
    for (id, batch) in waiting {
        if app.inflight.batches.iter().all(|other| other.number != batch) {
            let entry = snapshot.get(id);
            app.notices.reported_refusals.extend(entry.and_then(|entry| refusal_key(entry)));
        }
    }
    let was_put_back = before.as_ref().is_some_and(|before| before.remote.put_back.is_some());
    if let Some(before) = before {
        effects.extend(reload_affected(app, &before, snapshot));
    }
    if let Some(notice) = snapshot.remote.put_back.as_ref().filter(|_| !was_put_back) {
        // The state line and the outbox show it until it is acknowledged.
        app.reading.cache.clear();
        effects.push(Effect::Refresh);
        effects.extend(show_toast(app, notice.sentence(), true));
    }
    if let Some(report) = report_foreign_refusal(app, snapshot, at) {
        effects.extend(report);
    }
    effects
}

/// Requests the outcome of a command of this run that is not listed. It was dropped, or sent before
/// the last ones that are listed, or the published outbox is older than the command. The outbox
/// itself has the answer.
fn request_lookup(app: &mut App, id: CommandId) -> Option<Effect> {
    let pending = app.inflight.pending.iter_mut().find(|pending| pending.id == id)?;
    if !pending.enqueued || std::mem::replace(&mut pending.lookup_in_flight, true) {
        return None;
    }
    Some(Effect::Outbox(OutboxRequest::Lookup(id)))
}

/// Settles a command by the answer of the outbox, which does not list it any more.
pub(in crate::tui) fn entry_loaded(
    app: &mut App,
    id: CommandId,
    found: Result<Option<Box<OutboxEntry>>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if let Some(pending) = app.inflight.pending.iter_mut().find(|pending| pending.id == id) {
        pending.lookup_in_flight = false;
    }
    match found {
        Ok(Some(entry)) => settle_from_entry(app, &entry, at),
        Ok(None) => {
            let dropped = BackendError::NotFound("dropped from the outbox".into());
            send::settled(app, id, Err(dropped), at)
        }
        Err(error) => show_toast(app, error.to_string(), true),
    }
}

/// Settles a command of this run as its entry in the outbox has.
fn settle_from_entry(app: &mut App, entry: &OutboxEntry, at: DateTime<Utc>) -> Vec<Effect> {
    let result = match &entry.state {
        EntryState::Pending => return Vec::new(),
        EntryState::Sent(outcome) => Ok(outcome.clone()),
        EntryState::Refused(error) => Err(error.clone()),
    };
    if let Ok(Some(row)) = result.as_ref().map(|outcome| &outcome.row) {
        history::update_row(app, row);
    }
    send::settled(app, entry.id, result, at)
}

/// Reads the shown incident again if its pending commands have changed: reads apply pending
/// commands to the record (optimistic update).
fn reload_affected(app: &mut App, before: &OutboxSnapshot, now: &OutboxSnapshot) -> Vec<Effect> {
    let waiting = |snapshot: &OutboxSnapshot| -> HashSet<(IncidentId, CommandId)> {
        let changes = |entry: &Arc<OutboxEntry>| {
            let id = entry.id;
            entry.changed_incidents().map(move |incident| (incident, id)).collect::<Vec<_>>()
        };
        snapshot.pending().flat_map(changes).collect()
    };
    let (before, now) = (waiting(before), waiting(now));
    let changed: HashSet<IncidentId> =
        before.symmetric_difference(&now).map(|(incident, _)| *incident).collect();
    app.reading.cache.retain(|shown| !changed.contains(&shown.id));
    let shown = app.reading.shown.as_ref().map(|shown| shown.id);
    shown.filter(|id| changed.contains(id)).map(Effect::LoadDetail).into_iter().collect()
}

/// Identifies a refusal: a command that was sent again may be refused again.
fn refusal_key(entry: &OutboxEntry) -> Option<(CommandId, DateTime<Utc>)> {
    entry.refusal()?;
    Some((entry.id, entry.settled_at?))
}

/// Reports, once, a refused command that is not of this run, if nothing else is on the keys line.
fn report_foreign_refusal(
    app: &mut App,
    snapshot: &OutboxSnapshot,
    at: DateTime<Utc>,
) -> Option<Vec<Effect>> {
    // Those that were retried or dropped need not be remembered.
    let refused: HashSet<_> = snapshot.refused().filter_map(|entry| refusal_key(entry)).collect();
    app.notices.reported_refusals.retain(|reported| refused.contains(reported));
    if app.notices.toast.is_some() || !matches!(app.ui.mode, Mode::Panes) {
        return None;
    }
    let last = snapshot.refused().filter(|entry| entry.settled_at.is_some()).last()?;
    let (key, error) = (refusal_key(last)?, last.refusal()?.to_string());
    if (at - key.1).num_seconds() >= 10 || !app.notices.reported_refusals.insert(key) {
        return None;
    }
    Some(report_refusal(app, &last.phrase(), &error, at))
}

/// Handles the answer to enqueueing commands: they are in the outbox, or could not be stored there.
pub(in crate::tui) fn enqueued(
    app: &mut App,
    ids: &[CommandId],
    result: Result<(), BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let mut effects = Vec::new();
    match result {
        Ok(()) => {
            let is_declaration =
                |p: &&PendingCommand| ids.contains(&p.id) && p.verb == CommandKind::Declare;
            let declared =
                app.inflight.pending.iter().find(is_declaration).map(|pending| pending.incident);
            // A person who does something else by now is not interrupted.
            let batch =
                app.inflight.batches.iter().rev().find(|batch| batch.keys == app.ui.key_count);
            let declared = declared.filter(|_| batch.is_some());
            if let Some(id) = declared.filter(|id| !app.queue.select(*id)) {
                // The incident is selected when it arrives, and stays selected when it gets its
                // number.
                (app.queue.selected, app.queue.selected_head) = (Some(id), None);
            }
            for pending in
                app.inflight.pending.iter_mut().filter(|pending| ids.contains(&pending.id))
            {
                pending.enqueued = true;
                // The typed text is in the outbox now: the draft is not needed any more.
                let batch =
                    app.inflight.batches.iter_mut().find(|batch| batch.number == pending.batch);
                if let Some(form) = batch.and_then(|batch| batch.form.take()) {
                    effects.push(Effect::Draft(DraftOp::Drop(form.draft_id)));
                }
            }
            // The published outbox may be of a later moment than this answer.
            let listed = |id: &CommandId| {
                app.inflight.outbox.as_ref().is_none_or(|all| all.get(*id).is_some())
            };
            let not_listed: Vec<CommandId> = ids.iter().copied().filter(|id| !listed(id)).collect();
            effects.extend(not_listed.into_iter().filter_map(|id| request_lookup(app, id)));
        }
        Err(error) => {
            for id in ids {
                effects.extend(send::settled(app, *id, Err(error.clone()), at));
            }
        }
    }
    if matches!(app.ui.mode, Mode::Quitting)
        && app.inflight.pending.iter().all(|pending| pending.enqueued)
    {
        effects.push(Effect::Quit);
    }
    effects.extend(workspace::switch::switch_when_settled(app));
    effects
}

/// Moves the selection in the outbox pane.
pub(in crate::tui) fn scroll(app: &mut App, motion: Motion) {
    let page_rows = usize::from(app.layout().body().height) / 3;
    let (Mode::Outbox(pane), Some(outbox)) = (&mut app.ui.mode, &app.inflight.outbox) else {
        return;
    };
    let all = display_order(outbox);
    let index = motion.apply(pane.selected_index(outbox), all.len(), page_rows.max(1));
    pane.last_index = index;
    pane.selected_id = all.get(index).map(|entry| entry.id);
    pane.notice = None;
}

fn outbox_pane(app: &mut App) -> Option<&mut OutboxPane> {
    match &mut app.ui.mode {
        Mode::Outbox(pane) => Some(pane),
        _ => None,
    }
}

fn set_notice(app: &mut App, why: impl Into<String>) -> Vec<Effect> {
    if let Some(pane) = outbox_pane(app) {
        pane.notice = Some(why.into());
    }
    Vec::new()
}

/// Sends the selected refused command again unchanged, if that may help.
pub(in crate::tui) fn retry(app: &mut App) -> Vec<Effect> {
    if app.session.read_only {
        return set_notice(app, READ_ONLY);
    }
    let Some(entry) = app.selected_entry().cloned() else { return Vec::new() };
    if let Some(why) = entry.reason_not_to_retry() {
        return set_notice(app, why);
    }
    vec![Effect::Outbox(OutboxRequest::Retry(entry.id))]
}

/// Sends all waiting commands now.
pub(in crate::tui) fn send_now(app: &mut App) -> Vec<Effect> {
    if app.session.read_only {
        return set_notice(app, READ_ONLY);
    }
    let mut effects = vec![Effect::Outbox(OutboxRequest::SendNow), Effect::Refresh];
    effects.extend(set_notice(app, "trying now"));
    effects
}

/// Lets the present token send the selected command.
pub(in crate::tui) fn approve(app: &mut App) -> Vec<Effect> {
    if app.session.read_only {
        return set_notice(app, READ_ONLY);
    }
    let id = app.selected_entry().map(|entry| entry.id);
    id.map(|id| Effect::Outbox(OutboxRequest::Approve(id))).into_iter().collect()
}

/// Sends commands again that were sent before the server's store was restored, or only acknowledges
/// that.
pub(in crate::tui) fn decide_put_back(app: &mut App, request: OutboxRequest) -> Vec<Effect> {
    if app.session.read_only {
        return set_notice(app, READ_ONLY);
    }
    vec![Effect::Outbox(request)]
}

/// Asks whether to drop the selected command.
pub(in crate::tui) fn request_drop(app: &mut App) -> Vec<Effect> {
    if app.session.read_only {
        return set_notice(app, READ_ONLY);
    }
    let Some(id) = app.selected_entry().map(|entry| entry.id) else { return Vec::new() };
    if let Some(pane) = outbox_pane(app) {
        (pane.confirm_drop, pane.notice) = (Some(id), None);
    }
    Vec::new()
}

/// Drops the command that the question is about.
pub(in crate::tui) fn confirm_drop(app: &mut App) -> Vec<Effect> {
    let command = outbox_pane(app).and_then(|pane| pane.confirm_drop.take());
    command.map(|id| Effect::Outbox(OutboxRequest::Drop(id))).into_iter().collect()
}

/// Closes the question; the command stays.
pub(in crate::tui) fn cancel_drop(app: &mut App) -> Vec<Effect> {
    if let Some(pane) = outbox_pane(app) {
        pane.confirm_drop = None;
    }
    Vec::new()
}

/// Opens the form of the selected refused command, filled in with its contents.
pub(in crate::tui) fn edit(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if app.session.read_only {
        return set_notice(app, READ_ONLY);
    }
    let Some(entry) = app.selected_entry().cloned() else { return Vec::new() };
    let Some((kind, contents)) = form_for(&entry, app) else {
        let Some(command) = entry.command() else {
            return set_notice(app, entry.reason_not_to_retry().unwrap_or_default());
        };
        let verb = command.phrase();
        return set_notice(
            app,
            format!("there is nothing to edit in “{verb}”: send it anyway or drop it"),
        );
    };
    let targets = target(app, &entry).into_iter().collect();
    // A draft of the same form stays a draft.
    let effects = form::open::open_with(app, kind, targets, None, at);
    if let Mode::Form(form) = &mut app.ui.mode {
        for (label, content) in contents {
            if let Some(field) = form.fields.iter_mut().find(|field| field.label == label) {
                field.set_content(&content);
            }
        }
        let age = entry.refusal_age(at).map(|age| format!(" ({age})")).unwrap_or_default();
        let why = entry.refusal_sentence(at);
        form.notice = why.map(|why| format!("it was refused: {why}{age}"));
        form.replaces = entry.envelope.clone().map(Box::new);
        form.move_focus(0);
    }
    effects
}

/// Returns the incident of a command; `None` for a declaration.
fn target(app: &App, entry: &OutboxEntry) -> Option<Target> {
    let id = entry.incident().filter(|_| entry.declares().is_none())?;
    Some(app.row(id).map_or_else(
        || Target { id, label: entry.label(), title: entry.title.clone(), seq: 0 },
        Target::from,
    ))
}

/// Returns the form by which a command is written, and the contents of its fields.
fn form_for(entry: &OutboxEntry, app: &App) -> Option<(Kind, Contents)> {
    match entry.command()? {
        Command::Incident { command, .. } => verb::edit(app, command),
        Command::RecordChange(_) | Command::RecordProblem(_) => None,
    }
}
