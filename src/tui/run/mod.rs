//! State of programs that run on incidents.

pub mod items;
pub mod layout;
pub mod matching;
pub mod output;
pub mod running;
pub mod update;
pub mod view;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::CommandId;
use crate::model::text::SafeText;
use crate::model::time::format_precise_duration;

use crate::tui::run::output::CapturedOutput;
use crate::tui::verb::target::Target;

/// Identifies a run within this process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RunId(pub u64);

/// A program to be started directly, without a shell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgramSpec {
    /// The run that the program is started for.
    pub id: RunId,
    /// Name or path of the program.
    pub program: String,
    /// The arguments, passed on unchanged.
    pub arguments: Vec<String>,
    /// Environment variables that are set for it, in addition to those of this process.
    pub variables: Vec<(&'static str, String)>,
    /// The time limit.
    pub timeout: Duration,
}

impl ProgramSpec {
    /// Returns the command line as it could be typed into a shell.
    #[must_use]
    pub fn command_line(&self) -> String {
        let parts = std::iter::once(&self.program).chain(&self.arguments);
        parts.map(|word| shell_quote(word)).collect::<Vec<_>>().join(" ")
    }
}

/// Quotes a word for a shell where that is necessary.
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
    /// It exited with this status.
    Exit(i32),
    /// It was ended by a signal that this program did not send.
    Signal(i32),
    /// The person stopped it.
    Stopped,
    /// It was stopped because its timeout had elapsed.
    TimedOut,
    /// It could not be started, for this reason.
    NotStarted(String),
}

/// The programs that were started in these panes.
#[derive(Debug, Default)]
pub struct Runs {
    /// The programs, the latest last.
    pub list: Vec<Run>,
    /// The number of the latest run.
    pub last_id: u64,
}

/// A program that was started on an incident.
#[derive(Clone, Debug)]
pub struct Run {
    /// Identifies the run within this process.
    pub id: RunId,
    /// The incident that it runs on.
    pub target: Target,
    /// The name of the custom command.
    pub name: SafeText<'static>,
    /// The command line as it could be typed into a shell.
    pub command_line: SafeText<'static>,
    /// The time limit.
    pub timeout: Duration,
    /// Whether its outcome is added to the timeline automatically.
    pub records_note: bool,
    /// The command that adds the outcome to the timeline, unless that command was refused.
    pub note_command: Option<CommandId>,
    /// When it was started.
    pub started_at: DateTime<Utc>,
    /// How and when it ended; `None` while it runs.
    pub ended: Option<(RunEnd, DateTime<Utc>)>,
    /// Whether a stop was requested.
    pub stopping: bool,
    /// Its output so far.
    pub output: CapturedOutput,
}

impl Run {
    /// Describes how it ended, or that it is still running.
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
            Some((RunEnd::NotStarted(reason), _)) => format!("not started: {reason}"),
        }
    }

    /// Returns the timeout, measured from the start.
    #[must_use]
    pub fn limit(&self) -> TimeDelta {
        TimeDelta::from_std(self.timeout).unwrap_or(TimeDelta::MAX)
    }

    /// Whether it runs, or exited with status 0.
    #[must_use]
    pub fn is_good(&self) -> bool {
        matches!(self.ended, None | Some((RunEnd::Exit(0), _)))
    }
}

/// A program that is started once the person has confirmed it.
#[derive(Clone, Debug)]
pub struct RunConfirmation {
    /// The incident that it would run on.
    pub target: Target,
    /// The name of the custom command.
    pub name: String,
    /// The program that would be started.
    pub spec: ProgramSpec,
    /// Whether its outcome is added to the timeline automatically.
    pub records_note: bool,
    /// First line on the screen.
    pub top: usize,
}

/// The popup that shows the output of a run.
#[derive(Clone, Debug)]
pub struct OutputPane {
    /// The run whose output is shown.
    pub id: RunId,
    /// The first row on the screen; `None` follows the end of the output.
    pub top: Option<usize>,
}
