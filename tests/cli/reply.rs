//! Answers to mails, as a mail server pipes them in.

use chrono::{DateTime, Utc};
use redphone::backend::{Backend, Ledger};
use redphone::model::notification::link::LIFETIME;
use redphone::model::notification::{AnswerLink, LinkAction, LinkToken};
use redphone::model::{IncidentId, PersonRef};
use rstest::rstest;
use uuid::Uuid;

use crate::support::cli::{CliFixture, Run, json_lines};
use crate::support::store;

/// A store with an incident, and settings with an address for replies.
struct Scene {
    cli: CliFixture,
    incident: IncidentId,
    config: String,
}

impl Scene {
    fn new() -> Self {
        let cli = CliFixture::with_company();
        cli.declare("Card payments fail", "checkout");
        let row = json_lines(&cli.ok(["list", "--json"]));
        let incident = row[0]["id"].as_str().unwrap().parse().unwrap();
        let file = cli.path("reply.toml");
        std::fs::write(&file, "reply_address = \"redphone+{token}@example.org\"\n").unwrap();
        Self { cli, incident, config: file.to_str().unwrap().to_owned() }
    }

    /// Stores the token of an address that tom was given.
    async fn issue(&self, action: LinkAction, at: DateTime<Utc>) -> String {
        let store = store::open(&self.cli.store()).await;
        let token = LinkToken::random().unwrap();
        let link = AnswerLink {
            digest: token.digest(),
            notification: Uuid::from_u128(7),
            incident: self.incident,
            person: PersonRef::new("tom", "Tom Varga"),
            action,
            role: None,
            reminder: false,
            cover: None,
            expires_at: at + LIFETIME,
            used_at: None,
        };
        assert!(store.issue_links(&[link], at).await.unwrap());
        store.close().await;
        token.expose().to_owned()
    }

    fn reply(&self, token: &str, body: &str) -> Run {
        let mail = format!(
            "From: stranger@example.com\r\nTo: Redphone <redphone+{token}@example.org>\r\n\
             Subject: Re: INC-1\r\n\r\n{body}\r\n"
        );
        self.cli.pipe(["--config", &self.config, "reply"], mail.as_bytes())
    }

    async fn event_count(&self) -> u32 {
        let store = store::open(&self.cli.store()).await;
        let seq = store.incident(self.incident).await.unwrap().incident.summary.seq;
        store.close().await;
        seq
    }
}

#[tokio::test]
async fn mail_acts_once_as_the_person_of_its_address() {
    let scene = Scene::new();
    let token = scene.issue(LinkAction::Reply, Utc::now()).await;
    let run = scene.reply(&token, "ack\r\n\r\n> Nobody has acknowledged it");
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
    assert_eq!(run.out, "INC-1 is acknowledged by Tom Varga\n");
    let again = scene.reply(&token, "resolve");
    assert_eq!(again.code, 0, "{again:?}");
    assert!(again.out.starts_with("INC-1 was acknowledged by Tom Varga at "), "{again:?}");
    assert_eq!(scene.event_count().await, 2);
    let shown = scene.cli.ok(["show", "INC-1"]);
    assert!(shown.contains("by mail"), "{shown}");
    assert!(!shown.contains(&token));
}

#[rstest]
#[case("thank you", "the first line of the mail does not say what to do")]
#[case("escalate", "no escalation policy is for INC-1")]
#[tokio::test]
async fn mail_that_leads_to_nothing_says_why(#[case] body: &str, #[case] expected: &str) {
    let scene = Scene::new();
    let token = scene.issue(LinkAction::Reply, Utc::now()).await;
    scene.reply(&token, body).refused(1, &[expected]);
    assert_eq!(scene.event_count().await, 1);
}

#[tokio::test]
async fn only_a_token_of_a_mail_counts() {
    let scene = Scene::new();
    let token = scene.issue(LinkAction::Acknowledge, Utc::now()).await;
    let unknown = "the address of the mail is none that was given for an answer";
    scene.reply(&token, "ack").refused(3, &[unknown]);
    scene.reply("0123456789abcdefghijklmno", "ack").refused(3, &[unknown]);
    let old = scene.issue(LinkAction::Reply, Utc::now() - LIFETIME).await;
    scene.reply(&old, "ack").refused(1, &["this link ended at "]);
    scene.reply("short", "ack").refused(1, &["the mail was sent to no address for answers"]);
    assert_eq!(scene.event_count().await, 1);
}

#[test]
fn settings_without_an_address_are_named() {
    let cli = CliFixture::with_company();
    let run = cli.pipe(["reply"], b"To: a@example.org\r\n\r\nack\r\n");
    run.refused(2, &["the settings have no reply_address"]);
}
