//! Bodies of requests about contacts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::notification::{ContactChange, ContactPatch, QuietSpan, StoredContact};

/// A change of the contacts of a person: exactly one of the fields.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"add": {"name": "phone", "channel": "sms", "address": "+4915112345678",
    "urgent_after_s": [120], "rest_after_s": []}}))]
pub struct ContactChangeRequest {
    /// A contact to add, whose name is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub add: Option<StoredContact>,
    /// The change of a contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ContactPatch>,
    /// The name of a contact to remove.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove: Option<String>,
    /// The quiet hours to set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<QuietSpan>,
    /// Whether to remove the quiet hours.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_quiet: bool,
}

/// The request has none of the fields, or several.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("send exactly one of add, change, remove, quiet and no_quiet")]
pub struct NotOneChange;

impl TryFrom<ContactChangeRequest> for ContactChange {
    type Error = NotOneChange;

    fn try_from(request: ContactChangeRequest) -> Result<Self, NotOneChange> {
        let ContactChangeRequest { add, change, remove, quiet, no_quiet } = request;
        let changes = [
            add.map(Self::Add),
            change.map(Self::Change),
            remove.map(Self::Remove),
            quiet.map(|quiet| Self::Quiet(Some(quiet))),
            no_quiet.then_some(Self::Quiet(None)),
        ];
        let mut changes = changes.into_iter().flatten();
        match (changes.next(), changes.next()) {
            (Some(change), None) => Ok(change),
            _ => Err(NotOneChange),
        }
    }
}

impl From<ContactChange> for ContactChangeRequest {
    fn from(change: ContactChange) -> Self {
        let none = Self::default();
        match change {
            ContactChange::Add(contact) => Self { add: Some(contact), ..none },
            ContactChange::Change(patch) => Self { change: Some(patch), ..none },
            ContactChange::Remove(name) => Self { remove: Some(name), ..none },
            ContactChange::Quiet(None) => Self { no_quiet: true, ..none },
            ContactChange::Quiet(quiet) => Self { quiet, ..none },
        }
    }
}

/// The contact to be tested.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"contact": "phone"}))]
pub struct ContactTestRequest {
    /// The name of the contact; absent for all of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case(json!({"remove": "phone"}), Some(ContactChange::Remove("phone".into())))]
    #[case(json!({"no_quiet": true}), Some(ContactChange::Quiet(None)))]
    #[case(json!({}), None)]
    #[case(json!({"no_quiet": true, "remove": "phone"}), None)]
    fn request_is_one_change(
        #[case] body: serde_json::Value,
        #[case] expected: Option<ContactChange>,
    ) {
        let request: ContactChangeRequest = serde_json::from_value(body).unwrap();
        let change = ContactChange::try_from(request.clone()).ok();
        assert_eq!(change, expected);
        if let Some(change) = change {
            assert_eq!(ContactChangeRequest::from(change), request);
        }
    }
}
