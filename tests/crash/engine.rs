//! Three real servers on one store, which are killed one after the other: each first page is sent
//! once, or is marked as perhaps sent twice, and nothing is sent after an acknowledgement.
//!
//! `REDPHONE_ENGINE_INCIDENTS` sets how many incidents (20; 100 in CI, 1,000 in full).

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::support::cli::{CliFixture, json_lines};
use crate::support::organization::{add_people, two_pagers};
use crate::support::sample::number;
use crate::support::serving::{Server, write_settings};
use crate::support::wait::until_blocking;

/// How many incidents each person is called for: fewer than are sent to one contact in a minute.
const PER_PERSON: usize = 3;

/// Settings with people who are each called immediately for a service of their own, over a channel
/// that writes each message to a file, and again some seconds later.
fn settings(pages: &Path, people: usize) -> String {
    let command = format!("cat > \"$(mktemp '{}/page-XXXXXXXX')\"", pages.display());
    let mut text = format!(
        "[channels.pager]\nkind = \"command\"\nrun = [\"/bin/sh\", \"-c\", {}]\n",
        Value::from(command)
    );
    add_people(&mut text, people, two_pagers);
    text
}

/// Returns the messages that were written in full: title of the incident, address and id.
fn messages(pages: &Path) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    std::fs::read_dir(pages)
        .unwrap()
        .filter_map(|file| serde_json::from_slice(&std::fs::read(file.ok()?.path()).ok()?).ok())
        .map(|message: Value| {
            let data = &message["data"];
            (text(&data["incident"]["title"]), text(&data["address"]), text(&data["id"]))
        })
        .collect()
}

fn titles_of(pages: &Path, address: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (title, _, _) in messages(pages).into_iter().filter(|(_, at, _)| at == address) {
        *counts.entry(title).or_insert(0) += 1;
    }
    counts
}

/// Returns the notifications of a store, by their ids.
fn notifications(cli: &CliFixture) -> BTreeMap<String, Value> {
    json_lines(&cli.ok(["export"]))
        .into_iter()
        .filter_map(|line| {
            let notification = line.get("notification")?;
            Some((notification["id"].as_str()?.to_owned(), notification.clone()))
        })
        .collect()
}

