//! The output of help, the manual pages and shell completions.

use crate::support::cli::CliFixture;

#[test]
fn the_help_of_the_program() {
    insta::assert_snapshot!(CliFixture::new().ok(["--help"]));
}

#[test]
fn the_help_of_declare() {
    insta::assert_snapshot!(CliFixture::new().ok(["declare", "--help"]));
}

#[test]
fn the_help_of_serve() {
    insta::assert_snapshot!(CliFixture::new().ok(["serve", "--help"]));
}

#[test]
fn the_help_of_token() {
    insta::assert_snapshot!(CliFixture::new().ok(["token", "--help"]));
    insta::assert_snapshot!(CliFixture::new().ok(["token", "create", "--help"]));
}

#[test]
fn the_version() {
    let version = concat!("redphone ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(CliFixture::new().ok(["--version"]), version);
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let cli = CliFixture::new();
    let output = cli.ok(["man", "--out", "pages"]);
    let mut pages: Vec<String> = std::fs::read_dir(cli.path("pages"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    assert_eq!(output, format!("{} pages written to pages\n", pages.len()));
    insta::assert_snapshot!(pages.join("\n"));
    let page = std::fs::read_to_string(cli.path("pages/redphone-import.1")).unwrap();
    for part in [".SH NAME", ".SH SYNOPSIS", ".SH OPTIONS", "skip\\-bad"] {
        assert!(page.contains(part), "{page}");
    }
}

#[test]
fn completions_offer_commands_options_and_values() {
    let cli = CliFixture::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = cli.ok(["completions", shell]);
        // The generators for these two shells omit the values.
        let values = ["rollback", "user-report"];
        let values = values.iter().filter(|_| !matches!(shell, "elvish" | "powershell"));
        for part in ["declare", "skip-bad"].iter().chain(values) {
            assert!(script.contains(part), "{shell} lacks {part}");
        }
    }
}
