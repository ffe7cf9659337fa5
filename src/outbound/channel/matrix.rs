//! Rooms of Matrix (<https://spec.matrix.org/latest/client-server-api/#sending-events-to-a-room>).
//!
//! The address is the id of a room. The id of the message is that of the transaction, by which a
//! home server recognizes a repetition.

use std::sync::Arc;

use async_trait::async_trait;
use reqwest::{Method, Url};
use serde_json::json;

use super::common::join;
use crate::model::notification::ChannelKind;
use crate::outbound::answer::wait_seconds;
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::CachedSecret;
use crate::outbound::text;

/// An event has 64 KiB at most, which hold the text twice, escaped.
const MAX_TEXT_BYTES: usize = 6 * 1024;

/// A user of a home server.
pub(super) struct Matrix {
    pub(super) client: Arc<Client>,
    pub(super) url: Url,
    /// The access token of the user.
    pub(super) secret: CachedSecret,
}

#[async_trait]
impl Channel for Matrix {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Matrix
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        let is_room = address.strip_prefix('!').is_some_and(|id| {
            (1..255).contains(&id.len()) && id.chars().all(|c| c.is_ascii_graphic())
        });
        let expected = "the internal id of a room such as !abc:matrix.example";
        is_room.then_some(()).ok_or(AddressError { kind: self.kind(), expected })
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.attempt(address, message).await.map_err(SendError::for_repeatable)
    }
}

impl Matrix {
    async fn attempt(
        &self,
        address: &str,
        message: &OutboundMessage,
    ) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let secret = self.secret.get().await?;
        let plain = text::plain(message, MAX_TEXT_BYTES, str::len);
        let (first, rest) = plain.split_once('\n').unwrap_or((plain.as_str(), ""));
        let html = format!(
            "<strong>{}</strong><br/>{}",
            text::escape_xml(first),
            text::escape_xml(rest).replace('\n', "<br/>")
        );
        let body = json!({
            "msgtype": "m.text",
            "body": plain,
            "format": "org.matrix.custom.html",
            "formatted_body": html,
        });
        let id = message.repetition_id().to_string();
        let path =
            ["_matrix", "client", "v3", "rooms", address, "send", "m.room.message", id.as_str()];
        let url = join(&self.url, &path)?;
        let body = serde_json::to_vec(&body).unwrap_or_default();
        let request =
            Request::new(Method::PUT, url, "application/json", body).hiding_actions(message);
        let request = request.with_bearer(&secret)?;
        let mut answer = self.client.send(request).await?;
        let body = answer.json();
        if answer.status.is_success() {
            if let Some(id) = body["event_id"].as_str() {
                return Ok(answer.receipt(Some(id.to_owned())));
            }
            let answer = super::common::with_json(answer, "Matrix")?;
            return Err(SendError::permanent(format!(
                "{} gave an answer that is not of Matrix: write the address of the home server",
                answer.host
            )));
        }
        let wait = body["retry_after_ms"].as_f64().map(|wait| wait / 1000.0);
        answer.retry_after = wait.and_then(wait_seconds).or(answer.retry_after);
        if answer.status.as_u16() == 401 {
            self.secret.forget().await;
        }
        let code = body["errcode"].as_str().unwrap_or_default();
        let problem = body["error"].as_str().map(|error| format!("{code} {error}"));
        Err(answer.refusal(problem.as_deref()))
    }
}
