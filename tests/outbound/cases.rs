//! The cases that every channel over HTTP must pass.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use redphone::model::{IncidentId, IncidentNumber, Priority, Status};
use redphone::outbound::channel::{ChannelSecrets, build};
use redphone::outbound::client::Timeouts;
use redphone::outbound::secret::CachedSecret;
use redphone::outbound::{
    Channel, ChannelKind, Client, ClientOptions, MessageAction, MessageIncident, MessageKind,
    OutboundMessage, Secret, SecretError, SecretSource, SendError,
};
use uuid::Uuid;

use super::providers::{PROVIDERS, Provider, SECRET};
use super::stand_in::{Judge, Recorded, Reply, StandIn};
use crate::support::port::ReservedPort;

struct Fixed(String);

#[async_trait]
impl SecretSource for Fixed {
    async fn read(&self) -> Result<Secret, SecretError> {
        Secret::new(self.0.clone()).map_err(|error| SecretError(error.to_string()))
    }
}

pub fn cached(secret: String) -> CachedSecret {
    CachedSecret::new(Arc::new(Fixed(secret)))
}

pub fn client(private_hosts: &[&str], timeouts: Timeouts) -> Arc<Client> {
    let private_hosts = private_hosts.iter().map(|host| host.parse().unwrap()).collect();
    let options = ClientOptions { private_hosts, timeouts, ..ClientOptions::default() };
    Arc::new(Client::new(&options).unwrap())
}

fn channel(provider: &Provider, base: &str, client: &Arc<Client>) -> Arc<dyn Channel> {
    let secrets = ChannelSecrets { current: Some(cached((provider.secret)(base))), old: None };
    build(provider.kind, &(provider.options)(base), secrets, client).unwrap()
}

pub fn message(text: &str) -> OutboundMessage {
    OutboundMessage {
        id: Uuid::from_u128(7),
        kind: MessageKind::Page,
        incident: Some(MessageIncident {
            number: IncidentNumber(12),
            id: IncidentId(Uuid::from_u128(12)),
            title: "Card payments <script> & @all fail\u{1b}[31m".into(),
            priority: Priority::P1,
            service: Some("checkout".into()),
            team: Some("payments".into()),
            status: Status::Triggered,
            reported_at: DateTime::from_timestamp(1_780_000_000, 0).unwrap(),
        }),
        text: text.into(),
        url: Some("https://redphone.example/INC-12".into()),
        actions: vec![MessageAction {
            label: "Acknowledge".into(),
            url: format!("https://redphone.example/a/{SECRET}"),
        }],
        reply_to: None,
        bundled: 2,
        document: None,
    }
}

/// Sends a message to a fake that answers in this way, and returns it with the result.
async fn send(
    provider: &Provider,
    text: &str,
    judge: Judge,
) -> (StandIn, Result<redphone::outbound::Receipt, SendError>) {
    let server = StandIn::start(judge).await;
    let client = client(&["127.0.0.1"], Timeouts::default());
    let result =
        channel(provider, &server.url(), &client).send(provider.address, &message(text)).await;
    (server, result)
}

fn always(reply: Reply) -> Judge {
    Arc::new(move |_: &Recorded| Some(reply.clone()))
}

fn real(provider: &'static Provider) -> Judge {
    Arc::new(|request: &Recorded| Some((provider.judge)(request)))
}

#[tokio::test]
async fn messages_are_sent_as_documented() {
    for provider in PROVIDERS {
        let (server, result) = send(provider, "Nobody has it yet.", real(provider)).await;
        let receipt = result.unwrap_or_else(|error| panic!("{}: {error}", provider.kind));
        assert_eq!(receipt.provider_id.as_deref(), provider.id, "{}", provider.kind);
        let seen = server.seen();
        assert_eq!(seen.len(), 1, "{}", provider.kind);
        assert!(!seen[0].echo().contains('\u{1b}'), "{}", provider.kind);
        assert!(seen[0].header("user-agent").starts_with("redphone/"), "{}", provider.kind);
    }
}

