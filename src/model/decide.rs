//! Decides whether a command is allowed, and which events it leads to.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

use super::check;
use super::command::logic::Case;
use super::command::prioritize::{self, Severity};
use super::command::{
    Command, Declaration, Envelope, IncidentCommand, declare, merge, move_alerts,
};
use super::event::{Event, EventBody};
use super::extra::Extra;
use super::id::{EventId, IncidentId, IncidentNumber};
use super::incident::Incident;
use super::link::Link;
use super::rejection::Rejection;
use super::rules::Rules;
use super::service_level::ServiceLevels;
use super::status::Status;

/// The inputs of a decision besides the incident and the command.
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

/// Returns the events that a command produces, in order; there is at least one.
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
    let Command::Incident { incident: id, command, undoes, because } = &envelope.command else {
        return Err(Rejection::NotAboutAnIncident);
    };
    because.as_deref().map_or(Ok(()), |because| check::required_text("reason", because))?;
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
            let because = because.as_deref();
            let is_undo = undoes.is_some();
            let case = Case { incident, envelope, rules, requested_at, because, is_undo };
            command.with_logic(|logic| logic.decide(&case))?
        }
    };
    let mut events = stamp(bodies, *id, incident, envelope, context.now);
    for event in &mut events {
        event.because.clone_from(because);
    }
    judge(&mut events, incident, &context.rules.levels);
    Ok(events)
}

/// Returns the events of a declaration whose alert an open incident has already reported: the alert
/// is counted in that incident, and raises its priority if it is worse.
///
/// # Errors
/// [`Rejection`] when the incident has ended.
pub fn group(
    incident: &Incident,
    declaration: &Declaration,
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    check::time("at", envelope.at)?;
    check::name("actor", envelope.actor.name())?;
    let EventBody::Declared { priority, declaration, .. } =
        declare::decide(declaration, envelope.at, context)?
    else {
        return Err(Rejection::NotAboutAnIncident);
    };
    require_open(incident)?;
    let detected_at = declaration.detected_at;
    let detected_at = (detected_at < incident.summary.detected_at).then_some(detected_at);
    let text = declaration.title.clone();
    let count = declaration.alerts.filter(|count| *count != 1);
    let mut bodies = vec![EventBody::AlertRepeated { text, detected_at, count }];
    let severity = Severity {
        impact: declaration.impact,
        urgency: declaration.urgency,
        priority,
        override_reason: None,
    };
    bodies.extend(prioritize::raise(incident, &severity, context.rules));
    let raised = bodies.len() > 1;
    let id = incident.summary.id;
    let mut events = stamp(bodies, id, Some(incident), envelope, context.now);
    if let Some(event) = events.last_mut().filter(|_| raised) {
        event.because = Some(format!("an alert of {priority} was grouped into it"));
    }
    Ok(events)
}

/// Adds the verdicts on the clocks of service levels that the events end.
fn judge(events: &mut [Event], incident: Option<&Incident>, levels: &ServiceLevels) {
    let Some(incident) = incident else { return };
    if !events.iter().any(|event| event.body.reaches_stage()) {
        return;
    }
    let mut record = incident.clone();
    for event in events {
        let before = (record.summary.acknowledged_at, record.summary.resolved_at);
        record.apply(event);
        let row = &record.summary;
        let acknowledge = row.acknowledge_verdict.filter(|_| before.0.is_none());
        let resolve = row.resolve_verdict.filter(|_| before.1.is_none());
        event.verdicts =
            acknowledge.into_iter().chain(resolve).map(|v| v.judged_by(levels)).collect();
    }
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
    let row = &ended.summary;
    let named = (row.id, row.number, row.title.as_str());
    absorb_incident(target, named, Some(ended), envelope, context)
}

/// Returns the same events as [`absorb`] for an ended incident of which only id, number and title
/// are known, as far as they follow from these.
///
/// # Errors
/// [`Rejection`] when the target has ended itself.
pub fn absorb_named(
    target: &Incident,
    named: (IncidentId, Option<IncidentNumber>, &str),
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    absorb_incident(target, named, None, envelope, context)
}

fn absorb_incident(
    target: &Incident,
    named: (IncidentId, Option<IncidentNumber>, &str),
    ended: Option<&Incident>,
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    if let (Command::Incident { command, .. }, status) = (&envelope.command, target.summary.status)
        && let Some(refusal) = command.refuse_unknown(status)
    {
        return Err(refusal);
    }
    let detected_at = ended.map(|ended| ended.summary.detected_at);
    let mut bodies = vec![merge::absorb(target, named, detected_at)?];
    let severity = ended.map(|ended| Severity {
        impact: ended.summary.impact,
        urgency: ended.summary.urgency,
        priority: ended.summary.priority,
        override_reason: ended.override_reason.as_deref(),
    });
    bodies
        .extend(severity.and_then(|severity| prioritize::raise(target, &severity, context.rules)));
    let raised = bodies.len() > 1;
    let mut events = stamp(bodies, target.summary.id, Some(target), envelope, context.now);
    set_other_ids(&mut events, envelope);
    if let Some((event, ended)) = events.last_mut().zip(ended).filter(|_| raised) {
        let (label, priority) = (ended.summary.label(), ended.summary.priority);
        event.because = Some(format!("{label}, which was {priority}, was merged into it"));
    }
    Ok(events)
}

