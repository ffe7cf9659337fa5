//! Push messages by a server of Gotify (<https://gotify.net/api-docs>).
//!
//! The token of an application belongs to one user, who gets the messages: there is no address.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Url;
use reqwest::header::HeaderName;
use serde_json::{Value, json};

use super::common::{authorized, join};
use crate::model::Priority;
use crate::model::notification::{ChannelKind, MessageKind};
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

/// The limit for phones, which show no more; Gotify sets none.
const MAX_MESSAGE: usize = 4000;
const MAX_TITLE: usize = 250;

/// An application on a server of Gotify.
pub(super) struct Gotify {
    pub(super) client: Arc<Client>,
    pub(super) url: Url,
    /// The token of the application.
    pub(super) secret: CachedSecret,
}

#[async_trait]
impl Channel for Gotify {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Gotify
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        super::common::no_address(self.kind(), address)
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let secret = self.secret.get().await?;
        let priority = match message.incident.as_ref().map(|incident| incident.priority.rank()) {
            Some(Priority::P1) if message.kind == MessageKind::Page => 10,
            Some(Priority::P1 | Priority::P2) if message.kind == MessageKind::Page => 8,
            _ => 5,
        };
        let mut body = json!({
            "title": text::cut(&text::title(message), MAX_TITLE, text::chars),
            "message": text::plain(message, MAX_MESSAGE, text::chars),
            "priority": priority,
        });
        if let Some(url) = message.main_url() {
            body["extras"] = json!({ "client::notification": { "click": { "url": url } } });
        }
        let request = Request::json(join(&self.url, &["message"])?, &body)
            .hiding(secret.expose())
            .with_header(HeaderName::from_static("x-gotify-key"), secret.expose())?
            .hiding_actions(message);
        let answer = authorized(self.client.send(request).await?, Some(&self.secret)).await?;
        let answer = super::common::without_page(answer, "Gotify")?;
        let id = answer.json().get("id").and_then(Value::as_u64).map(|id| id.to_string());
        Ok(answer.receipt(id))
    }
}
