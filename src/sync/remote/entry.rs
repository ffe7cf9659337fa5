//! Outbox entries. Pure.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::backend::{BackendError, Outcome};
use crate::model::time::format_ago;
use crate::model::{
    Command, CommandId, Envelope, IncidentCommand, IncidentId, IncidentNumber, Rejection,
    RejectionKind,
};

/// The longest time for which a remote may refuse attempts.
pub(super) const MAX_RATE_LIMIT: TimeDelta = TimeDelta::hours(1);
/// An attempt is due at most this long after the one before. A time that is further ahead was recorded
/// before the clock was set back, and holds nothing up.
pub(super) const MAX_AHEAD: TimeDelta = TimeDelta::minutes(62);

/// A command in the outbox.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboxEntry {
    /// Its position in the order in which commands were requested, from 1. People refer to an entry
    /// by it.
    pub position: u64,
    /// Id of the command, the same for each attempt.
    pub id: CommandId,
    /// Id of the first command of its batch: the commands that were requested together about one
    /// incident. If one of them is refused, those after it are not sent.
    pub batch: CommandId,
    /// The command; `None` if another version of this program wrote it in a way that this one can't
    /// read.
    pub envelope: Option<Envelope>,
    /// The readable part of a command that this version does not define; empty for any other.
    pub unreadable: String,
    /// The incident's number when the command was requested, or `new`.
    pub label: String,
    /// The incident's title when the command was requested.
    pub title: String,
    /// The state of the command.
    pub state: EntryState,
    /// How often the command could not be delivered.
    pub attempts: u32,
    /// The reason why the last attempt failed.
    pub last_error: Option<String>,
    /// When the next attempt is due.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// The remote accepts no attempt before this time.
    pub not_before: Option<DateTime<Utc>>,
    /// An earlier command about the same incident that was refused before this one was.
    pub blocked_by: Option<CommandId>,
    /// When the remote answered.
    pub settled_at: Option<DateTime<Utc>>,
    /// Orders the sent commands: the later one has the higher number, whatever the clock did.
    pub settled_revision: i64,
    /// Handle of the person that the remote took the requester for; `None` if the remote had never
    /// reported it.
    pub requester: Option<String>,
    /// The remote's time minus that of the clock that made the times of the command, by which these
    /// are corrected when it is sent; `None` until it is known.
    pub clock_offset: Option<TimeDelta>,
    /// The token with which the command was requested, and its store.
    pub origin: EntryOrigin,
}

/// The token with which a command was requested, and its store.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct EntryOrigin {
    /// The public id of the token; `None` if it has none, or if an earlier version wrote this.
    pub token: Option<String>,
    /// The identity of the store; `None` if the remote had never reported it.
    pub store: Option<String>,
    /// The generation of the store in which the command was requested or answered.
    pub generation: Option<String>,
    /// Whether a person has approved that any token may send it.
    pub is_approved: bool,
    /// The number of the incident before the store was put back and the command was sent again.
    pub earlier_number: Option<u64>,
}

/// The state of a command.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EntryState {
    /// The remote has not answered yet.
    Pending,
    /// The command was carried out.
    Sent(Box<Outcome>),
    /// The command was refused. A person decides what to do with it.
    Refused(BackendError),
}

impl OutboxEntry {
    /// Returns the command, if it can be read.
    #[must_use]
    pub fn command(&self) -> Option<&Command> {
        self.envelope.as_ref().map(|envelope| &envelope.command)
    }

