//! The state of the panes.

mod pane;
mod reading;

pub use pane::{Metrics, Pane, Span};
pub use reading::{LoadedIncident, Reading, TimelineInputs};

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Offset, TimeDelta, Utc};
use crossterm::event::KeyEvent;

use crate::backend::{BackendError, Capabilities};
use crate::config::PanesSettings;
use crate::model::command::CommandKind;
use crate::model::directory::Directory;
use crate::model::problem::Problem;
use crate::model::{CommandId, IncidentId, PersonRef, Rules, Summary};
use crate::sync::drafts::Draft;
use crate::sync::remote::{OutboxEntry, OutboxSnapshot, Remote};
use crate::sync::{ConnectionState, GRACE, LONG_POLL_TIMEOUT, Snapshot};

use super::Options;
use super::action::Action;
use super::keymap::Keymap;
use super::layout::{self, Layout};
use super::mode::Mode;
use super::plan::{Batch, Target, Undo};
use super::queue::Queue;
use super::run::{Run, Runbooks, TimeTravel};
use super::theme::Theme;
use super::wall::Wall;
use super::workspaces::{Workspace, WorkspaceId};
use super::zone::{Clock, OffsetChange, Zone};

/// A command on its way.
#[derive(Clone, Debug)]
pub struct PendingCommand {
    /// Which command.
    pub id: CommandId,
    /// Its target.
    pub incident: IncidentId,
    /// The target's number, for messages.
    pub label: String,
    /// What is asked.
    pub verb: CommandKind,
    /// What it was sent with.
    pub batch: u64,
    /// Whether it has failed and is tried again.
    pub retrying: bool,
    /// It is in the outbox, on the disk: nobody needs to wait for it.
    pub enqueued: bool,
    /// The outbox was asked what became of it.
    pub lookup_in_flight: bool,
}

/// When what is shown was read, where it was kept on this machine from before.
#[derive(Clone, Debug, Default)]
pub struct CachedAt {
    /// Incidents that were read.
    pub details: HashMap<IncidentId, DateTime<Utc>>,
    /// The measures.
    pub measures: Option<DateTime<Utc>>,
    /// The page of the history that is told next, by its number.
    pub history_page: Option<(u64, DateTime<Utc>)>,
    /// People, teams and services.
    pub directory: Option<DateTime<Utc>>,
}

/// A sentence on the keys line.
#[derive(Clone, Debug)]
pub struct Toast {
    /// What is told.
    pub text: String,
    /// It tells of a refusal or a failure.
    pub is_error: bool,
}

/// The last failure, for those who want to know more.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What was being done.
    pub operation: String,
    /// What was said.
    pub message: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What somebody is called to the screen for.
#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// The incidents that are known, and whether they are the viewer's; `None` until all of them
    /// have been read once.
    pub seen: Option<HashMap<IncidentId, bool>>,
    /// Those that the viewer has assigned or declared: that they change is no news.
    pub own_changes: HashSet<IncidentId>,
    /// There was a call a moment ago: what is to be told waits for the next one.
    pub throttled: bool,
    /// Numbers of those that wait.
    pub waiting: Vec<String>,
}

/// A verb that waits until the record of its target is read.
#[derive(Clone, Debug)]
pub struct DeferredVerb {
    /// The verb.
    pub action: Action,
    /// What it is about.
    pub target: Target,
    /// Keys pressed meanwhile: they are for what the verb opens.
    pub keys: Vec<KeyEvent>,
    /// It was read once, and had changed again by then.
    pub reloaded: bool,
}

/// The selection has gone from one incident to another that nobody chose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SelectionShift {
    /// What had been selected.
    pub previous_label: String,
    /// When what is selected now was drawn first.
    pub drawn_at: Option<DateTime<Utc>>,
}

