//! Whether actions apply to the present state, and why not.

use crate::model::directory::Directory;
use crate::model::measures::sheet::Page;
use crate::model::oncall::Schedule;
use crate::tui::action::{Action, Condition, Entry, Layer, READ_ONLY};
use crate::tui::alerts::shown_list;
use crate::tui::core::app::App;
use crate::tui::core::layout::{Frame, has_two_columns};
use crate::tui::core::mode::Mode;
use crate::tui::core::pane::Pane;
use crate::tui::follow_up::selected_action_item;
use crate::tui::maintenance::selected_window;
use crate::tui::metrics::pages::request::{is_on_map, is_page};
use crate::tui::oncall::stand_in::{open_covers, selected_team};
use crate::tui::problems::shown_problem;
use crate::tui::screens::ScreenKind;
use crate::tui::services::selected_service;
use crate::tui::similar::hint;
use crate::tui::{contacts, follow, runbook, screens};

/// Returns the layer of the present state.
#[must_use]
pub fn current_layer(app: &App) -> Layer {
    if app.wall.is_some() {
        return Layer::Wall;
    }
    match &app.ui.mode {
        Mode::Panes if app.screens.is_typing() => Layer::ScreenFilter,
        Mode::Panes if app.screens.shown().is_some() => Layer::Screen,
        Mode::Panes => Layer::Panes,
        Mode::Failure(_) | Mode::Results(_) | Mode::Linked(_) => Layer::Popup,
        Mode::Help(_) => Layer::Help,
        Mode::Palette(_) => Layer::Palette,
        Mode::Form(form) if form.confirm_discard => Layer::ConfirmDiscard,
        Mode::Form(_) => Layer::Form,
        Mode::Pick(_) => Layer::Pick,
        Mode::Confirm(_) | Mode::ConfirmRun(_) | Mode::ConfirmStandIn(_) => Layer::Confirm,
        Mode::Runbook(_) => Layer::Runbook,
        Mode::Output(_) => Layer::Output,
        Mode::Outbox(pane) if pane.confirm_drop.is_some() => Layer::Confirm,
        Mode::Outbox(_) => Layer::Outbox,
        Mode::Matrix(_) => Layer::Matrix,
        Mode::Filter(_) => Layer::Filter,
        Mode::Goto(_) => Layer::Goto,
        Mode::TimelineSearch(_) => Layer::Search,
        Mode::Switching(_) => Layer::Switching,
        Mode::Quitting => Layer::Quitting,
    }
}

