//! Incoming webhooks of Mattermost
//! (<https://developers.mattermost.com/integrate/webhooks/incoming/>).
//!
//! The secret is the URL of the webhook. The address is a person or a channel, unless the webhook is
//! locked to one channel; without one it posts to its own.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;

use super::common::{authorized, secret_url};
use crate::model::notification::ChannelKind;
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

/// A longer text is posted as several messages.
const MAX_TEXT: usize = 16_383;

/// A webhook of Mattermost.
pub(super) struct Mattermost {
    pub(super) client: Arc<Client>,
    /// The URL of the webhook.
    pub(super) secret: CachedSecret,
}

#[async_trait]
impl Channel for Mattermost {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Mattermost
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let name = address.strip_prefix('@').unwrap_or(address);
        let is_name = (1..=64).contains(&name.len())
            && name.bytes().all(|b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.')
            });
        let expected =
            "a person such as @ines, the name of a channel as its URL has it, or nothing";
        (address.is_empty() || is_name)
            .then_some(())
            .ok_or(AddressError { kind: self.kind(), expected })
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let secret = self.secret.get().await?;
        let escape = text::escape_markdown;
        let content = text::marked_up(message, MAX_TEXT, text::chars, escape, str::to_owned);
        let mut body = json!({ "text": content });
        if !address.is_empty() {
            body["channel"] = json!(address);
        }
        let request = Request::json(secret_url(&secret)?, &body)
            .hiding(secret.expose())
            .hiding_actions(message);
        let answer = authorized(self.client.send(request).await?, Some(&self.secret)).await?;
        Ok(super::common::without_page(answer, "Mattermost")?.receipt(None))
    }
}
