//! The one table of actions. Keymap, help, command palette and keys line are derived from it.

pub mod availability;
mod condition;
mod entry;
pub mod keymap;
mod layer;
mod screen_entries;
pub(in crate::tui) mod table;

pub use condition::Condition;
pub use entry::{ArgumentKind, Entry, Group, Phase, READ_ONLY};
pub use layer::Layer;
pub use table::{TABLE, build_keymap, find_entry};

use crate::model::command::CommandKind;

use crate::tui::core::pane::Pane;
use crate::tui::screens::ScreenKind;

/// An action that a key can be bound to.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Moves one row or line down.
    Down,
    /// Moves one row or line up.
    Up,
    /// Goes to the next incident of the queue without leaving the pane.
    NextIncident,
    /// Goes to the previous incident of the queue without leaving the pane.
    PreviousIncident,
    /// Goes to the first row or line of a pane or a screen.
    First,
    /// Goes to the last row or line.
    Bottom,
    /// Opens the goto menu.
    Goto,
    /// Goes to the first row or line, from the goto menu or in something to read.
    Top,
    /// Goes to the last row or line, from the goto menu.
    GotoEnd,
    /// Goes to the incident of the queue that was reported last.
    Newest,
    /// Opens the outbox, from the goto menu.
    GotoOutbox,
    /// Opens a list screen.
    Screen(ScreenKind),
    /// Opens the selected item of a list screen.
    OpenItem,
    /// Copies a text about the selected item of a list screen.
    CopyItem,
    /// Opens the filter of a list screen.
    FilterItems,
    /// Sorts a list screen in the next order.
    SortItems,
    /// Shows an earlier span of time on a list screen.
    EarlierSpan,
    /// Shows a later span of time on a list screen.
    LaterSpan,
    /// Puts the viewer on call for the selected team, after a question.
    StandIn,
    /// Removes the override of the viewer for the selected team, after a question.
    EndStandIn,
    /// Opens the form of a new contact of the viewer.
    AddContact,
    /// Opens the form of the selected contact of the viewer.
    EditContact,
    /// Removes the selected contact of the viewer.
    RemoveContact,
    /// Sends a test message over the selected contact.
    TestContact,
    /// Opens the form of the viewer's quiet hours.
    QuietHours,
    /// Requests cover for the shift of the viewer on the schedule of the selected team.
    RequestCover,
    /// Lists the shifts of other people for which the viewer can offer their own.
    OfferSwap,
    /// Accepts a request for cover on the schedule of the selected team.
    AcceptCover,
    /// Declines a request for cover on the schedule of the selected team.
    DeclineCover,
    /// Withdraws the request for cover of the viewer for the selected team.
    WithdrawCover,
    /// Opens the form by which the selected service is added to the directory.
    AdoptService,
    /// Makes the selected action item an issue in a tracker.
    FollowUpItem,
    /// Selects or deselects an alert of the list of alerts.
    MarkAlert,
    /// Selects all alerts that are listed, or none.
    MarkAllAlerts,
    /// Opens the list of incidents to which the selected alerts can be moved.
    MoveAlerts,
    /// Opens the form of a new maintenance window.
    NewMaintenance,
    /// Opens the list of actions on the selected maintenance window.
    ChangeMaintenance,
    /// Opens the form of a new problem: behind the incidents of a fault that recurs, or behind none.
    NewProblem,
    /// Opens the form that changes the problem that one sees.
    EditProblem,
    /// Sets the field in which most incidents like the one that is read differ from it.
    ApplyHint,
    /// Goes back one step on a list screen: to all items, or to the panes.
    CloseScreen,
    /// Goes to the most urgent unacknowledged incident.
    MostUrgent,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    Focus(Pane),
    NextPane,
    PreviousPane,
    /// Shows the focused pane on the entire screen, or all panes again.
    Zoom,
    /// Makes the queue narrower and the panes beside it wider.
    NarrowQueue,
    /// Makes the queue wider and the panes beside it narrower.
    WidenQueue,
    /// Opens the record of the selected incident, or an object that the record names; on the head
    /// of a group, folds or unfolds it.
    Open,
    /// Goes back one step: from a past state, a zoomed pane, marks or a filter.
    Back,
    /// Starts the verb that sends commands of a kind; the verb defines how.
    Command(CommandKind),
    /// Assigns the incident to the viewer.
    Own,
    /// Opens the form of category, services, team and suspected changes.
    Categorize,
    /// Opens the filter line.
    Filter,
    /// Opens the list of saved views.
    Views,
    /// Opens the list of orders of the queue.
    Sort,
    /// Groups the queue by service, or no longer.
    Group,
    /// Hides the rows of the selected group.
    Fold,
    /// Shows the rows of the selected group.
    Unfold,
    /// Marks the selected row, or removes its mark: verbs act on all marked rows.
    Mark,
    /// Marks all rows that are shown, or removes all marks.
    MarkAll,
    /// Marks the selected row and the next one, and moves to it; continues from there.
    MarkDown,
    /// Marks the selected row and the one before, and moves to it; continues from there.
    MarkUp,
    /// Marks all rows from the last one that was marked to the selected one.
    MarkRange,
    /// Filters the queue by the service of the incident; once more, also its ended incidents.
    SameService,
    /// Adds the ended incidents to the queue, or removes them.
    History,
    /// Opens the search of the timeline.
    SearchTimeline,
    /// Shows only the notes of the timeline, or all events again.
    NotesOnly,
    /// Turns the order of the timeline round.
    TimelineOrder,
    /// Undoes the last action.
    Undo,
    /// Opens the list of drafts: forms that were filled in and not sent.
    Drafts,
    /// Opens the list of texts about the incident that can be copied.
    Copy,
    /// Opens the command palette.
    Palette,
    /// Goes to the incident of a number that is typed into the command palette.
    GoToNumber,
    /// Sets the window of the measures, from the command palette.
    Window,
    /// Shows the next page of the metrics pane (`true`), or the one before.
    MeasuresPage(bool),
    /// Breaks the pages of the metrics pane down by the next field.
    Breakdown,
    /// Shows on the pages of the metrics pane how figures have changed, or leaves that out.
    Comparison,
    /// Switches to the next theme.
    /// Lets the mouse scroll and select, or leaves it to the terminal.
    Mouse,
    Theme,
    /// Switches to the next choice of a time zone: the viewer's, UTC or both.
    Zone,
    Wall,
    /// Returns from the wall display to the panes.
    LeaveWall,
    /// Opens the list of runbooks and custom commands for the incident.
    Run,
    /// Ticks the selected step of a runbook, with a note on the timeline.
    Tick,
    /// Copies the selected code of a runbook, or the text of the step.
    CopyCode,
    /// Stops the program whose output is shown, or closes the output of one that has ended.
    StopRun,
    /// Adds the output of a program to the timeline as a note.
    NoteOutput,
    /// Closes the runbook, the output or the outbox that is open; a program keeps running.
    CloseRun,
    /// Views the incident as of the event before; on the metrics, selects a shorter window.
    Earlier,
    /// Views the incident as of the event after; on the metrics, selects a longer window.
    Later,
    /// Opens the list of workspaces to switch to.
    Backend,
    /// Leaves the panes for a made-up company.
    Demo,
    /// Leaves the panes to write or edit the settings file.
    Settings,
    /// Polls the backend now, and reads the visible data again.
    Refresh,
    /// Opens the outbox: commands for a remote that have no answer yet, or were refused.
    Outbox,
    /// Opens the form of the refused command that is selected in the outbox.
    EditEntry,
    /// Sends the selected refused command again.
    SendAnyway,
    /// Removes the selected command from the outbox, after a question.
    DropEntry,
    /// Sends all waiting commands of the outbox now.
    SendNow,
    /// Allows the current token to send the selected command, which was requested with another one.
    ApproveEntry,
    /// Sends commands again that were sent before the server's store was restored from a copy.
    Resend,
    /// Acknowledges that the server was put back, and sends nothing again.
    AcknowledgePutBack,
    /// Shows the details of the last failure.
    Failure,
    /// Shows the list of keys.
    Help,
    /// Stops the process until the shell continues it.
    Suspend,
    /// Draws everything again, on a terminal that something else has written to.
    Redraw,
    /// Goes back from a zoomed pane, and quits elsewhere.
    Quit,
    QuitNow,
    /// Closes the popup on top of the panes.
    Dismiss,
    /// Confirms the selected item.
    Choose,
    /// Selects the next item of a list.
    NextItem,
    /// Selects the previous item of a list.
    PreviousItem,
    /// Selects or scrolls to the next search result.
    NextLine,
    /// Selects or scrolls to the previous search result.
    PreviousLine,
    /// Completes the typed text.
    Complete,
    /// Moves a page of items down.
    NextPage,
    /// Moves a page of items up.
    PreviousPage,
    /// Moves the choice in the matrix to more urgent.
    Left,
    /// Moves the choice in the matrix to less urgent.
    Right,
    /// Moves the choice in the matrix to more impact.
    Raise,
    /// Moves the choice in the matrix to less impact.
    Lower,
    /// Keeps the typed filter in force and closes the filter line.
    ApplyFilter,
    /// Closes the filter line and restores the previous filter.
    CancelFilter,
    /// Inserts the previous completion.
    CompleteBack,
    /// Recalls an earlier filter.
    EarlierFilter,
    /// Recalls a later filter.
    LaterFilter,
    /// Closes a list, matrix, palette or help without a choice.
    Leave,
    /// Answers a question with yes.
    Yes,
    /// Answers a question with no.
    No,
    /// Focuses the next field of a form.
    NextField,
    /// Focuses the previous field of a form.
    PreviousField,
    /// Sends the form that is open.
    Send,
    /// Opens the focused field in the person's own editor.
    Edit,
    /// Closes the form, after a question where something was typed.
    Cancel,
    /// Closes the form and discards the typed text.
    Discard,
    /// Returns from that question to the form.
    ContinueEditing,
    /// Closes the form and stores the typed text as a draft.
    SaveDraft,
    /// Quits without waiting for pending commands.
    QuitWithoutWaiting,
    /// Cancels a switch to another workspace.
    CancelSwitch,
    /// Switches to the other workspace without waiting for pending commands.
    SwitchWithoutWaiting,
}
