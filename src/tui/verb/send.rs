//! Commands: how they are sent, shown as pending, and settled by their outcome.

use chrono::{DateTime, Utc};

use crate::backend::{BackendError, Outcome};
use crate::model::bad_field::BadField;
use crate::model::command::CommandKind;
use crate::model::filter::MatchContext;
use crate::model::naming::unknown_names;
use crate::model::{Actor, CommandId, Envelope, IncidentCommand, IncidentId};
use crate::sync::drafts::DraftOp;

use crate::tui::action::{Action, READ_ONLY};
use crate::tui::confirm::{Confirm, Results};
use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Timer};
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::{append_failures, report_failure, show_toast};
use crate::tui::core::state::inflight::{CloseOffer, PendingCommand};
use crate::tui::form::Form;
use crate::tui::lists::shared::one_line;
use crate::tui::queue::unread;
use crate::tui::undo::{Inverse, UNDO_WINDOW, Undo};
use crate::tui::verb::batch::Batch;
use crate::tui::verb::plan::{Plan, Step, phrase};
use crate::tui::verb::reason;
use crate::tui::verb::target::Target;
use crate::tui::{attention, drafts, outbox, reading, run, runbook, undo, workspace};
use crate::verbs::command_id;

/// Sends a plan immediately if it concerns one incident; asks first if it is irreversible or
/// concerns several.
///
/// A refused plan returns to its form, with the reason.
pub(in crate::tui) fn submit(
    app: &mut App,
    plan: Plan,
    irreversible: bool,
    form: Option<Box<Form>>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if app.session.read_only {
        return refuse_read_only(app, form);
    }
    if let [Step { refused: Some(why), target, .. }] = &plan.steps[..] {
        let message = format!("{}: {why}", target.label);
        if let Some(mut form) = form {
            form.notice = Some(why.clone());
            app.ui.mode = Mode::Form(form);
            return Vec::new();
        }
        app.ui.mode = Mode::Panes;
        return show_toast(app, message, true);
    }
    if reason::needs_reason(app, &plan) {
        return reason::ask(app, plan, at);
    }
    // A plan that can't be undone needs a question first.
    let inverse = |step| undo::inverse::inverse(app, step, &envelopes(app, step, at));
    let irreversible = irreversible || plan.possible().any(|step| inverse(step).is_none());
    if irreversible || plan.steps.len() > 1 || !unknown_names_in(app, &plan).is_empty() {
        app.ui.mode = Mode::Confirm(Box::new(Confirm { plan, irreversible, form, top: 0 }));
        return Vec::new();
    }
    carry_out(app, &plan, irreversible, form, at)
}

/// Returns the error for services and teams that a plan names and the directory does not have.
pub(in crate::tui) fn unknown_names_in(app: &App, plan: &Plan) -> Vec<BadField> {
    let Some(directory) = app.fetched.directory.as_deref() else { return Vec::new() };
    let mut unknown: Vec<BadField> = plan
        .possible()
        .flat_map(|step| &step.commands)
        .flat_map(|command| unknown_names(command, directory))
        .collect();
    unknown.dedup();
    unknown
}

/// Reports that the panes are read-only; a form is reopened, so that its text is not lost.
fn refuse_read_only(app: &mut App, form: Option<Box<Form>>) -> Vec<Effect> {
    if let Some(mut form) = form {
        form.notice = Some(READ_ONLY.into());
        app.ui.mode = Mode::Form(form);
        return Vec::new();
    }
    app.ui.mode = Mode::Panes;
    show_toast(app, READ_ONLY, true)
}

