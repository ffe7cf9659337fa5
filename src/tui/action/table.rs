//! The entries of the table of actions.

use crate::config::Warning;
use crate::config::panes::Binding;

use crate::tui::action::keymap::Keymap;
use crate::tui::action::{Action, ArgumentKind, Condition, Entry, Group, Layer};
use crate::tui::core::pane::Pane;
use crate::tui::verb;

const PANES: &[Layer] = &[Layer::Panes];
const SCROLLED: &[Layer] =
    &[Layer::Panes, Layer::Popup, Layer::Confirm, Layer::Runbook, Layer::Output, Layer::Outbox];
/// Situations in which nothing is typed or chosen.
const READ: &[Layer] = &[Layer::Panes, Layer::Popup, Layer::Runbook, Layer::Output, Layer::Outbox];
const PAGED: &[Layer] = &[
    Layer::Panes,
    Layer::Popup,
    Layer::Confirm,
    Layer::Help,
    Layer::Runbook,
    Layer::Output,
    Layer::Outbox,
];
const SEARCHED: &[Layer] = &[Layer::Palette, Layer::Help];
const LISTED: &[Layer] = &[Layer::Pick, Layer::Palette];
const UNDONE: &[Layer] = &[Layer::Panes, Layer::Runbook];
const RUNBOOK: &[Layer] = &[Layer::Runbook];
const OUTPUT: &[Layer] = &[Layer::Output];
const OUTBOX: &[Layer] = &[Layer::Outbox];
const COMPLETED: &[Layer] = &[Layer::Palette, Layer::Filter];
const FILTER: &[Layer] = &[Layer::Filter];
const FORM: &[Layer] = &[Layer::Form];
const EVERYWHERE: &[Layer] = &[
    Layer::Panes,
    Layer::Popup,
    Layer::Help,
    Layer::Palette,
    Layer::Form,
    Layer::ConfirmDiscard,
    Layer::Pick,
    Layer::Confirm,
    Layer::Matrix,
    Layer::Jump,
    Layer::Filter,
    Layer::Runbook,
    Layer::Output,
    Layer::Outbox,
    Layer::Wall,
];

/// Makes an entry of the table.
const fn entry(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
    layers: &'static [Layer],
) -> Entry {
    Entry::new(action, name, keys, help, layers)
}

/// The table in the order of the help; the keys line shows hints in the same order. The entries of
/// verbs stand in their own files.
pub const TABLE: &[Entry] = &{
    let parts: [&[Entry]; 5] = [&[UNDO], verb::ENTRIES, &[RUN], &[verb::DECLARE], REST];
    let mut table = [UNDO; verb::ENTRIES.len() + REST.len() + 3];
    let (mut part, mut index) = (0, 0);
    while part < parts.len() {
        let mut offset = 0;
        while offset < parts[part].len() {
            table[index] = parts[part][offset];
            index += 1;
            offset += 1;
        }
        part += 1;
    }
    assert!(index == table.len(), "an entry is missing");
    table
};

const UNDO: Entry = entry(Action::Undo, "undo", &["u"], "undo the last action, for 10 s", UNDONE)
    .hint("undo")
    .hint_when(Condition::CanUndo)
    .condition(Condition::CanUndo)
    .group(Group::Acting);

const RUN: Entry = entry(Action::Run, "run", &["x"], "run a command, read a runbook", PANES)
    .condition(Condition::HasIncident)
    .argument(ArgumentKind::Run)
    .group(Group::Acting);

