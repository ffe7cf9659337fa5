//! Names that the directory does not have are marked in every row and record that the API sends.

use std::time::Duration;

use chrono::Utc;
use redphone::backend::Backend;
use redphone::model::directory::{Directory, Service, Team};
use redphone::model::{
    Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, PersonRef,
};
use serde_json::{Value, json};

use crate::support::api::{TestServer, declare, done};

fn service(name: &str, team: &str) -> Service {
    Service {
        name: name.into(),
        team: team.into(),
        depends_on: Vec::new(),
        runbook: None,
        objective: None,
        public_name: None,
    }
}

fn directory(services: Vec<Service>) -> Directory {
    Directory {
        people: vec![PersonRef::new("ines", "Ines Moreau")],
        teams: vec![Team { name: "payments".into(), members: Vec::new() }],
        services,
        ..Directory::default()
    }
}

async fn execute(server: &TestServer, incident: IncidentId, command: IncidentCommand) {
    let envelope = Envelope {
        id: CommandId::new(),
        at: Utc::now(),
        actor: Actor::Person(PersonRef::new("sam", "Sam Okafor")),
        command: Command::incident(incident, command),
        expected_seq: None,
    };
    server.store.execute(&envelope).await.unwrap();
}

/// Returns the row of an incident in a response with rows.
fn row(response: &Value, id: IncidentId) -> Value {
    let rows = response["rows"].as_array().unwrap();
    rows.iter().find(|row| row["id"] == id.to_string()).cloned().unwrap_or_default()
}

#[tokio::test]
async fn unknown_names_are_marked_in_rows_and_records() {
    let server = TestServer::new().await;
    let checkout = service("checkout", "payments");
    server.store.set_directory(&directory(vec![checkout.clone()])).await.unwrap();
    let good = server.declared("All names are there").await;
    let (id, mut order) = declare("Pay is slow");
    order.accept_unknown = true;
    if let Command::Incident { command: IncidentCommand::Declare(declaration), .. } =
        &mut order.command
    {
        declaration.services = vec!["checkout".into(), "pay".into()];
        declaration.team = Some("nobodys".into());
    }
    let answers = server.send(&server.respond, vec![order]).await;
    let outcome = serde_json::to_value(done(&answers[0])).unwrap();
    let mut unknown = json!({"services": ["pay"], "team": "nobodys"});
    assert_eq!(outcome["row"]["unknown"], unknown);

    // A requester who is not in the directory is not refused, only marked.
    let to = Some(PersonRef::new("sam", "Sam Okafor"));
    execute(&server, id, IncidentCommand::Assign { to }).await;
    unknown["people"] = json!(["sam"]);
    for path in ["/v1/incidents", "/v1/incidents?sort=newest&limit=7", "/v1/changes"] {
        let response = server.get(&server.read, path).await.json();
        assert_eq!(row(&response, id)["unknown"], unknown, "{path}");
        assert_eq!(row(&response, good).get("unknown"), None, "{path}");
    }
    let record = server.get(&server.read, &format!("/v1/incidents/{id}")).await.json();
    assert_eq!(record["incident"]["unknown"], unknown);

    // A directory with the names has nothing to mark, from then on.
    let services = vec![checkout, service("pay", "nobodys")];
    server.store.set_directory(&directory(services)).await.unwrap();
    let since = server.get(&server.read, "/v1/changes").await.json()["cursor"].clone();
    let path = format!("/v1/changes?since={}&wait=30", since.as_str().unwrap());
    let waiting = server.get(&server.read, &path);
    let assign = execute(&server, id, IncidentCommand::Assign { to: None });
    let response = async {
        let request = tokio::time::timeout(Duration::from_mins(1), waiting);
        tokio::join!(request, assign).0.expect("the change is sent").json()
    };
    let sent = row(&response.await, id);
    assert_eq!(sent["assignee"], Value::Null, "{sent}");
    assert_eq!(sent.get("unknown"), None, "{sent}");
    let record = server.get(&server.read, &format!("/v1/incidents/{id}")).await.json();
    assert_eq!(record["incident"].get("unknown"), None, "nobody who is named is unknown: {record}");
}

#[tokio::test]
async fn directory_without_names_marks_none() {
    let server = TestServer::new().await;
    server.store.set_directory(&Directory::default()).await.unwrap();
    let id = server.declared("Pay is slow").await;
    for path in [format!("/v1/incidents/{id}"), "/v1/incidents".to_owned()] {
        let text = server.get(&server.read, &path).await.json().to_string();
        assert!(!text.contains("\"unknown\""), "{text}");
    }
}
