//! Modes: overlays on top of the panes that receive the keys instead of them.

use crate::tui::confirm::{Confirm, Results};
use crate::tui::filter::FilterLine;
use crate::tui::follow::LinkedPage;
use crate::tui::form::Form;
use crate::tui::goto::Goto;
use crate::tui::help::Help;
use crate::tui::matrix::Matrix;
use crate::tui::oncall::stand_in::StandInQuestion;
use crate::tui::outbox::OutboxPane;
use crate::tui::palette::Palette;
use crate::tui::picker::Picker;
use crate::tui::run::{OutputPane, RunConfirmation};
use crate::tui::runbook::RunbookPane;
use crate::tui::timeline::TimelineSearch;
use crate::tui::workspace::Switching;

/// The mode of the panes: the overlay that receives the keys.
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
    /// A change or a problem that a record names.
    Linked(Box<LinkedPage>),
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
    /// A question before the viewer is put on call, or not any more.
    ConfirmStandIn(Box<StandInQuestion>),
    /// The output of a program.
    Output(OutputPane),
    /// The commands in the outbox.
    Outbox(Box<OutboxPane>),
    /// A runbook and its steps.
    Runbook(Box<RunbookPane>),
    /// A filter that is being typed.
    Filter(Box<FilterLine>),
    /// The goto menu.
    Goto(Goto),
    /// The search of the timeline, while its text is typed.
    TimelineSearch(TimelineSearch),
    /// Waiting for pending commands before the program ends.
    Quitting,
    /// Switching to another workspace.
    Switching(Box<Switching>),
}
