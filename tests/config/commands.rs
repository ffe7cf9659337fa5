//! `redphone config`, and settings under the other commands.

use std::fs;

use rstest::rstest;

use crate::support::cli::{CliFixture, Run, json_lines, mode};

/// The default path of the settings below a test's home.
fn file(cli: &CliFixture) -> std::path::PathBuf {
    cli.path("home/.config/redphone/config.toml")
}

fn write(cli: &CliFixture, text: &str) {
    fs::create_dir_all(file(cli).parent().unwrap()).unwrap();
    fs::write(file(cli), text).unwrap();
}

#[test]
fn the_path_is_printed_also_where_settings_are_wrong() {
    let cli = CliFixture::new();
    write(&cli, "[[[");
    let usual = format!("{}\n", file(&cli).display());
    assert_eq!(cli.ok(["config", "path"]), usual);
    assert_eq!(cli.ok(["--config", "x.toml", "config", "path"]), "x.toml\n");
    let run = Run::from(
        cli.program().args(["config", "path"]).env("REDPHONE_LOG", "loud").output().unwrap(),
    );
    assert_eq!((run.code, run.out), (0, usual));
}

#[test]
fn init_writes_a_sample_once_for_its_owner_alone() {
    let cli = CliFixture::new();
    let output = cli.ok(["config", "init"]);
    assert!(output.contains("config.toml"), "{output}");
    assert_eq!(mode(&file(&cli)), 0o600);
    assert_eq!(mode(file(&cli).parent().unwrap()), 0o700);
    let text = fs::read_to_string(file(&cli)).unwrap();
    assert!(text.contains("#acknowledge = \"a\" # acknowledge\n"), "{text}");
    assert!(!text.contains('@') || !text.contains("@KEYS@"));
    assert!(cli.ok(["config", "check"]).contains("nothing is wrong"));
    fs::write(file(&cli), "user = \"mine\"").unwrap();
    cli.run(["config", "init"]).refused(1, &["is there already and stays as it is"]);
    assert_eq!(fs::read_to_string(file(&cli)).unwrap(), "user = \"mine\"");
    cli.ok(["config", "init", "--config", "other.toml"]);
    assert_eq!(mode(&cli.path("other.toml")), 0o600);
    fs::write(cli.path("plain"), "").unwrap();
    cli.run(["--config", "plain/x.toml", "config", "init"])
        .refused(1, &["can't write plain/x.toml"]);
}

#[test]
fn check_prints_warnings_with_positions_and_exits_with_1() {
    let cli = CliFixture::new();
    assert!(cli.ok(["config", "check"]).contains("does not exist: the defaults hold"));
    write(&cli, "asci = true\n[keys]\nacknowlegde = \"x\"\n[looks]\ntheme = \"drak\"\n");
    let run = cli.run(["config", "check"]);
    assert_eq!((run.code, run.err.as_str()), (1, ""));
    let path = file(&cli);
    let path = path.display();
    assert_eq!(
        run.out,
        format!(
            "{path}:1:1: asci is not a setting: did you mean ascii?\n\
             {path}:3:1: there is no action \"acknowlegde\": did you mean acknowledge?\n\
             {path}:5:9: looks.theme is \"drak\": did you mean dark?\n"
        )
    );
}

#[test]
fn show_prints_effective_values_and_their_sources() {
    let cli = CliFixture::new();
    write(&cli, "\n[looks]\ntheme = \"light\"\n[keys]\nown = [\"Y\", \"F2\"]\n");
    let run = Run::from(
        cli.program()
            .args(["config", "show", "--ascii"])
            .env("REDPHONE_ZONE", "utc")
            .output()
            .unwrap(),
    );
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    for line in [
        "user = \"ines\" # REDPHONE_USER",
        "ascii = true # --ascii",
        "reopen = \"7d\" # default",
        "theme = \"light\" # config.toml:3",
        "zone = \"utc\" # REDPHONE_ZONE",
        "own = [\"Y\", \"F2\"] # config.toml:5",
        "note = \"n\" # default",
    ] {
        assert!(run.out.lines().any(|printed| printed == line), "{line} is not in\n{}", run.out);
    }
    fs::write(cli.path("again.toml"), &run.out).unwrap();
    let check = cli.ok(["--config", "again.toml", "config", "check"]);
    assert!(check.contains("nothing is wrong"), "{check}");
}

#[test]
fn other_commands_continue_and_warn_once() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    write(&cli, "asci = 1\nusr = 2\n[looks]\nteme = 3\n");
    let run = cli.run(["list", "--json"]);
    assert_eq!(run.code, 0);
    assert_eq!(json_lines(&run.out).len(), 1);
    run.assert_error(&[
        "config.toml:1: asci is not a setting: did you mean ascii",
        "2 more",
        "redphone config check",
    ]);
    for quiet in [["completions", "bash"].as_slice(), &["man"], &["config", "show"]] {
        let run = cli.run(quiet);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{quiet:?}");
    }
}

#[rstest]
#[case(&["config"], "redphone config --help")]
#[case(&["config", "chek"], "'chek'")]
#[case(&["--config", "nowhere.toml", "list"], "there is no file nowhere.toml")]
#[case(&["--profile", "prod", "list"], "there is no profile \"prod\"")]
fn contradictory_options_are_refused(#[case] args: &[&str], #[case] expected: &str) {
    let cli = CliFixture::new();
    cli.run(args).refused(2, &[expected]);
}

#[test]
fn service_levels_and_priorities_apply_to_commands() {
    let cli = CliFixture::new();
    write(&cli, "[matrix]\nhigh = [\"P3\", \"P3\", \"P3\"]\n");
    cli.declare("One", "cdn");
    assert_eq!(json_lines(&cli.ok(["list", "--json"]))[0]["priority"], "P3");
}

#[test]
fn read_only_profile_refuses_changes_and_still_reads() {
    let cli = CliFixture::new();
    cli.declare("One", "cdn");
    let store = cli.store();
    write(&cli, &format!("[profiles.safe]\nstore = {store:?}\nread_only = true\n"));
    for args in [
        ["ack", "1"].as_slice(),
        &["note", "1", "x"],
        &["declare", "--title", "x", "--impact", "low", "--urgency", "low"],
        &["import", "-"],
        &["doctor", "--rebuild"],
    ] {
        let run = cli.run(["--profile", "safe"].iter().chain(args));
        run.refused(1, &["the profile \"safe\" is read-only"]);
    }
    let rows = json_lines(&cli.ok(["--profile", "safe", "list", "--json"]));
    assert_eq!(rows[0]["status"], "triggered");
}
