//! Heartbeats in the form of Opsgenie's API.
//!
//! | field | becomes |
//! |---|---|
//! | `interval`, `intervalUnit` | how often it is expected; the unit is `minutes`, `hours` or `days` |
//! | `enabled` | whether its silence is an incident; no, if it is absent when the heartbeat is created |
//! | `description` | a part of the description of the incident |
//! | `alertMessage`, `alertPriority`, `alertTags` | title, priority and labels of the incident |
//! | `ownerTeam` | the team, by its name or id |

use chrono::Utc;
use serde_json::{Map, Value, json};

use super::listing::time;
use crate::ingest::error::IngestError;
use crate::ingest::fields;
use crate::model::alert::{MAX_NAME_CHARS, cut, one_line};
use crate::model::check::{self, MAX_TITLE_CHARS};
use crate::model::signals::{
    Heartbeat, HeartbeatDefinition, HeartbeatPatch, HeartbeatRule, IntervalUnit, MAX_INTERVAL_S,
};

/// The longest description, in characters.
const MAX_DESCRIPTION: usize = 10_000;
/// The most labels.
const MAX_TAGS: usize = 20;
/// The unit of an interval.
const UNITS: &str = "minutes, hours or days";

/// Why the body of a request is refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HeartbeatError {
    /// It can't be understood.
    #[error(transparent)]
    Body(#[from] IngestError),
    /// The name can't be used.
    #[error("name must be one line of 1 to 100 characters, and not list")]
    Name,
    /// The interval can't be used.
    #[error("interval must be a whole number from 1 on")]
    Interval,
    /// The unit is unknown.
    #[error("intervalUnit must be {UNITS}")]
    Unit,
    /// The priority is unknown.
    #[error("alertPriority must be P1, P2, P3, P4 or P5")]
    Priority,
    /// A field has a value of another type.
    #[error("{0} must be true or false")]
    Flag(&'static str),
}

impl HeartbeatError {
    /// Returns the field that is wrong; `None` if it is the body.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Body(_) => None,
            Self::Name => Some("name"),
            Self::Interval => Some("interval"),
            Self::Unit => Some("intervalUnit"),
            Self::Priority => Some("alertPriority"),
            Self::Flag(name) => Some(*name),
        }
    }
}

/// Reads the creation of a heartbeat: its name and what is said of it.
///
/// # Errors
/// [`HeartbeatError`] says which field is wrong.
pub fn create(body: &[u8]) -> Result<(String, HeartbeatDefinition), HeartbeatError> {
    let members = fields::object(fields::parse_json(body)?, "the body")?;
    let name = fields::id_text(&members, "name").unwrap_or_default();
    check_name(&name)?;
    let patch = read(&members)?;
    let definition = HeartbeatDefinition {
        every: patch.every.ok_or(HeartbeatError::Interval)?,
        unit: patch.unit.ok_or(HeartbeatError::Unit)?,
        is_enabled: patch.is_enabled.unwrap_or_default(),
        description: patch.description.unwrap_or_default(),
        title: patch.title.filter(|title| !title.is_empty()),
        severity: patch.severity.filter(|severity| !severity.is_empty()),
        labels: patch.labels.unwrap_or_default(),
        team: patch.team.filter(|team| !team.is_empty()),
        extra: <_>::default(),
    };
    Ok((name, definition))
}

/// Reads what changes of a heartbeat.
///
/// # Errors
/// [`HeartbeatError`] says which field is wrong.
pub fn change(body: &[u8]) -> Result<HeartbeatPatch, HeartbeatError> {
    read(&fields::object(fields::parse_json(body)?, "the body")?)
}

/// Checks that a heartbeat can have a name.
fn check_name(name: &str) -> Result<(), HeartbeatError> {
    // The command line lists all by that name.
    let is_usable = check::name("name", name).is_ok() && name != "list";
    if is_usable { Ok(()) } else { Err(HeartbeatError::Name) }
}