/// Sends the steps of a plan that are possible.
pub(in crate::tui) fn carry_out(
    app: &mut App,
    plan: &Plan,
    irreversible: bool,
    form: Option<Box<Form>>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    app.ui.mode = Mode::Panes;
    app.inflight.last_batch += 1;
    let mut batch = Batch {
        number: app.inflight.last_batch,
        verb: plan.verb.clone(),
        done_phrase: plan.done_phrase.clone(),
        total: plan.steps.len(),
        remaining: 0,
        failed: Vec::new(),
        keys: app.ui.key_count,
        form,
    };
    let mut effects = Vec::new();
    // The form is stored on disk before its commands are sent.
    if let Some(form) = &mut batch.form {
        effects.extend(drafts::update::save(form, &app.session.workspace, at));
    }
    let mut inverses = Vec::new();
    for step in plan.possible() {
        let sent = envelopes(app, step, at);
        if !irreversible {
            inverses.push((step, undo::inverse::inverse(app, step, &sent)));
        }
        unread::expect_own_change(app, step.target.id, at);
        if assigns_to_me(app, &step.commands) {
            attention::update::expect_own_change(app, step.target.id);
        }
        for envelope in &sent {
            app.inflight.pending.push(PendingCommand {
                id: envelope.id,
                incident: step.target.id,
                label: step.target.label.clone(),
                verb: envelope.command.kind(),
                batch: batch.number,
                retrying: false,
                enqueued: false,
                lookup_in_flight: false,
            });
        }
        batch.remaining += sent.len();
        let replaced = batch.form.as_mut().and_then(|form| form.replaces.take());
        effects.push(match replaced {
            Some(replaced) => Effect::Replace(replaced.id, sent),
            None => Effect::Submit(sent),
        });
    }
    let message = match &plan.steps[..] {
        [only] => format!("{} {}", only.target.label, plan.done_phrase),
        many => format!("{} of {} {}", plan.possible().count(), many.len(), plan.done_phrase),
    };
    let can_undo = !inverses.is_empty() && inverses.iter().all(|(_, inverse)| inverse.is_some());
    app.inflight.undo = can_undo.then(|| Undo {
        number: app.inflight.last_batch,
        done_phrase: message.clone(),
        steps: inverses
            .into_iter()
            .filter_map(|(step, commands)| {
                let target = step.target.clone();
                let (commands, undoes) = commands?.into_iter().unzip();
                let undo_step = Step { undoes, ..Step::new(target, commands) };
                Some(Inverse { step: undo_step, undoes: step.commands.clone() })
            })
            .collect(),
    });
    if can_undo {
        effects.push(Effect::StartTimer(UNDO_WINDOW, Timer::Undo(app.inflight.last_batch)));
    }
    let key = app.ui.keymap.main_key(Action::Undo).filter(|_| can_undo);
    let message = key.map_or_else(|| message.clone(), |key| format!("{message} · {key} undo"));
    let message = offer_to_close(app, plan, message);
    // The marks have served their purpose.
    if plan.steps.len() > 1 {
        app.ui.marked.clear();
    }
    let nothing_sent = batch.remaining == 0;
    app.inflight.batches.push(batch);
    effects.extend(show_toast(app, message, false));
    if nothing_sent {
        effects.extend(batch_finished(app, app.inflight.last_batch, at));
    }
    effects
}

/// Offers to close an incident that is resolved by a plan, with the key for it.
fn offer_to_close(app: &mut App, plan: &Plan, message: String) -> String {
    app.inflight.close_offer = None;
    let [only] = &plan.steps[..] else { return message };
    let resolves = |command: &IncidentCommand| matches!(command, IncidentCommand::Resolve { .. });
    if !only.commands.iter().any(resolves) {
        return message;
    }
    let (target, keys) = (only.target.clone(), app.ui.key_count);
    app.inflight.close_offer = Some(CloseOffer { target, keys });
    let close = app.ui.keymap.hint_suffix(Action::Command(CommandKind::Close), "closes it");
    format!("{message}{close}")
}

/// Returns whether commands make the viewer responsible: their own changes need no attention.
fn assigns_to_me(app: &App, commands: &[IncidentCommand]) -> bool {
    commands.iter().any(|command| match command {
        IncidentCommand::Declare(_) => true,
        IncidentCommand::Assign { to } => {
            to.as_ref().is_some_and(|to| to.handle == app.session.me.handle)
        }
        _ => false,
    })
}

