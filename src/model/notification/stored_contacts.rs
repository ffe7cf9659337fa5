//! Contacts that people set themselves, which a store has beside those of the settings.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::contact::{Contact, ContactRule, Contacts, PersonContacts, QuietHours};
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::check;
use crate::model::extra::{Extra, extensible_record};
use crate::model::oncall::Zone;

/// The most contacts that a person sets.
pub const MAX_CONTACTS: usize = 20;
/// The longest address, in bytes.
const MAX_ADDRESS_BYTES: usize = 320;
/// The most times at which a rule uses one contact.
const MAX_WAITS: usize = 10;
/// The longest wait of a rule, in seconds.
const MAX_WAIT_S: i64 = 7 * 24 * 60 * 60;
/// The name of a contact that nobody has: no name is blank.
const NEVER: &str = "";

/// The contacts that a person has set.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(remote = "Self")]
pub struct StoredContacts {
    /// The handle of the person.
    pub person: String,
    /// The contacts, each with a name of its own.
    #[serde(default)]
    pub contacts: Vec<StoredContact>,
    /// When the person is not notified of what may wait; absent if at any time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<QuietSpan>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(StoredContacts);

/// A contact that a person sets, with the rules by which it is used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct StoredContact {
    /// The name, such as `phone`.
    pub name: String,
    /// The name of a channel of the settings.
    pub channel: String,
    /// The address within the channel, such as a telephone number; empty where it needs none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub address: String,
    /// After how many seconds it is used for urgent incidents (P1 and P2); empty for never.
    #[serde(default = "at_once")]
    pub urgent_after_s: Vec<i64>,
    /// After how many seconds it is used for all other incidents; empty for never.
    #[serde(default = "at_once")]
    pub rest_after_s: Vec<i64>,
}

/// Returns the waits of a contact that is used once, and at once.
#[must_use]
pub fn at_once() -> Vec<i64> {
    vec![0]
}

/// What is to be changed of a contact. What is absent stays as it is.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ContactPatch {
    /// The name of the contact.
    pub name: String,
    /// Another channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Another address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Other waits for urgent incidents; empty for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub urgent_after_s: Option<Vec<i64>>,
    /// Other waits for all other incidents; empty for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest_after_s: Option<Vec<i64>>,
}

/// A time of every day in which a person is not notified of what may wait.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct QuietSpan {
    /// The local time at which it begins, such as `22:00`.
    #[schema(example = "22:00")]
    pub from: String,
    /// The local time at which it ends, the next day if it is not after `from`.
    #[schema(example = "07:00")]
    pub to: String,
    /// The IANA name of the zone; absent for that of the machine that sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Europe/Berlin")]
    pub zone: Option<String>,
}

/// A change of the contacts of one person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ContactChange {
    /// Adds a contact whose name is free.
    Add(StoredContact),
    /// Changes a contact.
    Change(ContactPatch),
    /// Removes the contact with a name.
    Remove(String),
    /// Sets the quiet hours, or removes them.
    Quiet(Option<QuietSpan>),
}

/// Why a change of contacts does not apply.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ContactProblem {
    /// A field has a bad value.
    Field(BadField),
    /// There is no contact with this name.
    NoContact(String),
    /// There is a contact with this name.
    Exists(String),
}

impl From<BadField> for ContactProblem {
    fn from(bad: BadField) -> Self {
        Self::Field(bad)
    }
}

impl ContactChange {
    /// Returns the name of the contact that is changed; `None` for the quiet hours.
    #[must_use]
    pub fn contact(&self) -> Option<&str> {
        match self {
            Self::Add(contact) => Some(&contact.name),
            Self::Change(patch) => Some(&patch.name),
            Self::Remove(name) => Some(name),
            Self::Quiet(_) => None,
        }
    }
}

impl StoredContacts {
    /// Creates the contacts of a person who has set none.
    #[must_use]
    pub fn new(person: impl Into<String>) -> Self {
        Self { person: person.into(), ..Self::default() }
    }

    /// Returns the contact with this name.
    #[must_use]
    pub fn contact(&self, name: &str) -> Option<&StoredContact> {
        self.contacts.iter().find(|contact| contact.name == name)
    }

