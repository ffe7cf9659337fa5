//! `prompt`: one short line from local data.

use std::process::Command;

use serde_json::Value;

use crate::support::cli::CliFixture;
use crate::support::served::Served;

/// A schedule by which a person is on call at any time.
const ALWAYS_INES: &str = "[[people]]\nhandle = \"ines\"\nname = \"Ines Moreau\"\n\n\
    [[teams]]\nname = \"payments\"\nmembers = [\"ines\"]\n\n\
    [[schedules]]\nteam = \"payments\"\nrotation = [\"ines\"]\nstarts = 2026-01-05T09:00:00Z\n\
    turn = \"7d\"\n";

fn declare(cli: &CliFixture, impact: &str, urgency: &str) -> String {
    let levels = ["--impact", impact, "--urgency", urgency];
    let line = ["declare", "--title", "Card payments fail"];
    cli.ok(line.iter().chain(&levels)).trim_end().to_owned()
}

#[test]
fn line_counts_what_matters_and_leaves_out_what_is_zero() {
    let cli = CliFixture::new();
    assert_eq!(cli.ok(["prompt"]), "", "there is no store yet, and that is no fault");
    let first = declare(&cli, "high", "high");
    declare(&cli, "high", "high");
    declare(&cli, "low", "low");
    assert_eq!(cli.ok(["prompt"]), "P1 2\n");
    let mine = ["--impact", "high", "--urgency", "medium", "--owner", "me"];
    cli.ok(["declare", "--title", "Disk full"].iter().chain(&mine));
    cli.ok(["ack", &first]);
    assert_eq!(cli.ok(["prompt"]), "P1 2 · P2 1 · me 1\n");
    // Another user leads nothing.
    assert_eq!(cli.ok(["--user", "tom", "prompt"]), "P1 2 · P2 1\n");
    let json: Value = serde_json::from_str(&cli.ok(["prompt", "--json"])).unwrap();
    let expected = serde_json::json!({
        "p1": 2, "p2": 1, "p3": 0, "p4": 1, "unacknowledged": 3, "me": 1, "snoozed": 0,
        "on_call": [], "unsent": 0, "refused": 0,
    });
    assert_eq!(json, expected);
}

#[test]
fn line_says_who_is_on_call() {
    let cli = CliFixture::new();
    let config = cli.path("config.toml");
    std::fs::write(&config, ALWAYS_INES).unwrap();
    let config = config.to_str().unwrap();
    declare(&cli, "high", "high");
    assert_eq!(cli.ok(["--config", config, "prompt"]), "P1 1 · on call\n");
    assert_eq!(cli.ok(["--config", config, "--user", "tom", "prompt"]), "P1 1\n");
    assert_eq!(cli.ok(["--config", config, "--ascii", "prompt"]), "P1 1 | on call\n");
}

#[test]
fn wrong_settings_are_not_reported_at_every_prompt() {
    let cli = CliFixture::new();
    declare(&cli, "high", "high");
    let config = cli.path("config.toml");
    std::fs::write(&config, "colour = 3\n").unwrap();
    assert_eq!(cli.ok(["--config", config.to_str().unwrap(), "prompt"]), "P1 1\n");
    // A file that is not a store is an error.
    std::fs::write(cli.store(), "no store").unwrap();
    cli.run(["prompt"]).refused(4, &["store.db"]);
}

fn remote(cli: &CliFixture, served: &Served, args: &[&str]) -> Command {
    let mut program = cli.program();
    program.env_remove("REDPHONE_STORE").env("REDPHONE_TOKEN_FILE", served.token("ines"));
    program.args(["--backend", &served.url()]).args(args);
    program
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prompt_of_an_api_reads_the_cache_and_sends_nothing() {
    let mut served = Served::start().await;
    let cli = CliFixture::new();
    let run = |served: &Served, args: &[&str]| {
        let output = remote(&cli, served, args).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    };
    assert_eq!(run(&served, &["prompt"]), (Some(0), String::new(), String::new()));
    let line =
        ["declare", "--title", "Card payments fail", "--impact", "high", "--urgency", "high"];
    assert_eq!(run(&served, &line).0, Some(0));
    assert_eq!(run(&served, &["list"]).0, Some(0));
    assert_eq!(run(&served, &["prompt"]), (Some(0), "P1 1\n".into(), String::new()));
    // Without the server it is the same, and with a token that can't be read immediately too.
    served.kill();
    let (code, out, err) = run(&served, &["prompt"]);
    assert!(code == Some(0) && out.starts_with("P1 1") && err.is_empty(), "{out}{err}");
    // Pending commands are counted.
    assert_eq!(run(&served, &["note", "INC-1", "text"]).0, Some(5));
    let (_, out, _) = run(&served, &["prompt", "--json"]);
    let json: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&json["p1"], &json["unsent"]), (&1.into(), &1.into()), "{json}");
    assert!(json["as_of"].is_string(), "{json}");
}
