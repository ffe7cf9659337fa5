//! An old outbox: pending commands are sent by the current program, and refused ones remain.

use serde_json::Value;

use super::local::{LocalAction, differences};
use super::program::json_lines;
use super::recording::lines;
use super::remote::{CLOSED, Remote};

/// Returns the entries of the client's outbox.
fn entries(remote: &Remote) -> Vec<Value> {
    let run = remote.run(CLOSED, &["outbox", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    json_lines(&run.out)
}

fn in_state<'a>(entries: &'a [Value], state: &str) -> Vec<&'a Value> {
    entries.iter().filter(|entry| entry["state"] == state).collect()
}

#[test]
fn old_outbox_is_listed_as_recorded() {
    let remote = Remote::new();
    let (_, lines) = lines("recordings/outbox.jsonl");
    for line in lines {
        let action: LocalAction = serde_json::from_value(line).unwrap();
        let args: Vec<&str> = action.args.iter().skip(2).map(String::as_str).collect();
        let run = remote.run(CLOSED, &args);
        let found = differences(action.exit, &action.out, &action.err, &run);
        assert_eq!(found, Vec::<String>::new(), "{}", action.title);
    }
    let entries = entries(&remote);
    for state in ["pending", "held", "refused", "sent"] {
        assert!(!in_state(&entries, state).is_empty(), "none is {state}: {entries:#?}");
    }
}

#[test]
fn old_outbox_sends_pending_and_retains_the_rest() {
    let remote = Remote::new();
    let before = entries(&remote);
    let run = remote.run(remote.relay.port, &["outbox", "send"]);
    // Old programs ended with 5 here, as if a later attempt would send held commands.
    assert_eq!(run.code, 1, "what is held waits for somebody: {run:?}");
    let ids = |entries: &[&Value]| -> Vec<Value> {
        entries.iter().map(|entry| entry["id"].clone()).collect()
    };
    let pending = in_state(&before, "pending");
    let sent: Vec<Value> =
        remote.relay.commands().iter().map(|command| command["id"].clone()).collect();
    assert_eq!(sent, ids(&pending));
    let after = entries(&remote);
    assert!(in_state(&after, "pending").is_empty());
    for state in ["refused", "held"] {
        assert_eq!(ids(&in_state(&after, state)), ids(&in_state(&before, state)));
    }
    let detail = remote.server.get(&remote.token, "/v1/incidents?filter=is:any&limit=1000");
    let page: Value = serde_json::from_slice(&detail.body).unwrap();
    let row = |number: u64| {
        let rows = page["rows"].as_array().unwrap();
        rows.iter().find(|row| row["number"] == number).unwrap()
    };
    assert_eq!(row(2)["status"], "acknowledged");
    let timeline = format!("/v1/incidents/{}/timeline", row(20)["id"].as_str().unwrap());
    let events: Value =
        serde_json::from_slice(&remote.server.get(&remote.token, &timeline).body).unwrap();
    let last = events.as_array().unwrap().last().unwrap();
    assert_eq!((&last["kind"], &last["text"]), (&"note_added".into(), &"Not sent yet".into()));
    assert_eq!(last["actor"]["person"]["handle"], "ines");
}

#[test]
fn old_cache_is_shown_while_the_server_is_away() {
    let remote = Remote::new();
    let run = remote.run(CLOSED, &["list", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let rows = json_lines(&run.out);
    let numbers: Vec<u64> = rows.iter().filter_map(|row| row["number"].as_u64()).collect();
    for number in [2, 3, 4, 5, 6, 15, 20] {
        assert!(numbers.contains(&number), "{number} is missing in {numbers:?}");
    }
    let run = remote.run(CLOSED, &["show", "20", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let shown: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(shown["incident"]["assignee"]["handle"], "zoë");
}

#[test]
fn old_outbox_in_a_folder_of_an_earlier_name_is_adopted() {
    let folders = ["prod-85ea4269258d4e43", "incidents-test-bb4f4851c480ea5d"];
    for folder in folders {
        let remote = Remote::new();
        let before = entries(&remote);
        let remotes = remote.client.path("state/redphone/remotes");
        std::fs::rename(remotes.join("incidents-test-6fa5c2a0b9d6fdb7"), remotes.join(folder))
            .unwrap();
        assert_eq!(entries(&remote), before, "{folder}");
    }
}
