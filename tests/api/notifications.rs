//! The list of notifications over the API.

use redphone::backend::lists::NotificationSearch;
use redphone::backend::{Backend, PageMark};
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::api::TestServer;
use crate::support::notifications::{id, import, notification, of_a_night};

/// Returns the ids of the notifications on a page, by their indexes.
fn indexes(page: &Value) -> Vec<u32> {
    let rows = page["rows"].as_array().unwrap();
    let index = |row: &Value| {
        let own = row["notification"]["id"].as_str().unwrap();
        (1..10).find(|index| id(*index) == own).unwrap()
    };
    rows.iter().map(index).collect()
}

/// A server with the notifications of a night, and one of another incident.
async fn filled() -> TestServer {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let other = server.declared("Logins fail").await;
    import(&server.store, &of_a_night(incident)).await;
    import(&server.store, &[notification(&other.to_string(), 5, json!({}))]).await;
    server
}

#[rstest]
#[case("", &[5, 4, 3, 2, 1])]
#[case("?incident=INC-1", &[4, 3, 2, 1])]
#[case("?incident=inc2", &[5])]
#[case("?person=INES", &[5, 2, 1])]
#[case("?person=nobody", &[])]
#[case("?states=failed,unreachable", &[4, 2])]
#[case("?incident=1&states=sent&person=tom", &[3])]
#[case("?states=waiting", &[])]
#[tokio::test]
async fn notifications_are_selected(#[case] query: &str, #[case] expected: &[u32]) {
    let server = filled().await;
    let page = server.get(&server.read, &format!("/v1/notifications{query}")).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(indexes(&page.json()), expected);
}

#[tokio::test]
async fn pages_of_notifications_follow_one_another() {
    let server = filled().await;
    let (mut path, mut found) = ("/v1/notifications?limit=2".to_owned(), Vec::new());
    loop {
        let page = server.get(&server.respond, &path).await.json();
        found.extend(indexes(&page));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/notifications?limit=2&after={next}");
    }
    assert_eq!(found, [5, 4, 3, 2, 1]);
}

#[tokio::test]
async fn entry_has_its_incident_and_every_attempt() {
    let server = filled().await;
    let page = server.get(&server.read, "/v1/notifications?states=failed").await.json();
    let row = &page["rows"][0];
    assert_eq!(row["incident"]["title"], "Card payments fail");
    assert_eq!(row["notification"]["reason"], "the number is not in service");
    let outcomes: Vec<_> =
        row["attempts"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["temporary", "temporary", "permanent"]);
    let page = server.get(&server.read, "/v1/notifications?states=unreachable").await.json();
    assert_eq!(page["rows"][0]["attempts"], json!([]));
}

#[rstest]
#[case("?states=lost", 400, "bad_request", "states in the query")]
#[case("?incident=twelve", 400, "bad_request", "is no incident")]
#[case("?incident=INC-900", 404, "not_found", "INC-900")]
#[case("?limit=1001", 400, "bad_request", "limit")]
#[case("?after=k5", 422, "rejected", "page")]
#[case("?owner=ines", 400, "bad_request", "owner")]
#[tokio::test]
async fn wrong_query_of_notifications_is_refused(
    #[case] query: &str,
    #[case] status: u16,
    #[case] code: &str,
    #[case] expected: &str,
) {
    let server = filled().await;
    let response = server.get(&server.read, &format!("/v1/notifications{query}")).await;
    response.refused(status, code, expected);
}

#[tokio::test]
async fn program_that_only_declares_reads_no_notifications() {
    let server = filled().await;
    let response = server.get(&server.ingest, "/v1/notifications").await;
    response.refused(403, "not_allowed", "");
}

#[tokio::test]
async fn store_gives_the_pages_that_the_route_gives() {
    let server = filled().await;
    let page = server.store.notifications(&NotificationSearch::first(2)).await.unwrap();
    assert!(matches!(page.next, Some(PageMark::Notification(..))), "{page:?}");
    let over_the_api = server.get(&server.read, "/v1/notifications?limit=2").await.json();
    assert_eq!(serde_json::to_value(&page).unwrap(), over_the_api);
}
