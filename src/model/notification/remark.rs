//! Texts about notifications for people: channel, time and state.

use chrono::{DateTime, Utc};

use super::delivery::{Notification, NotificationState};
use super::message_kind::MessageKind;
use crate::model::actor::PersonRef;

impl Notification {
    /// Returns the channel and the contact, such as `ntfy phone`; empty for a person who has no
    /// contact.
    #[must_use]
    pub fn way(&self) -> String {
        let is_one = self.channel == self.contact || self.contact.is_empty();
        if is_one { self.channel.clone() } else { format!("{} {}", self.channel, self.contact) }
    }

    /// Returns the remarks on the state: the subject if it calls nobody, the number of the attempt,
    /// the time of the next one, whether it may have arrived twice, and the reason; empty for one
    /// that was sent immediately. `time` formats a time.
    #[must_use]
    pub fn remark(&self, time: impl Fn(DateTime<Utc>) -> String) -> String {
        let attempts = self.attempts;
        let mut facts = Vec::new();
        match (self.kind, self.reminder) {
            (MessageKind::Reminder, Some(reminder)) => facts.push(format!("reminder: {reminder}")),
            (MessageKind::Reminder | MessageKind::Update | MessageKind::Resolved, _) => {
                facts.push(self.kind.to_string());
            }
            (MessageKind::RoleRequest, _) => facts.push("role request".to_owned()),
            _ => {}
        }
        match self.state {
            NotificationState::Waiting if attempts == 0 => {
                facts.push(format!("due {}", time(self.next_try.unwrap_or(self.due))));
            }
            NotificationState::Waiting => {
                let next = self.next_try.map(&time).unwrap_or_default();
                facts.push(format!("{} attempt {next}", ordinal(attempts + 1)).trim_end().into());
            }
            NotificationState::Failed | NotificationState::Cancelled => match attempts {
                0 => {}
                1 => facts.push("1 attempt".to_owned()),
                _ => facts.push(format!("{attempts} attempts")),
            },
            _ if attempts > 1 => facts.push(format!("{} attempt", ordinal(attempts))),
            _ => {}
        }
        if self.perhaps_twice {
            facts.push("perhaps twice".to_owned());
        }
        let facts = facts.join(", ");
        let is_done = matches!(self.state, NotificationState::Sent | NotificationState::Bundled);
        let reason = self.reason.as_deref().map_or("", str::trim);
        // A notice has no incident; its text is shown in that place.
        let reason = if reason.is_empty() || is_done { self.first_line().trim() } else { reason };
        match (facts.is_empty(), reason.is_empty()) {
            (true, true) => String::new(),
            (true, false) => reason.to_owned(),
            (false, true) => format!("({facts})"),
            (false, false) => format!("({facts}): {reason}"),
        }
    }
}

