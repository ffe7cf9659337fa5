//! Application state of the terminal interface, and queries on it.

use std::borrow::Cow;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::directory::Directory;
use crate::model::filter::Filter;
use crate::model::{Actor, CommandId, IncidentId, PersonRef, Summary};
use crate::sync::remote::OutboxEntry;

use crate::tui::Options;
use crate::tui::action::keymap::Keymap;
use crate::tui::core::computed::{CommonInputs, Identity};
use crate::tui::core::freshness::Freshness;
use crate::tui::core::layout::{self, Layout, LayoutInputs};
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::core::state::connection::Connection;
use crate::tui::core::state::fetched::Fetched;
use crate::tui::core::state::forms::Forms;
use crate::tui::core::state::inflight::Inflight;
use crate::tui::core::state::notices::Notices;
use crate::tui::core::state::session::Session;
use crate::tui::core::state::ui::Ui;
use crate::tui::core::zone::Clock;
use crate::tui::follow::Follow;
use crate::tui::metrics::Metrics;
use crate::tui::notified::Notified;
use crate::tui::queue::Queue;
use crate::tui::reading::Reading;
use crate::tui::run::{Run, Runs};
use crate::tui::runbook::Runbooks;
use crate::tui::screens::Screens;
use crate::tui::theme::Theme;
use crate::tui::timeline::TimelineView;
use crate::tui::travel::TimeTravel;
use crate::tui::wall::Wall;
use crate::tui::workspace::WorkspaceId;

/// Application state; changed only by [`update`](crate::tui::update::update). What is computed from
/// it for the screen is brought up to date by [`prepare`](crate::tui::layout::prepare).
#[derive(Debug)]
pub struct App {
    /// The time as of which the panes are drawn.
    pub now: DateTime<Utc>,
    /// The viewer, the workspace, and the settings.
    pub session: Session,
    /// State of the screen and of the keyboard.
    pub ui: Ui,
    /// How the backend answers.
    pub connection: Connection,
    /// Data of the backend that belongs to no single pane.
    pub fetched: Fetched,
    /// Commands without an outcome yet, and state that depends on it.
    pub inflight: Inflight,
    /// Sentences for the viewer, and requests for the viewer's attention.
    pub notices: Notices,
    /// The state that forms remember between two openings.
    pub forms: Forms,
    /// State of the queue pane.
    pub queue: Queue,
    /// State of the detail and timeline panes.
    pub reading: Reading,
    /// The notifications about the visible incident.
    pub notified: Notified,
    /// The objects that the visible record names, and the records that the viewer came from.
    pub follow: Follow,
    /// Which events of the timeline are shown, and in which order.
    pub timeline: TimelineView,
    /// State of the metrics pane.
    pub metrics: Metrics,
    /// The runbooks, once the folder was read.
    pub runbooks: Option<Runbooks>,
    /// Programs that were started on incidents.
    pub runs: Runs,
    /// The past state of the incident that is read, while an earlier event is viewed.
    pub travel: Option<TimeTravel>,
    /// The list screen that is shown in place of the panes.
    pub screens: Screens,
    /// The wall display, while it is open.
    pub wall: Option<Box<Wall>>,
}

impl App {
    /// Creates the state before anything has been read. The keymap is that of the settings in
    /// `options`.
    #[must_use]
    pub fn new(options: Options, keymap: Keymap, theme: Theme, now: DateTime<Utc>) -> Self {
        Self {
            now,
            ui: Ui::new(&options.settings, keymap, theme),
            session: Session {
                me: options.me,
                rules: Arc::new(options.rules),
                workspace: options.workspace,
                workspaces: options.workspaces,
                variables: options.variables,
                read_only: options.read_only,
                has_errands: options.has_errands,
                drafts_dir: options.drafts_dir,
                settings: Arc::new(options.settings),
                warnings: options.warnings,
                remote: options.remote,
            },
            connection: Connection::default(),
            fetched: Fetched::default(),
            inflight: Inflight::default(),
            notices: Notices::default(),
            forms: Forms::default(),
            queue: Queue::default(),
            reading: Reading::default(),
            notified: Notified::default(),
            follow: Follow::default(),
            timeline: TimelineView::default(),
            metrics: Metrics::default(),
            runbooks: None,
            runs: Runs::default(),
            travel: None,
            screens: Screens::default(),
            wall: None,
        }
    }

    /// Returns where each pane is at the present size of the terminal.
    #[must_use]
    pub fn layout(&self) -> Layout {
        layout::compute(&LayoutInputs {
            size: self.ui.size,
            focus: self.ui.focus,
            tab: self.ui.tab,
            record: self.ui.record,
            // One pane at a time costs half as many bytes.
            zoomed: self.ui.zoomed || (self.ui.record && self.ui.low_bandwidth),
            has_urgent_line: !self.notices.urgent.waiting.is_empty(),
            queue: self.queue.needs(&self.session.settings.columns),
            queue_share: self.ui.queue_share,
        })
    }

