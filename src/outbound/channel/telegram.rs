//! A bot of Telegram (<https://core.telegram.org/bots/api#sendmessage>).
//!
//! The address is the id of a chat, or the name of a channel. Text is sent without markup, so
//! nothing needs to be escaped.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Url;
use serde_json::{Value, json};

use super::common::join;
use crate::model::notification::ChannelKind;
use crate::outbound::answer::wait_seconds;
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

/// In units of UTF-16.
const MAX_TEXT: usize = 4096;

/// A bot of Telegram.
pub(super) struct Telegram {
    pub(super) client: Arc<Client>,
    pub(super) url: Url,
    /// The token of the bot.
    pub(super) secret: CachedSecret,
}

#[async_trait]
impl Channel for Telegram {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Telegram
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let (chat, thread) = split_thread(address);
        let digits = chat.strip_prefix('-').unwrap_or(chat);
        let is_number =
            (1..=18).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        let is_channel = chat.strip_prefix('@').is_some_and(|name| {
            (5..=32).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        });
        let is_thread = thread.is_none_or(|thread| thread.parse::<u32>().is_ok());
        let expected = "the id of a chat such as -1001234567890, with :7 behind it for a topic, or \
                        a channel such as @incidents";
        ((is_number || is_channel) && is_thread)
            .then_some(())
            .ok_or(AddressError { kind: self.kind(), expected })
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let secret = self.secret.get().await?;
        let is_token = |c: char| c.is_ascii_alphanumeric() || ":_-".contains(c);
        if !secret.expose().chars().all(is_token) {
            return Err(SendError::permanent(
                "the secret is no token of a bot of Telegram: write it as @BotFather printed it",
            ));
        }
        let (chat, thread) = split_thread(address);
        let mut body = json!({
            "chat_id": chat,
            "text": text::plain(message, MAX_TEXT, text::utf16),
            "link_preview_options": { "is_disabled": true },
        });
        if let Some(thread) = thread.and_then(|thread| thread.parse::<u32>().ok()) {
            body["message_thread_id"] = json!(thread);
        }
        let url = join(&self.url, &[&format!("bot{}", secret.expose()), "sendMessage"])?;
        let request = Request::json(url, &body).hiding(secret.expose()).hiding_actions(message);
        let mut answer = self.client.send(request).await?;
        let body = answer.json();
        if answer.status.is_success() && body["ok"] == Value::Bool(true) {
            let id = body["result"]["message_id"].as_i64().map(|id| id.to_string());
            return Ok(answer.receipt(id));
        }
        let wait = body["parameters"]["retry_after"].as_f64().and_then(wait_seconds);
        answer.retry_after = wait.or(answer.retry_after);
        let problem = body["description"].as_str();
        if answer.status.is_success() {
            super::common::with_json(answer, "Telegram")?;
            return Err(SendError::permanent(format!(
                "Telegram refuses the message: {}",
                super::common::short(problem.unwrap_or("it does not say why"))
            )));
        }
        if matches!(answer.status.as_u16(), 401 | 404) {
            self.secret.forget().await;
        }
        Err(answer.refusal(problem))
    }
}

/// Splits the id of a chat from that of a topic within it.
fn split_thread(address: &str) -> (&str, Option<&str>) {
    match address.split_once(':') {
        Some((chat, thread)) => (chat, Some(thread)),
        None => (address, None),
    }
}
