//! Attempts that must have no effect: links that are opened, guessed, changed or shown elsewhere,
//! and answers that are forged, altered or sent again.

use redphone::backend::Backend;
use redphone::model::Status;
use rstest::rstest;
use serde_json::json;

use super::{
    TWILIO_TOKEN, acknowledge_link, deliver, events, mail, mail_scene, message, page, press, sign,
    text, with_sms,
};
use crate::support::api::{TestServer, fetch};
use crate::support::notifications::{import, notification};

#[rstest]
#[case("OPTIONS")]
#[case("PUT")]
#[case("PATCH")]
#[case("DELETE")]
#[case("TRACE")]
#[tokio::test]
async fn other_methods_do_not_act(#[case] method: &str) {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let path = acknowledge_link(&server, incident).await;
    let response = page(&server, method, &path).await;
    assert!(response.status >= 200, "{response:?}");
    assert_eq!(events(&server, incident).await.len(), 1);
    // The link counts as before.
    assert_eq!(press(&server, &path).await.status, 200);
    assert_eq!(events(&server, incident).await.len(), 2);
}

#[tokio::test]
async fn no_page_is_stored_framed_or_passed_on() {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let path = acknowledge_link(&server, incident).await;
    let question = page(&server, "GET", &path).await;
    let done = press(&server, &path).await;
    let used = page(&server, "GET", &path).await;
    let unknown = page(&server, "GET", "/a/0123456789abcdefghijklmno").await;
    let statuses = [&question, &done, &used, &unknown].map(|response| response.status);
    assert_eq!(statuses, [200, 200, 410, 404]);
    for response in [question, done, used, unknown] {
        let header = |name| response.header(name).unwrap_or_default().to_owned();
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-frame-options"), "DENY");
        assert_eq!(header("x-content-type-options"), "nosniff");
        let policy = header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        // Without cookies no other site can act for the person who has opened a page.
        assert_eq!(header("set-cookie"), "");
        let token = path.trim_start_matches("/a/");
        assert!(!text(&response).contains(token), "the page repeats its token");
    }
}

#[tokio::test]
async fn changed_link_is_unknown() {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let path = acknowledge_link(&server, incident).await;
    for at in [3, 10, path.len() - 1] {
        let mut changed = path.clone().into_bytes();
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(press(&server, &changed).await.status, 404, "{at}");
    }
    for changed in [format!("{path}0"), path[..path.len() - 1].to_owned(), format!("{path}/x")] {
        assert_eq!(press(&server, &changed).await.status, 404, "{changed}");
    }
    assert_eq!(events(&server, incident).await.len(), 1);
}

#[tokio::test]
async fn link_acts_on_its_own_incident_by_its_own_action() {
    let server = TestServer::new().await;
    let (incident, other) =
        (server.declared("Card payments fail").await, server.declared("Logins fail").await);
    let path = acknowledge_link(&server, incident).await;
    let form = format!("action=resolve&incident={other}&person=boss");
    let request = server.request("POST", &path).header("accept", "text/html");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
    assert_eq!(fetch(request).await.status, 200);
    let row = server.store.incident(incident).await.unwrap().incident.summary;
    assert_eq!(row.status, Status::Acknowledged);
    let recorded = events(&server, incident).await;
    assert_eq!(recorded[1].actor.person().unwrap().handle, "ines");
    assert_eq!(events(&server, other).await.len(), 1);
}

#[tokio::test]
async fn signature_counts_for_what_was_signed() {
    let (server, incident) = with_sms().await;
    let signed = message("+4915112345678", "hello", "SM1");
    for sent in [
        message("+4915112345678", "1a", "SM1"),
        message("+4915112345679", "hello", "SM1"),
        message("+4915112345678", "hello", "SM2"),
    ] {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&sent).finish();
        let request = server
            .request("POST", "/v1/replies/twilio")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("x-twilio-signature", sign(&signed, TWILIO_TOKEN));
        let response = fetch(request.body(body)).await;
        response.refused(403, "not_allowed", "not signed");
    }
    assert_eq!(events(&server, incident).await.len(), 1);
}

#[tokio::test]
async fn signature_of_another_address_does_not_count() {
    let (server, incident) = with_sms().await;
    let fields = message("+4915112345678", "1a", "SM1");
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    // The address is signed as well, with its query.
    let request = server
        .request("POST", "/v1/replies/twilio?x=1")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", sign(&fields, TWILIO_TOKEN));
    assert!(fetch(request.body(body)).await.status >= 400);
    assert_eq!(events(&server, incident).await.len(), 1);
}

#[tokio::test]
async fn text_message_answers_no_notice() {
    let (server, incident) = with_sms().await;
    let nil = "00000000-0000-0000-0000-000000000000";
    let notice = json!({
        "kind": "reminder", "reminder": "on call", "text": "You go on call for web in 1h.",
    });
    import(&server.store, &[notification(nil, 9, notice)]).await;
    let response = deliver(&server, &message("+4915112345678", "a", "SM1"), TWILIO_TOKEN).await;
    assert!(text(&response).contains("INC-1 is acknowledged"), "{}", text(&response));
    assert_eq!(events(&server, incident).await.len(), 2);
}

#[tokio::test]
async fn sender_of_a_mail_is_not_believed() {
    let (server, incident, token) = mail_scene(None).await;
    let mail = format!(
        "From: boss@example.org\r\nTo: redphone+{token}@example.org\r\nSubject: Re\r\n\r\nack\r\n"
    );
    let request = server.request("POST", "/v1/replies/mail").bearer_auth(&server.ingest);
    let response = fetch(request.header("content-type", "message/rfc822").body(mail)).await;
    assert_eq!(response.status, 200, "{response:?}");
    // The actor is the person who was asked, whoever the sender of the mail is.
    let recorded = events(&server, incident).await;
    assert_eq!(recorded[1].actor.person().unwrap().handle, "ines");
}

#[tokio::test]
async fn token_of_a_link_is_no_address_of_a_mail() {
    let (server, incident, _) = mail_scene(None).await;
    let path = acknowledge_link(&server, incident).await;
    let token = path.trim_start_matches("/a/");
    let response = mail(&server, &server.ingest, token, "resolve").await;
    assert!(response.status >= 400, "{response:?}");
    assert_eq!(events(&server, incident).await.len(), 1);
}
