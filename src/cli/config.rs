//! `config`: prints the settings' path, their values, their errors, or writes a sample.

use std::borrow::Cow;
use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use serde::Serialize;

use super::args::ConfigCommand;
use super::context::Context;
use super::failure::{Exit, Failure, io_error_text, output_failed};
use super::json;
use super::out::{self, Out};
use super::setup;
use crate::config::sample::{ActionKeys, Answers, sample};
use crate::config::show::show;
use crate::config::show_json::show_json;
use crate::config::{Config, ConfigLoader, FilePosition, Flags, Warning};
use crate::files::Replacement;
use crate::tui::action::{TABLE, build_keymap};

/// The settings file, as `--json` prints it.
#[derive(Serialize)]
struct FileJson<'a> {
    file: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exists: Option<bool>,
    /// Whether questions were answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<bool>,
}

/// A setting that can't be used, as `--json` prints it.
#[derive(Serialize)]
struct WarningJson<'a> {
    file: Cow<'a, str>,
    line: u32,
    column: u32,
    text: &'a str,
}

/// Runs the subcommands that read no settings, so that they work with wrong settings too.
pub fn run_without_settings(
    flags: &Flags,
    about: ConfigCommand,
    as_json: bool,
) -> Result<(), Failure> {
    let path = ConfigLoader::from_process(flags.clone()).path()?;
    let mut out = Out::with(false, false);
    let file = path.to_string_lossy();
    let printed = match about {
        ConfigCommand::Init => {
            let answered = write_settings(flags, &path)?;
            let what = if answered {
                "has what you said, and all other settings, commented out"
            } else {
                "has all settings, commented out"
            };
            let done = format!("{file} {what}");
            if as_json {
                out.record_done(done);
                json::print(&mut out, &FileJson { file, exists: None, answered: Some(answered) })
            } else {
                out.done_line(done)
            }
        }
        _ if as_json => {
            let exists = Some(path.exists());
            json::print(&mut out, &FileJson { file, exists, answered: None })
        }
        _ => out.line(path.display().to_string()),
    };
    out.finish(printed)
}

/// Prints the settings in force, or their errors.
pub fn run(context: &mut Context, about: ConfigCommand, as_json: bool) -> Result<(), Failure> {
    let config = &context.config;
    if about == ConfigCommand::Show {
        let keymap = build_keymap(&config.panes.keys).0;
        let keys =
            |entry| -> Vec<String> { keymap.keys(entry).iter().map(ToString::to_string).collect() };
        let actions: Vec<_> = TABLE.iter().map(|entry| (entry.name, keys(entry.action))).collect();
        if as_json {
            return json::print(&mut context.out, &show_json(config, &actions));
        }
        let page = show(config, &actions);
        return context
            .out
            .document_writer()
            .write_all(page.as_bytes())
            .map_err(|e| output_failed(&e));
    }
    let all = warnings(config);
    for warning in &all {
        if as_json {
            let FilePosition { file, line, column } = &warning.position;
            let (file, line, column) = (file.to_string_lossy(), *line, *column);
            let text = warning.text.as_str();
            json::print(&mut context.out, &WarningJson { file, line, column, text })?;
        } else {
            context.out.line(warning.to_string())?;
        }
    }
    if !all.is_empty() {
        return Err(Failure::silent(Exit::Failed));
    }
    if as_json {
        return Ok(());
    }
    let text = match &config.file {
        Some(path) if path.exists() => format!("{}: nothing is wrong", path.display()),
        Some(path) => format!("{} does not exist: the defaults hold", path.display()),
        None => "there is no home folder to keep settings in: the defaults hold".to_owned(),
    };
    context.out.line(text)
}

/// Returns all warnings about the settings file, in the order of the file.
pub fn warnings(config: &Config) -> Vec<Warning> {
    let mut all = config.warnings.clone();
    all.extend(build_keymap(&config.panes.keys).1);
    all.sort();
    all
}

/// Prints one hint when settings are wrong.
pub fn hint_at_warnings(config: &Config) {
    let all = warnings(config);
    if let Some(text) = summarize_warnings(&all) {
        out::print_hint(text);
    }
}

/// Summarizes warnings: the first one, the number of others, and the command that lists them.
pub fn summarize_warnings(all: &[Warning]) -> Option<String> {
    let first = all.first()?.brief();
    let first = first.trim_end_matches('?');
    Some(match all.len() - 1 {
        0 => format!("{first} · redphone config check"),
        more => format!("{first} · {more} more · redphone config check"),
    })
}

/// Writes the settings file: on a terminal with the answers to a few questions, else with all
/// settings commented out. Returns whether questions were answered.
pub fn write_settings(flags: &Flags, path: &Path) -> Result<bool, Failure> {
    if !setup::can_ask() || path.symlink_metadata().is_ok() {
        return write_sample(path, None).map(|()| false);
    }
    let account = Config::from_process(flags.clone()).map(|config| config.me)?;
    let answers = setup::ask(&account).map_err(|error| {
        Failure::failed(format!(
            "the questions were not answered ({}): nothing was written",
            io_error_text(&error)
        ))
    })?;
    write_sample(path, Some(&answers)).map(|()| true)
}

fn write_sample(path: &Path, answers: Option<&Answers>) -> Result<(), Failure> {
    let write_failure = |error: &io::Error| {
        Failure::failed(format!(
            "can't write {}: {}: name another file with --config FILE or make room",
            path.display(),
            io_error_text(error)
        ))
    };
    let already_exists = || {
        Failure::failed(format!(
            "{} is there already and stays as it is: edit it, or name another with --config FILE",
            path.display()
        ))
    };
    if path.symlink_metadata().is_ok() {
        return Err(already_exists());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|e| write_failure(&e))?;
    // Only the owner can read the file, and it appears complete or not at all.
    let mut file = Replacement::begin(path).map_err(|e| write_failure(&e))?;
    let actions = TABLE.iter().map(|entry| ActionKeys {
        name: entry.name,
        keys: entry.keys,
        help: entry.help,
    });
    let mut text = sample(actions);
    if let Some(answers) = answers {
        text = answers.fill_in(&text);
    }
    file.write_all(text.as_bytes()).map_err(|e| write_failure(&e))?;
    file.commit_new().map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            already_exists()
        } else {
            write_failure(&error)
        }
    })
}
