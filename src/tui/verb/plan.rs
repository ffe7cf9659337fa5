//! Plans: which incidents a verb applies to, which commands it sends, and how it is undone.

use std::time::Duration;

use crate::model::{Command, IncidentCommand, IncidentId, Summary};

use crate::tui::form::Form;

/// How long the last action can be undone.
pub const UNDO_WINDOW: Duration = Duration::from_secs(10);

/// An incident that a verb applies to. Fixed when the key is pressed, so that changes that arrive
/// later can't redirect the verb.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// The incident.
    pub id: IncidentId,
    /// The incident's number as shown, such as `INC-2041`.
    pub label: String,
    /// The incident's title.
    pub title: String,
    /// Sequence number of the incident's last event when it was chosen.
    pub seq: u32,
}

impl From<&Summary> for Target {
    fn from(row: &Summary) -> Self {
        Self { id: row.id, label: row.label(), title: row.title.clone(), seq: row.seq }
    }
}

/// The commands for one incident, in order. Those after a refused one are not sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The incident.
    pub target: Target,
    /// Commands that are sent before, such as the declaration of a problem to link to.
    pub prerequisites: Vec<Command>,
    /// The commands for the incident.
    pub commands: Vec<IncidentCommand>,
    /// Why the step can't happen, where a precheck found a reason.
    pub refused: Option<String>,
}

/// Inserts the object into a verb phrase at `{}`, or appends it.
#[must_use]
pub fn phrase(verb: &str, what: &str) -> String {
    if verb.contains("{}") { verb.replace("{}", what) } else { format!("{verb} {what}") }
}

/// Everything that one verb will do, for one incident or for many.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// As in "acknowledge", or "assign {} to Ines Moreau", where `{}` stands for the incidents.
    pub verb: String,
    /// What is reported afterwards, as in "acknowledged".
    pub done_phrase: String,
    /// One step for each incident.
    pub steps: Vec<Step>,
}

impl Plan {
    /// Returns the verb with its object, as in "assign INC-2041 to Ines Moreau".
    #[must_use]
    pub fn phrase(&self, what: &str) -> String {
        phrase(&self.verb, what)
    }

    /// Returns the steps that will be sent.
    pub fn possible(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.refused.is_none())
    }

    /// Returns the targets of steps that can't happen, each with the reason.
    pub fn refused(&self) -> impl Iterator<Item = (&Target, &str)> {
        self.steps.iter().filter_map(|step| Some((&step.target, step.refused.as_deref()?)))
    }
}

/// A question before something irreversible is done, or something to many incidents.
#[derive(Debug)]
pub struct Confirm {
    /// The plan that is carried out once it is confirmed.
    pub plan: Plan,
    /// Whether it can't be undone.
    pub irreversible: bool,
    /// The form that it comes from, to return to.
    pub form: Option<Box<Form>>,
    /// First line on the screen.
    pub top: usize,
}

/// How the last action can be undone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Undo {
    /// Identifies it among earlier and later ones.
    pub number: u64,
    /// What was done, as in "acknowledged".
    pub done_phrase: String,
    /// The inverse for each incident.
    pub steps: Vec<Inverse>,
}

/// How the commands sent for one incident are undone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inverse {
    /// The commands to send.
    pub step: Step,
    /// The commands to undo. They are undone only while nothing has replaced their effect.
    pub undoes: Vec<IncidentCommand>,
}

/// Commands that were sent together, until each has its outcome.
#[derive(Debug)]
pub struct Batch {
    /// Identifies the batch.
    pub number: u64,
    /// As in "acknowledge".
    pub verb: String,
    /// As in "acknowledged".
    pub done_phrase: String,
    /// The number of incidents.
    pub total: usize,
    /// The number of commands without an outcome.
    pub remaining: usize,
    /// Label of each incident for which it failed, and the reason.
    pub failed: Vec<(String, String)>,
    /// How many keys had been pressed when the batch was sent.
    pub keys: u64,
    /// The form it came from. It is reopened after a rejection; after success its draft is deleted.
    pub form: Option<Box<Form>>,
}

/// The outcome of a batch in which something failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Results {
    /// As in "acknowledged".
    pub done_phrase: String,
    /// The number of incidents.
    pub total: usize,
    /// Label of each incident for which it failed, and the reason.
    pub failed: Vec<(String, String)>,
    /// First line on the screen.
    pub top: usize,
}