#[tokio::test]
async fn long_messages_are_cut_to_what_is_accepted() {
    // Characters that become longer when they are escaped, and some of several bytes.
    for text in ["&".repeat(70_000), "*é🎉".repeat(20_000), "word ".repeat(20_000)] {
        for provider in PROVIDERS {
            let (_server, result) = send(provider, &text, real(provider)).await;
            result.unwrap_or_else(|error| panic!("{}: {error}", provider.kind));
        }
    }
}

#[tokio::test]
async fn page_of_something_between_is_no_success() {
    let page = Reply::new(200, "<!doctype html><title>Log in</title>");
    for provider in PROVIDERS {
        // Receivers of these answer as they like.
        if matches!(provider.kind, ChannelKind::Webhook | ChannelKind::Teams) {
            continue;
        }
        let (_server, result) = send(provider, "text", always(page.clone())).await;
        // A message that is sent to Matrix again has the id of the first, and does not arrive twice.
        let is_tried_again = match result {
            Err(SendError::Uncertain { .. }) => provider.kind != ChannelKind::Matrix,
            Err(SendError::Temporary { .. }) => provider.kind == ChannelKind::Matrix,
            _ => false,
        };
        assert!(is_tried_again, "{}: {result:?}", provider.kind);
    }
}

#[tokio::test]
async fn rate_limit_is_temporary_with_its_wait() {
    for provider in PROVIDERS {
        let (_server, result) = send(provider, "text", always((provider.limited)())).await;
        let Err(SendError::Temporary { retry_after, .. }) = result else {
            panic!("{}: {result:?}", provider.kind)
        };
        assert_eq!(retry_after, Some(Duration::from_secs(7)), "{}", provider.kind);
    }
}

#[tokio::test]
async fn wait_may_be_a_time_by_the_clock_of_the_provider() {
    for provider in PROVIDERS {
        for status in [429, 503] {
            let judge: Judge = Arc::new(move |_: &Recorded| {
                let until = std::time::SystemTime::now() + Duration::from_mins(10);
                let until = httpdate::fmt_http_date(until);
                Some(Reply::new(status, "").with("retry-after", until))
            });
            let (_server, result) = send(provider, "text", judge).await;
            let Err(SendError::Temporary { retry_after: Some(wait), .. }) = result else {
                panic!("{} {status}: {result:?}", provider.kind)
            };
            let wait = wait.as_secs();
            assert!((590..=602).contains(&wait), "{} {status}: {wait}", provider.kind);
        }
    }
}

#[tokio::test]
async fn endless_answers_are_cut() {
    for provider in PROVIDERS {
        for status in [200, 429, 400, 500] {
            let reply = Reply::new(status, "x".repeat(10_000_000));
            let (_server, result) = send(provider, "text", always(reply)).await;
            let shown = format!("{result:?}").len();
            assert!(shown < 4096, "{} {status}: {shown} bytes", provider.kind);
        }
    }
}

#[tokio::test]
async fn failure_of_the_server_is_temporary() {
    for provider in PROVIDERS {
        for status in [500, 502, 503] {
            let (_server, result) = send(provider, "text", always(Reply::new(status, ""))).await;
            let is_temporary = matches!(result, Err(SendError::Temporary { .. }));
            assert!(is_temporary, "{} {status}: {result:?}", provider.kind);
        }
    }
}

