//! Notifications on the record and on line 1; and when they are read again.

use chrono::{DateTime, TimeDelta, Utc};
use insta::assert_snapshot;
use redphone::backend::lists::{List, NoSuchList, NotificationEntry};
use redphone::backend::{BackendError, Page};
use redphone::model::Summary;
use redphone::sync::Sourced;
use redphone::tui::core::message::{Message, Timer};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::notifications::entry;
use crate::support::stage::{Stage, sized};

/// Returns a time before or after the present one of the stage, as JSON has it.
fn at(stage: &Stage, seconds: i64) -> String {
    let at: DateTime<Utc> = stage.now + TimeDelta::seconds(seconds);
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn row(stage: &Stage) -> Summary {
    stage.memory.read(2051).0.incident.summary.clone()
}

/// Sets notifications of the selected incident with these fields, and reads its record again.
fn notify(stage: &mut Stage, changed: &[Value]) {
    let row = row(stage);
    let entries: Vec<NotificationEntry> = (1..)
        .zip(changed)
        .map(|(index, changed)| {
            let mut fields = json!({"updated_at": at(stage, -60)});
            for (name, value) in changed.as_object().cloned().unwrap_or_default() {
                fields[name] = value;
            }
            entry(&row, index, fields)
        })
        .collect();
    stage.memory.set_notifications(entries);
    stage.keys("R");
}

fn busy_night(stage: &Stage) -> Vec<Value> {
    let person = |handle: &str, name: &str| json!({"handle": handle, "name": name});
    vec![
        json!({}),
        json!({
            "channel": "sms", "contact": "sms", "state": "failed", "attempts": 3,
            "reason": "the number is not in service", "updated_at": at(stage, -40),
        }),
        json!({"person": person("tom", "Tom Varga"), "attempts": 2, "perhaps_twice": true}),
        json!({
            "person": person("mei", "Mei Castellan"), "channel": "", "contact": "",
            "state": "unreachable", "attempts": 0, "reason": "the person has no contact",
        }),
        json!({
            "person": person("omar", "Omar Haddadi"), "state": "waiting", "attempts": 0,
            "next_try": at(stage, 90),
        }),
    ]
}

#[rstest]
fn record_has_a_line_for_each_person(#[values((126, 36), (80, 24))] size: (u16, u16)) {
    let mut stage = Stage::busy_at(size);
    let night = busy_night(&stage);
    notify(&mut stage, &night);
    stage.app.notices.toast = None;
    assert_snapshot!(sized("notified", size), stage.screen());
    stage.keys("Enter");
    assert_snapshot!(sized("notified_record", size), stage.screen());
}

#[test]
fn each_outcome_is_on_the_record() {
    let mut stage = Stage::busy_at((200, 60));
    let night = busy_night(&stage);
    notify(&mut stage, &night);
    stage.keys("Enter");
    let screen = stage.screen();
    for text in [
        "Notified   ines by ntfy phone 22:40:12 sent",
        "by sms 22:40:32 failed",
        "tom? by ntfy phone 22:40:12 sent (2nd attempt, perhaps twice)",
        "mei? 22:40:12 unreachable: the person has no contact",
        "omar? by ntfy phone 22:40:12 waiting (due 22:42:42)",
    ] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
}

#[rstest]
#[case(&[], None)]
#[case(&[("sent", 0)], None)]
#[case(&[("waiting", 60)], Some("paging ines"))]
#[case(&[("waiting", 7200)], None)]
#[case(&[("sending", 0), ("sending", 0), ("waiting", 5)], Some("paging ines +2"))]
fn line_1_says_whom_a_page_is_on_its_way_to(
    #[case] states: &[(&str, i64)],
    #[case] expected: Option<&str>,
) {
    let mut stage = Stage::busy();
    let before = stage.screen().lines().next().expect("line 1").to_owned();
    let handles = ["ines", "tom", "mei"];
    let changed: Vec<Value> = states
        .iter()
        .zip(handles)
        .map(|((state, due), handle)| {
            let person = json!({"handle": handle, "name": handle});
            json!({"state": state, "person": person, "next_try": at(&stage, *due)})
        })
        .collect();
    notify(&mut stage, &changed);
    let after = stage.screen().lines().next().expect("line 1").to_owned();
    match expected {
        Some(text) => assert!(after.contains(&format!("{text}  ")), "{after}"),
        None => assert_eq!(after, before),
    }
}

#[rstest]
#[case::nothing_under_way("sent", 0, None)]
#[case::failed("failed", 0, None)]
#[case::due_soon("waiting", 10, Some(10))]
#[case::due_now("waiting", 0, Some(3))]
#[case::in_an_hour("waiting", 3600, Some(60))]
#[case::overdue("waiting", -40, Some(10))]
fn list_is_read_again_only_while_something_is_under_way(
    #[case] state: &str,
    #[case] due: i64,
    #[case] expected: Option<u64>,
) {
    let mut stage = Stage::busy();
    assert!(stage.notified_timers.is_empty(), "nobody was notified");
    let changed = json!({"state": state, "next_try": at(&stage, due)});
    notify(&mut stage, &[changed]);
    let waits: Vec<u64> = stage.notified_timers.iter().map(|(wait, _)| wait.as_secs()).collect();
    assert_eq!(waits, Vec::from_iter(expected));
    // One timer is enough, whatever happens meanwhile.
    stage.pass(1);
    assert_eq!(stage.notified_timers.len(), waits.len());
}

#[test]
fn timer_shows_what_has_become_of_a_page() {
    let mut stage = Stage::busy();
    let changed = json!({"state": "waiting", "next_try": at(&stage, 5)});
    notify(&mut stage, &[changed]);
    assert!(stage.screen().contains("paging ines"), "{}", stage.screen());
    let (_, timer) = stage.notified_timers.pop().expect("a timer");
    stage.memory.set_notifications(vec![entry(&row(&stage), 1, json!({}))]);
    stage.send(Message::Elapsed(timer));
    assert!(!stage.screen().contains("paging ines"), "{}", stage.screen());
    assert!(stage.notified_timers.is_empty());
    // An earlier timer does nothing.
    let requests = stage.app.notified.last_request;
    stage.send(Message::Elapsed(Timer::Notified(0)));
    assert_eq!(stage.app.notified.last_request, requests);
}

#[test]
fn nothing_is_read_again_behind_a_list_screen() {
    let mut stage = Stage::busy();
    let changed = json!({"state": "waiting", "next_try": at(&stage, 5)});
    notify(&mut stage, &[changed]);
    stage.keys("g o");
    let (_, timer) = stage.notified_timers.pop().expect("a timer");
    let requests = stage.app.notified.last_request;
    stage.send(Message::Elapsed(timer));
    assert_eq!(stage.app.notified.last_request, requests);
    assert!(stage.notified_timers.is_empty());
    stage.keys("Esc");
    assert_eq!(stage.app.notified.last_request, requests + 1);
    assert_eq!(stage.notified_timers.len(), 1);
}

#[test]
fn failed_read_says_so_and_the_lines_stay() {
    let mut stage = Stage::busy_at((200, 60));
    let changed = json!({"state": "waiting", "next_try": at(&stage, 5)});
    notify(&mut stage, &[changed]);
    let (_, timer) = stage.notified_timers.pop().expect("a timer");
    stage.memory.fail(Some(BackendError::Unreachable("the API is gone".into())));
    stage.send(Message::Elapsed(timer));
    let screen = stage.screen();
    assert!(screen.contains("not read anew: the API is gone"), "{screen}");
    assert!(screen.contains("ines by ntfy phone"), "{screen}");
    let waits: Vec<u64> = stage.notified_timers.iter().map(|(wait, _)| wait.as_secs()).collect();
    assert_eq!(waits, [15], "it is tried again, less often");
}

/// Answers a request for the notifications of the selected incident.
fn answer(stage: &mut Stage, result: Result<Sourced<Page<NotificationEntry>>, BackendError>) {
    let id = stage.target();
    stage.app.notified.in_flight = Some((99, id));
    stage.send(Message::Notified(99, id, result, stage.now));
}

#[test]
fn backend_without_the_list_shows_nothing() {
    let mut stage = Stage::busy();
    let before = stage.screen();
    let no_list = NoSuchList { list: List::Notifications, host: None };
    answer(&mut stage, Err(BackendError::not_allowed(no_list)));
    assert_eq!(stage.screen(), before);
    assert!(stage.notified_timers.is_empty());
}

#[test]
fn cached_list_says_as_of_when_it_is() {
    let mut stage = Stage::busy_at((200, 60));
    let rows = vec![entry(&row(&stage), 1, json!({}))];
    let page = Page { rows, next: None, total: None, counts: None };
    let fetched_at = stage.now - TimeDelta::minutes(9);
    answer(&mut stage, Ok(Sourced::cached(page, fetched_at)));
    assert!(stage.screen().contains("as of 22:32"), "{}", stage.screen());
}

#[test]
fn answer_of_an_earlier_request_is_dropped() {
    let mut stage = Stage::busy();
    let page = Page {
        rows: vec![entry(&row(&stage), 1, json!({}))],
        next: None,
        total: None,
        counts: None,
    };
    let id = stage.target();
    stage.send(Message::Notified(77, id, Ok(Sourced::fresh(page)), stage.now));
    assert!(!stage.screen().contains("Notified"), "{}", stage.screen());
}

#[test]
fn past_state_has_no_notifications_of_now() {
    let mut stage = Stage::busy_at((200, 60));
    notify(&mut stage, &[json!({})]);
    stage.keys("Enter");
    assert!(stage.screen().contains("Notified"), "{}", stage.screen());
    stage.keys("[");
    assert!(stage.app.travel.is_some(), "{}", stage.screen());
    assert!(!stage.screen().contains("Notified"), "{}", stage.screen());
}