    /// Returns whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.contacts.is_empty() && self.quiet.is_none() && self.extra.is_empty()
    }

    /// Applies a change. Channels and addresses are checked by whoever has the channels.
    ///
    /// # Errors
    /// [`ContactProblem`] says why it does not apply; nothing is changed then.
    pub fn apply(&mut self, change: &ContactChange) -> Result<(), ContactProblem> {
        match change {
            ContactChange::Add(contact) => {
                contact.check()?;
                if self.contact(&contact.name).is_some() {
                    return Err(ContactProblem::Exists(contact.name.clone()));
                }
                let count = self.contacts.len() + 1;
                if count > MAX_CONTACTS {
                    let problem = FieldProblem::TooManyEntries { count, max: MAX_CONTACTS };
                    return Err(BadField::new("contacts", problem).into());
                }
                self.contacts.push(contact.clone());
            }
            ContactChange::Change(patch) => {
                let is_it = |contact: &&mut StoredContact| contact.name == patch.name;
                let Some(contact) = self.contacts.iter_mut().find(is_it) else {
                    return Err(ContactProblem::NoContact(patch.name.clone()));
                };
                let changed = contact.patched(patch);
                changed.check()?;
                *contact = changed;
            }
            ContactChange::Remove(name) => {
                let Some(at) = self.contacts.iter().position(|contact| contact.name == *name)
                else {
                    return Err(ContactProblem::NoContact(name.clone()));
                };
                self.contacts.remove(at);
            }
            ContactChange::Quiet(quiet) => {
                if let Some(quiet) = quiet {
                    quiet.hours()?;
                }
                self.quiet.clone_from(quiet);
            }
        }
        Ok(())
    }

    /// Checks all fields, as those of an import.
    ///
    /// # Errors
    /// [`BadField`] describes the first field that is wrong.
    pub fn check(&self) -> Result<(), BadField> {
        check::name("person", &self.person)?;
        let count = self.contacts.len();
        if count > MAX_CONTACTS {
            let problem = FieldProblem::TooManyEntries { count, max: MAX_CONTACTS };
            return Err(BadField::new("contacts", problem));
        }
        for (index, contact) in self.contacts.iter().enumerate() {
            contact.check()?;
            if self.contacts[..index].iter().any(|other| other.name == contact.name) {
                let problem = FieldProblem::Duplicate(contact.name.clone());
                return Err(BadField::new("contacts", problem));
            }
        }
        self.quiet.as_ref().map_or(Ok(()), |quiet| quiet.hours().map(drop))
    }
}

impl StoredContact {
    /// Returns the contact with a change.
    #[must_use]
    pub fn patched(&self, patch: &ContactPatch) -> Self {
        let mut patched = self.clone();
        if let Some(channel) = &patch.channel {
            patched.channel.clone_from(channel);
        }
        if let Some(address) = &patch.address {
            patched.address.clone_from(address);
        }
        if let Some(waits) = &patch.urgent_after_s {
            patched.urgent_after_s.clone_from(waits);
        }
        if let Some(waits) = &patch.rest_after_s {
            patched.rest_after_s.clone_from(waits);
        }
        patched
    }

    /// Checks the fields, but for whether channel and address exist.
    ///
    /// # Errors
    /// [`BadField`] describes the first field that is wrong.
    pub fn check(&self) -> Result<(), BadField> {
        check::name("name", &self.name)?;
        check::name("channel", &self.channel)?;
        let bytes = self.address.len();
        if bytes > MAX_ADDRESS_BYTES {
            let problem = FieldProblem::TooManyChars { count: bytes, max: MAX_ADDRESS_BYTES };
            return Err(BadField::new("address", problem));
        }
        if self.address.chars().any(char::is_control) {
            return Err(BadField::new("address", FieldProblem::LineBreak));
        }
        for (field, waits) in
            [("urgent_after_s", &self.urgent_after_s), ("rest_after_s", &self.rest_after_s)]
        {
            let count = waits.len();
            if count > MAX_WAITS {
                let problem = FieldProblem::TooManyEntries { count, max: MAX_WAITS };
                return Err(BadField::new(field, problem));
            }
            if waits.iter().any(|wait| !(0..=MAX_WAIT_S).contains(wait)) {
                return Err(BadField::new(field, FieldProblem::WaitOutOfRange));
            }
        }
        Ok(())
    }
}

