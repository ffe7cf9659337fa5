//! Old client, new server: each recorded request is sent again, in order, to the present server on a
//! store prepared the same way. What it answers means the same.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::recording::{Exchange, RecordedResponse, lines};
use super::remote::token;
use super::replay::{Replay, prepared_store};

/// After this long something hangs.
const PATIENCE: Duration = Duration::from_mins(3);

fn exchanges(lines: Vec<Value>) -> Vec<Exchange> {
    lines.into_iter().map(|line| serde_json::from_value(line).unwrap()).collect()
}

fn replay(name: &str) {
    let (setup, lines) = lines(name);
    let home = prepared_store();
    let mut replay = Replay::new(&home, &setup);
    let exchanges = exchanges(lines);
    replay.play(&exchanges);
    replay.expect_no_failures(exchanges.len());
}

/// The commands that every store of a client's recording begins with: those of the server's recording
/// up to the first that is refused.
fn story() -> Vec<Exchange> {
    let (_, lines) = lines("recordings/server-commands.jsonl");
    let all = exchanges(lines).into_iter();
    all.take_while(|exchange| !exchange.title.ends_with("is refused")).collect()
}

/// Ends a recorded wait immediately, because the result at its end depended on the moment.
fn without_wait(mut exchange: Exchange) -> Exchange {
    let path = &mut exchange.request.path;
    let Some(wait) = path.find("wait=").filter(|_| path.starts_with("/v1/changes")) else {
        return exchange;
    };
    let end = path[wait..].find('&').map_or(path.len(), |length| wait + length);
    path.replace_range(wait..end, "wait=0");
    if let Some(body) = exchange.response.as_mut().and_then(|response| response.body.as_mut()) {
        let delta = body.as_object_mut().unwrap();
        delta.retain(|name, _| name == "cursor" || name == "reset");
    }
    exchange
}

/// Sends the requests of a recorded client, and those of others at the same time.
fn replay_client(name: &str) {
    let (_, lines) = lines(name);
    let home = prepared_store();
    let mut replay = Replay::new(&home, &Value::Null);
    replay.play(&story());
    replay.as_client();
    let mut count = 0;
    for line in lines {
        if let Some(meanwhile) = line.get("meanwhile") {
            let by = token(meanwhile["by"].as_str().unwrap());
            let done = replay.server.command(&by, &meanwhile["commands"]);
            assert!(done[0].get("done").is_some(), "{done:?}");
            continue;
        }
        let title = line["title"].as_str().unwrap().to_owned();
        let exchanges: Vec<Exchange> = serde_json::from_value(line["exchanges"].clone()).unwrap();
        let answered = exchanges.into_iter().filter(|exchange| exchange.response.is_some());
        let titled = answered.map(|exchange| Exchange { title: title.clone(), ..exchange });
        let exchanges: Vec<Exchange> = titled.map(without_wait).collect();
        count += exchanges.len();
        replay.play(&exchanges);
    }
    replay.expect_no_failures(count);
}

#[test]
fn recorded_command_line_is_answered_as_recorded() {
    replay_client("recordings/client-commands.jsonl");
}

#[test]
fn recorded_outbox_is_answered_as_recorded() {
    replay_client("recordings/client-outbox.jsonl");
}

#[test]
fn recorded_panes_are_answered_as_recorded() {
    replay_client("recordings/client-panes.jsonl");
}

#[test]
fn commands_and_reads_are_answered_as_recorded() {
    replay("recordings/server-commands.jsonl");
}

#[test]
fn requests_beyond_the_rate_limit_are_refused_as_recorded() {
    replay("recordings/server-limited.jsonl");
}

#[test]
fn read_only_server_answers_as_recorded() {
    replay("recordings/server-read-only.jsonl");
}

#[test]
fn long_bodies_are_refused_as_recorded() {
    replay("recordings/server-bodies.jsonl");
}

#[test]
fn body_that_does_not_arrive_is_refused_as_recorded() {
    replay("recordings/server-slow.jsonl");
}

#[test]
fn damaged_store_is_answered_as_recorded() {
    replay("recordings/server-damaged.jsonl");
}

#[test]
fn store_that_was_moved_away_is_answered_as_recorded() {
    let (setup, lines) = lines("recordings/server-store-lost.jsonl");
    let moved = lines.iter().position(|line| line.get("store").is_some()).unwrap();
    let (before, after) = (lines[..moved].to_vec(), lines[moved + 1..].to_vec());
    let home = prepared_store();
    let mut replay = Replay::new(&home, &setup);
    replay.play(&exchanges(before));
    for end in ["", "-wal", "-shm"] {
        let store = format!("data/redphone/redphone.db{end}");
        // Without writes there is no log.
        let _ = std::fs::rename(home.path(&store), home.path(&format!("{store}.away")));
    }
    // There is no signal when the server detects it: for a second it answers from its cache.
    let deadline = Instant::now() + PATIENCE;
    while replay.server.get("", "/v1/ready").status == 200 {
        assert!(Instant::now() < deadline, "it is still ready");
        std::thread::sleep(Duration::from_millis(20));
    }
    let after = exchanges(after);
    replay.play(&after);
    replay.expect_no_failures(after.len());
}

fn answer(exchange: &mut Exchange) -> &mut RecordedResponse {
    exchange.response.as_mut().unwrap()
}

#[test]
fn replay_names_each_change_of_an_answer() {
    let (setup, lines) = lines("recordings/server-read-only.jsonl");
    let home = prepared_store();
    let change = |change: fn(&mut Exchange)| -> Vec<String> {
        let mut exchanges = exchanges(lines.clone());
        change(&mut exchanges[0]);
        let mut replay = Replay::new(&home, &setup);
        replay.play(&exchanges);
        replay.failures
    };
    assert!(change(|_| ()).is_empty());
    for (what, found) in [
        ("status", change(|exchange| answer(exchange).status = 201)),
        (
            "vary",
            change(|exchange| drop(answer(exchange).headers.insert("vary".into(), "x".into()))),
        ),
        (
            "/me/handle",
            change(|exchange| {
                answer(exchange).body.as_mut().unwrap()["me"]["handle"] = "x".into();
            }),
        ),
        (
            "/gone",
            change(|exchange| {
                answer(exchange).body.as_mut().unwrap()["gone"] = 1.into();
            }),
        ),
    ] {
        assert!(found.len() == 1 && found[0].contains(what), "{what}: {found:?}");
    }
}
