//! The documents are all shown, and name only paths that exist.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the Markdown files below a folder of the project, in the order of their paths.
fn markdown_files(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![root().join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/")
}

/// Returns the parts of a text that are marked as code within a line.
fn code_spans(text: &str) -> Vec<&str> {
    let mut spans = Vec::new();
    let mut is_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_block = !is_block;
        } else if !is_block {
            spans.extend(line.split('`').skip(1).step_by(2));
        }
    }
    spans
}

/// Returns the path that a code span names, if it names one of the project. One that a reader fills
/// in, such as `src/model/command/<verb>.rs`, is cut to its folder.
fn project_path(span: &str) -> Option<&str> {
    let is_path = ["src/", "tests/", "migrations/", ".ci/", ".github/", "screenshots/"]
        .iter()
        .any(|start| span.starts_with(start));
    if !is_path {
        return None;
    }
    let path = span.split_whitespace().next()?;
    match path.find(['<', '*', '{', '…']) {
        Some(placeholder) => Some(&path[..path[..placeholder].rfind('/')?]),
        None => Some(path),
    }
}

#[test]
fn every_document_is_shown_in_rustdoc() {
    let shown = fs::read_to_string(root().join("src/docs/mod.rs")).unwrap();
    let folder = root().join("src/docs");
    let files = markdown_files("src/docs");
    assert!(files.len() >= 10, "{files:?}");
    for file in files {
        let path = file.strip_prefix(&folder).unwrap().to_str().unwrap();
        let included = format!("include_str!(\"{path}\")");
        assert!(shown.contains(&included), "src/docs/mod.rs does not have {included}");
    }
}

#[test]
fn documents_name_only_paths_that_exist() {
    let mut files = markdown_files("src/docs");
    files.extend(markdown_files(".github"));
    files.push(root().join("README.md"));
    let mut paths = 0;
    let mut missing = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for path in code_spans(&text).into_iter().filter_map(project_path) {
            paths += 1;
            if !root().join(path).exists() {
                missing.push(format!("{} names {path}", relative(&file)));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(paths >= 50, "only {paths} paths were found");
}

#[test]
fn every_decision_is_listed() {
    let folder = root().join("src/docs/decisions");
    let list = fs::read_to_string(folder.join("README.md")).unwrap();
    for file in markdown_files("src/docs/decisions") {
        let name = file.file_name().unwrap().to_str().unwrap();
        if name == "README.md" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let heading = text.lines().next().unwrap().trim_start_matches("# ");
        let (number, title) = heading.split_once(". ").unwrap();
        assert!(name.starts_with(number), "{name} begins with {number}");
        let row = format!("| {number} | {title} |");
        assert!(list.contains(&row), "the list of decisions should have: {row}");
    }
}

#[test]
fn every_table_of_the_store_is_described() {
    let document = fs::read_to_string(root().join("src/docs/storage.md")).unwrap();
    let (_, tables) = document.split_once("\n## Tables\n").unwrap();
    let (tables, _) = tables.split_once("\n### ").unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("src/backend/file/migrations")).unwrap() {
        let migration = fs::read_to_string(entry.unwrap().path()).unwrap();
        let words: Vec<&str> = migration.split(|c: char| c.is_whitespace() || c == '(').collect();
        names.extend(
            words.windows(2).filter(|pair| pair[0] == "TABLE").map(|pair| pair[1].to_owned()),
        );
    }
    // Alterations name a table as well.
    names.retain(|name| !["IF", ""].contains(&name.as_str()));
    assert!(names.len() > 30, "{names:?}");
    for name in names {
        assert!(tables.contains(&format!("`{name}`")), "{name} is not in src/docs/storage.md");
    }
}
