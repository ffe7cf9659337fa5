//! Wrong clocks: the program with a clock that is ahead or behind, against a server whose clock is
//! right. No command is lost, and recorded times are right.

use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::{Backend, TimelineRange};
use redphone::model::{Event, EventBody, IncidentNumber};
use rstest::rstest;

use crate::support::cli::{CliFixture, Run};
use crate::support::clock::WrongClock;
use crate::support::program;
use crate::support::served::{Served, open};

/// For machines that are busy with other things.
const TOLERANCE: TimeDelta = TimeDelta::seconds(20);

struct Client<'a> {
    server: &'a Served,
    clock: WrongClock,
}

impl<'a> Client<'a> {
    fn new(server: &'a Served) -> Self {
        Self { server, clock: WrongClock::build(&server.path("")) }
    }

    /// Runs the program with a clock that is wrong by so much.
    fn run(&self, offset: TimeDelta, args: &[&str]) -> Run {
        let home = self.server.path("home");
        let mut program = Command::new(program());
        program
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", &home)
            .env("XDG_STATE_HOME", &home)
            .env("REDPHONE_USER", "ines")
            .env("REDPHONE_BACKEND", self.server.url())
            .env("REDPHONE_TOKEN_FILE", self.server.token("ines"))
            .stdin(std::process::Stdio::null())
            .args(args);
        self.clock.apply(&mut program, offset);
        Run::from(program.output().unwrap())
    }
}

const DECLARE: [&str; 9] = [
    "declare",
    "--title",
    "Cards fail",
    "--impact",
    "high",
    "--urgency",
    "high",
    "--service",
    "checkout",
];

/// Returns the events of an incident, as the server's store has them.
async fn events(server: &Served, number: u64) -> Vec<Event> {
    let store = open(server.store()).await;
    let id = store.find_by_number(IncidentNumber(number)).await.unwrap();
    let events = store.timeline(id, TimelineRange::After(0)).await.unwrap();
    store.close().await;
    events
}

#[track_caller]
fn assert_near(at: DateTime<Utc>, expected: DateTime<Utc>) {
    assert!((at - expected).abs() < TOLERANCE, "{at}, not {expected}");
}

/// Checks the times of a declaration that was detected some minutes before its report.
#[track_caller]
fn assert_declared(event: &Event, reported_at: DateTime<Utc>, minutes: i64) {
    let EventBody::Declared { declaration, .. } = &event.body else { panic!("{event:?}") };
    assert_near(declaration.reported_at, reported_at);
    assert_near(declaration.detected_at, reported_at - TimeDelta::minutes(minutes));
    assert_near(event.at, reported_at);
}

#[rstest]
#[case::ahead(6)]
#[case::behind(-6)]
#[case::far_ahead(60 * 26)]
#[case::far_behind(-60 * 24 * 400)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn online_commands_have_the_time_of_the_server(#[case] minutes: i64) {
    let server = Served::start().await;
    let client = Client::new(&server);
    let offset = TimeDelta::minutes(minutes);
    let args = [&DECLARE[..], &["--detected-at", "10m"]].concat();
    let (run, now) = (client.run(offset, &args), Utc::now());
    assert_eq!((run.code, run.out.as_str()), (0, "INC-1\n"), "{run:?}");
    let which = if minutes > 0 { "ahead of" } else { "behind" };
    assert!(run.err.contains(&format!("{which} that of")), "{}", run.err);
    assert_eq!(run.err.matches("this machine's clock is").count(), 1, "{}", run.err);
    let run = client.run(offset, &["note", "1", "rolled back"]);
    assert_eq!(run.code, 0, "{run:?}");
    let events = events(&server, 1).await;
    assert_declared(&events[0], now, 10);
    assert_near(events[1].at, Utc::now());
}

