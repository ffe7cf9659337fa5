//! The one table of actions. Keymap, help and keys line are read from it.

use crate::model::command::Verb;

use super::app::{App, Pane};
use super::layout::Frame;
use super::mode::Mode;

/// Everything a key can do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// One row or line down.
    Down,
    /// One row or line up.
    Up,
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
    /// A shorter window of the measures.
    ShorterSpan,
    /// A longer window of the measures.
    LongerSpan,
    /// Ask the backend now.
    Refresh,
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
    KeepFilter,
    /// Give up the filter that is typed.
    GiveUpFilter,
    /// Complete what is typed.
    Complete,
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
    Keep,
    /// Leave, and keep what was written.
    PutAway,
    /// End without waiting for pending commands.
    LeaveNow,
}

/// In which situations keys mean what a row says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Layer {
    /// The panes.
    Panes,
    /// Something to read over them.
    Popup,
    /// A form: all other keys write.
    Form,
    /// The form asks whether what was typed may go.
    Asking,
    /// A list: all other keys search, or choose.
    Pick,
    /// A question.
    Confirm,
    /// Impact × urgency.
    Matrix,
    /// A filter is being typed: all other keys write.
    Filter,
    /// A number is being typed.
    Jump,
    /// Waiting for commands at the end.
    Leaving,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What it does.
    pub action: Action,
    /// Its name in a configuration.
    pub name: &'static str,
    /// The keys it has unless they are remapped.
    pub keys: &'static [&'static str],
    /// What it does, for the help.
    pub help: &'static str,
    /// A word for the keys line; none for what goes without saying.
    pub hint: Option<&'static str>,
    /// When the keys line shows that word.
    pub hint_when: When,
    /// Where it can be used.
    pub layers: &'static [Layer],
    /// When it applies, where it can be used.
    pub when: When,
    /// What the backend must be able to do.
    pub verb: Option<Verb>,
}

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
    /// The metrics are visible.
    Metrics,
    /// Something has failed.
    Failed,
    /// Several panes fit, or one is zoomed.
    Roomy,
    /// Nothing fills the screen.
    Top,
}

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
        layers,
        when: When::Always,
        verb: None,
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

    const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    const fn verb(mut self, verb: Verb) -> Self {
        self.verb = Some(verb);
        self
    }
}

const PANES: &[Layer] = &[Layer::Panes];
const SCROLLED: &[Layer] = &[Layer::Panes, Layer::Popup, Layer::Confirm];
const FORM: &[Layer] = &[Layer::Form];
const FILTER: &[Layer] = &[Layer::Filter];
const EVERYWHERE: &[Layer] = &[
    Layer::Panes,
    Layer::Popup,
    Layer::Form,
    Layer::Asking,
    Layer::Pick,
    Layer::Confirm,
    Layer::Matrix,
    Layer::Filter,
    Layer::Jump,
];

/// A row about one incident or all that are marked.
const fn verb(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
    verb: Verb,
) -> Entry {
    entry(action, name, keys, help, PANES).when(When::Incident).verb(verb)
}

