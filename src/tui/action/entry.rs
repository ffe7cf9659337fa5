//! An entry of the table of actions.

use crate::model::Status;
use crate::model::command::{Argument, CommandKind};

use crate::tui::action::Action;
use crate::tui::action::condition::Condition;
use crate::tui::action::layer::Layer;

/// The section of the help that an action belongs to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Group {
    /// Acting on an incident, or on all that are marked.
    Acting,
    /// Finding incidents in the queue and the history.
    Finding,
    /// How things are shown.
    Viewing,
    /// The program itself, such as refreshing and quitting.
    Program,
    /// Moving the selection and the focus.
    Moving,
}

impl Group {
    /// All groups in the order of the help.
    pub const ALL: [Self; 5] =
        [Self::Acting, Self::Finding, Self::Viewing, Self::Program, Self::Moving];

    /// Returns the heading of the section.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Acting => "Acting on an incident",
            Self::Finding => "Finding",
            Self::Viewing => "Looking",
            Self::Program => "Program",
            Self::Moving => "Moving",
        }
    }
}

/// The lifecycle phase of an incident: the keys line first shows the actions for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// Nobody has acknowledged it.
    Triggered,
    /// Somebody works on it.
    InProgress,
    /// Service is restored, and the closing gate is open.
    Resolved,
    /// It is closed, or continues elsewhere, or was no incident.
    Ended,
}

impl From<Status> for Phase {
    fn from(status: Status) -> Self {
        match status {
            Status::Triggered => Self::Triggered,
            Status::Acknowledged
            | Status::Investigating
            | Status::Identified
            | Status::Monitoring
            | Status::Unknown(_) => Self::InProgress,
            Status::Resolved => Self::Resolved,
            Status::Closed | Status::Merged | Status::Reclassified => Self::Ended,
        }
    }
}

/// The kind of argument that an action has in the command palette, as in `:assign ines`.
/// `palette::arguments` lists and parses each kind.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ArgumentKind {
    /// The action has no argument.
    Nothing,
    /// One of the items that the action's list offers; the text describes them.
    Listed(&'static str),
    /// The argument of a command.
    Command(Argument),
    /// The number of an incident to go to.
    Number,
    /// A window of the measures.
    Span,
    /// The name of a saved view.
    View,
    Filter,
    /// An order of the queue.
    Sort,
    Theme,
    Zone,
    /// The name of a workspace to switch to.
    Backend,
    /// The name of a runbook or a custom command.
    Run,
}

impl ArgumentKind {
    /// Describes the accepted values, shown before anything is typed.
    #[must_use]
    pub const fn accepted(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Listed(what) => what,
            Self::Command(argument) => argument.accepted(),
            Self::Number => "a number such as 2041",
            Self::Span => "24h, 7d, 30d, 90d, month, last-month, 2026-03, 2026-03-01..2026-04-01",
            Self::View => "the name of a view, such as mine",
            Self::Filter => "words and terms, such as p1 owner:none",
            Self::Sort => "an order of the queue, such as newest",
            Self::Theme => "a theme, such as light",
            Self::Zone => "viewer, utc or both",
            Self::Backend => "the name of a profile, such as prod",
            Self::Run => "the name of a runbook or a command",
        }
    }
}

/// An entry of the table of actions.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub action: Action,
    /// Name of the action in the settings file, the help and the command palette.
    pub name: &'static str,
    /// The keys bound to the action by default.
    pub keys: &'static [&'static str],
    /// Description of the action in the help.
    pub help: &'static str,
    /// The text on the keys line; `None` for an obvious action.
    pub hint: Option<&'static str>,
    /// When the keys line shows that text.
    pub hint_when: Condition,
    /// The text while the metrics have the focus, where the key means something else then.
    pub hint_on_metrics: Option<&'static str>,
    /// The text while the timeline has the focus, where the key means something else then.
    pub hint_on_timeline: Option<&'static str>,
    /// The phases of the visible incident in which the keys line shows the text among the first
    /// ones, with its rank among these: 0 comes first.
    pub primary: &'static [(Phase, u8)],
    /// Whether the keys line shows the text in those phases only.
    pub only_primary: bool,
    /// The layers in which the action can be used.
    pub layers: &'static [Layer],
    /// When the action applies, within those layers.
    pub condition: Condition,
    /// The command that the backend must support.
    pub verb: Option<CommandKind>,
    pub group: Group,
    /// The argument that can be typed after the name in the command palette.
    pub argument: ArgumentKind,
    /// Whether the action does nothing without an argument.
    pub requires_argument: bool,
    /// Other names for the action in the command palette.
    pub aliases: &'static [&'static str],
}

