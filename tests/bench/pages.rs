//! How long it takes from the declaration of an incident to the first attempt to reach somebody, with three
//! real servers on one store, one of which is killed meanwhile.
//!
//! `cargo bench -- pages`. `REDPHONE_BENCH_PAGES` sets how many incidents (300).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::report::{row, setting};
use crate::support::cli::{CliFixture, json_lines};
use crate::support::organization::add_people;
use crate::support::receiver::Receiver;
use crate::support::serving::{Server, write_secret, write_settings};
use crate::support::wait::until_blocking;

/// How many incidents each person is called for: fewer than are sent to one contact in a minute.
const PER_PERSON: usize = 4;
/// The promise, in seconds.
const TARGET_S: f64 = 5.0;

pub fn run() {
    let count = usize::try_from(setting("REDPHONE_BENCH_PAGES", 300)).expect("a small number");
    let people = count.div_ceil(PER_PERSON);
    let (cli, receiver) = (CliFixture::new(), Receiver::start());
    write_settings(&cli, &settings(&cli, &receiver, people));
    let mut servers: Vec<Server> = (0..3).map(|number| Server::start(&cli, number)).collect();
    for incident in 0..count {
        cli.declare(&format!("Incident {incident}"), &format!("s{}", incident % people));
        if incident == count / 2 {
            servers[0].kill();
        }
    }
    until_blocking("everybody is paged", || delays(&cli).len() == count);
    let mut delays = delays(&cli);
    delays.sort_by(f64::total_cmp);
    println!("\n{count} incidents, three servers on one store, one killed at half of them");
    for (name, part, target) in [
        ("declared to first attempt, median", 50, 1.0),
        ("declared to first attempt, p99", 99, TARGET_S),
        ("declared to first attempt, the longest", 100, 2.0 * TARGET_S),
    ] {
        let at = (count * part / 100).saturating_sub(1);
        let figure = delays[at];
        let shown = format!("{:.0} ms", figure * 1000.0);
        row(name, &shown, &format!("<= {target} s"), figure <= target);
    }
}

fn settings(cli: &CliFixture, receiver: &Receiver, people: usize) -> String {
    let secret = write_secret(cli);
    let mut text = format!(
        "[outbound]\nprivate_hosts = [\"127.0.0.1\"]\n\
         [channels.hook]\nkind = \"webhook\"\nurl = \"http://{}/good\"\nsecret_file = \"{secret}\"\n",
        receiver.address
    );
    add_people(&mut text, people, |handle| {
        format!("ways = [{{ name = \"hook\", channel = \"hook\", address = \"{handle}\" }}]\n")
    });
    text
}

/// Returns for each incident that was paged how many seconds passed until its first attempt.
fn delays(cli: &CliFixture) -> Vec<f64> {
    let lines = json_lines(&cli.ok(["export"]));
    let time = |value: &Value| -> Option<DateTime<Utc>> { value.as_str()?.parse().ok() };
    let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let mut declared: HashMap<String, DateTime<Utc>> = HashMap::new();
    let mut incidents: HashMap<String, String> = HashMap::new();
    let mut first: HashMap<String, DateTime<Utc>> = HashMap::new();
    for line in &lines {
        let (event, notification, attempt) =
            (&line["event"], &line["notification"], &line["attempt"]);
        if event["kind"] == "declared"
            && let (Some(id), Some(at)) = (text(&event["incident"]), time(&event["recorded_at"]))
        {
            declared.insert(id, at);
        }
        if let (Some(id), Some(incident)) =
            (text(&notification["id"]), text(&notification["incident"]))
        {
            incidents.insert(id, incident);
        }
        if let (Some(id), Some(at)) = (text(&attempt["notification"]), time(&attempt["began_at"]))
            && let Some(incident) = incidents.get(&id)
        {
            let first = first.entry(incident.clone()).or_insert(at);
            *first = at.min(*first);
        }
    }
    let delay = |(incident, at): (&String, &DateTime<Utc>)| {
        Some((*at - *declared.get(incident)?).as_seconds_f64().max(0.0))
    };
    first.iter().filter_map(delay).collect()
}