impl QuietSpan {
    /// Returns the quiet hours.
    ///
    /// # Errors
    /// [`BadField`] says which of the times or the zone can't be read.
    pub fn hours(&self) -> Result<QuietHours, BadField> {
        let time = |field: &'static str, text: &str| {
            NaiveTime::parse_from_str(text.trim(), "%H:%M")
                .map_err(|_| BadField::new(field, FieldProblem::NoTimeOfDay))
        };
        if let Some(zone) = &self.zone {
            check::name("zone", zone)?;
            if Zone::find(zone).is_err() {
                return Err(BadField::new("zone", FieldProblem::NoZone(zone.clone())));
            }
        }
        let (from, to) = (time("from", &self.from)?, time("to", &self.to)?);
        Ok(QuietHours { from, to, zone: self.zone.clone() })
    }
}

impl From<&QuietHours> for QuietSpan {
    fn from(hours: &QuietHours) -> Self {
        let text = |time: NaiveTime| time.format("%H:%M").to_string();
        Self { from: text(hours.from), to: text(hours.to), zone: hours.zone.clone() }
    }
}

impl Contacts {
    /// Returns these contacts, which are those of the settings, with those that people have set
    /// themselves. Where both have a contact of a name, or quiet hours, the settings win.
    #[must_use]
    pub fn merged_with(&self, stored: &[StoredContacts]) -> Self {
        let mut merged = self.clone();
        for own in stored.iter().filter(|own| !own.is_empty()) {
            let is_it = |person: &PersonContacts| person.person.eq_ignore_ascii_case(&own.person);
            let at = merged.people.iter().position(is_it).unwrap_or_else(|| {
                let person = own.person.clone();
                merged.people.push(PersonContacts { person, ..PersonContacts::default() });
                merged.people.len() - 1
            });
            merged.people[at].add(own);
        }
        merged
    }
}

impl PersonContacts {
    /// Adds what the person has set, but for contacts whose name is used already.
    fn add(&mut self, own: &StoredContacts) {
        let new: Vec<&StoredContact> =
            own.contacts.iter().filter(|new| self.contact(&new.name).is_none()).collect();
        if !new.is_empty() {
            let before: Vec<String> =
                self.contacts.iter().map(|contact| contact.name.clone()).collect();
            add_rules(&mut self.urgent, &before, new.iter().map(|c| (&c.name, &c.urgent_after_s)));
            add_rules(&mut self.rest, &before, new.iter().map(|c| (&c.name, &c.rest_after_s)));
            self.contacts.extend(new.into_iter().map(|contact| Contact {
                name: contact.name.clone(),
                channel: contact.channel.clone(),
                address: contact.address.clone(),
            }));
        }
        if self.quiet.is_none() {
            // One that can't be read any more, such as of a zone that this machine lacks, postpones
            // nothing.
            self.quiet = own.quiet.as_ref().and_then(|quiet| quiet.hours().ok());
        }
    }
}