/// How fresh the rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing is known yet.
    Loading,
    /// As it is now.
    Live,
    /// As it was when it was asked last; it is asked about every so often.
    Polling(std::time::Duration),
    /// No answer for so long, and no failure either.
    Stale(TimeDelta),
    /// Not answered since.
    Failing {
        /// The first failure.
        since: DateTime<Utc>,
        /// What it said.
        message: String,
        /// Until it is asked again.
        retry_in: TimeDelta,
    },
}

/// All of it.
#[allow(clippy::struct_excessive_bools, reason = "each is a state of its own")]
#[derive(Debug)]
pub struct App {
    /// Who looks and acts.
    pub me: PersonRef,
    /// The rules in force.
    pub rules: Rules,
    /// The place of work that is shown.
    pub workspace: Workspace,
    /// All that can be gone to, this one included.
    pub workspaces: Vec<Workspace>,
    /// What tells a program the same place.
    pub variables: Vec<(&'static str, String)>,
    /// Nothing may be changed.
    pub read_only: bool,
    /// The folder where what is typed is kept.
    pub drafts_dir: Option<PathBuf>,
    /// What is set by the person.
    pub settings: PanesSettings,
    /// Settings that could not be used.
    pub warnings: Vec<String>,
    /// Colours and glyphs.
    pub theme: Theme,
    /// In which time zone times are shown.
    pub zone: Zone,
    /// As few bytes as can be: nothing that counts by itself, fewer frames.
    pub low_bandwidth: bool,
    /// Whom there is something to call for.
    pub attention: Attention,
    /// What the keys do.
    pub keymap: Keymap,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The time that the panes show.
    pub now: DateTime<Utc>,
    /// The viewer's distance from UTC.
    pub offset: FixedOffset,
    /// When that changes next, where it is known to.
    pub offset_change: Option<OffsetChange>,
    /// The backend's name and what it can do.
    pub capabilities: Option<Capabilities>,
    /// How it stands with the backend.
    pub connection: ConnectionState,
    /// When it answered last, in this run or before.
    pub answered_at: Option<DateTime<Utc>>,
    /// The clock has jumped since: until it answers again, what is shown counts as stale.
    pub clock_jumped: bool,
    /// What is kept of the backend on this machine, for whoever runs effects.
    pub remote: Option<Arc<Remote>>,
    /// What is on its way to it; `None` where there is no outbox.
    pub outbox: Option<Arc<OutboxSnapshot>>,
    /// When what is shown was read, where it was kept from before.
    pub cached_at: CachedAt,
    /// People and on-call.
    pub directory: Option<Arc<Directory>>,
    /// What the rows are made of.
    pub snapshot: Option<Arc<Snapshot>>,
    /// The queue.
    pub queue: Queue,
    /// Detail and timeline.
    pub reading: Reading,
    /// Metrics.
    pub metrics: Metrics,
    /// The pane that keys go to.
    pub focus: Pane,
    /// The pane that is shown where panes share a place as tabs.
    pub tab: Pane,
    /// The pane in focus fills the screen.
    pub zoomed: bool,
    /// What lies over the panes.
    pub mode: Mode,
    /// The number that may be jumped to follows at once.
    pub jump_armed: bool,
    /// Incidents that verbs are about, where any are marked.
    pub marked: HashSet<IncidentId>,
    /// A verb that waits until the record of its target is read.
    pub deferred_verb: Option<DeferredVerb>,
    /// The selection has moved by itself, and nobody has had the time to see it.
    pub selection_shift: Option<SelectionShift>,
    /// How many keys were pressed: what was asked for is not brought to the front any more once
    /// somebody has gone on.
    pub key_count: u64,
    /// How many there were when a number was looked for.
    pub jump_seq: u64,
    /// Commands on their way.
    pub pending: Vec<PendingCommand>,
    /// What was sent together, until all of it has settled.
    pub batches: Vec<Batch>,
    /// The number of the last batch.
    pub last_batch: u64,
    /// What takes the last action back, while it can be.
    pub undo: Option<Undo>,
    /// Lines that the command palette has carried out, the last one first.
    pub palette_history: Vec<String>,
    /// What was typed and not sent, the last one first.
    pub drafts: Vec<Draft>,
    /// The template of the stakeholder update that is written.
    pub template_index: usize,
    /// Known problems, the last one first, once they were asked for.
    pub problems: Option<Vec<Problem>>,
    /// The runbooks, once the folder was read.
    pub runbooks: Option<Runbooks>,
    /// Programs that were run, the last one last.
    pub runs: Vec<Run>,
    /// The number of the last one.
    pub last_run: u64,
    /// When the end was asked for while programs ran.
    pub quit_armed_at: Option<DateTime<Utc>>,
    /// The incident that is read, as it was.
    pub travel: Option<TimeTravel>,
    /// When the last command settled.
    pub last_settled_at: Option<DateTime<Utc>>,
    /// What was told last.
    pub toast: Option<Toast>,
    /// The number of the last toast.
    pub toast_seq: u64,
    /// The last failure.
    pub failure: Option<Failure>,
    /// When the last incident ended, once known.
    pub last_ended: Option<Option<DateTime<Utc>>>,
    /// The wall display, while it is shown.
    pub wall: Option<Box<Wall>>,
}

impl App {
    /// The state before anything is known.
    #[must_use]
    pub fn new(options: Options, theme: Theme, now: DateTime<Utc>) -> Self {
        Self {
            me: options.me,
            rules: options.rules,
            workspace: options.workspace,
            workspaces: options.workspaces,
            variables: options.variables,
            read_only: options.read_only,
            drafts_dir: options.drafts_dir,
            warnings: options.warnings,
            theme,
            keymap: Keymap::with_bindings(&options.settings.keys).0,
            zone: options.settings.appearance.zone,
            low_bandwidth: options.settings.appearance.low_bandwidth,
            settings: options.settings,
            attention: Attention::default(),
            size: (80, 24),
            now,
            offset: Utc.fix(),
            offset_change: None,
            capabilities: None,
            connection: ConnectionState::Loading,
            answered_at: None,
            clock_jumped: false,
            remote: options.remote,
            outbox: None,
            cached_at: CachedAt::default(),
            directory: None,
            snapshot: None,
            queue: Queue::default(),
            reading: Reading::default(),
            metrics: Metrics {
                span: Span::Week,
                loaded: None,
                loaded_at: None,
                loading: false,
                outdated: false,
                failed: None,
                lines: Vec::new(),
                top: 0,
            },
            focus: Pane::Queue,
            tab: Pane::Detail,
            zoomed: false,
            mode: Mode::Panes,
            jump_armed: false,
            marked: HashSet::new(),
            deferred_verb: None,
            selection_shift: None,
            key_count: 0,
            jump_seq: 0,
            pending: Vec::new(),
            batches: Vec::new(),
            last_batch: 0,
            undo: None,
            palette_history: Vec::new(),
            drafts: Vec::new(),
            template_index: 0,
            problems: None,
            runbooks: None,
            runs: Vec::new(),
            last_run: 0,
            quit_armed_at: None,
            travel: None,
            last_settled_at: None,
            toast: None,
            toast_seq: 0,
            failure: None,
            last_ended: None,
            wall: None,
        }
    }

