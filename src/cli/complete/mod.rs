//! `complete`: the request of the shells' completions, at each press of Tab.
//!
//! Commands, options and their values are those of the command line's definition, through the
//! engine of `clap_complete`. Values that depend on the incidents come from local data
//! ([`super::local_state`]): pressing Tab never waits for a network.

mod answer;
mod offers;
mod shells;
mod sources;
mod typed;

use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

use clap::CommandFactory;
use clap_complete::engine::CompletionCandidate;

use super::args::{Cli, Complete};
use super::failure::{Failure, output_failed};
use super::out::Out;
use crate::config::Config;
use crate::model::text::SafeText;
use answer::{Answer, Offered};
use sources::Sources;
use typed::TypedLine;

pub(super) use shells::script;

/// Prints the completions at the cursor. With an error in the settings or the store there are fewer
/// completions and no message: a shell would show it in the middle of a line.
pub(super) fn run(args: &Complete) -> Result<(), Failure> {
    let typed = match &args.line {
        Some(line) => TypedLine::parse(line),
        None => TypedLine::from_arguments(args.arguments.clone()),
    };
    let answer = answer(&typed);
    let mut out = Out::with(false, false);
    let text = shells::format(args, &typed, answer);
    out.document_writer().write_all(text.as_bytes()).map_err(|error| output_failed(&error))?;
    out.flush()
}

/// Returns the completions at the cursor.
fn answer(typed: &TypedLine) -> Answer {
    let config = Config::from_process(typed.flags()).ok();
    let sources = Arc::new(Sources::new(config, typed.arguments.clone()));
    let mut command = Cli::command();
    // The arguments of verbs are added now.
    command.build();
    let mut command = offers::attach(command, &sources);
    let mut typed = typed.clone();
    typed.join_incidents(|option| offers::has_separate_value(&command, option));
    // `list` has terms that begin with a hyphen, which are no options.
    let is_list = typed.arguments.iter().any(|word| word == "list");
    let negated = typed.current.strip_prefix('-').filter(|rest| is_list && !rest.starts_with('-'));
    let current = negated.filter(|rest| !rest.is_empty()).unwrap_or(&typed.current);
    let prefix = if current.len() < typed.current.len() { "-" } else { "" };
    let mut args: Vec<OsString> = typed.arguments.iter().map(OsString::from).collect();
    // The engine needs the program's name, and the word at the cursor.
    if args.is_empty() {
        args.push("redphone".into());
    }
    args.push(current.into());
    let index = args.len() - 1;
    let folder = std::env::current_dir().ok();
    let found = clap_complete::engine::complete(&mut command, args, index, folder.as_deref());
    let candidates = found.unwrap_or_default();
    let has_id = |id: &str| candidates.iter().any(|one| one.get_id().is_some_and(|it| it == id));
    if !current.starts_with('-') || current.contains('=') {
        if has_id(offers::FILES) {
            return Answer::Files;
        }
        if has_id(offers::FOLDERS) {
            return Answer::Folders;
        }
    }
    Answer::Offers(candidates.iter().filter_map(|one| offered(one, prefix)).collect())
}

/// Converts a candidate; `None` for one that can't be typed, as its text has control characters.
fn offered(candidate: &CompletionCandidate, prefix: &str) -> Option<Offered> {
    let value = candidate.get_value().to_str()?;
    if value.is_empty() || value.chars().any(char::is_control) {
        return None;
    }
    let help = candidate.get_help().map(ToString::to_string);
    let help = help.as_deref().and_then(|help| help.lines().next()).filter(|help| !help.is_empty());
    let help = help.map(|help| SafeText::from(help).into_owned());
    Some(Offered { value: format!("{prefix}{value}"), help })
}
