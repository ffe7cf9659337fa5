//! The traits that every verb and every form of the panes implements, each in its own file.

use chrono::{DateTime, Utc};

use crate::config::suggestion;
use crate::model::command::CommandKind;
use crate::model::{Command, EventBody, Incident, IncidentCommand, Summary};

use crate::tui::core::app::App;
use crate::tui::form::{Field, Form, Kind};
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::plan::Plan;
use crate::tui::verb::precheck;
use crate::tui::verb::target::Target;
use crate::verbs::Problem;

/// How a verb starts.
pub(in crate::tui) enum Opening {
    /// Sends a plan; `irreversible` ones after a question.
    Send { plan: Plan, irreversible: bool },
    /// Opens a form on the targets.
    Form(Kind),
    /// Opens the form of a stakeholder update with the only template, or without one.
    OnlyTemplate,
    /// Opens the matrix of impact and urgency.
    Matrix,
    /// Opens a list; the heading has `{}` for the incidents.
    List { heading: &'static str, searchable: bool },
    /// Shows why nothing can be done.
    Explain(String),
}

/// The contents of a form's fields by their labels, for a form that is filled in from a command.
pub(in crate::tui) type Contents = Vec<(&'static str, String)>;

/// The reason why a command is not undone whose effect somebody has replaced.
pub(in crate::tui) const CHANGED_SINCE: &str = "somebody has changed that since";

/// How one verb starts in the panes.
pub(in crate::tui) trait VerbLogic {
    /// The command that the verb sends first.
    fn kind(&self) -> CommandKind;

    /// Whether the incident's record must be loaded before the verb opens anything.
    fn needs_record(&self) -> bool {
        false
    }

    /// Whether the reason why the verb does not apply to the only target is shown immediately,
    /// before anything opens.
    fn explains_refusal(&self) -> bool {
        false
    }

    /// Returns the overlay that the verb opens, or the plan that it sends.
    fn opening(&self, app: &App, targets: &[Target], at: DateTime<Utc>) -> Opening;

    /// Returns the items of the verb's list.
    fn items(&self, _app: &App, _targets: &[Target], _at: DateTime<Utc>) -> Vec<Item> {
        Vec::new()
    }

    /// Returns the remark below the items of the verb's list.
    fn remark(&self, _app: &App, _targets: &[Target], _at: DateTime<Utc>) -> Option<String> {
        None
    }

    /// Returns why the list is empty.
    fn empty_reason(&self, _app: &App, _targets: &[Target]) -> String {
        "there is nothing to choose from".into()
    }

    /// Returns commands with made-up contents, to check whether the verb applies.
    fn probe(
        &self,
        _app: &App,
        row: Option<&Summary>,
        now: DateTime<Utc>,
    ) -> Option<Vec<IncidentCommand>> {
        (self.kind().row().sample)(row, now).map(|command| vec![command])
    }

    /// Whether the verb can't apply to an incident although the rules allow it.
    fn is_impossible(&self, _app: &App, _row: &Summary) -> bool {
        false
    }

    /// Returns why the verb's command is not undone: its effect, which `row` no longer shows, was
    /// replaced by somebody else.
    fn overruled_reason(&self, _row: &Summary) -> String {
        CHANGED_SINCE.into()
    }

    /// Returns the possible arguments in the command palette, where they can be listed. Each item
    /// has a value.
    fn offers(
        &self,
        app: &App,
        _argument: &str,
        targets: &[Target],
        at: DateTime<Utc>,
    ) -> Vec<Item> {
        self.items(app, targets, at).into_iter().filter(|item| item.value.is_some()).collect()
    }

    /// Parses a typed argument that is none of the suggestions into its pick.
    fn parse_argument(&self, typed: &Typed<'_>) -> Result<Pick, ArgumentError> {
        let accepted = self.kind().row().argument.accepted();
        if typed.values().is_empty() {
            let why = self.empty_reason(typed.app, typed.targets);
            return Err(ArgumentError::NothingToChoose(why));
        }
        let text = typed.text.to_owned();
        Err(ArgumentError::NotAccepted { text, accepted, suggestion: typed.suggestion() })
    }

    /// Returns the verb's own form, for verbs whose form has no kind of its own.
    fn form(&self) -> &'static dyn FormLogic {
        &NoForm
    }

    /// Returns the form by which a command was written, and the contents of its fields; `None` if
    /// there is nothing to edit.
    fn edit(&self, _app: &App, _command: &IncidentCommand) -> Option<(Kind, Contents)> {
        None
    }
}

/// An argument that was typed in the command palette.
pub(in crate::tui) struct Typed<'a> {
    pub app: &'a App,
    /// The argument without blanks at its ends.
    pub text: &'a str,
    pub offers: &'a [Item],
    pub targets: &'a [Target],
    pub at: DateTime<Utc>,
}

impl Typed<'_> {
    /// Returns the values that are offered.
    pub(in crate::tui) fn values(&self) -> Vec<&str> {
        self.offers.iter().filter_map(|item| item.value.as_deref()).collect()
    }

    /// Returns the offered value that may be meant, as half a sentence.
    fn suggestion(&self) -> String {
        suggestion(self.text, &self.values())
    }

    /// Rejects a name that is not among the offers.
    pub(in crate::tui) fn unknown(&self, problem: &'static str) -> Result<Pick, ArgumentError> {
        let text = self.text.to_owned();
        Err(Problem::UnknownName { problem, text, suggestion: self.suggestion() }.into())
    }
}

