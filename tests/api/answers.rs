//! Links in messages and answers to text messages, over a real server.

mod attacks;

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use redphone::backend::{Backend, Ledger, TimelineRange};
use redphone::model::directory::Directory;
use redphone::model::escalation::{Policy, PolicyLevel, Target};
use redphone::model::notification::link::LIFETIME;
use redphone::model::notification::{
    AnswerLink, AnswerSettings, Contact, Contacts, LinkAction, LinkToken, PersonContacts,
};
use redphone::model::status::Role;
use redphone::model::{Actor, Event, EventBody, IncidentCommand, IncidentId, PersonRef, Status};
use redphone::outbound::secret::CachedSecret;
use redphone::outbound::{Secret, SecretError, SecretSource};
use redphone::server::answers::{SmsAccount, SmsSettings};
use rstest::rstest;
use serde_json::{Value, json};
use sha1::Sha1;
use uuid::Uuid;

use crate::support::api::{TestResponse, TestServer, fetch};
use crate::support::notifications::{id, import, notification};
use crate::support::requests::{ask, ines, resolve};

pub const TWILIO_TOKEN: &str = "12345";
const PUBLIC_URL: &str = "https://redphone.example.net";

/// Stores a link of ines and returns the path of its page.
async fn issue(
    server: &TestServer,
    incident: IncidentId,
    action: LinkAction,
    at: DateTime<Utc>,
) -> String {
    let token = LinkToken::random().unwrap();
    let link = AnswerLink {
        digest: token.digest(),
        notification: Uuid::from_u128(7),
        incident,
        person: ines(),
        action,
        role: None,
        reminder: false,
        cover: None,
        expires_at: at + LIFETIME,
        used_at: None,
    };
    assert!(server.store.issue_links(&[link], at).await.unwrap());
    format!("/a/{}", token.expose())
}

async fn acknowledge_link(server: &TestServer, incident: IncidentId) -> String {
    issue(server, incident, LinkAction::Acknowledge, Utc::now()).await
}

async fn page(server: &TestServer, method: &str, path: &str) -> TestResponse {
    fetch(server.request(method, path).header("accept", "text/html,*/*;q=0.8")).await
}

async fn press(server: &TestServer, path: &str) -> TestResponse {
    let request = server.request("POST", path).header("accept", "text/html");
    fetch(request.header("content-type", "application/x-www-form-urlencoded")).await
}

pub fn text(response: &TestResponse) -> String {
    String::from_utf8(response.body.clone()).unwrap()
}

async fn events(server: &TestServer, incident: IncidentId) -> Vec<Event> {
    server.store.timeline(incident, TimelineRange::After(0)).await.unwrap()
}

async fn execute(server: &TestServer, incident: IncidentId, command: IncidentCommand) {
    server.store.execute(&ask(incident, command)).await.unwrap();
}

#[rstest]
#[case("GET")]
#[case("HEAD")]
#[tokio::test]
async fn opening_a_page_changes_nothing(#[case] method: &str) {
    let server = TestServer::new().await;
    let incident = server.declared("Card <b>payments</b> & co fail").await;
    let path = acknowledge_link(&server, incident).await;
    for _ in 0..3 {
        let response = page(&server, method, &path).await;
        assert_eq!(response.status, 200);
        let header = |name| response.header(name).unwrap_or_default();
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(
            (header("cache-control"), header("referrer-policy")),
            ("no-store", "no-referrer")
        );
        assert_eq!(header("x-robots-tag"), "noindex, nofollow");
        assert!(header("content-security-policy").starts_with("default-src 'none'; "));
        let html = text(&response);
        assert_eq!(html.is_empty(), method == "HEAD");
        if method == "GET" {
            for part in ["INC-1", "Card &lt;b&gt;payments&lt;/b&gt; &amp; co fail", "nobody yet"] {
                assert!(html.contains(part), "{part} is not in {html}");
            }
            assert_eq!(html.matches("<button").count(), 1);
        }
    }
    assert_eq!(events(&server, incident).await.len(), 1);
    assert_eq!(
        server.store.incident(incident).await.unwrap().incident.summary.acknowledged_at,
        None
    );
}