/// Sends one command in the background: nothing is closed or reported, and the last action can
/// still be undone.
pub(in crate::tui) fn send_in_background(
    app: &mut App,
    target: &Target,
    command: IncidentCommand,
    verb: &str,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if app.session.read_only {
        return show_toast(app, READ_ONLY, true);
    }
    unread::expect_own_change(app, target.id, at);
    app.inflight.last_batch += 1;
    let step = Step::new(target.clone(), vec![command]);
    let sent = envelopes(app, &step, at);
    for envelope in &sent {
        app.inflight.pending.push(PendingCommand {
            id: envelope.id,
            incident: target.id,
            label: target.label.clone(),
            verb: envelope.command.kind(),
            batch: app.inflight.last_batch,
            retrying: false,
            enqueued: false,
            lookup_in_flight: false,
        });
    }
    app.inflight.batches.push(Batch {
        number: app.inflight.last_batch,
        verb: verb.to_owned(),
        done_phrase: "done".into(),
        total: 1,
        remaining: sent.len(),
        failed: Vec::new(),
        keys: app.ui.key_count,
        form: None,
    });
    vec![Effect::Submit(sent)]
}

/// Sends a command that is about no incident, from its form.
pub(in crate::tui) fn submit_record(
    app: &mut App,
    envelope: Envelope,
    mut form: Box<Form>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    app.ui.mode = Mode::Panes;
    app.inflight.last_batch += 1;
    let number = app.inflight.last_batch;
    let kind = envelope.command.kind();
    let label = one_line(&envelope.command.content());
    // The form is stored on disk before its command is sent.
    let mut effects: Vec<Effect> =
        drafts::update::save(&mut form, &app.session.workspace, at).into_iter().collect();
    app.inflight.pending.push(PendingCommand {
        id: envelope.id,
        incident: IncidentId(form.draft_id),
        label: label.clone(),
        verb: kind,
        batch: number,
        retrying: false,
        enqueued: false,
        lookup_in_flight: false,
    });
    app.inflight.batches.push(Batch {
        number,
        verb: envelope.command.phrase().to_owned(),
        done_phrase: "recorded".to_owned(),
        total: 1,
        remaining: 1,
        failed: Vec::new(),
        keys: app.ui.key_count,
        form: Some(form),
    });
    effects.push(Effect::Submit(vec![envelope]));
    effects.extend(show_toast(app, format!("{label}: recorded"), false));
    effects
}

fn envelopes(app: &App, step: &Step, at: DateTime<Utc>) -> Vec<Envelope> {
    // By their ids what belongs to one request is undone together, also by `redphone undo`.
    let first = CommandId::new();
    step.prerequisites
        .iter()
        .cloned()
        .chain(step.incident_commands())
        .enumerate()
        .map(|(index, command)| Envelope {
            id: command_id(first, index),
            at,
            actor: Actor::Person(app.session.me.clone()),
            command,
            expected_seq: None,
        })
        .collect()
}

/// Shows that a command has failed temporarily and is retried.
pub(in crate::tui) fn retrying(
    app: &mut App,
    id: CommandId,
    error: &BackendError,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Some(pending) = app.inflight.pending.iter_mut().find(|p| p.id == id) else {
        return Vec::new();
    };
    let first = !std::mem::replace(&mut pending.retrying, true);
    let what = describe_command(app, id);
    if first {
        report_failure(app, &what, &format!("{error} (it is tried again)"), at)
    } else {
        Vec::new()
    }
}

/// Describes a command, as in "acknowledge INC-2041".
fn describe_command(app: &App, id: CommandId) -> String {
    let Some(pending) = app.inflight.pending.iter().find(|p| p.id == id) else {
        return String::new();
    };
    let verb =
        app.inflight.batches.iter().find(|b| b.number == pending.batch).map(|b| b.verb.as_str());
    phrase(verb.unwrap_or("change"), &pending.label)
}

