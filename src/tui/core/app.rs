//! Application state of the terminal interface, and what can be read from it.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Offset, TimeDelta, Utc};
use crossterm::event::KeyEvent;

use crate::backend::{BackendError, Capabilities};
use crate::config::PanesSettings;
use crate::model::command::CommandKind;
use crate::model::directory::Directory;
use crate::model::filter::Filter;
use crate::model::problem::Problem;
use crate::model::{CommandId, IncidentId, PersonRef, Rules, Summary};
use crate::sync::drafts::Draft;
use crate::sync::remote::{OutboxEntry, OutboxSnapshot, Remote};
use crate::sync::{ConnectionState, GRACE, LONG_POLL_TIMEOUT, Snapshot};

use crate::tui::Options;
use crate::tui::action::Action;
use crate::tui::action::keymap::Keymap;
use crate::tui::core::freshness::{Freshness, max_poll_silence};
use crate::tui::core::layout;
use crate::tui::core::layout::Layout;
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::core::zone::{Clock, OffsetChange, Zone};
use crate::tui::metrics::{Metrics, Span};
use crate::tui::queue::Queue;
use crate::tui::reading::Reading;
use crate::tui::run::Run;
use crate::tui::runbook::Runbooks;
use crate::tui::theme::Theme;
use crate::tui::travel::TimeTravel;
use crate::tui::undo::Undo;
use crate::tui::verb::batch::Batch;
use crate::tui::verb::target::Target;
use crate::tui::wall::Wall;
use crate::tui::workspace::{Workspace, WorkspaceId};

/// A command that was sent from these panes and has no outcome yet.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Debug)]
pub struct PendingCommand {
    pub id: CommandId,
    pub incident: IncidentId,
    /// Number of the target, for messages to the person.
    pub label: String,
    pub verb: CommandKind,
    /// Number of the batch that it was sent in.
    pub batch: u64,
    /// Whether an attempt has failed and the command is being retried.
    pub retrying: bool,
    /// Whether the command is in the outbox, on disk: nobody needs to wait for it.
    pub enqueued: bool,
    /// Whether the outbox was asked for the outcome of this command and has not answered yet.
    pub lookup_in_flight: bool,
}

/// A sentence that is shown on the keys line for a few seconds.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Debug)]
pub struct Toast {
    pub text: String,
    /// Whether the sentence reports a refusal or a failure.
    pub is_error: bool,
}

/// The last failure, for the popup that shows its details.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Debug)]
pub struct Failure {
    /// What was being done when it failed, as in "reading INC-2041".
    pub operation: String,
    /// The error in full, possibly of several lines.
    pub message: String,
    pub at: DateTime<Utc>,
}

/// Incidents for which the viewer's attention is requested (bell or desktop message).
#[derive(Clone, Debug, Default)]
pub struct Attention {
    /// The open incidents seen so far, each with whether it is assigned to the viewer. `None` until
    /// all of them have been read once.
    pub seen: Option<HashMap<IncidentId, bool>>,
    /// Incidents that the viewer assigned to themselves or declared: these changes need no
    /// attention.
    pub own_changes: HashSet<IncidentId>,
    /// Whether attention was requested a moment ago: further requests are collected until the
    /// throttle ends.
    pub throttled: bool,
    /// Numbers of the incidents collected for the next request.
    pub waiting: Vec<String>,
}

/// What a person has typed while a deferred verb waits.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Debug)]
pub enum BufferedInput {
    Key(KeyEvent),
    Paste(String),
}

/// A verb that starts as soon as the record of its target has been read.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Debug)]
pub struct DeferredVerb {
    pub action: Action,
    pub target: Target,
    /// What was typed in the meantime: it is for what the verb opens.
    pub input: Vec<BufferedInput>,
    /// Whether the record was read once and had changed again by then, so that it is read a second
    /// time.
    pub reloaded: bool,
}

/// Records that the selection moved to another incident without anybody choosing it, because the
/// selected one left the queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SelectionShift {
    /// Number of the incident that had been selected.
    pub previous_label: String,
    /// When the new selection was first drawn; `None` until then.
    pub drawn_at: Option<DateTime<Utc>>,
}

