//! Each command behaves as its help describes.

use std::process::Stdio;

use redphone::backend::Backend;
use redphone::model::checklist::{Answer, ClosingItem, Item};
use redphone::model::review::{ActionItem, ActionKind, Section};
use redphone::model::{
    Actor, Command, CommandId, Envelope, IncidentCommand, IncidentNumber, PersonRef,
};
use rstest::rstest;
use rustix::process::{Pid, Signal};
use serde_json::{Value, json};

use crate::support::cli::{CliFixture, Run, json_lines, mode};
use crate::support::wait::until_blocking;

const LEVELS: [&str; 4] = ["--impact", "high", "--urgency", "high"];

#[test]
fn declare_prints_the_number_and_creates_a_private_store() {
    let cli = CliFixture::new();
    assert_eq!(cli.declare("Card payments fail", "checkout"), "INC-1");
    assert_eq!(cli.declare("Logins time out", "auth"), "INC-2");
    assert_eq!(mode(&cli.store()), 0o600);
}

#[test]
fn without_store_and_environment_the_xdg_data_folder_is_used() {
    let cli = CliFixture::new();
    let mut program = cli.program();
    program.env_remove("REDPHONE_STORE").args(["declare", "--title", "x"]).args(LEVELS);
    assert!(program.output().unwrap().status.success());
    let folder = cli.path("home/.local/share/redphone");
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(mode(&folder.join("redphone.db")), 0o600);
}

#[test]
fn every_field_given_to_declare_is_on_the_record() {
    let cli = CliFixture::with_company();
    let args = [
        "declare",
        "--title",
        "Card payments fail",
        "--service",
        "cdn",
        "--service",
        "ledger",
        "--impact",
        "medium",
        "--urgency",
        "high",
        "--category",
        "perf",
        "--source",
        "user-report",
        "--symptoms",
        "All cards\nare refused",
        "--team",
        "platform",
        "--label",
        "eu",
        "--label",
        "vip",
        "--dedup-key",
        "k/1",
        "--runbook",
        "https://runbooks.example/1",
        "--reported-at",
        "10m",
        "--detected-at",
        "15m ago",
        "--owner",
        "tom",
        "--json",
    ];
    let row: Value = serde_json::from_str(&cli.ok(args)).unwrap();
    assert_eq!(row["number"], 1);
    assert_eq!(row["priority"], "P2");
    assert_eq!(row["assignee"], serde_json::json!({"handle": "tom", "name": "Tom Varga"}));
    let shown: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
    let incident = &shown["incident"];
    assert_eq!(incident["services"], serde_json::json!(["cdn", "ledger"]));
    assert_eq!(incident["category"], "performance");
    assert_eq!(incident["source"], "user_report");
    assert_eq!(incident["symptoms"], "All cards\nare refused");
    assert_eq!(incident["team"], "platform");
    assert_eq!(incident["labels"], serde_json::json!(["eu", "vip"]));
    assert_eq!(incident["dedup_key"], "k/1");
    assert_eq!(incident["runbook"], "https://runbooks.example/1");
    let time = |key: &str| -> chrono::DateTime<chrono::Utc> {
        incident[key].as_str().unwrap().parse().unwrap()
    };
    assert_eq!((time("reported_at") - time("detected_at")).num_minutes(), 5);
    assert_eq!(shown["timeline"][0]["actor"]["person"]["name"], "Ines Moreau");
}

#[test]
fn team_and_runbook_default_to_the_directory() {
    let cli = CliFixture::with_company();
    cli.declare("Down", "checkout");
    let shown: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
    assert_eq!(shown["incident"]["team"], "payments");
    assert_eq!(shown["incident"]["runbook"], "payments/5xx");
}

#[test]
fn declaration_with_an_open_dedup_key_repeats_its_alert() {
    let cli = CliFixture::new();
    let args = ["declare", "--title", "Disk full", "--dedup-key", "disk/db-3"];
    assert_eq!(cli.ok(args.iter().chain(&LEVELS)), "INC-1\n");
    let run = cli.run(args.iter().chain(&LEVELS));
    assert_eq!((run.code, run.out.as_str()), (0, "INC-1\n"));
    run.assert_error(&["INC-1 is open with this dedup key"]);
}

