//! Workflows of Microsoft Teams that post an adaptive card.
//!
//! The secret is the URL of the workflow, which posts to the only channel or chat that it was
//! created for: there is no address.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::common::{authorized, secret_url};
use crate::model::notification::ChannelKind;
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

/// A request has 28 KB at most. The text is escaped twice, for Markdown and for JSON.
const MAX_TEXT_BYTES: usize = 6 * 1024;
const MAX_TITLE_BYTES: usize = 500;
/// The maximum number of buttons of a card.
const MAX_ACTIONS: usize = 6;

/// A workflow of Teams.
pub(super) struct Teams {
    pub(super) client: Arc<Client>,
    /// The URL of the workflow.
    pub(super) secret: CachedSecret,
}

#[async_trait]
impl Channel for Teams {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Teams
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        super::common::no_address(self.kind(), address)
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let secret = self.secret.get().await?;
        let request = Request::json(secret_url(&secret)?, &card(message))
            .hiding(secret.expose())
            .hiding_actions(message);
        let answer = authorized(self.client.send(request).await?, Some(&self.secret)).await?;
        Ok(answer.receipt(None))
    }
}

fn card(message: &OutboundMessage) -> Value {
    let title = text::title(message);
    let title = text::cut_escaped(&title, MAX_TITLE_BYTES, str::len, text::escape_markdown);
    let content = text::body(message);
    let content = text::cut_escaped(&content, MAX_TEXT_BYTES, str::len, text::escape_markdown);
    let open =
        |title: &str, url: &str| json!({ "type": "Action.OpenUrl", "title": title, "url": url });
    let actions = message.actions.iter().map(|action| open(&action.label, &action.url));
    let incident = message.url.iter().map(|url| open("Open the incident", url));
    let actions: Vec<Value> = actions.chain(incident).take(MAX_ACTIONS).collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.2",
                "body": [
                    { "type": "TextBlock", "text": title, "weight": "Bolder", "size": "Medium",
                      "wrap": true },
                    // One line break is a blank in a card.
                    { "type": "TextBlock", "text": content.replace('\n', "\n\n"), "wrap": true },
                ],
                "actions": actions,
                "msteams": { "width": "full" },
            },
        }],
    })
}
