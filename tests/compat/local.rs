//! The command line on old files: each recorded action is carried out again by the current program
//! on a copy of the old store, the old tokens and the old settings, and prints the same.

use serde::Deserialize;
use serde_json::Value;

use super::meaning::{Meaning, missing_line, plain, without_moved, without_notices};
use super::program::{Home, Run, copy_folder, file, json_lines, run_with_input};
use super::recording::lines;

/// A recorded run of the program.
#[derive(Deserialize, Debug)]
#[allow(missing_docs, reason = "the names say it")]
pub struct LocalAction {
    pub title: String,
    pub args: Vec<String>,
    pub stdin: Option<String>,
    pub exit: i32,
    pub out: String,
    pub err: String,
}

/// Compares output: JSON by its meaning, text by its lines, of which there may be more.
pub fn differing_output(recorded: &str, actual: &str) -> Vec<String> {
    if recorded.starts_with("{\"") {
        let (recorded, actual) = (json_lines(recorded), json_lines(actual));
        return Meaning::differences(&Value::Array(recorded), &Value::Array(actual));
    }
    let (recorded, actual) = (without_moved(&plain(recorded)), without_moved(&plain(actual)));
    let missing = missing_line(&recorded, &actual);
    missing.map(|line| format!("line {line:?} is missing in:\n{actual}")).into_iter().collect()
}

/// Compares how two runs ended.
pub fn differences(exit: i32, out: &str, err: &str, run: &Run) -> Vec<String> {
    let mut found = Vec::new();
    if run.code != exit {
        found.push(format!("exit code: was {exit}, is {} ({})", run.code, run.err));
    }
    // The wording of a sentence on standard error may change.
    if without_notices(&run.err).is_empty() != err.is_empty() {
        found.push(format!("standard error: was {err:?}, is {:?}", run.err));
    }
    found.extend(differing_output(out, &run.out));
    found
}

fn play(home: &Home, name: &str) {
    let (_, lines) = lines(name);
    let mut failures = Vec::new();
    for line in lines {
        let action: LocalAction = serde_json::from_value(line).unwrap();
        let mut program = home.program();
        program.args(&action.args).env("LAB_TOKEN", "rp_test");
        let run = run_with_input(program, action.stdin.as_deref());
        let folder = home.path("").to_str().unwrap().trim_end_matches('/').to_owned();
        let as_recorded = |text: &str| text.replace(&folder, "{home}");
        let run = Run { out: as_recorded(&run.out), err: as_recorded(&run.err), ..run };
        let found = differences(action.exit, &action.out, &action.err, &run);
        if !found.is_empty() {
            failures.push(format!("{}:\n    {}", action.title, found.join("\n    ")));
        }
    }
    let count = failures.len();
    assert!(failures.is_empty(), "{count} actions differ:\n{}", failures.join("\n"));
}

#[test]
fn old_store_is_listed_shown_and_changed_as_recorded() {
    let home = Home::new();
    copy_folder(&file("data"), &home.path("data/redphone"));
    std::fs::copy(file("export.jsonl"), home.path("export.jsonl")).unwrap();
    play(&home, "recordings/local.jsonl");
}

#[test]
fn old_settings_load_with_the_same_values() {
    let home = Home::new();
    std::fs::create_dir_all(home.path("config/redphone")).unwrap();
    std::fs::copy(file("settings/config.toml"), home.path("config/redphone/config.toml")).unwrap();
    play(&home, "recordings/settings.jsonl");
}

#[test]
fn old_sample_of_the_settings_has_nothing_wrong() {
    let home = Home::new();
    std::fs::create_dir_all(home.path("config/redphone")).unwrap();
    let sample = std::fs::read_to_string(file("settings/sample.toml")).unwrap();
    // A setting is commented out by a `#` without a blank; a sentence has a blank after it.
    let is_setting = |line: &str| {
        line.strip_prefix('#').is_some_and(|rest| {
            (!rest.is_empty() && !rest.starts_with(' ')) || rest.starts_with("    ")
        })
    };
    let set: String = sample
        .lines()
        .map(
            |line| if is_setting(line) { format!("{}\n", &line[1..]) } else { format!("{line}\n") },
        )
        .collect();
    for text in [&sample, &set] {
        std::fs::write(home.path("config/redphone/config.toml"), text).unwrap();
        let run = home.run(["config", "check"]);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    }
}