/// Settles a command by its outcome.
pub(in crate::tui) fn settled(
    app: &mut App,
    id: CommandId,
    result: Result<Box<Outcome>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Some(index) = app.inflight.pending.iter().position(|p| p.id == id) else {
        return Vec::new();
    };
    let pending = app.inflight.pending.remove(index);
    let mut effects = Vec::new();
    match result {
        Ok(outcome) => {
            app.inflight.last_settled_at = Some(at);
            effects.extend(reading::update::ended_changed(app, &outcome.row));
            if pending.verb == crate::model::command::CommandKind::Declare {
                let batch = app.inflight.batches.iter().find(|batch| batch.number == pending.batch);
                let keys = batch.map_or(app.ui.key_count, |batch| batch.keys);
                effects.extend(declared(app, &outcome, keys));
            }
        }
        Err(error) => {
            runbook::steps::tick_refused(app, id);
            run::running::note_refused(app, id);
            if let Some(batch) = app.inflight.batches.iter_mut().find(|b| b.number == pending.batch)
            {
                // Commands after a refused one are not reported a second time.
                if batch.failed.last().is_none_or(|(label, _)| *label != pending.label) {
                    batch.failed.push((pending.label.clone(), error.to_string()));
                }
            }
            attention::update::forget_own_change(app, pending.incident);
            // The commands on the other incidents can still be undone.
            if let Some(undo) =
                app.inflight.undo.as_mut().filter(|undo| undo.number == pending.batch)
            {
                undo.steps.retain(|inverse| inverse.step.target.id != pending.incident);
                if undo.steps.is_empty() {
                    app.inflight.undo = None;
                }
            }
        }
    }
    let all_settled =
        app.inflight.batches.iter_mut().find(|b| b.number == pending.batch).is_some_and(|batch| {
            batch.remaining = batch.remaining.saturating_sub(1);
            batch.remaining == 0
        });
    if all_settled {
        effects.extend(batch_finished(app, pending.batch, at));
    }
    if app.inflight.pending.is_empty() && matches!(app.ui.mode, Mode::Quitting) {
        effects.push(Effect::Quit);
    }
    effects.extend(workspace::switch::switch_when_settled(app));
    effects
}

/// Selects a declared incident that has got its number, unless the person does something else by
/// now: the key count is not `keys` any more.
fn declared(app: &mut App, outcome: &Outcome, keys: u64) -> Vec<Effect> {
    let (Some(id), Some(row)) = (outcome.incident, &outcome.row) else { return Vec::new() };
    if app.ui.key_count == keys && !app.queue.select(id) {
        // The incident is selected when it arrives.
        (app.queue.selected, app.queue.selected_head) = (Some(id), None);
    }
    let levels = app.session.rules.levels;
    let context =
        MatchContext { now: app.backend_now(), me: Some(&app.session.me.handle), levels: &levels };
    let hidden = if app.queue.passes(row, context) { "" } else { " · hidden by the filter" };
    let label = row.label();
    let message = if outcome.events.iter().any(|event| event.seq == 1) {
        format!("declared as {label}{hidden}")
    } else {
        format!("{label} is open with this key: counted there as one more alert{hidden}")
    };
    show_toast(app, message, false)
}

/// Reports the outcome of a batch, all of whose commands have settled.
fn batch_finished(app: &mut App, number: u64, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(index) = app.inflight.batches.iter().position(|b| b.number == number) else {
        return Vec::new();
    };
    let batch = app.inflight.batches.remove(index);
    if batch.failed.is_empty() {
        return batch
            .form
            .map(|form| Effect::Draft(DraftOp::Drop(form.draft_id)))
            .into_iter()
            .collect();
    }
    let mut effects = Vec::new();
    if let Some(refused) = outbox::report::report_batch(app, &batch, at) {
        return refused;
    }
    if batch.total == 1 {
        let (label, why) = batch.failed[0].clone();
        effects.extend(report_failure(app, &phrase(&batch.verb, &label), &why, at));
        if let Some(form) = batch.form {
            effects.extend(drafts::reopen::reopen_refused(app, form, &why, at));
        }
        return effects;
    }
    if let Some(form) = &batch.form {
        effects.extend(drafts::update::save_for_later(app, form, at));
    }
    let failed = batch.failed.len();
    let summary = format!("{failed} of {} not {}", batch.total, batch.done_phrase);
    effects.extend(report_failure(app, &phrase(&batch.verb, "several"), &summary, at));
    append_failures(app, &batch);
    if matches!(app.ui.mode, Mode::Panes) {
        let Batch { done_phrase, total, failed, .. } = batch;
        app.ui.mode = Mode::Results(Results { done_phrase, total, failed, top: 0 });
    }
    effects
}

/// Describes the commands that have not been confirmed, for a last message; empty if all have.
#[must_use]
pub fn unconfirmed(app: &App) -> String {
    let lost = app.inflight.pending.iter().filter(|pending| !pending.enqueued);
    let each: Vec<String> = lost.map(|p| describe_command(app, p.id)).collect();
    each.join(", ")
}