#[test]
fn ack_prints_each_outcome_and_exits_with_the_worst() {
    let cli = CliFixture::with_company();
    cli.declare("One", "cdn");
    cli.declare("Two", "cdn");
    assert_eq!(cli.ok(["ack", "INC-1"]), "INC-1 acknowledged\n");
    let run = cli.run(["ack", "1", "#2"]);
    assert_eq!((run.code, run.out.as_str()), (1, "INC-2 acknowledged\n"));
    run.assert_error(&["INC-1: already acknowledged by Ines Moreau just now"]);
    let run = cli.run(["ack", "9", "2"]);
    assert_eq!((run.code, run.out.as_str()), (3, ""));
    assert_eq!(run.err.lines().count(), 2, "{run:?}");
}

#[test]
fn ack_as_json_says_for_each_whether_it_is_done() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    cli.declare("Two", "cdn");
    cli.ok(["ack", "2"]);
    let run = cli.run(["ack", "1", "2", "1", "--json"]);
    let lines = json_lines(&run.out);
    assert_eq!(run.code, 1);
    assert_eq!((&lines[0]["done"], &lines[1]["done"]), (&Value::Bool(true), &Value::Bool(false)));
    assert_eq!(lines[0]["row"]["status"], "acknowledged");
    assert!(lines[1]["error"].as_str().unwrap().contains("already acknowledged by ines"));
}

#[rstest]
#[case(&["note", "1", "rolled", "back"], b"", "rolled back")]
#[case(&["note", "1", "-"], b"two\nlines\n", "two\nlines")]
#[case(&["note", "1"], b"piped", "piped")]
fn a_note_comes_from_the_arguments_or_from_standard_input(
    #[case] args: &[&str],
    #[case] input: &[u8],
    #[case] expected: &str,
) {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let run = cli.pipe(args, input);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "INC-1 noted\n", ""));
    let shown: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
    assert_eq!(shown["timeline"][1]["text"], expected);
}

#[test]
fn resolve_records_the_action_and_the_validation() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let args = ["resolve", "1", "--action", "config-fix", "--detail", "limit raised"];
    let run = cli.run(args);
    run.refused(2, &["--validation <TEXT>"]);
    let validated = ["--validation", "no errors for 10 min"];
    assert_eq!(cli.ok(args.iter().chain(&validated)), "INC-1 resolved\n");
    let run = cli.run(args.iter().chain(&validated));
    run.refused(1, &["INC-1: already resolved by ines just now"]);
    let text = cli.ok(["show", "1"]);
    assert!(text.contains("Resolution   config fix: limit raised · ines"), "{text}");
}

