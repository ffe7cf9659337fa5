//! Links and mails by which a request for cover is answered, over a real server.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::{Backend, Ledger};
use redphone::model::id::CoverId;
use redphone::model::notification::{AnswerLink, LinkAction, LinkToken};
use redphone::model::oncall::{Cover, CoverState};
use redphone::model::{IncidentId, PersonRef};
use rstest::rstest;
use serde_json::json;
use uuid::Uuid;

use super::covers::{filled, send, server, span};
use crate::support::api::{TestResponse, TestServer, fetch};

/// A server on which ines requests cover, which tomo can give.
async fn requested(server: TestServer) -> (TestServer, CoverId) {
    let path = "/v1/schedules/web/covers";
    assert_eq!(send(&server, &server.respond, "POST", path, span()).await.status, 200);
    let id = server.store.directory().await.unwrap().covers[0].id;
    (server, id)
}

/// Stores a link of a person, and returns its token.
async fn issue(
    server: &TestServer,
    cover: CoverId,
    (person, action): (PersonRef, LinkAction),
    expires_at: DateTime<Utc>,
) -> LinkToken {
    let token = LinkToken::random().unwrap();
    let link = AnswerLink {
        digest: token.digest(),
        notification: Uuid::from_u128(7),
        incident: IncidentId::NONE,
        person,
        action,
        role: None,
        reminder: false,
        cover: Some(cover),
        expires_at,
        used_at: None,
    };
    assert!(server.store.issue_links(&[link], Utc::now()).await.unwrap());
    token
}

fn tomo() -> PersonRef {
    PersonRef::new("tomo", "Tomo Hayashi")
}

fn later() -> DateTime<Utc> {
    Utc::now() + TimeDelta::days(2)
}

async fn link(server: &TestServer, cover: CoverId, action: LinkAction) -> String {
    let token = issue(server, cover, (tomo(), action), later()).await;
    format!("/a/{}", token.expose())
}

async fn page(server: &TestServer, method: &str, path: &str) -> TestResponse {
    fetch(server.request(method, path).header("accept", "text/html")).await
}

fn text(response: &TestResponse) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

async fn cover(server: &TestServer) -> Cover {
    server.store.directory().await.unwrap().covers[0].clone()
}

#[rstest]
#[case("GET")]
#[case("HEAD")]
#[tokio::test]
async fn opening_the_page_accepts_nothing(#[case] method: &str) {
    let (server, id) = requested(server().await).await;
    let path = link(&server, id, LinkAction::AcceptCover).await;
    let response = page(&server, method, &path).await;
    assert_eq!(response.status, 200);
    let html = text(&response);
    if method == "GET" {
        for part in ["Cover on web", "Ines Moreau wants cover", "2090-03-04 00:00", "Stand in"] {
            assert!(html.contains(part), "{part} is not in {html}");
        }
        assert_eq!(html.matches("<button").count(), 1);
    }
    assert_eq!(cover(&server).await.state, CoverState::Open);
}

#[tokio::test]
async fn link_accepts_once_as_its_person() {
    let (server, id) = requested(server().await).await;
    let path = link(&server, id, LinkAction::AcceptCover).await;
    let done = page(&server, "POST", &path).await;
    assert_eq!(done.status, 200, "{}", text(&done));
    assert!(text(&done).contains("Tomo Hayashi stands in for Ines Moreau on web"));
    let accepted = cover(&server).await;
    assert_eq!(accepted.accepted_by.as_deref(), Some("tomo"));
    let log = server.get(&server.admin, "/v1/administration?limit=1").await.json();
    assert_eq!(log["rows"][0]["actor"]["person"]["handle"], "tomo");
    let again = page(&server, "POST", &path).await;
    assert_eq!(again.status, 200);
    assert!(text(&again).contains("Tomo Hayashi stands in for Ines Moreau"));
    let schedule = server.get(&server.read, "/v1/schedules/web").await.json();
    assert_eq!(schedule["overrides"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn link_ends_with_the_request() {
    let (server, id) = requested(server().await).await;
    let accept = link(&server, id, LinkAction::AcceptCover).await;
    let decline = link(&server, id, LinkAction::DeclineCover).await;
    let done = page(&server, "POST", &decline).await;
    assert_eq!(done.status, 200, "{}", text(&done));
    // Tomo was the only one who could accept.
    assert_eq!(cover(&server).await.state, CoverState::Declined);
    for method in ["GET", "POST"] {
        let ended = page(&server, method, &accept).await;
        assert_eq!(ended.status, 410, "{}", text(&ended));
        assert!(!text(&ended).contains("<button"));
    }
    assert_eq!(cover(&server).await.accepted_by, None);
}

#[tokio::test]
async fn link_that_has_expired_does_nothing() {
    let (server, id) = requested(server().await).await;
    let person = (tomo(), LinkAction::AcceptCover);
    let token = issue(&server, id, person, Utc::now() - TimeDelta::seconds(1)).await;
    let response = page(&server, "POST", &format!("/a/{}", token.expose())).await;
    assert_eq!(response.status, 410);
    assert_eq!(cover(&server).await.state, CoverState::Open);
}

#[tokio::test]
async fn rules_hold_for_links_as_well() {
    let (server, id) = requested(server().await).await;
    let zoe = (PersonRef::new("zoe", "Zoe"), LinkAction::AcceptCover);
    let token = issue(&server, id, zoe, later()).await;
    let response = page(&server, "POST", &format!("/a/{}", token.expose())).await;
    assert_eq!(response.status, 409, "{}", text(&response));
    assert_eq!(cover(&server).await.state, CoverState::Open);
    let unknown = (tomo(), LinkAction::AcceptCover);
    let token = issue(&server, CoverId::new(), unknown, later()).await;
    let response = page(&server, "GET", &format!("/a/{}", token.expose())).await;
    assert_eq!(response.status, 410, "{}", text(&response));
}

#[rstest]
#[case("accept", CoverState::Accepted)]
#[case("no, I am away", CoverState::Declined)]
#[tokio::test]
async fn cover_is_answered_by_mail(#[case] body: &str, #[case] expected: CoverState) {
    let server = TestServer::with(|options| {
        options.settings.answers.reply_address = Some("redphone+{token}@example.org".into());
    });
    let (server, id) = requested(filled(server.await).await).await;
    let token = issue(&server, id, (tomo(), LinkAction::Reply), later()).await;
    let mail = |body: &str| {
        let to = format!("redphone+{}@example.org", token.expose());
        let mail = format!("To: {to}\r\nSubject: Re\r\n\r\n{body}\r\n");
        let request = server.request("POST", "/v1/replies/mail").bearer_auth(&server.ingest);
        fetch(request.header("content-type", "message/rfc822").body(mail))
    };
    mail("escalate").await.refused(422, "rejected", "accept or decline");
    let done = mail(body).await;
    assert_eq!((done.status, &done.json()["answered"]), (200, &json!(true)), "{done:?}");
    assert_eq!(cover(&server).await.state, expected);
    let again = mail(body).await;
    assert_eq!(again.status, 200, "{again:?}");
}
