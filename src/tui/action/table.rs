//! The entries of the table of actions.

use crate::config::Warning;
use crate::config::panes::Binding;

use crate::tui::action::entry::entry;
use crate::tui::action::keymap::Keymap;
use crate::tui::action::{Action, ArgumentKind, Condition, Entry, Group, Layer};
use crate::tui::core::pane::Pane;
use crate::tui::screens::ScreenKind;
use crate::tui::verb;

use super::screen_entries;

const PANES: &[Layer] = &[Layer::Panes];
const SCROLLED: &[Layer] = &[
    Layer::Panes,
    Layer::Popup,
    Layer::Confirm,
    Layer::Runbook,
    Layer::Output,
    Layer::Outbox,
    Layer::Screen,
];
/// The goto menu, and layers for reading and answering that the menu is not opened over.
const TO_TOP: &[Layer] =
    &[Layer::Goto, Layer::Popup, Layer::Confirm, Layer::Runbook, Layer::Output, Layer::Outbox];
/// The panes, and the screens shown in their place.
const MAIN: &[Layer] = &[Layer::Panes, Layer::Screen];
const GOTO: &[Layer] = &[Layer::Goto];
/// Situations in which nothing is typed or chosen.
const READ: &[Layer] =
    &[Layer::Panes, Layer::Popup, Layer::Runbook, Layer::Output, Layer::Outbox, Layer::Screen];
const PAGED: &[Layer] = &[
    Layer::Panes,
    Layer::Popup,
    Layer::Confirm,
    Layer::Help,
    Layer::Runbook,
    Layer::Output,
    Layer::Outbox,
    Layer::Screen,
];
const SEARCHED: &[Layer] = &[Layer::Palette, Layer::Help];
const LISTED: &[Layer] = &[Layer::Pick, Layer::Palette];
const UNDONE: &[Layer] = &[Layer::Panes, Layer::Runbook];
const RUNBOOK: &[Layer] = &[Layer::Runbook];
const OUTPUT: &[Layer] = &[Layer::Output];
const OUTBOX: &[Layer] = &[Layer::Outbox];
const COMPLETED: &[Layer] = &[Layer::Palette, Layer::Filter];
const FILTER: &[Layer] = &[Layer::Filter];
const FILTERS: &[Layer] = &[Layer::Filter, Layer::ScreenFilter];
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
    Layer::Goto,
    Layer::Screen,
    Layer::ScreenFilter,
    Layer::Search,
    Layer::Filter,
    Layer::Runbook,
    Layer::Output,
    Layer::Outbox,
    Layer::Wall,
];