#[tokio::test]
async fn link_acts_once_as_its_person() {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let path = acknowledge_link(&server, incident).await;
    let response = press(&server, &path).await;
    assert_eq!(response.status, 200);
    assert!(text(&response).contains("INC-1 is acknowledged by Ines Moreau."));
    let again = press(&server, &path).await;
    assert_eq!(again.status, 200);
    assert!(text(&again).contains("INC-1 was acknowledged by Ines Moreau at "));
    let events = events(&server, incident).await;
    let [_, event] = &events[..] else { panic!("{events:?}") };
    assert_eq!(event.body, EventBody::Acknowledged);
    assert_eq!(event.actor, Actor::Person(ines()));
    assert_eq!(event.because.as_deref(), Some("by link"));
    let shown = page(&server, "GET", &path).await;
    assert_eq!(shown.status, 410);
    assert!(text(&shown).contains("This link was used at "));
}

#[tokio::test]
async fn presses_at_the_same_time_act_once() {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let path = acknowledge_link(&server, incident).await;
    let presses = (0..8).map(|_| press(&server, &path));
    for response in futures_util::future::join_all(presses).await {
        assert!(matches!(response.status, 200 | 410), "{response:?}");
    }
    assert_eq!(events(&server, incident).await.len(), 2);
}

#[tokio::test]
async fn second_link_of_one_person_is_not_refused() {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let (first, second) =
        (acknowledge_link(&server, incident).await, acknowledge_link(&server, incident).await);
    assert_eq!(press(&server, &first).await.status, 200);
    let again = press(&server, &second).await;
    assert_eq!(again.status, 200);
    assert!(text(&again).contains("INC-1 was acknowledged by Ines Moreau at "));
    assert_eq!(page(&server, "GET", &second).await.status, 410);
    assert_eq!(events(&server, incident).await.len(), 2);
}

