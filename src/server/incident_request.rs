//! Carries out requests to declare or change one incident, each of which may lead to several commands.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::error::{ApiError, ApiResult};
use super::idempotency::RequestIds;
use super::limits::BodyPermit;
use super::sender::Sender;
use super::state::Shared;
use crate::api::{Details, ErrorCode};
use crate::backend::lists::{FeedSearch, MAX_ROWS};
use crate::backend::{BackendError, Outcome, TimelineRange};
use crate::model::command::CommandKind;
use crate::model::declared_impact::holds_for_counted;
use crate::model::id::IncidentRef;
use crate::model::{
    Actor, Command, CommandId, Envelope, Event, EventBody, Incident, IncidentId, Rejection,
};
use crate::verbs::{ProblemTitles, VerbRequest, command_id};

/// How a caller of these routes can use a service or team that the directory does not have.
const HOW_TO_ACCEPT: &str = "add ?accept_unknown=true to the path if it is meant";
/// The kind of event of an alert that is counted in an open incident.
const REPEATED_ALERT: &str = "alert_repeated";
/// The most events that one read of a timeline returns.
const MAX_EVENTS: usize = 1000;

/// A request to declare or change one incident.
pub(super) struct IncidentRequest<'a> {
    pub shared: &'a Shared,
    pub sender: &'a Sender,
    pub ids: RequestIds,
    /// The expected position of the incident, if the request contains one.
    pub expected_seq: Option<u32>,
    /// Whether services and teams that the directory does not have are accepted.
    pub accept_unknown: bool,
    /// The memory of the request body, until the first command is sent.
    pub permit: Option<BodyPermit>,
}

/// The reason why a request was not carried out.
pub(super) struct Failure {
    pub error: ApiError,
    /// Whether it may have been carried out before, as a request with the same key.
    pub may_be_repeated: bool,
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self { error, may_be_repeated: false }
    }
}

/// The state of an incident before a request that was carried out earlier.
pub(super) struct Before {
    /// When that request was made.
    pub at: DateTime<Utc>,
    /// The events before it.
    pub events: Vec<Event>,
    /// The record that they add up to; `None` if the request declared the incident.
    pub record: Option<Incident>,
    /// The titles of the problems, as the request found them.
    pub problem_titles: ProblemTitles,
}

/// Returns the current time in the recorded precision, full milliseconds: a repeated request is the
/// same one as of that time.
pub(super) fn request_time() -> DateTime<Utc> {
    let now = Utc::now();
    now.duration_trunc(TimeDelta::milliseconds(1)).unwrap_or(now)
}

