//! The record of an incident, built by applying its events in order.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::actor::{Actor, PersonRef};
use super::attributes::Attributes;
use super::checklist::Answered;
use super::command::{Decision, Declaration, Link, RoleRequest};
use super::event::{Event, EventBody, Undo};
use super::evidence::Evidence;
use super::extra::{Extra, extensible_record};
use super::follow_up::FollowUp;
use super::id::{IncidentId, IncidentNumber};
use super::impact::{Affected, Reporter};
use super::priority::Priority;
use super::review::Review;
use super::service_level::{ServiceLevels, SlaTarget, Verdict, ended_clock};
use super::stability::Stability;
use super::status::{Classification, ResolutionAction, Role, Status};
use super::summary::{LAST_WORD, Summary};
use super::unknown_names::UnknownNames;

/// The complete record of an incident. All of it follows from the events of the timeline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Incident {
    /// The fields that the queue shows.
    #[serde(flatten)]
    pub summary: Summary,
    /// The symptoms that users see; may be empty.
    pub symptoms: String,
    /// Labels, which people choose freely.
    pub labels: Vec<String>,
    /// While the incident is open, alerts with this key are grouped into it.
    pub dedup_key: Option<String>,
    /// The name or URL of its runbook.
    pub runbook: Option<String>,
    /// The reason why the priority differs from the matrix; `None` if it does not.
    pub override_reason: Option<String>,
    /// The person or program that acknowledged it first; `None` before that.
    pub acknowledged_by: Option<Actor>,
    /// When each stage was reached or skipped, in the order of [`Status::STAGES`].
    pub stages: [Option<DateTime<Utc>>; 7],
    /// The person or program that set the present status.
    pub status_by: Actor,
    /// When the present status was set.
    pub status_at: DateTime<Utc>,
    /// The roles besides the assignee, with the people who have them.
    pub roles: Vec<(Role, PersonRef)>,
    /// Links, in the order in which they were added.
    pub links: Vec<Link>,
    /// The last message to stakeholders.
    pub stakeholder_message: Option<String>,
    /// When the next message to stakeholders is promised.
    pub next_update_due: Option<DateTime<Utc>>,
    /// The answered items of the investigation checklist and of the closing gate.
    pub answered: Vec<Answered>,
    /// The person or thing that it waits for while it is paused.
    pub paused_for: Option<String>,
    /// The last resolution; `None` while it is not resolved.
    pub resolution: Option<Resolution>,
    /// The number of times that it was reopened.
    pub reopened: u32,
    /// Seconds for which it was open without an assignee, up to `unowned_since` or its end.
    pub unowned_s: i64,
    /// Since when it has been open without an assignee; `None` if it has one or is not open.
    pub unowned_since: Option<DateTime<Utc>>,
    /// The incident in which it continues, with its number.
    pub merged_into: Option<(IncidentId, Option<IncidentNumber>)>,
    /// The incidents that were merged into it, with their numbers.
    pub absorbed: Vec<(IncidentId, Option<IncidentNumber>)>,
    /// The kind of thing that it was instead of an incident, and the reason.
    pub reclassified: Option<(Classification, String)>,
    /// The post-incident review, as far as it is written.
    pub review: Review,
    /// The recorded decisions, in the order in which they were recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
    /// When service is expected to be restored; absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_recovery: Option<DateTime<Utc>>,
    /// The people who were asked to join, with their roles and answers; at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub role_requests: Vec<RoleRequest>,
    /// The reason why it is marked as noise; `None` if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noise_reason: Option<String>,
    /// The action items that have issues in a tracker, in the order of their requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follow_ups: Vec<FollowUp>,
    /// When the impact began, which may be before it was detected; absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<DateTime<Utc>>,
    /// How many users it affects, and where; absent if unknown.
    #[serde(default, skip_serializing_if = "Affected::is_empty")]
    pub affected: Affected,
    /// The people who have reported it, besides the one who declared it; at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reporters: Vec<Reporter>,
    /// The teams that help, besides the responsible one; at most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// The files and captured output that belong to it; at most 20, and those that were redacted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Evidence>,
    /// The nested fields that a later version defines; those of the record itself are in the
    /// summary.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Incident);

