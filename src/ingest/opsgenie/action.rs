//! Actions on an alert that was created before, besides its end and its acknowledgement.
//!
//! | request | becomes |
//! |---|---|
//! | `POST notes`, and the `note` of any other request | a note |
//! | `POST unacknowledge` | the status before, as long as its sender may take it back; or else a note |
//! | `PUT message`, `PUT description` | title, symptoms |
//! | `PUT priority` | the priority, which overrides that of impact and urgency |
//! | `POST` and `DELETE tags`, `details` | labels |
//! | `POST assign` | the owner, if the directory has the person |
//! | `POST snooze` | a snooze |
//! | `POST escalate` | a call of the next level of the policy |
//! | `POST teams`, `responders` | the team, if the directory has it |
//! | `POST actions/NAME`, `attachments`, and whatever can't be carried out | a note that says so |

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use crate::ingest::fields::{self, id_text};
use crate::ingest::mapping::parse_time;
use crate::model::alert::{MAX_NAME_CHARS, cut, one_line};
use crate::model::check::MAX_TITLE_CHARS;
use crate::model::directory::Directory;
use crate::model::escalation;
use crate::model::{Incident, IncidentCommand, PersonRef, Priority};

/// The longest note that is made of a request, in characters.
const MAX_NOTE_CHARS: usize = 15_000;
/// The most labels that an incident gets from tags and details.
const MAX_LABELS: usize = 20;
/// The most names that one request is read for.
const MAX_NAMES: usize = 50;

/// An action on an alert.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AlertAction {
    /// Somebody has acknowledged it.
    Acknowledge,
    /// Nobody has acknowledged it any more.
    Unacknowledge,
    /// It has ended.
    Close,
    /// Something is written down.
    Note,
    /// A new message.
    Message,
    /// A new description.
    Description,
    /// It is more or less severe.
    Priority,
    /// Tags are added.
    AddTags,
    /// Tags are removed.
    RemoveTags,
    /// Details are added.
    AddDetails,
    /// Details are removed.
    RemoveDetails,
    /// Somebody gets it.
    Assign,
    /// It is quiet until a time.
    Snooze,
    /// The next ones are called.
    Escalate,
    /// A team gets it.
    Team,
    /// Anything else, by its name.
    Other(String),
}

/// A request about an alert.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AlertRequest {
    /// The action.
    pub action: AlertAction,
    /// The members of the body, or of the query of a DELETE.
    members: Map<String, Value>,
}

impl AlertAction {
    /// Returns the action for a part of a path, and whether the request is a DELETE.
    #[must_use]
    pub fn from_path(text: &str, is_delete: bool) -> Self {
        match (text, is_delete) {
            ("acknowledge", _) => Self::Acknowledge,
            ("unacknowledge", _) => Self::Unacknowledge,
            ("close", _) => Self::Close,
            ("notes", false) => Self::Note,
            ("message", _) => Self::Message,
            ("description", _) => Self::Description,
            ("priority", _) => Self::Priority,
            ("tags", false) => Self::AddTags,
            ("tags", true) => Self::RemoveTags,
            ("details", false) => Self::AddDetails,
            ("details", true) => Self::RemoveDetails,
            ("assign", _) => Self::Assign,
            ("snooze", _) => Self::Snooze,
            ("escalate", _) => Self::Escalate,
            ("teams" | "responders", false) => Self::Team,
            (other, _) => Self::Other(one_line(other, MAX_NAME_CHARS)),
        }
    }

    /// Returns the action as a short phrase.
    fn phrase(&self) -> String {
        let text = match self {
            Self::Acknowledge => "acknowledged",
            Self::Unacknowledge => "unacknowledged",
            Self::Close => "closed",
            Self::Note => "noted",
            Self::Message => "another message",
            Self::Description => "another description",
            Self::Priority => "another priority",
            Self::AddTags => "tags added",
            Self::RemoveTags => "tags removed",
            Self::AddDetails => "details added",
            Self::RemoveDetails => "details removed",
            Self::Assign => "assigned",
            Self::Snooze => "snoozed",
            Self::Escalate => "escalated",
            Self::Team => "responders added",
            Self::Other(name) => return format!("action {name}"),
        };
        text.to_owned()
    }
}

