//! Reads and commands through every route.

use redphone::api::{Answered, Order};
use redphone::backend::{Backend, Capabilities, Delta, Detail, Page};
use redphone::model::command::CommandKind;
use redphone::model::{Actor, Event, IncidentCommand, PersonRef, Summary};

use crate::support::api::{TestServer, declare, done, fetch, order};

#[tokio::test]
async fn submitted_incident_is_found_by_every_route() {
    let server = TestServer::new().await;
    let (id, declaration) = declare("Card payments fail");
    let answers = server
        .send(&server.respond, vec![declaration, order(id, IncidentCommand::Acknowledge)])
        .await;
    assert_eq!(answers.len(), 2);
    assert_eq!(done(&answers[0]).incident, Some(id));
    let page: Page<Summary> =
        serde_json::from_slice(&server.get(&server.read, "/v1/incidents").await.body).unwrap();
    assert_eq!(page.rows.len(), 1);
    assert_eq!(page.rows[0].title, "Card payments fail");
    let detail = server.get(&server.read, &format!("/v1/incidents/{id}")).await;
    let detail: Detail = serde_json::from_slice(&detail.body).unwrap();
    assert_eq!(detail, server.store.incident(id).await.unwrap());
    let timeline = server.get(&server.read, &format!("/v1/incidents/{id}/timeline?limit=1")).await;
    let timeline: Vec<Event> = serde_json::from_slice(&timeline.body).unwrap();
    assert_eq!(timeline.len(), 1);
    assert_eq!(timeline[0].actor, Actor::Person(PersonRef::new("ines", "Ines Moreau")));
    let number = server.get(&server.read, "/v1/numbers/INC-1").await.json();
    assert_eq!(number["id"], id.to_string());
    let delta = server.get(&server.read, "/v1/changes").await;
    let delta: Delta = serde_json::from_slice(&delta.body).unwrap();
    assert!(delta.reset && delta.rows.len() == 1);
    for path in ["/v1/directory", "/v1/problems", "/v1/metrics", "/v1/health", "/v1/ready"] {
        assert_eq!(server.get(&server.read, path).await.status, 200, "{path}");
    }
    let measures = "/v1/measures?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z";
    assert_eq!(server.get(&server.read, measures).await.status, 200);
}

#[tokio::test]
async fn capabilities_and_identity_follow_from_the_token() {
    let server = TestServer::new().await;
    let of = async |token: &str| {
        let response = server.get(token, "/v1/capabilities").await;
        serde_json::from_slice::<Capabilities>(&response.body).unwrap()
    };
    let ines = of(&server.respond).await;
    assert_eq!(ines.me, Some(PersonRef::new("ines", "Ines Moreau")));
    assert!(
        ines.verbs.contains(&CommandKind::Acknowledge)
            && !ines.verbs.contains(&CommandKind::RepeatAlert)
    );
    let wall = of(&server.read).await;
    assert!(wall.verbs.is_empty());
    let program = of(&server.ingest).await;
    assert_eq!((program.me, program.verbs.len()), (None, 3));
    assert_eq!(of(&server.admin).await.verbs.len(), CommandKind::ALL.len());
}

#[tokio::test]
async fn command_beyond_the_scope_is_refused_and_others_are_executed() {
    let server = TestServer::new().await;
    let (id, declaration) = declare("Disk full");
    let commands = vec![declaration, order(id, IncidentCommand::Acknowledge)];
    let answers = server.send(&server.ingest, commands).await;
    let outcome = done(&answers[0]);
    assert_eq!(outcome.events[0].actor, Actor::Integration("Alertmanager".into()));
    let Answered::Refused { details, .. } = &answers[1] else { panic!("{answers:?}") };
    assert_eq!(details.code, "not_allowed");
    let refused = server.post(&server.read, r#"{"commands":[]}"#).await;
    refused.refused(403, "not_allowed", "of scope read may not send commands");
}

#[tokio::test]
async fn command_naming_its_requester_is_run_for_nobody_else() {
    let server = TestServer::new().await;
    let response = server.get(&server.respond, "/v1/capabilities").await;
    assert!(serde_json::from_slice::<Capabilities>(&response.body).unwrap().checks_person);
    let (id, declaration) = declare("Disk full");
    let order_as =
        |person: &str, command| Order { as_person: Some(person.into()), ..order(id, command) };
    let note = || IncidentCommand::AddNote { text: "seen".into() };
    let commands = vec![declaration, order_as("tom", note()), order_as("ines", note())];
    let answers = server.send(&server.respond, commands).await;
    let Answered::Refused { details, .. } = &answers[1] else { panic!("{answers:?}") };
    let expected = "it was asked by tom, and the token is ines's: send it with a token of tom";
    assert_eq!((details.code.as_str(), details.detail.as_str()), ("other_person", expected));
    assert_eq!(done(&answers[2]).events.len(), 1);
    // The token of an integration acts for no person.
    let answers =
        server.send(&server.ingest, vec![order_as("ines", IncidentCommand::Acknowledge)]).await;
    assert!(matches!(&answers[0], Answered::Refused { .. }), "{answers:?}");
}

#[tokio::test]
async fn unknown_path_and_wrong_method_share_one_error_format() {
    let server = TestServer::new().await;
    server.get(&server.read, "/v2/incidents").await.refused(404, "not_found", "no such path");
    let response =
        fetch(server.request("DELETE", "/v1/incidents").bearer_auth(&server.admin)).await;
    response.refused(405, "no_such_method", "Allow");
    assert!(response.header("allow").unwrap().contains("GET"));
}

#[tokio::test]
async fn filter_of_too_many_terms_is_refused() {
    let server = TestServer::new().await;
    let path_with_terms =
        |count: usize| format!("/v1/incidents?filter={}", vec!["service:cdn"; count].join("+"));
    assert_eq!(server.get(&server.read, &path_with_terms(64)).await.status, 200);
    let response = server.get(&server.read, &path_with_terms(65)).await;
    response.refused(422, "rejected", "has 65 words and terms: shorten it to 64 or fewer");
}
