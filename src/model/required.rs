//! Acknowledgements that a level of a policy requires from each person whom it calls.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::actor::PersonRef;

/// A person who has acknowledged an incident, of which others still have to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PersonAcknowledgement {
    /// The person.
    pub person: PersonRef,
    /// When.
    pub at: DateTime<Utc>,
}

/// The people who have acknowledged an incident, and those who still must, after a level was called
/// that requires it of everybody.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct RequiredAcknowledgements {
    /// Those who have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acknowledged: Vec<PersonAcknowledgement>,
    /// Those who still have to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<PersonRef>,
    /// Those who were called by a level of which one is enough: the acknowledgement of any of them ends
    /// the calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sufficient: Vec<PersonRef>,
}

impl RequiredAcknowledgements {
    /// Returns whether nobody has to acknowledge, so that there is nothing to record.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty()
    }

    /// Returns when a person has acknowledged; `None` if they have not.
    #[must_use]
    pub fn acknowledged_at(&self, handle: &str) -> Option<DateTime<Utc>> {
        let given = self.acknowledged.iter().find(|given| is(&given.person, handle));
        given.map(|given| given.at)
    }

    /// Returns whether an acknowledgement of this person leaves others who still have to give theirs.
    #[must_use]
    pub fn leaves_others(&self, person: Option<&PersonRef>) -> bool {
        let Some(person) = person else { return !self.is_empty() };
        let is_sufficient = self.sufficient.iter().any(|other| is(other, &person.handle));
        !is_sufficient && self.missing.iter().any(|other| !is(other, &person.handle))
    }

    /// Adds people whom a level has called: all of them must acknowledge, or one is enough.
    pub(in crate::model) fn call(&mut self, people: &[PersonRef], all: bool) {
        for person in people {
            let is_known = |list: &[PersonRef]| list.iter().any(|other| is(other, &person.handle));
            if !all {
                if !is_known(&self.sufficient) && !is_known(&self.missing) {
                    self.sufficient.push(person.clone());
                }
            } else if !is_known(&self.missing) && self.acknowledged_at(&person.handle).is_none() {
                self.missing.push(person.clone());
            }
        }
    }

    /// Records an acknowledgement that is not enough.
    pub(in crate::model) fn acknowledge(&mut self, person: &PersonRef, at: DateTime<Utc>) {
        self.missing.retain(|other| !is(other, &person.handle));
        if self.acknowledged_at(&person.handle).is_none() {
            self.acknowledged.push(PersonAcknowledgement { person: person.clone(), at });
        }
    }

    /// Describes who has acknowledged and who has not: `ines yes, tomasz not yet`.
    #[must_use]
    pub fn text(&self) -> String {
        let given = self.acknowledged.iter().map(|given| format!("{} yes", given.person.handle));
        let missing = self.missing.iter().map(|person| format!("{} not yet", person.handle));
        given.chain(missing).collect::<Vec<_>>().join(", ")
    }
}

fn is(person: &PersonRef, handle: &str) -> bool {
    person.handle.eq_ignore_ascii_case(handle)
}
