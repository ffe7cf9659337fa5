//! Commands and settings that the documents for users show are understood by the program.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::cli::{CliFixture, Run};

/// Returns the documents for users by their names.
fn documents() -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = BTreeMap::new();
    for entry in std::fs::read_dir(root.join("src/docs/guide")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        documents.insert(name, std::fs::read_to_string(path).unwrap());
    }
    documents.insert("README.md".to_owned(), super::readme());
    documents
}

/// Returns the lines of a document that are code: indented, or in a fence that begins so. Others are
/// empty.
fn code_lines<'a>(text: &'a str, fence: &str) -> Vec<&'a str> {
    let mut is_fenced = false;
    let lines = text.lines().map(|line| {
        if line.starts_with("```") {
            is_fenced = !is_fenced && line.starts_with(fence);
            return "";
        }
        if is_fenced || line.starts_with("    ") { line.trim() } else { "" }
    });
    lines.collect()
}

/// Returns the commands that a document shows in lines of code, and those that it names within a
/// line. Those of which a reader fills in a part are left out.
fn commands(text: &str) -> (Vec<String>, Vec<String>) {
    let text = text.replace("\\\n", " ");
    let lines = code_lines(&text, "```").into_iter();
    let spans = text.split('`').skip(1).step_by(2);
    (lines.filter_map(complete_command).collect(), spans.filter_map(complete_command).collect())
}

/// Returns the command at the beginning of a text without what a shell adds to it; `None` if it is none,
/// or a part of it is to be filled in.
fn complete_command(text: &str) -> Option<String> {
    let ends = [" # ", " | ", " || ", " && ", " < ", " > ", " >> "];
    let end = ends.iter().filter_map(|end| text.find(*end)).min().unwrap_or(text.len());
    let command = text[..end].split_whitespace().collect::<Vec<_>>().join(" ");
    let is_blank = |word: &str| word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase());
    let is_template = command.contains(['…', '$', '[', '\\']) || command.split(' ').any(is_blank);
    (text.starts_with("redphone ") && !is_template).then_some(command)
}

/// Splits a command into arguments as a shell does.
fn arguments(command: &str) -> Vec<String> {
    let (mut words, mut quote, mut is_word) = (vec![String::new()], None, false);
    for c in command.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => (quote, is_word) = (Some(c), true),
            None if c == ' ' => {
                if is_word {
                    words.push(String::new());
                }
                is_word = false;
            }
            _ => {
                words.last_mut().unwrap().push(c);
                is_word = true;
            }
        }
    }
    if !is_word {
        words.pop();
    }
    words
}

/// Tries a command on a store that can't be opened: only what is wrong with the command itself is
/// found, and nothing is done. Returns the refusal of a command that is not understood.
fn refusal(cli: &CliFixture, command: &str) -> Option<String> {
    let arguments = arguments(command);
    let is_simulated =
        arguments.get(1).is_some_and(|name| ["demo", "wall"].contains(&name.as_str()));
    // These would use another store.
    if is_simulated || arguments.iter().any(|argument| argument == "--store") {
        return None;
    }
    let mut program = cli.program();
    program.env("REDPHONE_STORE", cli.path("")).args(&arguments[1..]);
    let run = Run::from(program.output().unwrap());
    (run.code == 2 && run.err.contains(" --help")).then_some(run.err)
}

#[test]
fn commands_in_documents_are_understood() {
    let cli = CliFixture::new();
    // A sentence names a command or an option without what follows it.
    let incomplete =
        ["arguments were not provided", "needs one of its subcommands", "a value is required"];
    let (mut count, mut wrong) = (0, Vec::new());
    for (name, text) in documents() {
        let (shown, named) = commands(&text);
        count += shown.len() + named.len();
        for command in shown {
            wrong.extend(refusal(&cli, &command).map(|why| format!("{name}: {command}: {why}")));
        }
        for command in named {
            let why = refusal(&cli, &command);
            let why = why.filter(|why| !incomplete.iter().any(|part| why.contains(part)));
            wrong.extend(why.map(|why| format!("{name}: {command}: {why}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 250, "only {count} commands were found");
}

/// Returns the settings that a document shows: lines of code without a blank one between them, of
/// which the first begins a table.
fn settings(text: &str) -> Vec<String> {
    let lines = code_lines(text, "```toml");
    let blocks = lines.split(|line| line.is_empty()).map(|lines| lines.join("\n"));
    blocks.filter(|block| block.starts_with('[') && block.contains(" = ")).collect()
}

/// The channels of the contacts in the documents, which are described elsewhere.
const CHANNELS: &str = r#"
[channels.ntfy]
kind = "ntfy"
[channels.hook]
kind = "command"
run = ["/usr/local/bin/page"]
[channels.mail]
kind = "email"
url = "smtp://mail.example.org:587"
from = "redphone <redphone@example.org>"
[channels.sms]
kind = "twilio_sms"
account = "AC00000000000000000000000000000000"
from = "+4930123456"
secret_env = "TWILIO_TOKEN"
"#;

#[test]
fn settings_in_documents_are_valid() {
    let cli = CliFixture::new();
    let file = cli.path("config.toml");
    let (mut count, mut wrong) = (0, Vec::new());
    for (name, text) in documents() {
        for block in settings(&text) {
            count += 1;
            let channels = if block.starts_with("[[contacts]]") { CHANNELS } else { "" };
            std::fs::write(&file, format!("{block}\n{channels}")).unwrap();
            let run = cli.run(["config", "check", "--config", file.to_str().unwrap()]);
            if run.code != 0 {
                wrong.push(format!("{name}:\n{block}{}{}", run.out, run.err));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 40, "only {count} settings were found");
}