impl Condition {
    /// Returns whether the condition holds.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table with a row for each condition")]
    pub fn holds(self, app: &App) -> bool {
        match self {
            Self::Always => true,
            Self::GotoOpen => matches!(app.ui.mode, Mode::Goto(_)),
            Self::HasOutbox => app.inflight.outbox.is_some(),
            Self::HasItem => {
                app.screens.shown().is_some_and(|screen| screen.selected_item().is_some())
            }
            Self::ListsAlerts => {
                let shown = shown_list(&app.screens);
                shown.is_some_and(|screen| screen.selected_item().is_some())
            }
            Self::ListsContacts => contacts::shown(app).is_some(),
            Self::HasContact => contacts::selected(app).is_some(),
            Self::MaintenanceScreen => {
                let shown = app.screens.shown();
                shown.is_some_and(|screen| screen.kind == ScreenKind::Maintenance)
            }
            Self::ListsMaintenance => selected_window(&app.screens).is_some(),
            Self::ProblemScreen => match app.screens.shown() {
                Some(screen) => matches!(
                    screen.kind,
                    ScreenKind::Problems
                        | ScreenKind::Problem
                        | ScreenKind::FaultGroup
                        | ScreenKind::Similar
                ),
                None => app.ui.focus == Pane::Metrics && app.metrics.page == Page::Recurring,
            },
            Self::ListsProblem => shown_problem(&app.screens).is_some(),
            Self::HasHint => app.travel.is_none() && hint::first(app).is_some(),
            Self::UnknownService => selected_service(&app.screens).is_some(),
            Self::ListsActionItems => selected_action_item(&app.screens).is_some(),
            Self::OnCallTeam => selected_team(&app.screens).is_some(),
            Self::CanStandIn => {
                let viewer = Some(app.session.me.handle.as_str());
                let schedule = shown_schedule(app);
                schedule.is_some_and(|(_, schedule)| schedule.on_call(app.backend_now()) != viewer)
            }
            Self::StandsIn => {
                let (directory, now) = (app.fetched.directory.as_deref(), app.backend_now());
                selected_team(&app.screens)
                    .and_then(|team| directory?.schedule_of(team)?.override_at(now))
                    .is_some_and(|span| span.person == app.session.me.handle)
            }
            Self::HasShift => {
                let viewer = app.session.me.handle.as_str();
                let schedule = shown_schedule(app);
                schedule.is_some_and(|(_, schedule)| schedule.people().contains(&viewer))
                    && !Self::WantsCover.holds(app)
            }
            Self::CanCover | Self::WantsCover => {
                let viewer = &app.session.me.handle;
                shown_schedule(app).is_some_and(|(directory, schedule)| {
                    open_covers(directory, schedule, app.backend_now()).any(|cover| {
                        let is_own = cover.person == *viewer;
                        let is_answered = !is_own && cover.is_declined_by(viewer);
                        is_own == (self == Self::WantsCover) && !is_answered
                    })
                })
            }
            Self::HasSpan => {
                let shown = app.screens.shown();
                shown.is_some_and(|screen| screens::registry::logic(screen.kind).has_steps())
            }
            Self::MeasuresPage => app.ui.focus == Pane::Metrics && is_page(app),
            Self::CanCopy => Self::MeasuresPage.holds(app) || Self::HasIncident.holds(app),
            // Behind a list screen no incident is in sight.
            Self::HasIncident | Self::QueueRow if app.screens.shown().is_some() => false,
            Self::HasIncident => app.target().is_some() || !app.ui.marked.is_empty(),
            Self::CanUndo => app.inflight.undo.is_some(),
            Self::HasDrafts => !app.forms.drafts.is_empty(),
            Self::HasMarks => !app.ui.marked.is_empty(),
            Self::Reading => matches!(app.ui.focus, Pane::Detail | Pane::Timeline),
            Self::QueueRow => app.ui.focus == Pane::Queue && !app.queue.lines.is_empty(),
            Self::Recorded => app.reading.shown.is_some() && app.ui.focus != Pane::Metrics,
            Self::HasAlerts => {
                let shown = app.reading.shown.as_ref();
                let has_alerts = shown.is_some_and(|shown| !shown.detail.alert_rows.is_empty());
                has_alerts && Self::Reading.holds(app)
            }
            Self::HasSimilar => {
                let shown = app.reading.shown.as_ref();
                let has_similar = shown.is_some_and(|shown| !shown.detail.similar.is_empty());
                has_similar && Self::Reading.holds(app)
            }
            Self::CanOpen => match app.ui.focus {
                Pane::Queue => Self::QueueRow.holds(app),
                Pane::Detail => !app.ui.record || follow::layout::selected(app).is_some(),
                Pane::Timeline => !app.ui.record,
                Pane::Metrics if is_page(app) => true,
                Pane::Metrics => {
                    app.metrics.loaded.as_ref().is_some_and(|(_, m)| !m.recurring.is_empty())
                }
            },
            Self::Grouped => (Self::QueueRow.holds(app) && app.queue.grouped) || is_on_map(app),
            Self::CanGoBack => {
                !app.notices.urgent.waiting.is_empty()
                    || app.ui.zoomed
                    || app.ui.record
                    || app.ui.focus != Pane::Queue
                    || !app.ui.marked.is_empty()
                    || app.queue.is_filtered()
            }
            Self::CanStep => app.ui.focus != Pane::Queue,
            Self::HasPast => {
                matches!(app.ui.focus, Pane::Detail | Pane::Timeline)
                    && app.reading.shown.as_ref().is_some_and(|shown| {
                        app.travel
                            .as_ref()
                            .map_or(shown.detail.incident.summary.seq, |travel| travel.seq)
                            > 1
                    })
            }
            Self::Travelling => app.travel.is_some(),
            Self::Present => app.travel.is_none(),
            Self::Running => app.shown_run().is_some_and(|run| run.ended.is_none()),
            Self::CanNoteOutput => {
                app.shown_run().is_some_and(|run| run.ended.is_some() && run.note_command.is_none())
            }
            Self::CanTickStep => !app.session.read_only && runbook::steps::is_tickable(app),
            Self::HasFailure => app.notices.failure.is_some(),
            Self::OutboxActive => app.inflight.outbox.as_ref().is_some_and(|outbox| {
                outbox.entries.iter().any(|e| e.is_pending() || e.refusal().is_some())
                    || outbox.remote.put_back.is_some()
            }),
            Self::UnsendableEntry => app.inflight.outbox.as_ref().is_some_and(|outbox| {
                app.selected_entry().is_some_and(|entry| {
                    !entry.origin.is_approved && outbox.unsendable_reason(entry).is_some()
                })
            }),
            Self::PutBack => {
                app.inflight.outbox.as_ref().is_some_and(|outbox| outbox.remote.put_back.is_some())
            }
            Self::RefusedEntry => {
                app.selected_entry().is_some_and(|entry| entry.refusal().is_some())
            }
            Self::UnsentEntry => app
                .selected_entry()
                .is_some_and(|entry| entry.is_pending() || entry.refusal().is_some()),
            Self::TwoColumns => Self::NotZoomed.holds(app) && has_two_columns(app.ui.size),
            Self::NotZoomed => !app.ui.zoomed && !app.ui.record,
            Self::FirstStart => app.session.has_errands && app.is_first_start(),
            Self::HasErrands => app.session.has_errands,
            Self::CanSwitchNow => {
                matches!(&app.ui.mode, Mode::Switching(switching) if switching.opened)
            }
            Self::CanZoom => {
                app.ui.zoomed || app.layout().slots.iter().any(|p| p.frame != Frame::Bare)
            }
        }
    }
}