/// The table, in the order of the help; the keys line takes hints in the same order.
pub const TABLE: &[Entry] = &[
    entry(Action::Undo, "undo", &["u"], "undo the last action, for 10 s", PANES)
        .hint("undo")
        .hint_when(When::Undoable),
    verb(Action::Acknowledge, "acknowledge", &["a"], "acknowledge", Verb::Acknowledge).hint("ack"),
    verb(Action::Own, "own", &["o"], "own it: assign it to me", Verb::Assign).hint("own"),
    verb(Action::Assign, "assign", &["s"], "assign it to somebody, on call first", Verb::Assign),
    verb(Action::Escalate, "escalate", &["e"], "call the next level of the policy", Verb::Escalate)
        .hint("escalate"),
    verb(Action::Note, "note", &["n"], "write a note", Verb::AddNote).hint("note"),
    verb(
        Action::Resolve,
        "resolve",
        &["r"],
        "resolve: what was done, how validated",
        Verb::Resolve,
    )
    .hint("resolve"),
    verb(Action::Prioritize, "prioritize", &["p"], "impact × urgency", Verb::Prioritize)
        .hint("priority"),
    verb(Action::Move, "move", &["t"], "move its status", Verb::MoveStatus).hint("move"),
    verb(
        Action::Categorize,
        "categorize",
        &["c"],
        "category, services, team, suspected changes",
        Verb::Categorize,
    ),
    verb(
        Action::Update,
        "update",
        &["U"],
        "tell stakeholders, from a template",
        Verb::UpdateStakeholders,
    ),
    verb(Action::Checklist, "checklist", &["i"], "checklist of its stage", Verb::AnswerItem),
    verb(Action::Close, "close", &["C"], "close it: the gate", Verb::Close),
    verb(Action::Review, "review", &["V"], "post-incident review", Verb::WriteReview),
    verb(Action::Snooze, "snooze", &["b"], "snooze it, or wait on somebody else", Verb::Snooze),
    verb(Action::Merge, "merge", &["m"], "merge it into another", Verb::Merge),
    verb(Action::Link, "link", &["l"], "link a problem, a change or a URL", Verb::Link),
    verb(Action::Reopen, "reopen", &["O"], "reopen it: it is back", Verb::Reopen),
    verb(
        Action::Reclassify,
        "reclassify",
        &["X"],
        "reclassify: it was no incident",
        Verb::Reclassify,
    ),
    verb(Action::Describe, "describe", &["E"], "title, symptoms, labels, runbook", Verb::Describe),
    verb(Action::Role, "role", &["L"], "give or take a role", Verb::GiveRole),
    entry(Action::Declare, "declare", &["D"], "declare an incident", PANES)
        .hint("declare")
        .verb(Verb::Declare),
    entry(Action::Filter, "filter", &["/"], "filter as you type: words and terms", PANES)
        .hint("filter"),
    entry(Action::Views, "views", &["v"], "saved views", PANES).hint("views"),
    entry(Action::Sort, "sort", &["S"], "the order of the queue", PANES),
    entry(Action::Group, "group", &["f"], "group the queue by service, or not any more", PANES),
    entry(Action::Fold, "fold", &["Left"], "fold the group", PANES)
        .hint("fold")
        .when(When::Grouped),
    entry(Action::Unfold, "unfold", &["Right"], "unfold the group", PANES)
        .hint("unfold")
        .when(When::Grouped),
    entry(Action::Mark, "mark", &["Space"], "select this one: verbs act on all selected", PANES)
        .when(When::QueueRow),
    entry(
        Action::MarkAll,
        "mark-all",
        &["*"],
        "select all that are shown, or none; on a group, its incidents",
        PANES,
    )
    .when(When::QueueRow),
    entry(Action::Drafts, "drafts", &["d"], "drafts: what was typed and not sent", PANES)
        .hint("drafts")
        .hint_when(When::Drafted),
    entry(Action::Open, "open", &["Enter"], "read it on the whole screen", PANES)
        .hint("read")
        .when(When::QueueRow),
    entry(Action::Back, "back", &["Esc"], "back", PANES).hint("back").when(When::Inside),
    entry(Action::ShorterSpan, "shorter-window", &["["], "measures over a shorter window", PANES)
        .hint("shorter")
        .when(When::Metrics),
    entry(Action::LongerSpan, "longer-window", &["]"], "measures over a longer window", PANES)
        .hint("longer window")
        .when(When::Metrics),
    entry(Action::Down, "down", &["j", "Down"], "one down", SCROLLED),
    entry(Action::Up, "up", &["k", "Up"], "one up", SCROLLED),
    entry(Action::HalfDown, "half-page-down", &["^d"], "half a page down", SCROLLED),
    entry(Action::HalfUp, "half-page-up", &["^u"], "half a page up", SCROLLED),
    entry(Action::PageDown, "page-down", &["PgDn"], "a page down", SCROLLED),
    entry(Action::PageUp, "page-up", &["PgUp"], "a page up", SCROLLED),
    entry(
        Action::Top,
        "top",
        &["g", "Home"],
        "to the first; digits after it jump to a number: g 2041",
        SCROLLED,
    ),
    entry(Action::Bottom, "bottom", &["G", "End"], "to the last", SCROLLED),
    entry(Action::Focus(Pane::Queue), "queue", &["1"], "focus the queue", PANES),
    entry(Action::Focus(Pane::Detail), "detail", &["2"], "focus the detail", PANES),
    entry(Action::Focus(Pane::Timeline), "timeline", &["3"], "focus the timeline", PANES),
    entry(Action::Focus(Pane::Metrics), "metrics", &["4"], "focus the metrics", PANES),
    entry(Action::NextPane, "next-pane", &["Tab"], "focus the next pane", PANES).hint("pane"),
    entry(Action::PreviousPane, "previous-pane", &["S-Tab"], "focus the pane before", PANES),
    entry(Action::Zoom, "zoom", &["z"], "this pane on the whole screen, or all again", PANES)
        .hint("zoom")
        .when(When::Roomy),
    entry(Action::Refresh, "refresh", &["R"], "ask the backend now", PANES).hint("refresh"),
    entry(Action::Failure, "failure", &["!"], "what failed last", PANES)
        .hint("failure")
        .when(When::Failed),
    entry(Action::Help, "help", &["?"], "these keys", PANES).hint("help"),
    entry(Action::Suspend, "suspend", &["^z"], "stop; `fg` in the shell continues", EVERYWHERE),
    entry(Action::Quit, "quit", &["q"], "back; at the top: quit", PANES)
        .hint("quit")
        .hint_when(When::Top),
    entry(
        Action::QuitNow,
        "quit-now",
        &["^c"],
        "quit from anywhere",
        &[Layer::Panes, Layer::Popup],
    ),
    entry(Action::Dismiss, "dismiss", &["Esc", "q", "?", "Enter"], "close this", &[Layer::Popup])
        .hint("close"),
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
        &[Layer::Pick, Layer::Matrix, Layer::Jump],
    )
    .hint("take it"),
    entry(Action::NextItem, "next-item", &["Down", "^n", "Tab"], "the next item", &[Layer::Pick]),
    entry(
        Action::PreviousItem,
        "previous-item",
        &["Up", "^p", "S-Tab"],
        "the item before",
        &[Layer::Pick],
    ),
    entry(Action::NextPage, "next-items", &["PgDn"], "a page of items on", &[Layer::Pick]),
    entry(
        Action::PreviousPage,
        "previous-items",
        &["PgUp"],
        "a page of items back",
        &[Layer::Pick],
    ),
    entry(Action::Left, "left", &["h", "Left"], "more urgent", &[Layer::Matrix]),
    entry(Action::Right, "right", &["l", "Right"], "less urgent", &[Layer::Matrix]),
    entry(Action::Raise, "raise", &["k", "Up"], "more impact", &[Layer::Matrix]),
    entry(Action::Lower, "lower", &["j", "Down"], "less impact", &[Layer::Matrix]),
    entry(Action::KeepFilter, "keep-filter", &["Enter"], "filter by it", FILTER).hint("filter"),
    entry(Action::GiveUpFilter, "give-up-filter", &["Esc", "^c"], "leave it as it was", FILTER)
        .hint("leave"),
    entry(Action::Complete, "complete", &["Tab"], "complete the term", FILTER).hint("complete"),
    entry(Action::CompleteBack, "complete-back", &["S-Tab"], "the completion before", FILTER),
    entry(Action::EarlierFilter, "earlier-filter", &["Up", "^p"], "a filter used before", FILTER)
        .hint("used before"),
    entry(Action::LaterFilter, "later-filter", &["Down", "^n"], "a filter used later", FILTER),
    entry(
        Action::Leave,
        "leave",
        &["Esc", "^c"],
        "leave it as it is",
        &[Layer::Pick, Layer::Matrix, Layer::Jump],
    )
    .hint("leave"),
    entry(Action::LeaveNow, "leave-now", &["q", "^c"], "end without waiting", &[Layer::Leaving])
        .hint("end without waiting"),
];