/// The fields of a record that no undo restores: those that describe the log itself, and those that
/// follow from other fields.
pub(super) const FIELDS_OF_THE_LOG: [&str; 6] =
    ["id", "number", "seq", "last_event_at", "attributes", LAST_WORD];

/// How service was restored.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Resolution {
    /// The kind of action that restored service.
    pub action: ResolutionAction,
    /// The work done.
    pub detail: String,
    /// How recovery was validated.
    pub validation: String,
    /// The person or program that reported the resolution.
    pub by: Actor,
    /// How long its alerts had been resolved; absent if the settings require no stable time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stability: Option<Stability>,
}

/// The reason why a list of events is not the timeline of one incident.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TimelineError {
    /// The first event is not a declaration.
    #[error("the timeline does not begin with a declaration")]
    NoDeclaration,
    /// A later event declares the incident again.
    #[error("event {seq} declares the incident a second time")]
    DeclaredTwice {
        /// The sequence number of that event.
        seq: u32,
    },
    /// An event does not directly follow the one before it.
    #[error("event {found} follows event {before}: one is missing or doubled")]
    Gap {
        /// Position of the last event that was applied.
        before: u32,
        /// Position of the event that should follow it.
        found: u32,
    },
    /// An event belongs to another incident.
    #[error("event {seq} belongs to another incident")]
    ForeignEvent {
        /// The sequence number of that event.
        seq: u32,
    },
}

/// Returns the summary of an incident as its declaration makes it: by the event with this sequence
/// number and time.
pub(super) fn declared_summary(
    id: IncidentId,
    (seq, at): (u32, DateTime<Utc>),
    number: Option<IncidentNumber>,
    priority: Priority,
    declaration: &Declaration,
) -> Summary {
    Summary {
        id,
        number,
        title: declaration.title.clone(),
        status: Status::Triggered,
        impact: declaration.impact,
        urgency: declaration.urgency,
        priority,
        category: declaration.category,
        source: declaration.source,
        services: declaration.services.clone(),
        assignee: None,
        team: declaration.team.clone(),
        detected_at: declaration.detected_at,
        reported_at: declaration.reported_at,
        acknowledged_at: None,
        resolved_at: None,
        closed_at: None,
        snoozed_until: None,
        paused: false,
        paused_since: None,
        paused_ms: 0,
        acknowledge_verdict: None,
        resolve_verdict: None,
        updated_at: None,
        alerts: declaration.alerts.unwrap_or(1).max(1),
        escalation: 0,
        escalation_round: 0,
        escalation_from: None,
        required: None,
        muted: None,
        muted_ms: 0,
        folded_under: None,
        never_acknowledged: false,
        is_noise: false,
        seq,
        last_event_at: at,
        last_word: None,
        attributes: Attributes::default(),
        unknown: UnknownNames::default(),
        extra: Extra::default(),
    }
}

impl Incident {
    /// Returns the follow-up of an action item.
    #[must_use]
    pub fn follow_up(&self, item: Uuid) -> Option<&FollowUp> {
        self.follow_ups.iter().find(|follow_up| follow_up.item == item)
    }

    /// Returns the people whom the record names: the assignee, those with a role or an action item,
    /// and those who decided something.
    pub fn people(&self) -> impl Iterator<Item = &PersonRef> {
        let summary = &self.summary;
        let owners = self.review.actions.iter().filter_map(|item| item.owner.as_ref());
        let deciders = self.decisions.iter().filter_map(|decision| decision.by.as_ref());
        summary
            .assignee
            .iter()
            .chain(self.roles.iter().map(|(_, person)| person))
            .chain(owners)
            .chain(deciders)
    }

    /// Creates the record from its declaration; `None` for any other event.
    #[must_use]
    pub fn from_declaration(event: &Event) -> Option<Self> {
        let EventBody::Declared { number, priority, declaration } = &event.body else {
            return None;
        };
        let mut stages = [None; 7];
        stages[0] = Some(declaration.reported_at);
        let summary = declared_summary(
            event.incident,
            (event.seq, event.at),
            *number,
            *priority,
            declaration,
        );
        let mut incident = Self {
            symptoms: declaration.symptoms.clone(),
            labels: declaration.labels.clone(),
            dedup_key: declaration.dedup_key.clone(),
            runbook: declaration.runbook.clone(),
            stages,
            unowned_since: Some(declaration.reported_at),
            ..Self::from_row(summary, event.actor.clone(), event.at)
        };
        incident.set_attributes();
        Some(incident)
    }