#[test]
fn list_accepts_free_text_terms_and_exclusions() {
    let cli = CliFixture::with_company();
    cli.declare("Card payments fail", "checkout");
    cli.declare("Images answer 404", "cdn");
    cli.declare("Slow cards", "ledger");
    cli.ok(["ack", "1"]);
    let numbers = |args: &[&str]| -> Vec<u64> {
        let out = cli.ok(["list", "--json"].iter().chain(args));
        let mut numbers: Vec<u64> =
            json_lines(&out).iter().map(|row| row["number"].as_u64().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(numbers(&[]), [1, 2, 3]);
    assert_eq!(numbers(&["card"]), [1, 3]);
    assert_eq!(numbers(&["card", "-service:ledger"]), [1]);
    assert_eq!(numbers(&["status:acknowledged"]), [1]);
    assert_eq!(numbers(&["team:platform"]), [2]);
    assert_eq!(numbers(&["owner:me", "sev1"]), Vec::<u64>::new());
}

#[test]
fn list_goes_through_all_pages_in_order() {
    let cli = CliFixture::new();
    for index in 0..7 {
        cli.declare(&format!("Number {index}"), "cdn");
    }
    let numbers = |args: &[&str]| -> Vec<u64> {
        let out = cli.ok(["list", "--json"].iter().chain(args));
        json_lines(&out).iter().map(|row| row["number"].as_u64().unwrap()).collect()
    };
    assert_eq!(numbers(&["--limit", "3"]).len(), 3);
    assert_eq!(numbers(&["--all"]).len(), 7);
    let (newest, oldest) = (numbers(&["--sort", "newest"]), numbers(&["--sort", "oldest"]));
    assert!(oldest.iter().eq(newest.iter().rev()), "{oldest:?} {newest:?}");
}

#[test]
fn unknown_service_needs_a_second_yes_and_is_marked() {
    let cli = CliFixture::with_company();
    let declare = |title: &str, more: &[&str]| {
        let args = ["declare", "--title", title, "--impact", "low", "--urgency", "low"];
        cli.run(args.iter().chain(more))
    };
    let run = declare("Pay is slow", &["--service", "checkuot"]);
    run.refused(1, &["no service \"checkuot\"", "did you mean \"checkout\"?", "--accept-unknown"]);
    let run = declare("Pay is slow", &["--service", "cdn", "--team", "nobodys"]);
    run.refused(1, &["no team \"nobodys\" in the directory"]);
    assert_eq!(json_lines(&cli.ok(["list", "--json"])).len(), 0, "nothing was declared");
    let run = declare("Pay is slow", &["--service", "checkuot", "--accept-unknown"]);
    assert_eq!((run.code, run.out.as_str()), (0, "INC-1\n"), "{run:?}");
    assert!(run.err.contains("marked as unknown"), "{run:?}");
    assert!(cli.ok(["list"]).contains("checkuot?"));
    assert!(cli.ok(["show", "1"]).contains("checkuot?"));
    for args in [["list", "--json"].as_slice(), &["show", "1", "--json"]] {
        let printed = json_lines(&cli.ok(args)).remove(0);
        let row = printed.get("incident").unwrap_or(&printed);
        assert_eq!(row["unknown"], json!({"services": ["checkuot"]}), "{printed}");
    }
    let run = declare("Assigned", &["--service", "cdn", "--owner", "ghost"]);
    run.refused(1, &["there is no \"ghost\" in the directory"]);
}

#[test]
fn unknown_owner_and_requester_are_marked_and_not_refused() {
    let cli = CliFixture::with_company();
    let as_user = |user: &str, args: &[&str]| {
        let output = cli.program().env("REDPHONE_USER", user).args(args).output().unwrap();
        let run = Run::from(output);
        assert_eq!(run.code, 0, "{run:?}");
        run.out
    };
    let declare = ["declare", "--title", "Mine", "--impact", "low", "--urgency", "low"];
    as_user("sam", &[&declare[..], &["--service", "cdn", "--owner", "me"]].concat());
    as_user("tom", &[&declare[..], &["--service", "cdn", "--owner", "me"]].concat());
    let list = as_user("sam", &["list"]);
    assert!(
        list.contains("sam?") && list.contains("Tom Varga ") && !list.contains("cdn?"),
        "{list}"
    );
    let shown = as_user("tom", &["show", "1"]);
    assert!(shown.contains("sam? (sam)") && shown.contains("Triggered     sam?"), "{shown}");
    let shown = as_user("tom", &["show", "2"]);
    assert!(!shown.contains('?'), "{shown}");
    let rows = json_lines(&as_user("tom", &["list", "--sort", "oldest", "--json"]));
    assert_eq!(rows[0]["unknown"], json!({"people": ["sam"]}));
    assert_eq!(rows[1].get("unknown"), None);
}

#[test]
fn list_in_a_pipe_has_every_row() {
    let cli = CliFixture::new();
    let seed = ["demo", "--seed", "5", "--incidents", "400", "--keep", "many.db", "--seed-only"];
    cli.ok(seed);
    let list = |args: &[&str]| {
        let out = cli.ok(["list", "is:any", "--store", "many.db"].iter().chain(args));
        out.lines().count()
    };
    assert_eq!(list(&["--json"]), 400);
    assert_eq!(list(&[]), 401, "and the header");
    assert_eq!(list(&["--json", "--limit", "150"]), 150);
    assert_eq!(list(&["--limit", "7"]), 8);
    assert_eq!(list(&["--json", "--all"]), 400);
}

#[test]
fn list_hints_at_terms_that_were_meant() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    for (word, hint) in [
        ("critical", "did you mean priority:critical?"),
        ("p5", "did you mean priority:p4? There are p1 to p4"),
        ("triggered", "did you mean status:triggered?"),
    ] {
        let run = cli.run(["list", word]);
        assert_eq!(run.code, 0);
        assert!(
            run.err.contains(&format!("\"{word}\" is looked for as a word: {hint}")),
            "{run:?}"
        );
        let run = cli.run(["list", word, "--json"]);
        assert_eq!((run.code, run.out.as_str()), (0, ""));
        assert!(run.err.contains(hint), "{run:?}");
    }
    // A word that is found needs no hint.
    assert_eq!(json_lines(&cli.ok(["list", "cdn", "--json"])).len(), 1);
    let run = cli.run(["list", "is:any", "*"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""));
    assert!(run.err.contains("nothing to look for: \"*\""), "{run:?}");
}

#[test]
fn an_empty_list_prints_nothing_and_says_so() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let run = cli.run(["list", "nothing-like-it"]);
    run.refused(0, &["nothing matches", "is:any"]);
    // Ended incidents were looked at already.
    let run = cli.run(["list", "is:any", "nothing-like-it"]);
    run.refused(0, &["nothing matches"]);
    assert!(!run.err.contains("is:any"), "{run:?}");
    let run = cli.run(["list", "p4", "--json"]);
    assert_eq!((run.code, run.out.as_str(), run.err.as_str()), (0, "", ""));
}