/// Adds rules to those of the contacts `before`. No rules meant that all these are used at once.
fn add_rules<'a>(
    rules: &mut Vec<ContactRule>,
    before: &[String],
    new: impl Iterator<Item = (&'a String, &'a Vec<i64>)>,
) {
    if rules.is_empty() {
        rules.extend(before.iter().map(|name| ContactRule { after_s: 0, contact: name.clone() }));
    }
    rules.extend(new.flat_map(|(name, waits)| {
        waits.iter().map(|wait| ContactRule { after_s: *wait, contact: name.clone() })
    }));
    if rules.is_empty() {
        // Without rules all contacts would be used.
        rules.push(ContactRule { after_s: 0, contact: NEVER.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::Priority;

    fn own(name: &str, urgent: &[i64], rest: &[i64]) -> StoredContact {
        StoredContact {
            name: name.into(),
            channel: "push".into(),
            address: format!("{name}-topic"),
            urgent_after_s: urgent.to_vec(),
            rest_after_s: rest.to_vec(),
        }
    }

    fn stored(contacts: Vec<StoredContact>) -> StoredContacts {
        StoredContacts { contacts, ..StoredContacts::new("ines") }
    }

    fn of_settings(urgent: &[(i64, &str)]) -> Contacts {
        let contact = Contact { name: "mail".into(), channel: "mail".into(), address: "a".into() };
        let rule = |(after_s, name): &(i64, &str)| ContactRule {
            after_s: *after_s,
            contact: (*name).to_owned(),
        };
        let person = PersonContacts {
            person: "Ines".into(),
            contacts: vec![contact],
            urgent: urgent.iter().map(rule).collect(),
            ..PersonContacts::default()
        };
        Contacts { people: vec![person] }
    }

    fn plan(contacts: &Contacts, priority: Priority) -> Vec<(i64, String)> {
        let person = contacts.of_person("ines").unwrap();
        person.plan(priority).iter().map(|(at, c)| (*at, c.name.clone())).collect()
    }

    #[test]
    fn own_contacts_join_those_of_the_settings() {
        let merged = of_settings(&[]).merged_with(&[stored(vec![own("phone", &[120], &[])])]);
        let names = |names: &[(i64, &str)]| {
            names.iter().map(|(at, name)| (*at, (*name).to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(plan(&merged, Priority::P1), names(&[(0, "mail"), (120, "phone")]));
        assert_eq!(plan(&merged, Priority::P3), names(&[(0, "mail")]));
        assert_eq!(merged.people.len(), 1);
    }

    #[test]
    fn settings_win_where_a_name_is_used_twice() {
        let mut set = stored(vec![own("mail", &[0], &[0])]);
        set.quiet = Some(QuietSpan { from: "22:00".into(), to: "07:00".into(), zone: None });
        let merged = of_settings(&[(60, "mail")]).merged_with(&[set]);
        let person = merged.of_person("ines").unwrap();
        assert_eq!((person.contacts.len(), person.contacts[0].address.as_str()), (1, "a"));
        assert_eq!(plan(&merged, Priority::P1), [(60, "mail".to_owned())]);
        assert!(person.quiet.is_some());
    }

    #[test]
    fn contact_that_is_never_used_stays_unused() {
        let merged = Contacts::default().merged_with(&[stored(vec![own("phone", &[0], &[])])]);
        assert_eq!(plan(&merged, Priority::P2), [(0, "phone".to_owned())]);
        assert_eq!(plan(&merged, Priority::P4), []);
    }

    #[rstest]
    #[case::duplicate(ContactChange::Add(own("phone", &[0], &[0])), "exists")]
    #[case::blank(ContactChange::Add(own(" ", &[0], &[0])), "name")]
    #[case::late(ContactChange::Add(own("sms", &[MAX_WAIT_S + 1], &[0])), "urgent_after_s")]
    #[case::negative(ContactChange::Add(own("sms", &[0], &[-1])), "rest_after_s")]
    #[case::absent(ContactChange::Remove("sms".into()), "none")]
    #[case::no_time(
        ContactChange::Quiet(Some(QuietSpan { from: "25:00".into(), to: "07:00".into(), zone: None })),
        "from"
    )]
    #[case::no_zone(
        ContactChange::Quiet(Some(QuietSpan {
            from: "22:00".into(), to: "07:00".into(), zone: Some("Mars/Base".into()),
        })),
        "zone"
    )]
    fn bad_change_changes_nothing(#[case] change: ContactChange, #[case] expected: &str) {
        let before = stored(vec![own("phone", &[0], &[0])]);
        let mut after = before.clone();
        let problem = match after.apply(&change).unwrap_err() {
            ContactProblem::Field(bad) => bad.field,
            ContactProblem::NoContact(_) => "none",
            ContactProblem::Exists(_) => "exists",
        };
        assert_eq!((problem, after), (expected, before));
    }

    #[test]
    fn patch_leaves_what_it_does_not_name() {
        let mut set = stored(vec![own("phone", &[0], &[0])]);
        let patch = ContactPatch {
            name: "phone".into(),
            rest_after_s: Some(Vec::new()),
            ..ContactPatch::default()
        };
        set.apply(&ContactChange::Change(patch)).unwrap();
        assert_eq!(set.contacts, [own("phone", &[0], &[])]);
        set.apply(&ContactChange::Remove("phone".into())).unwrap();
        assert!(set.is_empty());
    }

    #[test]
    fn fields_of_later_versions_survive() {
        let json = serde_json::json!({
            "person": "ines", "language": "fr",
            "contacts": [{"name": "phone", "channel": "push", "urgent_after_s": [0],
                          "rest_after_s": [0], "label": "work"}],
        });
        let read: StoredContacts = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), json);
    }
}
