//! What lies over the panes: where keys go instead.

use crate::model::{Impact, Urgency};

use super::filter_line::FilterLine;
use super::form::Form;
use super::outbox::OutboxPane;
use super::palette::Palette;
use super::picker::Picker;
use super::plan::{Confirm, Results, Target};
use super::run::{OutputPane, RunConfirmation, RunbookPane};
use super::workspaces::Workspace;

/// What lies over the panes.
#[derive(Debug, Default)]
pub enum Mode {
    /// Nothing.
    #[default]
    Panes,
    /// The keys.
    Help(Help),
    /// Everything by name.
    Palette(Box<Palette>),
    /// The last failure, scrolled by so many lines.
    Failure(usize),
    /// What became of commands, where some failed.
    Results(Results),
    /// A form.
    Form(Box<Form>),
    /// A list to choose from.
    Pick(Box<Picker>),
    /// A question.
    Confirm(Box<Confirm>),
    /// Impact × urgency.
    Matrix(Box<Matrix>),
    /// A question before a program is run.
    ConfirmRun(Box<RunConfirmation>),
    /// What a program has written.
    Output(OutputPane),
    /// What is on its way to a remote.
    Outbox(Box<OutboxPane>),
    /// A runbook.
    Runbook(Box<RunbookPane>),
    /// A filter being typed.
    Filter(Box<FilterLine>),
    /// A number to jump to, as far as it is typed.
    Jump(String),
    /// The end, once pending commands have settled.
    Quitting,
    /// Going to another place of work.
    Switching(Box<Switching>),
}

/// On the way to another place of work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Switching {
    /// Where to.
    pub to: Workspace,
    /// It is open: what is left is to be stored here.
    pub opened: bool,
}

/// The keys, as they are searched and scrolled.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Help {
    /// What is looked for.
    pub query: String,
    /// First line on the screen.
    pub top: usize,
}

/// Impact × urgency being chosen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Matrix {
    /// For which incidents.
    pub targets: Vec<Target>,
    /// Chosen so far.
    pub impact: Impact,
    /// Chosen so far.
    pub urgency: Urgency,
    /// What others have done meanwhile.
    pub notice: Option<String>,
}
