//! Failures of pagers, each once with the real program: a server, a receiver of webhooks on
//! loopback, and a policy of seconds. `tests/model/engine` plants the same faults into simulated
//! weeks.

use chrono::{DateTime, TimeDelta, Utc};
use rstest::rstest;
use serde_json::Value;

use crate::support::cli::{CliFixture, json_lines};
use crate::support::receiver::Receiver;
use crate::support::serving::{Server, write_secret, write_settings};
use crate::support::wait::until_blocking;

/// After which time the second level is called, in seconds.
const SECOND_S: i64 = 3;

/// A store whose people are reached by webhooks: ines by one that hangs and by one that works, tomasz by
/// one that works, and bea not at all.
struct Scene {
    cli: CliFixture,
    receiver: Receiver,
}

impl Scene {
    fn new() -> Self {
        let (cli, receiver) = (CliFixture::new(), Receiver::start());
        let secret = write_secret(&cli);
        let url = receiver.address;
        let text = format!(
            r#"
[outbound]
private_hosts = ["127.0.0.1"]
[channels.hanging]
kind = "webhook"
url = "http://{url}/hang"
secret_file = "{secret}"
[channels.works]
kind = "webhook"
url = "http://{url}/good"
secret_file = "{secret}"
[[people]]
handle = "ines"
name = "Ines Moreau"
[[people]]
handle = "tomasz"
name = "Tomasz Zielinski"
[[people]]
handle = "bea"
name = "Bea Holm"
[[teams]]
name = "payments"
members = ["ines", "tomasz", "bea"]
[[services]]
name = "checkout"
team = "payments"
[[policies]]
team = "payments"
levels = [
    {{ after = "0s", call = ["bea", "ines"] }},
    {{ after = "{SECOND_S}s", call = ["tomasz"] }},
]
[[contacts]]
person = "ines"
ways = [
    {{ name = "broken", channel = "hanging", address = "ines-broken" }},
    {{ name = "phone", channel = "works", address = "ines" }},
]
[[contacts]]
person = "tomasz"
ways = [{{ name = "phone", channel = "works", address = "tomasz" }}]
"#
        );
        write_settings(&cli, &text);
        Self { cli, receiver }
    }

    /// Waits until an address has a message about the incident with a title.
    fn wait_for(&self, title: &str, address: &str) -> DateTime<Utc> {
        until_blocking("the message arrives", || !self.receiver.about(title, address).is_empty());
        self.receiver.about(title, address)[0].at
    }

    fn lines(&self) -> Vec<Value> {
        json_lines(&self.cli.ok(["export"]))
    }

    /// Returns the events of a kind about the incident with a number.
    fn events(&self, label: &str, kind: &str) -> Vec<Value> {
        let shown: Value = serde_json::from_str(&self.cli.ok(["show", label, "--json"])).unwrap();
        let id = shown["incident"]["id"].clone();
        let events = self.lines().into_iter().map(|line| line["event"].clone());
        events.filter(|event| event["incident"] == id && event["kind"] == kind).collect()
    }