    /// Returns the command to send, with times of the remote's clock.
    #[must_use]
    pub fn corrected_envelope(&self) -> Option<Cow<'_, Envelope>> {
        let envelope = self.envelope.as_ref()?;
        let Some(offset) = self.clock_offset.filter(|offset| !offset.is_zero()) else {
            return Some(Cow::Borrowed(envelope));
        };
        let mut envelope = envelope.clone();
        envelope.correct_clock(offset);
        Some(Cow::Owned(envelope))
    }

    /// Returns when the command was requested.
    #[must_use]
    pub fn requested_at(&self) -> DateTime<Utc> {
        let made = || self.made_at().unwrap_or_default();
        self.envelope.as_ref().map_or_else(made, |envelope| envelope.at)
    }

    /// Returns when the id of the command was made, which it contains.
    #[must_use]
    pub fn made_at(&self) -> Option<DateTime<Utc>> {
        let (seconds, nanos) = self.id.0.get_timestamp()?.to_unix();
        DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
    }

    /// Returns the incident that the command is about, if there is one.
    #[must_use]
    pub fn incident(&self) -> Option<IncidentId> {
        self.command().and_then(incident)
    }

    /// Returns the incident in which the command continues another one, if it does.
    #[must_use]
    pub fn merges_into(&self) -> Option<IncidentId> {
        match self.command()? {
            Command::Incident { command: IncidentCommand::Merge { into }, .. } => Some(*into),
            _ => None,
        }
    }

    /// Returns the incidents that the command changes: the one that it is about, and the one in
    /// which that continues.
    pub fn changed_incidents(&self) -> impl Iterator<Item = IncidentId> {
        self.incident().into_iter().chain(self.merges_into())
    }

    /// Returns the incident that the command declares, if it does.
    #[must_use]
    pub fn declares(&self) -> Option<IncidentId> {
        match self.command()? {
            Command::Incident { incident, command: IncidentCommand::Declare(_), .. } => {
                Some(*incident)
            }
            _ => None,
        }
    }

    /// Returns whether the command still waits for an answer.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(self.state, EntryState::Pending)
    }

    /// Returns why the command was refused.
    #[must_use]
    pub fn refusal(&self) -> Option<&BackendError> {
        match &self.state {
            EntryState::Refused(error) => Some(error),
            _ => None,
        }
    }

    /// Returns why the command was refused, as a sentence that is read at `now`.
    #[must_use]
    pub fn refusal_sentence(&self, now: DateTime<Utc>) -> Option<String> {
        self.refusal().map(|refusal| refusal.sentence(now))
    }

    /// Returns when the command was refused, such as `said 2 d ago`, if the sentence of the refusal
    /// contains a relative time, as that of an old server does.
    #[must_use]
    pub fn refusal_age(&self, now: DateTime<Utc>) -> Option<String> {
        let refusal = self.refusal().filter(|refusal| refusal.dated().is_none())?;
        let sentence = refusal.sentence(now);
        let is_relative = sentence.contains("just now") || sentence.contains(" ago");
        let at = self.settled_at.filter(|at| is_relative && now - *at >= TimeDelta::minutes(1))?;
        Some(format!("said {}", format_ago(at, now)))
    }

    /// Returns why sending the command again unchanged would not help; `None` if it may.
    #[must_use]
    pub fn reason_not_to_retry(&self) -> Option<&'static str> {
        let refusal = self.refusal()?;
        if self.envelope.is_none() {
            return Some(
                "it can't be read here: drop it, or let the version send it that wrote it",
            );
        }
        match refusal {
            BackendError::Conflict(why)
                if matches!(why.rejection, Rejection::ChangedMeanwhile { .. }) =>
            {
                Some("it was asked for an earlier state: look at the incident, then ask again")
            }
            BackendError::Conflict(_) => Some("nothing is left to do: drop it"),
            BackendError::Rejected(why) if why.kind() == RejectionKind::Invalid => {
                Some("it would be refused again as it is: edit it or drop it")
            }
            _ => None,
        }
    }

    /// Returns the incident's number: the one it was given meanwhile, or the one that was known.
    #[must_use]
    pub fn label(&self) -> String {
        match &self.state {
            EntryState::Sent(outcome) => outcome
                .row
                .as_ref()
                .map_or_else(|| self.label.clone(), crate::model::Summary::label),
            _ => self.label.clone(),
        }
    }

    /// Describes the command in a short phrase, such as "acknowledge INC-12".
    #[must_use]
    pub fn phrase(&self) -> String {
        let label = self.label();
        match self.command() {
            Some(command) if self.incident().is_some() => {
                format!("{} {label}", command.phrase())
            }
            Some(command) => command.phrase().to_owned(),
            None if label.is_empty() => "a command".to_owned(),
            None => format!("a command on {label}"),
        }
    }

    /// Returns the typed or chosen values; empty if the phrase is complete without them.
    #[must_use]
    pub fn text(&self) -> String {
        self.command().map_or_else(|| self.unreadable.clone(), Command::content)
    }

    /// Returns the ids of the objects that the command is about, or needs to exist. The command
    /// waits for earlier ones about any of them.
    pub(super) fn referenced_ids(&self) -> Vec<Uuid> {
        self.command().map(referenced_ids).unwrap_or_default()
    }
}

/// Returns the incident that a command is about.
pub(super) fn incident(command: &Command) -> Option<IncidentId> {
    match command {
        Command::Incident { incident, .. } => Some(*incident),
        Command::RecordChange(_) | Command::RecordProblem(_) => None,
    }
}

/// Returns the ids of the objects that a command is about, or needs to exist. The command waits for
/// earlier ones about any of them.
fn referenced_ids(command: &Command) -> Vec<Uuid> {
    match command {
        Command::RecordChange(change) => vec![change.id.0],
        Command::RecordProblem(problem) => vec![problem.id.0],
        Command::Incident { incident, command, .. } => {
            std::iter::once(incident.0).chain(command.required_id()).collect()
        }
    }
}

/// The effect of a pending command on one incident.
#[derive(Clone, Debug)]
pub enum PendingChange<'a> {
    /// The command is about the incident.
    Command(Cow<'a, Envelope>),
    /// Another incident is merged into it.
    Merge {
        /// The command, which is about the other incident.
        envelope: Cow<'a, Envelope>,
        /// Id, number and title of the other incident, as far as they were known at the request.
        from: (IncidentId, Option<IncidentNumber>, &'a str),
    },
}

impl PendingChange<'_> {
    /// Returns the command, with times of the remote's clock.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        match self {
            Self::Command(envelope) | Self::Merge { envelope, .. } => envelope,
        }
    }
}