impl AlertRequest {
    /// Creates a request from its body, or from the pairs of its query. A body that is not an
    /// object is empty.
    #[must_use]
    pub fn new(action: AlertAction, body: &[u8], query: &[(String, String)]) -> Self {
        let body = fields::parse_json(body).ok();
        let mut members = match body {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        for (name, text) in query {
            members.entry(name.clone()).or_insert_with(|| Value::String(text.clone()));
        }
        Self { action, members }
    }

    /// Returns whether its only content is that the alert was acknowledged or has ended.
    #[must_use]
    pub fn is_about_alert_alone(&self) -> bool {
        let is_end = matches!(self.action, AlertAction::Acknowledge | AlertAction::Close);
        is_end && fields::text(&self.members, "note").is_none()
    }

    /// Returns the commands that carry the request out on an incident at `now`; `None` if none
    /// does.
    #[must_use]
    pub fn commands(
        &self,
        incident: &Incident,
        directory: &Directory,
        now: DateTime<Utc>,
    ) -> Option<Vec<IncidentCommand>> {
        let text = |name: &str| fields::text(&self.members, name);
        let describe = |title, symptoms, labels| {
            vec![IncidentCommand::Describe { title, symptoms, labels, runbook: None }]
        };
        Some(match &self.action {
            // These are about the alert itself.
            AlertAction::Acknowledge | AlertAction::Close | AlertAction::Note => Vec::new(),
            AlertAction::Unacknowledge => vec![IncidentCommand::UndoMove],
            AlertAction::Message => {
                let title = one_line(text("message")?, MAX_TITLE_CHARS);
                if title == incident.summary.title {
                    return Some(Vec::new());
                }
                describe(Some(title), None, None)
            }
            AlertAction::Description => {
                let symptoms = cut(text("description")?, MAX_NOTE_CHARS);
                if symptoms == incident.symptoms {
                    return Some(Vec::new());
                }
                describe(None, Some(symptoms), None)
            }
            AlertAction::Priority => {
                let priority = match text("priority")?.to_ascii_uppercase().as_str() {
                    "P1" => Priority::P1,
                    "P2" => Priority::P2,
                    "P3" => Priority::P3,
                    "P4" | "P5" => Priority::P4,
                    _ => return None,
                };
                if priority == incident.summary.priority {
                    return Some(Vec::new());
                }
                let reason = self.said("Opsgenie's API said so");
                vec![IncidentCommand::OverridePriority { priority, reason }]
            }
            AlertAction::AddTags | AlertAction::AddDetails => {
                let mut labels = incident.labels.clone();
                for label in self.labels() {
                    if labels.len() < MAX_LABELS && !labels.contains(&label) {
                        labels.push(label);
                    }
                }
                if labels == incident.labels {
                    return Some(Vec::new());
                }
                describe(None, None, Some(labels))
            }
            AlertAction::RemoveTags | AlertAction::RemoveDetails => {
                let removed = self.names();
                let is_removed = |label: &String| {
                    let name = label.split_once('=').map_or(label.as_str(), |(name, _)| name);
                    removed.iter().any(|one| one == label || one == name)
                };
                let labels: Vec<String> =
                    incident.labels.iter().filter(|label| !is_removed(label)).cloned().collect();
                if labels == incident.labels {
                    return Some(Vec::new());
                }
                describe(None, None, Some(labels))
            }
            AlertAction::Assign => {
                let owner = fields::members(&self.members, "owner")?;
                let names = ["username", "name", "id"];
                let mut names = names.iter().filter_map(|name| fields::text(owner, name));
                let person = names.find_map(|name| find_person(directory, name))?;
                vec![IncidentCommand::Assign { to: Some(person.clone()) }]
            }
            AlertAction::Snooze => {
                let until = text("endTime").and_then(parse_time).filter(|until| *until > now)?;
                vec![IncidentCommand::Snooze { until }]
            }
            AlertAction::Escalate => {
                let level = incident.summary.escalation.saturating_add(1);
                let path = escalation::path(&incident.summary, directory);
                let step = path.into_iter().find(|step| step.level == level)?;
                let to = step.people();
                if to.is_empty() {
                    return None;
                }
                let reason = Some(self.said("Opsgenie's API asked for it"));
                vec![IncidentCommand::Escalate {
                    level,
                    to,
                    reason,
                    automatic: None,
                    all_must_acknowledge: step.all_must_acknowledge,
                }]
            }
            AlertAction::Team => {
                let named = self.targets();
                let is_named = |team: &&crate::model::directory::Team| {
                    named.iter().any(|name| name.eq_ignore_ascii_case(&team.name))
                };
                let team = directory.teams.iter().find(is_named)?.name.clone();
                vec![IncidentCommand::SetTeam { team: Some(team) }]
            }
            AlertAction::Other(_) => return None,
        })
    }

    /// Returns the note on the request: its own note with the author, or, if it could not be
    /// carried out, its action and parameters. `None` if there is nothing to record.
    #[must_use]
    pub fn note(&self, is_carried_out: bool) -> Option<String> {
        let written = fields::text(&self.members, "note");
        let who = self.who();
        let text = match (written, is_carried_out) {
            (Some(note), true) => note.to_owned(),
            (Some(note), false) => format!("{}{}: {note}", self.action.phrase(), self.about()),
            (None, true) => return None,
            (None, false) => format!("{}{}", self.action.phrase(), self.about()),
        };
        let text = if who.is_empty() { text } else { format!("{text} ({who})") };
        Some(cut(&text, MAX_NOTE_CHARS))
    }

    /// Returns the note as a reason, or another one.
    fn said(&self, otherwise: &str) -> String {
        let note = fields::text(&self.members, "note").unwrap_or(otherwise);
        let who = self.who();
        let text = if who.is_empty() { note.to_owned() } else { format!("{note} ({who})") };
        one_line(&text, 500)
    }

    /// Returns the author of the request, and the program.
    fn who(&self) -> String {
        let parts = ["user", "source"].iter().filter_map(|name| fields::text(&self.members, name));
        let parts: Vec<String> = parts.map(|text| one_line(text, MAX_NAME_CHARS)).collect();
        parts.join(", ")
    }

    /// Returns the parameters of the request, in parentheses.
    fn about(&self) -> String {
        let mut parts = self.targets();
        for name in ["message", "description", "priority", "endTime"] {
            parts.extend(fields::text(&self.members, name).map(|text| one_line(text, 200)));
        }
        parts.extend(self.labels());
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
    }

    /// Returns the people, teams and schedules that it names.
    fn targets(&self) -> Vec<String> {
        let mut targets = Vec::new();
        for name in ["owner", "escalation", "team", "responder"] {
            targets.extend(fields::members(&self.members, name).and_then(target_name));
        }
        for name in ["teams", "responders"] {
            let list = self.members.get(name).and_then(Value::as_array);
            let named = list.into_iter().flatten().filter_map(Value::as_object);
            targets.extend(named.filter_map(target_name).take(MAX_NAMES));
        }
        targets
    }

    /// Returns the tags and details as labels.
    fn labels(&self) -> Vec<String> {
        let mut labels: Vec<String> = match self.action {
            AlertAction::AddTags => self.names(),
            _ => Vec::new(),
        };
        let details = self.members.get("details").and_then(Value::as_object);
        for (name, value) in details.into_iter().flatten().take(MAX_NAMES) {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                Value::Bool(flag) => flag.to_string(),
                _ => continue,
            };
            labels.push(one_line(&format!("{name}={text}"), MAX_NAME_CHARS));
        }
        labels.retain(|label| !label.is_empty());
        labels
    }