    /// Where everything is at the present size.
    #[must_use]
    pub fn layout(&self) -> Layout {
        layout::compute(self.size, self.focus, self.tab, self.zoomed)
    }

    /// How times are shown.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock::new(self.zone, self.offset).with_change(self.offset_change)
    }

    /// The selected row.
    #[must_use]
    pub fn selected(&self) -> Option<&Summary> {
        self.queue.row_at(self.queue.index).map(|row| &*row.summary)
    }

    /// The screen was drawn: what is selected can be seen from now on.
    pub fn mark_drawn(&mut self, at: DateTime<Utc>) {
        if let Some(moved) = &mut self.selection_shift {
            moved.drawn_at.get_or_insert(at);
        }
    }

    /// Whether only the metrics are on the screen, and nothing of any incident is.
    #[must_use]
    pub fn shows_only_metrics(&self) -> bool {
        self.focus == Pane::Metrics
            && self.layout().slots.iter().all(|place| place.pane == Pane::Metrics)
    }

    /// The incident that a verb is about now: the one being read where that has the focus. One that
    /// is not on the screen is none.
    #[must_use]
    pub fn target(&self) -> Option<&Summary> {
        if self.shows_only_metrics() {
            return None;
        }
        match (self.focus, self.reading.target) {
            (Pane::Detail | Pane::Timeline, Some(id)) => self.row(id).or_else(|| {
                let shown = self.reading.shown.as_ref().filter(|shown| shown.id == id);
                shown.map(|shown| &shown.detail.incident.summary)
            }),
            _ => self.selected(),
        }
    }

