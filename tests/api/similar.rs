//! Incidents that resemble another one, over the API.

use redphone::backend::Backend;
use redphone::backend::http::Timeouts;
use rstest::rstest;

use crate::support::api::TestServer;
use crate::support::requests::declared;
use crate::support::served::Served;

#[tokio::test]
async fn similar_incidents_have_their_route() {
    let server = TestServer::new().await;
    let first = server.declared("Replica orders-7 is behind").await;
    server.declared("Logins time out").await;
    let last = server.declared("Replica orders-9 is behind").await;
    let found = server.get(&server.read, &format!("/v1/incidents/{last}/similar")).await;
    assert_eq!(found.status, 200, "{found:?}");
    let found = found.json();
    assert_eq!(found["similar"][0]["id"], first.to_string());
    assert_eq!(found["similar"][0]["same_fault"], true);
    // A number means the incident too, and those that came later are found.
    let found = server.get(&server.read, "/v1/incidents/INC-1/similar?limit=1").await.json();
    assert_eq!(found["similar"][0]["id"], last.to_string());
    assert_eq!(found["similar"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn client_reads_them() {
    let served = Served::start().await;
    let client = served.client(&served.url(), "ines", Timeouts::default());
    let first = declared(&client, "Replica orders-7 is behind").await;
    let id = declared(&client, "Replica orders-9 is behind").await;
    let found = client.similar(id, 10).await.unwrap().similar;
    assert_eq!(
        found.iter().map(|one| (one.id, one.same_fault)).collect::<Vec<_>>(),
        [(first, true)]
    );
}

#[rstest]
#[case("/v1/incidents/INC-9/similar", 404, "not_found")]
#[case("/v1/incidents/INC-1/similar?limit=0", 400, "bad_request")]
#[case("/v1/incidents/INC-1/similar?limit=101", 400, "bad_request")]
#[case("/v1/incidents/INC-1/similar?most=3", 400, "bad_request")]
#[tokio::test]
async fn wrong_requests_are_refused(#[case] path: &str, #[case] status: u16, #[case] code: &str) {
    let server = TestServer::new().await;
    server.declared("Replica orders-7 is behind").await;
    server.get(&server.read, path).await.refused(status, code, "");
}