/// The actions that are no verbs, except undo and the commands of a person's own.
const REST: &[Entry] = &[
    entry(Action::Filter, "filter", &["/"], "filter as you type: words and terms", PANES)
        .hint("filter")
        .argument(ArgumentKind::Filter)
        .group(Group::Finding),
    entry(Action::Views, "views", &["v"], "saved views", PANES)
        .hint("views")
        .argument(ArgumentKind::View)
        .aliases(&["view"])
        .group(Group::Finding),
    entry(Action::Sort, "sort", &["S"], "the order of the queue", PANES)
        .argument(ArgumentKind::Sort)
        .group(Group::Finding),
    entry(Action::Group, "group", &["f"], "group the queue by service, or not any more", PANES)
        .group(Group::Finding),
    entry(Action::Fold, "fold", &["Left"], "fold the group", PANES)
        .hint("fold")
        .condition(Condition::Grouped)
        .group(Group::Finding),
    entry(Action::Unfold, "unfold", &["Right"], "unfold the group", PANES)
        .hint("unfold")
        .condition(Condition::Grouped)
        .group(Group::Finding),
    entry(Action::Mark, "mark", &["Space"], "select this one: verbs act on all selected", PANES)
        .hint("select")
        .hint_when(Condition::HasMarks)
        .condition(Condition::QueueRow)
        .group(Group::Acting),
    entry(
        Action::MarkAll,
        "mark-all",
        &["*"],
        "select all that are shown, or none; on a group, its incidents",
        PANES,
    )
    .condition(Condition::QueueRow)
    .group(Group::Acting),
    entry(Action::Drafts, "drafts", &["d"], "drafts: what was typed and not sent", PANES)
        .hint("drafts")
        .hint_when(Condition::HasDrafts)
        .condition(Condition::HasDrafts)
        .group(Group::Acting),
    entry(Action::Copy, "copy", &["y"], "copy number, title, summary or the record", PANES)
        .condition(Condition::HasIncident)
        .group(Group::Acting)
        .argument(ArgumentKind::Listed("number, title, summary, record"))
        .aliases(&["yank"]),
    entry(Action::GoToNumber, "go", &[], "go to a number", PANES)
        .group(Group::Finding)
        .required_argument(ArgumentKind::Number),
    entry(Action::Open, "open", &["Enter"], "read it on the whole screen", PANES)
        .hint("read")
        .condition(Condition::QueueRow)
        .group(Group::Viewing),
    entry(Action::Back, "back", &["Esc"], "back", PANES)
        .hint("back")
        .hint_when(Condition::Present)
        .condition(Condition::CanGoBack)
        .group(Group::Moving),
    entry(Action::Window, "window", &[], "the window of the measures", PANES)
        .group(Group::Viewing)
        .required_argument(ArgumentKind::Span),
    entry(
        Action::Earlier,
        "earlier",
        &["["],
        "how it was an event earlier; on the metrics: a shorter window",
        PANES,
    )
    .hint("earlier")
    .hint_when(Condition::HasPast)
    .hint_on_metrics("shorter")
    .condition(Condition::CanStep)
    .group(Group::Viewing),
    entry(Action::Later, "later", &["]"], "an event later; on the metrics: a longer window", PANES)
        .hint("later")
        .hint_when(Condition::Travelling)
        .hint_on_metrics("longer window")
        .condition(Condition::CanStep)
        .group(Group::Viewing),
    entry(Action::Down, "down", &["j", "Down"], "one down", SCROLLED).group(Group::Moving),
    entry(Action::Up, "up", &["k", "Up"], "one up", SCROLLED).group(Group::Moving),
    entry(Action::NextIncident, "next-incident", &["J"], "the next incident, in any pane", PANES)
        .hint("next one")
        .hint_when(Condition::Reading)
        .group(Group::Moving),
    entry(Action::PreviousIncident, "previous-incident", &["K"], "the incident before", PANES)
        .group(Group::Moving),
    entry(
        Action::MostUrgent,
        "most-urgent",
        &["'"],
        "the most urgent that nobody has acknowledged",
        READ,
    )
    .group(Group::Moving),
    entry(Action::HalfDown, "half-page-down", &["^d"], "half a page down", SCROLLED)
        .group(Group::Moving),
    entry(Action::HalfUp, "half-page-up", &["^u"], "half a page up", SCROLLED).group(Group::Moving),
    entry(Action::PageDown, "page-down", &["PgDn"], "a page down", PAGED).group(Group::Moving),
    entry(Action::PageUp, "page-up", &["PgUp"], "a page up", PAGED).group(Group::Moving),
    entry(
        Action::Top,
        "top",
        &["g", "Home"],
        "to the first; digits after it jump to a number: g 2041",
        SCROLLED,
    )
    .group(Group::Moving),
    entry(Action::Bottom, "bottom", &["G", "End"], "to the last", SCROLLED).group(Group::Moving),
    entry(Action::Focus(Pane::Queue), "queue", &["1"], "focus the queue", PANES)
        .group(Group::Moving),
    entry(Action::Focus(Pane::Detail), "detail", &["2"], "focus the detail", PANES)
        .group(Group::Moving),
    entry(Action::Focus(Pane::Timeline), "timeline", &["3"], "focus the timeline", PANES)
        .group(Group::Moving),
    entry(Action::Focus(Pane::Metrics), "metrics", &["4"], "focus the metrics", PANES)
        .group(Group::Moving),
    entry(Action::NextPane, "next-pane", &["Tab"], "focus the next pane", PANES)
        .hint("pane")
        .group(Group::Moving),
    entry(Action::PreviousPane, "previous-pane", &["S-Tab"], "focus the pane before", PANES)
        .group(Group::Moving),
    entry(Action::Zoom, "zoom", &["z"], "this pane on the whole screen, or all again", PANES)
        .hint("zoom")
        .condition(Condition::CanZoom)
        .group(Group::Viewing),
    entry(Action::NarrowQueue, "narrow-queue", &["<"], "the queue narrower", PANES)
        .condition(Condition::TwoColumns)
        .group(Group::Viewing),
    entry(Action::WidenQueue, "widen-queue", &[">"], "the queue wider", PANES)
        .condition(Condition::TwoColumns)
        .group(Group::Viewing),
    entry(Action::Theme, "theme", &["T"], "the next theme", PANES)
        .argument(ArgumentKind::Theme)
        .group(Group::Viewing),
    entry(Action::Zone, "zone", &["Z"], "times in my zone, in UTC, or in both", PANES)
        .argument(ArgumentKind::Zone)
        .group(Group::Viewing),
    entry(Action::Wall, "wall", &["w"], "the wall display", PANES).group(Group::Viewing),
    entry(Action::Backend, "backend", &["B"], "switch to another backend, by profile", PANES)
        .argument(ArgumentKind::Backend)
        .aliases(&["profile"])
        .group(Group::Viewing),
    entry(Action::Refresh, "refresh", &["R"], "ask the backend now", PANES).hint("refresh"),
    entry(Action::Outbox, "outbox", &["O"], "the outbox: what is on its way to the API", PANES)
        .hint("outbox")
        .hint_when(Condition::OutboxActive)
        .group(Group::Acting),
    entry(Action::Failure, "failure", &["!"], "what failed last", PANES)
        .hint("failure")
        .condition(Condition::HasFailure),
    entry(Action::Palette, "commands", &[":", "^p"], "everything by name, with arguments", PANES)
        .hint("commands"),
    entry(Action::Help, "help", &["?"], "these keys", PANES).hint("help"),
    entry(Action::Suspend, "suspend", &["^z"], "stop; `fg` in the shell continues", EVERYWHERE),
    entry(Action::Quit, "back-or-quit", &["q"], "back; at the top: quit", PANES)
        .hint("quit")
        .hint_when(Condition::NotZoomed),
    entry(
        Action::QuitNow,
        "quit",
        &["^c"],
        "quit from anywhere",
        &[Layer::Panes, Layer::Popup, Layer::Runbook, Layer::Outbox, Layer::Wall],
    )
    .aliases(&["q", "exit"]),
    entry(Action::LeaveWall, "leave-wall", &["Esc", "q", "w"], "leave the wall", &[Layer::Wall]),
    entry(Action::Dismiss, "dismiss", &["Esc", "q", "?", "Enter"], "close this", &[Layer::Popup])
        .hint("close"),
    entry(Action::EditEntry, "edit-command", &["e"], "edit a refused command", OUTBOX)
        .hint("edit")
        .hint_when(Condition::RefusedEntry)
        .condition(Condition::RefusedEntry),
    entry(Action::SendAnyway, "send-anyway", &["s"], "send a refused command again", OUTBOX)
        .hint("send anyway")
        .hint_when(Condition::RefusedEntry)
        .condition(Condition::RefusedEntry),
    entry(Action::DropEntry, "drop-command", &["x"], "drop a command that was not sent", OUTBOX)
        .hint("drop")
        .hint_when(Condition::UnsentEntry)
        .condition(Condition::UnsentEntry),
    entry(Action::SendNow, "send-now", &["R"], "send what waits now", OUTBOX)
        .hint("try now")
        .hint_when(Condition::OutboxActive),
    entry(Action::ApproveEntry, "approve-command", &["a"], "send it with the token in use", OUTBOX)
        .hint("approve")
        .hint_when(Condition::UnsendableEntry)
        .condition(Condition::UnsendableEntry),
    entry(
        Action::Resend,
        "resend",
        &["A"],
        "send again what was sent before the server was put back",
        OUTBOX,
    )
    .hint("send again")
    .hint_when(Condition::PutBack)
    .condition(Condition::PutBack),
    entry(
        Action::AcknowledgePutBack,
        "acknowledge-put-back",
        &["K"],
        "take note that the server was put back, send nothing again",
        OUTBOX,
    )
    .hint("take note")
    .hint_when(Condition::PutBack)
    .condition(Condition::PutBack),
    entry(Action::Tick, "tick", &["Space", "Enter"], "tick this step onto the timeline", RUNBOOK)
        .hint("step done")
        .hint_when(Condition::CanTickStep),
    entry(Action::CopyCode, "copy-code", &["y"], "copy this code, or the step", RUNBOOK)
        .hint("copy"),
    entry(
        Action::StopRun,
        "stop-command",
        &["^c"],
        "stop the command; close this once it has ended",
        OUTPUT,
    )
    .hint("stop it")
    .hint_when(Condition::Running),
    entry(Action::NoteOutput, "note-output", &["n"], "put the output on the timeline", OUTPUT)
        .hint("put on the timeline")
        .hint_when(Condition::CanNoteOutput),
    entry(
        Action::CloseRun,
        "close-run",
        &["Esc", "q"],
        "close this; a command goes on",
        &[Layer::Runbook, Layer::Output, Layer::Outbox],
    )
    .hint("close"),
    entry(Action::ApplyFilter, "keep-filter", &["Enter"], "filter by it", FILTER).hint("filter"),
    entry(Action::CancelFilter, "give-up-filter", &["Esc", "^c"], "leave it as it was", FILTER)
        .hint("leave"),
    entry(Action::CompleteBack, "complete-back", &["S-Tab"], "the completion before", FILTER),
    entry(Action::EarlierFilter, "earlier-filter", &["Up", "^p"], "a filter used before", FILTER)
        .hint("used before"),
    entry(Action::LaterFilter, "later-filter", &["Down", "^n"], "a filter used later", FILTER),
    entry(Action::Send, "send", &["^s"], "send the form", FORM).hint("send"),
    entry(Action::NextField, "next-field", &["Tab"], "the next field", FORM).hint("next field"),
    entry(Action::PreviousField, "previous-field", &["S-Tab"], "the field before", FORM),
    entry(Action::Edit, "edit", &["^o"], "edit the field in $VISUAL or $EDITOR", FORM)
        .hint("editor"),
    entry(Action::Cancel, "cancel", &["Esc", "^c"], "leave the form", FORM).hint("leave"),
    entry(Action::Discard, "discard", &["y"], "drop what was typed", &[Layer::ConfirmDiscard])
        .hint("drop it"),
    entry(
        Action::ContinueEditing,
        "keep",
        &["n", "Esc"],
        "go on writing",
        &[Layer::ConfirmDiscard],
    )
    .hint("go on writing"),
    entry(Action::SaveDraft, "put-away", &["k"], "keep it as a draft", &[Layer::ConfirmDiscard])
        .hint("keep as a draft"),
    entry(Action::Yes, "yes", &["y"], "yes, do it", &[Layer::Confirm]).hint("yes"),
    entry(Action::No, "no", &["n", "Esc", "q", "^c"], "no, leave it", &[Layer::Confirm]).hint("no"),
    entry(
        Action::Choose,
        "choose",
        &["Enter"],
        "take it",
        &[Layer::Pick, Layer::Matrix, Layer::Jump, Layer::Palette],
    )
    .hint("take it"),
    entry(Action::NextLine, "next-line", &["Down", "^n"], "the next line", SEARCHED),
    entry(Action::PreviousLine, "previous-line", &["Up", "^p"], "the line before", SEARCHED),
    entry(Action::NextItem, "next-item", &["Down", "^n", "Tab"], "the next item", &[Layer::Pick]),
    entry(
        Action::PreviousItem,
        "previous-item",
        &["Up", "^p", "S-Tab"],
        "the item before",
        &[Layer::Pick],
    ),
    entry(Action::NextPage, "next-items", &["PgDn"], "a page of items on", LISTED),
    entry(Action::PreviousPage, "previous-items", &["PgUp"], "a page of items back", LISTED),
    entry(Action::Left, "left", &["h", "Left"], "more urgent", &[Layer::Matrix]),
    entry(Action::Right, "right", &["l", "Right"], "less urgent", &[Layer::Matrix]),
    entry(Action::Raise, "raise", &["k", "Up"], "more impact", &[Layer::Matrix]),
    entry(Action::Lower, "lower", &["j", "Down"], "less impact", &[Layer::Matrix]),
    entry(
        Action::Leave,
        "leave",
        &["Esc", "^c"],
        "leave it as it is",
        &[Layer::Pick, Layer::Matrix, Layer::Jump, Layer::Palette, Layer::Help],
    )
    .hint("leave"),
    entry(Action::Complete, "complete", &["Tab"], "complete what is typed", COMPLETED)
        .hint("complete"),
    entry(
        Action::QuitWithoutWaiting,
        "leave-now",
        &["q", "^c"],
        "end without waiting",
        &[Layer::Quitting],
    )
    .hint("end without waiting"),
    entry(
        Action::SwitchWithoutWaiting,
        "go-now",
        &["y"],
        "switch without waiting",
        &[Layer::Switching],
    )
    .hint("switch without waiting")
    .condition(Condition::CanSwitchNow),
    entry(Action::CancelSwitch, "stay", &["n", "Esc", "q", "^c"], "stay here", &[Layer::Switching])
        .hint("stay here"),
];

/// Creates the keymap of the table with the keys of the settings, and returns warnings about bindings
/// that can't be used; see [`Keymap::with_bindings`].
#[must_use]
pub fn build_keymap(bindings: &[Binding]) -> (Keymap, Vec<Warning>) {
    Keymap::with_bindings(TABLE, bindings)
}

/// Returns the table's entry of an action.
#[must_use]
pub fn find_entry(action: Action) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.action == action)
}
