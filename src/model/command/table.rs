//! The rows of the table of commands: properties of a command that the server, the `OpenAPI`
//! document, the command line and the panes use.

use chrono::{DateTime, Utc};

use super::{CommandKind, IncidentCommand};
use crate::model::{Incident, Summary};

/// A row of the table of commands, [`CommandKind::TABLE`].
#[derive(Debug)]
pub struct CommandRow {
    /// The kind of command that the row is about.
    pub kind: CommandKind,
    /// The name on the wire and in stored commands. It never changes.
    pub wire_name: &'static str,
    /// The name that people type in the command palette; unique.
    pub name: &'static str,
    /// The argument that can follow that name in the command palette.
    pub argument: Argument,
    /// Describes the command in the help: half a sentence.
    pub help: &'static str,
    /// Which tokens permit the command.
    pub scope: CommandScope,
    /// The kinds of commands that undo it; empty if none does.
    pub inverse: &'static [CommandKind],
    /// Whether a second command of the kind is pointless before the first one has an outcome.
    pub one_at_a_time: bool,
    /// Creates a command with sample contents, to check whether commands of the kind apply; `None`
    /// if it does not concern one incident, or if it depends on a row that is not known.
    pub sample: fn(Option<&Summary>, DateTime<Utc>) -> Option<IncidentCommand>,
    /// Returns the facts that commands of the kind have added to a record, for detail views that do
    /// not know the kind. Most kinds have a field of their own there and return nothing.
    pub facts: fn(&Incident) -> Vec<Fact>,
}

/// A line of a record: a label and a text, which is not sanitized.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// The label: one word of at most 10 letters.
    pub label: &'static str,
    /// The value in the record under the label.
    pub text: String,
}

impl Incident {
    /// Returns the lines of the record that its commands add, in the order of the table, and then
    /// the fields that only a later version defines.
    pub fn facts(&self) -> impl Iterator<Item = Fact> {
        let others = self.summary.extra.labelled().chain(self.extra.labelled());
        let others =
            others.map(|(name, text)| Fact { label: "Other", text: format!("{name}: {text}") });
        CommandKind::TABLE.into_iter().flat_map(|row| (row.facts)(self)).chain(others)
    }
}

/// The token scopes that permit a command. A token for administration permits all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CommandScope {
    /// Commands of people: tokens to respond.
    Respond,
    /// Commands of programs that report: tokens to ingest.
    Ingest,
    /// Commands of people and programs: tokens to respond or to ingest.
    RespondOrIngest,
    /// Only tokens for administration.
    Admin,
}

impl CommandScope {
    /// Returns whether tokens to respond permit the command.
    #[must_use]
    pub const fn permits_responders(self) -> bool {
        matches!(self, Self::Respond | Self::RespondOrIngest)
    }

    /// Returns whether tokens to ingest permit the command.
    #[must_use]
    pub const fn permits_ingest(self) -> bool {
        matches!(self, Self::Ingest | Self::RespondOrIngest)
    }
}

/// The argument that can follow the name of a command in the command palette, as in `:assign ines`.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Argument {
    /// The command has no argument.
    Nothing,
    /// One of the items that the command's list offers; the text describes them.
    Listed(&'static str),
    /// A person by handle or name, `me` or `nobody`.
    Person,
    /// A duration or a point in time.
    Time,
    /// A priority, or impact and urgency.
    Priority,
    /// The number of an incident to merge into.
    Incident,
    /// The URL of a page elsewhere.
    Url,
    /// The text of a note.
    Note,
    /// The path of a file.
    File,
    Category,
    Services,
    Team,
}

impl Argument {
    /// Describes the accepted values, shown before anything is typed.
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
            Self::File => "the path of a file, such as ~/app.log",
            Self::Category => "a category, or unknown",
            Self::Services => "services, the primary one first",
            Self::Team => "a team, or none",
        }
    }
}

impl CommandKind {
    /// All kinds of commands, in the order of their definition.
    pub const ALL: [Self; Self::TABLE.len()] = {
        let mut all = [Self::Declare; Self::TABLE.len()];
        let mut index = 0;
        while index < all.len() {
            all[index] = Self::TABLE[index].kind;
            assert!(all[index] as usize == index, "a row is missing or not at its position");
            index += 1;
        }
        all
    };

    /// Returns the row of the table.
    #[must_use]
    pub const fn row(self) -> &'static CommandRow {
        Self::TABLE[self as usize]
    }
}

impl CommandRow {
    /// Begins the row of a command that people send, without an argument and without an inverse.
    pub(super) const fn new(
        kind: CommandKind,
        wire_name: &'static str,
        name: &'static str,
        help: &'static str,
        sample: fn(Option<&Summary>, DateTime<Utc>) -> Option<IncidentCommand>,
    ) -> Self {
        Self {
            kind,
            wire_name,
            name,
            argument: Argument::Nothing,
            help,
            scope: CommandScope::Respond,
            inverse: &[],
            one_at_a_time: false,
            sample,
            facts: |_| Vec::new(),
        }
    }

    pub(super) const fn argument(mut self, argument: Argument) -> Self {
        self.argument = argument;
        self
    }

    pub(super) const fn scope(mut self, scope: CommandScope) -> Self {
        self.scope = scope;
        self
    }

    pub(super) const fn facts(mut self, facts: fn(&Incident) -> Vec<Fact>) -> Self {
        self.facts = facts;
        self
    }

    pub(super) const fn inverse(mut self, kinds: &'static [CommandKind]) -> Self {
        self.inverse = kinds;
        self
    }

    pub(super) const fn one_at_a_time(mut self) -> Self {
        self.one_at_a_time = true;
        self
    }
}

/// The sample of commands that do not concern one incident.
pub(super) fn no_sample(_: Option<&Summary>, _: DateTime<Utc>) -> Option<IncidentCommand> {
    None
}

/// The text of a sample; only its presence matters.
pub(super) const SAMPLE_TEXT: &str = "x";
