//! The decisions of an engine, as one value that its parts use.
//!
//! All decisions are the pure ones of the model. They are behind a trait so that a test can plant a
//! fault in one of them and check that it is detected.

use chrono::{DateTime, Utc};

use crate::model::directory::Directory;
use crate::model::escalation::{NextCall, awaits_calls, next_call};
use crate::model::notification::{Contacts, Notification, plan_notifications};
use crate::model::{Event, Summary};

/// The maximum number of concurrent messages over one channel.
const MAX_AT_ONCE: u32 = 16;

/// Decides for an engine. The methods have the decisions that count; only tests replace one.
pub trait Decisions: Send + Sync {
    /// Returns whether levels are called for an incident at some time, unless it changes.
    fn awaits_calls(&self, incident: &Summary) -> bool {
        awaits_calls(incident)
    }

    /// Returns which level is called for an incident, or when the next one is.
    fn next_call(&self, incident: &Summary, directory: &Directory, now: DateTime<Utc>) -> NextCall {
        next_call(incident, directory, now)
    }

    /// Returns the notifications that follow from the call of a level.
    fn plan(
        &self,
        event: &Event,
        incident: &Summary,
        contacts: &Contacts,
        now: DateTime<Utc>,
    ) -> Vec<Notification> {
        plan_notifications(event, incident, contacts, now)
    }

    /// Returns how many messages may begin over a channel, by the channels of the messages that are being
    /// sent. Those of other channels do not count.
    fn claim_limit(&self, channel: &str, busy: &[&str]) -> u32 {
        let running = busy.iter().filter(|other| **other == channel).count();
        MAX_AT_ONCE.saturating_sub(u32::try_from(running).unwrap_or(u32::MAX))
    }
}

/// The decisions of the model.
#[derive(Clone, Copy, Debug, Default)]
pub struct ModelDecisions;

impl Decisions for ModelDecisions {}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[], 16)]
    #[case(&["sms", "sms", "sms"], 13)]
    #[case(&["mail"; 16], 16)]
    #[case(&["sms"; 17], 0)]
    fn other_channels_do_not_count(#[case] busy: &[&str], #[case] expected: u32) {
        assert_eq!(ModelDecisions.claim_limit("sms", busy), expected);
    }
}