/// The row of an action.
#[must_use]
pub fn of(action: Action) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.action == action)
}

/// The situation that the state is in.
#[must_use]
pub fn layer(app: &App) -> Layer {
    match &app.mode {
        Mode::Panes => Layer::Panes,
        Mode::Help(_) | Mode::Failure(_) | Mode::Results(_) => Layer::Popup,
        Mode::Form(form) if form.asking => Layer::Asking,
        Mode::Form(_) => Layer::Form,
        Mode::Pick(_) => Layer::Pick,
        Mode::Confirm(_) => Layer::Confirm,
        Mode::Matrix(_) => Layer::Matrix,
        Mode::Filter(_) => Layer::Filter,
        Mode::Jump(_) => Layer::Jump,
        Mode::Leaving => Layer::Leaving,
    }
}

impl Entry {
    /// Whether it applies here and now.
    #[must_use]
    pub fn applies(&self, app: &App) -> bool {
        self.when.holds(app)
    }

    /// Whether the keys line shows it.
    #[must_use]
    pub fn is_hinted(&self, app: &App) -> bool {
        self.hint.is_some()
            && self.applies(app)
            && self.hint_when.holds(app)
            && self.barred(app).is_none()
    }

    /// Why it can't be done here at all, whatever is selected; `None` when it can.
    #[must_use]
    pub fn barred(&self, app: &App) -> Option<String> {
        let verb = self.verb?;
        if app.read_only {
            return Some("opened read-only: nothing can be changed from here".into());
        }
        let capabilities = app.capabilities.as_ref()?;
        (!capabilities.verbs.contains(&verb))
            .then(|| format!("{} can't do that", crate::model::text::shown(&capabilities.name)))
    }
}

impl When {
    /// Whether it is so.
    #[must_use]
    pub fn holds(self, app: &App) -> bool {
        match self {
            Self::Always => true,
            Self::Incident => app.target().is_some() || !app.marked.is_empty(),
            Self::Undoable => app.undo.is_some(),
            Self::Drafted => !app.drafts.is_empty(),
            Self::Marked => !app.marked.is_empty(),
            Self::QueueRow => app.focus == Pane::Queue && !app.queue.lines.is_empty(),
            Self::Grouped => Self::QueueRow.holds(app) && app.queue.grouped,
            Self::Inside => {
                app.zoomed
                    || app.focus != Pane::Queue
                    || !app.marked.is_empty()
                    || app.queue.is_filtered()
            }
            Self::Metrics => app.focus == Pane::Metrics,
            Self::Failed => app.failure.is_some(),
            Self::Top => !app.zoomed,
            Self::Roomy => app.zoomed || app.layout().places.iter().any(|p| p.frame != Frame::Bare),
        }
    }
}
