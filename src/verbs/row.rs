//! The rows of the table of verbs: properties of a verb that routes, commands and tools use.

use crate::model::command::CommandKind;

/// A field with fixed texts: its name, and the texts.
pub type Choices = (&'static str, fn() -> Vec<&'static str>);

/// A row of the table of verbs.
#[derive(Clone, Copy, Debug)]
pub struct VerbRow {
    /// The public name: of the command, of the last segment of the route, and of the tool.
    pub name: &'static str,
    /// The name of the command, where it is a shorter one.
    pub command: &'static str,
    /// The participle of the action, which follows the incident's number: `acknowledged`.
    pub done: &'static str,
    /// Whether the typed or chosen value follows that: `assigned to Ines Moreau`.
    pub says_content: bool,
    /// Which of the first arguments of the command are incidents.
    pub numbers: Numbers,
    /// A description of the verb, on one line that begins with a capital letter and has no full
    /// stop.
    pub help: &'static str,
    /// More sentences about it; may be empty.
    pub about: &'static str,
    /// The kinds of commands that it may lead to.
    pub kinds: &'static [CommandKind],
    /// An example that works.
    pub example: Example,
    /// More examples for the help of the command, as a shell takes them.
    pub more_examples: &'static [&'static str],
    /// Whether it can't be undone, so that a person is asked for confirmation.
    pub irreversible: bool,
    /// Whether its last argument is a text that may be read from standard input.
    pub reads_text: bool,
    /// The fields that are one of several fixed texts, each with the texts.
    pub choices: &'static [Choices],
}

/// Which of the first arguments of a command are incidents. They are distinguished from the others
/// by their form.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Numbers {
    /// All that have the form of a number or an id.
    Many,
    /// The first alone, because a text follows that may begin with a number.
    One,
    /// All that have the form of a number or an id, but for the last argument.
    AllButLast,
}

/// The example of a verb, as it is typed and as it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The arguments of the command, as a shell takes them.
    pub arguments: &'static str,
    /// The fields of the request, as a JSON object.
    pub fields: &'static str,
}

impl VerbRow {
    /// Begins the row of a verb that can be undone, and has no fields with fixed texts.
    pub(super) const fn new(
        name: &'static str,
        help: &'static str,
        kinds: &'static [CommandKind],
        arguments: &'static str,
        fields: &'static str,
    ) -> Self {
        Self {
            name,
            command: name,
            done: "done",
            says_content: false,
            numbers: Numbers::Many,
            help,
            about: "",
            kinds,
            example: Example { arguments, fields },
            more_examples: &[],
            irreversible: false,
            reads_text: false,
            choices: &[],
        }
    }

    pub(super) const fn command(mut self, command: &'static str) -> Self {
        self.command = command;
        self
    }

    /// Sets the participle of the action.
    pub(super) const fn done(mut self, done: &'static str) -> Self {
        self.done = done;
        self
    }

    /// Sets the participle of the action, which the typed or chosen value follows.
    pub(super) const fn done_with_content(mut self, done: &'static str) -> Self {
        self.done = done;
        self.says_content = true;
        self
    }

    pub(super) const fn numbers(mut self, numbers: Numbers) -> Self {
        self.numbers = numbers;
        self
    }

    pub(super) const fn more_examples(mut self, examples: &'static [&'static str]) -> Self {
        self.more_examples = examples;
        self
    }

    pub(super) const fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    pub(super) const fn irreversible(mut self) -> Self {
        self.irreversible = true;
        self
    }

    pub(super) const fn reads_text(mut self) -> Self {
        self.reads_text = true;
        self
    }

    pub(super) const fn choices(mut self, choices: &'static [Choices]) -> Self {
        self.choices = choices;
        self
    }
}
