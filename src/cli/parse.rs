//! Parses the arguments, and turns clap's errors into one sentence.

mod verbs;

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, FromArgMatches};

use super::args::{Cli, Command, Global};
use super::failure::Failure;
use super::out;
use crate::model::nearest::nearest;
use crate::model::text::truncate;

/// The name of the program.
const NAME: &str = "redphone";

/// Parses the arguments; `None` when help or the version was requested and printed.
///
/// # Errors
/// A usage failure whose sentence names the argument.
pub fn parse(args: &[OsString]) -> Result<Option<Cli>, Failure> {
    match without_subcommand(args) {
        Some(Ok(cli)) => return Ok(Some(cli)),
        Some(Err(error)) if error.kind() == ErrorKind::DisplayVersion => {
            return out::print_help(&error).map(|()| None);
        }
        _ => {}
    }
    if let Some(cli) = with_exclusions(args) {
        return Ok(Some(cli));
    }
    // Built once: with all its subcommands it is large for a command that must end in milliseconds.
    let command = Cli::command();
    let args = &verbs::prepare(args, &command)?;
    if let Ok(cli) = matched(&mut with_named_subcommands(&command, args), args) {
        return Ok(Some(cli));
    }
    // Errors, and help, are explained by the complete definition.
    let mut command = with_joined_lines(command);
    let error = match matched(&mut command, args) {
        Ok(cli) => return Ok(Some(cli)),
        Err(error) => with_near_suggestion(error).format(&mut command),
    };
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            out::print_help(&error).map(|()| None)
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            let command = typed_command(args);
            let names = subcommand_names(&command);
            Err(Failure::usage(format!(
                "{} needs one of its subcommands: {names}: see {}",
                path_of(&command),
                help_of(&command)
            )))
        }
        _ => Err(Failure::usage(one_sentence(&error.render().to_string(), args))),
    }
}

fn matched(command: &mut clap::Command, args: &[OsString]) -> Result<Cli, clap::Error> {
    let matches = command.try_get_matches_from_mut(args)?;
    Cli::from_arg_matches(&matches)
}

/// Parses arguments that are options of the program itself, as those that start the panes, without the
/// description of more than a hundred subcommands. `None` if the first one is no option.
fn without_subcommand(args: &[OsString]) -> Option<Result<Cli, clap::Error>> {
    let first = args.get(1);
    first
        .is_none_or(|arg| arg.as_encoded_bytes().starts_with(b"-"))
        .then(|| matched(&mut own_options(), args))
}

/// Returns the program's command without subcommands.
fn own_options() -> clap::Command {
    let command = clap::Command::new(NAME).version(env!("CARGO_PKG_VERSION"));
    Global::augment_args(command.disable_help_subcommand(true))
}

/// Returns the program's command with only those subcommands that the arguments may name.
///
/// Clap copies each option that holds everywhere into all subcommands, more than a hundred, which
/// takes a third of the time that a shell's prompt has.
fn with_named_subcommands(whole: &clap::Command, args: &[OsString]) -> clap::Command {
    let mut command = own_options();
    let mut names: Vec<&str> = Vec::new();
    for subcommand in args.iter().skip(1).filter_map(|arg| whole.find_subcommand(arg)) {
        if !names.contains(&subcommand.get_name()) {
            names.push(subcommand.get_name());
            command = command.subcommand(subcommand.clone());
        }
    }
    command
}

/// Returns the command with the lines of each paragraph after its options joined, and so for its
/// subcommands: clap breaks them at the width of the terminal, and would leave a short rest of each
/// line that is longer.
fn with_joined_lines(mut command: clap::Command) -> clap::Command {
    if let Some(text) = command.get_after_help() {
        let text = join_lines(&text.to_string());
        command = command.after_help(text);
    }
    command.mut_subcommands(with_joined_lines)
}

