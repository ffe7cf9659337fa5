//! The zone in which the days of a filter are meant.

use chrono::{DateTime, Utc};
use redphone::backend::Backend;
use redphone::model::command::Declaration;
use redphone::model::{IncidentCommand, IncidentId};
use rstest::rstest;
use serde_json::Value;

use crate::support::api::TestServer;
use crate::support::commands::declaration;
use crate::support::requests::ask;

/// A server with incidents around midnight in UTC and in Berlin, an hour before it.
async fn at_midnight() -> TestServer {
    let server = TestServer::new().await;
    for at in ["2026-03-01T22:30:00Z", "2026-03-01T23:30:00Z", "2026-03-02T00:30:00Z"] {
        let reported_at: DateTime<Utc> = at.parse().unwrap();
        let declaration = Declaration { detected_at: reported_at, reported_at, ..declaration(at) };
        let command = IncidentCommand::Declare(Box::new(declaration));
        server.store.execute(&ask(IncidentId::new(), command)).await.unwrap();
    }
    server
}

fn numbers(page: &Value) -> Vec<u64> {
    let rows = page["rows"].as_array().unwrap();
    rows.iter().map(|row| row["number"].as_u64().unwrap()).collect()
}

#[rstest]
#[case("on:2026-03-01", &[1, 2])]
#[case("on:2026-03-01&zone=UTC", &[1, 2])]
#[case("on:2026-03-01&zone=Europe/Berlin", &[1])]
#[case("on:2026-03-02&zone=europe/berlin", &[2, 3])]
#[case("on:2026-03-01&zone=America/New_York", &[1, 2, 3])]
#[case("since:yesterday&now=2026-03-02T12:00:00Z&zone=Europe/Berlin", &[1, 2, 3])]
#[case("since:today&now=2026-03-02T12:00:00Z&zone=Europe/Berlin", &[2, 3])]
#[case("since:today&now=2026-03-02T12:00:00Z", &[3])]
#[case("p1&zone=Europe/Berlin", &[1, 2, 3])]
#[tokio::test]
async fn days_of_a_filter_are_those_of_the_zone(#[case] query: &str, #[case] expected: &[u64]) {
    let server = at_midnight().await;
    let path = format!("/v1/incidents?sort=oldest&filter=is:any+{query}");
    let page = server.get(&server.read, &path).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(numbers(&page.json()), expected);
    // The response that many share is that of the same zone.
    assert_eq!(numbers(&server.get(&server.read, &path).await.json()), expected);
}

#[tokio::test]
async fn unknown_zone_is_named() {
    let server = at_midnight().await;
    let page = server.get(&server.read, "/v1/incidents?zone=Europe/Berlen").await;
    page.refused(422, "rejected", "zone: is no time zone");
}
