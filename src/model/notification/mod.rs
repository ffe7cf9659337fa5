//! Notifications: how people are reached, and when a level of an escalation policy is due.
//!
//! The rules are pure: no clock, no network. Messages are sent by [`crate::outbound`].

pub mod answer;
mod answer_text;
pub mod answers;
mod channel_kind;
pub mod contact;
pub mod decision;
pub mod delivery;
pub mod link;
pub mod message_kind;
pub mod plan;
mod quiet;
pub mod reach;
mod remark;
mod reminder_kind;
pub mod step;
pub mod stored_contacts;

pub use answer::{Answer, AnswerRefusal, AnswerWay};
pub use answer_text::{parse_action, parse_answer};
pub use answers::AnswerSettings;
pub use channel_kind::{ChannelKind, UnknownChannelKind};
pub use contact::{Contact, ContactRule, Contacts, PersonContacts, QuietHours};
pub use delivery::{Attempt, AttemptOutcome, Notification, NotificationState};
pub use link::{AnswerLink, LinkAction, LinkDigest, LinkToken};
pub use message_kind::MessageKind;
pub use plan::{Occasion, plan_message, plan_notice, plan_notifications, plan_role_request};
pub use reach::{ContactReach, ContactTest, PersonReach, PlannedContact};
pub use remark::by_person;
pub use reminder_kind::ReminderKind;
pub use stored_contacts::{
    ContactChange, ContactPatch, ContactProblem, QuietSpan, StoredContact, StoredContacts,
};