/// Creates the pick that sends one reversible command.
pub(in crate::tui) fn single_command(
    verb: impl Into<String>,
    done_phrase: impl Into<String>,
    command: IncidentCommand,
) -> Pick {
    Pick::Submit {
        verb: verb.into(),
        done_phrase: done_phrase.into(),
        commands: vec![command],
        irreversible: false,
    }
}

/// The prerequisite commands and the incident commands of one target, in order.
pub(in crate::tui) type FormCommands = Result<(Vec<Command>, Vec<IncidentCommand>), FieldError>;

/// An error in a field that prevents sending.
pub(in crate::tui) struct FieldError {
    /// Label of the field; a text that is no label of the form if the error concerns the entire
    /// form.
    pub field: String,
    /// The error and the remedy.
    pub message: String,
}

pub(in crate::tui) fn field_error(field: &str, why: impl Into<String>) -> FieldError {
    FieldError { field: field.to_owned(), message: why.into() }
}

/// Returns the commands of a form that sends exactly one.
#[expect(clippy::unnecessary_wraps, reason = "the forms of all verbs return this type")]
pub(in crate::tui) fn one_command(command: IncidentCommand) -> FormCommands {
    Ok((Vec::new(), vec![command]))
}

/// The sources for filling in a form.
pub(in crate::tui) struct Filling<'a> {
    pub app: &'a App,
    pub targets: &'a [Target],
    /// The record and the row of the target, if it is exactly one and they are known.
    pub record: Option<&'a Incident>,
    pub row: Option<&'a Summary>,
    pub at: DateTime<Utc>,
}

impl<'a> Filling<'a> {
    pub(in crate::tui) fn new(app: &'a App, targets: &'a [Target], at: DateTime<Utc>) -> Self {
        let mut filling = Self { app, targets, record: None, row: None, at };
        filling.record =
            filling.target().and_then(|target| precheck::current_record(app, target.id));
        let row = filling.target().and_then(|target| app.row(target.id));
        filling.row = row.or(filling.record.map(|record| &record.summary));
        filling
    }

    /// Returns the target, if it is exactly one.
    pub(in crate::tui) fn target(&self) -> Option<&'a Target> {
        match self.targets {
            [one] => Some(one),
            _ => None,
        }
    }
}

/// The input of a form's commands for one target.
pub(in crate::tui) struct Filled<'a> {
    pub app: &'a App,
    pub form: &'a Form,
    pub target: &'a Target,
    pub at: DateTime<Utc>,
}

impl Filled<'_> {
    /// Returns the trimmed content of a field.
    pub(in crate::tui) fn value(&self, label: &str) -> String {
        self.form.value(label)
    }

    /// Returns the complete record of the target, if it was read and is not outdated.
    pub(in crate::tui) fn record(&self) -> Option<&Incident> {
        precheck::current_record(self.app, self.target.id)
    }

    /// Whether the form applies to several incidents.
    pub(in crate::tui) fn has_many(&self) -> bool {
        self.form.targets.len() > 1
    }

    /// Returns the refused command that the form rewrites.
    pub(in crate::tui) fn replaced(&self) -> Option<&IncidentCommand> {
        match &self.form.replaces.as_ref()?.command {
            Command::Incident { command, .. } => Some(command),
            _ => None,
        }
    }
}

/// One form: its texts, its fields, and the commands that it sends.
pub(in crate::tui) trait FormLogic {
    /// Returns the name under which a draft is listed.
    fn name(&self) -> &'static str;

    /// Returns the beginning of the title; the incidents follow.
    fn heading(&self) -> &'static str;

    /// Returns the verb of the form's plan, and the participle of the action.
    fn phrases(&self) -> (&'static str, &'static str);

    /// Whether the form's commands can't be undone.
    fn is_irreversible(&self) -> bool {
        false
    }

    /// Returns the fields, filled in from the record of the target.
    fn fields(&self, filling: &Filling<'_>) -> Vec<Field>;

    /// Returns the commands for one target.
    fn commands(&self, filled: &Filled<'_>) -> FormCommands;

    /// Returns why the commands are given, for corrections of an incident that has ended.
    fn because(&self, _filled: &Filled<'_>) -> Option<String> {
        None
    }

    /// Whether the form is filled in from the record and writes it back, so that changes by other
    /// people meanwhile conflict with it.
    fn edits_record(&self) -> bool {
        false
    }

    /// Whether an event changes the content of the form.
    fn is_changed_by(&self, _body: &EventBody) -> bool {
        false
    }
}

/// The form of a verb that has none: it has no fields and sends nothing.
pub(in crate::tui) struct NoForm;

impl FormLogic for NoForm {
    fn name(&self) -> &'static str {
        "form"
    }

    fn heading(&self) -> &'static str {
        "Nothing to fill in for"
    }

    fn phrases(&self) -> (&'static str, &'static str) {
        ("change", "changed")
    }

    fn fields(&self, _: &Filling<'_>) -> Vec<Field> {
        Vec::new()
    }

    fn commands(&self, _: &Filled<'_>) -> FormCommands {
        Ok((Vec::new(), Vec::new()))
    }
}
