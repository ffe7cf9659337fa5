//! Commands that run on incidents, and runbooks that are read: state.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::runbook::{RunbookHeader, RunbookPage};
use crate::model::text::sanitize;
use crate::model::time::format_precise_duration;
use crate::model::{CommandId, Incident, IncidentId};

use super::output::CapturedOutput;
use super::plan::Target;

/// Tells one run from another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunId(pub u64);

/// A program to be started: no shell stands in between.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgramSpec {
    /// Tells it from others.
    pub id: RunId,
    /// The program.
    pub program: String,
    /// Its arguments, each as it will arrive.
    pub arguments: Vec<String>,
    /// Variables that are set for it, besides those of this process.
    pub variables: Vec<(&'static str, String)>,
    /// When it is stopped.
    pub timeout: Duration,
}

impl ProgramSpec {
    /// The command line as it could be typed into a shell.
    #[must_use]
    pub fn command_line(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.arguments);
        words.map(|word| shell_quote(word)).collect::<Vec<_>>().join(" ")
    }
}

/// A word as a shell would have to be given it.
fn shell_quote(word: &str) -> String {
    let plain = |ch: char| ch.is_alphanumeric() || "-_./:=@%+,".contains(ch);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// How a program ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunEnd {
    /// By itself, with a status.
    Exit(i32),
    /// By a signal that was not sent from here.
    Signal(i32),
    /// It was stopped by hand.
    Stopped,
    /// It was stopped because its time was up.
    TimedOut,
    /// It could not be started.
    NotStarted(String),
}

/// A program that was started on an incident.
#[derive(Clone, Debug)]
pub struct Run {
    /// Tells it from others.
    pub id: RunId,
    /// The incident it is about.
    pub target: Target,
    /// The command's name, safe to show.
    pub name: String,
    /// The command line, safe to show.
    pub command_line: String,
    /// When it is stopped.
    pub timeout: Duration,
    /// What it leads to goes to the timeline by itself.
    pub records_note: bool,
    /// The command that puts it on the timeline, unless that was refused.
    pub note_command: Option<CommandId>,
    /// When it was started.
    pub started_at: DateTime<Utc>,
    /// How and when it ended.
    pub ended: Option<(RunEnd, DateTime<Utc>)>,
    /// It was asked to stop.
    pub stopping: bool,
    /// What it has written.
    pub output: CapturedOutput,
}

impl Run {
    /// How it ended, or that it goes on.
    #[must_use]
    pub fn outcome(&self) -> String {
        match &self.ended {
            None => "it goes on".into(),
            Some((RunEnd::Exit(code), _)) => format!("exit {code}"),
            Some((RunEnd::Signal(signal), _)) => format!("ended by signal {signal}"),
            Some((RunEnd::Stopped, _)) => "stopped".into(),
            Some((RunEnd::TimedOut, _)) => {
                format!("stopped after {}: its time was up", format_precise_duration(self.limit()))
            }
            Some((RunEnd::NotStarted(why), _)) => format!("not started: {}", sanitize(why)),
        }
    }

    /// When it is stopped, from its start.
    #[must_use]
    pub fn limit(&self) -> TimeDelta {
        TimeDelta::from_std(self.timeout).unwrap_or(TimeDelta::MAX)
    }

    /// Whether it did what it was asked to, as far as its status says.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self.ended, None | Some((RunEnd::Exit(0), _)))
    }
}

/// A program that is started once somebody has said yes.
#[derive(Clone, Debug)]
pub struct RunConfirmation {
    /// On which incident.
    pub target: Target,
    /// The command's name.
    pub name: String,
    /// What would be started.
    pub spec: ProgramSpec,
    /// What it leads to goes to the timeline by itself.
    pub records_note: bool,
    /// First line on the screen.
    pub top: usize,
}

/// What a program has written, on the screen.
#[derive(Clone, Debug)]
pub struct OutputPane {
    /// Which run.
    pub id: RunId,
    /// The first row on the screen; `None` for the end, whatever comes.
    pub top: Option<usize>,
}

/// The runbooks of the folder, or why there are none.
pub type Runbooks = Result<Arc<Vec<RunbookHeader>>, NoRunbooks>;

/// Why there are no runbooks, in a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoRunbooks {
    /// There is no such folder: nobody has put any there.
    NoFolder(String),
    /// It can't be read.
    Unreadable(String),
}

impl NoRunbooks {
    /// The sentence.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::NoFolder(why) | Self::Unreadable(why) => why,
        }
    }
}

/// A runbook on the screen.
#[derive(Clone, Debug)]
pub struct RunbookPane {
    /// The incident whose timeline takes the ticks.
    pub target: Target,
    /// Its name and what it is for.
    pub head: RunbookHeader,
    /// Its text, once it is read.
    pub page: Option<Arc<RunbookPage>>,
    /// The block that keys are about, among those that can be: steps and code.
    pub selected_block: Option<usize>,
    /// First line on the screen.
    pub top: usize,
    /// Steps that were ticked here, and the commands that say so.
    pub sent_ticks: Vec<(usize, CommandId)>,
}

/// An incident as it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimeTravel {
    /// Which.
    pub id: IncidentId,
    /// The last event that had happened.
    pub seq: u32,
    /// The record then, and the time of that event; `None` until the events before it are read.
    pub record: Option<(Arc<Incident>, DateTime<Utc>)>,
    /// The timeline is scrolled to the event.
    pub scroll_pending: bool,
}
