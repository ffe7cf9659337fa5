//! The rows of the table.

use crate::model::command::CommandKind;

use super::super::app::Pane;
use super::{Action, Entry, Group, Layer, Takes, When};

const fn entry(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
    layers: &'static [Layer],
) -> Entry {
    Entry {
        action,
        name,
        keys,
        help,
        hint: None,
        hint_when: When::Always,
        hint_on_metrics: None,
        layers,
        when: When::Always,
        verb: None,
        group: Group::Program,
        takes: Takes::Nothing,
        needs: false,
        also: &[],
    }
}

impl Entry {
    const fn hint(mut self, word: &'static str) -> Self {
        self.hint = Some(word);
        self
    }

    const fn hint_when(mut self, when: When) -> Self {
        self.hint_when = when;
        self
    }

    const fn hint_on_metrics(mut self, word: &'static str) -> Self {
        self.hint_on_metrics = Some(word);
        self
    }

    const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    const fn verb(mut self, verb: CommandKind) -> Self {
        self.verb = Some(verb);
        self
    }

    const fn group(mut self, group: Group) -> Self {
        self.group = group;
        self
    }

    const fn takes(mut self, takes: Takes) -> Self {
        self.takes = takes;
        self
    }

    const fn needs(mut self, takes: Takes) -> Self {
        self.needs = true;
        self.takes(takes)
    }

    const fn also(mut self, names: &'static [&'static str]) -> Self {
        self.also = names;
        self
    }
}

const PANES: &[Layer] = &[Layer::Panes];
const SCROLLED: &[Layer] =
    &[Layer::Panes, Layer::Popup, Layer::Confirm, Layer::Runbook, Layer::Output, Layer::Outbox];
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
    Layer::Asking,
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

/// A row about one incident or all that are marked.
const fn verb(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
    verb: CommandKind,
) -> Entry {
    entry(action, name, keys, help, PANES).when(When::Incident).verb(verb).group(Group::Acting)
}

