//! Prepares the arguments of a verb: incidents given one after another become one argument, and so
//! do the words of a text.
//!
//! `assign 12 14 Ines Moreau` becomes `assign -- 12,14 'Ines Moreau'`. Options are not changed, and
//! errors are left for clap to report.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Read};

use clap::Command;

use super::super::args::{IncidentList, TEMPLATE, count_positionals, verb_command_with_arguments};
use super::super::failure::{Failure, io_error_text};
use crate::verbs::{Numbers, Verb};

/// How much of standard input is read, in bytes.
///
/// This is far more than the maximum length of a text, so that the rejection can contain its
/// length.
const MAX_BYTES: u64 = 1024 * 1024;

/// Returns the arguments for clap to parse; unchanged if they are not those of a verb.
///
/// # Errors
/// A text can't be read from standard input, or there is none.
pub fn prepare(args: &[OsString], cli: &Command) -> Result<Vec<OsString>, Failure> {
    let Some((start, verb)) = find_verb(args, cli) else { return Ok(args.to_vec()) };
    if verb == Verb::Services && names_entries(&args[start + 1..]) {
        let mut prepared = args.to_vec();
        prepared[start] = SERVICE_COMMAND.into();
        return Ok(prepared);
    }
    if verb == Verb::Role
        && let Some(answer) = answer_to_request(args, start)
    {
        return prepare(&answer, cli);
    }
    if verb == Verb::Services && args[start + 1..].iter().any(|arg| arg == UNKNOWN) {
        let mut prepared = args.to_vec();
        prepared.splice(start..=start, [SERVICE_COMMAND, "list"].map(OsString::from));
        return Ok(prepared);
    }
    if verb == Verb::Review && names_page(&args[start + 1..]) {
        let mut prepared = args.to_vec();
        prepared[start] = PAGE_COMMAND.into();
        return Ok(prepared);
    }
    let command = verb_command_with_arguments(verb);
    let rest = &args[start + 1..];
    let Split { options, positionals, from, is_help } = split(rest, &command, cli);
    if is_help {
        return Ok(args.to_vec());
    }
    let numbers = verb.row().numbers;
    let (incidents, mut others) = join_incidents(positionals, numbers, from.is_some());
    let expected = count_positionals(verb);
    if verb.row().reads_text && !names_template(&options) {
        read_piped(verb, &mut others, expected, from.as_deref())?;
    }
    join_rest(&mut others, expected);
    let mut prepared: Vec<OsString> = args[..=start].to_vec();
    prepared.extend(options);
    if incidents.is_some() || !others.is_empty() {
        prepared.push("--".into());
        prepared.extend(incidents);
        prepared.extend(others);
    }
    Ok(prepared)
}

/// The command for services of the directory. The verb `services` sets those of an incident.
const SERVICE_COMMAND: &str = "service";

/// Returns the arguments of `answer-role` for `role accept …` and `role decline …`. No incident has such
/// a name.
fn answer_to_request(args: &[OsString], start: usize) -> Option<Vec<OsString>> {
    let option: &[&str] = match args.get(start + 1)?.to_str()? {
        "accept" => &[],
        "decline" => &["--decline"],
        _ => return None,
    };
    let mut answer = args[..start].to_vec();
    answer.push(Verb::AnswerRole.row().command.into());
    answer.extend(option.iter().map(OsString::from));
    answer.extend_from_slice(&args[start + 2..]);
    Some(answer)
}

/// The option by which `services` lists those that the directory does not have.
const UNKNOWN: &str = "--unknown";

/// Returns whether arguments after `services` are about the directory. No incident has such a name.
fn names_entries(rest: &[OsString]) -> bool {
    let first = rest.first().and_then(|arg| arg.to_str());
    matches!(first, Some("list" | "show" | "set" | "remove"))
}

/// The command for a review as a document. The verb `review` writes a section.
const PAGE_COMMAND: &str = "review-page";

