//! The commands of the verbs, made from the table of verbs.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::ArgPredicate;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, Subcommand};

use super::super::value::IncidentRef;
use crate::model::id::InvalidNumber;
use crate::verbs::{Verb, VerbRequest};

/// The id of the argument with the incidents.
const INCIDENTS: &str = "incidents";
/// The id and the name of the option with a template.
pub const TEMPLATE: &str = "template";

/// The command of a verb, with its arguments.
#[derive(Clone, Debug)]
pub struct VerbCommand {
    /// The verb and its fields.
    pub request: VerbRequest,
    /// The incidents that are named on the command line.
    pub incidents: Vec<IncidentRef>,
    /// What holds for every verb.
    pub options: VerbOptions,
    /// The name of the template that the message is made from.
    pub template: Option<String>,
}

/// Arguments of the commands of all verbs.
#[derive(Args, Clone, Debug)]
pub struct VerbOptions {
    /// More incidents: numbers or ids, one a line, or lines of `list --json`; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// Only if its last event still has this number, as `seq` of `show --json` gives it
    #[arg(long, value_name = "N", help_heading = "Conditions")]
    pub if_seq: Option<u32>,
    /// Do it without a question
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Incidents that are named in one argument, separated by commas.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IncidentList(pub Vec<IncidentRef>);

impl FromStr for IncidentList {
    type Err = InvalidNumber;

    /// Parses numbers and ids. An empty text names none, as when they come from a file alone.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        text.split(',').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl Subcommand for VerbCommand {
    fn augment_subcommands(command: Command) -> Command {
        Verb::ALL.iter().fold(command, |command, verb| command.subcommand(verb_command(*verb)))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        Verb::find(name).is_some()
    }
}

impl FromArgMatches for VerbCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let found = matches
            .subcommand()
            .and_then(|(name, matches)| Verb::find(name).map(|verb| (verb, matches)));
        let Some((verb, matches)) = found else {
            return Err(clap::Error::new(ErrorKind::MissingSubcommand));
        };
        let lists = matches.get_many::<IncidentList>(INCIDENTS).into_iter().flatten();
        let incidents: Vec<IncidentRef> = lists.flat_map(|list| list.0.iter().copied()).collect();
        let options = VerbOptions::from_arg_matches(matches)?;
        if incidents.is_empty() && options.from.is_none() {
            let mut error = clap::Error::new(ErrorKind::MissingRequiredArgument);
            let names = ContextValue::Strings(vec!["<NUMBER|ID>".into()]);
            error.insert(ContextKind::InvalidArg, names);
            return Err(error);
        }
        let template = if has_template(verb) { matches.get_one(TEMPLATE).cloned() } else { None };
        Ok(Self { request: verb.from_matches(matches)?, incidents, options, template })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Returns how many arguments a verb's command has besides the incidents.
pub fn count_positionals(verb: Verb) -> usize {
    verb.augment_args(Command::new("verb")).get_positionals().count()
}

/// Returns whether the text of a verb can be made from a template of the settings.
fn has_template(verb: Verb) -> bool {
    verb == Verb::Update
}

/// Makes the command of a verb, whose arguments are added when it is parsed or described.
///
/// There are many verbs, of which one command line has one.
fn verb_command(verb: Verb) -> Command {
    let row = verb.row();
    let command = Command::new(row.command).about(row.help).defer(with_arguments);
    if row.command == row.name { command } else { command.alias(row.name) }
}

/// Makes the command of a verb with its arguments.
pub fn verb_command_with_arguments(verb: Verb) -> Command {
    with_arguments(Command::new(verb.row().command))
}

/// Adds the arguments of a verb to its command, which has its name.
fn with_arguments(command: Command) -> Command {
    let Some(verb) = Verb::find(command.get_name()) else { return command };
    let row = verb.row();
    // Whoever names nothing but incidents names several as often as one.
    let is_plain = count_positionals(verb) == 0 && !verb.has_required_field();
    let incidents = Arg::new(INCIDENTS)
        .value_name("NUMBER|ID")
        .required(true)
        .value_parser(str::parse::<IncidentList>);
    let incidents = if is_plain {
        incidents.num_args(1..).action(ArgAction::Append).help("Their numbers or ids")
    } else {
        incidents.help("Its number or id")
    };
    let mut command = verb.augment_args(command.arg(incidents));
    command = VerbOptions::augment_args(command);
    if is_plain {
        command = command.mut_arg("json", |arg| arg.help("Print JSON Lines"));
    }
    if row.reads_text
        && let Some(text) = last_positional(&command)
    {
        command = command.mut_arg(text, |arg| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let help =
                format!("{help}; `-`, or none where input is piped, reads it from standard input");
            // `parse` joins several arguments to one.
            arg.required(false).num_args(1..).help(help)
        });
    }
    if has_template(verb)
        && let Some(text) = last_positional(&command)
    {
        command = command.mut_arg(&text, |arg| {
            arg.default_value_if(TEMPLATE, ArgPredicate::IsPresent, "").conflicts_with(TEMPLATE)
        });
        let help = "Make the message from this template of the settings, as the panes do";
        let template = Arg::new(TEMPLATE).long(TEMPLATE).value_name("NAME").help(help);
        command = command.arg(template);
    }
    command.about(row.help).after_help(after_help(verb, is_plain))
}

fn last_positional(command: &Command) -> Option<String> {
    command.get_positionals().last().map(|arg| arg.get_id().to_string())
}

/// Returns what follows the arguments in the help: more about the verb, its output and examples.
fn after_help(verb: Verb, is_plain: bool) -> String {
    let row = verb.row();
    let mut parts = Vec::new();
    if !row.about.is_empty() {
        parts.push(row.about.to_owned());
    }
    if row.reads_text {
        parts.push("Several words are joined by blanks.".to_owned());
    }
    if is_plain {
        parts.push(
            "Each incident has its own line; the exit code is that of the worst.\n\n\
             --json prints one object a line: incident (as it was given), done, and row or error."
                .to_owned(),
        );
    } else {
        parts.push(
            "--json prints one object: incident (as it was given), done, and row. \
             Several incidents, as in 12,14, have a line each, with error where it is not done."
                .to_owned(),
        );
    }
    if has_template(verb) {
        parts.push(
            "--template fills in the fields of the incident and the time of the next update. \
             Templates are those of [templates] in the settings; `update` and `restored` are \
             built in."
                .to_owned(),
        );
    }
    if verb == Verb::Review {
        parts.push(
            "With --markdown or --html, and no section, it prints the whole review: see \
             `redphone review-page --help`."
                .to_owned(),
        );
    }
    if row.irreversible {
        parts.push("Nothing undoes it: without a terminal to ask on it needs --yes.".to_owned());
    }
    let mut examples = format!("Examples:\n  redphone {} {}", row.command, row.example.arguments);
    for more in row.more_examples {
        examples.push_str("\n  ");
        examples.push_str(more);
    }
    parts.push(examples);
    parts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incidents_are_separated_by_commas() {
        let list = |text: &str| text.parse::<IncidentList>().map(|list| list.0.len()).ok();
        assert_eq!(list("12"), Some(1));
        assert_eq!(list("12,INC-14,#15"), Some(3));
        assert_eq!(list(""), Some(0));
        assert_eq!(list("12,"), None);
        assert_eq!(list("ines"), None);
    }
}
