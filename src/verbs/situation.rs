//! The inputs of a request besides its own fields, and the resulting plan.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::error::{FieldError, INCIDENT, Problem};
use super::problem_titles::ProblemTitles;
use super::typed_time::{parse_future, parse_past};
use crate::model::directory::Directory;
use crate::model::filter::Calendar;
use crate::model::id::IncidentRef;
use crate::model::{
    Actor, Command, CommandId, Event, Incident, IncidentCommand, IncidentId, PersonRef, Rules,
    Summary,
};

/// How much of the incident a request depends on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Needs {
    /// Only its id.
    Nothing,
    /// Its record.
    Record,
    /// Its record and all its events.
    Timeline,
}

/// By how much the ids of the commands of one request differ. Ids of events are the next ones after that of
/// their command, so this step is greater.
const STEP: u128 = 1 << 32;

/// The inputs of a request besides its own fields.
#[derive(Clone, Copy)]
pub struct Situation<'a> {
    /// The people, teams, services and policies.
    pub directory: &'a Directory,
    /// The rules in force.
    pub rules: &'a Rules,
    /// The present time, by the clock of the backend.
    pub now: DateTime<Utc>,
    /// The zone in which times are typed.
    pub calendar: &'a dyn Calendar,
    /// The requester.
    pub actor: &'a Actor,
    /// Whether that is only assumed, as the backend has not confirmed yet who makes the request.
    pub actor_is_assumed: bool,
    /// The record of the incident; see [`Needs`].
    pub record: Option<&'a Incident>,
    /// The events of the incident, in order; see [`Needs`].
    pub events: &'a [Event],
    /// The id of the other incident that the request names.
    pub other: Option<IncidentId>,
    /// The titles of the problems; see [`VerbRequest::needs_problem_titles`].
    ///
    /// [`VerbRequest::needs_problem_titles`]: super::VerbRequest::needs_problem_titles
    pub problem_titles: &'a ProblemTitles,
    /// The id of whatever the request adds to the record. It is the same each time that the request
    /// is made again, such as the id of the command.
    pub new_id: Uuid,
}

/// The commands that a request leads to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    /// The commands on the incident, in order.
    pub commands: Vec<IncidentCommand>,
    /// The reason why they are given, for corrections of an incident that is resolved or closed.
    pub because: Option<String>,
    /// The commands that they undo, one for each in their order; empty if they undo none.
    pub undoes: Vec<CommandId>,
}

impl Plan {
    /// Creates the plan of one command.
    #[must_use]
    pub fn one(command: IncidentCommand) -> Self {
        Self { commands: vec![command], ..Self::default() }
    }

    /// Returns the plan with the reason of a correction, if one is given.
    #[must_use]
    pub fn because(mut self, reason: Option<&String>) -> Self {
        self.because = reason.cloned();
        self
    }

    /// Returns the commands as they are sent for an incident, in order.
    #[must_use]
    pub fn into_commands(self, incident: IncidentId) -> Vec<Command> {
        let Self { commands, because, undoes } = self;
        let mut undoes = undoes.into_iter();
        let command = |command| {
            let (undoes, because) = (undoes.next(), because.clone());
            Command::Incident { incident, command, undoes, because }
        };
        commands.into_iter().map(command).collect()
    }
}

/// Returns the id of the `index`-th command of a request, which the first command's id determines:
/// a request that is made again has the same ids.
#[must_use]
pub fn command_id(first: CommandId, index: usize) -> CommandId {
    if index == 0 {
        return first;
    }
    let step = STEP.wrapping_mul(u128::try_from(index).unwrap_or(0));
    CommandId(Uuid::from_u128(first.0.as_u128().wrapping_add(step)))
}

/// Returns the id that the command before one has, if both are of one request; see [`command_id`].
#[must_use]
pub fn previous_command_id(id: CommandId) -> CommandId {
    CommandId(Uuid::from_u128(id.0.as_u128().wrapping_sub(STEP)))
}

impl<'a> Situation<'a> {
    /// Returns the record of the incident.
    ///
    /// # Errors
    /// The caller has not read it.
    pub(super) fn record(&self) -> Result<&'a Incident, FieldError> {
        self.record.ok_or_else(|| FieldError::new(INCIDENT, Problem::NotRead("the incident")))
    }

    /// Returns the row of the incident.
    ///
    /// # Errors
    /// The caller has not read it.
    pub(super) fn row(&self) -> Result<&'a Summary, FieldError> {
        self.record().map(|record| &record.summary)
    }

    /// Returns the person who makes the request.
    ///
    /// # Errors
    /// The requester is a program, or the backend has not confirmed the requester yet.
    pub(super) fn me(&self) -> Result<&'a PersonRef, Problem> {
        if self.actor_is_assumed {
            return Err(Problem::UnconfirmedRequester);
        }
        self.actor.person().ok_or(Problem::NoPerson)
    }

    /// Returns the id of the other incident, which a field names.
    ///
    /// # Errors
    /// The text of the field names no incident, or the caller has not read it.
    pub(super) fn other(&self, field: &'static str, text: &str) -> Result<IncidentId, FieldError> {
        text.parse::<IncidentRef>().map_err(|error| FieldError::new(field, error))?;
        let read = self.other.ok_or(Problem::NotRead("the other incident"));
        read.map_err(|problem| FieldError::new(field, problem))
    }

    /// Parses a time after now.
    ///
    /// # Errors
    /// The error of the field's text.
    pub(super) fn time(
        &self,
        field: &'static str,
        text: &str,
    ) -> Result<DateTime<Utc>, FieldError> {
        parse_future(text, self.now, self.calendar).map_err(|error| FieldError::new(field, error))
    }

    /// Parses a time up to now.
    ///
    /// # Errors
    /// The error of the field's text.
    pub(super) fn past_time(
        &self,
        field: &'static str,
        text: &str,
    ) -> Result<DateTime<Utc>, FieldError> {
        parse_past(text, self.now, self.calendar).map_err(|error| FieldError::new(field, error))
    }
}
