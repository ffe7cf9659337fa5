//! A server that is older than its client has no lists over all incidents.

use redphone::api::{Details, ErrorCode};
use redphone::backend::lists::{
    ActionItemSearch, ChangeSearch, FeedSearch, NotificationSearch, ProblemSearch, ReviewSearch,
};
use redphone::backend::{Backend, BackendError};

use super::fixtures::{ClientFixture, refusal};
use crate::support::proxy::Proxy;

#[tokio::test]
async fn lists_of_an_older_server_are_named_in_one_sentence() {
    let details =
        Details::new(ErrorCode::NotFound, "there is no such path: /v1/openapi.json lists all");
    let server = Proxy::start(None, move |_| refusal(&details)).await;
    let fixture = ClientFixture::new();
    let client = fixture.client(&server.url());
    let host = server.address.to_string();
    let errors: [(BackendError, &str); 6] = [
        (client.feed(&FeedSearch::first(5)).await.unwrap_err(), "feed"),
        (client.recorded_changes(&ChangeSearch::first(5)).await.unwrap_err(), "list of changes"),
        (client.reviews(&ReviewSearch::first(5)).await.unwrap_err(), "list of reviews"),
        (
            client.action_items(&ActionItemSearch::first(5)).await.unwrap_err(),
            "list of action items",
        ),
        (
            client.linked_problems(&ProblemSearch::first(5)).await.unwrap_err(),
            "list of problems with their incidents",
        ),
        (
            client.notifications(&NotificationSearch::first(5)).await.unwrap_err(),
            "list of notifications",
        ),
    ];
    for (error, list) in errors {
        let sentence = format!(
            "the redphone on {host} is older than this one and has no {list}: update it there"
        );
        assert_eq!(error.to_string(), sentence);
        assert!(matches!(error, BackendError::NotAllowed(_)) && !error.is_temporary());
    }
}
