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
}

#[test]
fn completions_are_a_script_for_each_shell() {
    let cli = CliFixture::new();
    // The scripts of these two have the command line in them; the others ask the program.
    for shell in ["elvish", "powershell"] {
        let script = cli.ok(["completions", shell]);
        for part in ["declare", "skip-bad"] {
            assert!(script.contains(part), "{shell} lacks {part}");
        }
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = cli.ok(["completions", shell]);
        assert!(script.contains(&format!("complete --shell {shell}")), "{script}");
    }
}