#[rstest]
#[case::ahead(47)]
#[case::behind(-47)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ages_and_clocks_are_counted_by_the_time_of_the_server(#[case] minutes: i64) {
    let server = Served::start().await;
    let client = Client::new(&server);
    let reported = (Utc::now() - TimeDelta::seconds(3 * 3600 + 30)).to_rfc3339();
    let args = [&DECLARE[..], &["--reported-at", &reported]].concat();
    assert_eq!(client.run(TimeDelta::zero(), &args).code, 0);
    let offset = TimeDelta::minutes(minutes);
    let list = client.run(offset, &["list"]);
    assert!(list.out.contains("  3h00   +2h55  ") || list.out.contains(" 3h0"), "{list:?}");
    let shown = client.run(offset, &["show", "1"]);
    assert!(shown.out.contains("· 3 h ago"), "{shown:?}");
    // A minute may end between the declaration and the last command.
    let is_overdue = |text: &str, by: &str| {
        ["2h55", "2h56"].iter().any(|time| text.contains(&format!("{by}{time}")))
    };
    assert!(is_overdue(&shown.out, "past by "), "{shown:?}");
    assert!(is_overdue(&list.out, "+"), "{list:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typed_time_stays_and_a_small_difference_is_not_mentioned() {
    let server = Served::start().await;
    let client = Client::new(&server);
    let typed = "2026-03-01T09:00:00Z";
    let args = [&DECLARE[..], &["--detected-at", typed]].concat();
    let run = client.run(TimeDelta::minutes(6), &args);
    assert_eq!(run.code, 0, "{run:?}");
    let args = [&DECLARE[..], &["--reported-at", typed]].concat();
    let run = client.run(TimeDelta::seconds(3), &args);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    for number in [1, 2] {
        let events = events(&server, number).await;
        let EventBody::Declared { declaration, .. } = &events[0].body else { panic!("{events:?}") };
        assert_eq!(declaration.detected_at, typed.parse::<DateTime<Utc>>().unwrap());
    }
}

#[rstest]
#[case::ahead(6)]
#[case::behind(-6)]
#[case::far_ahead(60 * 5)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declaration_made_offline_gets_in_when_the_server_is_back(#[case] minutes: i64) {
    let mut server = Served::start().await;
    server.stop().await;
    let offset = TimeDelta::minutes(minutes);
    let run = Client::new(&server).run(offset, &[&DECLARE[..], &["--detected-at", "2m"]].concat());
    assert_eq!(run.code, 5, "{run:?}");
    let (id, declared_at) = (run.out.trim().to_owned(), Utc::now());
    let run = Client::new(&server).run(offset, &["note", &id, "offline too"]);
    assert_eq!(run.code, 5, "{run:?}");
    server.again().await;
    let run = Client::new(&server).run(offset, &["outbox", "send"]);
    assert_eq!(run.code, 0, "{run:?}");
    let events = events(&server, 1).await;
    assert_declared(&events[0], declared_at, 2);
    assert_near(events[1].at, declared_at);
    assert_eq!(events.len(), 2);
}

#[rstest]
#[case::ahead(6)]
#[case::behind(-6)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clock_that_is_set_right_before_sending_loses_nothing(#[case] minutes: i64) {
    let mut server = Served::start().await;
    server.stop().await;
    let run = Client::new(&server).run(TimeDelta::minutes(minutes), &DECLARE);
    assert_eq!(run.code, 5, "{run:?}");
    server.again().await;
    let run = Client::new(&server).run(TimeDelta::zero(), &["outbox", "send"]);
    assert_eq!(run.code, 0, "{run:?}");
    let events = events(&server, 1).await;
    assert!(events[0].at <= Utc::now(), "{events:?}");
}

/// On the local store there is no other clock: one that jumps back refuses nothing.
#[test]
fn local_store_refuses_nothing_after_its_clock_was_set_back() {
    let fixture = CliFixture::new();
    let clock = WrongClock::build(&fixture.path(""));
    let run = |minutes: i64, args: &[&str]| {
        let mut program = fixture.program();
        clock.apply(&mut program, TimeDelta::minutes(minutes));
        program.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let run = Run::from(program.args(args).output().unwrap());
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{args:?}");
        run.out
    };
    run(600, &DECLARE);
    run(0, &["ack", "1"]);
    run(-600, &["note", "1", "after a second jump"]);
    let resolve =
        ["resolve", "1", "--action", "rollback", "--detail", "v811", "--validation", "ok"];
    run(300, &resolve);
    run(-100_000, &DECLARE);
    run(0, &["doctor"]);
    let shown: serde_json::Value = serde_json::from_str(&run(0, &["show", "1", "--json"])).unwrap();
    let times: Vec<DateTime<Utc>> = shown["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["at"].as_str().unwrap().parse().unwrap())
        .collect();
    assert_eq!(times.len(), 4, "{shown}");
    assert!(times[0] <= times[1] && times[1] <= times[3], "{times:?}");
}
