//! Replacements for real channels: nothing leaves the process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::clock::Clock;
use super::settings::Sender;
use crate::outbound::{OutboundMessage, Receipt, SendError};

/// The maximum number of messages whose attempts are counted.
const MAX_REMEMBERED: usize = 1000;

/// A replacement for a channel, with its behaviour.
#[derive(Clone, Copy, Debug)]
struct StandIn {
    name: &'static str,
    /// The time that a message needs at least, in milliseconds.
    least_ms: u64,
    /// One in this number of messages is accepted only at the second attempt.
    one_busy_in: u64,
    busy: &'static str,
    accepted: &'static str,
}

const STAND_INS: [StandIn; 4] = [
    StandIn {
        name: "push",
        least_ms: 150,
        one_busy_in: 40,
        busy: "503 the provider is busy",
        accepted: "200 queued",
    },
    StandIn {
        name: "sms",
        least_ms: 900,
        one_busy_in: 15,
        busy: "429 too many messages",
        accepted: "201 queued",
    },
    StandIn {
        name: "call",
        least_ms: 4000,
        one_busy_in: 5,
        busy: "the line is busy",
        accepted: "answered after 14 s",
    },
    StandIn {
        name: "mail",
        least_ms: 300,
        one_busy_in: 25,
        busy: "451 try again later",
        accepted: "250 2.0.0 accepted",
    },
];

/// Channels that accept messages as real ones do, some of them only later, and send none. What becomes of a
/// message follows from the seed, the channel, the address and the incident.
pub struct StandIns {
    clock: Arc<dyn Clock>,
    seed: u64,
    /// How often messages were tried that are not accepted yet.
    attempts: Mutex<HashMap<Uuid, u32>>,
}

impl StandIns {
    /// Creates the channels.
    #[must_use]
    pub fn new(seed: u64, clock: Arc<dyn Clock>) -> Self {
        Self { clock, seed, attempts: Mutex::default() }
    }

    /// Returns a number that is always the same for a message to an address.
    fn draw(&self, channel: &str, address: &str, message: &OutboundMessage) -> u64 {
        let number = message.incident.as_ref().map_or(0, |incident| incident.number.0);
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(number.to_be_bytes());
        hash.update(channel);
        hash.update([0]);
        hash.update(address);
        let bytes: [u8; 32] = hash.finalize().into();
        bytes[..8].iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    }

    /// Counts an attempt, and returns the number of earlier ones.
    fn count(&self, id: Uuid) -> u32 {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if attempts.len() >= MAX_REMEMBERED {
            attempts.clear();
        }
        let count = attempts.entry(id).or_default();
        *count += 1;
        *count - 1
    }
}

#[async_trait]
impl Sender for StandIns {
    fn channels(&self) -> Vec<String> {
        STAND_INS.iter().map(|stand_in| stand_in.name.to_owned()).collect()
    }

    async fn send(
        &self,
        channel: &str,
        address: &str,
        message: &OutboundMessage,
    ) -> Result<Receipt, SendError> {
        let Some(stand_in) = STAND_INS.iter().find(|stand_in| stand_in.name == channel) else {
            return Err(SendError::permanent("there is no such channel"));
        };
        let draw = self.draw(channel, address, message);
        let wait = stand_in.least_ms + draw % (stand_in.least_ms * 2);
        self.clock.sleep(Duration::from_millis(wait)).await;
        if draw.is_multiple_of(stand_in.one_busy_in) && self.count(message.id) == 0 {
            return Err(SendError::temporary(stand_in.busy));
        }
        let provider_id = Some(format!("{}-{:08x}", stand_in.name, draw >> 32));
        Ok(Receipt { provider_id, answer: stand_in.accepted.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::model::notification::MessageKind;

    /// A clock on which nothing has to be waited for.
    struct Hurried;

    #[async_trait]
    impl Clock for Hurried {
        fn now(&self) -> DateTime<Utc> {
            Utc::now()
        }

        async fn sleep(&self, _: Duration) {}
    }

    fn message(id: u128) -> OutboundMessage {
        OutboundMessage {
            id: Uuid::from_u128(id),
            kind: MessageKind::Page,
            incident: None,
            text: "Nobody has acknowledged it".into(),
            url: None,
            actions: Vec::new(),
            reply_to: None,
            bundled: 0,
            document: None,
        }
    }

    #[tokio::test]
    async fn same_seed_has_the_same_outcomes() {
        let outcomes = async |seed| {
            let channels = StandIns::new(seed, Arc::new(Hurried));
            let mut outcomes = Vec::new();
            for person in 0..60 {
                let address = format!("p{person}");
                outcomes.push(channels.send("call", &address, &message(person)).await.is_ok());
            }
            outcomes
        };
        let first = outcomes(1).await;
        assert!(first.contains(&true) && first.contains(&false), "{first:?}");
        assert_eq!(first, outcomes(1).await);
        assert_ne!(first, outcomes(2).await);
    }

    #[tokio::test]
    async fn busy_channel_accepts_the_second_attempt() {
        let channels = StandIns::new(1, Arc::new(Hurried));
        for person in 0..60 {
            let address = format!("p{person}");
            if channels.send("sms", &address, &message(person)).await.is_err() {
                assert!(channels.send("sms", &address, &message(person)).await.is_ok());
            }
        }
    }

    #[tokio::test]
    async fn channel_that_does_not_exist_is_refused() {
        let channels = StandIns::new(1, Arc::new(Hurried));
        let refused = channels.send("pager", "p1", &message(1)).await;
        assert!(matches!(refused, Err(SendError::Permanent { .. })), "{refused:?}");
    }
}
