//! Editing a text in the person's own editor, through a temporary file.

use std::io::Write;
use std::process::Stdio;

use tempfile::NamedTempFile;
use tokio::process::Command;

/// The editor if none is set: the one that other programs use then.
const DEFAULT_EDITOR: &str = "vi";
/// A shell exits with this plus the signal's number if the program it ran was killed.
const SIGNAL_STATUS_BASE: i32 = 128;

/// A text that is being edited. The file outlives the editor, however that ends.
pub(super) struct EditorSession {
    editor: String,
    original: String,
    // Only its owner can read the file; it is deleted with this value.
    file: NamedTempFile,
}

/// How an editor ended that did not exit successfully.
pub(super) struct EditorFailure {
    /// The reason in a sentence.
    pub reason: String,
    /// Whether the text in the file counts nevertheless: nobody chose to drop it.
    pub text_counts: bool,
}

impl EditorSession {
    /// Writes a text to a temporary file.
    ///
    /// # Errors
    /// A sentence that says why that is not possible.
    pub(super) fn create(text: &str) -> Result<Self, String> {
        let set = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let editor =
            set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| DEFAULT_EDITOR.into());
        let mut file = tempfile::Builder::new()
            .prefix("redphone-")
            .suffix(".md")
            .tempfile()
            .map_err(|error| format!("no file for the editor can be made: {error}"))?;
        let original = format!("{text}\n");
        file.write_all(original.as_bytes())
            .map_err(|error| format!("the editor's file can't be written: {error}"))?;
        Ok(Self { editor, original, file })
    }

    /// Runs the editor until it exits. The terminal must have been released.
    pub(super) async fn run(&self) -> Result<(), EditorFailure> {
        // Through a shell, because the setting may have arguments; the file is one argument,
        // whatever its name.
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
        let reason = format!("{} ended with {status}: the text is as it was", self.editor);
        Err(EditorFailure {
            reason,
            text_counts: status.code().is_none_or(|code| code > SIGNAL_STATUS_BASE),
        })
    }

    /// Returns the text in the file after the editor has ended this way.
    ///
    /// # Errors
    /// A sentence that says why there is no text.
    pub(super) fn text(&self, ended: Result<(), EditorFailure>) -> Result<String, String> {
        // Read by path, because editors may replace the file.
        let read = std::fs::read(self.file.path())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(|error| format!("what the editor wrote can't be read: {error}"));
        match ended {
            Ok(()) => read,
            Err(EditorFailure { reason, text_counts: false }) => Err(reason),
            Err(EditorFailure { reason, text_counts: true }) => {
                read.ok().filter(|text| *text != self.original).ok_or(reason)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(text_counts: bool) -> Result<(), EditorFailure> {
        Err(EditorFailure { reason: "gone".into(), text_counts })
    }

    #[test]
    fn edited_text_counts_unless_somebody_chose_to_drop_it() {
        let editing = EditorSession::create("before").unwrap();
        assert_eq!(editing.text(ended(true)), Err("gone".into()), "nothing was written");
        std::fs::write(editing.file.path(), "after").unwrap();
        assert_eq!(editing.text(ended(true)), Ok("after".into()));
        assert_eq!(editing.text(ended(false)), Err("gone".into()), "somebody chose to drop it");
        assert_eq!(editing.text(Ok(())), Ok("after".into()));
    }
}
