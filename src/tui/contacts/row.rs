//! The rows of the list of contacts.

use std::sync::Arc;

use crate::model::notification::{ContactReach, PersonReach};

/// A row of the list: a contact of a person, or their quiet hours.
#[derive(Clone, PartialEq, Debug)]
pub struct ContactRow {
    /// The person.
    pub person: Arc<PersonReach>,
    /// The contact; `None` in the row of the quiet hours.
    pub contact: Option<ContactReach>,
}

impl ContactRow {
    /// Returns the rows of people: the contacts of each, then their quiet hours if they have some.
    #[must_use]
    pub fn of_people(people: Vec<PersonReach>) -> Vec<Self> {
        let rows = people.into_iter().map(Arc::new).flat_map(|person| {
            let contacts = person.contacts.iter().cloned().map(Some);
            let quiet = person.quiet.iter().map(|_| None);
            let rows: Vec<Option<ContactReach>> = contacts.chain(quiet).collect();
            rows.into_iter().map(move |contact| Self { person: Arc::clone(&person), contact })
        });
        rows.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::notification::QuietSpan;

    #[test]
    fn quiet_hours_stand_after_the_contacts_of_their_person() {
        let contact = |name: &str| ContactReach { contact: name.into(), ..ContactReach::default() };
        let person =
            |name: &str, contacts, quiet| PersonReach { person: name.into(), contacts, quiet };
        let quiet = QuietSpan { from: "22:00".into(), to: "07:00".into(), zone: None };
        let rows = ContactRow::of_people(vec![
            person("ines", vec![contact("desk"), contact("phone")], Some(quiet)),
            person("tomo", vec![contact("mobile")], None),
            person("priya", Vec::new(), None),
        ]);
        let listed: Vec<(&str, Option<&str>)> = rows
            .iter()
            .map(|row| {
                let contact = row.contact.as_ref().map(|contact| contact.contact.as_str());
                (row.person.person.as_str(), contact)
            })
            .collect();
        assert_eq!(
            listed,
            [
                ("ines", Some("desk")),
                ("ines", Some("phone")),
                ("ines", None),
                ("tomo", Some("mobile")),
            ]
        );
    }
}