    /// Creates a record from a summary and from who set its status and when. All other fields are
    /// empty.
    #[must_use]
    pub fn from_row(summary: Summary, status_by: Actor, status_at: DateTime<Utc>) -> Self {
        Self {
            summary,
            symptoms: String::new(),
            labels: Vec::new(),
            dedup_key: None,
            runbook: None,
            override_reason: None,
            acknowledged_by: None,
            stages: [None; 7],
            status_by,
            status_at,
            roles: Vec::new(),
            links: Vec::new(),
            stakeholder_message: None,
            next_update_due: None,
            answered: Vec::new(),
            paused_for: None,
            resolution: None,
            reopened: 0,
            unowned_s: 0,
            unowned_since: None,
            merged_into: None,
            absorbed: Vec::new(),
            reclassified: None,
            review: Review::default(),
            decisions: Vec::new(),
            expected_recovery: None,
            role_requests: Vec::new(),
            noise_reason: None,
            follow_ups: Vec::new(),
            began_at: None,
            affected: Affected::default(),
            reporters: Vec::new(),
            teams: Vec::new(),
            evidence: Vec::new(),
            extra: Extra::default(),
        }
    }

    /// Builds the record from a complete timeline; `None` for an empty one.
    ///
    /// # Errors
    /// [`TimelineError`] when the events are not those of one incident, from 1 on without gaps.
    pub fn fold<'a>(
        events: impl IntoIterator<Item = &'a Event>,
    ) -> Result<Option<Self>, TimelineError> {
        let mut folded: Option<Self> = None;
        for event in events {
            match &mut folded {
                None => {
                    if event.seq != 1 {
                        return Err(TimelineError::Gap { before: 0, found: event.seq });
                    }
                    folded =
                        Some(Self::from_declaration(event).ok_or(TimelineError::NoDeclaration)?);
                }
                Some(incident) => incident.apply_next(event)?,
            }
        }
        Ok(folded)
    }

    /// Checks that an event directly follows the last one, and applies it.
    ///
    /// # Errors
    /// [`TimelineError`] if it does not; the record is unchanged then.
    pub fn apply_next(&mut self, event: &Event) -> Result<(), TimelineError> {
        if event.incident != self.summary.id {
            return Err(TimelineError::ForeignEvent { seq: event.seq });
        }
        if event.seq != self.summary.seq + 1 {
            return Err(TimelineError::Gap { before: self.summary.seq, found: event.seq });
        }
        if matches!(event.body, EventBody::Declared { .. }) {
            return Err(TimelineError::DeclaredTwice { seq: event.seq });
        }
        self.apply(event);
        Ok(())
    }

    /// Applies an event to the record. This never fails: every recorded event can be applied.
    pub fn apply(&mut self, event: &Event) {
        // Any change ends a snooze; a snooze then begins the next one. Maintenance is no such
        // change.
        if !matches!(event.body, EventBody::Muted { .. } | EventBody::Unmuted) {
            self.summary.snoozed_until = None;
        }
        let clocks = (self.summary.acknowledged_at, self.summary.resolved_at);
        event.apply_to(self);
        if !self.summary.awaits_acknowledgement() {
            // Somebody has it, or it has ended: nothing is released any more.
            self.summary.end_mute(event.at);
        }
        self.judge_clocks(event, clocks);
        if let Some(undo) = &event.undo {
            self.restore(undo);
        }
        if let Some(word) = event.last_word() {
            self.summary.last_word = Some(word);
            // Fields that a later version added belong to the previous last word.
            self.summary.extra.remove_fields(&[LAST_WORD]);
        }
        self.summary.seq = event.seq;
        self.summary.last_event_at = self.summary.last_event_at.max(event.at);
        self.set_attributes();
    }

    /// Copies the fields by which filters select the row from the record.
    pub(crate) fn set_attributes(&mut self) {
        let attributes = &mut self.summary.attributes;
        attributes.set(&self.labels, &self.roles);
        attributes.set_impact(self.began_at, &self.affected, &self.reporters, &self.teams);
    }

    /// Returns the record as the fields of its JSON.
    pub(super) fn fields(&self) -> Option<Map<String, Value>> {
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => Some(fields),
            _ => None,
        }
    }

    /// Sets the fields that an undo restores. A value that does not fit leaves the record as it is.
    fn restore(&mut self, undo: &Undo) {
        let Some(mut record) = self.fields() else { return };
        for (name, value) in &undo.fields {
            if FIELDS_OF_THE_LOG.contains(&name.as_str()) {
                continue;
            }
            // A missing field has its default.
            match value {
                Value::Null => record.remove(name),
                value => record.insert(name.clone(), value.clone()),
            };
        }
        if let Ok(restored) = serde_json::from_value(Value::Object(record)) {
            *self = restored;
        }
    }

    /// Judges the clocks that an event ended, and forgets the verdicts on those that run again.
    /// `before` is when they had ended before the event.
    fn judge_clocks(
        &mut self,
        event: &Event,
        before: (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    ) {
        let judge = |before: Option<_>, after: Option<_>, target, current| match (before, after) {
            (_, None) => None,
            (None, Some(_)) => event.verdict(target).or_else(|| ended_clock(&self.summary, target)),
            (Some(_), Some(_)) => current,
        };
        let row = &self.summary;
        let acknowledge =
            judge(before.0, row.acknowledged_at, SlaTarget::Acknowledge, row.acknowledge_verdict);
        let resolve = judge(before.1, row.resolved_at, SlaTarget::Resolve, row.resolve_verdict);
        self.summary.acknowledge_verdict = acknowledge;
        self.summary.resolve_verdict = resolve;
    }

    /// Judges clocks that ended before goals were recorded by the service levels `levels`.
    pub fn judge_by(&mut self, levels: &ServiceLevels) {
        for verdict in [&mut self.summary.acknowledge_verdict, &mut self.summary.resolve_verdict] {
            *verdict = verdict.map(|verdict| match verdict.goal_s {
                Some(_) => verdict,
                None => verdict.judged_by(levels),
            });
        }
    }

    /// Judges clocks as [`Self::judge_by`] does, and returns the verdicts on those that were not judged
    /// yet.
    pub fn judge_ended(&mut self, levels: &ServiceLevels) -> Vec<Verdict> {
        let row = &self.summary;
        let unjudged = [row.acknowledge_verdict, row.resolve_verdict];
        self.judge_by(levels);
        let row = &self.summary;
        let judged = [row.acknowledge_verdict, row.resolve_verdict];
        let is_new = |before: &Option<Verdict>| before.is_some_and(|v| v.goal_s.is_none());
        let pairs = unjudged.iter().zip(judged);
        pairs.filter(|(before, _)| is_new(before)).filter_map(|(_, after)| after).collect()
    }

    /// Whether a clock ended before goals were recorded, and was not judged yet.
    #[must_use]
    pub fn is_unjudged(&self) -> bool {
        let row = &self.summary;
        [row.acknowledge_verdict, row.resolve_verdict].iter().flatten().any(|v| v.goal_s.is_none())
    }

    /// Returns the earliest time at which the next event can have happened, however late it is
    /// recorded.
    ///
    /// Moves and ends depend on the present status. A change of the assignee depends on the time
    /// since which the incident is unowned. All other events depend only on the report.
    #[must_use]
    pub fn earliest_time(&self, body: &EventBody) -> DateTime<Utc> {
        body.earliest_time(self)
    }

    /// Moves to a stage. Stages that are skipped count as passed at the same time.
    ///
    /// The stages before one of a later version are unknown, so none is filled in.
    pub(super) fn advance_to(&mut self, status: Status, event: &Event) {
        let at = event.at;
        let stage = status.stage().unwrap_or_default();
        for reached_at in self.stages.iter_mut().take(stage + 1) {
            reached_at.get_or_insert(at);
        }
        if stage >= 1 && self.summary.acknowledged_at.is_none() {
            self.summary.acknowledged_at = Some(at);
            self.acknowledged_by = Some(event.actor.clone());
            self.summary.never_acknowledged = is_moved_automatically(event);
        }
        if stage >= 1 {
            self.summary.required = None;
        }
        if status == Status::Resolved || status == Status::Closed {
            self.summary.resolved_at.get_or_insert(at);
        }
        if status == Status::Closed {
            self.summary.closed_at = Some(at);
        }
        self.set_status(status, event);
    }

    /// Returns the stage before the last move along the lifecycle.
    ///
    /// `None` when the last change of status was not such a move, for example a reopening. All
    /// stages that a move reaches or skips have the time of that move, which identifies them.
    #[must_use]
    pub fn stage_before_move(&self) -> Option<Status> {
        let current = self.summary.status.stage()?;
        let reached = |stage: usize| self.stages[stage] == Some(self.status_at);
        let before = (0..current).rev().find(|stage| *stage == 0 || !reached(*stage))?;
        reached(current).then_some(Status::STAGES[before])
    }

    /// Returns to a stage as if no later one had been reached.
    pub(super) fn revert_to(&mut self, to: Status, event: &Event) {
        let Some(stage) = to.stage() else { return self.set_status(to, event) };
        for reached_at in self.stages.iter_mut().skip(stage + 1) {
            *reached_at = None;
        }
        self.summary.closed_at = None;
        if to < Status::Resolved {
            self.summary.resolved_at = None;
            self.resolution = None;
        }
        if to < Status::Acknowledged {
            self.summary.required = None;
            self.summary.acknowledged_at = None;
            self.acknowledged_by = None;
            self.summary.never_acknowledged = false;
        }
        self.set_status(to, event);
    }

    /// Ends the incident without a resolution: it was merged or reclassified.
    pub(super) fn end_as(&mut self, status: Status, event: &Event) {
        self.summary.closed_at = Some(event.at);
        self.summary.required = None;
        self.unpause(event.at);
        self.set_status(status, event);
    }

    fn set_status(&mut self, status: Status, event: &Event) {
        self.summary.status = status;
        self.status_by = event.actor.clone();
        self.status_at = event.at;
        self.update_unowned(event.at);
    }

    /// Takes over a detection time that is earlier than the incident's own.
    pub(super) fn detected_by(&mut self, detected_at: Option<DateTime<Utc>>) {
        let earliest =
            self.summary.detected_at.min(detected_at.unwrap_or(DateTime::<Utc>::MAX_UTC));
        self.summary.detected_at = earliest;
    }

    /// Begins a pause, unless it is paused already.
    pub(super) fn pause(&mut self, reason: &str, at: DateTime<Utc>) {
        self.summary.paused = true;
        self.summary.paused_since.get_or_insert(at);
        self.paused_for = Some(reason.to_owned());
    }

    /// Ends a pause, if there is one.
    pub(super) fn unpause(&mut self, at: DateTime<Utc>) {
        self.summary.paused = false;
        if let Some(since) = self.summary.paused_since.take() {
            self.summary.paused_ms += (at - since).num_milliseconds().max(0);
        }
        self.paused_for = None;
    }

    /// Starts or stops counting unowned time, depending on the assignee and the status.
    pub(super) fn update_unowned(&mut self, at: DateTime<Utc>) {
        let unowned = self.summary.assignee.is_none() && self.summary.status.is_open();
        match (self.unowned_since, unowned) {
            (Some(since), false) => {
                self.unowned_s += (at - since).num_seconds().max(0);
                self.unowned_since = None;
            }
            (None, true) => self.unowned_since = Some(at),
            _ => {}
        }
    }

    /// Returns the total time without an assignee, up to `now`.
    #[must_use]
    pub fn unowned_for(&self, now: DateTime<Utc>) -> TimeDelta {
        let running = self.unowned_since.map_or(0, |since| (now - since).num_seconds().max(0));
        TimeDelta::seconds(self.unowned_s + running)
    }

    /// Returns the names of fields that are still empty, in the order in which people fill them in.
    #[must_use]
    pub fn missing_fields(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        if self.summary.category.is_none() {
            missing.push("category");
        }
        if self.summary.services.is_empty() {
            missing.push("services");
        }
        if self.symptoms.trim().is_empty() {
            missing.push("symptoms");
        }
        if self.summary.team.is_none() {
            missing.push("team");
        }
        missing
    }
}

/// Returns whether a program moved the incident along the lifecycle for a reason of its own, such as that its alerts
/// have ended. Nobody has acknowledged the incident by that.
fn is_moved_automatically(event: &Event) -> bool {
    let is_move = matches!(event.body, EventBody::StatusMoved { .. });
    is_move && event.because.is_some() && event.actor.person().is_none()
}