    /// The row of an incident, where it is in the queue or hidden from it.
    #[must_use]
    pub fn row(&self, id: IncidentId) -> Option<&Summary> {
        let selected = self.selected().filter(|row| row.id == id);
        let rows = self.queue.rows.iter().map(|row| &*row.summary);
        let hidden = self.snapshot.iter().flat_map(|s| &s.rows).map(|row| &**row);
        selected.or_else(|| rows.chain(hidden).find(|row| row.id == id))
    }

    /// The program whose output is on the screen.
    #[must_use]
    pub fn shown_run(&self) -> Option<&Run> {
        match &self.mode {
            Mode::Output(pane) => self.runs.iter().find(|run| run.id == pane.id),
            _ => None,
        }
    }

    /// What the place of work is called: by its profile, or as its backend calls itself. Not yet
    /// safe to show; `None` while nothing is known of it.
    #[must_use]
    pub fn workspace_name(&self) -> Option<&str> {
        match &self.workspace.id {
            WorkspaceId::Profile(name) => Some(name),
            WorkspaceId::Initial => self.capabilities.as_ref().map(|known| known.name.as_str()),
        }
    }

    /// Whether a command about an incident is on its way.
    #[must_use]
    pub fn is_pending(&self, id: IncidentId) -> bool {
        self.pending.iter().any(|pending| pending.incident == id)
            || self.outbox.as_ref().is_some_and(|outbox| outbox.has_pending(id))
    }

    /// Whether a command is in the outbox and has no answer yet.
    #[must_use]
    pub fn is_command_pending(&self, command: CommandId) -> bool {
        self.outbox
            .as_ref()
            .is_some_and(|outbox| outbox.get(command).is_some_and(|entry| entry.is_pending()))
    }

    /// The command that is selected in the outbox.
    #[must_use]
    pub fn selected_entry(&self) -> Option<&Arc<OutboxEntry>> {
        let (Mode::Outbox(pane), Some(outbox)) = (&self.mode, &self.outbox) else { return None };
        pane.selected(outbox)
    }

