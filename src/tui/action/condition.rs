//! When an action applies.

use super::super::app::{App, Pane};
use super::super::layout::Frame;
use super::super::mode::Mode;

/// When an action applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Always.
    Always,
    /// There is an incident it can be about.
    HasIncident,
    /// The last action can be undone.
    CanUndo,
    /// Something was typed and not sent.
    HasDrafts,
    /// Rows are marked.
    HasMarks,
    /// The queue is grouped, has the focus and has something selected.
    Grouped,
    /// The queue has the focus and something is selected.
    QueueRow,
    /// There is somewhere to go back to.
    CanGoBack,
    /// Detail or timeline has the focus.
    Reading,
    /// Detail, timeline or metrics have the focus.
    CanStep,
    /// Detail or timeline have the focus and there is a past to go to.
    HasPast,
    /// An incident is shown as it was.
    Travelling,
    /// Everything is shown as it is.
    Present,
    /// A program is running whose output is shown.
    Running,
    /// A program has ended whose output is shown, and is not on the timeline.
    CanNoteOutput,
    /// A runbook's step is selected that is not done.
    CanTickStep,
    /// Something has failed.
    HasFailure,
    /// Something is on its way to a remote, or was refused by it.
    OutboxActive,
    /// A command that was refused is selected in the outbox.
    RefusedEntry,
    /// A command that was not sent is selected in the outbox.
    UnsentEntry,
    /// Several panes fit, or one is zoomed.
    CanZoom,
    /// Nothing fills the screen.
    NotZoomed,
    /// Another place of work is open, and commands are on their way here.
    CanSwitchNow,
}

impl Condition {
    /// Why it does not apply, where it does not.
    #[must_use]
    pub const fn reason_if_not(self) -> &'static str {
        match self {
            Self::Always => "it always applies",
            Self::HasIncident => "no incident is selected",
            Self::CanUndo => "nothing was done in the last 10 s",
            Self::HasDrafts => "no draft is kept",
            Self::HasMarks => "nothing is selected",
            Self::QueueRow => "the queue is not in focus",
            Self::Grouped => "the queue is not grouped, or not in focus",
            Self::CanGoBack => "there is nowhere to go back to",
            Self::Reading => "neither detail nor timeline is in focus",
            Self::CanStep => "the queue is in focus",
            Self::HasPast => "there is nothing earlier",
            Self::Travelling => "everything is shown as it is",
            Self::Present => "it is shown as it was",
            Self::Running => "no command is running",
            Self::CanNoteOutput => "no command has ended, or it is on the timeline",
            Self::CanTickStep => "no open step is selected",
            Self::HasFailure => "nothing has failed",
            Self::OutboxActive | Self::CanSwitchNow => "nothing is on its way",
            Self::RefusedEntry => "no refused command is selected",
            Self::UnsentEntry => "no command is selected that was not sent",
            Self::CanZoom => "only one pane fits here",
            Self::NotZoomed => "a pane is zoomed",
        }
    }

    /// Whether it is so.
    #[must_use]
    pub fn holds(self, app: &App) -> bool {
        match self {
            Self::Always => true,
            Self::HasIncident => app.target().is_some() || !app.marked.is_empty(),
            Self::CanUndo => app.undo.is_some(),
            Self::HasDrafts => !app.drafts.is_empty(),
            Self::HasMarks => !app.marked.is_empty(),
            Self::Reading => matches!(app.focus, Pane::Detail | Pane::Timeline),
            Self::QueueRow => app.focus == Pane::Queue && !app.queue.lines.is_empty(),
            Self::Grouped => Self::QueueRow.holds(app) && app.queue.grouped,
            Self::CanGoBack => {
                app.zoomed
                    || app.focus != Pane::Queue
                    || !app.marked.is_empty()
                    || app.queue.is_filtered()
            }
            Self::CanStep => app.focus != Pane::Queue,
            Self::HasPast => {
                matches!(app.focus, Pane::Detail | Pane::Timeline)
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
            Self::CanTickStep => !app.read_only && super::super::update::is_tickable(app),
            Self::HasFailure => app.failure.is_some(),
            Self::OutboxActive => app.outbox.as_ref().is_some_and(|outbox| {
                outbox.entries.iter().any(|e| e.is_pending() || e.refusal().is_some())
            }),
            Self::RefusedEntry => {
                app.selected_entry().is_some_and(|entry| entry.refusal().is_some())
            }
            Self::UnsentEntry => app
                .selected_entry()
                .is_some_and(|entry| entry.is_pending() || entry.refusal().is_some()),
            Self::NotZoomed => !app.zoomed,
            Self::CanSwitchNow => {
                matches!(&app.mode, Mode::Switching(switching) if switching.opened)
            }
            Self::CanZoom => {
                app.zoomed || app.layout().slots.iter().any(|p| p.frame != Frame::Bare)
            }
        }
    }
}
