//! `CDEvents`: events of services, and runs of pipelines.
//!
//! An event is the data of a `CloudEvent`, whose attributes are next to it (structured mode, also
//! several in a list) or in headers (binary mode); or it is sent alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::report::{ChangeReport, id_of};
use super::rules::ChangeOrigin;
use crate::ingest::error::IngestError;
use crate::ingest::fields;
use crate::ingest::fields::parse_json;
use crate::ingest::mapping::{Message, parse_time};
use crate::model::alert::one_line;
use crate::model::change::{ChangeApproval, ChangeState};
use crate::model::check::{MAX_NAME_CHARS, MAX_TITLE_CHARS};

/// The greatest number of events of one message.
const MAX_EVENTS: usize = 1000;
/// The prefix of the types of events.
const PREFIX: &str = "dev.cdevents.";
/// The headers of an event in binary mode.
const TYPE_HEADER: &str = "ce-type";
const TIME_HEADER: &str = "ce-time";

/// An event, with the attributes around it.
struct Event {
    kind: String,
    at: Option<DateTime<Utc>>,
    members: Map<String, Value>,
}

/// Returns whether a message contains only such events.
pub(super) fn is_of_message(message: &Message<'_>) -> bool {
    if let Some(kind) = message.header(TYPE_HEADER) {
        return kind.starts_with(PREFIX);
    }
    // Most messages are not parsed twice.
    let prefix = PREFIX.as_bytes();
    if !message.body.windows(prefix.len()).any(|window| window == prefix) {
        return false;
    }
    let Ok(root) = message.decode() else { return false };
    let events = root.as_array().map_or(std::slice::from_ref(&root), Vec::as_slice);
    let is_one = |event: &Value| {
        let of_context = || event.get("context")?.get("type")?.as_str();
        let kind = event.get("type").and_then(Value::as_str).or_else(of_context);
        kind.is_some_and(|kind| kind.starts_with(PREFIX))
    };
    !events.is_empty() && events.iter().all(is_one)
}

/// Reads a message. Events about other things have no reports.
pub(super) fn read(
    source: &str,
    message: &Message<'_>,
    root: Value,
    now: DateTime<Utc>,
) -> Result<Vec<ChangeReport>, IngestError> {
    let events = match root {
        Value::Array(events) => events,
        other => vec![other],
    };
    if events.len() > MAX_EVENTS {
        return Err(IngestError::TooMany { count: events.len(), max: MAX_EVENTS });
    }
    let mut reports = Vec::new();
    for event in events {
        let event = event_of(event, message)?;
        reports.extend(report(source, &event, now)?);
    }
    Ok(reports)
}

/// Returns the event of a `CloudEvent`, or one that is sent alone.
fn event_of(value: Value, message: &Message<'_>) -> Result<Event, IngestError> {
    let mut members = fields::object(value, "the event")?;
    let header = |name: &str| message.header(name).map(str::trim);
    let mut kind = header(TYPE_HEADER).map(ToOwned::to_owned);
    let mut at = header(TIME_HEADER).and_then(parse_time);
    if members.contains_key("specversion") {
        kind = fields::text(&members, "type").map(ToOwned::to_owned);
        at = fields::text(&members, "time").and_then(parse_time);
        if let Some(kind) = kind.take_if(|kind| !kind.starts_with(PREFIX)) {
            // An event of another kind may have any data.
            return Ok(Event { kind, at, members: Map::new() });
        }
        let data = match (members.remove("data"), fields::text(&members, "data_base64")) {
            (Some(Value::String(text)), _) => parse_json(text.as_bytes())?,
            (Some(data), _) => data,
            (None, Some(text)) => {
                let bytes = STANDARD.decode(text);
                parse_json(&bytes.map_err(|_| IngestError::Missing("data"))?)?
            }
            (None, None) => Value::Object(Map::new()),
        };
        members = fields::object(data, "data")?;
    }
    let context = fields::members(&members, "context");
    let own = context.and_then(|context| fields::text(context, "type")).map(ToOwned::to_owned);
    let timestamp = context.and_then(|context| fields::text(context, "timestamp"));
    at = timestamp.and_then(parse_time).or(at);
    let kind = own.or(kind).ok_or(IngestError::Missing("context.type"))?;
    Ok(Event { kind, at, members })
}

