//! Old stores: they open, pass the doctor, export the same, and accept new commands.

use serde_json::Value;

use super::meaning::Meaning;
use super::program::{Home, copy_folder, file, json_lines, text_of};

fn home_with(folder: &str) -> Home {
    let home = Home::new();
    copy_folder(&file(folder), &home.path("data/redphone"));
    home
}

fn export_differences(recorded: &str, actual: &str) -> Vec<String> {
    let all = |text| Value::Array(without_count(text));
    let mut found = Meaning::differences(&all(recorded), &all(actual));
    // An export has no present time in it, so stored records are the same.
    let written = |text: &str| -> Vec<Value> {
        let lines = json_lines(text).into_iter();
        lines.filter_map(|line| line.pointer("/event/recorded_at").cloned()).collect()
    };
    if written(recorded) != written(actual) {
        found.push("recorded_at: was changed".into());
    }
    found
}

/// Exception: since version 2 an export contains its version, and ends with a line that counts the
/// others.
fn without_count(text: &str) -> Vec<Value> {
    let mut lines = json_lines(text);
    if let Some(version) = lines.first_mut().and_then(|line| line.pointer_mut("/header/version"))
        && *version == 2
    {
        *version = 1.into();
        assert!(lines.pop().is_some_and(|line| line["end"].is_object()), "it has an end");
    }
    lines
}

fn doctored(home: &Home, args: &[&str]) -> Value {
    home.json([&["doctor", "--json"], args].concat()).remove(0)
}

#[test]
fn old_store_exports_what_it_exported() {
    let home = home_with("data");
    let export = home.ok(["export"]);
    let recorded = text_of("export.jsonl");
    assert_eq!(export_differences(&recorded, &export), Vec::<String>::new());
    let mut lines = json_lines(&recorded);
    let kinds: std::collections::BTreeSet<String> = lines
        .iter()
        .filter_map(|line| Some(line.pointer("/event/kind")?.as_str()?.to_owned()))
        .collect();
    assert_eq!(kinds.len(), 32, "the recorded store has every kind of event: {kinds:?}");
    lines.pop();
    let shorter: Vec<String> = lines.iter().map(ToString::to_string).collect();
    assert_ne!(export_differences(&recorded, &shorter.join("\n")), Vec::<String>::new());
}