fn read(members: &Map<String, Value>) -> Result<HeartbeatPatch, HeartbeatError> {
    let present = |name: &str| members.get(name).filter(|value| !value.is_null());
    let text = |name: &str, max: usize| {
        present(name).and_then(Value::as_str).map(|text| one_line(text, max))
    };
    let every = match present("interval") {
        None => None,
        Some(value) => {
            let read = value.as_i64().or_else(|| value.as_str()?.trim().parse::<i64>().ok());
            Some(read.filter(|every| *every >= 1).ok_or(HeartbeatError::Interval)?)
        }
    };
    let unit = match text("intervalUnit", MAX_NAME_CHARS) {
        None => None,
        Some(unit) => Some(unit.parse::<IntervalUnit>().map_err(|_| HeartbeatError::Unit)?),
    };
    let is_enabled = match present("enabled") {
        None => None,
        Some(Value::String(text)) => {
            let flag = text.to_ascii_lowercase().parse::<bool>();
            Some(flag.map_err(|_| HeartbeatError::Flag("enabled"))?)
        }
        Some(value) => Some(value.as_bool().ok_or(HeartbeatError::Flag("enabled"))?),
    };
    let severity = text("alertPriority", MAX_NAME_CHARS).map(|text| text.to_ascii_uppercase());
    let is_priority = |text: &str| matches!(text, "" | "P1" | "P2" | "P3" | "P4" | "P5");
    if severity.as_deref().is_some_and(|text| !is_priority(text)) {
        return Err(HeartbeatError::Priority);
    }
    let team = present("ownerTeam").and_then(Value::as_object).map(|team| {
        let names = ["name", "id"].iter().find_map(|name| fields::id_text(team, name));
        one_line(&names.unwrap_or_default(), MAX_NAME_CHARS)
    });
    let description = present("description").and_then(Value::as_str);
    Ok(HeartbeatPatch {
        every,
        unit,
        is_enabled,
        description: description.map(|text| cut(text.trim(), MAX_DESCRIPTION)),
        title: text("alertMessage", MAX_TITLE_CHARS),
        severity,
        labels: present("alertTags").map(labels),
        team,
    })
}

/// Reads tags: a list, or a text with commas.
fn labels(value: &Value) -> Vec<String> {
    let texts: Vec<&str> = match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => text.split(',').collect(),
        _ => Vec::new(),
    };
    let mut labels: Vec<String> = Vec::new();
    for text in texts {
        let label = one_line(text, MAX_NAME_CHARS);
        if !label.is_empty() && !labels.contains(&label) && labels.len() < MAX_TAGS {
            labels.push(label);
        }
    }
    labels
}

/// Returns a heartbeat as the API shows it; `None` if neither the settings nor a program define it. `rule` is
/// what the settings say of it.
#[must_use]
pub fn to_json(heartbeat: &Heartbeat, rule: Option<&HeartbeatRule>) -> Option<Value> {
    let mut value = match (rule, &heartbeat.definition) {
        (Some(rule), _) => of_settings(rule),
        (None, Some(defined)) => json!({
            "name": heartbeat.name,
            "description": defined.description,
            "interval": defined.every,
            "intervalUnit": defined.unit.as_str(),
            "enabled": defined.is_enabled,
            "ownerTeam": team(defined.team.as_deref()),
            "alertMessage": defined.title.as_deref().unwrap_or_default(),
            "alertTags": defined.labels,
            "alertPriority": defined.severity.as_deref().unwrap_or("P3"),
        }),
        (None, None) => return None,
    };
    value["expired"] = Value::from(heartbeat.silent_since.is_some());
    if let Some(at) = heartbeat.last_at {
        value["lastPingTime"] = Value::from(time(at));
    }
    Some(value)
}

/// Returns what the API says of a heartbeat after it was changed.
#[must_use]
pub fn to_short_json(heartbeat: &Heartbeat) -> Value {
    let is_enabled = heartbeat.definition.as_ref().is_some_and(|defined| defined.is_enabled);
    json!({
        "name": heartbeat.name, "enabled": is_enabled,
        "expired": heartbeat.silent_since.is_some(),
    })
}

/// Returns a heartbeat of the settings. An interval that is no whole number of minutes is rounded up.
fn of_settings(rule: &HeartbeatRule) -> Value {
    let units = [IntervalUnit::Days, IntervalUnit::Hours, IntervalUnit::Minutes];
    let interval_s = rule.interval_s.clamp(1, MAX_INTERVAL_S);
    let fitting = units.into_iter().find(|unit| interval_s % unit.seconds() == 0);
    let unit = fitting.unwrap_or(IntervalUnit::Minutes);
    let every = (interval_s + unit.seconds() - 1) / unit.seconds();
    json!({
        "name": rule.name,
        "description": "",
        "interval": every,
        "intervalUnit": unit.as_str(),
        "enabled": true,
        "ownerTeam": team(rule.team.as_deref()),
        "alertMessage": rule.title.as_deref().unwrap_or_default(),
        "alertTags": [],
        "alertPriority": rule.priority.as_str(),
    })
}

