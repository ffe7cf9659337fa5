//! Modes: what can be open on top of the panes and receives the keys instead of them.

use crate::model::{Impact, Urgency};

use crate::tui::filter::FilterLine;
use crate::tui::form::Form;
use crate::tui::outbox::OutboxPane;
use crate::tui::palette::Palette;
use crate::tui::picker::Picker;
use crate::tui::run::{OutputPane, RunConfirmation, RunbookPane};
use crate::tui::verb::plan::{Confirm, Results, Target};
use crate::tui::workspace::Workspace;

/// The mode of the panes: what is open on top of them and receives the keys.
#[derive(Debug, Default)]
pub enum Mode {
    /// Nothing: keys go to the panes.
    #[default]
    Panes,
    /// The list of keys.
    Help(Help),
    /// The command palette: every action by its name.
    Palette(Box<Palette>),
    /// Details of the last failure, scrolled by this many lines.
    Failure(usize),
    /// The outcome of commands that were sent together, where some failed.
    Results(Results),
    /// A form to fill in.
    Form(Box<Form>),
    /// A list to choose from.
    Pick(Box<Picker>),
    /// A question before something is done.
    Confirm(Box<Confirm>),
    /// The matrix of impact × urgency.
    Matrix(Box<Matrix>),
    /// A question before a program is run.
    ConfirmRun(Box<RunConfirmation>),
    /// The output of a program.
    Output(OutputPane),
    /// The commands in the outbox.
    Outbox(Box<OutboxPane>),
    /// A runbook and its steps.
    Runbook(Box<RunbookPane>),
    /// A filter that is being typed.
    Filter(Box<FilterLine>),
    /// The number of an incident to jump to, as typed so far.
    Jump(String),
    /// Waiting for pending commands before the program ends.
    Quitting,
    /// Switching to another workspace.
    Switching(Box<Switching>),
}

/// A switch to another workspace that is under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Switching {
    /// The workspace to switch to.
    pub to: Workspace,
    /// Whether it is open: what remains is to store the commands of this workspace.
    pub opened: bool,
}

/// The list of keys, searched and scrolled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Help {
    /// The text that keys are searched by.
    pub query: String,
    /// Index of the first line on the screen.
    pub top: usize,
}

/// A choice of impact × urgency that is being made.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matrix {
    /// The incidents to be prioritized.
    pub targets: Vec<Target>,
    pub impact: Impact,
    pub urgency: Urgency,
    /// A line about what others have done to the incidents in the meantime.
    pub notice: Option<String>,
}