#[tokio::test]
async fn program_without_html_is_answered_in_text() {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let path = acknowledge_link(&server, incident).await;
    let response = fetch(server.request("POST", &path)).await;
    assert_eq!(response.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(text(&response), "INC-1 is acknowledged by Ines Moreau.\n");
}

#[tokio::test]
async fn link_says_who_was_first() {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let path = acknowledge_link(&server, incident).await;
    let tom = Actor::Person(PersonRef::new("tom", "Tom Varga"));
    let mut command = ask(incident, IncidentCommand::Acknowledge);
    command.actor = tom;
    server.store.execute(&command).await.unwrap();
    for response in [press(&server, &path).await, page(&server, "GET", &path).await] {
        assert_eq!(response.status, 410);
        assert!(text(&response).contains("INC-1 was acknowledged by Tom Varga at "));
        assert!(!text(&response).contains("<button"));
    }
    assert_eq!(events(&server, incident).await.len(), 2);
}

#[tokio::test]
async fn link_ends_with_its_incident_and_its_time() {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let old = issue(
        &server,
        incident,
        LinkAction::Acknowledge,
        Utc::now() - LIFETIME - TimeDelta::minutes(1),
    )
    .await;
    let response = press(&server, &old).await;
    assert_eq!(response.status, 410);
    assert!(text(&response).contains("This link ended at "));
    let path = acknowledge_link(&server, incident).await;
    execute(&server, incident, resolve()).await;
    let response = press(&server, &path).await;
    assert_eq!(response.status, 410);
    assert!(text(&response).contains("INC-1 "), "{}", text(&response));
    assert_eq!(events(&server, incident).await.len(), 2);
}

#[rstest]
#[case("/a/0123456789abcdefghijklmno", 404)]
#[case("/a/x", 404)]
#[case("/a/%ff%00", 404)]
#[case("/a/", 404)]
#[tokio::test]
async fn unknown_link_is_not_found(#[case] path: &str, #[case] status: u16) {
    let server = TestServer::new().await;
    assert_eq!(page(&server, "GET", path).await.status, status);
    assert_eq!(press(&server, path).await.status, status);
}

#[tokio::test]
async fn address_of_a_reply_is_no_link() {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let path = issue(&server, incident, LinkAction::Reply, Utc::now()).await;
    assert_eq!(page(&server, "GET", &path).await.status, 404);
    assert_eq!(press(&server, &path).await.status, 404);
}

#[tokio::test]
async fn resolve_and_escalate_act_by_links() {
    let server = TestServer::new().await;
    let level = |handle: &str| PolicyLevel {
        after_s: 0,
        call: vec![Target::Person(handle.into())],
        ..PolicyLevel::default()
    };
    let policy = Policy {
        team: "payments".into(),
        levels: vec![level("ines"), level("tom")],
        ..Policy::default()
    };
    let people = vec![ines(), PersonRef::new("tom", "Tom Varga")];
    let directory = Directory { people, policies: vec![policy], ..Directory::default() };
    server.store.set_directory(&directory).await.unwrap();
    let incident = server.declared("Card payments fail").await;
    let team = Some("payments".to_owned());
    execute(&server, incident, IncidentCommand::SetTeam { team }).await;
    let escalate = issue(&server, incident, LinkAction::Escalate, Utc::now()).await;
    let resolve = issue(&server, incident, LinkAction::Resolve, Utc::now()).await;
    let response = press(&server, &escalate).await;
    assert!(text(&response).contains("INC-1: level 1 is called."), "{}", text(&response));
    let response = press(&server, &resolve).await;
    assert!(text(&response).contains("INC-1 is resolved by Ines Moreau."), "{}", text(&response));
    let incident = server.store.incident(incident).await.unwrap().incident;
    assert_eq!((incident.summary.status, incident.summary.escalation), (Status::Resolved, 1));
}

#[tokio::test]
async fn server_that_only_reads_refuses_with_a_sentence() {
    let server = TestServer::with(|options| options.read_only = true).await;
    let incident = server.declared("Card payments fail").await;
    let path = acknowledge_link(&server, incident).await;
    assert_eq!(page(&server, "GET", &path).await.status, 200);
    let response = press(&server, &path).await;
    assert_eq!(response.status, 403);
    assert!(text(&response).contains("The server only reads"));
    assert_eq!(events(&server, incident).await.len(), 1);
}

#[tokio::test]
async fn body_of_another_type_is_refused() {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    let path = acknowledge_link(&server, incident).await;
    let request = server.request("POST", &path).header("content-type", "application/json");
    assert_eq!(fetch(request.body("{}")).await.status, 415);
    assert_eq!(page(&server, "PUT", &path).await.status, 405);
    assert_eq!(events(&server, incident).await.len(), 1);
}

/// The token of an account.
struct Fixed;

#[async_trait]
impl SecretSource for Fixed {
    async fn read(&self) -> Result<Secret, SecretError> {
        Ok(Secret::new(TWILIO_TOKEN.to_owned()).unwrap())
    }
}

/// A server that takes answers to text messages of these people, who have one number each.
pub async fn sms_server(people: &[(&str, &str)]) -> TestServer {
    let contacts = |address: &str| {
        vec![Contact { name: "phone".into(), channel: "sms".into(), address: address.into() }]
    };
    let one = |(person, address): &(&str, &str)| PersonContacts {
        person: (*person).into(),
        contacts: contacts(address),
        ..PersonContacts::default()
    };
    let people = people.iter().map(one).collect();
    let account = SmsAccount {
        channel: "sms".into(),
        account: "AC1".into(),
        secret: CachedSecret::new(Arc::new(Fixed)),
    };
    TestServer::with(|options| {
        let public_url = Some(PUBLIC_URL.to_owned());
        options.settings.answers = AnswerSettings { public_url, reply_address: None };
        options.settings.sms = SmsSettings::new(vec![account], Arc::new(Contacts { people }));
    })
    .await
}

/// A server with a text message that ines was sent about INC-1, and none about INC-2.
async fn with_sms() -> (TestServer, IncidentId) {
    let server = sms_server(&[("ines", "+49 151 12345678")]).await;
    let incident = server.declared("Card payments fail").await;
    server.declared("Logins fail").await;
    let sent = json!({ "state": "sent", "person": { "handle": "ines", "name": "Ines Moreau" } });
    import(&server.store, &[notification(&incident.to_string(), 1, sent)]).await;
    (server, incident)
}

fn sign(fields: &[(&str, &str)], token: &str) -> String {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    let mut mac = Hmac::<Sha1>::new_from_slice(token.as_bytes()).unwrap();
    mac.update(format!("{PUBLIC_URL}/v1/replies/twilio").as_bytes());
    for (name, text) in sorted {
        mac.update(name.as_bytes());
        mac.update(text.as_bytes());
    }
    STANDARD.encode(mac.finalize().into_bytes())
}

/// Delivers a text message as Twilio does, signed with a token.
pub async fn deliver(server: &TestServer, fields: &[(&str, &str)], token: &str) -> TestResponse {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = server
        .request("POST", "/v1/replies/twilio")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", sign(fields, token));
    fetch(request.body(body)).await
}

pub fn message<'a>(from: &'a str, body: &'a str, sid: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![("AccountSid", "AC1"), ("From", from), ("Body", body), ("MessageSid", sid)]
}

#[tokio::test]
async fn text_message_acts_as_its_person_and_once() {
    let (server, incident) = with_sms().await;
    let fields = message("+4915112345678", "1a", "SM1");
    for _ in 0..2 {
        let response = deliver(&server, &fields, TWILIO_TOKEN).await;
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.header("content-type"), Some("text/xml; charset=utf-8"));
        let says = "<Response><Message>INC-1 is acknowledged by Ines Moreau</Message></Response>";
        assert!(text(&response).ends_with(says), "{}", text(&response));
    }
    let events = events(&server, incident).await;
    let [_, event] = &events[..] else { panic!("{events:?}") };
    assert_eq!((&event.actor, event.because.as_deref()), (&Actor::Person(ines()), Some("by SMS")));
}