/// The table, in the order of the help; the keys line takes hints in the same order.
pub const TABLE: &[Entry] = &[
    entry(Action::Undo, "undo", &["u"], "undo the last action, for 10 s", UNDONE)
        .hint("undo")
        .hint_when(When::Undoable)
        .when(When::Undoable)
        .group(Group::Acting),
    verb(Action::Acknowledge, "acknowledge", &["a"], "acknowledge", CommandKind::Acknowledge)
        .hint("ack")
        .also(&["ack"]),
    verb(Action::Own, "own", &["o"], "own it: assign it to me", CommandKind::Assign).hint("own"),
    verb(
        Action::Assign,
        "assign",
        &["s"],
        "assign it to somebody, on call first",
        CommandKind::Assign,
    )
    .takes(Takes::Person),
    verb(
        Action::Escalate,
        "escalate",
        &["e"],
        "call the next level of the policy",
        CommandKind::Escalate,
    )
    .hint("escalate")
    .takes(Takes::Listed("a level of the policy, from 1")),
    verb(Action::Note, "note", &["n"], "write a note", CommandKind::AddNote)
        .hint("note")
        .takes(Takes::Note),
    verb(
        Action::Resolve,
        "resolve",
        &["r"],
        "resolve: what was done, how validated",
        CommandKind::Resolve,
    )
    .hint("resolve"),
    verb(Action::Prioritize, "prioritize", &["p"], "impact × urgency", CommandKind::Prioritize)
        .hint("priority")
        .takes(Takes::Priority)
        .also(&["priority"]),
    verb(Action::Move, "move", &["t"], "move its status", CommandKind::MoveStatus)
        .hint("move")
        .takes(Takes::Listed("a later stage, up to monitoring"))
        .also(&["status"]),
    verb(
        Action::Categorize,
        "categorize",
        &["c"],
        "category, services, team, suspected changes",
        CommandKind::Categorize,
    ),
    verb(Action::Category, "category", &[], "the category alone", CommandKind::Categorize)
        .needs(Takes::Category),
    verb(Action::Services, "service", &[], "the services alone", CommandKind::SetServices)
        .needs(Takes::Services)
        .also(&["services"]),
    verb(Action::Team, "team", &[], "the team alone", CommandKind::SetTeam).needs(Takes::Team),
    verb(
        Action::Update,
        "update",
        &["U"],
        "tell stakeholders, from a template",
        CommandKind::UpdateStakeholders,
    )
    .hint("update")
    .takes(Takes::Listed("the name of a template")),
    verb(Action::Checklist, "checklist", &["i"], "checklist of its stage", CommandKind::AnswerItem),
    verb(Action::Close, "close", &["C"], "close it: the gate", CommandKind::Close).hint("close"),
    verb(Action::Review, "review", &["V"], "post-incident review", CommandKind::WriteReview)
        .hint("review"),
    verb(
        Action::Snooze,
        "snooze",
        &["b"],
        "snooze it, or wait on somebody else",
        CommandKind::Snooze,
    )
    .takes(Takes::Time),
    verb(Action::Merge, "merge", &["m"], "merge it into another", CommandKind::Merge)
        .takes(Takes::Incident),
    verb(Action::Link, "link", &["l"], "link a problem, a change or a URL", CommandKind::Link)
        .takes(Takes::Url),
    verb(Action::Reopen, "reopen", &["A"], "reopen it: it is back", CommandKind::Reopen)
        .hint("reopen"),
    verb(
        Action::Reclassify,
        "reclassify",
        &["X"],
        "reclassify: it was no incident",
        CommandKind::Reclassify,
    ),
    verb(
        Action::Describe,
        "describe",
        &["E"],
        "title, symptoms, labels, runbook",
        CommandKind::Describe,
    ),
    verb(Action::Role, "role", &["L"], "give or take a role", CommandKind::GiveRole)
        .takes(Takes::Listed("a role and who has it: scribe ines; no scribe ines takes it")),
    entry(Action::Run, "run", &["x"], "run a command, read a runbook", PANES)
        .when(When::Incident)
        .takes(Takes::Run)
        .group(Group::Acting),
    entry(Action::Declare, "declare", &["D"], "declare an incident", PANES)
        .hint("declare")
        .verb(CommandKind::Declare)
        .group(Group::Acting),
    entry(Action::Filter, "filter", &["/"], "filter as you type: words and terms", PANES)
        .hint("filter")
        .takes(Takes::Filter)
        .group(Group::Finding),
    entry(Action::Views, "views", &["v"], "saved views", PANES)
        .hint("views")
        .takes(Takes::View)
        .also(&["view"])
        .group(Group::Finding),
    entry(Action::Sort, "sort", &["S"], "the order of the queue", PANES)
        .takes(Takes::Sort)
        .group(Group::Finding),
    entry(Action::Group, "group", &["f"], "group the queue by service, or not any more", PANES)
        .group(Group::Finding),
    entry(Action::Fold, "fold", &["Left"], "fold the group", PANES)
        .hint("fold")
        .when(When::Grouped)
        .group(Group::Finding),
    entry(Action::Unfold, "unfold", &["Right"], "unfold the group", PANES)
        .hint("unfold")
        .when(When::Grouped)
        .group(Group::Finding),
    entry(Action::Mark, "mark", &["Space"], "select this one: verbs act on all selected", PANES)
        .hint("select")
        .hint_when(When::Marked)
        .when(When::QueueRow)
        .group(Group::Acting),
    entry(
        Action::MarkAll,
        "mark-all",
        &["*"],
        "select all that are shown, or none; on a group, its incidents",
        PANES,
    )
    .when(When::QueueRow)
    .group(Group::Acting),
    entry(Action::Drafts, "drafts", &["d"], "drafts: what was typed and not sent", PANES)
        .hint("drafts")
        .hint_when(When::Drafted)
        .when(When::Drafted)
        .group(Group::Acting),
    entry(Action::Copy, "copy", &["y"], "copy number, title, summary or the record", PANES)
        .when(When::Incident)
        .group(Group::Acting)
        .takes(Takes::Listed("number, title, summary, record"))
        .also(&["yank"]),
    entry(Action::Go, "go", &[], "go to a number", PANES)
        .group(Group::Finding)
        .needs(Takes::Number),
    entry(Action::Open, "open", &["Enter"], "read it on the whole screen", PANES)
        .hint("read")
        .when(When::QueueRow)
        .group(Group::Looking),
    entry(Action::Back, "back", &["Esc"], "back", PANES)
        .hint("back")
        .hint_when(When::Present)
        .when(When::Inside)
        .group(Group::Moving),
    entry(Action::Window, "window", &[], "the window of the measures", PANES)
        .group(Group::Looking)
        .needs(Takes::Span),
    entry(
        Action::Earlier,
        "earlier",
        &["["],
        "how it was an event earlier; on the metrics: a shorter window",
        PANES,
    )
    .hint("earlier")
    .hint_when(When::Past)
    .hint_on_metrics("shorter")
    .when(When::Steps)
    .group(Group::Looking),
    entry(Action::Later, "later", &["]"], "an event later; on the metrics: a longer window", PANES)
        .hint("later")
        .hint_when(When::Travelling)
        .hint_on_metrics("longer window")
        .when(When::Steps)
        .group(Group::Looking),
    entry(Action::Down, "down", &["j", "Down"], "one down", SCROLLED).group(Group::Moving),
    entry(Action::Up, "up", &["k", "Up"], "one up", SCROLLED).group(Group::Moving),
    entry(Action::NextIncident, "next-incident", &["J"], "the next incident, in any pane", PANES)
        .hint("next one")
        .hint_when(When::Reading)
        .group(Group::Moving),
    entry(Action::PreviousIncident, "previous-incident", &["K"], "the incident before", PANES)
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
        .when(When::Roomy)
        .group(Group::Looking),
    entry(Action::Theme, "theme", &["T"], "the next theme", PANES)
        .takes(Takes::Theme)
        .group(Group::Looking),
    entry(Action::Zone, "zone", &["Z"], "times in my zone, in UTC, or in both", PANES)
        .takes(Takes::Zone)
        .group(Group::Looking),
    entry(Action::Wall, "wall", &["w"], "the wall display", PANES).group(Group::Looking),
    entry(Action::Backend, "backend", &["B"], "switch to another backend, by profile", PANES)
        .takes(Takes::Backend)
        .also(&["profile"])
        .group(Group::Looking),
    entry(Action::Refresh, "refresh", &["R"], "ask the backend now", PANES).hint("refresh"),
    entry(Action::Outbox, "outbox", &["O"], "the outbox: what is on its way to the API", PANES)
        .hint("outbox")
        .hint_when(When::Waiting)
        .group(Group::Acting),
    entry(Action::Failure, "failure", &["!"], "what failed last", PANES)
        .hint("failure")
        .when(When::Failed),
    entry(Action::Palette, "commands", &[":", "^p"], "everything by name, with arguments", PANES)
        .hint("commands"),
    entry(Action::Help, "help", &["?"], "these keys", PANES).hint("help"),
    entry(Action::Suspend, "suspend", &["^z"], "stop; `fg` in the shell continues", EVERYWHERE),
    entry(Action::Quit, "back-or-quit", &["q"], "back; at the top: quit", PANES)
        .hint("quit")
        .hint_when(When::Top),
    entry(
        Action::QuitNow,
        "quit",
        &["^c"],
        "quit from anywhere",
        &[Layer::Panes, Layer::Popup, Layer::Runbook, Layer::Outbox, Layer::Wall],
    )
    .also(&["q", "exit"]),
    entry(Action::LeaveWall, "leave-wall", &["Esc", "q", "w"], "leave the wall", &[Layer::Wall]),
    entry(Action::Dismiss, "dismiss", &["Esc", "q", "?", "Enter"], "close this", &[Layer::Popup])
        .hint("close"),
    entry(Action::EditEntry, "edit-command", &["e"], "edit a refused command", OUTBOX)
        .hint("edit")
        .hint_when(When::RefusedEntry)
        .when(When::RefusedEntry),
    entry(Action::SendAnyway, "send-anyway", &["s"], "send a refused command again", OUTBOX)
        .hint("send anyway")
        .hint_when(When::RefusedEntry)
        .when(When::RefusedEntry),
    entry(Action::DropEntry, "drop-command", &["x"], "drop a command that was not sent", OUTBOX)
        .hint("drop")
        .hint_when(When::UnsentEntry)
        .when(When::UnsentEntry),
    entry(Action::SendNow, "send-now", &["R"], "send what waits now", OUTBOX)
        .hint("try now")
        .hint_when(When::Waiting),
    entry(Action::Tick, "tick", &["Space", "Enter"], "tick this step onto the timeline", RUNBOOK)
        .hint("step done")
        .hint_when(When::Tickable),
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
    .hint_when(When::Running),
    entry(Action::NoteRun, "note-output", &["n"], "put the output on the timeline", OUTPUT)
        .hint("put on the timeline")
        .hint_when(When::Notable),
    entry(
        Action::CloseRun,
        "close-run",
        &["Esc", "q"],
        "close this; a command goes on",
        &[Layer::Runbook, Layer::Output, Layer::Outbox],
    )
    .hint("close"),
    entry(Action::KeepFilter, "keep-filter", &["Enter"], "filter by it", FILTER).hint("filter"),
    entry(Action::GiveUpFilter, "give-up-filter", &["Esc", "^c"], "leave it as it was", FILTER)
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
    entry(Action::Discard, "discard", &["y"], "drop what was typed", &[Layer::Asking])
        .hint("drop it"),
    entry(Action::Keep, "keep", &["n", "Esc"], "go on writing", &[Layer::Asking])
        .hint("go on writing"),
    entry(Action::PutAway, "put-away", &["k"], "keep it as a draft", &[Layer::Asking])
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
    entry(Action::LeaveNow, "leave-now", &["q", "^c"], "end without waiting", &[Layer::Leaving])
        .hint("end without waiting"),
    entry(Action::GoNow, "go-now", &["y"], "switch without waiting", &[Layer::Switching])
        .hint("switch without waiting")
        .when(When::Unsettled),
    entry(Action::Stay, "stay", &["n", "Esc", "q", "^c"], "stay here", &[Layer::Switching])
        .hint("stay here"),
];