#[tokio::test]
async fn refusal_is_permanent() {
    for provider in PROVIDERS {
        for status in [400, 401, 403, 404, 410, 413] {
            let (_server, result) = send(provider, "text", always(Reply::new(status, "no"))).await;
            let is_permanent = matches!(result, Err(SendError::Permanent { .. }));
            assert!(is_permanent, "{} {status}: {result:?}", provider.kind);
        }
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    for provider in PROVIDERS {
        let target = StandIn::start(always(Reply::new(200, "ok"))).await;
        for status in [301, 302, 307, 308] {
            let reply = Reply::new(status, "").with("location", format!("{}/x", target.url()));
            let (_server, result) = send(provider, "text", always(reply)).await;
            let is_permanent = matches!(result, Err(SendError::Permanent { .. }));
            assert!(is_permanent, "{} {status}: {result:?}", provider.kind);
        }
        assert!(target.seen().is_empty(), "{}", provider.kind);
    }
}

#[tokio::test]
async fn silent_provider_ends_within_the_limit() {
    let sends = PROVIDERS.iter().map(|provider| async move {
        let server = StandIn::start(Arc::new(|_: &Recorded| None)).await;
        let limit = Duration::from_secs(1);
        let client = client(&["127.0.0.1"], Timeouts { connect: limit, answer: limit });
        let channel = channel(provider, &server.url(), &client);
        let result = channel.send(provider.address, &message("text")).await;
        match (result, provider.is_repeatable) {
            (Err(SendError::Temporary { .. }), true)
            | (Err(SendError::Uncertain { .. }), false) => {}
            (result, _) => panic!("{}: {result:?}", provider.kind),
        }
    });
    futures_util::future::join_all(sends).await;
}

#[tokio::test]
async fn refused_connection_is_temporary() {
    for provider in PROVIDERS {
        let client = client(&["127.0.0.1"], Timeouts::default());
        let port = ReservedPort::new();
        let base = format!("http://{}", port.address);
        let result =
            channel(provider, &base, &client).send(provider.address, &message("text")).await;
        let is_temporary = matches!(result, Err(SendError::Temporary { .. }));
        assert!(is_temporary, "{}: {result:?}", provider.kind);
        assert!(!format!("{result:?}").contains(SECRET), "{}", provider.kind);
    }
}

#[tokio::test]
async fn wrong_address_is_refused_before_anything_is_sent() {
    for provider in PROVIDERS {
        let server = StandIn::start(always(Reply::new(200, "ok"))).await;
        let client = client(&["127.0.0.1"], Timeouts::default());
        let channel = channel(provider, &server.url(), &client);
        assert_eq!(channel.check_address(provider.address), Ok(()), "{}", provider.kind);
        let Some(wrong) = provider.wrong_address else { continue };
        assert!(channel.check_address(wrong).is_err(), "{}", provider.kind);
        let result = channel.send(wrong, &message("text")).await;
        let is_permanent = matches!(result, Err(SendError::Permanent { .. }));
        assert!(is_permanent, "{}: {result:?}", provider.kind);
        assert!(server.seen().is_empty(), "{}", provider.kind);
    }
}

#[tokio::test]
async fn no_output_holds_a_secret() {
    let encoded = STANDARD.encode(SECRET);
    for provider in PROVIDERS {
        for status in [200, 302, 400, 401, 429, 500] {
            // The provider repeats all that it was sent, as text and within JSON.
            for as_json in [false, true] {
                let judge: Judge = Arc::new(move |request: &Recorded| {
                    let echo = request.echo();
                    let json = serde_json::json!({"ok": true, "status": 1, "error": echo,
                        "message": echo, "description": echo, "errors": [echo], "id": echo,
                        "sid": echo, "event_id": echo, "ts": echo, "request": echo});
                    let body = if as_json { json.to_string() } else { echo };
                    Some(Reply::new(status, body).with("location", request.uri.clone()))
                });
                let (_server, result) = send(provider, "text", judge).await;
                let shown = match &result {
                    Ok(receipt) => format!("{receipt:?}"),
                    Err(error) => format!("{error} {error:?}"),
                };
                for secret in [SECRET, encoded.as_str()] {
                    assert!(!shown.contains(secret), "{} {status}: {shown}", provider.kind);
                }
            }
        }
    }
}

#[tokio::test]
async fn login_of_a_url_is_in_no_output() {
    const PASSWORD: &str = "Login9876PasswordZyx";
    let encoded = STANDARD.encode(format!("ines:{PASSWORD}"));
    let with_login = |base: &str| base.replacen("http://", &format!("http://ines:{PASSWORD}@"), 1);
    // A URL of the settings with a login is refused before.
    let is_secret = |provider: &&Provider| {
        let options = (provider.options)(&with_login("http://127.0.0.1"));
        options.url.is_none_or(|url| url.username().is_empty())
    };
    let providers: Vec<&Provider> = PROVIDERS.iter().filter(is_secret).collect();
    assert!(!providers.is_empty());
    for provider in providers {
        for status in [200, 302, 401, 429, 500] {
            let judge: Judge = Arc::new(move |request: &Recorded| {
                Some(Reply::new(status, request.echo()).with("location", request.uri.clone()))
            });
            let server = StandIn::start(judge).await;
            let base = with_login(&server.url());
            let client = client(&["127.0.0.1"], Timeouts::default());
            let channel = channel(provider, &base, &client);
            let shown = match channel.send(provider.address, &message("text")).await {
                Ok(receipt) => format!("{receipt:?}"),
                Err(error) => format!("{error} {error:?}"),
            };
            for secret in [PASSWORD, encoded.as_str()] {
                assert!(!shown.contains(secret), "{} {status}: {shown}", provider.kind);
            }
        }
    }
}

#[tokio::test]
async fn text_message_has_the_first_link_alone() {
    let provider = PROVIDERS.iter().find(|p| p.kind == ChannelKind::TwilioSms).unwrap();
    let server = StandIn::start(real(provider)).await;
    let client = client(&["127.0.0.1"], Timeouts::default());
    let action = |label: &str| MessageAction {
        label: label.into(),
        url: format!("https://redphone.example/a/{label}"),
    };
    let actions = ["Acknowledge", "Escalate", "Resolve"].map(action).to_vec();
    let message = OutboundMessage { actions, url: None, ..message("Nobody has it yet.") };
    let channel = channel(provider, &server.url(), &client);
    channel.send(provider.address, &message).await.unwrap();
    let body = String::from_utf8(server.seen()[0].body.clone()).unwrap();
    assert_eq!(body.matches("https%3A%2F%2Fredphone.example").count(), 1, "{body}");
    assert!(body.contains("%2Fa%2FAcknowledge"), "{body}");
}

#[tokio::test]
async fn hosts_of_the_own_network_are_refused_unless_named() {
    for provider in PROVIDERS {
        let server = StandIn::start(real(provider)).await;
        let port = server.address.port();
        for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1"] {
            for scheme in ["http", "https"] {
                let client = client(&[], Timeouts::default());
                let channel = channel(provider, &format!("{scheme}://{host}:{port}"), &client);
                let result = channel.send(provider.address, &message("text")).await;
                let is_permanent = matches!(result, Err(SendError::Permanent { .. }));
                assert!(is_permanent, "{} {scheme} {host}: {result:?}", provider.kind);
            }
        }
        assert!(server.seen().is_empty(), "{}", provider.kind);
    }
}

