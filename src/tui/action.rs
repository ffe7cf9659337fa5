//! The one table of actions. Keymap, help and keys line are read from it.

use crate::model::command::Verb;

use super::app::{App, Mode, Pane};
use super::layout::Frame;

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
    /// Write a note.
    Note,
    /// A shorter window of the measures.
    ShorterSpan,
    /// A longer window of the measures.
    LongerSpan,
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
    Close,
    /// Send what was written.
    Send,
    /// Leave the editor, asking first where something was written.
    Cancel,
    /// Drop what was written.
    Discard,
    /// Go on writing.
    Keep,
    /// End without waiting for pending commands.
    LeaveNow,
}

/// In which situations keys mean what a row says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Layer {
    /// The panes.
    Panes,
    /// Help or failure over them.
    Popup,
    /// The editor: all other keys write.
    Note,
    /// The editor asks whether the text may go.
    Asking,
    /// Waiting for commands at the end.
    Leaving,
    /// The wall display: nothing but leaving it.
    Wall,
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
const ANYWHERE: &[Layer] = &[Layer::Panes, Layer::Popup, Layer::Wall];
const SCROLLED: &[Layer] = &[Layer::Panes, Layer::Popup];

/// The table, in the order of the help; the keys line takes hints in the same order.
pub const TABLE: &[Entry] = &[
    entry(Action::Acknowledge, "acknowledge", &["a"], "acknowledge the incident", PANES)
        .hint("ack")
        .when(When::Incident)
        .verb(Verb::Acknowledge),
    entry(Action::Own, "own", &["o"], "own it: assign it to me", PANES)
        .hint("own")
        .when(When::Incident)
        .verb(Verb::Assign),
    entry(Action::Note, "note", &["n"], "write a note", PANES)
        .hint("note")
        .when(When::Incident)
        .verb(Verb::AddNote),
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
    entry(Action::Top, "top", &["g", "Home"], "to the first", SCROLLED),
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
    entry(Action::Wall, "wall", &["w"], "the wall display", PANES),
    entry(Action::Refresh, "refresh", &["R"], "ask the backend now", PANES).hint("refresh"),
    entry(Action::Failure, "failure", &["!"], "what failed last", PANES)
        .hint("failure")
        .when(When::Failed),
    entry(Action::Help, "help", &["?"], "these keys", PANES).hint("help"),
    entry(Action::Suspend, "suspend", &["^z"], "stop; `fg` in the shell continues", ANYWHERE),
    entry(Action::Quit, "quit", &["q"], "back; at the top: quit", PANES)
        .hint("quit")
        .hint_when(When::Top),
    entry(Action::QuitNow, "quit-now", &["^c"], "quit from anywhere", ANYWHERE),
    entry(Action::LeaveWall, "leave-wall", &["Esc", "q", "w"], "leave the wall", &[Layer::Wall]),
    entry(Action::Close, "close", &["Esc", "q", "?", "Enter"], "close this", &[Layer::Popup])
        .hint("close"),
    entry(Action::Send, "send", &["^s"], "send the note", &[Layer::Note]).hint("send"),
    entry(Action::Cancel, "cancel", &["Esc", "^c"], "leave the editor", &[Layer::Note])
        .hint("leave"),
    entry(Action::Discard, "discard", &["y"], "drop what was written", &[Layer::Asking])
        .hint("drop it"),
    entry(Action::Keep, "keep", &["n", "Esc"], "go on writing", &[Layer::Asking])
        .hint("go on writing"),
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
        Mode::Help(_) | Mode::Failure(_) => Layer::Popup,
        Mode::Note(note) if note.asking => Layer::Asking,
        Mode::Note(_) => Layer::Note,
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
            Self::Incident => app.target().is_some(),
            Self::QueueRow => app.focus == Pane::Queue && app.selected().is_some(),
            Self::Inside => app.zoomed || app.focus != Pane::Queue,
            Self::Metrics => app.focus == Pane::Metrics,
            Self::Failed => app.failure.is_some(),
            Self::Top => !app.zoomed,
            Self::Roomy => app.zoomed || app.layout().places.iter().any(|p| p.frame != Frame::Bare),
        }
    }
}