#[rstest]
#[case("+4915112345678", "a", "INC-1 is acknowledged by Ines Moreau")]
#[case("+4915112345678", "r", "INC-1 is resolved by Ines Moreau")]
#[case("+4915112345678", "1e", "no escalation policy is for INC-1: nobody can be called")]
#[case("+4915112345678", "2a", "you were sent no message about INC-2")]
#[case("+4915112345678", "99a", "there is no INC-99")]
#[case("+4915112345678", "hello", "answer a to acknowledge")]
#[tokio::test]
async fn text_message_is_answered(#[case] from: &str, #[case] body: &str, #[case] says: &str) {
    let (server, _) = with_sms().await;
    let response = deliver(&server, &message(from, body, "SM1"), TWILIO_TOKEN).await;
    assert_eq!(response.status, 200);
    assert!(text(&response).contains(says), "{}", text(&response));
}

#[rstest]
#[case::mail_after_a_text_message(json!({"channel": "mail"}))]
#[case::one_message_about_two(json!({"channel": "sms", "state": "bundled", "bundled_into": id(1)}))]
#[tokio::test]
async fn text_message_with_several_meanings_leads_to_a_question(#[case] second: Value) {
    let server = sms_server(&[("ines", "+4915112345678")]).await;
    let mut messages = Vec::new();
    for (index, fields) in [(1, json!({"channel": "sms"})), (2, second)] {
        let incident = server.declared("Card payments fail").await;
        messages.push(notification(&incident.to_string(), index, fields));
    }
    import(&server.store, &messages).await;
    for (body, says) in [
        ("a", "say which: 1a (INC-1), 2a (INC-2)"),
        ("r", "say which: 1r (INC-1), 2r (INC-2)"),
        ("2a", "INC-2 is acknowledged by Ines Moreau"),
        // Only one is meant now.
        ("a", "INC-1 is acknowledged by Ines Moreau"),
    ] {
        let sid = format!("SM {body} {says}");
        let response = deliver(&server, &message("+4915112345678", body, &sid), TWILIO_TOKEN).await;
        assert!(text(&response).contains(says), "{body}: {}", text(&response));
    }
}

#[tokio::test]
async fn stranger_is_not_answered() {
    let (server, incident) = with_sms().await;
    let response = deliver(&server, &message("+15550100", "1a", "SM1"), TWILIO_TOKEN).await;
    assert!(text(&response).ends_with("<Response/>"), "{}", text(&response));
    assert_eq!(events(&server, incident).await.len(), 1);
}

#[tokio::test]
async fn text_message_that_is_not_signed_is_refused() {
    let (server, incident) = with_sms().await;
    let fields = message("+4915112345678", "1a", "SM1");
    let refused = |response: TestResponse| response.refused(403, "not_allowed", "not signed");
    refused(deliver(&server, &fields, "12346").await);
    let mut other = fields.clone();
    other[0].1 = "AC2";
    refused(deliver(&server, &other, TWILIO_TOKEN).await);
    refused(
        fetch(server.request("POST", "/v1/replies/twilio").body("From=%2B4915112345678")).await,
    );
    let without = TestServer::new().await;
    refused(deliver(&without, &fields, TWILIO_TOKEN).await);
    assert_eq!(events(&server, incident).await.len(), 1);
}

/// A server whose settings have an address for replies, with an incident and the token of one.
async fn mail_scene(role: Option<Role>) -> (TestServer, IncidentId, String) {
    let server = TestServer::with(|options| {
        options.settings.answers.reply_address = Some("redphone+{token}@example.org".into());
    })
    .await;
    let incident = server.declared("Card payments fail").await;
    let token = LinkToken::random().unwrap();
    let link = AnswerLink {
        digest: token.digest(),
        notification: Uuid::from_u128(7),
        incident,
        person: ines(),
        action: LinkAction::Reply,
        role,
        reminder: false,
        cover: None,
        expires_at: Utc::now() + LIFETIME,
        used_at: None,
    };
    assert!(server.store.issue_links(&[link], Utc::now()).await.unwrap());
    (server, incident, token.expose().to_owned())
}