/// The reason why no command can be sent from read-only panes.
pub const READ_ONLY: &str = "opened read-only: nothing can be changed from here";

/// Layers of actions that apply to the panes alone.
const PANES: &[Layer] = &[Layer::Panes];

/// How the table is written.
impl Entry {
    /// Creates an entry without a hint, an argument and a condition.
    pub(in crate::tui) const fn new(
        action: Action,
        name: &'static str,
        keys: &'static [&'static str],
        help: &'static str,
        layers: &'static [Layer],
    ) -> Self {
        Self {
            action,
            name,
            keys,
            help,
            hint: None,
            hint_when: Condition::Always,
            hint_on_metrics: None,
            hint_on_timeline: None,
            primary: &[],
            only_primary: false,
            layers,
            condition: Condition::Always,
            verb: None,
            group: Group::Program,
            argument: ArgumentKind::Nothing,
            requires_argument: false,
            aliases: &[],
        }
    }

    /// Creates the entry of a verb: it acts on one incident or on all that are marked.
    pub(in crate::tui) const fn verb(
        action: Action,
        name: &'static str,
        keys: &'static [&'static str],
        help: &'static str,
        kind: CommandKind,
    ) -> Self {
        let mut entry = Self::new(action, name, keys, help, PANES)
            .condition(Condition::HasIncident)
            .group(Group::Acting);
        entry.verb = Some(kind);
        entry
    }

    /// Creates the entry of the verb that sends a kind of command: name, help and argument are
    /// those of the command's row in the model's table.
    pub(in crate::tui) const fn command(kind: CommandKind, keys: &'static [&'static str]) -> Self {
        let row = kind.row();
        let entry = Self::verb(Action::Command(kind), row.name, keys, row.help, kind);
        match row.argument {
            Argument::Nothing => entry,
            argument => entry.argument(ArgumentKind::Command(argument)),
        }
    }

    pub(in crate::tui) const fn hint(mut self, word: &'static str) -> Self {
        self.hint = Some(word);
        self
    }

    pub(in crate::tui) const fn hint_when(mut self, when: Condition) -> Self {
        self.hint_when = when;
        self
    }

    pub(in crate::tui) const fn hint_on_metrics(mut self, word: &'static str) -> Self {
        self.hint_on_metrics = Some(word);
        self
    }

    pub(in crate::tui) const fn hint_on_timeline(mut self, word: &'static str) -> Self {
        self.hint_on_timeline = Some(word);
        self
    }

    pub(in crate::tui) const fn primary(mut self, ranks: &'static [(Phase, u8)]) -> Self {
        self.primary = ranks;
        self
    }

    /// Hides the text on the keys line in all other phases.
    pub(in crate::tui) const fn only_primary(mut self) -> Self {
        self.only_primary = true;
        self
    }

    pub(in crate::tui) const fn condition(mut self, when: Condition) -> Self {
        self.condition = when;
        self
    }

    pub(in crate::tui) const fn group(mut self, group: Group) -> Self {
        self.group = group;
        self
    }

    pub(in crate::tui) const fn argument(mut self, kind: ArgumentKind) -> Self {
        self.argument = kind;
        self
    }

    pub(in crate::tui) const fn required_argument(self, kind: ArgumentKind) -> Self {
        self.argument(kind).requires_argument()
    }

    /// Marks the action as one that does nothing without an argument.
    pub(in crate::tui) const fn requires_argument(mut self) -> Self {
        self.requires_argument = true;
        self
    }

    pub(in crate::tui) const fn aliases(mut self, names: &'static [&'static str]) -> Self {
        self.aliases = names;
        self
    }
}

/// Creates an entry of the table.
pub(super) const fn entry(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
    layers: &'static [Layer],
) -> Entry {
    Entry::new(action, name, keys, help, layers)
}