    /// Whether the backend is a remote one that can't be reached.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        let unreachable = |error: &BackendError| matches!(error, BackendError::Unreachable(_));
        self.outbox.is_some()
            && matches!(&self.connection, ConnectionState::Failing { error, .. } if unreachable(error))
    }

    /// As of when the rows are, where that is not now: they were kept from before, or a remote does
    /// not answer.
    #[must_use]
    pub fn rows_as_of(&self) -> Option<DateTime<Utc>> {
        let fresh = matches!(self.freshness(), Freshness::Live | Freshness::Polling(_));
        self.answered_at.filter(|_| self.outbox.is_some() && !fresh)
    }

    /// As of when an incident is shown, where that is not now.
    #[must_use]
    pub fn detail_as_of(&self, id: IncidentId) -> Option<DateTime<Utc>> {
        self.cached_at.details.get(&id).copied().or_else(|| self.rows_as_of())
    }

    /// As of when the measures are, where that is not now.
    #[must_use]
    pub fn measures_as_of(&self) -> Option<DateTime<Utc>> {
        self.metrics.loaded.as_ref()?;
        let loaded_at = self.metrics.loaded_at.filter(|_| self.rows_as_of().is_some());
        self.cached_at.measures.or(loaded_at)
    }

    /// A time for "as of": with its date where that is not today.
    #[must_use]
    pub fn as_of(&self, at: DateTime<Utc>) -> String {
        let clock = self.clock();
        let (day, today) = (clock.local_time(at).date(), clock.local_time(self.now).date());
        if day == today {
            format!("as of {}", clock.hh_mm(at))
        } else {
            format!("as of {} {}", day.format("%m-%d"), clock.hh_mm(at))
        }
    }

    /// How fresh the rows are.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        match &self.connection {
            ConnectionState::Loading => Freshness::Loading,
            ConnectionState::Live { at } => {
                let silent = self.now - *at;
                if self.clock_jumped
                    || silent
                        > TimeDelta::from_std(LONG_POLL_TIMEOUT + GRACE)
                            .unwrap_or(TimeDelta::seconds(30))
                {
                    Freshness::Stale(silent)
                } else {
                    Freshness::Live
                }
            }
            ConnectionState::Polling { at, every } => {
                let silent = self.now - *at;
                if self.clock_jumped || silent > max_poll_silence(*every) {
                    Freshness::Stale(silent)
                } else {
                    Freshness::Polling(*every)
                }
            }
            ConnectionState::Failing { since, error, retry_at } => Freshness::Failing {
                since: *since,
                message: error.to_string(),
                retry_in: *retry_at - self.now,
            },
        }
    }

    /// Who is on call for the viewer's team, or else for the first team, with the team's name
    /// where it is not the viewer's.
    #[must_use]
    pub fn on_call(&self) -> Option<(Option<&str>, &PersonRef)> {
        let directory = self.directory.as_deref()?;
        let mine = directory
            .teams
            .iter()
            .filter(|team| team.members.contains(&self.me.handle))
            .find_map(|team| directory.on_call(&team.name, self.now));
        mine.map(|person| (None, person)).or_else(|| {
            directory.schedules.iter().find_map(|schedule| {
                let person = directory.on_call(&schedule.team, self.now)?;
                Some((Some(schedule.team.as_str()), person))
            })
        })
    }

    /// When the picture changes by itself next: at the full minute, when an incident crosses a
    /// level, and each second while a wait is counted down; with low bandwidth, at the full minute
    /// only. At most 60 s away.
    #[must_use]
    pub fn next_tick(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if let Some(wall) = &self.wall {
            return wall.next_tick(self, now);
        }
        let second = now.timestamp();
        let minute = DateTime::from_timestamp(second - second.rem_euclid(60) + 60, 0);
        let minute = minute.unwrap_or(now + TimeDelta::minutes(1));
        if self.low_bandwidth {
            return minute;
        }
        let mut next = minute;
        if let Some(change) = self.queue.next_change {
            next = next.min(change);
        }
        match &self.connection {
            ConnectionState::Failing { .. } => next = next.min(now + TimeDelta::seconds(1)),
            ConnectionState::Live { at } => {
                let stale =
                    *at + TimeDelta::from_std(LONG_POLL_TIMEOUT + GRACE).unwrap_or_default();
                let due = if stale > now { stale } else { now + TimeDelta::seconds(5) };
                next = next.min(due + TimeDelta::milliseconds(1));
            }
            ConnectionState::Polling { at, every } => {
                let stale = *at + max_poll_silence(*every);
                let due = if stale > now { stale } else { now + TimeDelta::seconds(5) };
                next = next.min(due + TimeDelta::milliseconds(1));
            }
            ConnectionState::Loading => {}
        }
        next.max(now)
    }
}

/// Within this time what is asked every so often answers again, unless it does not.
pub(super) fn max_poll_silence(every: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(every.mul_f64(1.2) + GRACE).unwrap_or(TimeDelta::seconds(60))
}