fn report(
    source: &str,
    event: &Event,
    now: DateTime<Utc>,
) -> Result<Option<ChangeReport>, IngestError> {
    let Some(kind) = event.kind.strip_prefix(PREFIX) else { return Ok(None) };
    let mut parts = kind.split('.');
    let (subject_kind, predicate) = (parts.next().unwrap_or_default(), parts.next());
    let predicate = predicate.unwrap_or_default();
    let is_service = subject_kind == "service";
    if !is_service && subject_kind != "pipelinerun" {
        return Ok(None);
    }
    let context = fields::members(&event.members, "context");
    let context = context.ok_or(IngestError::Missing("context"))?;
    let subject = fields::members(&event.members, "subject");
    let subject = subject.ok_or(IngestError::Missing("subject"))?;
    let id = fields::text(subject, "id").ok_or(IngestError::Missing("subject.id"))?;
    let empty = Map::new();
    let details = fields::members(subject, "content").unwrap_or(&empty);
    let from = fields::text(context, "source").unwrap_or_default();
    let at = event.at.unwrap_or(now);
    let approval = approval(&event.members);
    let url = ["url", "uri"].iter().find_map(|name| fields::url(details, name));
    if is_service {
        let event_id = fields::text(context, "id").ok_or(IngestError::Missing("context.id"))?;
        let Some((state, verb)) = of_service(predicate) else { return Ok(None) };
        let environment = fields::members(details, "environment").and_then(|environment| {
            fields::text(environment, "name").or_else(|| fields::text(environment, "id"))
        });
        let environment = environment.map(|name| one_line(name, MAX_NAME_CHARS));
        let name = id.rsplit('/').next().unwrap_or(id);
        let mut title = format!("{name} {verb}");
        if let Some(environment) = &environment {
            title = format!("{title} in {environment}");
        }
        if let Some(artifact) = fields::text(details, "artifactId") {
            title = format!("{title}: {artifact}");
        }
        return Ok(Some(ChangeReport {
            id: id_of(source, &["service", from, event_id]),
            state,
            title: one_line(&title, MAX_TITLE_CHARS),
            by: None,
            at,
            url,
            approval,
            origin: ChangeOrigin {
                repository: one_line(id, MAX_NAME_CHARS),
                environment,
                ..ChangeOrigin::default()
            },
        }));
    }
    let Some(state) = of_pipeline(predicate, fields::text(details, "outcome")) else {
        return Ok(None);
    };
    let from = fields::text(subject, "source").unwrap_or(from);
    let name = fields::text(details, "pipelineName").unwrap_or(id);
    Ok(Some(ChangeReport {
        id: id_of(source, &["pipelinerun", from, id]),
        state,
        title: one_line(&format!("Pipeline {name}"), MAX_TITLE_CHARS),
        by: None,
        at,
        url,
        approval,
        origin: ChangeOrigin {
            repository: one_line(name, MAX_NAME_CHARS),
            ..ChangeOrigin::default()
        },
    }))
}

/// Returns the approval in the custom data of the sender; the vocabulary itself has no field for
/// it.
fn approval(members: &Map<String, Value>) -> Option<ChangeApproval> {
    let text = fields::text(fields::members(members, "customData")?, "approval")?;
    text.parse().ok()
}

/// Returns the state of a change of a service, and its description.
fn of_service(predicate: &str) -> Option<(ChangeState, &'static str)> {
    Some(match predicate {
        "deployed" => (ChangeState::Done, "deployed"),
        "upgraded" => (ChangeState::Done, "upgraded"),
        "removed" => (ChangeState::Done, "removed"),
        "rolledback" => (ChangeState::RolledBack, "rolled back"),
        _ => return None,
    })
}

/// Returns the state of a run of a pipeline.
fn of_pipeline(predicate: &str, outcome: Option<&str>) -> Option<ChangeState> {
    Some(match (predicate, outcome) {
        ("queued", _) => ChangeState::Planned,
        ("started", _) => ChangeState::Running,
        ("finished", None | Some("success")) => ChangeState::Done,
        ("finished", Some(_)) => ChangeState::Failed,
        _ => return None,
    })
}