#[test]
fn show_accepts_number_or_id_and_prints_the_timeline() {
    let cli = CliFixture::with_company();
    cli.declare("Card payments fail", "checkout");
    cli.ok(["ack", "1"]);
    let shown: Value = serde_json::from_str(&cli.ok(["show", "inc1", "--json"])).unwrap();
    let mut keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(keys, ["incident", "problem", "similar", "suspects", "timeline"]);
    let kinds: Vec<&str> =
        shown["timeline"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds[..2], ["declared", "acknowledged"]);
    let id = shown["incident"]["id"].as_str().unwrap();
    let text = cli.ok(["show", id]);
    assert!(text.starts_with("INC-1  Card payments fail\nP1 · acknowledged · "), "{text}");
    for part in ["Services     checkout", "Team         payments", "Triggered", "Acknowledged"] {
        assert!(text.contains(part), "{text}");
    }
}

#[rstest]
#[case(&["show", "99"], "INC-99")]
#[case(&["show", "01890000-0000-7000-8000-000000000001"], "")]
#[case(&["note", "99", "x"], "INC-99")]
#[case(&["show", "18446744073709551615"], "")]
fn missing_incident_exits_with_3(#[case] args: &[&str], #[case] named: &str) {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    cli.run(args).refused(3, &[named]);
}

#[test]
fn store_option_works_in_each_position_and_as_a_variable() {
    let cli = CliFixture::new();
    let other = cli.path("other.db");
    let other = other.to_str().unwrap();
    cli.declare("In the first", "cdn");
    let args = ["--store", other, "declare", "--title", "In the other"];
    cli.ok(args.iter().chain(&LEVELS));
    let before = cli.ok(["--store", other, "list", "--json"]);
    let after = cli.ok(["list", "--json", "--store", other]);
    assert_eq!(before, after);
    assert_eq!(json_lines(&after)[0]["title"], "In the other");
    assert_eq!(json_lines(&cli.ok(["list", "--json"]))[0]["title"], "In the first");
}

#[test]
fn the_user_flag_says_who_acts() {
    let cli = CliFixture::with_company();
    cli.declare("One", "cdn");
    cli.ok(["ack", "1", "--user", "tom"]);
    let run = cli.run(["ack", "1"]);
    run.refused(1, &["already acknowledged by Tom Varga"]);
}