async fn mail(server: &TestServer, key: &str, token: &str, body: &str) -> TestResponse {
    let mail = format!("To: redphone+{token}@example.org\r\nSubject: Re\r\n\r\n{body}\r\n");
    let request = server.request("POST", "/v1/replies/mail").bearer_auth(key);
    fetch(request.header("content-type", "message/rfc822").body(mail)).await
}

#[tokio::test]
async fn mail_acts_once_as_the_person_of_its_address() {
    let (server, incident, token) = mail_scene(None).await;
    let done = mail(&server, &server.ingest, &token, "ack\r\n> resolve").await;
    assert_eq!(done.status, 200, "{done:?}");
    let expected = json!({"text": "INC-1 is acknowledged by Ines Moreau", "answered": true});
    assert_eq!(done.json(), expected);
    let again = mail(&server, &server.ingest, &token, "resolve").await.json();
    assert!(again["text"].as_str().unwrap().starts_with("INC-1 was acknowledged by Ines Moreau"));
    let events = events(&server, incident).await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].actor, Actor::Person(ines()));
}

#[rstest]
#[case("ack", "0123456789abcdefghijklmno", 404, "not_found", "none that was given")]
#[case("ack", "short", 422, "rejected", "sent to no address")]
#[tokio::test]
async fn mail_with_another_address_is_refused(
    #[case] body: &str,
    #[case] token: &str,
    #[case] status: u16,
    #[case] code: &str,
    #[case] text: &str,
) {
    let (server, incident, _) = mail_scene(None).await;
    mail(&server, &server.ingest, token, body).await.refused(status, code, text);
    assert_eq!(events(&server, incident).await.len(), 1);
}

#[tokio::test]
async fn mail_needs_a_token_that_may_deliver_it() {
    let (server, _, token) = mail_scene(None).await;
    mail(&server, &server.read, &token, "ack").await.refused(403, "not_allowed", "of scope");
    mail(&server, "rp_", &token, "ack").await.refused(401, "unauthorized", "");
}

#[tokio::test]
async fn mail_that_a_program_has_written_is_no_answer() {
    let (server, incident, token) = mail_scene(None).await;
    let mail =
        format!("To: redphone+{token}@example.org\r\nAuto-Submitted: auto-replied\r\n\r\nack");
    let request = server.request("POST", "/v1/replies/mail").bearer_auth(&server.ingest);
    let answer = fetch(request.body(mail)).await.json();
    assert_eq!(answer["answered"], false);
    assert_eq!(events(&server, incident).await.len(), 1);
}

async fn requested(server: &TestServer, incident: IncidentId) {
    let ask = IncidentCommand::AskForRole { role: Role::Scribe, person: ines() };
    execute(server, incident, ask).await;
}

#[rstest]
#[case("accept", true)]
#[case("ack", true)]
#[case("no, not today", false)]
#[tokio::test]
async fn request_for_a_role_is_answered_by_mail(#[case] body: &str, #[case] accepted: bool) {
    let (server, incident, token) = mail_scene(Some(Role::Scribe)).await;
    requested(&server, incident).await;
    let done = mail(&server, &server.ingest, &token, body).await;
    assert_eq!(done.status, 200, "{done:?}");
    let record = server.store.incident(incident).await.unwrap().incident;
    assert_eq!(record.role_requests[0].accepted, Some(accepted));
    assert_eq!(record.roles.len(), usize::from(accepted));
    // A confirmation without an acknowledgement acknowledges nothing.
    assert_eq!(record.summary.acknowledged_at, None);
}

#[tokio::test]
async fn link_for_a_role_accepts_it_once() {
    let server = TestServer::new().await;
    let incident = server.declared("Card payments fail").await;
    requested(&server, incident).await;
    let token = LinkToken::random().unwrap();
    let link = AnswerLink {
        digest: token.digest(),
        notification: Uuid::from_u128(7),
        incident,
        person: ines(),
        action: LinkAction::AcceptRole,
        role: Some(Role::Scribe),
        reminder: false,
        cover: None,
        expires_at: Utc::now() + LIFETIME,
        used_at: None,
    };
    assert!(server.store.issue_links(&[link], Utc::now()).await.unwrap());
    let path = format!("/a/{}", token.expose());
    assert!(text(&page(&server, "GET", &path).await).contains("Accept the role"));
    let pressed = press(&server, &path).await;
    assert!(text(&pressed).contains("has accepted the role scribe"), "{}", text(&pressed));
    let seq = events(&server, incident).await.len();
    press(&server, &path).await;
    assert_eq!(events(&server, incident).await.len(), seq);
    let record = server.store.incident(incident).await.unwrap().incident;
    assert_eq!(record.roles, [(Role::Scribe, ines())]);
}
