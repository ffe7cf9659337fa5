//! An editor of the person's own, on a text in a temporary file.

use std::io::Write;
use std::process::Stdio;

use tempfile::NamedTempFile;
use tokio::process::Command;

/// The editor where none is set, as other programs take it.
const DEFAULT_EDITOR: &str = "vi";
/// A shell gives this and the signal's number where what it ran was killed.
const SIGNAL_STATUS_BASE: i32 = 128;

/// A text on its way through an editor. The file outlives the editor, whatever ends that.
pub(super) struct EditorSession {
    editor: String,
    original: String,
    // Only its owner can read it, and it goes away with the value.
    file: NamedTempFile,
}

/// How an editor ended that was not left in the usual way.
pub(super) struct EditorFailure {
    /// In a sentence.
    pub reason: String,
    /// What it had written counts all the same: nobody chose to drop it.
    pub text_counts: bool,
}

impl EditorSession {
    /// Puts a text into a file.
    ///
    /// # Errors
    /// Why that can't be done, in a sentence.
    pub(super) fn create(text: &str) -> Result<Self, String> {
        let set = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let editor =
            set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| DEFAULT_EDITOR.into());
        let mut file = tempfile::Builder::new()
            .prefix("redphone-")
            .suffix(".md")
            .tempfile()
            .map_err(|error| format!("no file for the editor can be made: {error}"))?;
        let given = format!("{text}\n");
        file.write_all(given.as_bytes())
            .map_err(|error| format!("the editor's file can't be written: {error}"))?;
        Ok(Self { editor, original: given, file })
    }

    /// Runs the editor to its end. The terminal must have been given back.
    pub(super) async fn run(&self) -> Result<(), EditorFailure> {
        // Through a shell, because it may have arguments; the file is one argument, whatever its name.
        let status = Command::new("sh")
            .arg("-c")
            .arg(format!("{} \"$1\"", self.editor))
            .arg("sh")
            .arg(self.file.path())
            .stdin(Stdio::inherit())
            .kill_on_drop(true)
            .status()
            .await
            .map_err(|error| EditorFailure {
                reason: format!("the editor can't be started: {error}"),
                text_counts: false,
            })?;
        if status.success() {
            return Ok(());
        }
        let why = format!("{} ended with {status}: the text is as it was", self.editor);
        Err(EditorFailure {
            reason: why,
            text_counts: status.code().is_none_or(|code| code > SIGNAL_STATUS_BASE),
        })
    }

    /// What is in the file after the editor has ended so.
    ///
    /// # Errors
    /// Why there is no text, in a sentence.
    pub(super) fn text(&self, ended: Result<(), EditorFailure>) -> Result<String, String> {
        // Editors may put another file in its place.
        let read = std::fs::read(self.file.path())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|error| format!("what the editor wrote can't be read: {error}"));
        match ended {
            Ok(()) => read,
            Err(EditorFailure { reason: why, text_counts: false }) => Err(why),
            Err(EditorFailure { reason: why, text_counts: true }) => {
                read.ok().filter(|text| *text != self.original).ok_or(why)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(keeps: bool) -> Result<(), EditorFailure> {
        Err(EditorFailure { reason: "gone".into(), text_counts: keeps })
    }

    #[test]
    fn what_was_written_counts_however_the_editor_was_ended() {
        let editing = EditorSession::create("before").unwrap();
        assert_eq!(editing.text(ended(true)), Err("gone".into()), "nothing was written");
        std::fs::write(editing.file.path(), "after").unwrap();
        assert_eq!(editing.text(ended(true)), Ok("after".into()));
        assert_eq!(editing.text(ended(false)), Err("gone".into()), "somebody chose to drop it");
        assert_eq!(editing.text(Ok(())), Ok("after".into()));
    }
}
