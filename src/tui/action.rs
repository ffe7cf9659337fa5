//! The one table of actions. Keymap, help, command palette and keys line are read from it.

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
    Go,
    /// Choose the window of the measures.
    Window,
    /// A shorter window of the measures.
    ShorterSpan,
    /// A longer window of the measures.
    LongerSpan,
    /// The next theme.
    Theme,
    /// The next choice of a time zone.
    Zone,
    /// Show the wall display.
    Wall,
    /// Back from the wall display.
    LeaveWall,
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
    /// The keys: all other keys search.
    Help,
    /// The command palette: all other keys write.
    Palette,
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
    /// A number is being typed.
    Jump,
    /// Waiting for commands at the end.
    Leaving,
    /// The wall display: nothing but leaving it.
    Wall,
}

impl Layer {
    /// Whether keys without another meaning write text there.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Form | Self::Pick | Self::Jump | Self::Palette | Self::Help)
    }
}

impl Layer {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Panes,
        Self::Palette,
        Self::Help,
        Self::Form,
        Self::Asking,
        Self::Pick,
        Self::Matrix,
        Self::Confirm,
        Self::Jump,
        Self::Popup,
        Self::Wall,
        Self::Leaving,
    ];

    /// As the help calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panes => "Panes",
            Self::Popup => "Something to read",
            Self::Help => "These keys",
            Self::Palette => "Command palette",
            Self::Form => "A form",
            Self::Asking => "Leaving a form",
            Self::Pick => "A list",
            Self::Confirm => "A question",
            Self::Matrix => "Impact × urgency",
            Self::Jump => "A number",
            Self::Wall => "The wall",
            Self::Leaving => "The end",
        }
    }
}

/// What an action is about, for the help.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Group {
    /// An incident, or all that are selected.
    Acting,
    /// Finding one.
    Finding,
    /// How things are looked at.
    Looking,
    /// The program itself.
    Program,
    /// Moving about.
    Moving,
}

impl Group {
    /// In the order of the help.
    pub const ALL: [Self; 5] =
        [Self::Acting, Self::Finding, Self::Looking, Self::Program, Self::Moving];

    /// As the help calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acting => "Acting on an incident",
            Self::Finding => "Finding",
            Self::Looking => "Looking",
            Self::Program => "Program",
            Self::Moving => "Moving",
        }
    }
}

/// What can be typed behind an action's name, as in `:assign ines`. How each is offered and read is
/// `update::arguments`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Takes {
    /// Nothing.
    Nothing,
    /// One of what its list offers.
    Listed(&'static str),
    /// A person.
    Person,
    /// How long, or until when.
    Time,
    /// A priority, or impact and urgency.
    Priority,
    /// An incident to merge into.
    Incident,
    /// A page elsewhere.
    Url,
    /// A note's text.
    Note,
    /// A category.
    Category,
    /// Services.
    Services,
    /// A team.
    Team,
    /// An incident's number.
    Number,
    /// A window of the measures.
    Span,
}

impl Takes {
    /// What would be accepted, for who has typed nothing yet.
    #[must_use]
    pub const fn accepted(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Listed(what) => what,
            Self::Person => "a handle or a name, me, nobody",
            Self::Time => "4h, 09:00, tomorrow, change, 2026-03-01 09:00",
            Self::Priority => "p1 to p4, or impact and urgency: high medium",
            Self::Incident => "the number of another open incident",
            Self::Url => "a URL such as https://status.example.com",
            Self::Note => "the text of the note",
            Self::Category => "a category, or unknown",
            Self::Services => "services, the primary one first",
            Self::Team => "a team, or none",
            Self::Number => "a number such as 2041",
            Self::Span => "24h, 7d, 30d, 90d",
        }
    }
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
    /// What it is about.
    pub group: Group,
    /// What can be typed behind its name in the command palette.
    pub takes: Takes,
    /// It does nothing without that.
    pub needs: bool,
    /// Other names that it answers to there.
    pub also: &'static [&'static str],
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
    /// The queue has the focus and something is selected.
    QueueRow,
    /// There is somewhere to go back to.
    Inside,
    /// Detail or timeline has the focus.
    Reading,
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

    const fn when(mut self, when: When) -> Self {
        self.when = when;
        self
    }

    const fn verb(mut self, verb: Verb) -> Self {
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
const SCROLLED: &[Layer] = &[Layer::Panes, Layer::Popup, Layer::Confirm];
const PAGED: &[Layer] = &[Layer::Panes, Layer::Popup, Layer::Confirm, Layer::Help];
const SEARCHED: &[Layer] = &[Layer::Palette, Layer::Help];
const LISTED: &[Layer] = &[Layer::Pick, Layer::Palette];
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
    Layer::Wall,
];

