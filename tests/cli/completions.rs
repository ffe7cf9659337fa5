//! Completions: commands, options, their values, and local data.

use crate::support::cli::CliFixture;
use crate::support::program;

/// Returns the completions after these words, at the last one: each value with its description.
fn offered(cli: &CliFixture, words: &[&str]) -> Vec<(String, String)> {
    let start = ["complete", "--shell", "fish", "--", "redphone"];
    let text = cli.ok(start.iter().chain(words));
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("offers"), "{words:?}: {text}");
    lines
        .map(|line| {
            let (value, about) = line.split_once('\t').unwrap_or((line, ""));
            (value.to_owned(), about.to_owned())
        })
        .collect()
}

/// Returns the values alone, without the options.
fn values(cli: &CliFixture, words: &[&str]) -> Vec<String> {
    let offered = offered(cli, words).into_iter().map(|(value, _)| value);
    offered.filter(|value| !value.starts_with('-')).collect()
}

#[test]
fn commands_options_and_fixed_values_are_offered() {
    let cli = CliFixture::new();
    for (words, some) in [
        (&[""][..], &["declare", "list", "prompt", "man"][..]),
        (&["tok"], &["token"]),
        (&["token", ""], &["create", "list", "revoke"]),
        (&["--dep"], &["--depth"]),
        (&["import", "--"], &["--skip-bad", "--profile"]),
        (&["declare", "--impact", ""], &["high", "medium", "low"]),
        (&["declare", "--source", "user"], &["user-report"]),
        (&["resolve", "INC-1", "--action", "roll"], &["rollback"]),
        (&["token", "create", "--scope="], &["--scope=ingest"]),
        (&["token", "create", "--expires", ""], &["90d", "never"]),
        (&["integration", ""], &["create", "list", "revoke"]),
        (&["integration", "create", "Zabbix", "--expires", ""], &["90d", "never"]),
        (&["ingest", ""], &["test", "dead", "alertmanager"]),
        (&["ingest", "test", "--as", "ma"], &["mail"]),
        (&["ingest", "dead", ""], &["list", "show", "replay", "remove"]),
        (&["completions", "z"], &["zsh"]),
        (&["feed", "--kind", "note"], &["note_added", "note_corrected"]),
        (&["list", "--sort", "ne"], &["newest"]),
        (&["notifications", "--state", ""], &["waiting", "sent", "failed", "unreachable"]),
        (&["schema", "no"], &["notifications"]),
        (&["list", "st"], &["status:"]),
        (&["list", "status:tri"], &["status:triggered"]),
        (&["list", "-is:sno"], &["-is:snoozed"]),
        (&["list", "p1", "sla:"], &["sla:late"]),
        (&["wall", "--view", "past"], &["past SLA"]),
        (&["update", "1", "--template", ""], &["update", "restored"]),
        (&["man", "redphone."], &["redphone.toml"]),
    ] {
        let offered: Vec<String> = offered(&cli, words).into_iter().map(|one| one.0).collect();
        for value in some {
            assert!(offered.iter().any(|one| one == value), "{words:?}: {offered:?}");
        }
    }
    // The command that runs the completions is not for people.
    assert!(!values(&cli, &[""]).contains(&"complete".to_owned()));
}

#[test]
fn incidents_are_offered_by_number_with_their_title() {
    let cli = CliFixture::with_company();
    let first = cli.declare("Card payments fail", "checkout");
    let low = ["--impact", "low", "--urgency", "low"];
    let title = "Disk \u{1b}[31mfull\tof\nlogs";
    let hostile = cli.run(["declare", "--title", title].iter().chain(&low));
    assert_ne!(hostile.code, 101, "{hostile:?}");
    cli.ok(["declare", "--title", "Disk full"].iter().chain(&low));
    let found = offered(&cli, &["ack", "INC-"]);
    assert_eq!(found[0], (first.clone(), "P1 triggered Card payments fail".to_owned()));
    assert_eq!(found.last().unwrap().1, "P4 triggered Disk full");
    // Digits are completed by digits.
    assert_eq!(values(&cli, &["show", "1"])[0], "1");
    // A value that was typed already is not suggested again.
    assert!(!values(&cli, &["ack", &first, ""]).contains(&first));
    assert!(!values(&cli, &["ack", "1", ""]).contains(&first));
    // Ended ones come last.
    let line = ["--action", "rollback", "--detail", "x", "--validation", "y"];
    cli.ok(["resolve", &first].iter().chain(&line));
    let found = values(&cli, &["show", "INC-"]);
    assert!(found.contains(&first) && found[0] != first, "{found:?}");
}