/// Application state; changed only by [`update`](crate::tui::update::update).
#[allow(clippy::struct_excessive_bools, reason = "each is a state of its own")]
#[derive(Debug)]
pub struct App {
    /// The viewer: whoever sees the screen and in whose name commands are sent.
    pub me: PersonRef,
    /// The rules in force: matrix, service levels and the like.
    pub rules: Rules,
    /// The workspace that the panes show.
    pub workspace: Workspace,
    /// All workspaces that can be switched to, this one included.
    pub workspaces: Vec<Workspace>,
    /// Environment variables that let a program started from the panes use the same workspace.
    pub variables: Vec<(&'static str, String)>,
    /// Whether commands are forbidden.
    pub read_only: bool,
    /// The folder where drafts are stored.
    pub drafts_dir: Option<PathBuf>,
    /// The person's settings of the panes.
    pub settings: PanesSettings,
    /// Sentences about settings that could not be used.
    pub warnings: Vec<String>,
    /// Colours and glyphs of the current theme.
    pub theme: Theme,
    /// The time zone in which times are shown.
    pub zone: Zone,
    /// Whether to save bytes: no counters that run by themselves, fewer frames.
    pub low_bandwidth: bool,
    /// Incidents for which the viewer's attention is requested.
    pub attention: Attention,
    /// The keys of each layer and their actions.
    pub keymap: Keymap,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The time as of which the panes are drawn.
    pub now: DateTime<Utc>,
    /// The viewer's offset from UTC.
    pub offset: FixedOffset,
    /// The next change of that offset, where one is known (summer time).
    pub offset_change: Option<OffsetChange>,
    /// The backend's name and what it supports; `None` until it has answered.
    pub capabilities: Option<Capabilities>,
    /// State of the connection to the backend.
    pub connection: ConnectionState,
    /// When the backend last answered, in this run or an earlier one.
    pub answered_at: Option<DateTime<Utc>>,
    /// Whether the clock has jumped since the last answer: until the next one, the rows count as
    /// stale.
    pub clock_jumped: bool,
    /// The cache and outbox of a remote backend on this machine, for the task that runs effects.
    pub remote: Option<Arc<Remote>>,
    /// The commands in the outbox; `None` where there is no outbox.
    pub outbox: Option<Arc<OutboxSnapshot>>,
    /// People, teams, services and on-call schedules.
    pub directory: Option<Arc<Directory>>,
    /// When the directory was fetched, if it comes from the cache.
    pub directory_as_of: Option<DateTime<Utc>>,
    /// The open incidents as the poller last published them; the rows are derived from them.
    pub snapshot: Option<Arc<Snapshot>>,
    /// State of the queue pane.
    pub queue: Queue,
    /// State of the detail and timeline panes.
    pub reading: Reading,
    /// State of the metrics pane.
    pub metrics: Metrics,
    /// The pane that keys go to.
    pub focus: Pane,
    /// The pane in front where panes share one area as tabs.
    pub tab: Pane,
    /// Whether the focused pane fills the screen.
    pub zoomed: bool,
    /// What is open on top of the panes, if anything.
    pub mode: Mode,
    /// Whether the last key was the one that goes to the top: a digit right after it starts a
    /// number to jump to.
    pub jump_armed: bool,
    /// The incidents that are marked; verbs act on them, where there are any.
    pub marked: HashSet<IncidentId>,
    /// A verb that starts as soon as the record of its target has been read.
    pub deferred_verb: Option<DeferredVerb>,
    /// Set when the selection moved by itself and the viewer has not had the time to see it.
    pub selection_shift: Option<SelectionShift>,
    /// An action that was chosen in the command palette: the dispatcher performs it right after
    /// the message that chose it.
    pub requested_action: Option<Action>,
    /// How many keys were pressed so far. An answer that was requested at an earlier count is not
    /// brought to the front: the person has gone on to something else.
    pub key_count: u64,
    /// The key count at which an incident was last looked up by its number.
    pub jump_seq: u64,
    /// Commands that were sent and have no outcome yet.
    pub pending: Vec<PendingCommand>,
    /// Commands that were sent together, until all of them have settled.
    pub batches: Vec<Batch>,
    /// The number of the last batch.
    pub last_batch: u64,
    /// How to undo the last action, while that is possible.
    pub undo: Option<Undo>,
    /// Lines that were run from the command palette, the latest first.
    pub palette_history: Vec<String>,
    /// Forms that were filled in and not sent, the latest first.
    pub drafts: Vec<Draft>,
    /// Index of the template for the stakeholder update that is being written.
    pub template_index: usize,
    /// Recorded problems, the latest first; `None` until they have been requested and read.
    pub problems: Option<Vec<Problem>>,
    /// The runbooks, once the folder was read.
    pub runbooks: Option<Runbooks>,
    /// Programs that were started, the latest last.
    pub runs: Vec<Run>,
    /// The number of the latest run.
    pub last_run: u64,
    /// When the person asked to quit while programs ran: asking again quits.
    pub quit_armed_at: Option<DateTime<Utc>>,
    /// The past state of the incident that is read, while an earlier event is viewed.
    pub travel: Option<TimeTravel>,
    /// When the last command settled.
    pub last_settled_at: Option<DateTime<Utc>>,
    /// Refusals of the outbox that were reported: the command, and when it was refused.
    pub reported_refusals: HashSet<(CommandId, DateTime<Utc>)>,
    /// The sentence that is shown on the keys line.
    pub toast: Option<Toast>,
    /// The number of the latest toast, so that an old timer does not remove a new one.
    pub toast_seq: u64,
    /// The last failure, until another one replaces it.
    pub failure: Option<Failure>,
    /// When the last incident ended: `None` until looked up, `Some(None)` where none ever did.
    pub last_ended: Option<Option<DateTime<Utc>>>,
    /// The filter under which that was last looked up; `None` when it has to be looked up again.
    pub last_ended_requested_for: Option<Filter>,
    /// The wall display, while it is shown.
    pub wall: Option<Box<Wall>>,
}

impl App {
    /// Creates the state before anything has been read.
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
            directory: None,
            directory_as_of: None,
            snapshot: None,
            queue: Queue::default(),
            reading: Reading::default(),
            metrics: Metrics {
                span: Span::Week,
                loaded: None,
                as_of: None,
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
            requested_action: None,
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
            reported_refusals: HashSet::new(),
            toast: None,
            toast_seq: 0,
            failure: None,
            last_ended: None,
            last_ended_requested_for: None,
            wall: None,
        }
    }