/// A row about one incident or all that are marked.
const fn verb(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
    verb: Verb,
) -> Entry {
    entry(action, name, keys, help, PANES).when(When::Incident).verb(verb).group(Group::Acting)
}

/// The table, in the order of the help; the keys line takes hints in the same order.
pub const TABLE: &[Entry] = &[
    entry(Action::Undo, "undo", &["u"], "undo the last action, for 10 s", PANES)
        .hint("undo")
        .hint_when(When::Undoable)
        .when(When::Undoable)
        .group(Group::Acting),
    verb(Action::Acknowledge, "acknowledge", &["a"], "acknowledge", Verb::Acknowledge)
        .hint("ack")
        .also(&["ack"]),
    verb(Action::Own, "own", &["o"], "own it: assign it to me", Verb::Assign).hint("own"),
    verb(Action::Assign, "assign", &["s"], "assign it to somebody, on call first", Verb::Assign)
        .takes(Takes::Person),
    verb(Action::Escalate, "escalate", &["e"], "call the next level of the policy", Verb::Escalate)
        .hint("escalate")
        .takes(Takes::Listed("a level of the policy, from 1")),
    verb(Action::Note, "note", &["n"], "write a note", Verb::AddNote)
        .hint("note")
        .takes(Takes::Note),
    verb(
        Action::Resolve,
        "resolve",
        &["r"],
        "resolve: what was done, how validated",
        Verb::Resolve,
    )
    .hint("resolve"),
    verb(Action::Prioritize, "prioritize", &["p"], "impact × urgency", Verb::Prioritize)
        .hint("priority")
        .takes(Takes::Priority)
        .also(&["priority"]),
    verb(Action::Move, "move", &["t"], "move its status", Verb::MoveStatus)
        .hint("move")
        .takes(Takes::Listed("a later stage, up to monitoring"))
        .also(&["status"]),
    verb(
        Action::Categorize,
        "categorize",
        &["c"],
        "category, services, team, suspected changes",
        Verb::Categorize,
    ),
    verb(Action::Category, "category", &[], "the category alone", Verb::Categorize)
        .needs(Takes::Category),
    verb(Action::Services, "service", &[], "the services alone", Verb::SetServices)
        .needs(Takes::Services)
        .also(&["services"]),
    verb(Action::Team, "team", &[], "the team alone", Verb::SetTeam).needs(Takes::Team),
    verb(
        Action::Update,
        "update",
        &["U"],
        "tell stakeholders, from a template",
        Verb::UpdateStakeholders,
    )
    .hint("update")
    .takes(Takes::Listed("the name of a template")),
    verb(Action::Checklist, "checklist", &["i"], "checklist of its stage", Verb::AnswerItem),
    verb(Action::Close, "close", &["C"], "close it: the gate", Verb::Close).hint("close"),
    verb(Action::Review, "review", &["V"], "post-incident review", Verb::WriteReview)
        .hint("review"),
    verb(Action::Snooze, "snooze", &["b"], "snooze it, or wait on somebody else", Verb::Snooze)
        .takes(Takes::Time),
    verb(Action::Merge, "merge", &["m"], "merge it into another", Verb::Merge)
        .takes(Takes::Incident),
    verb(Action::Link, "link", &["l"], "link a problem, a change or a URL", Verb::Link)
        .takes(Takes::Url),
    verb(Action::Reopen, "reopen", &["O"], "reopen it: it is back", Verb::Reopen).hint("reopen"),
    verb(
        Action::Reclassify,
        "reclassify",
        &["X"],
        "reclassify: it was no incident",
        Verb::Reclassify,
    ),
    verb(Action::Describe, "describe", &["E"], "title, symptoms, labels, runbook", Verb::Describe),
    verb(Action::Role, "role", &["L"], "give or take a role", Verb::GiveRole)
        .takes(Takes::Listed("a role and who has it: scribe ines; no scribe ines takes it")),
    entry(Action::Declare, "declare", &["D"], "declare an incident", PANES)
        .hint("declare")
        .verb(Verb::Declare)
        .group(Group::Acting),
    entry(Action::Mark, "mark", &["Space"], "select this one: verbs act on all selected", PANES)
        .hint("select")
        .hint_when(When::Marked)
        .when(When::QueueRow)
        .group(Group::Acting),
    entry(Action::MarkAll, "mark-all", &["*"], "select all that are shown, or none", PANES)
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
        .when(When::Inside)
        .group(Group::Moving),
    entry(Action::Window, "window", &[], "the window of the measures", PANES)
        .group(Group::Looking)
        .needs(Takes::Span),
    entry(Action::ShorterSpan, "shorter-window", &["["], "measures over a shorter window", PANES)
        .hint("shorter")
        .when(When::Metrics)
        .group(Group::Looking),
    entry(Action::LongerSpan, "longer-window", &["]"], "measures over a longer window", PANES)
        .hint("longer window")
        .when(When::Metrics)
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
    entry(Action::Theme, "theme", &["T"], "the next theme", PANES).group(Group::Looking),
    entry(Action::Zone, "zone", &["Z"], "times in my zone, in UTC, or in both", PANES)
        .group(Group::Looking),
    entry(Action::Wall, "wall", &["w"], "the wall display", PANES).group(Group::Looking),
    entry(Action::Refresh, "refresh", &["R"], "ask the backend now", PANES).hint("refresh"),
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
        &[Layer::Panes, Layer::Popup, Layer::Wall],
    )
    .also(&["q", "exit"]),
    entry(Action::LeaveWall, "leave-wall", &["Esc", "q", "w"], "leave the wall", &[Layer::Wall]),
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
    entry(Action::Complete, "complete", &["Tab"], "complete what is typed", &[Layer::Palette])
        .hint("complete"),
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
    if app.wall.is_some() {
        return Layer::Wall;
    }
    match &app.mode {
        Mode::Panes => Layer::Panes,
        Mode::Failure(_) | Mode::Results(_) => Layer::Popup,
        Mode::Help(_) => Layer::Help,
        Mode::Palette(_) => Layer::Palette,
        Mode::Form(form) if form.asking => Layer::Asking,
        Mode::Form(_) => Layer::Form,
        Mode::Pick(_) => Layer::Pick,
        Mode::Confirm(_) => Layer::Confirm,
        Mode::Matrix(_) => Layer::Matrix,
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
            Self::Inside => "there is nowhere to go back to",
            Self::Reading => "neither detail nor timeline is in focus",
            Self::Metrics => "the metrics are not in focus",
            Self::Failed => "nothing has failed",
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
            Self::QueueRow => app.focus == Pane::Queue && app.selected().is_some(),
            Self::Inside => app.zoomed || app.focus != Pane::Queue || !app.marked.is_empty(),
            Self::Reading => matches!(app.focus, Pane::Detail | Pane::Timeline),
            Self::Metrics => app.focus == Pane::Metrics,
            Self::Failed => app.failure.is_some(),
            Self::Top => !app.zoomed,
            Self::Roomy => app.zoomed || app.layout().places.iter().any(|p| p.frame != Frame::Bare),
        }
    }
}
