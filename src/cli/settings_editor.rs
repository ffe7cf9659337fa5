//! Lets a person write or edit the settings file, between two runs of the panes.

use std::path::Path;
use std::process::Command;

use super::config::write_settings;
use super::failure::{Failure, io_error_text};
use super::out;
use crate::config::{ConfigLoader, Flags};

/// The default editor.
const DEFAULT_EDITOR: &str = "vi";

/// Asks for the settings and writes them; opens the file in an editor if it exists.
pub fn run(flags: &Flags) -> Result<(), Failure> {
    let path = ConfigLoader::from_process(flags.clone()).path()?;
    if path.symlink_metadata().is_ok() {
        return edit(&path);
    }
    write_settings(flags, &path)?;
    out::print_hint(format!("{} is written: the panes go on with it", path.display()));
    Ok(())
}

/// Waits until a message was read.
pub fn wait_for_enter() {
    // If it can't be read, the panes continue immediately.
    let _ = out::read_line("Enter goes back to the panes");
}

fn edit(path: &Path) -> Result<(), Failure> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| DEFAULT_EDITOR.into());
    // Through a shell, because the setting may have arguments; the path is one argument.
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{editor} \"$1\"")).arg("sh").arg(path);
    let ended = command.status().map_err(|error| {
        Failure::failed(format!("can't start {editor}: {}: set EDITOR", io_error_text(&error)))
    })?;
    if ended.success() {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{editor} ended with {ended}: {} is as it left it",
        path.display()
    )))
}
