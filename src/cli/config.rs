//! `config`: prints the settings' path, their values, what is wrong with them, or writes a sample.

use std::fs::DirBuilder;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::args::ConfigCommand;
use super::context::Context;
use super::failure::{Exit, Failure, io_error_text, output_failed};
use super::out::{self, Out};
use crate::config::sample::{ActionKeys, sample};
use crate::config::show::show;
use crate::config::{Config, ConfigLoader, Flags, Warning};
use crate::files::Replacement;
use crate::tui::action::{TABLE, build_keymap};

/// Runs the subcommands that read no settings, so that they work with wrong settings too.
pub fn run_without_settings(flags: Flags, about: ConfigCommand) -> Result<(), Failure> {
    let path = ConfigLoader::from_process(flags).path()?;
    let mut out = Out::with(false, false);
    let printed = match about {
        ConfigCommand::Init => {
            write_sample(&path)?;
            out.done_line(format!("{} has all settings, commented out", path.display()))
        }
        _ => out.line(path.display().to_string()),
    };
    out.finish(printed)
}

/// Prints the settings in force, or what is wrong with them.
pub fn run(context: &mut Context, about: ConfigCommand) -> Result<(), Failure> {
    let config = &context.config;
    if about == ConfigCommand::Show {
        let keymap = build_keymap(&config.panes.keys).0;
        let keys =
            |entry| -> Vec<String> { keymap.keys(entry).iter().map(ToString::to_string).collect() };
        let actions: Vec<_> = TABLE.iter().map(|entry| (entry.name, keys(entry.action))).collect();
        let page = show(config, &actions);
        return context
            .out
            .document_writer()
            .write_all(page.as_bytes())
            .map_err(|e| output_failed(&e));
    }
    let all = warnings(config);
    for warning in &all {
        context.out.line(warning.to_string())?;
    }
    if !all.is_empty() {
        return Err(Failure::silent(Exit::Failed));
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

fn write_sample(path: &Path) -> Result<(), Failure> {
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
    file.write_all(sample(actions).as_bytes()).map_err(|e| write_failure(&e))?;
    file.commit_new().map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            already_exists()
        } else {
            write_failure(&error)
        }
    })
}