impl IncidentRequest<'_> {
    /// Carries out the commands of the request, in order, as of `at`. After one that is refused, no
    /// further one is carried out. Those about an incident that exists are one transaction, so that
    /// a request that is sent again finds all of them or none. If a declaration was counted in an
    /// open incident, the commands after it apply to that one, as far as they can.
    pub(super) async fn execute(
        &mut self,
        commands: Vec<Command>,
        at: DateTime<Utc>,
    ) -> Result<Vec<Outcome>, Failure> {
        for command in &commands {
            let refusal = self.sender.refuse_kind(command.kind());
            let refusal = refusal.or_else(|| self.sender.refuse_tracker(command)).or_else(|| {
                let is_checked = !self.accept_unknown;
                let unknown = || self.sender.refuse_unknown_names(command, HOW_TO_ACCEPT);
                is_checked.then(unknown).flatten()
            });
            if let Some(details) = refusal {
                return Err(ApiError::from(details).into());
            }
        }
        let declares = commands.iter().any(|command| command.kind() == CommandKind::Declare);
        let outcomes = if declares {
            self.declare(commands, at).await?
        } else {
            let commands = commands.into_iter().enumerate();
            let envelopes = commands.map(|(index, command)| self.envelope(index, command, at));
            let envelopes = envelopes.collect();
            self.send(envelopes).await?
        };
        let names = self.sender.name_index();
        let visible = |outcome| self.sender.visible(outcome, &names);
        Ok(outcomes.into_iter().map(visible).collect())
    }

    /// Carries out the commands of a request that declares an incident, one after the other: which
    /// incident the later ones are about follows from the first.
    async fn declare(
        &mut self,
        commands: Vec<Command>,
        at: DateTime<Utc>,
    ) -> Result<Vec<Outcome>, Failure> {
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(commands.len());
        let mut counted_in = None;
        for (index, mut command) in commands.into_iter().enumerate() {
            if let (Some(open), Command::Incident { incident, command, .. }) =
                (counted_in, &mut command)
            {
                if !holds_for_counted(command) {
                    continue;
                }
                *incident = open;
            }
            let envelope = self.envelope(index, command, at);
            let declares = envelope.command.kind() == CommandKind::Declare;
            for outcome in self.send(vec![envelope]).await? {
                if declares && outcome.incident != Some(self.ids.incident) {
                    counted_in = outcome.incident;
                }
                outcomes.push(outcome);
            }
        }
        Ok(outcomes)
    }

    /// Returns a command of the request with its id.
    fn envelope(&self, index: usize, command: Command, at: DateTime<Utc>) -> Envelope {
        Envelope {
            id: command_id(self.ids.command, index),
            at,
            actor: self.sender.actor.clone(),
            command,
            // The later ones apply to the state after the first one.
            expected_seq: self.expected_seq.filter(|_| index == 0),
        }
    }

    /// Carries out commands as one, and returns their outcomes, or the failure of the first that is
    /// refused.
    async fn send(&mut self, envelopes: Vec<Envelope>) -> Result<Vec<Outcome>, Failure> {
        let ids: Vec<_> = envelopes.iter().map(|envelope| envelope.id).collect();
        let permit = self.permit.take();
        let mut results =
            self.shared.commands.execute_in_order(envelopes, permit).await.into_iter();
        let mut outcomes = Vec::with_capacity(ids.len());
        for id in ids {
            let missing = || BackendError::Broken("an outcome is missing".into());
            match results.next().ok_or_else(missing).flatten() {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => return Err(self.failure(id, error)),
            }
        }
        Ok(outcomes)
    }

    /// Returns the failure of a command.
    fn failure(&self, id: CommandId, error: BackendError) -> Failure {
        let is_reused = matches!(
            &error,
            BackendError::Rejected(why) if matches!(why.rejection, Rejection::IdReused)
        );
        let mut details = self.sender.refusal(id, error);
        if is_reused && self.ids.is_repeatable {
            let message = "the Idempotency-Key was sent with another request: use a key of its own";
            details = Details::new(ErrorCode::IdReused, message);
        }
        Failure { error: details.into(), may_be_repeated: is_reused && self.ids.is_repeatable }
    }

    /// Returns the state of an incident before the request, if it was carried out earlier.
    ///
    /// # Errors
    /// The backend fails.
    pub(super) async fn before(&self, incident: IncidentId) -> ApiResult<Option<Before>> {
        let mut events = match self.shared.all_events(incident).await {
            Ok(events) => events,
            Err(BackendError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let first = events.iter().position(|event| event.command == self.ids.command);
        let Some(first) = first else { return Ok(None) };
        let at = events[first].at;
        let linked = events[first..].iter().filter_map(|event| match &event.body {
            EventBody::Linked { link } if event.command == self.ids.command => Some(link),
            _ => None,
        });
        let problem_titles = ProblemTitles::of_links(linked);
        events.truncate(first);
        let broken = |_| BackendError::Broken("the timeline of the incident is damaged".into());
        let record = Incident::fold(&events).map_err(broken)?;
        Ok(Some(Before { at, events, record, problem_titles }))
    }

    /// Returns the state before the request, if it was a declaration of an alert that was counted in
    /// an incident that was open already. It is found among the last repeated alerts of the sender.
    ///
    /// # Errors
    /// The backend fails.
    pub(super) async fn before_repeated_alert(&self) -> ApiResult<Option<Before>> {
        let sender = match &self.sender.actor {
            Actor::Person(person) => person.handle.clone(),
            Actor::Integration(name) => name.clone(),
            Actor::Unknown(_) => return Ok(None),
        };
        let search = FeedSearch {
            kinds: vec![REPEATED_ALERT.to_owned()],
            person: Some(sender),
            ..FeedSearch::first(MAX_ROWS)
        };
        let page = self.shared.backend.feed(&search).await?;
        let found = page.rows.iter().find(|row| row.event.command == self.ids.command);
        Ok(found.map(|row| Before {
            at: row.event.at,
            events: Vec::new(),
            record: None,
            problem_titles: ProblemTitles::default(),
        }))
    }
}

impl Shared {
    /// Returns the id of the incident that a path or a field names.
    pub(super) async fn incident_id(&self, named: IncidentRef) -> Result<IncidentId, BackendError> {
        match named {
            IncidentRef::Id(id) => Ok(id),
            IncidentRef::Number(number) => self.backend.find_by_number(number).await,
        }
    }

    /// Returns the titles of the problems, if a request depends on them.
    pub(super) async fn problem_titles(
        &self,
        request: &VerbRequest,
    ) -> Result<ProblemTitles, BackendError> {
        if !request.needs_problem_titles() {
            return Ok(ProblemTitles::default());
        }
        self.backend.problems().await.map(ProblemTitles::of_all)
    }

    /// Returns all events of an incident, in order.
    pub(super) async fn all_events(&self, id: IncidentId) -> Result<Vec<Event>, BackendError> {
        let mut events: Vec<Event> = Vec::new();
        loop {
            let after = events.last().map_or(0, |event| event.seq);
            let page = self.backend.timeline(id, TimelineRange::After(after)).await?;
            let is_last = page.len() < MAX_EVENTS;
            events.extend(page);
            if is_last {
                return Ok(events);
            }
        }
    }
}
