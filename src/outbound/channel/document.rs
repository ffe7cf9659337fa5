//! A message as the JSON that webhooks and commands are given.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use uuid::Uuid;

use crate::outbound::message::OutboundMessage;
use crate::outbound::text;

/// The document, with the fields that Standard Webhooks recommends on top.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    id: Uuid,
    kind: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    address: &'a str,
    title: String,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<IncidentFacts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    actions: Vec<ActionFacts<'a>>,
    bundled: u32,
}

#[derive(Serialize)]
struct IncidentFacts<'a> {
    number: u64,
    label: String,
    id: String,
    title: &'a str,
    priority: String,
    status: String,
    service: Option<&'a str>,
    team: Option<&'a str>,
    reported_at: String,
}

#[derive(Serialize)]
struct ActionFacts<'a> {
    label: &'a str,
    url: &'a str,
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Encodes a message for an address.
pub(super) fn encode(address: &str, message: &OutboundMessage, now: DateTime<Utc>) -> Vec<u8> {
    let incident = message.incident.as_ref().map(|incident| IncidentFacts {
        number: incident.number.0,
        label: incident.number.to_string(),
        id: incident.id.to_string(),
        title: &incident.title,
        priority: incident.priority.to_string(),
        status: incident.status.to_string(),
        service: incident.service.as_deref(),
        team: incident.team.as_deref(),
        reported_at: rfc3339(incident.reported_at),
    });
    let actions = message.actions.iter();
    let document = Document {
        r#type: format!("incident.{}", message.kind),
        timestamp: rfc3339(now),
        data: Data {
            id: message.id,
            kind: message.kind.as_str(),
            address,
            title: text::title(message),
            text: &message.text,
            incident,
            url: message.url.as_deref(),
            actions: actions.map(|a| ActionFacts { label: &a.label, url: &a.url }).collect(),
            bundled: message.bundled,
        },
    };
    // All keys are texts and all numbers finite, so this does not fail.
    serde_json::to_vec(&document).unwrap_or_default()
}
