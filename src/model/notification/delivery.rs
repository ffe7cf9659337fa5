//! Notifications: messages that are sent to people about incidents, and every attempt to send them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::message_kind::MessageKind;
use super::reminder_kind::ReminderKind;
use crate::model::actor::PersonRef;
use crate::model::extra::{Extra, extensible_record};
use crate::model::id::{CoverId, EventId, IncidentId};
use crate::model::status::growing_enum;

/// A message over one contact of a person, about one event of an incident, with its state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Notification {
    /// The id, which is sent with each attempt so that a receiver can recognize a repetition.
    pub id: Uuid,
    /// The incident; zeros for a notice, which is about none.
    #[schema(value_type = Uuid)]
    pub incident: IncidentId,
    /// The event because of which the person is notified; that of a reminder is on no timeline.
    #[schema(value_type = Uuid)]
    pub event: EventId,
    /// The kind of message.
    pub kind: MessageKind,
    /// The level of the escalation policy that was called, from 1.
    pub level: u8,
    /// The round of the escalation policy in which it was called, from 1.
    #[schema(minimum = 1, maximum = 65535)]
    pub round: u16,
    /// The person.
    pub person: PersonRef,
    /// The name of the contact; empty if the person has none.
    pub contact: String,
    /// The name of the channel in the settings; empty if the person has no contact.
    pub channel: String,
    /// How often the person's rules use the contact before, for the same call; absent the first time.
    #[serde(default, skip_serializing_if = "is_first")]
    pub earlier_uses: u8,
    /// When it was planned.
    pub planned_at: DateTime<Utc>,
    /// The time of the first attempt.
    pub due: DateTime<Utc>,
    /// Its state.
    pub state: NotificationState,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When the next attempt is due; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_try: Option<DateTime<Utc>>,
    /// When the state was reached, or the last attempt ended.
    pub updated_at: DateTime<Utc>,
    /// The id that the provider gave to the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The reason for its state, as a sentence: the last failure, or the reason why it was not
    /// sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether it may have arrived more than once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub perhaps_twice: bool,
    /// Whether the level was called although somebody had acknowledged the incident, to get help for
    /// example: then the acknowledgement does not stop it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub after_acknowledgement: bool,
    /// The kind of reminder, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminder: Option<ReminderKind>,
    /// The notification with which it was sent as one message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundled_into: Option<Uuid>,
    /// What a notice says, which is about no incident; of a page, how late it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The time after which a notice is useless, so that it is no longer sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// The request for cover that a notice is about, which the person can answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    pub cover: Option<CoverId>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Notification);

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_first(earlier_uses: &u8) -> bool {
    *earlier_uses == 0
}

impl Notification {
    /// Returns whether it is a notice: a message that is about no incident.
    #[must_use]
    pub fn is_notice(&self) -> bool {
        self.incident == IncidentId::NONE
    }

    /// Returns the first line of what a notice says, or how late a page is; empty for any other notification.
    #[must_use]
    pub fn first_line(&self) -> &str {
        self.text.as_deref().and_then(|text| text.lines().next()).unwrap_or_default()
    }
}

growing_enum! {
    /// The state of a notification.
    NotificationState, "state" {
        /// An attempt is due now or later.
        Waiting = "waiting",
        /// An attempt is under way.
        Sending = "sending",
        /// The provider has accepted it.
        Sent = "sent",
        /// It was sent as a part of the message of another notification.
        Bundled = "bundled",
        /// It could not be sent, and is not tried again.
        Failed = "failed",
        /// It was not needed any more, as the incident was acknowledged or had ended.
        Cancelled = "cancelled",
        /// The person has no contact.
        Unreachable = "unreachable",
    }
}

/// One attempt to send a notification.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct Attempt {
    /// The notification.
    pub notification: Uuid,
    /// The number of the attempt, from 1.
    pub number: u32,
    /// When it began.
    pub began_at: DateTime<Utc>,
    /// When its outcome was known; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// The outcome.
    pub outcome: AttemptOutcome,
    /// The id that the provider gave to the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The answer of the provider or the reason of the failure, without secrets, at most 1 KiB.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub answer: String,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(Attempt);

growing_enum! {
    /// The outcome of an attempt to send a notification.
    AttemptOutcome, "outcome" {
        /// It is under way.
        Running = "running",
        /// The provider has accepted the message.
        Accepted = "accepted",
        /// It was not accepted now; another attempt may succeed.
        Temporary = "temporary",
        /// It can't succeed until somebody changes something.
        Permanent = "permanent",
        /// The message may have arrived.
        Uncertain = "uncertain",
        /// The program that sent it ended before it knew: the message may have arrived.
        Interrupted = "interrupted",
    }
}

impl NotificationState {
    /// Returns whether nothing more becomes of a notification in this state.
    #[must_use]
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Waiting | Self::Sending)
    }
}
