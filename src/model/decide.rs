//! Decides whether a command is allowed, and which events it leads to.

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::Actor;
use super::check::{self, BadField};
use super::checklist::{Answer, open_closing_items};
use super::command::{Command, Declaration, Envelope, IncidentCommand};
use super::event::{Event, EventBody};
use super::id::{EventId, IncidentId};
use super::incident::Incident;
use super::rules::Rules;
use super::service_level::update_due;
use super::status::Status;
use super::text::sanitize;
use super::time::{format_ago, truncate_to_second};

/// How far a report may lie ahead of the deciding clock: clocks differ a little.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

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

/// Why the rules refuse a command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// The kind of refusal.
    pub kind: RejectionKind,
    /// The reason as a sentence for people, without a full stop.
    pub message: String,
}

/// Kinds of refusal. None is cured by trying the same again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectionKind {
    /// Somebody was first; there is nothing to do any more.
    Conflict,
    /// The command itself is wrong.
    Invalid,
    /// It does not fit the state the incident is in.
    NotNow,
    /// There is no such incident.
    NotFound,
}

impl Rejection {
    /// Creates a rejection from its kind and its sentence.
    pub fn new(kind: RejectionKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl From<BadField> for Rejection {
    fn from(bad: BadField) -> Self {
        Self::new(RejectionKind::Invalid, bad.to_string())
    }
}

fn conflict(message: String) -> Rejection {
    Rejection::new(RejectionKind::Conflict, message)
}

fn not_now(message: impl Into<String>) -> Rejection {
    Rejection::new(RejectionKind::NotNow, message)
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
        return Err(Rejection::new(RejectionKind::Invalid, "not a command about an incident"));
    };
    check::time("at", envelope.at)?;
    check::name("actor", envelope.actor.name())?;
    let bodies = match (incident, command) {
        (None, IncidentCommand::Declare(declaration)) => vec![declare(declaration, context)?],
        (Some(incident), IncidentCommand::Declare(_)) => {
            return Err(conflict(format!("already declared as {}", incident.summary.label())));
        }
        (None, _) => {
            return Err(Rejection::new(RejectionKind::NotFound, "there is no such incident"));
        }
        (Some(incident), command) => decide_bodies(incident, command, envelope, context)?,
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
    if !target.summary.status.is_open() {
        return Err(not_now(format!(
            "{} is {}: choose an open incident to merge into",
            target.summary.label(),
            target.summary.status
        )));
    }
    let body = EventBody::Absorbed {
        from: ended.summary.id,
        number: ended.summary.number,
        title: ended.summary.title.clone(),
    };
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
    let reaches_stage = matches!(
        body,
        EventBody::Acknowledged
            | EventBody::StatusMoved { .. }
            | EventBody::Resolved { .. }
            | EventBody::Closed
    );
    if !reaches_stage || requested_at > earliest {
        return requested_at.max(earliest);
    }
    // All stages that one move reaches share its time. Two moves must therefore have different
    // times, as far as the clock allows.
    let next = earliest + TimeDelta::milliseconds(1);
    if next <= now { next } else { earliest }
}

fn declare(declaration: &Declaration, context: Context<'_>) -> Result<EventBody, Rejection> {
    let declared = Declaration {
        title: declaration.title.trim().to_owned(),
        detected_at: truncate_to_second(declaration.detected_at),
        reported_at: truncate_to_second(declaration.reported_at),
        ..declaration.clone()
    };
    check::declaration(&declared)?;
    if declared.reported_at > context.now + MAX_CLOCK_SKEW {
        return Err(Rejection::new(
            RejectionKind::Invalid,
            format!(
                "reported_at: {} lies in the future",
                declared.reported_at.format("%Y-%m-%d %H:%M:%S UTC")
            ),
        ));
    }
    let priority = context.rules.matrix.priority(declared.impact, declared.urgency);
    Ok(EventBody::Declared { number: None, priority, declaration: Box::new(declared) })
}

#[allow(clippy::too_many_lines, reason = "one arm for each thing that can be asked")]
fn decide_bodies(
    incident: &Incident,
    command: &IncidentCommand,
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Vec<EventBody>, Rejection> {
    let now = context.now;
    let requested_at = envelope.at.min(now);
    let summary = &incident.summary;
    let single = |body| Ok(vec![body]);
    match command {
        // Notes, links and the review may be written at any time; the rest needs an open incident.
        IncidentCommand::Declare(_) => {
            Err(conflict(format!("already declared as {}", summary.label())))
        }
        IncidentCommand::AddNote { text } => {
            check::required_text("note", text)?;
            single(EventBody::NoteAdded { text: text.clone() })
        }
        IncidentCommand::CorrectNote { note, text } => {
            check::required_text("note", text)?;
            single(EventBody::NoteCorrected { note: *note, text: text.clone() })
        }
        IncidentCommand::Link { link } => {
            check::link(link)?;
            if incident.links.contains(link) {
                return Err(conflict(format!("already linked to {}", sanitize(&link.to_string()))));
            }
            single(EventBody::Linked { link: link.clone() })
        }
        IncidentCommand::Unlink { link } => {
            if !incident.links.contains(link) {
                return Err(conflict(format!("not linked to {}", sanitize(&link.to_string()))));
            }
            single(EventBody::Unlinked { link: link.clone() })
        }
        IncidentCommand::WriteReview { section, text } => {
            require_reviewable(incident)?;
            check::text("text", text)?;
            single(EventBody::ReviewWritten { section: *section, text: text.clone() })
        }
        IncidentCommand::SetActionItem { item } => {
            require_reviewable(incident)?;
            check::required_text("action item", &item.text)?;
            item.owner.as_ref().map_or(Ok(()), |owner| check::person("owner", owner))?;
            single(EventBody::ActionItemSet { item: item.clone() })
        }
        IncidentCommand::PublishReview => publish_review(incident, now),
        IncidentCommand::AnswerItem { item, answer } => {
            if let Answer::Waived(reason) = answer {
                check::required_text("reason", reason)?;
            }
            if matches!(summary.status, Status::Closed | Status::Merged | Status::Reclassified) {
                return Err(already_ended(incident, now));
            }
            single(EventBody::ItemAnswered { item: *item, answer: answer.clone() })
        }
        IncidentCommand::Reopen { reason } => reopen(incident, reason, requested_at, context),
        IncidentCommand::Close => close(incident, now),
        IncidentCommand::Describe { title, symptoms, labels, runbook } => {
            check::description(
                title.as_deref(),
                symptoms.as_deref(),
                labels.as_deref(),
                runbook.as_deref(),
            )?;
            if title.is_none() && symptoms.is_none() && labels.is_none() && runbook.is_none() {
                return Err(Rejection::new(RejectionKind::Invalid, "nothing to change was given"));
            }
            single(EventBody::Described {
                title: title.as_ref().map(|t| t.trim().to_owned()),
                symptoms: symptoms.clone(),
                labels: labels.clone(),
                runbook: runbook.clone(),
            })
        }
        IncidentCommand::Categorize { category } => {
            if summary.category == *category {
                return Err(conflict(category.map_or_else(
                    || "it has no category".to_owned(),
                    |category| format!("already {category}"),
                )));
            }
            single(EventBody::Categorized { category: *category })
        }
        IncidentCommand::SetServices { services } => {
            check::names("services", services)?;
            if summary.services == *services {
                return Err(conflict("these are its services already".into()));
            }
            single(EventBody::ServicesSet { services: services.clone() })
        }
        IncidentCommand::UpdateStakeholders { message, next_due } => {
            check::required_text("message", message)?;
            next_due.map_or(Ok(()), |at| check::time("next_due", at))?;
            let next_due = next_due.or_else(|| {
                summary.status.is_open().then(|| {
                    update_due(summary.priority, requested_at, None, &context.rules.levels)
                })?
            });
            single(EventBody::StakeholdersUpdated { message: message.clone(), next_due })
        }
        IncidentCommand::Reclassify { to, reason } => {
            check::required_text("reason", reason)?;
            require_open(incident, now)?;
            single(EventBody::Reclassified { to: *to, reason: reason.clone() })
        }
        IncidentCommand::RepeatAlert { text } => {
            check::text("text", text)?;
            require_open(incident, now)?;
            single(EventBody::AlertRepeated { text: text.clone() })
        }
        IncidentCommand::Acknowledge => {
            require_open(incident, now)?;
            match (summary.acknowledged_at, &incident.acknowledged_by) {
                (Some(at), Some(by)) => Err(conflict(format!(
                    "already acknowledged by {} {}",
                    sanitize(by.name()),
                    format_ago(at, now)
                ))),
                _ => single(EventBody::Acknowledged),
            }
        }
        IncidentCommand::MoveStatus { to } => move_status(incident, *to, now),
        IncidentCommand::UndoMove => undo_move(incident, &envelope.actor, requested_at, context),
        IncidentCommand::Assign { to } => {
            require_open(incident, now)?;
            if summary.assignee.as_ref().map(|p| &p.handle) == to.as_ref().map(|p| &p.handle) {
                let owner = summary.assignee.as_ref();
                return Err(conflict(owner.map_or_else(
                    || "already unowned".into(),
                    |p| format!("already owned by {}", sanitize(&p.name)),
                )));
            }
            if let Some(person) = to {
                check::person("assignee", person)?;
            }
            single(EventBody::Assigned { to: to.clone() })
        }
        IncidentCommand::SetTeam { team } => {
            require_open(incident, now)?;
            if let Some(team) = team {
                check::name("team", team)?;
            }
            if summary.team == *team {
                return Err(conflict("that is its team already".into()));
            }
            single(EventBody::TeamSet { team: team.clone() })
        }
        IncidentCommand::GiveRole { role, person, given } => {
            require_open(incident, now)?;
            check::person("person", person)?;
            let has = incident.roles.iter().any(|(r, p)| r == role && p.handle == person.handle);
            if has == *given {
                let word = if has { "already" } else { "not" };
                return Err(conflict(format!("{} is {word} {role}", sanitize(&person.name))));
            }
            single(EventBody::RoleGiven { role: *role, person: person.clone(), given: *given })
        }
        IncidentCommand::Escalate { level, to, reason } => {
            require_open(incident, now)?;
            check::people("to", to)?;
            reason.as_deref().map_or(Ok(()), |reason| check::text("reason", reason))?;
            if reason.is_none() && summary.acknowledged_at.is_some() {
                return Err(not_now("somebody has acknowledged it meanwhile"));
            }
            if reason.is_none() && *level <= summary.escalation {
                return Err(conflict(format!("level {level} was called already")));
            }
            single(EventBody::Escalated { level: *level, to: to.clone(), reason: reason.clone() })
        }
        IncidentCommand::Prioritize { impact, urgency } => {
            require_open(incident, now)?;
            let priority = context.rules.matrix.priority(*impact, *urgency);
            if (summary.impact, summary.urgency, summary.priority) == (*impact, *urgency, priority)
            {
                return Err(conflict(format!("already {priority}, {impact} × {urgency}")));
            }
            single(EventBody::Prioritized {
                impact: *impact,
                urgency: *urgency,
                priority,
                override_reason: None,
            })
        }
        IncidentCommand::OverridePriority { priority, reason } => {
            require_open(incident, now)?;
            check::required_text("reason", reason)?;
            if summary.priority == *priority {
                return Err(conflict(format!("already {priority}")));
            }
            single(EventBody::Prioritized {
                impact: summary.impact,
                urgency: summary.urgency,
                priority: *priority,
                override_reason: Some(reason.clone()),
            })
        }
        IncidentCommand::Resolve { action, detail, validation } => {
            require_open(incident, now)?;
            check::required_text("what was done", detail)?;
            check::required_text("how recovery was validated", validation)?;
            single(EventBody::Resolved {
                action: *action,
                detail: detail.clone(),
                validation: validation.clone(),
            })
        }
        IncidentCommand::Snooze { until } => {
            require_open(incident, now)?;
            check::time("until", *until)?;
            if *until <= requested_at {
                return Err(Rejection::new(
                    RejectionKind::Invalid,
                    "until: that time has passed: choose a later one",
                ));
            }
            single(EventBody::Snoozed { until: *until })
        }
        IncidentCommand::Wake => {
            require_open(incident, now)?;
            if summary.is_snoozed(requested_at) {
                single(EventBody::Woken)
            } else {
                Err(conflict("it is not snoozed".into()))
            }
        }
        IncidentCommand::Pause { reason } => {
            require_open(incident, now)?;
            check::required_text("reason", reason)?;
            if let Some(what) = &incident.paused_for {
                return Err(conflict(format!("already paused: {}", sanitize(what))));
            }
            single(EventBody::Paused { reason: reason.clone() })
        }
        IncidentCommand::Unpause => {
            require_open(incident, now)?;
            if summary.paused {
                single(EventBody::Unpaused)
            } else {
                Err(conflict("it is not paused".into()))
            }
        }
        IncidentCommand::Merge { into } => {
            require_open(incident, now)?;
            if *into == summary.id {
                return Err(Rejection::new(
                    RejectionKind::Invalid,
                    "an incident can't be merged into itself",
                ));
            }
            single(EventBody::MergedInto { into: *into, number: None })
        }
    }
}

/// Rejects a command that needs an open incident when the incident has ended.
fn require_open(incident: &Incident, now: DateTime<Utc>) -> Result<(), Rejection> {
    if incident.summary.status.is_open() { Ok(()) } else { Err(already_ended(incident, now)) }
}

fn already_ended(incident: &Incident, now: DateTime<Utc>) -> Rejection {
    let outcome = match (incident.summary.status, &incident.merged_into) {
        (Status::Merged, Some((_, Some(number)))) => format!("merged into {number}"),
        (status, _) => status.to_string(),
    };
    conflict(format!(
        "already {outcome} by {} {}",
        sanitize(incident.status_by.name()),
        format_ago(incident.status_at, now)
    ))
}

fn move_status(
    incident: &Incident,
    to: Status,
    now: DateTime<Utc>,
) -> Result<Vec<EventBody>, Rejection> {
    check::stage(to)?;
    require_open(incident, now)?;
    let current = incident.summary.status;
    if to == current {
        return Err(conflict(format!(
            "already {to} by {} {}",
            sanitize(incident.status_by.name()),
            format_ago(incident.status_at, now)
        )));
    }
    if to < current {
        return Err(not_now(format!("it is {current}: stages only move forward")));
    }
    if to == Status::Acknowledged {
        return Ok(vec![EventBody::Acknowledged]);
    }
    Ok(vec![EventBody::StatusMoved { to }])
}

/// Undoes the last move along the lifecycle.
///
/// Only the person who made the move may undo it, shortly afterwards, and only while nobody else
/// has moved the incident since.
fn undo_move(
    incident: &Incident,
    actor: &Actor,
    requested_at: DateTime<Utc>,
    context: Context<'_>,
) -> Result<Vec<EventBody>, Rejection> {
    let summary = &incident.summary;
    let Some(to) = incident.stage_before_move() else {
        return Err(not_now(format!("it is {}: there is no move to take back", summary.status)));
    };
    let (mover, moved_ago) =
        (sanitize(incident.status_by.name()), format_ago(incident.status_at, context.now));
    if incident.status_by != *actor {
        return Err(conflict(format!("{mover} has made it {} {moved_ago}", summary.status)));
    }
    let seconds = context.rules.undo_move_s;
    if requested_at - incident.status_at > TimeDelta::seconds(seconds) {
        return Err(not_now(format!(
            "made {} {moved_ago}: a move can be taken back for {seconds} s",
            summary.status
        )));
    }
    Ok(vec![EventBody::MoveUndone { to }])
}

fn reopen(
    incident: &Incident,
    reason: &str,
    requested_at: DateTime<Utc>,
    context: Context<'_>,
) -> Result<Vec<EventBody>, Rejection> {
    check::required_text("reason", reason)?;
    match incident.summary.status {
        Status::Resolved => {}
        Status::Closed => {
            let days = context.rules.reopen_days;
            let closed = incident.summary.closed_at.unwrap_or(incident.status_at);
            if requested_at - closed > TimeDelta::days(days) {
                return Err(not_now(format!(
                    "closed {}: it can be reopened for {days} days, declare a new one",
                    format_ago(closed, context.now)
                )));
            }
        }
        Status::Merged | Status::Reclassified => return Err(already_ended(incident, context.now)),
        status => return Err(conflict(format!("it is {status}: it needs no reopening"))),
    }
    Ok(vec![EventBody::Reopened { reason: reason.to_owned() }])
}

fn close(incident: &Incident, now: DateTime<Utc>) -> Result<Vec<EventBody>, Rejection> {
    match incident.summary.status {
        Status::Resolved => {}
        status if status.is_open() => return Err(not_now("resolve it before closing it")),
        _ => return Err(already_ended(incident, now)),
    }
    let missing = open_closing_items(&incident.answered);
    if missing.is_empty() {
        return Ok(vec![EventBody::Closed]);
    }
    let names: Vec<&str> = missing.iter().map(|item| item.as_str()).collect();
    Err(not_now(format!("the closing gate is not answered: {}", names.join(", "))))
}

fn require_reviewable(incident: &Incident) -> Result<(), Rejection> {
    match incident.summary.status {
        Status::Merged | Status::Reclassified => {
            Err(not_now(format!("it is {}: there is nothing to review", incident.summary.status)))
        }
        _ => Ok(()),
    }
}

fn publish_review(incident: &Incident, now: DateTime<Utc>) -> Result<Vec<EventBody>, Rejection> {
    require_reviewable(incident)?;
    if let Some(at) = incident.review.published_at {
        return Err(conflict(format!("the review was published {}", format_ago(at, now))));
    }
    if incident.summary.status.is_open() {
        return Err(not_now("resolve it before publishing its review"));
    }
    let missing = incident.review.missing();
    if missing.is_empty() {
        return Ok(vec![EventBody::ReviewPublished]);
    }
    let names: Vec<&str> = missing.iter().map(|section| section.as_str()).collect();
    Err(not_now(format!("the review lacks: {}", names.join(", "))))
}