#[test]
fn old_store_passes_the_doctor_as_it_is() {
    let home = home_with("data");
    let store = home.path("data/redphone/redphone.db");
    let content = std::fs::read(&store).unwrap();
    for args in [["doctor"].as_slice(), &["--read-only", "doctor"]] {
        let report = home.ok(args);
        for part in ["all is well, ", "version 1, ", "version 15", "redphone doctor --migrate"] {
            assert!(report.contains(part), "{part:?} is not in {report}");
        }
    }
    let report = doctored(&home, &[]);
    assert_eq!((&report["version"], &report["newest"]), (&1.into(), &15.into()), "{report}");
    let run = home.run(["doctor", "--rebuild"]);
    assert!(run.code == 4 && run.err.contains("--migrate --rebuild"), "{run:?}");
    assert!(std::fs::read(&store).unwrap() == content, "the store was changed by checking it");
    let files = std::fs::read_dir(store.parent().unwrap()).unwrap();
    let files = files.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(!files.collect::<Vec<_>>().iter().any(|name| name.contains("before-migration")));
    // Brought up to date by the command that the report names.
    let run = home.run(["doctor", "--migrate"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.contains("all is well, ") && !run.out.contains("version"), "{run:?}");
    assert!(run.err.contains("before-migration-1"), "{run:?}");
    let again = home.run(["doctor", "--migrate"]);
    assert_eq!((again.code, again.err.as_str(), &again.out), (0, "", &run.out));
    let run = home.run(["--read-only", "doctor", "--migrate"]);
    assert!(run.code == 2 && run.err.contains("--migrate writes"), "{run:?}");
}

#[test]
fn faults_of_an_old_store_are_found_as_it_is() {
    for (sql, finding) in [
        ("UPDATE incident SET facets = facets + 16 WHERE number = 1", "INC-1 differs from what"),
        ("DELETE FROM affected", "the index of services"),
        ("UPDATE incident SET row = x'0100' WHERE number = 2", "INC-2 differs from what"),
        ("DELETE FROM event WHERE seq = 2", "the timeline of INC-"),
    ] {
        let home = home_with("data");
        let store = home.path("data/redphone/redphone.db");
        rusqlite::Connection::open(&store).unwrap().execute(sql, []).unwrap();
        let run = home.run(["doctor"]);
        assert!(run.code == 1 && run.out.contains(finding), "{sql}: {run:?}");
        assert!(run.out.contains("it is of version 1"), "{sql}: {run:?}");
        if finding.starts_with("the timeline") {
            assert!(run.out.contains("redphone doctor --salvage FILE"), "{sql}: {run:?}");
        } else {
            assert!(run.out.contains("redphone doctor --migrate --rebuild"), "{sql}: {run:?}");
            assert_eq!(home.run(["doctor", "--migrate", "--rebuild"]).code, 0, "{sql}");
        }
    }
}

#[test]
fn old_store_passes_the_doctor_and_can_be_rebuilt() {
    let home = home_with("data");
    // Any command that writes brings it up to date.
    assert_eq!(home.run(["list"]).code, 0);
    let before = doctored(&home, &[]);
    assert_eq!(before["findings"], serde_json::json!([]), "{before}");
    doctored(&home, &["--rebuild"]);
    let after = doctored(&home, &[]);
    assert_eq!((&after["incidents"], &after["events"]), (&before["incidents"], &before["events"]));
    let export = home.ok(["export"]);
    assert_eq!(export_differences(&text_of("export.jsonl"), &export), Vec::<String>::new());
}

#[test]
fn old_export_imports_into_the_same_store() {
    let home = Home::new();
    home.ok(["import".as_ref(), file("export.jsonl").as_os_str()]);
    let export = home.ok(["export"]);
    assert_eq!(export_differences(&text_of("export.jsonl"), &export), Vec::<String>::new());
    let old = home_with("data");
    let all = ["list", "is:any", "--all", "--json"];
    assert_eq!(home.json(all), old.json(all));
}

#[test]
fn salvaged_old_store_is_the_same_store() {
    let home = home_with("data");
    home.ok(["doctor", "--salvage", "saved.jsonl"]);
    home.ok(["--store", "saved.db", "import", "saved.jsonl"]);
    let all = ["list", "is:any", "--all", "--json"];
    let saved = home.json([&["--store", "saved.db"], all.as_slice()].concat());
    assert_eq!(saved, home.json(all));
}

#[test]
fn old_store_accepts_new_commands() {
    let home = home_with("data");
    let highest = home.json(["list", "is:any", "--all", "--json"]);
    let highest = highest.iter().filter_map(|row| row["number"].as_u64()).max().unwrap();
    let declared =
        home.json(["declare", "--title", "New", "--impact", "low", "--urgency", "low", "--json"]);
    assert_eq!(declared[0]["number"], highest + 1);
    let seq = home.json(["show", "4", "--json"])[0]["incident"]["seq"].as_u64().unwrap();
    let noted = home.json(["note", "4", "by the new program", "--json"]);
    assert_eq!((&noted[0]["done"], &noted[0]["row"]["seq"]), (&true.into(), &(seq + 1).into()));
    assert_eq!(doctored(&home, &[])["findings"], serde_json::json!([]));
}

#[test]
fn store_of_a_killed_server_has_all_that_was_written() {
    let home = home_with("killed");
    let rows = home.json(["list", "--sort", "oldest", "--json"]);
    let states: Vec<(u64, &str)> = rows
        .iter()
        .map(|row| (row["number"].as_u64().unwrap(), row["status"].as_str().unwrap()))
        .collect();
    let mut sorted = states.clone();
    sorted.sort_unstable();
    let (acked, new) = ("acknowledged", "triggered");
    assert_eq!(sorted, [(1, acked), (2, acked), (3, new)]);
    assert_eq!(doctored(&home, &[])["findings"], serde_json::json!([]));
    home.ok(["ack", "3"]);
}

#[test]
fn old_store_is_read_without_being_changed() {
    let home = home_with("data");
    let store = home.path("data/redphone/redphone.db");
    let before = std::fs::read(&store).unwrap();
    home.ok(["--read-only", "list", "is:any", "--all"]);
    home.ok(["--read-only", "show", "1"]);
    assert!(std::fs::read(&store).unwrap() == before, "the store was changed by reading it");
}