#[test]
fn people_teams_services_and_profiles_are_offered() {
    let cli = CliFixture::with_company();
    let config = cli.path("config.toml");
    let settings = "[profiles.prod]\nbackend = \"https://incidents.example.net\"\n\
                    [[views]]\nname = \"at night\"\nfilter = 'p1'\n";
    std::fs::write(&config, settings).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    for (words, expected) in [
        (&["declare", "--owner", ""][..], &["me", "ines", "tom"][..]),
        (&["declare", "--owner", "T"], &["tom"]),
        (&["--user", ""], &["ines", "tom"]),
        (&["declare", "--service", ""], &["checkout", "ledger", "cdn"]),
        (&["declare", "--team", "p"], &["payments", "platform"]),
        (&["declare", "--runbook", ""], &["payments/5xx"]),
        (&["oncall", "pay"], &["payments"]),
        (&["list", "owner:"], &["owner:me", "owner:none", "owner:ines", "owner:tom"]),
        (&["list", "owner:i"], &["owner:ines"]),
        (&["list", "service:c"], &["service:cdn", "service:checkout"]),
        (&["--profile", ""], &["prod"]),
        (&["--backend", ""], &["https://incidents.example.net"]),
        (&["login", ""], &["prod", "https://incidents.example.net"]),
        (&["wall", "--view", "at"], &["at night"]),
    ] {
        let words: Vec<&str> = config.iter().chain(words).copied().collect();
        assert_eq!(values(&cli, &words), expected, "{words:?}");
    }
    let people = offered(&cli, &["declare", "--owner", "to"]);
    assert_eq!(people, [("tom".to_owned(), "Tom Varga".to_owned())]);
}

#[test]
fn tokens_are_offered_by_name() {
    let cli = CliFixture::new();
    cli.declare("Card payments fail", "checkout");
    for name in ["ines", "Alertmanager"] {
        let create = ["token", "create", "--name", name, "--scope", "ingest", "--expires", "never"];
        assert_eq!(cli.run(create).code, 0);
    }
    cli.ok(["token", "revoke", "ines"]);
    assert_eq!(values(&cli, &["token", "revoke", ""]), ["Alertmanager"]);
}

#[test]
fn shell_completes_paths_itself() {
    let cli = CliFixture::new();
    for (words, answer) in [
        (&["import", ""][..], "files\n"),
        (&["--store", "x"], "files\n"),
        (&["--store=x"], "files\n"),
        (&["man", "--out", ""], "folders\n"),
    ] {
        let start = ["complete", "--shell", "zsh", "--", "redphone"];
        assert_eq!(cli.ok(start.iter().chain(words)), answer, "{words:?}");
    }
}

#[test]
fn whatever_is_wrong_only_less_is_offered() {
    let cli = CliFixture::new();
    std::fs::write(cli.store(), "no store").unwrap();
    assert_eq!(values(&cli, &["ack", ""]), Vec::<String>::new());
    for words in [
        &["--config", "nothing.toml", "ack", ""][..],
        &["--profile", "nobody", "ack", ""],
        &["--store", "a", "--backend", "b", "ack", ""],
        &["nothing", "at", "all", ""],
        &["ack", "--", "--", ""],
        &["ack", "--if-seq", "--", "-x", ""],
        &["note", "1", "--nothing", "-"],
        &["token", "create", "--name", "list", "--scope"],
        &["list", "---", ""],
        &["list", "-"],
        &[],
    ] {
        offered(&cli, words);
    }
    // A line as bash passes it, with everything that may occur in one.
    for line in ["", "redphone", "redphone ack '", "redphone list \"a\\", "A=1", "é redphone"] {
        let args = ["complete", "--shell", "bash", &format!("--line={line}"), "--current="];
        cli.ok(args);
    }
}

#[test]
fn bash_completes_a_line_by_itself() {
    let cli = CliFixture::with_company();
    cli.declare("Card payments fail", "checkout");
    let script = cli.ok(["completions", "bash"]);
    let program = program();
    // As bash calls it, without a terminal.
    let lines = [
        ("redphone ack INC", "INC", "INC-1"),
        ("redphone list owner:i", "i", "ines"),
        ("redphone list ow", "ow", "owner:"),
    ];
    for (line, current, expected) in lines {
        let run = format!(
            "{script}\nPATH=$1:$PATH COMP_LINE='{line}' COMP_POINT={} COMP_TYPE=9\n\
             _redphone redphone '{current}' ''\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
            line.len()
        );
        let mut bash = std::process::Command::new("bash");
        bash.env_clear().env("HOME", cli.path("home")).env("REDPHONE_STORE", cli.store());
        bash.args(["--norc", "-c", &run, "bash"]).arg(program.parent().unwrap());
        let output = bash.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text, format!("{expected}\n"), "{line}: {:?}", output.stderr);
    }
}
