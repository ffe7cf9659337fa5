//! Editing a text in the person's own editor, through a temporary file.

use std::io::Write;
use std::process::Stdio;

use tempfile::NamedTempFile;
use tokio::process::Command;

use crate::tui::form::editor_error::EditorError;

/// The editor if none is set: the one that other programs use then.
const DEFAULT_EDITOR: &str = "vi";

/// A text that is being edited. The file outlives the editor, however that ends.
pub(super) struct EditorSession {
    editor: String,
    original: String,
    // Only its owner can read the file; it is deleted with this value.
    file: NamedTempFile,
}

impl EditorSession {
    /// Writes a text to a temporary file.
    ///
    /// # Errors
    /// The file can't be created or written.
    pub(super) fn create(text: &str) -> Result<Self, EditorError> {
        let set = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let editor =
            set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| DEFAULT_EDITOR.into());
        let mut file = tempfile::Builder::new()
            .prefix("redphone-")
            .suffix(".md")
            .tempfile()
            .map_err(EditorError::NoFile)?;
        let original = format!("{text}\n");
        file.write_all(original.as_bytes()).map_err(EditorError::NotWritten)?;
        Ok(Self { editor, original, file })
    }

    /// Runs the editor until it exits. The terminal must have been released.
    pub(super) async fn run(&self) -> Result<(), EditorError> {
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
            .map_err(EditorError::NotStarted)?;
        if status.success() {
            return Ok(());
        }
        Err(EditorError::Failed { editor: self.editor.clone(), status })
    }

    /// Returns the text in the file after the editor has ended this way.
    ///
    /// # Errors
    /// If the editor failed and its text is discarded; or the file can't be read.
    pub(super) fn text(&self, ended: Result<(), EditorError>) -> Result<String, EditorError> {
        // Read by path, because editors may replace the file.
        let read = std::fs::read(self.file.path())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .map_err(EditorError::Unreadable);
        match ended {
            Ok(()) => read,
            Err(error) if error.text_counts() => {
                read.ok().filter(|text| *text != self.original).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn failed(raw_status: i32) -> EditorError {
        EditorError::Failed { editor: "vi".into(), status: ExitStatus::from_raw(raw_status) }
    }

    #[test]
    fn edited_text_counts_unless_somebody_chose_to_drop_it() {
        let editing = EditorSession::create("before").unwrap();
        let unchanged = editing.text(Err(EditorError::TerminalClosed)).unwrap_err();
        assert!(matches!(unchanged, EditorError::TerminalClosed), "nothing was written");
        std::fs::write(editing.file.path(), "after").unwrap();
        // A signal, the status of a shell whose program a signal has ended, and two interruptions.
        for counts in
            [failed(15), failed(143 << 8), EditorError::Stopped, EditorError::TerminalClosed]
        {
            assert_eq!(editing.text(Err(counts)).unwrap(), "after");
        }
        let dropped = editing.text(Err(failed(1 << 8))).unwrap_err();
        assert!(matches!(dropped, EditorError::Failed { .. }), "somebody chose to drop it");
        let sentence = "vi ended with exit status: 1: the text is as it was";
        assert_eq!(dropped.to_string(), sentence);
        assert_eq!(editing.text(Ok(())).unwrap(), "after");
        std::fs::remove_file(editing.file.path()).unwrap();
        assert!(matches!(editing.text(Ok(())).unwrap_err(), EditorError::Unreadable(_)));
    }
}