/// Returns whether arguments after `review` request the document.
fn names_page(rest: &[OsString]) -> bool {
    let options = rest.iter().take_while(|arg| *arg != "--");
    let mut options = options.filter_map(|arg| arg.to_str());
    options.any(|arg| matches!(arg, "--markdown" | "--html"))
}

/// Returns whether the text is made from a template.
fn names_template(options: &[OsString]) -> bool {
    let names = |option: &str| {
        let name = option.strip_prefix("--").and_then(|name| name.split('=').next());
        name == Some(TEMPLATE)
    };
    options.iter().any(|option| option.to_str().is_some_and(names))
}

/// Finds the verb among the arguments, and its position.
fn find_verb(args: &[OsString], cli: &Command) -> Option<(usize, Verb)> {
    let mut index = 1;
    while let Some(arg) = args.get(index).and_then(|arg| arg.to_str()) {
        if !arg.starts_with('-') {
            return Verb::find(arg).map(|verb| (index, verb));
        }
        index += if has_separate_value(arg, &[cli]) { 2 } else { 1 };
    }
    None
}

/// The arguments of a verb by kind.
struct Split {
    options: Vec<OsString>,
    positionals: Vec<OsString>,
    /// The value of `--from`.
    from: Option<OsString>,
    is_help: bool,
}

fn split(rest: &[OsString], command: &Command, cli: &Command) -> Split {
    let mut split =
        Split { options: Vec::new(), positionals: Vec::new(), from: None, is_help: false };
    let mut args = rest.iter();
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy();
        if text == "--" {
            split.positionals.extend(args.cloned());
            break;
        }
        if text == "-" || !text.starts_with('-') || is_text(&text) {
            split.positionals.push(arg.clone());
            continue;
        }
        split.is_help |= matches!(&*text, "-h" | "--help" | "-V" | "--version");
        split.options.push(arg.clone());
        if let Some(file) = text.strip_prefix("--from=") {
            split.from = Some(file.into());
        }
        if has_separate_value(&text, &[command, cli])
            && let Some(value) = args.next()
        {
            if text == "--from" {
                split.from = Some(value.clone());
            }
            split.options.push(value.clone());
        }
    }
    split
}

/// Returns whether an argument is a text although it begins as an option, such as an item of a list: no
/// option has a blank before its value.
fn is_text(arg: &str) -> bool {
    arg.split('=').next().is_some_and(|name| name.contains(char::is_whitespace))
}

/// Returns whether an option has its value in the argument that follows.
fn has_separate_value(option: &str, commands: &[&Command]) -> bool {
    let Some(name) = option.strip_prefix("--").filter(|name| !name.contains('=')) else {
        return false;
    };
    let mut all = commands.iter().flat_map(|command| command.get_arguments());
    all.any(|arg| arg.get_long() == Some(name) && arg.get_action().takes_values())
}

/// Joins the incidents to one argument, and returns the others as they are.
fn join_incidents(
    mut positionals: Vec<OsString>,
    numbers: Numbers,
    has_from: bool,
) -> (Option<OsString>, Vec<OsString>) {
    let most = match numbers {
        Numbers::Many => positionals.len(),
        Numbers::One => 1,
        Numbers::AllButLast => positionals.len().saturating_sub(1),
    };
    let is_list = |arg: &OsString| {
        arg.to_str().is_some_and(|text| !text.is_empty() && text.parse::<IncidentList>().is_ok())
    };
    let count = positionals.iter().take(most).take_while(|arg| is_list(arg)).count();
    if count == 0 {
        // With a file, the incidents may all be in it.
        if has_from {
            return (Some(OsString::new()), positionals);
        }
        let first = (!positionals.is_empty()).then(|| positionals.remove(0));
        return (first, positionals);
    }
    let others = positionals.split_off(count);
    (Some(positionals.join(OsStr::new(","))), others)
}

/// Joins excess arguments to the last argument of the command, with blanks.
fn join_rest(others: &mut Vec<OsString>, expected: usize) {
    if expected > 0 && others.len() > expected {
        let last = others.split_off(expected - 1);
        others.push(last.join(OsStr::new(" ")));
    }
}

