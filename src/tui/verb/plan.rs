//! Plans: which incidents a verb applies to, and which commands it sends.

use crate::model::{Command, IncidentCommand};

use crate::tui::verb::target::Target;

/// The commands for one incident, in order. Those after a refused one are not sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The incident that the step is about.
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
