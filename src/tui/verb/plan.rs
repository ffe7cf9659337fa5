//! Plans: which incidents a verb applies to, and which commands it sends.

use crate::model::{Command, CommandId, IncidentCommand};

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
    /// The reason why the step can't happen, where a precheck found a reason.
    pub refused: Option<String>,
    /// The commands that those for the incident undo, in the same order; empty unless the step is
    /// an undo.
    pub undoes: Vec<CommandId>,
    /// The reason for corrections of an incident that is resolved or closed.
    pub because: Option<String>,
}

impl Step {
    /// Creates the step of commands for one incident.
    #[must_use]
    pub fn new(target: Target, commands: Vec<IncidentCommand>) -> Self {
        Self {
            target,
            prerequisites: Vec::new(),
            commands,
            refused: None,
            undoes: Vec::new(),
            because: None,
        }
    }

    /// Returns the commands with the incident that they are about, in order.
    pub fn incident_commands(&self) -> impl Iterator<Item = Command> {
        let mut undoes = self.undoes.iter().copied();
        self.commands.iter().map(move |command| Command::Incident {
            incident: self.target.id,
            command: command.clone(),
            undoes: undoes.next(),
            because: self.because.clone(),
        })
    }
}

/// Inserts the object into a verb phrase at `{}`, or appends it.
#[must_use]
pub fn phrase(verb: &str, what: &str) -> String {
    if verb.contains("{}") { verb.replace("{}", what) } else { format!("{verb} {what}") }
}

/// Everything that one verb will do, for one incident or for many.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// As in "acknowledge", or "assign {} to Ines Moreau", where `{}` is the placeholder of the
    /// incidents.
    pub verb: String,
    /// The participle for the report afterwards, as in "acknowledged".
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