/// Reads the text from standard input, if it is `-` or if it is missing and input is piped.
fn read_piped(
    verb: Verb,
    others: &mut Vec<OsString>,
    expected: usize,
    from: Option<&OsStr>,
) -> Result<(), Failure> {
    let is_dash = others.len() == expected && others.last().is_some_and(|last| last == "-");
    let is_missing = others.len() + 1 == expected;
    if !is_dash && !is_missing {
        return Ok(());
    }
    let reads_numbers = from.is_some_and(|from| from == "-");
    if is_missing && (reads_numbers || io::stdin().is_terminal()) {
        let name = verb.row().command;
        return Err(Failure::usage(format!(
            "the {name} has no text: write it after the number, or pipe it in with -"
        )));
    }
    if reads_numbers {
        return Err(Failure::usage(
            "standard input has the numbers already: write the text after them",
        ));
    }
    if is_dash {
        others.pop();
    }
    others.push(read_text(io::stdin().lock())?.into());
    Ok(())
}

fn read_text(input: impl Read) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    input.take(MAX_BYTES).read_to_end(&mut bytes).map_err(|error| {
        Failure::failed(format!("can't read standard input: {}: try again", io_error_text(&error)))
    })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure::failed(format!(
            "standard input is not UTF-8 text from byte {at} on: convert it first"
        ))
    })?;
    Ok(text.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use rstest::rstest;

    use super::super::super::args::Cli;
    use super::*;

    #[rstest]
    #[case("assign 12 14 Ines Moreau", &["assign", "--", "12,14", "Ines Moreau"])]
    #[case("--store x.db assign --if-seq 3 INC-12 ines --json",
           &["--store", "x.db", "assign", "--if-seq", "3", "--json", "--", "INC-12", "ines"])]
    #[case("merge 12 14 15", &["merge", "--", "12,14", "15"])]
    #[case("note 12 3 pods crashed", &["note", "--", "12", "3 pods crashed"])]
    #[case("ack 12 14", &["ack", "--", "12,14"])]
    #[case("assign --from x ines", &["assign", "--from", "x", "--", "", "ines"])]
    #[case("assign --from=x 12 ines", &["assign", "--from=x", "--", "12", "ines"])]
    #[case("snooze 12 tomorrow 10:30", &["snooze", "--", "12", "tomorrow 10:30"])]
    #[case("correct-note 12 4 new text", &["correct-note", "--", "12", "4", "new text"])]
    #[case("pause 12 -- -5 degrees", &["pause", "--", "12", "-5 degrees"])]
    #[case("update 12 --template restored", &["update", "--template", "restored", "--", "12"])]
    #[case("update 12 --template=restored", &["update", "--template=restored", "--", "12"])]
    #[case("assign ines", &["assign", "--", "ines"])]
    #[case("assign --help 12", &["assign", "--help", "12"])]
    #[case("review 12 --html", &["review-page", "12", "--html"])]
    #[case("review --markdown 12", &["review-page", "--markdown", "12"])]
    #[case("review 12 impact -- --html", &["review", "--", "12", "impact", "--html"])]
    #[case("list assign", &["list", "assign"])]
    #[case("note 12 -_an_item --json", &["note", "--json", "--", "12", "- an item"])]
    #[case("review 12 timeline -_a=b --yes", &["review", "--yes", "--", "12", "timeline", "- a=b"])]
    #[case("assign 12 ines --because=a_b", &["assign", "--because=a b", "--", "12", "ines"])]
    fn incidents_and_texts_become_one_argument_each(#[case] line: &str, #[case] expected: &[&str]) {
        // A blank within an argument is written as `_`.
        let parts = line.split(' ').map(|word| word.replace('_', " "));
        let args: Vec<OsString> =
            std::iter::once("redphone".to_owned()).chain(parts).map(OsString::from).collect();
        let prepared = prepare(&args, &Cli::command()).unwrap();
        assert_eq!(prepared[1..], expected.iter().map(OsString::from).collect::<Vec<_>>()[..]);
    }
}
