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
/// A contact name that cannot exist: no name is blank.
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
    /// The quiet hours for less urgent incidents; absent without quiet hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<QuietSpan>,
    /// The fields that a later version defines.
    #[serde(skip)]
    pub extra: Extra,
}

extensible_record!(StoredContacts);

/// A contact that a person has set, with the rules for its use.
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

/// Returns the waits of a contact that is used once, immediately.
#[must_use]
pub fn at_once() -> Vec<i64> {
    vec![0]
}

/// A change of a contact. Absent fields do not change.
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

/// A time of every day in which a person is not notified of less urgent incidents.
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

/// The reason why a change of contacts does not apply.
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

    /// Applies a change. Channels and addresses are checked by the caller, which has the channels.
    ///
    /// # Errors
    /// [`ContactProblem`] if it does not apply; nothing is changed then.
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
    /// [`BadField`] with the time or the zone that can't be read.
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
    /// Adds the contacts that the person has set, except those whose name is used already.
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

/// Adds rules to those of the contacts `before`. Without rules, all these were used immediately.
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
mod tests;
