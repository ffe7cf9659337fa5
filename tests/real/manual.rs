//! mandoc and groff judge the manual pages.

use std::process::Command;

use super::parts;
use crate::support::cli::CliFixture;

#[test]
fn mandoc_and_groff_have_nothing_to_say_about_the_pages() {
    if !parts::are_tested("mandoc and groff on the manual pages", &["mandoc", "groff"]) {
        return;
    }
    let cli = CliFixture::new();
    cli.ok(["man", "--out", "pages"]);
    let mut count = 0;
    for entry in std::fs::read_dir(cli.path("pages")).unwrap() {
        let page = entry.unwrap().path();
        let lint = Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(&page).output();
        let groff = Command::new("groff").args(["-man", "-ww", "-z"]).arg(&page).output();
        for output in [lint.unwrap(), groff.unwrap()] {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            assert!(
                output.status.success() && said.trim().is_empty(),
                "{}: {said}",
                page.display()
            );
        }
        count += 1;
    }
    assert!(count > 30, "{count}");
    // Text copied from a terminal works in a shell.
    for formatter in [["mandoc", "-T", "utf8"], ["groff", "-man", "-Tutf8"]] {
        let page = cli.path("pages/redphone-completions.1");
        let shown = Command::new(formatter[0]).args(&formatter[1..]).arg(&page).output().unwrap();
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let shown = without_overstrikes(&shown);
        for example in [
            "redphone completions bash > ~/.local/share/bash-completion/completions/redphone",
            "redphone completions zsh > \"${fpath[1]}/_redphone\"",
        ] {
            assert!(shown.contains(example), "{formatter:?}: {shown}");
        }
    }
}

/// Returns a text without what makes it bold: escape codes, or characters that are typed twice.
fn without_overstrikes(text: &str) -> String {
    let mut shown = String::new();
    let mut chars = text.chars();
    while let Some(ch) = chars.next() {
        match ch {
            '\u{8}' => drop(shown.pop()),
            '\u{1b}' => drop(chars.by_ref().find(char::is_ascii_alphabetic)),
            ch => shown.push(ch),
        }
    }
    shown
}
