//! When an action applies.

use super::super::app::{App, Pane};
use super::super::layout::Frame;
use super::super::mode::Mode;

/// When an action applies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// Always.
    Always,
    /// There is an incident it can be about.
    Incident,
    /// The last action can be undone.
    Undoable,
    /// Something was typed and not sent.
    Drafted,
    /// Rows are marked.
    Marked,
    /// The queue is grouped, has the focus and has something selected.
    Grouped,
    /// The queue has the focus and something is selected.
    QueueRow,
    /// There is somewhere to go back to.
    Inside,
    /// Detail or timeline has the focus.
    Reading,
    /// Detail, timeline or metrics have the focus.
    Steps,
    /// Detail or timeline have the focus and there is a past to go to.
    Past,
    /// An incident is shown as it was.
    Travelling,
    /// Everything is shown as it is.
    Present,
    /// A program is running whose output is shown.
    Running,
    /// A program has ended whose output is shown, and is not on the timeline.
    Notable,
    /// A runbook's step is selected that is not done.
    Tickable,
    /// Something has failed.
    Failed,
    /// Something is on its way to a remote, or was refused by it.
    Waiting,
    /// A command that was refused is selected in the outbox.
    RefusedEntry,
    /// A command that was not sent is selected in the outbox.
    UnsentEntry,
    /// Several panes fit, or one is zoomed.
    Roomy,
    /// Nothing fills the screen.
    Top,
    /// Another place of work is open, and commands are on their way here.
    Unsettled,
}

impl When {
    /// Why it does not apply, where it does not.
    #[must_use]
    pub const fn otherwise(self) -> &'static str {
        match self {
            Self::Always => "it always applies",
            Self::Incident => "no incident is selected",
            Self::Undoable => "nothing was done in the last 10 s",
            Self::Drafted => "no draft is kept",
            Self::Marked => "nothing is selected",
            Self::QueueRow => "the queue is not in focus",
            Self::Grouped => "the queue is not grouped, or not in focus",
            Self::Inside => "there is nowhere to go back to",
            Self::Reading => "neither detail nor timeline is in focus",
            Self::Steps => "the queue is in focus",
            Self::Past => "there is nothing earlier",
            Self::Travelling => "everything is shown as it is",
            Self::Present => "it is shown as it was",
            Self::Running => "no command is running",
            Self::Notable => "no command has ended, or it is on the timeline",
            Self::Tickable => "no open step is selected",
            Self::Failed => "nothing has failed",
            Self::Waiting | Self::Unsettled => "nothing is on its way",
            Self::RefusedEntry => "no refused command is selected",
            Self::UnsentEntry => "no command is selected that was not sent",
            Self::Roomy => "only one pane fits here",
            Self::Top => "a pane is zoomed",
        }
    }

    /// Whether it is so.
    #[must_use]
    pub fn holds(self, app: &App) -> bool {
        match self {
            Self::Always => true,
            Self::Incident => app.target().is_some() || !app.marked.is_empty(),
            Self::Undoable => app.undo.is_some(),
            Self::Drafted => !app.drafts.is_empty(),
            Self::Marked => !app.marked.is_empty(),
            Self::Reading => matches!(app.focus, Pane::Detail | Pane::Timeline),
            Self::QueueRow => app.focus == Pane::Queue && !app.queue.lines.is_empty(),
            Self::Grouped => Self::QueueRow.holds(app) && app.queue.grouped,
            Self::Inside => {
                app.zoomed
                    || app.focus != Pane::Queue
                    || !app.marked.is_empty()
                    || app.queue.is_filtered()
            }
            Self::Steps => app.focus != Pane::Queue,
            Self::Past => {
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
            Self::Notable => {
                app.shown_run().is_some_and(|run| run.ended.is_some() && run.noted.is_none())
            }
            Self::Tickable => !app.read_only && super::super::update::is_tickable(app),
            Self::Failed => app.failure.is_some(),
            Self::Waiting => app.outbox.as_ref().is_some_and(|outbox| {
                outbox.entries.iter().any(|e| e.is_pending() || e.refusal().is_some())
            }),
            Self::RefusedEntry => {
                app.selected_entry().is_some_and(|entry| entry.refusal().is_some())
            }
            Self::UnsentEntry => app
                .selected_entry()
                .is_some_and(|entry| entry.is_pending() || entry.refusal().is_some()),
            Self::Top => !app.zoomed,
            Self::Unsettled => {
                matches!(&app.mode, Mode::Switching(switching) if switching.opened)
            }
            Self::Roomy => app.zoomed || app.layout().places.iter().any(|p| p.frame != Frame::Bare),
        }
    }
}