/// The table in the order of the help; the keys line shows hints in the same order. The entries of
/// verbs are in their own files.
pub const TABLE: &[Entry] = &{
    let parts: [&[Entry]; 7] = [
        &[UNDO],
        verb::ENTRIES,
        &[RUN],
        &[verb::DECLARE],
        FINDING,
        screen_entries::ENTRIES,
        OTHERS,
    ];
    let mut table = [UNDO;
        verb::ENTRIES.len() + FINDING.len() + screen_entries::ENTRIES.len() + OTHERS.len() + 3];
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

/// Actions that are no verbs: finding, marking, moving.
const FINDING: &[Entry] = &[
    entry(
        Action::Filter,
        "filter",
        &["/"],
        "filter as you type: words and terms; on the timeline: search it",
        PANES,
    )
    .hint("filter")
    .hint_on_timeline("search")
    .argument(ArgumentKind::Filter)
    .group(Group::Finding),
    entry(Action::Views, "views", &["v"], "saved views", PANES)
        .hint("views")
        .argument(ArgumentKind::View)
        .aliases(&["view"])
        .group(Group::Finding),
    entry(
        Action::Sort,
        "sort",
        &["S"],
        "the order of the queue; on the timeline: oldest or newest first",
        PANES,
    )
    .hint_on_timeline("order")
    .argument(ArgumentKind::Sort)
    .group(Group::Finding),
    entry(Action::SearchTimeline, "search-timeline", &[], "search the timeline", PANES)
        .condition(Condition::Recorded)
        .group(Group::Finding),
    entry(
        Action::SameService,
        "same-service",
        &["="],
        "others of this service; once more: its ended ones too",
        PANES,
    )
    .condition(Condition::HasIncident)
    .aliases(&["others", "service-others"])
    .group(Group::Finding),
    entry(Action::History, "history", &["H"], "ended incidents too, or only open ones", PANES)
        .aliases(&["past", "ended"])
        .group(Group::Finding),
    entry(Action::NotesOnly, "notes-only", &["W"], "the timeline: only notes, or all", PANES)
        .hint_on_timeline("notes only")
        .condition(Condition::Recorded)
        .group(Group::Viewing),
    entry(
        Action::TimelineOrder,
        "timeline-order",
        &[],
        "the timeline: oldest first, or newest first",
        PANES,
    )
    .condition(Condition::Recorded)
    .aliases(&["oldest-first", "newest-first"])
    .group(Group::Viewing),
    entry(Action::Group, "group", &["f"], "group the queue by service, or not any more", PANES)
        .group(Group::Finding),
    entry(
        Action::Fold,
        "fold",
        &["Left"],
        "fold the group; on the map of hours: the hour before",
        PANES,
    )
    .hint("fold")
    .hint_on_metrics("hour before")
    .condition(Condition::Grouped)
    .group(Group::Finding),
    entry(
        Action::Unfold,
        "unfold",
        &["Right"],
        "unfold the group; on the map of hours: the next hour",
        PANES,
    )
    .hint("unfold")
    .hint_on_metrics("next hour")
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
    entry(
        Action::MarkDown,
        "mark-down",
        &["S-Down"],
        "select this one and the next, and so on; back unselects",
        PANES,
    )
    .condition(Condition::QueueRow)
    .group(Group::Acting),
    entry(
        Action::MarkUp,
        "mark-up",
        &["S-Up"],
        "select this one and the one before, and so on",
        PANES,
    )
    .condition(Condition::QueueRow)
    .group(Group::Acting),
    entry(
        Action::MarkRange,
        "mark-range",
        &["^Space"],
        "select all from the last selected to this one",
        PANES,
    )
    .condition(Condition::QueueRow)
    .group(Group::Acting),
    entry(Action::Drafts, "drafts", &["d"], "drafts: what was typed and not sent", PANES)
        .hint("drafts")
        .hint_when(Condition::HasDrafts)
        .condition(Condition::HasDrafts)
        .group(Group::Acting),
    entry(
        Action::Copy,
        "copy",
        &["y"],
        "copy number, title, summary or the record; on a page of the metrics: the page",
        PANES,
    )
    .condition(Condition::CanCopy)
    .group(Group::Acting)
    .argument(ArgumentKind::Listed("number, title, summary, record, review, actions"))
    .aliases(&["yank"]),
    entry(Action::GoToNumber, "go", &[], "go to a number", PANES)
        .group(Group::Finding)
        .required_argument(ArgumentKind::Number),
    entry(Action::Open, "open", &["Enter"], "open the record; in it, what is named there", PANES)
        .hint("read")
        .condition(Condition::CanOpen)
        .group(Group::Viewing),
    entry(Action::Back, "back", &["Esc"], "back", PANES)
        .hint("back")
        .hint_when(Condition::Present)
        .condition(Condition::CanGoBack)
        .group(Group::Moving),
    entry(
        Action::Screen(ScreenKind::Alerts),
        "alerts",
        &["F"],
        "the alerts of the incident: which fire, since when, how often",
        PANES,
    )
    .hint("alerts")
    .hint_when(Condition::HasAlerts)
    .condition(Condition::HasIncident)
    .aliases(&["firing", "alarms"])
    .group(Group::Viewing),
    entry(
        Action::Screen(ScreenKind::Similar),
        "similar",
        &["P"],
        "past incidents like this one: how they were resolved, what their reviews say",
        PANES,
    )
    .hint("similar")
    .hint_when(Condition::HasSimilar)
    .condition(Condition::HasIncident)
    .aliases(&["alike", "recurring", "past-incidents"])
    .group(Group::Viewing),
    entry(
        Action::ApplyHint,
        "apply-hint",
        &["I"],
        "set the category or the service that most past incidents like this one had",
        PANES,
    )
    .hint("as the similar ones")
    .hint_when(Condition::HasHint)
    .condition(Condition::HasHint)
    .group(Group::Acting),
    entry(Action::Window, "window", &[], "the window of the measures", PANES)
        .group(Group::Viewing)
        .required_argument(ArgumentKind::Span),
    entry(
        Action::MeasuresPage(true),
        "next-page",
        &["}"],
        "the metrics: the next page: times, volume, levels, recurring, budgets, people, practice",
        PANES,
    )
    .hint_on_metrics("next page")
    .group(Group::Viewing),
    entry(
        Action::MeasuresPage(false),
        "previous-page",
        &["{"],
        "the metrics: the page before",
        PANES,
    )
    .group(Group::Viewing),
    entry(
        Action::Breakdown,
        "breakdown",
        &["&"],
        "the pages of the metrics: by service, team, priority, category, source, or in all",
        PANES,
    )
    .hint_on_metrics("by")
    .condition(Condition::MeasuresPage)
    .aliases(&["cut"])
    .group(Group::Viewing),
    entry(
        Action::Comparison,
        "comparison",
        &["%"],
        "the pages of the metrics: with the window before, or without",
        PANES,
    )
    .condition(Condition::MeasuresPage)
    .aliases(&["compare"])
    .group(Group::Viewing),
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
    entry(Action::PageDown, "page-down", &["PgDn", "^f"], "a page down", PAGED)
        .group(Group::Moving),
    entry(Action::PageUp, "page-up", &["PgUp", "^b"], "a page up", PAGED).group(Group::Moving),
    entry(Action::First, "first", &["Home"], "to the top", MAIN).group(Group::Moving),
    entry(
        Action::Goto,
        "goto",
        &["g"],
        "go to: the top, the end, a number, the newest, a screen",
        MAIN,
    )
    .hint("go to")
    .group(Group::Moving),
    entry(Action::Top, "top", &["g", "Home"], "to the top", TO_TOP)
        .hint("top")
        .hint_when(Condition::GotoOpen)
        .group(Group::Moving),
    entry(Action::GotoEnd, "go-end", &["e"], "to the end", GOTO).hint("end").group(Group::Moving),
    entry(Action::Newest, "newest", &["n"], "the incident that was reported last", GOTO)
        .hint("the newest")
        .group(Group::Moving),
];

/// The other actions, after those of screens.
const OTHERS: &[Entry] = &[
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
    entry(Action::Theme, "theme", &["T"], "the next theme", MAIN)
        .argument(ArgumentKind::Theme)
        .group(Group::Viewing),
    entry(Action::Zone, "zone", &["Z"], "times in my zone, in UTC, or in both", MAIN)
        .argument(ArgumentKind::Zone)
        .group(Group::Viewing),
    entry(
        Action::Mouse,
        "mouse",
        &[],
        "the mouse scrolls and selects, or marks text as ever",
        MAIN,
    )
    .group(Group::Viewing),
    entry(Action::Wall, "wall", &["w"], "the wall display", MAIN).group(Group::Viewing),
    entry(Action::Backend, "backend", &["B"], "switch to another backend, by profile", MAIN)
        .argument(ArgumentKind::Backend)
        .aliases(&["profile"])
        .group(Group::Viewing),
    entry(Action::Demo, "demo", &["M"], "a made-up company to try things on", PANES)
        .condition(Condition::FirstStart)
        .group(Group::Viewing),
    entry(
        Action::Settings,
        "settings",
        &[","],
        "the settings file: name, people, services, keys",
        PANES,
    )
    .condition(Condition::HasErrands)
    .aliases(&["config", "preferences"])
    .group(Group::Viewing),
    entry(Action::Refresh, "refresh", &["R"], "ask the backend now", MAIN).hint("refresh"),
    entry(Action::Outbox, "outbox", &["O"], "the outbox: what is on its way to the API", MAIN)
        .hint("outbox")
        .hint_when(Condition::OutboxActive)
        .group(Group::Acting),
    entry(Action::Failure, "failure", &["!"], "what failed last", MAIN)
        .hint("failure")
        .condition(Condition::HasFailure),
    entry(Action::Palette, "commands", &[":", "^p"], "everything by name, with arguments", MAIN)
        .hint("commands"),
    entry(Action::Help, "help", &["?"], "these keys", MAIN).hint("help"),
    entry(Action::Redraw, "redraw", &["^l"], "redraw everything", &Layer::ALL),
    entry(Action::Suspend, "suspend", &["^z"], "stop; `fg` in the shell continues", EVERYWHERE),
    entry(Action::Quit, "back-or-quit", &["q"], "back; at the top: quit", PANES)
        .hint("quit")
        .hint_when(Condition::NotZoomed),
    entry(
        Action::QuitNow,
        "quit",
        &["^c"],
        "quit from anywhere",
        &[Layer::Panes, Layer::Popup, Layer::Runbook, Layer::Outbox, Layer::Screen, Layer::Wall],
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
    entry(Action::ApplyFilter, "keep-filter", &["Enter"], "filter by it", FILTERS).hint("filter"),
    entry(Action::CancelFilter, "give-up-filter", &["Esc", "^c"], "leave it as it was", FILTERS)
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
        &[Layer::Pick, Layer::Matrix, Layer::Goto, Layer::Search, Layer::Palette],
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
        &[Layer::Pick, Layer::Matrix, Layer::Goto, Layer::Search, Layer::Palette, Layer::Help],
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

/// Creates the keymap of the table with the keys of the settings, and returns warnings about
/// bindings that can't be used; see [`Keymap::with_bindings`].
#[must_use]
pub fn build_keymap(bindings: &[Binding]) -> (Keymap, Vec<Warning>) {
    Keymap::with_bindings(TABLE, bindings)
}

/// Returns the table's entry of an action.
#[must_use]
pub fn find_entry(action: Action) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.action == action)
}
