//! The one table of actions. Keymap, help, command palette and keys line are read from it.

mod condition;
mod entry;
mod layer;
mod table;

pub use condition::Condition;
pub use entry::{ArgumentKind, Entry, Group, READ_ONLY};
pub use layer::{Layer, current_layer};
pub use table::TABLE;

use super::app::Pane;

/// Everything a key can do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// One row or line down.
    Down,
    /// One row or line up.
    Up,
    /// The next incident, staying in the pane.
    NextIncident,
    /// The incident before.
    PreviousIncident,
    /// To the first.
    Top,
    /// To the last.
    Bottom,
    /// Half a page down.
    HalfDown,
    /// Half a page up.
    HalfUp,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// Focus a pane.
    Focus(Pane),
    /// Focus the next pane.
    NextPane,
    /// Focus the pane before.
    PreviousPane,
    /// One pane on the whole screen, or all again.
    Zoom,
    /// Read the selected incident on the whole screen.
    Open,
    /// Back to where one came from.
    Back,
    /// Acknowledge.
    Acknowledge,
    /// Assign to me.
    Own,
    /// Assign to somebody.
    Assign,
    /// Call the next level.
    Escalate,
    /// Move along the lifecycle.
    Move,
    /// Set impact and urgency.
    Prioritize,
    /// Set category, services, team and suspects.
    Categorize,
    /// Write a note.
    Note,
    /// Tell stakeholders.
    Update,
    /// Answer the checklist.
    Checklist,
    /// Say that service is restored.
    Resolve,
    /// Answer the gate and close.
    Close,
    /// The post-incident review.
    Review,
    /// Hide it for a while.
    Snooze,
    /// Continue in another incident.
    Merge,
    /// Link to a problem, a change or a page.
    Link,
    /// Say that it is back.
    Reopen,
    /// Say that it was no incident.
    Reclassify,
    /// Rewrite title, symptoms, labels, runbook.
    Describe,
    /// Give roles.
    Role,
    /// Declare an incident.
    Declare,
    /// Type a filter.
    Filter,
    /// Choose a view.
    Views,
    /// Choose an order.
    Sort,
    /// Group by service.
    Group,
    /// Fold a group.
    Fold,
    /// Unfold a group.
    Unfold,
    /// Mark the selected row.
    Mark,
    /// Mark all rows.
    MarkAll,
    /// Take back the last action.
    Undo,
    /// What was typed and not sent.
    Drafts,
    /// Set the category alone.
    Category,
    /// Set the services alone.
    Services,
    /// Set the team alone.
    Team,
    /// Copy a text about an incident.
    Copy,
    /// Everything by name.
    Palette,
    /// Go to a number.
    GoToNumber,
    /// Choose the window of the measures.
    Window,
    /// The next theme.
    Theme,
    /// The next choice of a time zone.
    Zone,
    /// Show the wall display.
    Wall,
    /// Back from the wall display.
    LeaveWall,
    /// Runbooks and custom commands.
    Run,
    /// Tick a step of a runbook.
    Tick,
    /// Copy the code of a runbook.
    CopyCode,
    /// Stop a program.
    StopRun,
    /// Put what a program has written on the timeline.
    NoteOutput,
    /// Close a runbook or what a program has written.
    CloseRun,
    /// The event before; of the measures, a shorter window.
    Earlier,
    /// The event after; of the measures, a longer window.
    Later,
    /// Go to another place of work.
    Backend,
    /// Ask the backend now.
    Refresh,
    /// What is on its way to a remote.
    Outbox,
    /// Edit a refused command.
    EditEntry,
    /// Send a refused command again.
    SendAnyway,
    /// Take a command out of the outbox.
    DropEntry,
    /// Send what waits now.
    SendNow,
    /// Details of the last failure.
    Failure,
    /// The keys.
    Help,
    /// Stop until continued.
    Suspend,
    /// Back, and quit at the top.
    Quit,
    /// Quit from anywhere.
    QuitNow,
    /// Close what lies over the panes.
    Dismiss,
    /// Take the selected item.
    Choose,
    /// The next item of a list.
    NextItem,
    /// The item before.
    PreviousItem,
    /// The next line of what is searched.
    NextLine,
    /// The line before.
    PreviousLine,
    /// Complete what is typed.
    Complete,
    /// A page of items on.
    NextPage,
    /// A page of items back.
    PreviousPage,
    /// More urgent.
    Left,
    /// Less urgent.
    Right,
    /// More impact.
    Raise,
    /// Less impact.
    Lower,
    /// Keep the filter that is typed.
    ApplyFilter,
    /// Give up the filter that is typed.
    CancelFilter,
    /// The completion before.
    CompleteBack,
    /// A filter used before.
    EarlierFilter,
    /// A filter used later.
    LaterFilter,
    /// Leave a list without a choice.
    Leave,
    /// Yes, do it.
    Yes,
    /// No, leave it.
    No,
    /// The next field.
    NextField,
    /// The field before.
    PreviousField,
    /// Send what was written.
    Send,
    /// Edit the field in an editor of one's own.
    Edit,
    /// Leave the form, asking first where something was written.
    Cancel,
    /// Drop what was written.
    Discard,
    /// Go on writing.
    ContinueEditing,
    /// Leave, and keep what was written.
    SaveDraft,
    /// End without waiting for pending commands.
    QuitWithoutWaiting,
    /// Stay where the panes are.
    CancelSwitch,
    /// Go to the other place without waiting for pending commands.
    SwitchWithoutWaiting,
}

/// The row of an action.
#[must_use]
pub fn find_entry(action: Action) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.action == action)
}
