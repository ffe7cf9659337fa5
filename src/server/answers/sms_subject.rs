//! The message that an answer without a number is about. Where several incidents may be meant, the sender is
//! asked which one.

use std::cmp::Reverse;
use std::fmt::Write;

use uuid::Uuid;

use crate::backend::NotificationEntry;
use crate::model::notification::{LinkAction, Notification};
use crate::model::status::Status;
use crate::model::{IncidentNumber, Summary};

/// How many incidents are considered that may be meant.
const MAX_INCIDENTS: usize = 20;
/// How many characters the list of what may be meant may have.
const LIST_CHARS: usize = 125;

/// Returns what may be meant, one notification for each incident: those of the last message over the channels by
/// which the answer came, and those of the last message over any channel.
pub(super) fn candidates<'a>(
    entries: &'a [NotificationEntry],
    channels: &[&str],
) -> Vec<&'a NotificationEntry> {
    // Of messages of the same time the first of the list is the latest.
    let last_of = |is_meant: &dyn Fn(&Notification) -> bool| {
        let entries = entries.iter().filter(|entry| is_meant(&entry.notification));
        entries.min_by_key(|entry| Reverse(entry.notification.updated_at))
    };
    let last = last_of(&|_| true);
    let last_text = last_of(&|one| channels.contains(&one.channel.as_str()));
    let mut found: Vec<&NotificationEntry> = Vec::new();
    for message in last_text.into_iter().chain(last) {
        let id = message_id(&message.notification);
        let parts = entries.iter().filter(|entry| message_id(&entry.notification) == id);
        for entry in std::iter::once(message).chain(parts) {
            let incident = entry.notification.incident;
            let is_new = !found.iter().any(|other| other.notification.incident == incident);
            if is_new && found.len() < MAX_INCIDENTS {
                found.push(entry);
            }
        }
    }
    found
}

/// Returns the id of the message by which a notification was sent.
pub(super) fn message_id(notification: &Notification) -> Uuid {
    notification.bundled_into.unwrap_or(notification.id)
}

/// Returns whether an action makes sense for an incident.
pub(super) fn awaits(action: LinkAction, row: &Summary) -> bool {
    match action {
        LinkAction::Acknowledge => row.status == Status::Triggered && row.acknowledged_at.is_none(),
        _ => row.status.is_open(),
    }
}

/// Returns the question which of some incidents is meant, as far as a text message has room.
pub(super) fn question(action: LinkAction, numbers: &[IncidentNumber]) -> String {
    let letter = match action {
        LinkAction::Acknowledge => 'a',
        LinkAction::Escalate => 'e',
        LinkAction::Working => 'w',
        _ => 'r',
    };
    let mut text = String::from("say which:");
    for (index, number) in numbers.iter().enumerate() {
        if text.len() > LIST_CHARS {
            text.push_str(", or another");
            break;
        }
        let separator = if index == 0 { " " } else { ", " };
        // Writing to a String can't fail.
        let _ = write!(text, "{separator}{}{letter} ({number})", number.0);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_lists_how_each_incident_is_answered() {
        let two = [IncidentNumber(6), IncidentNumber(12)];
        let expected = "say which: 6r (INC-6), 12r (INC-12)";
        assert_eq!(question(LinkAction::Resolve, &two), expected);
        let many: Vec<IncidentNumber> = (1..=20).map(IncidentNumber).collect();
        let text = question(LinkAction::Acknowledge, &many);
        assert!(text.ends_with(", or another"), "{text}");
        assert!(text.chars().count() <= 160, "{text}");
    }
}