#[tokio::test]
async fn webhook_has_two_signatures_while_its_secret_is_replaced() {
    let provider = PROVIDERS.iter().find(|p| p.is_repeatable).unwrap();
    let server = StandIn::start(real(provider)).await;
    let client = client(&["127.0.0.1"], Timeouts::default());
    let new = format!("whsec_{}", STANDARD.encode([9; 32]));
    let secrets = ChannelSecrets {
        current: Some(cached(new)),
        old: Some(cached((provider.secret)(&server.url()))),
    };
    let options = (provider.options)(&server.url());
    let channel = build(provider.kind, &options, secrets, &client).unwrap();
    // The receiver has the old secret only.
    channel.send("", &message("text")).await.unwrap();
    let signatures = server.seen()[0].header("webhook-signature").to_owned();
    assert_eq!(signatures.split(' ').count(), 2, "{signatures}");
    let id = message("text").repetition_id();
    assert_eq!(server.seen()[0].header("webhook-id"), id.to_string());
}

#[test]
fn message_about_more_incidents_is_no_repetition() {
    let two = message("Also INC-7");
    assert_eq!(two.repetition_id(), message("Also INC-7").repetition_id());
    let three = OutboundMessage { bundled: 3, ..message("Also INC-7\nAlso INC-8") };
    let single = OutboundMessage { bundled: 0, ..message("INC-6 alone") };
    assert_eq!(single.repetition_id(), Uuid::from_u128(7));
    let ids = [&single, &two, &three].map(OutboundMessage::repetition_id);
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
}