impl Notification {
    /// Returns the contact, the time and the state of the notification, such as `by ntfy phone
    /// 22:31:04 sent (2nd attempt)`. `time` formats a time.
    #[must_use]
    pub fn outcome_text(&self, time: impl Fn(DateTime<Utc>) -> String) -> String {
        let way = self.way();
        let by = if way.is_empty() { String::new() } else { format!("by {way} ") };
        let remark = self.remark(&time);
        let separator = match remark.chars().next() {
            None => "",
            Some('(') => " ",
            Some(_) => ": ",
        };
        let text = format!("{by}{} {}{separator}{remark}", time(self.updated_at), self.state);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Returns the notifications of each person, sorted by the first one of each.
#[must_use]
pub fn by_person<'a>(
    notifications: impl IntoIterator<Item = &'a Notification>,
) -> Vec<(&'a PersonRef, Vec<&'a Notification>)> {
    let mut people: Vec<(&PersonRef, Vec<&Notification>)> = Vec::new();
    for notification in notifications {
        let person = &notification.person;
        match people.iter_mut().find(|(other, _)| other.handle == person.handle) {
            Some((_, list)) => list.push(notification),
            None => people.push((person, vec![notification])),
        }
    }
    people
}

/// Returns an ordinal number, such as `2nd`.
fn ordinal(number: u32) -> String {
    let is_teen = matches!(number % 100, 11..=13);
    let suffix = match number % 10 {
        1 if !is_teen => "st",
        2 if !is_teen => "nd",
        3 if !is_teen => "rd",
        _ => "th",
    };
    format!("{number}{suffix}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::super::reminder_kind::ReminderKind;
    use super::*;

    fn notification(
        state: &str,
        attempts: u32,
        next: bool,
        twice: bool,
        why: &str,
    ) -> Notification {
        let json = serde_json::json!({
            "id": "0198c0de-0000-7000-8000-000000000001",
            "incident": "0198c0de-0000-7000-8000-000000000002",
            "event": "0198c0de-0000-7000-8000-000000000003",
            "kind": "page", "level": 1, "round": 1,
            "person": {"handle": "ines", "name": "Ines Moreau"},
            "contact": "phone", "channel": "ntfy",
            "planned_at": "2026-03-01T22:31:00Z", "due": "2026-03-01T22:31:00Z",
            "state": state, "attempts": attempts,
            "next_try": next.then_some("2026-03-01T22:36:04Z"),
            "updated_at": "2026-03-01T22:31:04Z",
            "reason": (!why.is_empty()).then_some(why), "perhaps_twice": twice,
        });
        serde_json::from_value(json).unwrap()
    }

    #[rstest]
    #[case(notification("sent", 1, false, false, ""), "")]
    #[case(notification("sent", 2, false, false, "an earlier failure"), "(2nd attempt)")]
    #[case(notification("sent", 3, false, true, ""), "(3rd attempt, perhaps twice)")]
    #[case(notification("bundled", 0, false, false, ""), "")]
    #[case(notification("waiting", 0, true, false, ""), "(due 22:36:04)")]
    #[case(notification("waiting", 0, false, false, ""), "(due 22:31:00)")]
    #[case(
        notification("waiting", 1, true, false, "no answer"),
        "(2nd attempt 22:36:04): no answer"
    )]
    #[case(notification("waiting", 10, false, false, ""), "(11th attempt)")]
    #[case(notification("sending", 2, false, true, ""), "(2nd attempt, perhaps twice)")]
    #[case(notification("failed", 1, false, false, "no such topic"), "(1 attempt): no such topic")]
    #[case(notification("failed", 22, false, true, ""), "(22 attempts, perhaps twice)")]
    #[case(
        notification("cancelled", 0, false, false, "the incident has ended"),
        "the incident has ended"
    )]
    #[case(notification("unreachable", 0, false, false, "no contact"), "no contact")]
    #[case(notification("relayed", 1, false, false, "by a later version"), "by a later version")]
    fn remark_says_what_the_state_does_not(#[case] one: Notification, #[case] expected: &str) {
        let remark = one.remark(|at| at.format("%H:%M:%S").to_string());
        assert_eq!(remark, expected);
    }

    #[rstest]
    #[case(notification("sent", 2, false, false, ""), "by ntfy phone 22:31:04 sent (2nd attempt)")]
    #[case(notification("sent", 1, false, false, ""), "by ntfy phone 22:31:04 sent")]
    #[case(
        notification("cancelled", 0, false, false, "acknowledged"),
        "by ntfy phone 22:31:04 cancelled: acknowledged"
    )]
    fn outcome_has_way_time_and_state(#[case] one: Notification, #[case] expected: &str) {
        assert_eq!(one.outcome_text(|at| at.format("%H:%M:%S").to_string()), expected);
    }

    #[rstest]
    #[case(MessageKind::Page, None, "(2nd attempt)")]
    #[case(MessageKind::Update, None, "(update, 2nd attempt)")]
    #[case(MessageKind::Resolved, None, "(resolved, 2nd attempt)")]
    #[case(MessageKind::RoleRequest, None, "(role request, 2nd attempt)")]
    #[case(MessageKind::Reminder, None, "(reminder, 2nd attempt)")]
    #[case(MessageKind::Reminder, Some(ReminderKind::Snooze), "(reminder: snooze, 2nd attempt)")]
    fn remark_says_what_calls_nobody(
        #[case] kind: MessageKind,
        #[case] reminder: Option<ReminderKind>,
        #[case] expected: &str,
    ) {
        let one = Notification { kind, reminder, ..notification("sent", 2, false, false, "") };
        assert_eq!(one.remark(|at| at.format("%H:%M:%S").to_string()), expected);
    }

    #[test]
    fn people_come_in_the_order_of_their_first_notification() {
        let of = |handle: &str| {
            let mut one = notification("sent", 1, false, false, "");
            one.person.handle = handle.into();
            one
        };
        let all = [of("ines"), of("tom"), of("ines")];
        let people = by_person(&all);
        let counts: Vec<(&str, usize)> =
            people.iter().map(|(person, list)| (person.handle.as_str(), list.len())).collect();
        assert_eq!(counts, [("ines", 2), ("tom", 1)]);
    }

    #[rstest]
    #[case("ntfy", "phone", "ntfy phone")]
    #[case("sms", "sms", "sms")]
    #[case("sms", "", "sms")]
    #[case("", "", "")]
    fn way_names_the_channel_once(
        #[case] channel: &str,
        #[case] contact: &str,
        #[case] expected: &str,
    ) {
        let mut one = notification("sent", 1, false, false, "");
        one.channel = channel.into();
        one.contact = contact.into();
        assert_eq!(one.way(), expected);
    }

    #[test]
    fn ordinals_follow_english() {
        let found = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111].map(ordinal);
        let expected =
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "22nd", "101st", "111th"];
        assert_eq!(found, expected);
    }
}
