//! What a verb is about, what it will do, and how it can be taken back.

use std::time::Duration;

use crate::model::{Command, IncidentCommand, IncidentId, Summary};

use super::form::Form;

/// How long the last action can be undone.
pub const UNDO_WINDOW: Duration = Duration::from_secs(10);

/// An incident that a verb is about. Fixed when the key goes down: what arrives later can't
/// redirect it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Which.
    pub id: IncidentId,
    /// Its number.
    pub label: String,
    /// Its title.
    pub title: String,
    /// Its last event when it was chosen.
    pub seq: u32,
}

impl From<&Summary> for Target {
    fn from(row: &Summary) -> Self {
        Self { id: row.id, label: row.label(), title: row.title.clone(), seq: row.seq }
    }
}

/// What is asked of one incident, in order. What follows a refusal is not sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Of which.
    pub target: Target,
    /// What is recorded before that, such as a problem to link to.
    pub prerequisites: Vec<Command>,
    /// What.
    pub commands: Vec<IncidentCommand>,
    /// Why it can't happen, where that is known before it is sent.
    pub refused: Option<String>,
}

/// Puts what it is about into a verb, or behind it.
#[must_use]
pub fn phrase(verb: &str, what: &str) -> String {
    if verb.contains("{}") { verb.replace("{}", what) } else { format!("{verb} {what}") }
}

/// What one key leads to, for one incident or for many.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// As in "acknowledge", or "assign {} to Ines Moreau", where `{}` stands for the incidents.
    pub verb: String,
    /// As in "7 acknowledged".
    pub done_phrase: String,
    /// Incident by incident.
    pub steps: Vec<Step>,
}

impl Plan {
    /// What is done to what, as in "assign INC-2041 to Ines Moreau".
    #[must_use]
    pub fn phrase(&self, what: &str) -> String {
        phrase(&self.verb, what)
    }

    /// Those that will be sent.
    pub fn possible(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.refused.is_none())
    }

    /// Those that can't happen.
    pub fn refused(&self) -> impl Iterator<Item = (&Target, &str)> {
        self.steps.iter().filter_map(|step| Some((&step.target, step.refused.as_deref()?)))
    }
}

/// A question before something is done: what can't be taken back, or what is done to many.
#[derive(Debug)]
pub struct Confirm {
    /// What will be done.
    pub plan: Plan,
    /// It can't be taken back.
    pub irreversible: bool,
    /// The form it was written in, to go back to.
    pub form: Option<Box<Form>>,
    /// First line on the screen.
    pub top: usize,
}

/// What takes the last action back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Undo {
    /// Tells one from the next.
    pub number: u64,
    /// What was done, as in "acknowledged".
    pub done_phrase: String,
    /// The inverse, incident by incident.
    pub steps: Vec<Inverse>,
}

/// What takes back what was done to one incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inverse {
    /// What is to be asked.
    pub step: Step,
    /// What was asked: it is only taken back while it stands.
    pub undoes: Vec<IncidentCommand>,
}

/// Commands that were sent together, until each has its outcome.
#[derive(Debug)]
pub struct Batch {
    /// Tells one from the next.
    pub number: u64,
    /// As in "acknowledge".
    pub verb: String,
    /// As in "acknowledged".
    pub done_phrase: String,
    /// Incidents it is about.
    pub total: usize,
    /// Commands without an outcome.
    pub remaining: usize,
    /// Label and reason of what was not done.
    pub failed: Vec<(String, String)>,
    /// How many keys had been pressed when they were sent.
    pub keys: u64,
    /// The form it came from: given back when it was refused, its draft dropped when it was not.
    pub form: Option<Box<Form>>,
}

/// What became of commands that were sent together, where something was not done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Results {
    /// As in "acknowledged".
    pub done_phrase: String,
    /// Incidents it was about.
    pub total: usize,
    /// Label and reason of what was not done.
    pub failed: Vec<(String, String)>,
    /// First line on the screen.
    pub top: usize,
}
