//! Reads the source files of the project.

use std::fs;
use std::path::{Path, PathBuf};

/// A parsed source file.
pub struct SourceFile {
    /// The path below the root of the project, with `/`.
    pub path: String,
    /// The syntax tree of the file.
    pub syntax: syn::File,
}

/// Returns the root of the project.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Parses all Rust files below the folders, in the order of their paths.
pub fn source_files(folders: &[&str]) -> Vec<SourceFile> {
    let mut paths = Vec::new();
    for folder in folders {
        collect(&root().join(folder), &mut paths);
    }
    paths.sort();
    paths.into_iter().map(|path| parse(&path)).collect()
}

fn parse(path: &Path) -> SourceFile {
    let text = fs::read_to_string(path).unwrap();
    let relative = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
    let syntax = syn::parse_file(&text).unwrap_or_else(|error| panic!("{relative}: {error}"));
    SourceFile { path: relative, syntax }
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            // The fuzz crate has a build folder of its own.
            if !path.ends_with("target") {
                collect(&path, paths);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}