    /// Returns where each pane is at the present size of the terminal.
    #[must_use]
    pub fn layout(&self) -> Layout {
        layout::compute(self.size, self.focus, self.tab, self.zoomed)
    }

    /// Returns the clock that formats times in the viewer's zone.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock::new(self.zone, self.offset).with_change(self.offset_change)
    }

    /// Returns the selected row of the queue.
    #[must_use]
    pub fn selected(&self) -> Option<&Summary> {
        self.queue.row_at(self.queue.index).map(|row| &*row.summary)
    }

    /// Records that the screen was drawn at `at`: the present selection can be seen from then on.
    pub fn mark_drawn(&mut self, at: DateTime<Utc>) {
        if let Some(shift) = &mut self.selection_shift {
            shift.drawn_at.get_or_insert(at);
        }
    }

    /// Returns whether only the metrics are on the screen, and nothing of any incident.
    #[must_use]
    pub fn shows_only_metrics(&self) -> bool {
        self.focus == Pane::Metrics
            && self.layout().slots.iter().all(|slot| slot.pane == Pane::Metrics)
    }

    /// Returns the incident that a verb acts on now: the one being read if detail or timeline has
    /// the focus, else the selected one. `None` if no incident is on the screen.
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

    /// Returns the row of an incident, whether the queue shows or hides it.
    #[must_use]
    pub fn row(&self, id: IncidentId) -> Option<&Summary> {
        let selected = self.selected().filter(|row| row.id == id);
        let rows = self.queue.rows.iter().map(|row| &*row.summary);
        let hidden = self.snapshot.iter().flat_map(|s| &s.rows).map(|row| &**row);
        selected.or_else(|| rows.chain(hidden).find(|row| row.id == id))
    }

    /// Returns the run whose output is on the screen.
    #[must_use]
    pub fn shown_run(&self) -> Option<&Run> {
        match &self.mode {
            Mode::Output(pane) => self.runs.iter().find(|run| run.id == pane.id),
            _ => None,
        }
    }

    /// Returns the name of the workspace: its profile's, or the one that its backend gives itself.
    /// `None` while nothing is known of it. Not yet sanitized.
    #[must_use]
    pub fn workspace_name(&self) -> Option<&str> {
        match &self.workspace.id {
            WorkspaceId::Profile(name) => Some(name),
            WorkspaceId::Initial => {
                self.capabilities.as_ref().map(|capabilities| capabilities.name.as_str())
            }
        }
    }

    /// Returns whether a command about an incident has been sent and has no outcome yet.
    #[must_use]
    pub fn is_pending(&self, id: IncidentId) -> bool {
        self.pending.iter().any(|pending| pending.incident == id)
            || self.outbox.as_ref().is_some_and(|outbox| outbox.has_pending(id))
    }

    /// Returns whether a command is in the outbox and has no answer yet.
    #[must_use]
    pub fn is_command_pending(&self, command: CommandId) -> bool {
        self.outbox
            .as_ref()
            .is_some_and(|outbox| outbox.get(command).is_some_and(|entry| entry.is_pending()))
    }

    /// Returns the command that is selected in the outbox pane.
    #[must_use]
    pub fn selected_entry(&self) -> Option<&Arc<OutboxEntry>> {
        let (Mode::Outbox(pane), Some(outbox)) = (&self.mode, &self.outbox) else { return None };
        pane.selected(outbox)
    }

    /// Returns whether the backend is a remote one that can't be reached.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        let unreachable = |error: &BackendError| matches!(error, BackendError::Unreachable(_));
        self.outbox.is_some()
            && matches!(
                &self.connection,
                ConnectionState::Failing { error, .. } if unreachable(error)
            )
    }

    /// Returns the time as of which the rows are true if that is not now: they come from the cache,
    /// or a remote does not answer.
    #[must_use]
    pub fn rows_as_of(&self) -> Option<DateTime<Utc>> {
        let fresh = matches!(self.freshness(), Freshness::Live | Freshness::Polling(_));
        self.answered_at.filter(|_| self.outbox.is_some() && !fresh)
    }

    /// Returns the time as of which an incident's record is true if that is not now.
    #[must_use]
    pub fn detail_as_of(&self, id: IncidentId) -> Option<DateTime<Utc>> {
        let shown = self.reading.shown.as_ref().filter(|shown| shown.id == id);
        shown.and_then(|shown| shown.as_of).or_else(|| self.rows_as_of())
    }

    /// Returns the time as of which the measures are true if that is not now.
    #[must_use]
    pub fn measures_as_of(&self) -> Option<DateTime<Utc>> {
        self.metrics.loaded.as_ref()?;
        let loaded_at = self.metrics.loaded_at.filter(|_| self.rows_as_of().is_some());
        self.metrics.as_of.or(loaded_at)
    }

    /// Formats a time for "as of", with its date if that is not today.
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

    /// Returns how fresh the rows are.
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

    /// Returns who is on call for the viewer's team, or else for the first team that has somebody;
    /// with the team's name if it is not the viewer's.
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

    /// Returns when the screen next changes by itself: at the full minute, when an incident crosses
    /// a level, and each second while a wait is counted down; with low bandwidth, at the full
    /// minute only. At most 60 s ahead.
    #[must_use]
    pub fn next_tick(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if let Some(wall) = &self.wall {
            return wall.next_tick(&self.connection, now);
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
