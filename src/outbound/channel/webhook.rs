//! HTTP requests that are signed as Standard Webhooks has it
//! (<https://github.com/standard-webhooks/standard-webhooks>).
//!
//! The id stays the same over all attempts, so a receiver that follows the specification recognizes
//! a repetition. While a secret is replaced, each request has a signature by the new and one by the
//! old one.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::HeaderName;
use reqwest::{Method, Url};
use sha2::Sha256;

use super::common::authorized;
use super::document;
use crate::model::notification::ChannelKind;
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::{AddressError, Channel, Receipt, SendError};
use crate::outbound::message::OutboundMessage;
use crate::outbound::secret::{CachedSecret, Secret};

/// How many bytes a key has, by the specification.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A receiver of signed requests.
pub(super) struct Webhook {
    pub(super) client: Arc<Client>,
    pub(super) url: Url,
    /// `whsec_` and the key in Base64.
    pub(super) secret: CachedSecret,
    /// The secret before it was replaced.
    pub(super) old_secret: Option<CachedSecret>,
}

#[async_trait]
impl Channel for Webhook {
    fn kind(&self) -> ChannelKind {
        ChannelKind::Webhook
    }

    fn check_address(&self, address: &str) -> Result<(), AddressError> {
        super::common::free_address(self.kind(), address)
    }

    async fn send(&self, address: &str, message: &OutboundMessage) -> Result<Receipt, SendError> {
        self.check_address(address)?;
        let now = Utc::now();
        let body = document::encode(address, message, now);
        let id = message.repetition_id().to_string();
        let mut signatures = Vec::new();
        let mut request =
            Request::new(Method::POST, self.url.clone(), "application/json", body.clone())
                .hiding(self.url.as_str())
                .hiding_actions(message);
        for secret in [Some(&self.secret), self.old_secret.as_ref()].into_iter().flatten() {
            let secret = secret.get().await?;
            signatures.push(sign(&secret, &id, now, &body)?);
            request = request.hiding(secret.expose());
        }
        let headers = [
            ("webhook-id", id),
            ("webhook-timestamp", now.timestamp().to_string()),
            ("webhook-signature", signatures.join(" ")),
        ];
        for (name, value) in headers {
            request = request.with_header(HeaderName::from_static(name), &value)?;
        }
        let sent = match self.client.send(request).await {
            Ok(answer) => authorized(answer, Some(&self.secret)).await,
            Err(error) => Err(error),
        };
        sent.map(|answer| answer.receipt(None)).map_err(SendError::for_repeatable)
    }
}

/// Returns the signature of a request: `v1,` and the HMAC in Base64.
fn sign(secret: &Secret, id: &str, at: DateTime<Utc>, body: &[u8]) -> Result<String, SendError> {
    let refused = || {
        SendError::permanent(
            "the secret of the webhook is not one of Standard Webhooks: write whsec_ and 24 to 64 \
             random bytes in Base64",
        )
    };
    let key = secret.expose().strip_prefix("whsec_").ok_or_else(refused)?;
    let key = STANDARD.decode(key).map_err(|_| refused())?;
    if !KEY_BYTES.contains(&key.len()) {
        return Err(refused());
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| refused())?;
    mac.update(format!("{id}.{}.", at.timestamp()).as_bytes());
    mac.update(body);
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// The example of the specification's own libraries.
    #[test]
    fn signature_is_that_of_the_specification() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let at = DateTime::from_timestamp(1_614_265_330, 0).unwrap();
        let body = br#"{"test": 2432232314}"#;
        let signature = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body).unwrap();
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[rstest]
    #[case("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    #[case("whsec_short")]
    #[case("whsec_!!!!")]
    fn secret_of_another_form_is_refused(#[case] secret: &str) {
        let secret = Secret::new(secret.into()).unwrap();
        let error = sign(&secret, "id", DateTime::UNIX_EPOCH, b"").unwrap_err();
        assert!(matches!(error, SendError::Permanent { .. }));
        assert!(!error.to_string().contains(secret.expose()));
    }
}
