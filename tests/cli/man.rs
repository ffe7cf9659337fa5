//! The manual pages.

use crate::support::cli::CliFixture;

/// Returns the text of a page as a formatter shows it, without its layout.
fn shown(page: &str) -> String {
    let mut text = String::new();
    for line in page.lines() {
        let Some(line) = line.strip_prefix(".SS ").or((!line.starts_with('.')).then_some(line))
        else {
            continue;
        };
        text.push_str(line);
        text.push('\n');
    }
    let fonts = ["\\fB", "\\fR", "\\fI", "\\&"];
    let mut text = fonts.iter().fold(text, |text, font| text.replace(font, ""));
    for (source, shown) in [
        ("\\-", "-"),
        ("\\(aq", "'"),
        ("\\(dq", "\""),
        ("\\(ga", "`"),
        ("\\(ti", "~"),
        ("\\(ha", "^"),
        ("\\e", "\\"),
    ] {
        text = text.replace(source, shown);
    }
    let mut parts = text.split("\\[u");
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(']').unwrap();
        shown.push(char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap());
        shown.push_str(rest);
    }
    shown
}

#[test]
fn examples_of_every_page_are_those_of_the_help() {
    let cli = CliFixture::new();
    cli.ok(["man", "--out", "pages"]);
    let mut count = 0;
    for name in ["ack", "completions", "declare", "handoff", "prompt", "token", "config", "serve"] {
        let help = cli.ok([name, "--help"]);
        let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{name}"));
        let page = std::fs::read_to_string(cli.path(&format!("pages/redphone-{name}.1"))).unwrap();
        assert!(page.contains(".SH EXAMPLES\n"), "{page}");
        let page = shown(&page);
        for line in examples.lines() {
            let line = line.strip_prefix("  ").unwrap_or(line);
            assert!(page.contains(&format!("{line}\n")), "{line}\n-- is not in\n{page}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn page_has_sections_in_the_usual_order() {
    let cli = CliFixture::new();
    let page = cli.ok(["man"]);
    let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
    let expected = [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "EVERYWHERE",
        "PANES",
        "SUBCOMMANDS",
        "EXIT STATUS",
        "EXAMPLES",
        "ENVIRONMENT",
        "NOTES",
        "VERSION",
        "SEE ALSO",
    ];
    assert_eq!(sections, expected);
    assert!(page.starts_with(".TH REDPHONE 1 "), "{page}");
    assert!(page.contains(".TP\n\\fB5\\fR\nthe API does not answer"), "{page}");
}

#[test]
fn one_page_is_printed_by_its_name() {
    let cli = CliFixture::new();
    for (words, title) in [
        (&["man"][..], ".TH REDPHONE 1 "),
        (&["man", "token", "create"], ".TH REDPHONE\\-TOKEN\\-CREATE 1 "),
        (&["man", "redphone-ack"], ".TH REDPHONE\\-ACK 1 "),
        (&["man", "redphone.toml"], ".TH REDPHONE.TOML 5 "),
        (&["man", "ntfy"], ".TH REDPHONE\\-NTFY 7 "),
    ] {
        let page = cli.ok(words);
        assert!(page.starts_with(title), "{words:?}: {page}");
    }
    cli.run(["man", "tokn"]).refused(3, &["there is no page \"redphone-tokn\"", "redphone-token"]);
}

#[test]
fn settings_have_a_page_in_section_5() {
    let cli = CliFixture::new();
    cli.ok(["man", "--out", "share/man1"]);
    let page = std::fs::read_to_string(cli.path("share/man5/redphone.toml.5")).unwrap();
    let page = shown(&page);
    // Each setting of the sample.
    cli.ok(["config", "init"]);
    let file = cli.ok(["config", "path"]);
    let sample = std::fs::read_to_string(file.trim_end()).unwrap();
    let mut count = 0;
    for line in sample.lines() {
        let Some(setting) = line.strip_prefix('#').filter(|text| !text.starts_with([' ', '#']))
        else {
            continue;
        };
        let setting = setting.split(" # ").next().unwrap_or_default();
        assert!(page.contains(setting), "{setting}\n-- is not in\n{page}");
        count += 1;
    }
    assert!(count > 150, "{count}");
}

#[test]
fn each_page_of_the_guide_has_a_page_in_section_7() {
    let cli = CliFixture::new();
    cli.ok(["man", "--out", "share/man1"]);
    for line in cli.ok(["help"]).lines() {
        let topic = line.split_whitespace().next().unwrap();
        let page = cli.path(&format!("share/man7/redphone-{topic}.7"));
        let page = shown(&std::fs::read_to_string(page).unwrap());
        let guide = cli.ok(["help", topic]);
        let examples = guide.lines().filter_map(|line| line.strip_prefix("    "));
        for example in examples {
            assert!(page.contains(&format!("{example}\n")), "{example}\n-- is not in\n{page}");
        }
    }
}

#[test]
fn folder_that_cannot_be_written_is_named() {
    let cli = CliFixture::new();
    std::fs::write(cli.path("file"), "").unwrap();
    let refused = cli.run(["man", "--out", "file/pages"]);
    refused.refused(1, &["can't write the pages to file/pages", "name another folder"]);
}
