//! Gives a message the links by which its person answers.

use chrono::{DateTime, Utc};

use super::message::requested_role;
use crate::backend::{Backend, BackendError, Claim, Ledger};
use crate::model::EventBody;
use crate::model::notification::link::{LIFETIME, NoRandomBytes};
use crate::model::notification::{AnswerLink, AnswerSettings, LinkAction, LinkToken, MessageKind};
use crate::model::oncall::Cover;
use crate::model::status::{Role, Status};
use crate::outbound::{MessageAction, OutboundMessage};

/// The actions of a message, the most important first: some channels support only one.
type Actions = &'static [(LinkAction, &'static str)];

const UNACKNOWLEDGED: Actions = &[
    (LinkAction::Acknowledge, "Acknowledge"),
    (LinkAction::Escalate, "Escalate"),
    (LinkAction::Resolve, "Resolve"),
];
const WORKED_ON: Actions = &[(LinkAction::Working, "I am on it"), (LinkAction::Resolve, "Resolve")];
const REQUESTED: Actions =
    &[(LinkAction::AcceptRole, "Accept"), (LinkAction::DeclineRole, "Decline")];
const COVER_WANTED: Actions =
    &[(LinkAction::AcceptCover, "Accept"), (LinkAction::DeclineCover, "Decline")];

/// The subject of a message, besides its incident.
#[derive(Clone, Default)]
pub(super) struct Topic {
    /// The role that is requested.
    pub role: Option<Role>,
    /// The request for cover, if the person can accept it.
    pub cover: Option<Cover>,
}

impl Topic {
    /// Returns the topic of a message about an event, if that was read.
    pub(super) async fn read(
        claim: &Claim,
        event: Option<&EventBody>,
        backend: &dyn Backend,
        now: DateTime<Utc>,
    ) -> Self {
        let role = requested_role(event);
        let Some(id) = claim.notification.cover else { return Self { role, cover: None } };
        let directory = match backend.directory().await {
            Ok(directory) => directory,
            Err(error) => {
                tracing::warn!(%error, "a request for cover is sent without links");
                return Self { role, cover: None };
            }
        };
        let handle = &claim.notification.person.handle;
        let cover = directory.cover(id).filter(|cover| directory.can_cover(cover, handle, now));
        Self { role, cover: cover.cloned() }
    }
}

/// The question of a message.
struct Question {
    actions: Actions,
    topic: Topic,
    is_reminder: bool,
    expires_at: DateTime<Utc>,
}

/// Returns the question in the message of a claim; `None` if it needs no answer.
fn question(claim: &Claim, topic: Topic, now: DateTime<Utc>) -> Option<Question> {
    let expires_at = now + LIFETIME;
    if let Some(cover) = &topic.cover {
        let (actions, expires_at) = (COVER_WANTED, cover.to);
        return Some(Question { actions, topic, is_reminder: false, expires_at });
    }
    let incident = claim.incident.as_ref()?;
    if !incident.status.is_open() {
        return None;
    }
    let is_unacknowledged =
        incident.status == Status::Triggered && incident.acknowledged_at.is_none();
    let actions = match claim.notification.kind {
        MessageKind::Page | MessageKind::Reminder if is_unacknowledged => UNACKNOWLEDGED,
        MessageKind::Reminder => WORKED_ON,
        MessageKind::RoleRequest if topic.role.is_some() => REQUESTED,
        _ => return None,
    };
    let is_reminder = claim.notification.kind == MessageKind::Reminder;
    Some(Question { actions, topic, is_reminder, expires_at })
}