/// Joins the lines of each paragraph. Indented lines are those of lists and examples, and stay.
fn join_lines(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut is_in_paragraph = false;
    for (index, line) in text.lines().enumerate() {
        let is_prose = !line.is_empty() && !line.starts_with(' ');
        if index > 0 {
            joined.push(if is_prose && is_in_paragraph { ' ' } else { '\n' });
        }
        joined.push_str(line);
        is_in_paragraph = is_prose;
    }
    joined
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

/// Reduces clap's suggestions for a misspelt name to the one that is suggested everywhere else, if any.
fn with_near_suggestion(mut error: clap::Error) -> clap::Error {
    for (typed, suggested) in [
        (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        (ContextKind::InvalidValue, ContextKind::SuggestedValue),
    ] {
        let Some(ContextValue::String(typed)) = error.get(typed).cloned() else { continue };
        let names = match error.remove(suggested) {
            Some(ContextValue::Strings(names)) => names,
            Some(ContextValue::String(name)) => vec![name],
            _ => continue,
        };
        let bare = |name: &str| name.trim_start_matches('-').to_owned();
        let bare_names: Vec<String> = names.iter().map(|name| bare(name)).collect();
        let near = nearest(&bare(&typed), bare_names.iter().map(String::as_str));
        let index = near.and_then(|near| bare_names.iter().position(|name| name == near));
        if let Some(name) = index.and_then(|index| names.get(index)) {
            error.insert(suggested, ContextValue::String(name.clone()));
        }
    }
    error
}

/// Joins the lines of clap's error message into one sentence.
fn one_sentence(rendered: &str, args: &[OsString]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let command = typed_command(args);
    let help = help_of(&command);
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
    // Without a name that is near, all of a short list are named.
    if parts.len() == 1
        && parts[0].starts_with("unrecognized subcommand")
        && command.get_bin_name().is_some_and(|name| name.contains(' '))
    {
        parts.push(format!("there are {}", subcommand_names(&command)));
    }
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

/// Returns the most specific command that the arguments name: a subcommand, or its parent.
fn typed_command(args: &[OsString]) -> clap::Command {
    let mut cli = Cli::command();
    cli.build();
    let mut command = &cli;
    for arg in args.iter().skip(1) {
        match command.find_subcommand(arg) {
            Some(subcommand) => command = subcommand,
            // A word after the command is not a subcommand of the program.
            None if command.get_name() != NAME && !is_option(arg) => break,
            None => {}
        }
    }
    command.clone()
}

fn is_option(arg: &OsString) -> bool {
    arg.to_str().is_some_and(|text| text.starts_with('-'))
}

/// Returns how a command is called, such as `redphone token`.
fn path_of(command: &clap::Command) -> &str {
    command.get_bin_name().unwrap_or_else(|| command.get_name())
}

fn help_of(command: &clap::Command) -> String {
    format!("{} --help", path_of(command))
}

/// Returns the names of the subcommands: `create, list or revoke`.
fn subcommand_names(command: &clap::Command) -> String {
    let subcommands = command.get_subcommands().filter(|one| !one.is_hide_set());
    let names: Vec<&str> = subcommands.map(clap::Command::get_name).collect();
    match names.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
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
    fn no_command_defines_an_option_of_all_commands_again() {
        let root = Cli::command();
        let global = root.get_arguments().filter(|argument| argument.is_global_set());
        let global: Vec<_> = global.map(clap::Arg::get_id).collect();
        assert!(global.iter().any(|id| id.as_str() == "zone"), "{global:?}");
        let mut commands: Vec<_> = root.get_subcommands().collect();
        while let Some(command) = commands.pop() {
            for argument in command.get_arguments() {
                let (name, id) = (command.get_name(), argument.get_id());
                assert!(!global.contains(&id), "{name} {id}");
            }
            commands.extend(command.get_subcommands());
        }
    }

    #[test]
    fn lines_of_a_paragraph_are_joined_for_the_help() {
        let text =
            "One that is\nbroken.\n\nTwo.\nThree.\n\nScopes:\n  read  reads\n  admin  all\n\nEnd.";
        let joined =
            "One that is broken.\n\nTwo. Three.\n\nScopes:\n  read  reads\n  admin  all\n\nEnd.";
        assert_eq!(join_lines(text), joined);
    }

    #[test]
    fn help_of_each_command_has_one_line_a_paragraph() {
        let is_prose = |line: &&str| !line.is_empty() && !line.starts_with(' ');
        let mut root = with_joined_lines(Cli::command());
        // Verbs get their texts when the command is built.
        root.build();
        let mut commands = vec![root];
        let mut count = 0;
        while let Some(command) = commands.pop() {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let broken = lines.windows(2).find(|pair| pair.iter().all(is_prose));
            assert_eq!(broken, None, "{}", command.get_name());
            count += lines.len();
            commands.extend(command.get_subcommands().cloned());
        }
        assert!(count > 200, "{count}");
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
    fn missing_or_wrong_subcommand_names_all_of_them() {
        for (line, message) in [
            (
                &["redphone", "token"][..],
                "redphone token needs one of its subcommands: create, list or revoke: see redphone \
                 token --help",
            ),
            (
                &["redphone", "--user", "ines", "config"],
                "redphone config needs one of its subcommands: path, show, check or init: see \
                 redphone config --help",
            ),
            (
                &["redphone", "config", "xyzzy"],
                "unrecognized subcommand 'xyzzy', there are path, show, check or init: see redphone \
                 config --help",
            ),
            (
                &["redphone", "token", "crate"],
                "unrecognized subcommand 'crate', a similar subcommand exists: 'create': see \
                 redphone token --help",
            ),
            // What shares only some letters is another word.
            (&["redphone", "relist"], "unrecognized subcommand 'relist': see redphone --help"),
            (
                &["redphone", "lits"],
                "unrecognized subcommand 'lits', a similar subcommand exists: 'list': see redphone \
                 --help",
            ),
            (&["redphone", "xyzzy"], "unrecognized subcommand 'xyzzy': see redphone --help"),
            (
                &["redphone", "token", "create", "--nam"],
                "unexpected argument '--nam' found, a similar argument exists: '--name': see \
                 redphone token create --help",
            ),
        ] {
            assert_eq!(parsed(line).unwrap_err().message, message, "{line:?}");
        }
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
