//! Push messages by Pushover (<https://pushover.net/api>).
//!
//! The address is the key of a user or a group. Messages have no emergency priority, with which
//! Pushover would continue automatically after somebody has acknowledged.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::Url;
use serde_json::{Value, json};

use super::common::{authorized, join};
use crate::model::notification::{ChannelKind, Contacts, MessageKind};
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

const MAX_TITLE: usize = 250;
const MAX_MESSAGE: usize = 1024;
const MAX_URL: usize = 512;

/// An application of Pushover.
pub(super) struct Pushover {
    pub(super) client: Arc<Client>,
    pub(super) url: Url,
    /// The token of the application.
    pub(super) secret: CachedSecret,
}

#[async_trait]
impl Channel for Pushover {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Pushover
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let is_key = address.len() == 30 && address.bytes().all(|b| b.is_ascii_alphanumeric());
        let expected = "the key of a user or a group: 30 letters and digits";
        is_key.then_some(()).ok_or(AddressError { kind: self.kind(), expected })
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let secret = self.secret.get().await?;
        let title = text::cut(&text::title(message), MAX_TITLE, text::chars);
        let mut content = text::cut(&text::body(message), MAX_MESSAGE, text::chars);
        if content.is_empty() {
            // Pushover refuses a message without a text.
            content.clone_from(&title);
        }
        let is_urgent = message.kind == MessageKind::Page
            && message.incident.as_ref().is_some_and(|i| Contacts::is_urgent(i.priority));
        let mut fields = vec![
            ("token", secret.expose()),
            ("user", address),
            ("title", &title),
            ("message", &content),
            ("priority", if is_urgent { "1" } else { "0" }),
        ];
        let first_action = message.actions.first();
        let link = match (first_action, &message.url) {
            (Some(action), _) => Some((action.url.as_str(), action.label.as_str())),
            (None, Some(url)) => Some((url.as_str(), "Open the incident")),
            (None, None) => None,
        };
        if let Some((url, label)) = link.filter(|(url, _)| text::chars(url) <= MAX_URL) {
            fields.extend([("url", url), ("url_title", label)]);
        }
        let url = join(&self.url, &["1", "messages.json"])?;
        let request = Request::form(url, &fields).hiding(secret.expose()).hiding_actions(message);
        let answer = self.client.send(request).await?;
        let body = answer.json();
        if !answer.status.is_success() || body["status"] != json!(1) {
            let errors = body["errors"].as_array().map(|errors| {
                errors.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
            });
            if answer.status.is_success() {
                super::common::with_json(answer, "Pushover")?;
                return Err(SendError::permanent(format!(
                    "Pushover refuses the message: {}",
                    super::common::short(&errors.unwrap_or_default())
                )));
            }
            self.secret.forget().await;
            return Err(answer.refusal(errors.as_deref()));
        }
        let answer = authorized(answer, Some(&self.secret)).await?;
        let id = body["request"].as_str().map(str::to_owned);
        Ok(answer.receipt(id))
    }
}