    /// Returns the names of tags or details: a list, or a text with commas.
    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for key in ["tags", "keys"] {
            match self.members.get(key) {
                Some(Value::Array(list)) => names.extend(list.iter().filter_map(Value::as_str)),
                Some(Value::String(text)) => names.extend(text.split(',')),
                _ => {}
            }
        }
        let names = names.into_iter().map(|name| one_line(name, MAX_NAME_CHARS));
        names.filter(|name| !name.is_empty()).take(MAX_NAMES).collect()
    }
}

/// Returns the name of a person, team or schedule.
fn target_name(target: &Map<String, Value>) -> Option<String> {
    let names = ["username", "name", "id"];
    let name = names.iter().find_map(|name| id_text(target, name))?;
    Some(one_line(&name, MAX_NAME_CHARS))
}

/// Finds a person by handle, full name, or the address of the mails.
fn find_person<'a>(directory: &'a Directory, name: &str) -> Option<&'a PersonRef> {
    let lower = name.to_lowercase();
    let local = lower.split('@').next().unwrap_or_default();
    let is_it = |person: &&PersonRef| {
        let (handle, full) = (person.handle.to_lowercase(), person.name.to_lowercase());
        handle == lower || handle == local || full == lower
    };
    directory.people.iter().find(is_it)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn request(action: &str, is_delete: bool, body: &Value) -> AlertRequest {
        let action = AlertAction::from_path(action, is_delete);
        AlertRequest::new(action, body.to_string().as_bytes(), &[])
    }

    #[rstest]
    #[case("notes", json!({"note": "restarted", "user": "ines", "source": "script"}),
        true, Some("restarted (ines, script)"))]
    #[case("priority", json!({"priority": "P1"}), true, None)]
    #[case("priority", json!({"priority": "P9"}), false, Some("another priority (P9)"))]
    #[case("assign", json!({"owner": {"username": "a@example.com"}, "note": "please"}),
        false, Some("assigned (a@example.com): please"))]
    #[case("responders", json!({"responder": {"type": "team", "name": "ops"}}),
        false, Some("responders added (ops)"))]
    #[case("actions", json!({"user": "ines"}), false, Some("action actions (ines)"))]
    #[case("tags", json!({"tags": ["a", "b"]}), false, Some("tags added (a, b)"))]
    fn notes_say_what_was_requested(
        #[case] action: &str,
        #[case] body: Value,
        #[case] is_carried_out: bool,
        #[case] expected: Option<&str>,
    ) {
        let note = request(action, false, &body).note(is_carried_out);
        assert_eq!(note.as_deref(), expected);
    }

    #[rstest]
    #[case(b"")]
    #[case(b"[]")]
    #[case(b"{\"tags\":7,\"details\":[1],\"owner\":null}")]
    #[case(b"\xff")]
    fn odd_bodies_say_nothing(#[case] body: &[u8]) {
        for action in ["notes", "tags", "details", "assign", "snooze", "message", "other"] {
            let request = AlertRequest::new(AlertAction::from_path(action, false), body, &[]);
            assert!(request.labels().is_empty() && request.targets().is_empty());
        }
    }
}
