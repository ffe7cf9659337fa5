//! Push messages by a server of ntfy (<https://docs.ntfy.sh/publish/>).
//!
//! The address is a topic. ntfy recognizes no repetition, so an attempt without an answer may have
//! arrived.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Url;
use serde_json::{Value, json};

use super::common::authorized;
use crate::model::Priority;
use crate::model::notification::{ChannelKind, MessageKind};
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

/// The maximum size of a message; a longer one would become an attached file, which a lock screen
/// does not show.
const MAX_MESSAGE_BYTES: usize = 4096;
const MAX_TITLE_BYTES: usize = 250;
/// ntfy refuses more.
const MAX_ACTIONS: usize = 3;

/// A server of ntfy.
pub(super) struct Ntfy {
    pub(super) client: Arc<Client>,
    pub(super) url: Url,
    /// An access token, or `name:password`.
    pub(super) secret: Option<CachedSecret>,
}

#[async_trait]
impl Channel for Ntfy {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Ntfy
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let is_topic = (1..=64).contains(&address.len())
            && address.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let expected = "the topic: 1 to 64 letters, digits, - and _";
        is_topic.then_some(()).ok_or(AddressError { kind: self.kind(), expected })
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let body = body(address, message);
        let mut request = Request::json(self.url.clone(), &body).hiding_actions(message);
        if let Some(secret) = &self.secret {
            let value = secret.get().await?;
            request = match value.expose().split_once(':') {
                Some((name, _)) => {
                    let password = super::common::after_colon(&value)?;
                    request.with_basic(name, &password)?
                }
                None => request.with_bearer(&value)?,
            };
        }
        let answer = authorized(self.client.send(request).await?, self.secret.as_ref()).await?;
        let answer = super::common::without_page(answer, "ntfy")?;
        let id = answer.json().get("id").and_then(Value::as_str).map(str::to_owned);
        Ok(answer.receipt(id))
    }
}

fn body(topic: &str, message: &OutboundMessage) -> Value {
    let actions: Vec<Value> = message
        .actions
        .iter()
        .take(MAX_ACTIONS)
        .map(|action| {
            json!({
                "action": "http",
                "label": action.label,
                "url": action.url,
                "method": "POST",
                "clear": true,
            })
        })
        .collect();
    let mut text = text::cut(&text::body(message), MAX_MESSAGE_BYTES, str::len);
    if text.is_empty() {
        // ntfy would write "triggered" instead.
        text = text::cut(&text::title(message), MAX_MESSAGE_BYTES, str::len);
    }
    let mut body = json!({
        "topic": topic,
        "title": text::cut(&text::title(message), MAX_TITLE_BYTES, str::len),
        "message": text,
        "priority": priority(message),
        "tags": tags(message),
    });
    if let Some(url) = message.main_url() {
        body["click"] = json!(url);
    }
    if !actions.is_empty() {
        body["actions"] = Value::Array(actions);
    }
    body
}

fn priority(message: &OutboundMessage) -> u8 {
    let priority = message.incident.as_ref().map(|incident| incident.priority.rank());
    match (message.kind, priority) {
        (MessageKind::Page | MessageKind::Reminder, Some(Priority::P1)) => 5,
        (MessageKind::Page | MessageKind::Reminder, Some(Priority::P2)) => 4,
        _ => 3,
    }
}

fn tags(message: &OutboundMessage) -> &'static [&'static str] {
    match message.kind {
        MessageKind::Page => &["rotating_light"],
        MessageKind::Resolved => &["white_check_mark"],
        MessageKind::Reminder => &["alarm_clock"],
        MessageKind::RoleRequest => &["raising_hand"],
        MessageKind::Update | MessageKind::Test | MessageKind::Unknown(_) => &[],
    }
}