#[test]
fn servers_page_once_while_one_of_them_is_killed() {
    let count = number("REDPHONE_ENGINE_INCIDENTS").and_then(|count| usize::try_from(count).ok());
    let count = count.unwrap_or(20);
    let people = count.div_ceil(PER_PERSON);
    let cli = CliFixture::new();
    let pages = cli.path("pages");
    std::fs::create_dir_all(&pages).unwrap();
    write_settings(&cli, &settings(&pages, people));
    let mut servers: Vec<Server> = (0..3).map(|number| Server::start(&cli, number)).collect();

    let mut labels = Vec::new();
    for incident in 0..count {
        let service = format!("s{}", incident % people);
        labels.push(cli.declare(&format!("Incident {incident}"), &service));
        if incident == count / 2 {
            servers[0].kill();
        }
        if incident == count * 3 / 4 {
            servers.push(Server::start(&cli, 3));
            servers[1].kill();
        }
    }
    until_blocking("everybody is paged", || titles_of(&pages, "first").len() == count);

    // Half of them are acknowledged before the second way is due, unless the machine is very slow.
    let acknowledged = count / 2;
    let mut acknowledged_by = BTreeMap::new();
    for label in labels.iter().skip(count - acknowledged) {
        cli.ok(["ack", label]);
        acknowledged_by.insert(label.as_str(), Utc::now());
    }
    until_blocking("the others are paged again", || {
        titles_of(&pages, "second").len() >= count - acknowledged
    });
    until_blocking("nothing is under way", || {
        let is_open =
            |one: &Value| ["waiting", "sending"].contains(&one["state"].as_str().unwrap());
        !notifications(&cli).values().any(is_open)
    });

    let stored = notifications(&cli);
    assert_eq!(stored.len(), 2 * count, "each person has two ways");
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for (_, _, id) in messages(&pages) {
        *times.entry(id).or_insert(0) += 1;
    }
    for (id, times) in &times {
        let notification = &stored[id];
        let is_in_doubt = notification["perhaps_twice"].as_bool() == Some(true);
        assert!(*times == 1 || is_in_doubt, "sent {times} times: {notification}");
    }
    for (id, notification) in &stored {
        match notification["state"].as_str().unwrap() {
            "sent" => assert!(times.contains_key(id), "not sent: {notification}"),
            "cancelled" => {
                let is_clean = !times.contains_key(id) || notification["attempts"] != 0;
                assert!(is_clean, "sent and not noted: {notification}");
            }
            state => panic!("{state}: {notification}"),
        }
    }
    let lines = json_lines(&cli.ok(["export"]));
    // Nothing more is sent about an incident once its acknowledgement is answered. Before that, a
    // program may have read its clock and wait for the one that acknowledges.
    let labels = labels_of(&lines);
    for attempt in lines.iter().filter_map(|line| line.get("attempt")) {
        let notification = &stored[attempt["notification"].as_str().unwrap()];
        let began = time(&attempt["began_at"]);
        let label = &labels[notification["incident"].as_str().unwrap()];
        let is_before = acknowledged_by.get(label.as_str()).is_none_or(|end| began <= *end);
        assert!(is_before, "{attempt} of {notification}");
    }
    // Each level was called once.
    let mut calls: BTreeMap<&str, usize> = BTreeMap::new();
    for event in lines.iter().map(|line| &line["event"]) {
        if event["kind"] == "escalated" {
            assert!(event["automatic"].is_object(), "{event}");
            *calls.entry(event["incident"].as_str().unwrap()).or_insert(0) += 1;
        }
    }
    assert_eq!(calls.len(), count);
    assert!(calls.values().all(|calls| *calls == 1), "{calls:?}");
    print_waits(first_waits(&lines, &stored), count);
}

/// Prints how long the first attempts had to be waited for.
fn print_waits(mut waits: Vec<TimeDelta>, count: usize) {
    assert_eq!(waits.len(), count);
    waits.sort_unstable();
    let quantile = |percent: usize| waits[(count * percent).div_ceil(100).max(1) - 1];
    println!(
        "from the declaration to the first attempt, {count} incidents, 3 servers, 2 of them killed: \
         p50 {} ms, p99 {} ms, longest {} ms",
        quantile(50).num_milliseconds(),
        quantile(99).num_milliseconds(),
        quantile(100).num_milliseconds(),
    );
}

/// Returns how long each incident had to wait for the first attempt to page somebody.
fn first_waits(lines: &[Value], stored: &BTreeMap<String, Value>) -> Vec<TimeDelta> {
    let mut first: BTreeMap<&str, DateTime<Utc>> = BTreeMap::new();
    for attempt in lines.iter().filter_map(|line| line.get("attempt")) {
        let notification = &stored[attempt["notification"].as_str().unwrap()];
        let began = time(&attempt["began_at"]);
        let earliest = first.entry(notification["incident"].as_str().unwrap()).or_insert(began);
        *earliest = began.min(*earliest);
    }
    let declared = lines.iter().map(|line| &line["event"]);
    let declared = declared.filter(|event| event["kind"] == "declared");
    declared
        .filter_map(|event| {
            let began = first.get(event["incident"].as_str().unwrap())?;
            Some(*began - time(&event["recorded_at"]))
        })
        .collect()
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// Returns the label of each incident, such as `INC-7`, as an export has it.
fn labels_of(lines: &[Value]) -> BTreeMap<&str, String> {
    let events = lines.iter().map(|line| &line["event"]);
    events
        .filter(|event| event["kind"] == "declared")
        .map(|event| (event["incident"].as_str().unwrap(), format!("INC-{}", event["number"])))
        .collect()
}