/// Returns the directory and the schedule of the team that is selected on the on-call screen.
fn shown_schedule(app: &App) -> Option<(&Directory, &Schedule)> {
    let directory = app.fetched.directory.as_deref()?;
    let schedule = directory.schedule_of(selected_team(&app.screens)?)?;
    Some((directory, schedule))
}

impl Entry {
    /// Returns whether the action applies to the present state.
    #[must_use]
    pub fn applies(&self, app: &App) -> bool {
        self.condition.holds(app)
    }

    /// Returns why the action does not apply in the current state. Meaningful only if it does not.
    #[must_use]
    pub fn reason_if_not(&self, app: &App) -> String {
        let hidden = matches!(self.condition, Condition::HasIncident | Condition::CanCopy)
            && app.shows_only_metrics();
        if app.selected().is_some() && hidden {
            let queue = app.ui.keymap.hint(Action::Focus(Pane::Queue), "shows the queue");
            let queue = queue.map(|queue| format!(": {queue}")).unwrap_or_default();
            return format!("no incident is in sight here{queue}");
        }
        self.condition.reason_if_not().to_owned()
    }

    /// Returns the text that the keys line shows for the action, if it shows one.
    #[must_use]
    pub fn visible_hint(&self, app: &App) -> Option<&'static str> {
        let of_pane = match app.ui.focus {
            Pane::Metrics => self.hint_on_metrics,
            Pane::Timeline => self.hint_on_timeline,
            Pane::Queue | Pane::Detail => None,
        };
        let word = match of_pane {
            Some(word) => Some(word),
            None => self.hint.filter(|_| self.hint_when.holds(app)),
        };
        word.filter(|_| self.applies(app) && self.disabled_reason(app).is_none())
    }

    /// Returns why the action can't be used at all, whatever is selected; `None` if it can.
    #[must_use]
    pub fn disabled_reason(&self, app: &App) -> Option<String> {
        let acts = self.verb.is_some() || self.action == Action::Run;
        if let Some(travel) = app.travel.as_ref().filter(|_| acts) {
            let key = app.ui.keymap.keys(Action::Back).first();
            let key = key.map(|key| format!(": {key} returns")).unwrap_or_default();
            return Some(format!("this is how it was, at event {}{key}", travel.seq));
        }
        self.unsupported_reason(app)
    }

    /// Returns why the viewer can't use the action on this backend: the panes are read-only, or the
    /// backend does not support the command.
    #[must_use]
    pub fn unsupported_reason(&self, app: &App) -> Option<String> {
        let verb = self.verb?;
        if app.session.read_only {
            return Some(READ_ONLY.into());
        }
        let capabilities = app.connection.capabilities.as_ref()?;
        (!capabilities.verbs.contains(&verb))
            .then(|| format!("{} can't do that", capabilities.name))
    }
}
