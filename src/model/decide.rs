//! Whether a command may happen, and what happens then.

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

/// A report may lie this far ahead of the deciding clock, for clocks that differ a little.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::minutes(5);

/// What deciding depends on besides the incident and the command.
///
/// Rules about time go by when somebody asked, as far as that is not later than `now`: what was
/// asked while the backend could not be reached is decided much later, and was in time.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The deciding machine's clock.
    pub now: DateTime<Utc>,
    /// The rules in force.
    pub rules: &'a Rules,
}

/// Why a command can't happen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// What kind of refusal it is.
    pub kind: RejectionKind,
    /// In a person's words, without a full stop.
    pub message: String,
}

/// Kinds of refusal. None is cured by trying the same again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectionKind {
    /// Somebody was first; nothing is left to do.
    Conflict,
    /// The command itself is wrong.
    Invalid,
    /// It does not fit the state the incident is in.
    NotNow,
    /// There is no such incident.
    NotFound,
}

impl Rejection {
    /// A refusal of a kind, with its sentence.
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

/// What happens if this is asked: the events in order, never none.
///
/// For a declaration `incident` is `None`; its number is left for the store to give, and so is the
/// number of the other incident in a merge. A merge gives the events of the incident that ends;
/// [`absorb`] gives those of the other.
///
/// # Errors
/// [`Rejection`], in a person's words.
pub fn decide(
    incident: Option<&Incident>,
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Vec<Event>, Rejection> {
    let Command::Incident { incident: id, command: ask } = &envelope.command else {
        return Err(Rejection::new(RejectionKind::Invalid, "not a command about an incident"));
    };
    check::time("at", envelope.at)?;
    check::name("actor", envelope.actor.name())?;
    let bodies = match (incident, ask) {
        (None, IncidentCommand::Declare(declaration)) => vec![declare(declaration, context)?],
        (Some(there), IncidentCommand::Declare(_)) => {
            return Err(conflict(format!("already declared as {}", there.summary.label())));
        }
        (None, _) => {
            return Err(Rejection::new(RejectionKind::NotFound, "there is no such incident"));
        }
        (Some(incident), ask) => decide_bodies(incident, ask, envelope, context)?,
    };
    Ok(stamp(bodies, *id, incident, envelope, context.now))
}

/// What a merge adds to the incident in which the other continues.
///
/// # Errors
/// [`Rejection`] when it is over itself.
pub fn absorb(
    target: &Incident,
    from: &Incident,
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
        from: from.summary.id,
        number: from.summary.number,
        title: from.summary.title.clone(),
    };
    let mut events = stamp(vec![body], target.summary.id, Some(target), envelope, context.now);
    for event in &mut events {
        // The events of the incident that ends have the first ids of this command.
        event.id = EventId::derived(envelope.id, 100);
    }
    Ok(events)
}

/// Gives bodies their ids, positions and times.
///
/// They happened when the person asked, but not after the deciding clock, and not before what they
/// build on: see [`Incident::earliest`]. What others did meanwhile moves no time: what was done
/// offline arrives after it, and happened before it all the same.
fn stamp(
    bodies: Vec<EventBody>,
    id: IncidentId,
    before: Option<&Incident>,
    envelope: &Envelope,
    now: DateTime<Utc>,
) -> Vec<Event> {
    let asked_at = envelope.at.min(now);
    let at = |body: &EventBody| {
        before.map_or(asked_at, |before| happened_at(body, asked_at, before, now))
    };
    let last = before.map_or(0, |b| b.summary.seq);
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

/// When something happened that was asked at a time.
fn happened_at(
    body: &EventBody,
    asked_at: DateTime<Utc>,
    before: &Incident,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let earliest = before.earliest_time(body);
    let reaches = matches!(
        body,
        EventBody::Acknowledged
            | EventBody::StatusMoved { .. }
            | EventBody::Resolved { .. }
            | EventBody::Closed
    );
    if !reaches || asked_at > earliest {
        return asked_at.max(earliest);
    }
    // Stages that one move reaches have its time: two moves have two, as far as the clock allows.
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
    ask: &IncidentCommand,
    envelope: &Envelope,
    context: Context<'_>,
) -> Result<Vec<EventBody>, Rejection> {
    let now = context.now;
    let asked_at = envelope.at.min(now);
    let summary = &incident.summary;
    let one = |body| Ok(vec![body]);
    match ask {
        // Notes, links and the review may be written at any time; the rest needs it open.
        IncidentCommand::Declare(_) => {
            Err(conflict(format!("already declared as {}", summary.label())))
        }
        IncidentCommand::AddNote { text } => {
            check::required_text("note", text)?;
            one(EventBody::NoteAdded { text: text.clone() })
        }
        IncidentCommand::CorrectNote { note, text } => {
            check::required_text("note", text)?;
            one(EventBody::NoteCorrected { note: *note, text: text.clone() })
        }
        IncidentCommand::Link { link } => {
            check::link(link)?;
            if incident.links.contains(link) {
                return Err(conflict(format!("already linked to {}", sanitize(&link.to_string()))));
            }
            one(EventBody::Linked { link: link.clone() })
        }
        IncidentCommand::Unlink { link } => {
            if !incident.links.contains(link) {
                return Err(conflict(format!("not linked to {}", sanitize(&link.to_string()))));
            }
            one(EventBody::Unlinked { link: link.clone() })
        }
        IncidentCommand::WriteReview { section, text } => {
            require_reviewable(incident)?;
            check::text("text", text)?;
            one(EventBody::ReviewWritten { section: *section, text: text.clone() })
        }
        IncidentCommand::SetActionItem { item } => {
            require_reviewable(incident)?;
            check::required_text("action item", &item.text)?;
            item.owner.as_ref().map_or(Ok(()), |owner| check::person("owner", owner))?;
            one(EventBody::ActionItemSet { item: item.clone() })
        }
        IncidentCommand::PublishReview => publish_review(incident, now),
        IncidentCommand::AnswerItem { item, answer } => {
            if let Answer::Waived(reason) = answer {
                check::required_text("reason", reason)?;
            }
            if matches!(summary.status, Status::Closed | Status::Merged | Status::Reclassified) {
                return Err(already_ended(incident, now));
            }
            one(EventBody::ItemAnswered { item: *item, answer: answer.clone() })
        }
        IncidentCommand::Reopen { reason } => reopen(incident, reason, asked_at, context),
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
            one(EventBody::Described {
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
            one(EventBody::Categorized { category: *category })
        }
        IncidentCommand::SetServices { services } => {
            check::names("services", services)?;
            if summary.services == *services {
                return Err(conflict("these are its services already".into()));
            }
            one(EventBody::ServicesSet { services: services.clone() })
        }
        IncidentCommand::UpdateStakeholders { message, next_due } => {
            check::required_text("message", message)?;
            next_due.map_or(Ok(()), |at| check::time("next_due", at))?;
            let next_due = next_due.or_else(|| {
                summary
                    .status
                    .is_open()
                    .then(|| update_due(summary.priority, asked_at, None, &context.rules.levels))?
            });
            one(EventBody::StakeholdersUpdated { message: message.clone(), next_due })
        }
        IncidentCommand::Reclassify { to, reason } => {
            check::required_text("reason", reason)?;
            require_open(incident, now)?;
            one(EventBody::Reclassified { to: *to, reason: reason.clone() })
        }
        IncidentCommand::RepeatAlert { text } => {
            check::text("text", text)?;
            require_open(incident, now)?;
            one(EventBody::AlertRepeated { text: text.clone() })
        }
        IncidentCommand::Acknowledge => {
            require_open(incident, now)?;
            match (summary.acknowledged_at, &incident.acknowledged_by) {
                (Some(at), Some(by)) => Err(conflict(format!(
                    "already acknowledged by {} {}",
                    sanitize(by.name()),
                    format_ago(at, now)
                ))),
                _ => one(EventBody::Acknowledged),
            }
        }
        IncidentCommand::MoveStatus { to } => move_status(incident, *to, now),
        IncidentCommand::UndoMove => undo_move(incident, &envelope.actor, asked_at, context),
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
            one(EventBody::Assigned { to: to.clone() })
        }
        IncidentCommand::SetTeam { team } => {
            require_open(incident, now)?;
            if let Some(team) = team {
                check::name("team", team)?;
            }
            if summary.team == *team {
                return Err(conflict("that is its team already".into()));
            }
            one(EventBody::TeamSet { team: team.clone() })
        }
        IncidentCommand::GiveRole { role, person, given } => {
            require_open(incident, now)?;
            check::person("person", person)?;
            let has = incident.roles.iter().any(|(r, p)| r == role && p.handle == person.handle);
            if has == *given {
                let word = if has { "already" } else { "not" };
                return Err(conflict(format!("{} is {word} {role}", sanitize(&person.name))));
            }
            one(EventBody::RoleGiven { role: *role, person: person.clone(), given: *given })
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
            one(EventBody::Escalated { level: *level, to: to.clone(), reason: reason.clone() })
        }
        IncidentCommand::Prioritize { impact, urgency } => {
            require_open(incident, now)?;
            let priority = context.rules.matrix.priority(*impact, *urgency);
            if (summary.impact, summary.urgency, summary.priority) == (*impact, *urgency, priority)
            {
                return Err(conflict(format!("already {priority}, {impact} × {urgency}")));
            }
            one(EventBody::Prioritized {
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
            one(EventBody::Prioritized {
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
            one(EventBody::Resolved {
                action: *action,
                detail: detail.clone(),
                validation: validation.clone(),
            })
        }
        IncidentCommand::Snooze { until } => {
            require_open(incident, now)?;
            check::time("until", *until)?;
            if *until <= asked_at {
                return Err(Rejection::new(
                    RejectionKind::Invalid,
                    "until: that time has passed: choose a later one",
                ));
            }
            one(EventBody::Snoozed { until: *until })
        }
        IncidentCommand::Wake => {
            require_open(incident, now)?;
            if summary.is_snoozed(asked_at) {
                one(EventBody::Woken)
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
            one(EventBody::Paused { reason: reason.clone() })
        }
        IncidentCommand::Unpause => {
            require_open(incident, now)?;
            if summary.paused {
                one(EventBody::Unpaused)
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
            one(EventBody::MergedInto { into: *into, number: None })
        }
    }
}

/// Refuses what only fits an open incident.
fn require_open(incident: &Incident, now: DateTime<Utc>) -> Result<(), Rejection> {
    if incident.summary.status.is_open() { Ok(()) } else { Err(already_ended(incident, now)) }
}

fn already_ended(incident: &Incident, now: DateTime<Utc>) -> Rejection {
    let what = match (incident.summary.status, &incident.merged_into) {
        (Status::Merged, Some((_, Some(number)))) => format!("merged into {number}"),
        (status, _) => status.to_string(),
    };
    conflict(format!(
        "already {what} by {} {}",
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
    let here = incident.summary.status;
    if to == here {
        return Err(conflict(format!(
            "already {to} by {} {}",
            sanitize(incident.status_by.name()),
            format_ago(incident.status_at, now)
        )));
    }
    if to < here {
        return Err(not_now(format!("it is {here}: stages only move forward")));
    }
    if to == Status::Acknowledged {
        return Ok(vec![EventBody::Acknowledged]);
    }
    Ok(vec![EventBody::StatusMoved { to }])
}

/// Who has just moved it may take that back, while nobody has moved it since.
fn undo_move(
    incident: &Incident,
    by: &Actor,
    asked_at: DateTime<Utc>,
    context: Context<'_>,
) -> Result<Vec<EventBody>, Rejection> {
    let summary = &incident.summary;
    let Some(to) = incident.stage_before_move() else {
        return Err(not_now(format!("it is {}: there is no move to take back", summary.status)));
    };
    let (mover, when) =
        (sanitize(incident.status_by.name()), format_ago(incident.status_at, context.now));
    if incident.status_by != *by {
        return Err(conflict(format!("{mover} has made it {} {when}", summary.status)));
    }
    let seconds = context.rules.undo_move_s;
    if asked_at - incident.status_at > TimeDelta::seconds(seconds) {
        return Err(not_now(format!(
            "made {} {when}: a move can be taken back for {seconds} s",
            summary.status
        )));
    }
    Ok(vec![EventBody::MoveUndone { to }])
}

fn reopen(
    incident: &Incident,
    reason: &str,
    asked_at: DateTime<Utc>,
    context: Context<'_>,
) -> Result<Vec<EventBody>, Rejection> {
    check::required_text("reason", reason)?;
    match incident.summary.status {
        Status::Resolved => {}
        Status::Closed => {
            let days = context.rules.reopen_days;
            let closed = incident.summary.closed_at.unwrap_or(incident.status_at);
            if asked_at - closed > TimeDelta::days(days) {
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