    /// Returns the clock that formats times in the viewer's zone.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.ui.clock()
    }

    /// Returns the inputs of the lines about an incident and of the prechecks of verbs, besides the
    /// incident.
    #[must_use]
    pub fn common_inputs(&self) -> CommonInputs {
        CommonInputs {
            now: self.now,
            clock_correction: self.connection.clock_correction,
            clock: self.clock(),
            theme: self.ui.theme,
            me: self.session.me.clone(),
            read_only: self.session.read_only,
            keymap: Identity::new(&self.ui.keymap),
            rules: Identity::new(&self.session.rules),
            settings: Identity::new(&self.session.settings),
            capabilities: self.connection.capabilities.clone(),
            directory: self.fetched.directory.as_ref().map(Identity::new),
            runbooks: match &self.runbooks {
                Some(Ok(runbooks)) => Some(Identity::new(runbooks)),
                Some(Err(_)) | None => None,
            },
        }
    }

    /// Returns the selected row of the queue.
    #[must_use]
    pub fn selected(&self) -> Option<&Summary> {
        self.queue.row_at(self.queue.index).map(|row| &*row.summary)
    }

    /// Returns whether only the metrics are on the screen, and nothing of any incident.
    #[must_use]
    pub fn shows_only_metrics(&self) -> bool {
        self.ui.focus == Pane::Metrics
            && self.layout().slots.iter().all(|slot| slot.pane == Pane::Metrics)
    }

    /// Returns the incident that a verb acts on now: the one being read if detail or timeline has
    /// the focus, else the selected one. `None` if no incident is on the screen.
    #[must_use]
    pub fn target(&self) -> Option<&Summary> {
        if self.shows_only_metrics() || self.screens.shown().is_some() {
            return None;
        }
        match (self.ui.focus, self.reading.target) {
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
        let hidden = self.fetched.snapshot.iter().flat_map(|s| &s.rows).map(|row| &**row);
        selected.or_else(|| rows.chain(hidden).find(|row| row.id == id))
    }

    /// Returns the summary of an incident: of the record on the screen, or of a row.
    #[must_use]
    pub fn summary(&self, id: IncidentId) -> Option<&Summary> {
        let shown = self.reading.shown.as_ref().filter(|shown| shown.id == id);
        shown.map(|shown| &shown.detail.incident.summary).or_else(|| self.row(id))
    }

    /// Returns the position of the last known event of an incident: by its row, or as reported for
    /// an incident that has ended.
    #[must_use]
    pub fn last_seq(&self, id: IncidentId) -> Option<u32> {
        let reported = self.reading.reported.iter().find(|(reported, _)| *reported == id);
        self.row(id).map(|row| row.seq).max(reported.map(|(_, seq)| *seq))
    }

    /// Returns the run whose output is on the screen.
    #[must_use]
    pub fn shown_run(&self) -> Option<&Run> {
        match &self.ui.mode {
            Mode::Output(pane) => self.runs.list.iter().find(|run| run.id == pane.id),
            _ => None,
        }
    }

    /// Returns the name of the workspace: its profile's, or the one that its backend gives itself.
    /// `None` while nothing is known of it. Not yet sanitized.
    #[must_use]
    pub fn workspace_name(&self) -> Option<&str> {
        match &self.session.workspace.id {
            WorkspaceId::Profile(name) => Some(name),
            WorkspaceId::Initial => {
                self.connection.capabilities.as_ref().map(|capabilities| capabilities.name.as_str())
            }
        }
    }

    /// Returns whether a command about an incident has been sent and has no outcome yet.
    #[must_use]
    pub fn is_pending(&self, id: IncidentId) -> bool {
        self.inflight.is_pending(id)
    }

    /// Returns whether a command is in the outbox and has no answer yet.
    #[must_use]
    pub fn is_command_pending(&self, command: CommandId) -> bool {
        self.inflight.is_command_pending(command)
    }

    /// Returns the command that is selected in the outbox pane.
    #[must_use]
    pub fn selected_entry(&self) -> Option<&Arc<OutboxEntry>> {
        let (Mode::Outbox(pane), Some(outbox)) = (&self.ui.mode, &self.inflight.outbox) else {
            return None;
        };
        pane.selected(outbox)
    }

    /// Returns whether the backend is a remote one that can't be reached.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.inflight.outbox.is_some() && self.connection.is_unreachable()
    }

    /// Returns the time as of which the rows are true if that is not now: they come from the cache,
    /// or a remote does not answer.
    #[must_use]
    pub fn rows_as_of(&self) -> Option<DateTime<Utc>> {
        let fresh = matches!(self.freshness(), Freshness::Live | Freshness::Polling(_));
        self.connection.answered_at.filter(|_| self.inflight.outbox.is_some() && !fresh)
    }

    /// Returns the time as of which an incident's record is true if that is not now.
    #[must_use]
    pub fn detail_as_of(&self, id: IncidentId) -> Option<DateTime<Utc>> {
        let shown = self.reading.shown.as_ref().filter(|shown| shown.id == id);
        shown.and_then(|shown| shown.as_of).or_else(|| self.rows_as_of())
    }

    /// Returns a time of this machine's clock by the clock of the backend, which the times of
    /// incidents are by. Ages, waits and service levels are counted up to it.
    #[must_use]
    pub fn backend_time(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at.checked_add_signed(self.connection.clock_correction).unwrap_or(at)
    }

    /// Returns the present time by the clock of the backend.
    #[must_use]
    pub fn backend_now(&self) -> DateTime<Utc> {
        self.backend_time(self.now)
    }

    /// Returns a time of the backend's clock by the clock of this machine.
    #[must_use]
    pub fn machine_time(&self, at: DateTime<Utc>) -> DateTime<Utc> {
        at.checked_sub_signed(self.connection.clock_correction).unwrap_or(at)
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

    /// Returns a service for display: with a question mark if the directory has no such service.
    #[must_use]
    pub fn service_label<'a>(&self, name: &'a str) -> Cow<'a, str> {
        self.label(name, |directory| directory.service_label(name))
    }

    /// Returns a team for display: with a question mark if the directory has no such team.
    #[must_use]
    pub fn team_label<'a>(&self, name: &'a str) -> Cow<'a, str> {
        self.label(name, |directory| directory.team_label(name))
    }

    /// Returns the name of a person for display: with a question mark if the directory has people
    /// and nobody with this handle.
    #[must_use]
    pub fn person_label<'a>(&self, person: &'a PersonRef) -> Cow<'a, str> {
        self.label(&person.name, |directory| directory.person_label(person))
    }

    /// Returns the handle of a person for display: marked as [`Self::person_label`] does.
    #[must_use]
    pub fn handle_label<'a>(&self, person: &'a PersonRef) -> Cow<'a, str> {
        self.label(&person.handle, |directory| directory.handle_label(person))
    }

    /// Returns the name of an actor for display: a person as [`Self::person_label`] does.
    #[must_use]
    pub fn actor_label<'a>(&self, actor: &'a Actor) -> Cow<'a, str> {
        self.label(actor.name(), |directory| directory.actor_label(actor))
    }

    /// Returns the name as marked by the directory, or the plain name before the directory was
    /// read.
    fn label<'a>(
        &self,
        name: &'a str,
        label: impl FnOnce(&Directory) -> Cow<'a, str>,
    ) -> Cow<'a, str> {
        self.fetched.directory.as_deref().map_or(Cow::Borrowed(name), label)
    }

    /// Resolves each owner in a filter that is the handle of a person to that person alone: a
    /// person in the directory, or one who leads an open incident. Resolves dates to the current
    /// times, in the zone in which times are shown.
    pub fn resolve_filter(&self, filter: &mut Filter) {
        filter.resolve_dates(self.backend_now(), &self.clock());
        if !filter.names_owner() {
            return;
        }
        filter.resolve_owners(self.fetched.directory.iter().flat_map(|found| &found.people));
        let rows = self.fetched.snapshot.iter().flat_map(|snapshot| &snapshot.rows);
        filter.resolve_owners(rows.filter_map(|row| row.assignee.as_ref()));
    }

    /// Returns whether the store has nothing in it yet: no incident was ever declared.
    #[must_use]
    pub fn is_first_start(&self) -> bool {
        let snapshot = self.fetched.snapshot.as_ref();
        snapshot.is_some_and(|snapshot| snapshot.rows.is_empty())
            && self.fetched.last_ended == Some(None)
            && !self.queue.is_filtered()
    }

    /// Returns how fresh the rows are.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        self.connection.freshness(self.now)
    }

    /// Returns who is on call for the viewer's team, otherwise for the first team that has
    /// somebody; with the team's name if it is not the viewer's.
    #[must_use]
    pub fn on_call(&self) -> Option<(Option<&str>, &PersonRef)> {
        let directory = self.fetched.directory.as_deref()?;
        let mine = directory
            .teams
            .iter()
            .filter(|team| team.members.contains(&self.session.me.handle))
            .find_map(|team| directory.on_call(&team.name, self.backend_now()));
        mine.map(|person| (None, person)).or_else(|| {
            directory.schedules.iter().find_map(|schedule| {
                let person = directory.on_call(&schedule.team, self.backend_now())?;
                Some((Some(schedule.team.as_str()), person))
            })
        })
    }

    /// Returns when the screen next changes without input: at the full minute, when an incident
    /// crosses a level, and each second of a countdown; with low bandwidth, at the full minute
    /// only. At most 60 s ahead.
    #[must_use]
    pub fn next_tick(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        if let Some(wall) = &self.wall {
            return wall.next_tick(&self.connection.state, now);
        }
        let second = now.timestamp();
        let minute = DateTime::from_timestamp(second - second.rem_euclid(60) + 60, 0);
        let minute = minute.unwrap_or(now + TimeDelta::minutes(1));
        if self.ui.low_bandwidth {
            return minute;
        }
        let changes = [self.queue.next_change, self.connection.next_change(now)];
        changes.into_iter().flatten().fold(minute, DateTime::min).max(now)
    }
}
