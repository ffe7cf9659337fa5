//! Slack: an incoming webhook, or a bot by the Web API.
//!
//! The secret decides: the URL of a webhook, or the token of a bot (`xoxb-…`). A webhook posts to
//! the only channel that it was created for, and mentions the member in the address. A bot posts to
//! the channel or the person in the address.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Url;
use serde_json::{Value, json};

use super::common::{authorized, join, secret_url};
use crate::model::notification::ChannelKind;
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

/// Slack accepts 40,000 characters; from 4,000 on it cuts them in places.
const MAX_TEXT: usize = 4000;

/// A webhook or a bot of Slack.
pub(super) struct Slack {
    pub(super) client: Arc<Client>,
    /// Where the Web API is.
    pub(super) url: Url,
    pub(super) secret: CachedSecret,
}

#[async_trait]
impl Channel for Slack {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Slack
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let is_name = |name: &str| {
            (1..=80).contains(&name.len())
                && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        };
        let is_valid = address.is_empty() || is_id(address) || {
            address.strip_prefix('#').is_some_and(is_name)
        };
        let expected = "the id of a member or a channel such as U024BE7LH, a channel such as \
                        #incidents, or nothing for a webhook that mentions nobody";
        is_valid.then_some(()).ok_or(AddressError { kind: self.kind(), expected })
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let secret = self.secret.get().await?;
        let is_bot = secret.expose().starts_with("xox");
        let mention =
            if !is_bot && is_member(address) { format!("<@{address}> ") } else { String::new() };
        let room = MAX_TEXT - text::chars(&mention);
        let content = text::marked_up(message, room, text::chars, escape, escape);
        let content = format!("{mention}{content}");
        if is_bot {
            if address.is_empty() {
                return Err(SendError::permanent(
                    "a bot of Slack needs an address: write the id of a member or a channel",
                ));
            }
            let body = json!({ "channel": address, "text": content, "unfurl_links": false });
            let url = join(&self.url, &["api", "chat.postMessage"])?;
            let request = Request::json(url, &body).hiding_actions(message).with_bearer(&secret)?;
            let answer = authorized(self.client.send(request).await?, Some(&self.secret)).await?;
            return self.bot_receipt(&super::common::with_json(answer, "Slack")?).await;
        }
        if !address.is_empty() && !is_member(address) {
            return Err(SendError::permanent(
                "a webhook of Slack posts to its own channel only: leave the address out, or write \
                 the id of a member to mention",
            ));
        }
        let url = secret_url(&secret)?;
        let request = Request::json(url, &json!({ "text": content }))
            .hiding(secret.expose())
            .hiding_actions(message);
        let answer = authorized(self.client.send(request).await?, Some(&self.secret)).await?;
        Ok(super::common::without_page(answer, "Slack")?.receipt(None))
    }
}

impl Slack {
    /// The Web API answers with 200 whatever happened.
    async fn bot_receipt(
        &self,
        answer: &crate::outbound::answer::Answer,
    ) -> Result<Receipt, SendError> {
        let body = answer.json();
        if body["ok"] == Value::Bool(true) {
            let id = body["ts"].as_str().map(str::to_owned);
            return Ok(answer.receipt(id));
        }
        let error = body["error"].as_str().unwrap_or("it does not say why");
        let reason = format!("Slack refuses the message: {}", super::common::short(error));
        match error {
            "ratelimited"
            | "rate_limited"
            | "internal_error"
            | "fatal_error"
            | "service_unavailable"
            | "request_timeout" => {
                Err(SendError::Temporary { reason, retry_after: answer.retry_after })
            }
            _ => {
                self.secret.forget().await;
                Err(SendError::permanent(reason))
            }
        }
    }
}

fn is_id(text: &str) -> bool {
    (3..=20).contains(&text.len())
        && text.starts_with(['U', 'W', 'C', 'D', 'G'])
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_member(text: &str) -> bool {
    is_id(text) && text.starts_with(['U', 'W'])
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
