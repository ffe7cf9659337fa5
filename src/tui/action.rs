//! The one table of actions. Keymap, help, command palette and keys line are read from it.

mod table;

pub use table::TABLE;

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
    Go,
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
    NoteRun,
    /// Close a runbook or what a program has written.
    CloseRun,
    /// The event before; of the measures, a shorter window.
    Earlier,
    /// The event after; of the measures, a longer window.
    Later,
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
    KeepFilter,
    /// Give up the filter that is typed.
    GiveUpFilter,
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
    /// A filter is being typed: all other keys write.
    Filter,
    /// A number is being typed.
    Jump,
    /// A runbook.
    Runbook,
    /// What a program has written.
    Output,
    /// What is on its way to a remote.
    Outbox,
    /// Waiting for commands at the end.
    Leaving,
    /// The wall display: nothing but leaving it.
    Wall,
}

impl Layer {
    /// Whether keys without another meaning write text there.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(
            self,
            Self::Form | Self::Pick | Self::Jump | Self::Palette | Self::Help | Self::Filter
        )
    }
}

impl Layer {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Panes,
        Self::Filter,
        Self::Runbook,
        Self::Output,
        Self::Outbox,
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
            Self::Filter => "A filter",
            Self::Runbook => "A runbook",
            Self::Output => "A command",
            Self::Outbox => "The outbox",
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
    /// A saved view.
    View,
    /// A filter.
    Filter,
    /// An order of the queue.
    Sort,
    /// A theme.
    Theme,
    /// A time zone.
    Zone,
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
            Self::View => "the name of a view, such as mine",
            Self::Filter => "words and terms, such as p1 owner:none",
            Self::Sort => "an order of the queue, such as newest",
            Self::Theme => "a theme, such as light",
            Self::Zone => "viewer, utc or both",
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
    /// The word where the metrics have the focus, and the key means something else.
    pub hint_on_metrics: Option<&'static str>,
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
    /// The queue is grouped, has the focus and has something selected.
    Grouped,
    /// The queue has the focus and something is selected.
    QueueRow,
    /// There is somewhere to go back to.
    Inside,
    /// Detail or timeline has the focus.
    Reading,
    /// The metrics are visible.
    Metrics,
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
}

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
        Mode::Confirm(_) | Mode::Asked(_) => Layer::Confirm,
        Mode::Runbook(_) => Layer::Runbook,
        Mode::Output(_) => Layer::Output,
        Mode::Outbox(pane) if pane.asking.is_some() => Layer::Confirm,
        Mode::Outbox(_) => Layer::Outbox,
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

    /// The word that the keys line shows for it, where it shows one.
    #[must_use]
    pub fn hinted(&self, app: &App) -> Option<&'static str> {
        let on_metrics = self.hint_on_metrics.filter(|_| app.focus == Pane::Metrics);
        let word = match on_metrics {
            Some(word) => Some(word),
            None => self.hint.filter(|_| self.hint_when.holds(app)),
        };
        word.filter(|_| self.applies(app) && self.barred(app).is_none())
    }

    /// Why it can't be done here at all, whatever is selected; `None` when it can.
    #[must_use]
    pub fn barred(&self, app: &App) -> Option<String> {
        let acts = self.verb.is_some() || self.action == Action::Run;
        if let Some(travel) = app.travel.as_ref().filter(|_| acts) {
            let key = app.keymap.keys(Action::Back).first();
            let key = key.map(|key| format!(": {key} returns")).unwrap_or_default();
            return Some(format!("this is how it was, at event {}{key}", travel.seq));
        }
        self.unable(app)
    }

    /// Why whoever looks can't do it on this backend at all.
    #[must_use]
    pub fn unable(&self, app: &App) -> Option<String> {
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
            Self::Grouped => "the queue is not grouped, or not in focus",
            Self::Inside => "there is nowhere to go back to",
            Self::Reading => "neither detail nor timeline is in focus",
            Self::Metrics => "the metrics are not in focus",
            Self::Steps => "the queue is in focus",
            Self::Past => "there is nothing earlier",
            Self::Travelling => "everything is shown as it is",
            Self::Present => "it is shown as it was",
            Self::Running => "no command is running",
            Self::Notable => "no command has ended, or it is on the timeline",
            Self::Tickable => "no open step is selected",
            Self::Failed => "nothing has failed",
            Self::Waiting => "nothing is on its way",
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
            Self::Metrics => app.focus == Pane::Metrics,
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
            Self::Notable => app.shown_run().is_some_and(|run| run.ended.is_some() && !run.noted),
            Self::Tickable => !app.read_only && super::update::is_tickable(app),
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
            Self::Roomy => app.zoomed || app.layout().places.iter().any(|p| p.frame != Frame::Bare),
        }
    }
}