fn team(name: Option<&str>) -> Value {
    let name = name.unwrap_or_default();
    json!({"id": name, "name": name})
}

/// Returns the heartbeat of the settings of which nothing is stored yet.
#[must_use]
pub fn unseen(rule: &HeartbeatRule) -> Heartbeat {
    Heartbeat::new(&rule.name, Utc::now())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn created(body: &Value) -> Result<(String, HeartbeatDefinition), HeartbeatError> {
        create(body.to_string().as_bytes())
    }

    #[test]
    fn creation_is_shown_as_it_was_sent() {
        let sent = json!({
            "name": "ledger", "description": "Copies it", "interval": 10, "intervalUnit": "minutes",
            "enabled": true, "ownerTeam": {"id": "", "name": "payments"}, "alertPriority": "P5",
            "alertMessage": "No ledger\n!", "alertTags": ["db", " ", "db", "eu"],
        });
        let (name, definition) = created(&sent).unwrap();
        assert_eq!((name.as_str(), definition.interval_s()), ("ledger", 600));
        let definition = Some(definition);
        let heartbeat = Heartbeat { definition, ..Heartbeat::new(name, Utc::now()) };
        let shown = to_json(&heartbeat, None).unwrap();
        let expected = json!({
            "name": "ledger", "description": "Copies it", "interval": 10, "intervalUnit": "minutes",
            "enabled": true, "ownerTeam": {"id": "payments", "name": "payments"},
            "alertPriority": "P5", "alertMessage": "No ledger !", "alertTags": ["db", "eu"],
            "expired": false,
        });
        assert_eq!(shown, expected);
        assert_eq!(to_json(&Heartbeat::new("other", Utc::now()), None), None);
    }

    #[rstest]
    #[case(json!({"interval": "5", "intervalUnit": "HOURS", "enabled": "True", "alertTags": "a, b"}),
        (18_000, true, 2))]
    #[case(json!({"interval": 1, "intervalUnit": "days", "enabled": null, "alertTags": null,
        "description": 7, "ownerTeam": "x", "alertMessage": []}), (86_400, false, 0))]
    fn odd_creations_are_understood(#[case] mut body: Value, #[case] expected: (i64, bool, usize)) {
        body["name"] = json!("a");
        let (_, defined) = created(&body).unwrap();
        let found = (defined.interval_s(), defined.is_enabled, defined.labels.len());
        assert_eq!(found, expected);
        assert_eq!((defined.team, defined.title), (None, None));
    }

    #[rstest]
    #[case("name", json!(null))]
    #[case("name", json!("list"))]
    #[case("name", json!("a\nb"))]
    #[case("interval", json!(0))]
    #[case("interval", json!(1.5))]
    #[case("interval", json!(null))]
    #[case("intervalUnit", json!("weeks"))]
    #[case("intervalUnit", json!(7))]
    #[case("enabled", json!("maybe"))]
    #[case("enabled", json!(1))]
    #[case("alertPriority", json!("P6"))]
    fn wrong_fields_are_named(#[case] field: &str, #[case] value: Value) {
        let mut body = json!({"name": "a", "interval": 1, "intervalUnit": "days"});
        body[field] = value;
        assert_eq!(created(&body).unwrap_err().field(), Some(field));
    }

    #[rstest]
    #[case(90, 2, "minutes")]
    #[case(300, 5, "minutes")]
    #[case(7200, 2, "hours")]
    #[case(172_800, 2, "days")]
    #[case(129_600, 36, "hours")]
    fn intervals_of_the_settings_have_a_unit(
        #[case] interval_s: i64,
        #[case] every: i64,
        #[case] unit: &str,
    ) {
        let rule = HeartbeatRule {
            name: "backup".into(),
            interval_s,
            grace_s: 60,
            priority: crate::model::Priority::P2,
            title: None,
            service: None,
            team: None,
            runbook: None,
        };
        let shown = to_json(&unseen(&rule), Some(&rule)).unwrap();
        assert_eq!((&shown["interval"], &shown["intervalUnit"]), (&json!(every), &json!(unit)));
        assert_eq!((&shown["alertPriority"], &shown["enabled"]), (&json!("P2"), &json!(true)));
    }
}
