//! Alerts in the form of Opsgenie's Alert API.
//!
//! An alert is created with an alias, its identity among those of the sender, and is later referred
//! to by the alias or by its id. The id of an alert is derived from its alias, so that both lead to
//! it; one that is created without an alias gets a new id, which is its alias as well.
//!
//! | field | becomes |
//! |---|---|
//! | `message` | title |
//! | `priority` | label; `P3` if it is absent |
//! | `entity`, `source` | labels |
//! | `tags` | labels: `name:value` or `name=value` as it says, others as `tag` and their number |
//! | `service` in `details` | label |
//! | `alias`, `details`, `description`, `note` | annotations |

mod action;
pub mod heartbeat;
pub mod listing;
pub mod search;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::error::IngestError;
use super::fields;
use super::identity::digest_bytes;
use crate::model::alert::{
    AlertGroup, AlertReport, MAX_ANNOTATION_CHARS, MAX_ENTRIES, MAX_LABEL_CHARS, MAX_NAME_CHARS,
    cut, one_line,
};

pub use action::{AlertAction, AlertRequest};

/// The kind of sender, with which the keys of its groups begin.
pub const SOURCE: &str = "opsgenie";

/// The name of the sender in texts.
const SENDER: &str = "The sender of the alert";
/// The annotation with the alias.
const ALIAS: &str = "alias";
/// The longest title of an alert, in characters.
const MAX_TITLE_CHARS: usize = 500;

/// How an alert is named in a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum IdentifierType {
    /// By its id.
    #[default]
    Id,
    /// By its alias.
    Alias,
}

/// An alert that was created, or is named in a path.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NamedAlert {
    /// Its id, by which the sender can name it.
    pub id: Uuid,
    /// The alert, in a group of its own.
    pub group: AlertGroup,
}

/// Returns the id of the alert with an alias.
#[must_use]
pub fn id_of_alias(alias: &str) -> Uuid {
    uuid::Builder::from_random_bytes(digest_bytes(&[alias.trim()])).into_uuid()
}

/// Reads the creation of an alert. `sender` identifies the sender; `new` is the id of an alert
/// without an alias.
///
/// # Errors
/// [`IngestError`] with the part that can't be understood.
pub fn create(body: &[u8], sender: &str, new: Uuid) -> Result<NamedAlert, IngestError> {
    let members = fields::object(fields::parse_json(body)?, "the body")?;
    let message = fields::text(&members, "message").ok_or(IngestError::Missing("message"))?;
    let alias = fields::id_text(&members, "alias");
    let id = alias.as_deref().map_or(new, id_of_alias);
    let title = one_line(message, MAX_TITLE_CHARS);
    let details = members.get("details").unwrap_or(&Value::Null);
    let mut annotations = fields::details(details, MAX_ANNOTATION_CHARS);
    if let Some(alias) = alias {
        // Whoever lists alerts is answered with it, so it comes before any detail.
        if annotations.len() >= MAX_ENTRIES && !annotations.contains_key(ALIAS) {
            annotations.pop_last();
        }
        annotations.insert(ALIAS.to_owned(), cut(&alias, MAX_ANNOTATION_CHARS));
    }
    for name in ["description", "note"] {
        if let Some(text) = fields::text(&members, name)
            && annotations.len() < MAX_ENTRIES
        {
            annotations.insert(name.to_owned(), cut(text, MAX_ANNOTATION_CHARS));
        }
    }
    let alert = AlertReport {
        key: id.simple().to_string(),
        is_firing: true,
        starts_at: None,
        ends_at: None,
        expires_at: None,
        title: if title.is_empty() { "Alert".to_owned() } else { title },
        labels: labels(&members, details),
        annotations,
        url: None,
    };
    Ok(NamedAlert { id, group: group(id, sender, vec![alert]) })
}

