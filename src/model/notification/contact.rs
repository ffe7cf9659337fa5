//! How people are reached: their contacts, and the rules by which these are used.
//!
//! Contacts are no part of the [`Directory`](crate::model::directory::Directory): addresses of
//! people never go to clients.

use chrono::NaiveTime;

use crate::model::Priority;

/// The contacts of all people who have some.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contacts {
    /// At most one entry for each person.
    pub people: Vec<PersonContacts>,
}

/// How one person is reached.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PersonContacts {
    /// The handle of the person.
    pub person: String,
    /// The contacts, each with a name of its own.
    pub contacts: Vec<Contact>,
    /// The rules for urgent incidents. Without rules, all contacts are used immediately.
    pub urgent: Vec<ContactRule>,
    /// The rules for all other incidents. Without rules, all contacts are used immediately.
    pub rest: Vec<ContactRule>,
    /// When the person is not notified of less urgent incidents.
    pub quiet: Option<QuietHours>,
}

/// One way in which a person can be reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contact {
    /// The name by which the person's rules refer to it, such as `phone`.
    pub name: String,
    /// The name of the channel in the settings.
    pub channel: String,
    /// The address within the channel, such as a telephone number. Empty where the channel needs
    /// none.
    pub address: String,
}

/// When a contact is used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContactRule {
    /// How many seconds after the person is called.
    pub after_s: i64,
    /// The name of the contact.
    pub contact: String,
}

/// A time of every day in which a person is not notified of less urgent incidents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuietHours {
    /// The local time at which they begin.
    pub from: NaiveTime,
    /// The local time at which they end, the next day if it is not after `from`.
    pub to: NaiveTime,
    /// The IANA name of the zone, such as `Europe/Berlin`; `None` for that of the machine.
    pub zone: Option<String>,
}

impl Contacts {
    /// Returns the contacts of a person.
    #[must_use]
    pub fn of_person(&self, handle: &str) -> Option<&PersonContacts> {
        self.people.iter().find(|person| person.person.eq_ignore_ascii_case(handle))
    }

    /// Returns whether the rules for urgent incidents hold for a priority: for P1, P2 and those of
    /// later versions.
    #[must_use]
    pub fn is_urgent(priority: Priority) -> bool {
        matches!(priority.rank(), Priority::P1 | Priority::P2)
    }
}

impl PersonContacts {
    /// Returns the contact with this name.
    #[must_use]
    pub fn contact(&self, name: &str) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.name == name)
    }

    /// Returns the contacts that are used for an incident of this priority, each with the seconds
    /// after which it is used, sorted by these. Without rules these are all contacts, immediately.
    #[must_use]
    pub fn plan(&self, priority: Priority) -> Vec<(i64, &Contact)> {
        let rules = if Contacts::is_urgent(priority) { &self.urgent } else { &self.rest };
        if rules.is_empty() {
            return self.contacts.iter().map(|contact| (0, contact)).collect();
        }
        let mut plan: Vec<(i64, &Contact)> = rules
            .iter()
            .filter_map(|rule| Some((rule.after_s, self.contact(&rule.contact)?)))
            .collect();
        plan.sort_by_key(|(after_s, _)| *after_s);
        plan
    }
}

impl QuietHours {
    /// Returns whether a local time is within them. With equal ends they last all day.
    #[must_use]
    pub fn contains(&self, local: NaiveTime) -> bool {
        if self.from < self.to {
            (self.from..self.to).contains(&local)
        } else {
            local >= self.from || local < self.to
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn time(text: &str) -> NaiveTime {
        NaiveTime::parse_from_str(text, "%H:%M").unwrap()
    }

    #[rstest]
    #[case("22:00", "07:00", "23:30", true)]
    #[case("22:00", "07:00", "06:59", true)]
    #[case("22:00", "07:00", "07:00", false)]
    #[case("22:00", "07:00", "21:59", false)]
    #[case("12:00", "13:00", "12:00", true)]
    #[case("12:00", "13:00", "13:00", false)]
    #[case("08:00", "08:00", "15:00", true)]
    fn quiet_hours_may_go_past_midnight(
        #[case] from: &str,
        #[case] to: &str,
        #[case] at: &str,
        #[case] quiet: bool,
    ) {
        let hours = QuietHours { from: time(from), to: time(to), zone: None };
        assert_eq!(hours.contains(time(at)), quiet);
    }

    #[test]
    fn rules_order_the_contacts_and_none_means_all_at_once() {
        let contact =
            |name: &str| Contact { name: name.into(), channel: "c".into(), address: "a".into() };
        let rule = |after_s, contact: &str| ContactRule { after_s, contact: contact.into() };
        let person = PersonContacts {
            person: "ines".into(),
            contacts: vec![contact("push"), contact("sms")],
            urgent: vec![rule(120, "sms"), rule(0, "push"), rule(300, "gone")],
            ..PersonContacts::default()
        };
        let plan = |priority| {
            let plan = person.plan(priority);
            plan.iter().map(|(after_s, c)| (*after_s, c.name.clone())).collect::<Vec<_>>()
        };
        assert_eq!(plan(Priority::P2), [(0, "push".into()), (120, "sms".into())]);
        assert_eq!(plan(Priority::P3), [(0, "push".into()), (0, "sms".into())]);
    }
}
