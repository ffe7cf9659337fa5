//! The channel of self-tests, whose messages stay within the program.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::settings::Sender;
use crate::model::signals::SELF_TEST;
use crate::outbound::{OutboundMessage, Receipt, SendError};

/// A sender with the channel of self-tests in addition to its own.
pub(super) struct WithTestChannel(pub(super) Arc<dyn Sender>);

#[async_trait]
impl Sender for WithTestChannel {
    fn channels(&self) -> Vec<String> {
        let mut channels = self.0.channels();
        if !channels.iter().any(|channel| channel == SELF_TEST) {
            channels.push(SELF_TEST.to_owned());
        }
        channels
    }

    async fn send(
        &self,
        channel: &str,
        address: &str,
        message: &OutboundMessage,
    ) -> Result<Receipt, SendError> {
        let is_own = self.0.channels().iter().any(|own| own == channel);
        if channel == SELF_TEST && !is_own {
            let answer = "it was accepted within the program".to_owned();
            return Ok(Receipt { provider_id: None, answer });
        }
        self.0.send(channel, address, message).await
    }

    async fn probe(&self, url: &str) -> Result<(), SendError> {
        self.0.probe(url).await
    }
}