/// Returns the alert that a path names, without a report of it.
#[must_use]
pub fn named(identifier: &str, kind: IdentifierType, sender: &str) -> NamedAlert {
    let id = id_of(identifier, kind);
    NamedAlert { id, group: group(id, sender, Vec::new()) }
}

/// Returns the id of the alert that a path names.
fn id_of(identifier: &str, kind: IdentifierType) -> Uuid {
    match kind {
        IdentifierType::Id => identifier.trim().parse().unwrap_or_else(|_| id_of_alias(identifier)),
        IdentifierType::Alias => id_of_alias(identifier),
    }
}

/// Returns the effect of an action on the alert in a path; `None` if it only affects the incident.
#[must_use]
pub fn act(
    action: &AlertAction,
    identifier: &str,
    kind: IdentifierType,
    sender: &str,
) -> Option<NamedAlert> {
    let id = id_of(identifier, kind);
    let mut group = group(id, sender, Vec::new());
    match action {
        AlertAction::Acknowledge => group.is_acknowledged = true,
        AlertAction::Close => group.alerts.push(AlertReport {
            key: id.simple().to_string(),
            is_firing: false,
            starts_at: None,
            ends_at: None,
            expires_at: None,
            title: "Alert".to_owned(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            url: None,
        }),
        _ => return None,
    }
    Some(NamedAlert { id, group })
}

fn group(id: Uuid, sender: &str, alerts: Vec<AlertReport>) -> AlertGroup {
    AlertGroup::new(SOURCE, SENDER, format!("{SOURCE}:{sender}:{}", id.simple()), alerts)
}

fn labels(members: &Map<String, Value>, details: &Value) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut add = |name: String, text: &str| {
        let text = one_line(text, MAX_LABEL_CHARS);
        if !name.is_empty() && !text.is_empty() && labels.len() < MAX_ENTRIES {
            labels.entry(name).or_insert(text);
        }
    };
    let number = members.get("priority").and_then(Value::as_u64);
    let number = number.map(|number| format!("P{number}"));
    let priority = fields::text(members, "priority").or(number.as_deref());
    add("priority".to_owned(), priority.unwrap_or("P3"));
    for name in ["entity", "source"] {
        add(name.to_owned(), fields::text(members, name).unwrap_or_default());
    }
    let service = details.as_object().and_then(|details| fields::text(details, "service"));
    add("service".to_owned(), service.unwrap_or_default());
    let tags: Vec<&str> = match members.get("tags") {
        Some(Value::Array(tags)) => tags.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(tags)) => tags.split(',').collect(),
        _ => Vec::new(),
    };
    for (index, tag) in tags.into_iter().enumerate() {
        match tag.split_once([':', '=']) {
            Some((name, text)) if !text.trim().is_empty() => {
                add(one_line(name, MAX_NAME_CHARS), text);
            }
            _ => add(format!("tag{}", index + 1), tag),
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn created(body: &Value) -> NamedAlert {
        create(body.to_string().as_bytes(), "0a1b2c", Uuid::nil()).unwrap()
    }

    #[test]
    fn creation_becomes_an_alert() {
        let named = created(&json!({
            "message": "The disk of db1\nis full", "alias": "db1/disk", "priority": "P1",
            "description": "0 B are free", "entity": "db1", "source": "watcher",
            "tags": ["env:prod", "team=db", "urgent", 7, "odd:"],
            "details": {"service": "checkout", "free": 0}, "responders": [{"name": "db"}],
        }));
        assert_eq!(named.id, id_of_alias("db1/disk"));
        assert_eq!(named.group.key, format!("opsgenie:0a1b2c:{}", named.id.simple()));
        let [alert] = &named.group.alerts[..] else { panic!("{named:?}") };
        assert_eq!((alert.title.as_str(), alert.is_firing), ("The disk of db1 is full", true));
        let labels: Vec<_> = alert.labels.iter().map(|(n, v)| format!("{n}={v}")).collect();
        let expected = "entity=db1 env=prod priority=P1 service=checkout source=watcher tag3=urgent \
                        tag4=odd: team=db";
        assert_eq!(labels.join(" "), expected);
        assert_eq!(alert.annotations["description"], "0 B are free");
        assert_eq!(alert.annotations["free"], "0");
        assert_eq!(alert.annotations["alias"], "db1/disk");
    }

    #[test]
    fn alert_without_an_alias_is_named_by_its_id() {
        let named = created(&json!({"message": "x", "alias": " ", "tags": null, "details": [1]}));
        assert_eq!((named.id, &*named.group.alerts[0].labels["priority"]), (Uuid::nil(), "P3"));
        let kind = IdentifierType::Id;
        let closed = act(&AlertAction::Close, &Uuid::nil().to_string(), kind, "0a1b2c").unwrap();
        assert_eq!(closed.group.key, named.group.key);
    }

    #[test]
    fn alias_comes_before_details() {
        let own = created(&json!({"message": "x", "alias": "db1", "details": {"alias": "db2"}}));
        assert_eq!(own.group.alerts[0].annotations["alias"], "db1");
        let many: Map<String, Value> =
            (0..MAX_ENTRIES).map(|index| (format!("a{index}"), json!("x"))).collect();
        let named = created(&json!({"message": "x", "alias": "db1", "details": many}));
        let annotations = &named.group.alerts[0].annotations;
        assert_eq!((annotations.len(), annotations["alias"].as_str()), (MAX_ENTRIES, "db1"));
    }

    #[rstest]
    #[case(json!(1), "P1")]
    #[case(json!("p2"), "p2")]
    #[case(json!(-1), "P3")]
    #[case(json!([]), "P3")]
    fn priority_may_be_a_number(#[case] priority: Value, #[case] expected: &str) {
        let named = created(&json!({"message": "x", "priority": priority, "tags": "eu, env:prod"}));
        let labels = &named.group.alerts[0].labels;
        assert_eq!(labels["priority"], expected);
        assert_eq!((labels["tag1"].as_str(), labels["env"].as_str()), ("eu", "prod"));
    }

    #[test]
    fn number_is_an_alias_like_its_text() {
        let named = created(&json!({"message": "x", "alias": 17}));
        let later = act(&AlertAction::Close, "17", IdentifierType::Alias, "0a1b2c").unwrap();
        assert_eq!(later.group.key, named.group.key);
    }

    #[rstest]
    #[case(IdentifierType::Alias, "db1/disk")]
    #[case(IdentifierType::Id, "db1/disk")]
    fn alias_leads_to_the_alert(#[case] kind: IdentifierType, #[case] identifier: &str) {
        let named = created(&json!({"message": "x", "alias": "db1/disk"}));
        for action in [AlertAction::Acknowledge, AlertAction::Close] {
            let later = act(&action, identifier, kind, "0a1b2c").unwrap();
            assert_eq!((later.id, &later.group.key), (named.id, &named.group.key));
            let is_acknowledged = action == AlertAction::Acknowledge;
            assert_eq!(later.group.is_acknowledged, is_acknowledged);
            assert_eq!(later.group.alerts.is_empty(), is_acknowledged);
        }
        let by_id = act(&AlertAction::Close, &named.id.to_string(), IdentifierType::Id, "0a1b2c");
        assert_eq!(by_id.unwrap().group.key, named.group.key);
        assert_eq!(act(&AlertAction::from_path("snooze", false), identifier, kind, "0a1b2c"), None);
    }

    #[rstest]
    #[case("", "the body is no JSON")]
    #[case("[]", "the body is a list, and must be an object")]
    #[case("{}", "message is missing")]
    #[case(r#"{"message": 7}"#, "message is missing")]
    fn creation_needs_a_message(#[case] body: &str, #[case] expected: &str) {
        let error = create(body.as_bytes(), "0a", Uuid::nil()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