#[test]
fn doctor_accepts_a_healthy_store() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    cli.ok(["ack", "1"]);
    for args in [["doctor", "--json"].as_slice(), &["doctor", "--rebuild", "--json"]] {
        let report: Value = serde_json::from_str(&cli.ok(args)).unwrap();
        assert_eq!(report["content"], true, "{report}");
        assert_eq!(report["incidents"], 1);
        assert_eq!(report["findings"], serde_json::json!([]));
    }
    let text = cli.ok(["doctor"]);
    assert!(text.contains("all is well, 1 incident, "), "{text}");
}

#[test]
fn doctor_salvages_into_an_importable_file() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    cli.ok(["doctor", "--salvage", "saved.jsonl"]);
    cli.ok(["import", "saved.jsonl", "--store", "new.db"]);
    assert_eq!(json_lines(&cli.ok(["list", "--json", "--store", "new.db"])).len(), 1);
}

#[test]
fn first_search_of_a_store_says_that_it_indexes() {
    let cli = CliFixture::new();
    cli.ok(["demo", "--incidents", "2100", "--keep", "store.db", "--seed-only"]);
    let list = ["list", "is:any", "fail", "--all", "--json"];
    let indexed = cli.ok(list);
    assert!(!indexed.is_empty());
    // As after it was brought up to date.
    let conn = rusqlite::Connection::open(cli.store()).unwrap();
    conn.execute_batch(
        "INSERT INTO words (words) VALUES ('delete-all'); DELETE FROM vocabulary;
         INSERT INTO words_todo SELECT key FROM incident;",
    )
    .unwrap();
    drop(conn);
    // Without words nothing is indexed, and a store that is only read is compared.
    cli.ok(["list", "is:any", "p1"]);
    assert_eq!(cli.ok([&["--read-only"], list.as_slice()].concat()), indexed);
    let run = cli.run(list);
    assert_eq!((run.code, &run.out), (0, &indexed), "{run:?}");
    assert!(run.err.contains("the words of 2100 incidents are indexed, once"), "{run:?}");
    assert_eq!(cli.ok(list), indexed);
}

#[test]
fn salvage_replaces_a_file_only_with_force() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    for existing in ["saved.jsonl", "notes.txt"] {
        std::fs::write(cli.path(existing), "more than a stopped salvage has").unwrap();
        cli.run(["doctor", "--salvage", existing]).refused(1, &[existing, "exists", "--force"]);
        let content = std::fs::read_to_string(cli.path(existing)).unwrap();
        assert_eq!(content, "more than a stopped salvage has");
        let output = cli.ok(["doctor", "--salvage", existing, "--force"]);
        assert!(output.starts_with("3 records saved to "), "{output}");
        let saved = std::fs::read_to_string(cli.path(existing)).unwrap();
        assert!(saved.ends_with("{\"end\":{\"records\":1}}\n"), "{saved}");
    }
    // Without a file there is nothing to force.
    assert_eq!(cli.run(["doctor", "--force"]).code, 2);
}

/// A salvage reads for as long as the disk needs. It is stopped while it writes, which is when its
/// temporary file has something in it.
#[test]
fn stopped_salvage_leaves_an_existing_file() {
    let cli = CliFixture::new();
    cli.ok(["demo", "--incidents", "3000", "--keep", "demo.db", "--seed-only"]);
    std::fs::write(cli.path("saved.jsonl"), "what an earlier salvage found").unwrap();
    let mut program = cli.program();
    program.args(["doctor", "--store", "demo.db", "--force", "--salvage", "saved.jsonl"]);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let has_begun = || {
        let entries = std::fs::read_dir(cli.path("")).unwrap().filter_map(Result::ok);
        let temporary = entries.filter(|e| e.file_name().to_string_lossy().starts_with(".tmp"));
        temporary.filter_map(|entry| entry.metadata().ok()).any(|meta| meta.len() > 0)
    };
    // On a busy machine it may be done before anybody looks.
    until_blocking("it writes", || has_begun() || child.try_wait().unwrap().is_some());
    if child.try_wait().unwrap().is_none() {
        rustix::process::kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    }
    let run = Run::from(child.wait_with_output().unwrap());
    let old = std::fs::read_to_string(cli.path("saved.jsonl")).unwrap();
    if run.code == 0 {
        // It was done before the signal came.
        assert!(old.starts_with("{\"header\""), "{run:?}");
        return;
    }
    assert_eq!(old, "what an earlier salvage found", "{run:?}");
    assert!(run.err.contains("saved to") && run.err.contains("saved.jsonl.partial"), "{run:?}");
    assert!(run.err.contains("saved.jsonl is as it was"), "{run:?}");
    let partial = std::fs::read_to_string(cli.path("saved.jsonl.partial")).unwrap();
    assert!(partial.starts_with("{\"header\""), "it has what was read");
}

