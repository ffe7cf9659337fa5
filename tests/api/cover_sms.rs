//! Text messages by which a request for cover is answered, over a real server.

use redphone::backend::Backend;
use redphone::model::oncall::{Cover, CoverState};
use redphone::model::status::Role;
use redphone::model::{IncidentCommand, IncidentId, PersonRef};
use rstest::rstest;
use serde_json::json;

use super::answers::{TWILIO_TOKEN, deliver, message, sms_server, text};
use super::covers::{filled, send, span};
use crate::support::api::TestServer;
use crate::support::notifications::{import, notification};
use crate::support::requests::ask;

const NUMBER: &str = "+4915112345678";

/// A server on which ines wants cover for as many days; tomo, whose telephone it knows, was sent each request.
async fn requested(days: u32) -> TestServer {
    requested_of(&[("tomo", NUMBER)], days).await
}

async fn requested_of(people: &[(&str, &str)], days: u32) -> TestServer {
    let server = filled(sms_server(people).await).await;
    for day in 0..days {
        let mut span = span();
        for (name, day) in [("from", day + 4), ("to", day + 5)] {
            span[name] = format!("2090-03-{day:02}T00:00:00Z").into();
        }
        let path = "/v1/schedules/web/covers";
        assert_eq!(send(&server, &server.respond, "POST", path, span).await.status, 200);
    }
    for (index, cover) in (0..).zip(covers(&server).await) {
        for (person, _) in people {
            let fields = json!({
                "person": {"handle": person, "name": person}, "kind": "reminder", "channel": "sms",
                "reminder": "cover requested", "cover": cover.id, "text": "Ines wants cover",
            });
            sent(&server, IncidentId::NONE, index * 2 + u32::from(*person == "tomo"), fields).await;
        }
    }
    server
}

/// Stores a message that was sent in a minute of its own.
async fn sent(server: &TestServer, incident: IncidentId, minute: u32, fields: serde_json::Value) {
    import(&server.store, &[notification(&incident.to_string(), minute, fields)]).await;
}

/// Declares an incident, and stores a message of this kind about it to tomo.
async fn sent_about_incident(server: &TestServer, minute: u32, kind: &str) -> IncidentId {
    let incident = server.declared("Card payments fail").await;
    let tomo = json!({"handle": "tomo", "name": "Tomo Hayashi"});
    sent(server, incident, minute, json!({"person": tomo, "kind": kind, "channel": "sms"})).await;
    incident
}

async fn covers(server: &TestServer) -> Vec<Cover> {
    server.store.directory().await.unwrap().covers
}

/// Delivers a text message of tomo, and returns what it is answered.
async fn say(server: &TestServer, body: &str) -> String {
    let response = deliver(server, &message(NUMBER, body, body), TWILIO_TOKEN).await;
    assert_eq!(response.status, 200, "{response:?}");
    text(&response)
}

#[rstest]
#[case("accept", CoverState::Accepted, "Tomo Hayashi stands in for Ines Moreau on web, 2090-03-04")]
#[case("Yes, I can", CoverState::Accepted, "Tomo Hayashi stands in for Ines Moreau on web")]
#[case("no", CoverState::Declined, "Tomo Hayashi does not stand in for Ines Moreau on web")]
#[case("decline, sorry", CoverState::Declined, "Tomo Hayashi does not stand in")]
#[tokio::test]
async fn request_is_answered_by_text_message_and_once(
    #[case] body: &str,
    #[case] state: CoverState,
    #[case] says: &str,
) {
    let server = requested(1).await;
    // Twilio may deliver a message again.
    for _ in 0..2 {
        let answer = say(&server, body).await;
        assert!(answer.contains(says), "{answer}");
    }
    let cover = &covers(&server).await[0];
    let is_accepted = state == CoverState::Accepted;
    assert_eq!((cover.state, cover.accepted_by.is_some()), (state, is_accepted));
    let log = server.get(&server.admin, "/v1/administration").await.json();
    assert_eq!(log["rows"][0]["actor"]["person"]["handle"], "tomo");
}

#[tokio::test]
async fn one_of_several_requests_has_to_be_named() {
    let server = requested(2).await;
    let answer = say(&server, "accept").await;
    assert!(answer.contains("say which: "), "{answer}");
    for cover in covers(&server).await {
        assert!(answer.contains(&format!("accept {} (Ines Moreau, ", cover.code())), "{answer}");
        assert_eq!((cover.state, cover.accepted_by), (CoverState::Open, None));
    }
    let code = covers(&server).await[1].code();
    let answer = say(&server, &format!("{} accept", code.to_uppercase())).await;
    assert!(answer.contains("stands in for Ines Moreau on web, 2090-03-05"), "{answer}");
    let states: Vec<CoverState> = covers(&server).await.iter().map(|cover| cover.state).collect();
    assert_eq!(states, [CoverState::Open, CoverState::Accepted]);
    // The other one is the only one now.
    let answer = say(&server, "y").await;
    assert!(answer.contains("stands in for Ines Moreau on web, 2090-03-04"), "{answer}");
}

