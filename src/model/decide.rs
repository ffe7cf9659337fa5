//! Decides whether a command is allowed, and which events it leads to.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::check;
use super::command::logic::Case;
use super::command::{Command, Envelope, IncidentCommand, declare, merge};
use super::event::{Event, EventBody};
use super::extra::Extra;
use super::id::{EventId, IncidentId, IncidentNumber};
use super::incident::Incident;
use super::rejection::Rejection;
use super::rules::Rules;
use super::status::Status;

/// What a decision depends on besides the incident and the command.
///
/// Rules about time use the time of the request, or `now` if that is earlier. A command that was
/// requested while the backend could not be reached is decided much later, and was in time.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The deciding machine's clock.
    pub now: DateTime<Utc>,
    /// The rules in force.
    pub rules: &'a Rules,
}

/// Returns the events that a command leads to, in order; there is at least one.
///
/// For a declaration `incident` is `None`. The store sets the number of a declared incident, and
/// the number of the other incident in a merge. A merge gives the events of the incident that ends;
/// [`absorb`] gives those of the other.
///
/// # Errors
/// [`Rejection`] when the rules refuse the command.
pub fn decide(
    incident: Option<&Incident>,
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    let Command::Incident { incident: id, command } = &envelope.command else {
        return Err(Rejection::NotAboutAnIncident);
    };
    check::time("at", envelope.at)?;
    check::name("actor", envelope.actor.name())?;
    let current = incident.map_or(0, |incident| incident.summary.seq);
    if let Some(expected) = envelope.expected_seq.filter(|expected| *expected != current) {
        return Err(Rejection::ChangedMeanwhile { expected, current });
    }
    let bodies = match (incident, command) {
        (None, IncidentCommand::Declare(declaration)) => {
            vec![declare::decide(declaration, envelope.at, context)?]
        }
        (None, _) => return Err(Rejection::NoSuchIncident),
        (Some(incident), command) => {
            if let Some(refusal) = command.refuse_unknown(incident.summary.status) {
                return Err(refusal);
            }
            let Context { now, rules } = context;
            let requested_at = envelope.at.min(now);
            let case = Case { incident, envelope, rules, requested_at };
            command.with_logic(|logic| logic.decide(&case))?
        }
    };
    Ok(stamp(bodies, *id, incident, envelope, context.now))
}

/// Returns the events that a merge adds to the incident in which the other one continues.
///
/// # Errors
/// [`Rejection`] when the target has ended itself.
pub fn absorb(
    target: &Incident,
    ended: &Incident,
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    let ended = &ended.summary;
    absorb_named(target, (ended.id, ended.number, &ended.title), envelope, context)
}

/// Returns the same events as [`absorb`] for an ended incident of which only id, number and title
/// are known.
///
/// # Errors
/// [`Rejection`] when the target has ended itself.
pub fn absorb_named(
    target: &Incident,
    (id, number, title): (IncidentId, Option<IncidentNumber>, &str),
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    if let (Command::Incident { command, .. }, status) = (&envelope.command, target.summary.status)
        && let Some(refusal) = command.refuse_unknown(status)
    {
        return Err(refusal);
    }
    let body = merge::absorb(target, id, number, title)?;
    let mut events = stamp(vec![body], target.summary.id, Some(target), envelope, context.now);
    for event in &mut events {
        // The events of the incident that ends use the first ids derived from this command.
        event.id = EventId::derived(envelope.id, 100);
    }
    Ok(events)
}

/// Makes events from bodies: adds ids, positions and times.
///
/// An event happened when the person requested it, but not after the deciding clock, and not before
/// what it builds on: see [`Incident::earliest_time`]. Events that other people added meanwhile do
/// not shift that time. What was done offline arrives after them and still happened before them.
fn stamp(
    bodies: Vec<EventBody>,
    id: IncidentId,
    incident: Option<&Incident>,
    envelope: &Envelope,
    now: DateTime<Utc>,
) -> Vec<Event> {
    let requested_at = envelope.at.min(now);
    let at = |body: &EventBody| {
        incident.map_or(requested_at, |incident| happened_at(body, requested_at, incident, now))
    };
    let last = incident.map_or(0, |b| b.summary.seq);
    bodies
        .into_iter()
        .enumerate()
        .zip(last + 1..)
        .map(|((index, body), seq)| Event {
            id: EventId::derived(envelope.id, index),
            incident: id,
            seq,
            at: at(&body).trunc_subsecs(3),
            recorded_at: now.trunc_subsecs(3),
            actor: envelope.actor.clone(),
            command: envelope.id,
            body,
            extra: Extra::default(),
        })
        .collect()
}

/// Returns the time at which an event happened that was requested at `asked_at`.
fn happened_at(
    body: &EventBody,
    requested_at: DateTime<Utc>,
    incident: &Incident,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let earliest = incident.earliest_time(body);
    if !body.reaches_stage() || requested_at > earliest {
        return requested_at.max(earliest);
    }
    // All stages that one move reaches share its time. Two moves must therefore have different
    // times, as far as the clock allows.
    let next = earliest + TimeDelta::milliseconds(1);
    if next <= now { next } else { earliest }
}

/// Rejects a command that needs an open incident when the incident has ended.
pub(super) fn require_open(incident: &Incident) -> Result<(), Rejection> {
    if incident.summary.status.is_open() { Ok(()) } else { Err(already_ended(incident)) }
}

/// Rejects a command because the incident has ended.
pub(super) fn already_ended(incident: &Incident) -> Rejection {
    let status = incident.summary.status;
    let merged_into = incident.merged_into.filter(|_| status == Status::Merged);
    Rejection::AlreadyEnded {
        status,
        merged_into: merged_into.and_then(|(_, number)| number),
        by: incident.status_by.clone(),
        at: incident.status_at,
    }
}

/// Rejects a command about the review of an incident that gets none.
pub(super) fn require_reviewable(incident: &Incident) -> Result<(), Rejection> {
    match incident.summary.status {
        status @ (Status::Merged | Status::Reclassified) => {
            Err(Rejection::NothingToReview { status })
        }
        _ => Ok(()),
    }
}