/// Returns the events of the open incident to which alerts of another one are moved. It is raised to
/// the severity of the alerts, as their `declaration` has it.
///
/// # Errors
/// [`Rejection`] when the target has ended itself.
pub fn receive_alerts(
    target: &Incident,
    from: &Incident,
    (count, declaration): (u32, &Declaration),
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    let row = &from.summary;
    let mut bodies = vec![move_alerts::receive(target, (row.id, row.number), count)?];
    let (impact, urgency) = (declaration.impact, declaration.urgency);
    let priority = context.rules.matrix.priority(impact, urgency);
    let severity = Severity { impact, urgency, priority, override_reason: None };
    bodies.extend(prioritize::raise(target, &severity, context.rules));
    let is_raised = bodies.len() > 1;
    let mut events = stamp(bodies, target.summary.id, Some(target), envelope, context.now);
    set_other_ids(&mut events, envelope);
    if let Some(event) = events.last_mut().filter(|_| is_raised) {
        event.because = Some(format!("an alert of {priority} was moved to it"));
    }
    Ok(events)
}

/// Returns the events of an incident that is declared for alerts of another one. Its number is set by
/// the store.
///
/// # Errors
/// [`Rejection`] when the declaration is not allowed.
pub fn declare_for_alerts(
    id: IncidentId,
    from: &Incident,
    (count, declaration): (u32, &Declaration),
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    let row = &from.summary;
    let bodies = vec![
        declare::decide(declaration, envelope.at, context)?,
        EventBody::AlertsMovedIn { from: row.id, number: row.number, count, declared: true },
    ];
    let mut events = stamp(bodies, id, None, envelope, context.now);
    set_other_ids(&mut events, envelope);
    Ok(events)
}

/// Returns the event of the incident that another one is folded under: it adds or removes the link
/// to that one. `None` if there is nothing to change.
#[must_use]
pub fn link_folded(
    target: &Incident,
    from: &Incident,
    is_folded: bool,
    envelope: &Envelope,
    context: Context<'_>,
) -> Vec<Event> {
    let row = &from.summary;
    let leads_to = |link: &&Link| matches!(link, Link::Incident { id, .. } if *id == row.id);
    let body = match (target.links.iter().find(leads_to), is_folded) {
        (None, true) => {
            EventBody::Linked { link: Link::Incident { id: row.id, number: row.number } }
        }
        (Some(link), false) => EventBody::Unlinked { link: link.clone() },
        (Some(_), true) | (None, false) => return Vec::new(),
    };
    let mut events = stamp(vec![body], target.summary.id, Some(target), envelope, context.now);
    set_other_ids(&mut events, envelope);
    if let Some(event) = events.last_mut() {
        let number = row.label();
        event.because = Some(if is_folded {
            format!("{number} follows from it, and is folded under it")
        } else {
            format!("{number} is folded under it no more")
        });
    }
    events
}

/// Sets the ids of the events that a command adds to the timeline of another incident. The events of
/// its own incident use the first ids derived from the command.
fn set_other_ids(events: &mut [Event], envelope: &Envelope) {
    for (index, event) in events.iter_mut().enumerate() {
        event.id = EventId::derived(envelope.id, 100 + index);
    }
}

/// Creates events from bodies: adds ids, positions and times.
///
/// An event happened when the person requested it, but not after the deciding clock, and not before
/// what it builds on: see [`Incident::earliest_time`]. Events that other people added meanwhile do
/// not shift that time: a command that was given offline arrives after them and still happened
/// before them.
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
            because: None,
            verdicts: Vec::new(),
            undo: None,
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

/// Rejects a correction of an incident that has ended, unless it is resolved or closed, can still
/// be reopened, and a reason is given. A correction of an open incident needs no reason.
pub(super) fn require_correctable(case: &Case<'_>, reason: Option<&str>) -> Result<(), Rejection> {
    let incident = case.incident;
    let status = incident.summary.status;
    match status {
        Status::Resolved | Status::Closed => {}
        Status::Merged | Status::Reclassified => return Err(already_ended(incident)),
        _ => return Ok(()),
    }
    if let Some((closed_at, days)) = past_reopening(case) {
        return Err(Rejection::CorrectedTooLate { status, closed_at, days });
    }
    if case.is_undo || reason.or(case.because).is_some_and(|reason| !reason.trim().is_empty()) {
        return Ok(());
    }
    Err(Rejection::CorrectionNeedsReason { status })
}

/// Returns when the incident was closed and for how many days it could be reopened, if that time
/// has passed.
pub(super) fn past_reopening(case: &Case<'_>) -> Option<(DateTime<Utc>, i64)> {
    let incident = case.incident;
    let days = case.rules.reopen_days;
    let closed_at = incident.summary.closed_at.unwrap_or(incident.status_at);
    let is_past = incident.summary.status == Status::Closed
        && case.requested_at - closed_at > TimeDelta::days(days);
    is_past.then_some((closed_at, days))
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
