//! Webhooks of Discord (<https://discord.com/developers/docs/resources/webhook#execute-webhook>).
//!
//! The secret is the URL of the webhook. The address is the id of the user who is mentioned; nobody
//! else is, whatever is in the title of an incident.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::common::secret_url;
use crate::model::notification::ChannelKind;
use crate::outbound::answer::wait_seconds;
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

const MAX_CONTENT: usize = 2000;

/// A webhook of Discord.
pub(super) struct Discord {
    pub(super) client: Arc<Client>,
    /// The URL of the webhook.
    pub(super) secret: CachedSecret,
}

#[async_trait]
impl Channel for Discord {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Discord
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let is_id =
            (15..=20).contains(&address.len()) && address.bytes().all(|b| b.is_ascii_digit());
        let expected = "the id of the user to mention, 15 to 20 digits, or nothing";
        (address.is_empty() || is_id)
            .then_some(())
            .ok_or(AddressError { kind: self.kind(), expected })
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let secret = self.secret.get().await?;
        let mention = if address.is_empty() { String::new() } else { format!("<@{address}> ") };
        let room = MAX_CONTENT - text::chars(&mention);
        let escape = text::escape_markdown;
        let content = text::marked_up(message, room, text::chars, escape, str::to_owned);
        let users: Vec<&str> = if address.is_empty() { Vec::new() } else { vec![address] };
        let body = json!({
            "content": format!("{mention}{content}"),
            "allowed_mentions": { "parse": [], "users": users },
        });
        let mut url = secret_url(&secret)?;
        url.query_pairs_mut().append_pair("wait", "true");
        let request = Request::json(url, &body).hiding(secret.expose()).hiding_actions(message);
        let mut answer = self.client.send(request).await?;
        let body = answer.json();
        if answer.status.is_success() {
            let answer = super::common::without_page(answer, "Discord")?;
            let id = body["id"].as_str().map(str::to_owned);
            return Ok(answer.receipt(id));
        }
        let wait = body["retry_after"].as_f64().and_then(wait_seconds);
        answer.retry_after = wait.or(answer.retry_after);
        if matches!(answer.status.as_u16(), 401 | 404) {
            self.secret.forget().await;
        }
        Err(answer.refusal(body.get("message").and_then(Value::as_str)))
    }
}