    /// Returns the levels that were called for an incident.
    fn levels(&self, label: &str) -> Vec<u64> {
        let events = self.events(label, "escalated");
        events.iter().map(|event| event["level"].as_u64().unwrap()).collect()
    }
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn next_level_waits_for_its_time() {
    let scene = Scene::new();
    let _server = Server::start(&scene.cli, 0);
    let label = scene.cli.declare("Cards fail", "checkout");
    let arrived = scene.wait_for("Cards fail", "tomasz");
    let reported = time(&scene.events(&label, "declared")[0]["reported_at"]);
    let due = reported + TimeDelta::seconds(SECOND_S);
    let calls = scene.events(&label, "escalated");
    assert_eq!(scene.levels(&label), [1, 2]);
    assert_eq!(time(&calls[1]["automatic"]["due"]), due);
    assert!(time(&calls[1]["recorded_at"]) >= due && arrived >= due, "{calls:?}");
    // On a very slow machine both levels are due before anything is sent.
    let first = scene.wait_for("Cards fail", "ines");
    assert!(first < arrived || first >= due, "{first} {arrived}");
}

#[test]
fn paused_step_goes_on_after_a_restart() {
    let scene = Scene::new();
    let mut server = Server::start(&scene.cli, 0);
    let label = scene.cli.declare("Cards fail", "checkout");
    scene.wait_for("Cards fail", "ines");
    scene.cli.ok(["pause", &label, "the supplier repairs it"]);
    server.kill();
    let _server = Server::start(&scene.cli, 1);
    // An escalation that comes due in the pause of one incident is carried out for the other.
    scene.cli.declare("Images are missing", "checkout");
    scene.wait_for("Images are missing", "tomasz");
    // On a very slow machine the pause came too late.
    let was_called = scene.levels(&label) == [1, 2];
    scene.cli.ok(["unpause", &label]);
    scene.wait_for("Cards fail", "tomasz");
    let resumed = time(&scene.events(&label, "unpaused")[0]["recorded_at"]);
    let calls = scene.events(&label, "escalated");
    assert_eq!(scene.levels(&label), [1, 2]);
    assert!(was_called || time(&calls[1]["recorded_at"]) >= resumed, "{calls:?}");
}

#[rstest]
#[case::acknowledged("acknowledged", &["ack"], &[])]
#[case::resolved(
    "resolved",
    &["resolve"],
    &["--action", "restart", "--detail", "restarted", "--validation", "it answers"]
)]
fn nothing_is_called_after_an_answer_or_the_end(
    #[case] kind: &str,
    #[case] verb: &[&str],
    #[case] rest: &[&str],
) {
    let scene = Scene::new();
    let _server = Server::start(&scene.cli, 0);
    // On a busy machine an answer may come after the second level was due: there is another incident then.
    let answered_in_time = (1..20).find_map(|attempt| {
        let title = format!("Cards fail {attempt}");
        let label = scene.cli.declare(&title, "checkout");
        scene.wait_for(&title, "ines");
        scene.cli.ok([verb, &[label.as_str()], rest].concat());
        let reported = time(&scene.events(&label, "declared")[0]["reported_at"]);
        let answered = time(&scene.events(&label, kind)[0]["recorded_at"]);
        (answered < reported + TimeDelta::seconds(SECOND_S)).then_some((title, label))
    });
    let (title, label) = answered_in_time.expect("an answer comes in time");
    scene.cli.declare("Images are missing", "checkout");
    scene.wait_for("Images are missing", "tomasz");
    assert_eq!(scene.levels(&label), [1]);
    assert!(scene.receiver.about(&title, "tomasz").is_empty());
    // The way that hangs is not tried again either.
    assert!(scene.receiver.about(&title, "ines-broken").len() <= 1);
}

#[test]
fn channel_that_hangs_delays_no_other() {
    let scene = Scene::new();
    let _server = Server::start(&scene.cli, 0);
    // More than the limit of concurrent messages over the one that hangs.
    let titles: Vec<String> = (0..4).map(|count| format!("Incident {count}")).collect();
    for title in &titles {
        scene.cli.declare(title, "checkout");
        let arrived = scene.wait_for(title, "ines");
        scene.wait_for(title, "tomasz");
        let hanging = scene.receiver.about(title, "ines-broken");
        // The other way is not waited for, which takes longer than that.
        let is_first = hanging.first().is_none_or(|one| arrived < one.at + TimeDelta::seconds(9));
        assert!(is_first, "{title}: {arrived} {hanging:?}");
    }
    let ended = |one: &Value| {
        one["channel"] == "hanging" && ["sent", "failed"].contains(&one["state"].as_str().unwrap())
    };
    let lines = scene.lines();
    assert!(!lines.iter().filter_map(|line| line.get("notification")).any(ended));
}

#[test]
fn person_without_a_contact_is_on_record() {
    let scene = Scene::new();
    let _server = Server::start(&scene.cli, 0);
    scene.cli.declare("Cards fail", "checkout");
    scene.wait_for("Cards fail", "ines");
    let lines = scene.lines();
    let notifications: Vec<&Value> =
        lines.iter().filter_map(|line| line.get("notification")).collect();
    let bea: Vec<_> = notifications.iter().filter(|one| one["person"]["handle"] == "bea").collect();
    assert_eq!(bea.len(), 1, "{notifications:?}");
    assert_eq!(bea[0]["state"], "unreachable");
    assert_eq!(bea[0]["reason"], "the person has no contact");
}

#[test]
fn incident_of_long_ago_wakes_nobody() {
    let scene = Scene::new();
    let _server = Server::start(&scene.cli, 0);
    let long_ago = (Utc::now() - TimeDelta::days(60)).to_rfc3339();
    let level = ["--impact", "high", "--urgency", "high", "--service", "checkout"];
    let args = ["declare", "--title", "Long ago", "--reported-at", &long_ago];
    let label = scene.cli.ok(args.iter().chain(&level)).trim_end().to_owned();
    scene.cli.declare("Cards fail", "checkout");
    scene.wait_for("Cards fail", "tomasz");
    assert_eq!(scene.levels(&label), [0; 0]);
    assert!(scene.receiver.about("Long ago", "ines").is_empty());
}
