//! Parses the arguments, and turns clap's errors into one sentence.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser};

use super::args::{Cli, Command};
use super::failure::Failure;
use super::out;
use crate::model::text::truncate;

/// Parses the arguments; `None` when help or the version was requested and printed.
///
/// # Errors
/// A usage failure whose sentence names the argument.
pub fn parse(args: &[OsString]) -> Result<Option<Cli>, Failure> {
    if let Some(cli) = with_exclusions(args) {
        return Ok(Some(cli));
    }
    let error = match Cli::try_parse_from(args) {
        Ok(cli) => return Ok(Some(cli)),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            out::print_help(&error).map(|()| None)
        }
        _ => Err(Failure::usage(one_sentence(&error.render().to_string(), args))),
    }
}

/// Parses `list` with terms that begin with a `-`, which clap would treat as options.
///
/// `None` if there is no such term, or if the other arguments are wrong.
fn with_exclusions(args: &[OsString]) -> Option<Cli> {
    let list = args.iter().position(|arg| arg == "list")?;
    let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let mut rest = Vec::with_capacity(args.len());
    let mut terms = Vec::new();
    for (index, arg) in args.iter().enumerate() {
        match arg.to_str() {
            Some(text) if (list..end).contains(&index) && excludes(text) => {
                terms.push(text.to_owned());
            }
            _ => rest.push(arg.clone()),
        }
    }
    if terms.is_empty() {
        return None;
    }
    let matches = Cli::command().try_get_matches_from(rest).ok()?;
    let mut cli = Cli::from_arg_matches(&matches).ok()?;
    let Some(Command::List(list)) = &mut cli.command else { return None };
    list.filter.extend(terms);
    Some(cli)
}

/// Returns whether an argument is a negated filter term: `list` has no short options but `-h`.
fn excludes(arg: &str) -> bool {
    arg.len() > 1 && arg.starts_with('-') && !arg.starts_with("--") && !matches!(arg, "-h" | "-V")
}

/// Joins the lines of clap's error message into one sentence.
fn one_sentence(rendered: &str, args: &[OsString]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let cli = Cli::command();
    let command = args.iter().skip(1).find_map(|arg| cli.find_subcommand(arg));
    let help = command.map_or_else(
        || "redphone --help".to_owned(),
        |command| format!("redphone {} --help", command.get_name()),
    );
    for line in rendered.lines() {
        let line = line.trim();
        if line.starts_with("Usage: ") || line.starts_with("For more information") {
            break;
        }
        if !line.is_empty() {
            let line = line.trim_start_matches("error: ").trim_start_matches("tip: ");
            parts.push(truncate(line, 300).into_string());
        }
    }
    let mut text = String::new();
    for part in parts {
        if text.ends_with(':') {
            text.push(' ');
        } else if !text.is_empty() {
            text.push_str(if part.starts_with('[') { " " } else { ", " });
        }
        text.push_str(&part);
    }
    format!("{text}: see {help}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &[&str]) -> Result<Option<Cli>, Failure> {
        let args: Vec<OsString> = line.iter().map(OsString::from).collect();
        parse(&args)
    }

    fn filter(line: &[&str]) -> Vec<String> {
        match parsed(line).unwrap().unwrap().command {
            Some(Command::List(list)) => list.filter,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn command_line_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn negated_filter_term_is_not_an_option() {
        let line = ["redphone", "list", "p1", "-service:cdn", "--json", "-p4"];
        assert_eq!(filter(&line), ["p1", "-service:cdn", "-p4"]);
        assert_eq!(filter(&["redphone", "list", "--", "-x"]), ["-x"]);
    }

    #[test]
    fn dash_argument_of_other_commands_stays_an_option() {
        let failure = parsed(&["redphone", "note", "1", "list", "-x"]).unwrap_err();
        assert!(failure.message.starts_with("unexpected argument '-x' found"), "{failure}");
    }

    #[test]
    fn usage_error_is_one_sentence() {
        let failure = parsed(&["redphone", "declare", "--title", "x"]).unwrap_err();
        assert_eq!(
            failure.message,
            "the following required arguments were not provided: --impact <LEVEL>, \
             --urgency <LEVEL>: see redphone declare --help"
        );
    }
}
