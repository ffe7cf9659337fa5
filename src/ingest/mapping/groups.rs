//! The groups that the alerts of a message make.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::definition::Mapping;
use super::event_data::with_event_data;
use super::message::Message;
use super::scan::{Reading, Scanned, scan};
use super::status::Status;
use crate::ingest::alertmanager::{self, WebhookMessage};
use crate::ingest::error::IngestError;
use crate::ingest::fields::wrong_type;
use crate::ingest::otlp;
use crate::model::alert::AlertGroup;

/// The result of reading a message by a mapping.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mapped {
    /// The alerts, each with the fields found; empty for a message in Alertmanager's format.
    pub readings: Vec<Reading>,
    /// The groups of alerts.
    pub groups: Vec<AlertGroup>,
    /// The address that has to be opened so that the sender sends alerts.
    pub confirm: Option<String>,
    /// The reason why an alert of the message can't be read, if others can; the first one.
    pub unusable: Option<IngestError>,
}

impl Mapped {
    /// Returns the result, if the complete message can be read.
    ///
    /// # Errors
    /// [`IngestError`] with the reason why an alert can't be read.
    pub fn complete(self) -> Result<Self, IngestError> {
        match self.unusable {
            Some(error) => Err(error),
            None => Ok(self),
        }
    }
}

/// Reads a message that arrives at `now` from the sender `source`, by its mapping. A message
/// without relevant content has no groups. An unreadable alert does not hide the others.
///
/// # Errors
/// [`IngestError`] with the part that can't be understood.
pub fn read(
    mapping: &Mapping,
    source: &str,
    message: &Message<'_>,
    now: DateTime<Utc>,
) -> Result<Mapped, IngestError> {
    let sender = mapping.sender.as_deref().unwrap_or(source);
    let root = if mapping.is_otlp && message.is_protobuf() {
        otlp::decode_logs(message.body)?
    } else {
        with_event_data(message.decode()?)
    };
    if !root.is_object() && !root.is_array() {
        return Err(wrong_type(&root, "the body", "an object"));
    }
    if mapping.is_alertmanager && root.get("alerts").is_some_and(Value::is_array) {
        let WebhookMessage { mut group, unusable } = alertmanager::parse_value(root, now)?;
        if let Some(rest) = group.key.strip_prefix(alertmanager::SOURCE) {
            group.key = format!("{source}{rest}");
        }
        (group.source, group.sender) = (source.to_owned(), sender.to_owned());
        return Ok(Mapped { groups: vec![group], unusable, ..Mapped::default() });
    }
    let Scanned { readings, confirm, unusable } = scan(mapping, source, message, &root)?;
    let mut groups: Vec<AlertGroup> = Vec::new();
    let mut positions = std::collections::HashMap::new();
    for reading in &readings {
        let position = *positions.entry(reading.group.clone()).or_insert_with(|| {
            groups.push(AlertGroup::new(source, sender, reading.group.clone(), Vec::new()));
            groups.len() - 1
        });
        let Some(group) = groups.get_mut(position) else { continue };
        group.is_acknowledged |= reading.status == Status::Acknowledged;
        group.alerts.push(reading.alert.clone());
    }
    Ok(Mapped { readings, groups, confirm, unusable })
}
