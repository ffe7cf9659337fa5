//! The status of a response to commands, and how many of them were not carried out.

use redphone::api::Order;
use redphone::model::{IncidentCommand, IncidentId};
use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, declare, order};

async fn post(server: &TestServer, token: &str, commands: &[Order]) -> TestResponse {
    server.post(token, json!({ "commands": commands }).to_string()).await
}

#[tokio::test]
async fn refused_command_alone_has_the_status_of_its_refusal() {
    let server = TestServer::new().await;
    let (_, invalid) = declare(&"x".repeat(201));
    let response = post(&server, &server.respond, &[invalid]).await;
    response.refused(422, "rejected", "title");
    assert!(response.json()["rejection"].is_string());
    let id = server.declared("Card payments fail").await;
    let acknowledge = || order(id, IncidentCommand::Acknowledge);
    assert_eq!(post(&server, &server.respond, &[acknowledge()]).await.status, 200);
    post(&server, &server.respond, &[acknowledge()]).await.refused(409, "conflict", "");
}

/// A client of the first version would take these for a wrong token or path, and try for ever.
#[tokio::test]
async fn refusals_about_permission_are_inside_of_the_response() {
    let server = TestServer::new().await;
    let unknown = order(IncidentId::new(), IncidentCommand::Acknowledge);
    let id = server.declared("Card payments fail").await;
    let mut foreign = order(id, IncidentCommand::Acknowledge);
    foreign.as_person = Some("tom".into());
    for (token, command, status) in [
        (&server.respond, unknown, 404),
        (&server.ingest, order(id, IncidentCommand::Acknowledge), 403),
        (&server.respond, foreign, 401),
    ] {
        let response = post(&server, token, &[command]).await;
        assert_eq!(response.status, 200, "{response:?}");
        let json = response.json();
        assert_eq!(json["answers"][0]["refused"]["details"]["status"], status);
        assert_eq!(
            (&json["refused"], response.header("x-refused-commands")),
            (&1.into(), Some("1"))
        );
    }
}

#[tokio::test]
async fn response_to_several_commands_counts_those_refused() {
    let server = TestServer::new().await;
    let (id, declaration) = declare("Card payments fail");
    let acknowledge = || order(id, IncidentCommand::Acknowledge);
    let (_, invalid) = declare("");
    let commands = [declaration, acknowledge(), acknowledge(), invalid];
    let response = post(&server, &server.respond, &commands).await;
    assert_eq!(response.status, 200);
    let json: Value = response.json();
    assert_eq!((&json["refused"], response.header("x-refused-commands")), (&2.into(), Some("2")));
    let again = post(&server, &server.respond, &commands[..2]).await;
    assert_eq!(
        (&again.json()["refused"], again.header("x-refused-commands")),
        (&0.into(), Some("0"))
    );
}