#[rstest]
#[case::later_page("yes", 20, "1a (acknowledge INC-1)")]
#[case::later_page_refused("no", 20, "1a (acknowledge INC-1)")]
#[case::earlier_page_is_acknowledged("a", 0, "accept c")]
#[tokio::test]
async fn what_may_mean_an_incident_needs_a_clear_answer(
    #[case] body: &str,
    #[case] minute: u32,
    #[case] says: &str,
) {
    let server = requested(1).await;
    sent_about_incident(&server, minute, "page").await;
    let answer = say(&server, body).await;
    assert!(answer.contains("say which: ") && answer.contains(says), "{answer}");
    let code = covers(&server).await[0].code();
    assert!(answer.contains(&code), "{answer}");
    assert_eq!(covers(&server).await[0].state, CoverState::Open);
    assert!(say(&server, "1a").await.contains("INC-1 is acknowledged by Tomo Hayashi"));
}

#[tokio::test]
async fn last_page_is_acknowledged_without_a_question() {
    let server = requested(1).await;
    sent_about_incident(&server, 20, "page").await;
    assert!(say(&server, "a").await.contains("INC-1 is acknowledged by Tomo Hayashi"));
    assert_eq!(covers(&server).await[0].state, CoverState::Open);
    // Nothing else can be meant any more.
    assert!(say(&server, "accept").await.contains("Tomo Hayashi stands in for Ines Moreau"));
}

#[tokio::test]
async fn request_for_a_role_as_well_needs_a_clear_answer() {
    let server = requested(1).await;
    let incident = sent_about_incident(&server, 0, "role_request").await;
    let person = PersonRef::new("tomo", "Tomo Hayashi");
    let command = IncidentCommand::AskForRole { role: Role::Scribe, person };
    server.store.execute(&ask(incident, command)).await.unwrap();
    let answer = say(&server, "accept").await;
    assert!(answer.contains("1 accept (a role)"), "{answer}");
    assert_eq!(covers(&server).await[0].state, CoverState::Open);
    assert!(say(&server, "1 accept").await.contains("has accepted the role scribe"));
    assert!(say(&server, "yes").await.contains("Tomo Hayashi stands in for Ines Moreau"));
}

#[tokio::test]
async fn closed_request_is_answered_with_the_reason() {
    let server = requested(1).await;
    let path = format!("/v1/covers/{}/withdraw", covers(&server).await[0].id);
    assert_eq!(send(&server, &server.respond, "POST", &path, json!({})).await.status, 200);
    let answer = say(&server, "accept").await;
    assert!(answer.contains("is withdrawn, and can't be answered any more"), "{answer}");
    let code = covers(&server).await[0].code();
    let answer = say(&server, &format!("decline {code}")).await;
    assert!(answer.contains("is withdrawn, and can't be answered any more"), "{answer}");
}

#[rstest]
#[case("accept c00000", "there is no request for cover c00000")]
#[case("resolve CODE", "say accept CODE or decline CODE")]
#[case("12 accept CODE", "answer a to acknowledge")]
#[case("CODE", "answer a to acknowledge")]
#[tokio::test]
async fn wrong_code_changes_nothing(#[case] body: &str, #[case] says: &str) {
    let server = requested(1).await;
    let code = covers(&server).await[0].code();
    let answer = say(&server, &body.replace("CODE", &code)).await;
    assert!(answer.contains(&says.replace("CODE", &code)), "{answer}");
    assert_eq!(covers(&server).await[0].state, CoverState::Open);
}

#[tokio::test]
async fn number_of_two_people_answers_for_nobody() {
    let server = requested_of(&[("tomo", NUMBER), ("zoe", NUMBER)], 0).await;
    let team = json!({"members": ["ines", "tomo", "zoe"]});
    let put = send(&server, &server.admin, "PUT", "/v1/teams/web", team).await;
    assert_eq!(put.status, 200, "{put:?}");
    let path = "/v1/schedules/web/covers";
    assert_eq!(send(&server, &server.respond, "POST", path, span()).await.status, 200);
    let cover = covers(&server).await[0].clone();
    for (minute, person) in [(1, "tomo"), (2, "zoe")] {
        let fields = json!({
            "person": {"handle": person, "name": person}, "kind": "reminder", "channel": "sms",
            "reminder": "cover requested", "cover": cover.id, "text": "Ines wants cover",
        });
        sent(&server, IncidentId::NONE, minute, fields).await;
    }
    for body in ["accept".to_owned(), format!("accept {}", cover.code())] {
        let answer = say(&server, &body).await;
        assert!(answer.contains("several people have this number"), "{answer}");
    }
    assert_eq!(covers(&server).await[0].state, CoverState::Open);
}
