//! An editor of the person's own, on a text in a temporary file.

use std::io::Write;
use std::process::Stdio;

use tokio::process::Command;

/// The editor where none is set, as other programs take it.
const USUAL: &str = "vi";

/// Lets the person edit a text. The terminal must have been given back.
///
/// # Errors
/// Why there is no text, in a sentence.
pub(super) async fn edit(text: &str) -> Result<String, String> {
    let set = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| USUAL.into());
    let failed = |what: &str, error: &dyn std::fmt::Display| format!("{what}: {error}");
    // Only its owner can read it, and it goes away with the value.
    let mut file = tempfile::Builder::new()
        .prefix("redphone-")
        .suffix(".md")
        .tempfile()
        .map_err(|error| failed("no file for the editor can be made", &error))?;
    writeln!(file, "{text}")
        .map_err(|error| failed("the editor's file can't be written", &error))?;
    // Through a shell, because it may have arguments; the file is one argument, whatever its name.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(file.path())
        .stdin(Stdio::inherit())
        .kill_on_drop(true)
        .status()
        .await
        .map_err(|error| failed("the editor can't be started", &error))?;
    if !status.success() {
        return Err(format!("{editor} ended with {status}: the text is as it was"));
    }
    // Editors may put another file in its place.
    let bytes = tokio::fs::read(file.path())
        .await
        .map_err(|error| failed("what the editor wrote can't be read", &error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
