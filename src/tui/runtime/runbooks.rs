//! Reads the folder of runbooks.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::model::runbook::{RunbookHeader, RunbookPage};

use crate::tui::runbook::{NoRunbooks, RunbookError, RunbookFault, Runbooks};

/// The largest size of a runbook, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;
/// How much of each runbook is read for its header, in bytes.
const HEAD_BYTES: u64 = 8 * 1024;
/// The most runbooks that are read from a folder.
const MAX_RUNBOOKS: usize = 2000;
/// The most levels of folders that are read below it.
const MAX_DEPTH: usize = 8;

/// Returns the headers of the runbooks in a folder, sorted by name.
pub(super) fn load_heads(folder: &Path) -> Runbooks {
    let mut heads = Vec::new();
    if let Err(error) = collect_heads(folder, "", 0, &mut heads) {
        return Err(if error.kind() == io::ErrorKind::NotFound {
            let why = format!("there is no folder {}", folder.display());
            NoRunbooks::NoFolder(format!("{why}: put runbooks there, as .md files"))
        } else {
            let why = format!("the runbooks in {} can't be read: {error}", folder.display());
            NoRunbooks::Unreadable(why)
        });
    }
    heads.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Arc::new(heads))
}

fn collect_heads(
    folder: &Path,
    inside: &str,
    depth: usize,
    heads: &mut Vec<RunbookHeader>,
) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file = entry.file_name();
        let Some(file) = file.to_str().filter(|name| !name.starts_with('.')) else { continue };
        let path = entry.path();
        // A link counts as its target; a dangling one is omitted.
        let Ok(about) = fs::metadata(&path) else { continue };
        if about.is_dir() && depth < MAX_DEPTH {
            // An unreadable folder does not hide the others.
            let _ = collect_heads(&path, &format!("{inside}{file}/"), depth + 1, heads);
        } else if about.is_file()
            && let Some(name) = file.strip_suffix(".md")
            && heads.len() < MAX_RUNBOOKS
            && let Ok(text) = read_prefix(&path, HEAD_BYTES)
        {
            heads.push(RunbookHeader::parse(&format!("{inside}{name}"), &text));
        }
    }
    Ok(())
}

/// Reads a runbook completely.
pub(super) fn load_page(folder: &Path, name: &str) -> Result<Arc<RunbookPage>, RunbookError> {
    let path = folder.join(format!("{name}.md"));
    match read_page(&path) {
        Ok(page) => Ok(Arc::new(page)),
        Err(fault) => Err(RunbookError::Unusable { path, fault }),
    }
}

fn read_page(path: &Path) -> Result<RunbookPage, RunbookFault> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(RunbookFault::NotAFile);
    }
    if metadata.len() > MAX_BYTES {
        return Err(RunbookFault::TooLarge(metadata.len()));
    }
    Ok(RunbookPage::parse(&read_prefix(path, MAX_BYTES)?))
}

/// Returns a file's text up to this many bytes.
fn read_prefix(path: &Path, most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        load_heads(folder).expect("they are read").iter().map(|head| head.name.clone()).collect()
    }

    #[test]
    fn markdown_files_are_found_in_folders_but_not_in_hidden_ones() {
        let files = [("payments/5xx.md", "# 5xx"), ("a.md", ""), (".git/b.md", ""), ("c.txt", "")];
        assert_eq!(names(folder(&files).path()), ["a", "payments/5xx"]);
    }

    #[test]
    fn circular_folder_links_end_at_the_depth_limit() {
        let folder = folder(&[("a.md", "")]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("again")).expect("a link");
        assert!(names(folder.path()).len() <= MAX_DEPTH + 1);
    }

    #[test]
    fn missing_folder_is_reported_in_a_sentence() {
        let folder = folder(&[]);
        let none = load_heads(&folder.path().join("none")).expect_err("it is not there");
        let message = none.reason();
        assert!(message.starts_with("there is no folder "), "{message}");
        assert!(message.ends_with("put runbooks there, as .md files"), "{message}");
    }

    #[test]
    fn too_large_file_is_refused() {
        let folder = folder(&[("large.md", &"x".repeat(1024 * 1024 + 1))]);
        let fault = |name| match load_page(folder.path(), name) {
            Err(RunbookError::Unusable { path, fault }) => (path, fault),
            other => panic!("{other:?}"),
        };
        let (path, large) = fault("large");
        assert_eq!(path, folder.path().join("large.md"));
        assert!(matches!(large, RunbookFault::TooLarge(1_048_577)), "{large:?}");
        assert_eq!(large.to_string(), "it has 1025 KiB, and 1 MiB is the most: split it");
        let (_, gone) = fault("gone");
        assert!(
            matches!(&gone, RunbookFault::Unreadable(e) if e.kind() == io::ErrorKind::NotFound),
            "{gone:?}"
        );
        fs::create_dir(folder.path().join("folder.md")).expect("a folder");
        assert!(matches!(fault("folder").1, RunbookFault::NotAFile));
    }
}