/// The reason why a message has no links.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error(transparent)]
    Random(#[from] NoRandomBytes),
    #[error(transparent)]
    Store(#[from] BackendError),
}

/// Adds links to a message that requests an answer, if the settings define where answers go: a page
/// that nobody has acknowledged, a reminder, and a request for a role or for cover. They are stored
/// before the message is sent; a failure does not prevent sending it.
pub(super) async fn add_links(
    message: &mut OutboundMessage,
    (claim, topic): (&Claim, Topic),
    settings: &AnswerSettings,
    ledger: &dyn Ledger,
    now: DateTime<Utc>,
) {
    if *settings == AnswerSettings::default() {
        return;
    }
    let Some(question) = question(claim, topic, now) else { return };
    match issue(claim, &question, settings, ledger, now).await {
        Ok(Some(Issued { actions, reply_to })) => {
            message.actions = actions;
            message.reply_to = reply_to;
        }
        Ok(None) => {}
        Err(error) => {
            let id = claim.notification.id;
            tracing::warn!(%id, %error, "a message is sent without links");
        }
    }
}

/// Links that were stored.
struct Issued {
    actions: Vec<MessageAction>,
    reply_to: Option<String>,
}

/// Stores new links; `None` if the ledger has none.
async fn issue(
    claim: &Claim,
    question: &Question,
    settings: &AnswerSettings,
    ledger: &dyn Ledger,
    now: DateTime<Utc>,
) -> Result<Option<Issued>, LinkError> {
    let mut links = Vec::new();
    let mut actions = Vec::new();
    if settings.public_url.is_some() {
        for (action, label) in question.actions {
            let token = LinkToken::random()?;
            links.push(link(claim, question, (&token, *action)));
            let url = settings.link_url(&token);
            actions.extend(url.map(|url| MessageAction { label: (*label).to_owned(), url }));
        }
    }
    let mut reply_to = None;
    if settings.reply_address.is_some() {
        let token = LinkToken::random()?;
        links.push(link(claim, question, (&token, LinkAction::Reply)));
        reply_to = settings.mail_address(&token);
    }
    let is_stored = ledger.issue_links(&links, now).await?;
    Ok(is_stored.then_some(Issued { actions, reply_to }))
}

fn link(
    claim: &Claim,
    question: &Question,
    (token, action): (&LinkToken, LinkAction),
) -> AnswerLink {
    AnswerLink {
        digest: token.digest(),
        notification: claim.notification.id,
        incident: claim.notification.incident,
        person: claim.notification.person.clone(),
        action,
        role: question.topic.role,
        reminder: question.is_reminder,
        cover: question.topic.cover.as_ref().map(|cover| cover.id),
        expires_at: question.expires_at,
        used_at: None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use async_trait::async_trait;
    use chrono::TimeDelta;
    use rstest::rstest;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::backend::{ClaimRequest, Claimed, Plan, Reminder, Unplanned};
    use crate::model::id::{CoverId, IncidentId};
    use crate::model::notification::decision::AttemptResult;
    use crate::model::oncall::TimeSpan;

    fn at() -> DateTime<Utc> {
        "2026-01-05T22:31:00Z".parse().unwrap()
    }

    /// A ledger that has links alone, or none either.
    #[derive(Default)]
    struct Links {
        issued: Mutex<Vec<AnswerLink>>,
        has_none: bool,
    }

    #[async_trait]
    impl Ledger for Links {
        async fn unplanned(&self) -> Result<Unplanned, BackendError> {
            Ok(Unplanned { from: 0, to: 0, calls: Vec::new(), has_more: false })
        }

        async fn plan(&self, _: &Plan) -> Result<bool, BackendError> {
            Ok(false)
        }

        async fn remind(&self, _: &Reminder) -> Result<bool, BackendError> {
            Ok(false)
        }

        async fn claim(&self, _: &ClaimRequest) -> Result<Claimed, BackendError> {
            Ok(Claimed::default())
        }

        async fn finish(&self, _: &Claim, _: &AttemptResult) -> Result<bool, BackendError> {
            Ok(false)
        }

        async fn release_dead(&self, _: DateTime<Utc>) -> Result<u64, BackendError> {
            Ok(0)
        }

        async fn issue_links(
            &self,
            links: &[AnswerLink],
            _: DateTime<Utc>,
        ) -> Result<bool, BackendError> {
            let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
            issued.extend(links.iter().cloned());
            Ok(!self.has_none)
        }
    }

    fn claim(status: &str, acknowledged_at: Option<DateTime<Utc>>) -> Claim {
        let incident = serde_json::from_value(json!({
            "id": Uuid::from_u128(1), "number": 12, "title": "Card payments fail",
            "status": status, "acknowledged_at": acknowledged_at,
            "impact": "high", "urgency": "high", "priority": "P1", "source": "monitoring",
            "services": ["checkout"], "team": "payments", "detected_at": at(),
            "reported_at": at(), "paused": false, "alerts": 1, "escalation": 1, "seq": 2,
            "last_event_at": at(),
        }));
        let notification = serde_json::from_value(json!({
            "id": Uuid::from_u128(7), "incident": Uuid::from_u128(1),
            "event": Uuid::from_u128(2), "kind": "page", "level": 1, "round": 1,
            "person": { "handle": "ines", "name": "Ines Moreau" }, "contact": "push",
            "channel": "ntfy", "planned_at": at(), "due": at(), "state": "sending",
            "attempts": 1, "updated_at": at(),
        }));
        let (notification, incident) = (notification.unwrap(), incident.unwrap());
        Claim { notification, bundled: Vec::new(), fence: 1, incident: Some(incident) }
    }

    async fn message(claim: &Claim, settings: &AnswerSettings, ledger: &Links) -> OutboundMessage {
        message_about(&Topic::default(), claim, settings, ledger).await
    }

    async fn message_about(
        topic: &Topic,
        claim: &Claim,
        settings: &AnswerSettings,
        ledger: &Links,
    ) -> OutboundMessage {
        let mut message = OutboundMessage {
            id: claim.notification.id,
            kind: MessageKind::Page,
            incident: None,
            text: String::new(),
            url: None,
            actions: Vec::new(),
            reply_to: None,
            bundled: 0,
            document: None,
        };
        add_links(&mut message, (claim, topic.clone()), settings, ledger, at()).await;
        message
    }

    fn settings(has_url: bool, has_address: bool) -> AnswerSettings {
        AnswerSettings {
            public_url: has_url.then(|| "https://redphone.example.org".to_owned()),
            reply_address: has_address.then(|| "redphone+{token}@example.org".to_owned()),
        }
    }

    #[rstest]
    #[case(false, false, 0, false)]
    #[case(true, false, 3, false)]
    #[case(false, true, 0, true)]
    #[case(true, true, 3, true)]
    #[tokio::test]
    async fn message_has_links_only_where_answers_can_go(
        #[case] has_url: bool,
        #[case] has_address: bool,
        #[case] actions: usize,
        #[case] can_reply: bool,
    ) {
        let ledger = Links::default();
        let claim = claim("triggered", None);
        let message = message(&claim, &settings(has_url, has_address), &ledger).await;
        assert_eq!((message.actions.len(), message.reply_to.is_some()), (actions, can_reply));
        let issued = ledger.issued.into_inner().unwrap();
        assert_eq!(issued.len(), actions + usize::from(can_reply));
        for (action, link) in message.actions.iter().zip(&issued) {
            let token = action.url.strip_prefix("https://redphone.example.org/a/").unwrap();
            assert_eq!(token.parse::<LinkToken>().unwrap().digest(), link.digest);
            assert_eq!(action.label.to_lowercase(), link.action.as_str());
            assert_eq!((link.person.handle.as_str(), link.used_at), ("ines", None));
            assert_eq!(link.expires_at, at() + LIFETIME);
        }
    }

    #[tokio::test]
    async fn links_of_cover_count_until_the_end_of_the_shift() {
        let ledger = Links::default();
        let mut claim = Claim { incident: None, ..claim("triggered", None) };
        claim.notification.incident = IncidentId::NONE;
        let span = TimeSpan { from: at(), to: at() + TimeDelta::days(9) };
        let cover = Cover::new(CoverId::new(), "payments", "omar", span);
        let id = cover.id;
        let topic = Topic { role: None, cover: Some(cover) };
        let message = message_about(&topic, &claim, &settings(true, true), &ledger).await;
        let labels: Vec<&str> = message.actions.iter().map(|one| one.label.as_str()).collect();
        assert_eq!(labels, ["Accept", "Decline"]);
        assert!(message.reply_to.is_some());
        let issued = ledger.issued.into_inner().unwrap();
        let actions: Vec<LinkAction> = issued.iter().map(|link| link.action).collect();
        let expected = [LinkAction::AcceptCover, LinkAction::DeclineCover, LinkAction::Reply];
        assert_eq!(actions, expected);
        for link in issued {
            assert_eq!((link.cover, link.incident), (Some(id), IncidentId::NONE));
            assert_eq!(link.expires_at, span.to);
        }
    }

    #[tokio::test]
    async fn nobody_answers_what_is_acknowledged_or_ended() {
        for claim in [claim("acknowledged", Some(at())), claim("resolved", None)] {
            let ledger = Links::default();
            let message = message(&claim, &settings(true, true), &ledger).await;
            assert_eq!((message.actions.len(), message.reply_to), (0, None));
            assert!(ledger.issued.into_inner().unwrap().is_empty());
        }
    }

    #[tokio::test]
    async fn link_that_is_not_stored_is_not_sent() {
        let ledger = Links { has_none: true, ..Links::default() };
        let claim = claim("triggered", None);
        let message = message(&claim, &settings(true, true), &ledger).await;
        assert_eq!((message.actions.len(), message.reply_to), (0, None));
    }
}