#[test]
fn help_completions_and_man_open_no_store_and_leave_no_file() {
    let cli = CliFixture::new();
    for args in [["--help"].as_slice(), &["completions", "fish"], &["man"], &["--version"]] {
        assert!(!cli.ok(args).is_empty());
    }
    assert!(!cli.store().exists());
    assert!(!cli.path("home").exists());
}

#[test]
fn log_is_a_private_file_and_never_on_the_screen() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let mut program = cli.program();
    let run = Run::from(program.args(["show", "9"]).env("REDPHONE_LOG", "debug").output().unwrap());
    run.refused(3, &["INC-9"]);
    let log = cli.path("home/.local/state/redphone/log");
    assert!(std::fs::read_to_string(&log).unwrap().contains("INC-9"));
    assert_eq!((mode(&log), mode(log.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn unwritable_log_stops_nothing() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    std::fs::write(cli.path("home"), "no folder").unwrap();
    let mut program = cli.program();
    let run = Run::from(program.args(["show", "9"]).env("REDPHONE_LOG", "trace").output().unwrap());
    run.refused(3, &["INC-9"]);
}

#[test]
fn persistent_demo_is_seeded_once_and_is_a_normal_store() {
    let cli = CliFixture::new();
    let args = ["demo", "--incidents", "300", "--keep", "demo.db", "--seed-only"];
    assert_eq!(cli.ok(args), "300 incidents made in demo.db\n");
    assert_eq!(cli.ok(args), "demo.db has incidents already: nothing was added\n");
    let all = cli.ok(["list", "is:any", "--all", "--json", "--store", "demo.db"]);
    assert_eq!(json_lines(&all).len(), 300);
    cli.ok(["doctor", "--store", "demo.db"]);
}

#[test]
fn damaged_store_is_reported_unchanged_and_salvaged() {
    let cli = CliFixture::new();
    cli.ok(["demo", "--incidents", "300", "--keep", "store.db", "--seed-only"]);
    let mut bytes = std::fs::read(cli.store()).unwrap();
    let pages = bytes.len() / 4096;
    for page in [pages / 3, pages / 2, pages * 2 / 3] {
        bytes[page * 4096..][..4096].fill(0xad);
    }
    std::fs::write(cli.store(), &bytes).unwrap();
    let run = cli.run(["doctor"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""), "{run:?}");
    assert!(run.out.starts_with("damage: "), "{run:?}");
    assert!(run.out.ends_with("with redphone doctor --salvage FILE\n"), "{run:?}");
    let output = cli.ok(["doctor", "--salvage", "saved.jsonl"]);
    assert!(output.contains("records saved to saved.jsonl"), "{output}");
    assert!(std::fs::read(cli.store()).unwrap() == bytes, "the damaged file has changed");
    let run = cli.run(["import", "saved.jsonl", "--skip-bad", "--store", "new.db"]);
    assert_eq!(run.code, 0, "{run:?}");
    cli.ok(["doctor", "--store", "new.db"]);
    assert!(!cli.ok(["list", "is:any", "--store", "new.db"]).is_empty());
}

#[test]
fn projection_that_differs_from_the_events_is_rebuilt() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    cli.declare("Two", "cdn");
    let store = rusqlite::Connection::open(cli.store()).unwrap();
    store.execute("DELETE FROM incident WHERE number = 2", []).unwrap();
    drop(store);
    let run = cli.run(["doctor"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.out.ends_with("with redphone doctor --rebuild\n"), "{run:?}");
    cli.ok(["doctor", "--rebuild"]);
    cli.ok(["doctor"]);
    assert_eq!(json_lines(&cli.ok(["list", "--json"])).len(), 2);
}

#[test]
fn command_for_an_earlier_state_is_refused() {
    let cli = CliFixture::new();
    cli.declare("Card payments fail", "checkout");
    assert_eq!(cli.ok(["ack", "1", "--if-seq", "1"]), "INC-1 acknowledged\n");
    let refused = cli.run(["note", "1", "--if-seq", "1", "rolled", "back"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let expected = "INC-1: it has changed: its last event is 2, and should be 1: look at it again";
    assert!(refused.err.contains(expected), "{refused:?}");
    assert_eq!(cli.ok(["note", "1", "--if-seq", "2", "rolled", "back"]), "INC-1 noted\n");
    let done = ["--action", "rollback", "--detail", "v811", "--validation", "ok"];
    let resolve = |seq: &'static str| [&["resolve", "1", "--if-seq", seq][..], &done].concat();
    assert_eq!(cli.run(resolve("2")).code, 1);
    assert_eq!(cli.ok(resolve("3")), "INC-1 resolved\n");
    // It is about one incident.
    cli.declare("Logins fail", "auth");
    let several = cli.run(["ack", "1", "2", "--if-seq", "1"]);
    assert_eq!(several.code, 2, "{several:?}");
    assert!(several.err.contains("name one"), "{several:?}");
}

/// A store with one incident that was resolved, and whose review was published.
async fn with_review() -> CliFixture {
    let cli = CliFixture::with_company();
    cli.declare("Card payments fail", "checkout");
    cli.ok(["ack", "1"]);
    let resolve = ["resolve", "1", "--action", "config-fix", "--detail", "limit raised"];
    cli.ok(resolve.iter().chain(&["--validation", "no errors"]));
    let store = crate::support::store::open(&cli.store()).await;
    let incident = store.find_by_number(IncidentNumber(1)).await.unwrap();
    let ines = PersonRef::new("ines", "Ines Moreau");
    let sections = Section::ALL.iter().map(|section| IncidentCommand::WriteReview {
        section: *section,
        text: format!("About {section}.\nMore of it."),
    });
    let answers = ClosingItem::ALL.iter().map(|item| IncidentCommand::AnswerItem {
        item: Item::Closing(*item),
        answer: Answer::Yes,
    });
    let item = ActionItem {
        id: uuid::Uuid::from_u128(1),
        text: "Limit each client".into(),
        owner: Some(ines.clone()),
        due: chrono::NaiveDate::from_ymd_opt(2021, 3, 4),
        kind: ActionKind::Prevent,
        done: false,
    };
    let set = [IncidentCommand::SetActionItem { item }, IncidentCommand::PublishReview];
    for command in sections.chain(answers).chain(set) {
        let envelope = Envelope {
            id: CommandId::new(),
            at: chrono::Utc::now(),
            actor: Actor::Person(ines.clone()),
            command: Command::incident(incident, command),
            expected_seq: None,
        };
        store.execute(&envelope).await.unwrap();
    }
    cli
}

#[tokio::test]
async fn show_prints_review_action_items_and_duration() {
    let cli = with_review().await;
    let text = cli.ok(["show", "1"]);
    for section in Section::ALL {
        assert!(text.contains(&format!("{}\nAbout {section}.", section.heading())), "{text}");
    }
    for expected in [
        "Review · published 20",
        "Action items · 1 open, 1 overdue",
        "[ ] Limit each client · Ines Moreau · due 2021-03-04, ",
        "Lasted       ",
        " · resolved 20",
        "SLA          kept: acknowledged in",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
}
