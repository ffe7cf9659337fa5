//! Verbs on the command line while the API does not answer: they are queued, and sent later.

use rstest::rstest;
use serde_json::Value;

use super::command_line::{ClientFixture, DECLARE, json};
use crate::support::served::Served;

/// A server with two incidents, which a client has seen.
async fn seen() -> Served {
    let server = Served::start().await;
    let fixture = ClientFixture { server: &server };
    fixture.ok("tom", &DECLARE);
    fixture.ok("tom", &DECLARE);
    for number in ["1", "2"] {
        fixture.ok("ines", &["show", number]);
    }
    // The API has reported the person of the token.
    assert_eq!(fixture.run("ines", &["feed"]).code, 0);
    server
}

/// Returns the timeline of an incident: kind and actor of each event.
fn timeline(fixture: &ClientFixture<'_>, number: &str) -> Vec<(String, String)> {
    let shown = json(&fixture.ok("eye", &["show", number, "--json"]));
    let events = shown[0]["timeline"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    events
        .iter()
        .map(|event| (text(&event["kind"]), text(&event["actor"]["person"]["handle"])))
        .collect()
}

#[rstest]
#[case(&["own", "1"], "assigned")]
#[case(&["assign", "1", "Tom Varga"], "assigned")]
#[case(&["snooze", "1", "4h"], "snoozed")]
#[case(&["priority", "1", "p3", "--reason", "fewer than feared"], "prioritized")]
#[case(&["services", "1", "checkout", "cdn"], "services_set")]
#[case(&["merge", "1", "2", "--yes"], "merged_into")]
#[case(&["link", "1", "INC-2"], "linked")]
#[case(&["role", "1", "scribe", "me"], "role_given")]
#[case(&["update", "1", "--template", "update", "--yes"], "stakeholders_updated")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verb_is_queued_and_sent_once_the_server_is_back(
    #[case] args: &[&str],
    #[case] kind: &str,
) {
    let mut server = seen().await;
    server.stop().await;
    let run = ClientFixture { server: &server }.run("ines", args);
    assert_eq!((run.code, run.out.as_str()), (5, ""), "{run:?}");
    let queued = "kept, and sent by the next redphone that runs or by `redphone outbox send`";
    assert!(run.err.starts_with("redphone: INC-1: ") && run.err.contains(queued), "{run:?}");
    server.again().await;
    let fixture = ClientFixture { server: &server };
    let sent = fixture.run("ines", &["outbox", "send"]);
    assert_eq!(sent.code, 0, "{sent:?}");
    let timeline = timeline(&fixture, "1");
    let expected = [("declared".into(), "tom".into()), (kind.to_owned(), "ines".into())];
    assert_eq!(timeline, expected, "{args:?}");
    let outbox = json(&fixture.ok("ines", &["outbox", "--json"]));
    let states: Vec<&Value> = outbox.iter().map(|entry| &entry["state"]).collect();
    assert_eq!(states, ["sent"], "{outbox:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verbs_on_several_incidents_are_queued_in_order() {
    let mut server = seen().await;
    server.stop().await;
    {
        let fixture = ClientFixture { server: &server };
        let run = fixture.run("ines", &["ack", "1", "2", "--json"]);
        assert_eq!(run.code, 5, "{run:?}");
        for (line, incident) in json(&run.out).iter().zip(["INC-1", "INC-2"]) {
            assert_eq!((&line["incident"], &line["kept"]), (&incident.into(), &true.into()));
            assert_eq!(line["done"], false);
        }
        for (number, text) in [("1", "first"), ("1", "second"), ("2", "third")] {
            assert_eq!(fixture.run("ines", &["note", number, text]).code, 5);
        }
        let waiting = json(&fixture.run("ines", &["outbox", "--json"]).out);
        assert_eq!(waiting.len(), 5, "{waiting:?}");
    }
    server.again().await;
    let fixture = ClientFixture { server: &server };
    // Whatever runs next sends what waits before it does its own part.
    let run = fixture.run("ines", &["note", "1", "fourth"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(fixture.run("ines", &["outbox", "send"]).code, 0);
    let by_ines = |kind: &str| (kind.to_owned(), "ines".to_owned());
    let (note, ack) = (by_ines("note_added"), by_ines("acknowledged"));
    assert_eq!(
        timeline(&fixture, "1")[1..],
        [ack.clone(), note.clone(), note.clone(), note.clone()]
    );
    assert_eq!(timeline(&fixture, "2")[1..], [ack, note]);
}

/// Whose the token is only the API can say, and a command with another name would be wrong.
#[rstest]
#[case(&["own", "1"], 1)]
#[case(&["role", "1", "scribe", "me"], 1)]
#[case(&["assign", "1", "me"], 1)]
#[case(&["assign", "1", "tom"], 5)]
#[case(&["ack", "1"], 5)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn verb_names_nobody_before_the_api_said_who_it_is(#[case] args: &[&str], #[case] code: i32) {
    let mut server = Served::start().await;
    let fixture = ClientFixture { server: &server };
    fixture.ok("tom", &DECLARE);
    fixture.ok("ines", &["show", "1"]);
    server.stop().await;
    let fixture = ClientFixture { server: &server };
    let run = fixture.run("ines", args);
    assert_eq!((run.code, run.out.as_str()), (code, ""), "{run:?}");
    assert_eq!(run.err.contains("has not confirmed yet who you are"), code == 1, "{run:?}");
    let waiting = fixture.run("ines", &["outbox", "--json"]);
    assert_eq!(waiting.out.is_empty(), code == 1, "{waiting:?}");
}

/// Nothing is queued that can't be understood, and nothing of which the incident is unknown.
#[rstest]
#[case(&["ack", "99"], 4, "refuses the connection")]
#[case(&["assign", "1", "nobody-at-all"], 1, "nobody is called")]
#[case(&["snooze", "1", "yesterday"], 1, "is no time")]
#[case(&["link", "1", "INC-99"], 4, "refuses the connection")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_refused_is_not_queued(
    #[case] args: &[&str],
    #[case] code: i32,
    #[case] expected: &str,
) {
    let mut server = seen().await;
    server.stop().await;
    let fixture = ClientFixture { server: &server };
    let run = fixture.run("ines", args);
    assert_eq!((run.code, run.out.as_str()), (code, ""), "{run:?}");
    assert!(run.err.contains(expected), "{run:?}");
    let waiting = fixture.run("ines", &["outbox", "--json"]);
    assert_eq!(waiting.out, "", "{waiting:?}");
}
