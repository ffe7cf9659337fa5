//! Events in the forms of `PagerDuty`'s Events API, versions 1 and 2, which many programs can send.
//!
//! An event is about one alert, which its `dedup_key` (`incident_key` in version 1) identifies. It
//! triggers, acknowledges or resolves it. The key in the body authenticates the sender, so a body
//! is read in two steps: [`EventBody::parse`], and once the sender is known [`EventBody::event`].
//!
//! | version 2 | version 1 | becomes |
//! |---|---|---|
//! | `payload.summary` | `description` | title |
//! | `payload.severity`, `source`, `component`, `group`, `class` | | labels |
//! | `service` in `payload.custom_details` | `service` in `details` | label |
//! | `payload.custom_details` | `details` | annotations |
//! | `payload.timestamp` | | when it began |
//! | `client_url`, or the first of `links` | `client_url`, or the first of `contexts` | URL |
//!
//! A trigger of an alert that was resolved fires again, unless its timestamp is that of the
//! resolved firing: then it is late.

mod change;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

pub use change::{ChangeEvent, MAX_CHANGE_SERVICES};

use super::error::IngestError;
use super::fields;
use super::identity::digest;
use crate::model::alert::{
    AlertGroup, AlertReport, MAX_ANNOTATION_CHARS, MAX_ENTRIES, MAX_LABEL_CHARS, cut, one_line,
};

/// The kind of sender, with which the keys of its groups begin.
pub const SOURCE: &str = "events";

/// The name of the sender in texts.
const SENDER: &str = "The sender of events";
/// The longest title of an alert, in characters.
const MAX_TITLE_CHARS: usize = 500;
/// The fields of a payload that become labels.
const LABELS: [&str; 5] = ["severity", "source", "component", "group", "class"];

/// The version of the form of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventVersion {
    /// `/generic/2010-04-15/create_event.json`.
    V1,
    /// `/v2/enqueue`.
    V2,
}

/// The effect of an event on its alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Action {
    Trigger,
    Acknowledge,
    Resolve,
}

/// A body that was read, and whose sender is not known yet.
#[derive(Clone, Debug)]
pub struct EventBody {
    members: Map<String, Value>,
}

/// An event whose sender is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SentEvent {
    /// The identity of the alert among those of the sender: as it was sent, or generated.
    pub dedup_key: String,
    /// The alert, in a group of its own.
    pub group: AlertGroup,
}

impl EventBody {
    /// Reads a body.
    ///
    /// # Errors
    /// It is no JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, IngestError> {
        let members = fields::object(fields::parse_json(body)?, "the body")?;
        Ok(Self { members })
    }

    /// Returns the key that authenticates the sender. It is a secret.
    #[must_use]
    pub fn key(&self, version: EventVersion) -> Option<&str> {
        let name = match version {
            EventVersion::V1 => "service_key",
            EventVersion::V2 => "routing_key",
        };
        fields::text(&self.members, name)
    }

    /// Returns the event. `sender` identifies the sender; an event without a key of its own is
    /// about the alert `new`.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn event(
        &self,
        version: EventVersion,
        sender: &str,
        new: Uuid,
    ) -> Result<SentEvent, Vec<IngestError>> {
        let mut errors = Vec::new();
        let members = &self.members;
        let (action_name, key_name) = match version {
            EventVersion::V1 => ("event_type", "incident_key"),
            EventVersion::V2 => ("event_action", "dedup_key"),
        };
        let action = fields::text(members, action_name).map(str::to_ascii_lowercase);
        let action = match action.as_deref() {
            Some("trigger") => Some(Action::Trigger),
            Some("acknowledge") => Some(Action::Acknowledge),
            Some("resolve") => Some(Action::Resolve),
            Some(_) => {
                let expected = "trigger, acknowledge nor resolve";
                errors.push(IngestError::UnknownValue { at: action_name, expected });
                None
            }
            None => {
                errors.push(IngestError::Missing(action_name));
                None
            }
        };
        // Some send the number of something as a number.
        let key = fields::id_text(members, key_name);
        if key.is_none() && action.is_some_and(|action| action != Action::Trigger) {
            errors.push(IngestError::Missing(key_name));
        }
        let empty = Map::new();
        let payload = match version {
            EventVersion::V1 => members,
            EventVersion::V2 => fields::members(members, "payload").unwrap_or(&empty),
        };
        let (summary_name, missing, details_name) = match version {
            EventVersion::V1 => ("description", "description", "details"),
            EventVersion::V2 => ("summary", "payload.summary", "custom_details"),
        };
        let summary = fields::text(payload, summary_name);
        if summary.is_none() && action == Some(Action::Trigger) {
            errors.push(IngestError::Missing(missing));
        }
        let Some(action) = action.filter(|_| errors.is_empty()) else { return Err(errors) };
        let dedup_key = key.unwrap_or_else(|| new.simple().to_string());
        let alert_key = digest(&[&dedup_key]);
        let group_key = format!("{SOURCE}:{sender}:{alert_key}");
        let details = payload.get(details_name).unwrap_or(&Value::Null);
        let alert = AlertReport {
            key: alert_key,
            is_firing: action == Action::Trigger,
            starts_at: fields::time(payload, "timestamp"),
            ends_at: None,
            expires_at: None,
            title: title(summary),
            labels: labels(payload, details),
            annotations: self.annotations(details),
            url: self.url(),
        };
        let alerts = if action == Action::Acknowledge { Vec::new() } else { vec![alert] };
        let mut group = AlertGroup::new(SOURCE, SENDER, group_key, alerts);
        group.is_acknowledged = action == Action::Acknowledge;
        Ok(SentEvent { dedup_key, group })
    }

    /// Returns the details of an event, and the program that sends it.
    fn annotations(&self, details: &Value) -> BTreeMap<String, String> {
        let mut annotations = match details {
            Value::String(text) if !text.trim().is_empty() => {
                BTreeMap::from([("description".to_owned(), cut(text, MAX_ANNOTATION_CHARS))])
            }
            details => fields::details(details, MAX_ANNOTATION_CHARS),
        };
        if annotations.len() < MAX_ENTRIES
            && let Some(client) = fields::text(&self.members, "client")
        {
            annotations
                .entry("client".to_owned())
                .or_insert_with(|| one_line(client, MAX_LABEL_CHARS));
        }
        annotations
    }

    /// Returns the page about the event.
    fn url(&self) -> Option<String> {
        let of_list = |name: &str| {
            let links = self.members.get(name)?.as_array()?;
            links.iter().find_map(|link| fields::url(link.as_object()?, "href"))
        };
        fields::url(&self.members, "client_url")
            .or_else(|| of_list("links"))
            .or_else(|| of_list("contexts"))
    }
}

fn title(summary: Option<&str>) -> String {
    let line = one_line(summary.unwrap_or_default(), MAX_TITLE_CHARS);
    if line.is_empty() { "Alert".to_owned() } else { line }
}

fn labels(payload: &Map<String, Value>, details: &Value) -> BTreeMap<String, String> {
    let mut labels: BTreeMap<String, String> = LABELS
        .iter()
        .filter_map(|name| {
            let text = one_line(fields::text(payload, name)?, MAX_LABEL_CHARS);
            (!text.is_empty()).then(|| ((*name).to_owned(), text))
        })
        .collect();
    let service = details.as_object().and_then(|details| fields::text(details, "service"));
    if let Some(service) = service.map(|service| one_line(service, MAX_LABEL_CHARS)) {
        labels.insert("service".to_owned(), service);
    }
    labels
}

#[cfg(test)]
mod tests;
