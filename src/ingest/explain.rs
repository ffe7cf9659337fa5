//! Explains how a message is processed: which mapping reads it, where each field is found, which
//! rule applies, and which incident would be declared.

use chrono::{DateTime, TimeDelta, Utc};

use super::mapping::{self, Mapped, Reading};
use super::receivers::{self, ChangeMessage, ReadError, ReceivedMessage};
use super::rules::AppliedGroup;
use super::settings::IngestSettings;
use crate::model::Actor;
use crate::model::alert::{AlertGroup, Overrides, declaration};
use crate::model::change::Change;
use crate::model::command::Declaration;
use crate::model::directory::Directory;
use crate::model::time::format_duration;

/// The explanation of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// The name of the sender.
    pub name: String,
    /// The built-in mapping that reads it, or that the one of the settings starts from.
    pub mapping: Option<&'static str>,
    /// The alerts, with where each field was found.
    pub readings: Vec<Reading>,
    /// The address that has to be opened so that the sender sends alerts.
    pub confirm: Option<String>,
    /// The groups that are stored.
    pub groups: Vec<ExplainedGroup>,
    /// The changes as they would be recorded if none of them were stored yet.
    pub changes: Vec<Change>,
    /// The number of changes that are not recorded because of the settings.
    pub ignored_changes: usize,
}

/// The explanation of a group of alerts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ExplainedGroup {
    /// The group to be stored.
    pub group: AlertGroup,
    /// The rule that counts for its incident.
    pub rule: Option<String>,
    /// The titles of the alerts that rules drop, with the rule.
    pub dropped: Vec<(String, String)>,
    /// The changes of the incident by the rule.
    pub changes: Vec<FieldChange>,
    /// The incident that is declared if none is open; `None` if no alert fires.
    pub declaration: Option<Declaration>,
}

/// The change of a field by a rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldChange {
    /// The field.
    pub field: &'static str,
    /// The value from the alerts; empty if there is none.
    pub before: String,
    /// The value of the rule.
    pub after: String,
}

/// Explains a message to the receiver `name` that arrives at `now`. `integration` is the name of
/// the key or token that it is sent with.
///
/// # Errors
/// [`ReadError`] if there is no such receiver, or the message can't be understood.
pub fn explain(
    settings: &IngestSettings,
    name: &str,
    integration: &str,
    message: &ReceivedMessage<'_>,
    directory: &Directory,
    now: DateTime<Utc>,
) -> Result<Explanation, ReadError> {
    let is_own_form = receivers::RECEIVERS.contains(&name);
    let sender = settings.sender(name).filter(|_| !is_own_form);
    if let Some(read) = receivers::read_changes(name, message, settings, now) {
        return Ok(explain_changes(name, &read?, directory));
    }
    let (mapping, mapped) = if let Some(sender) = sender {
        let message = message.as_message();
        (sender.built_in, mapping::read(&sender.mapping, name, &message, now)?.complete()?)
    } else {
        let groups = receivers::read(name, message, settings, now)?;
        (None, Mapped { groups, ..Mapped::default() })
    };
    Ok(Explanation {
        name: name.to_owned(),
        mapping,
        readings: mapped.readings,
        confirm: mapped.confirm,
        groups: explain_groups(settings, integration, mapped.groups, directory, now),
        changes: Vec::new(),
        ignored_changes: 0,
    })
}

/// Explains a message that reports changes.
fn explain_changes(name: &str, message: &ChangeMessage, directory: &Directory) -> Explanation {
    let actor = Actor::Integration(name.to_owned());
    let reported = message.complete(directory, &actor);
    let changes: Vec<Change> = reported.iter().filter_map(|report| report.apply(None)).collect();
    Explanation {
        name: name.to_owned(),
        mapping: None,
        readings: Vec::new(),
        confirm: None,
        groups: Vec::new(),
        ignored_changes: message.reports.len() - changes.len(),
        changes,
    }
}

/// Explains how groups of alerts are processed by the rules of the settings. A group whose alerts
/// are all dropped by rules contains only its dropped alerts.
#[must_use]
pub fn explain_groups(
    settings: &IngestSettings,
    integration: &str,
    groups: Vec<AlertGroup>,
    directory: &Directory,
    now: DateTime<Utc>,
) -> Vec<ExplainedGroup> {
    let mut explained = Vec::new();
    for reported in groups {
        let unchanged = AlertGroup { alerts: Vec::new(), ..reported.clone() };
        let own_key = reported.key.clone();
        let mut applied = settings.rules.apply(reported, integration);
        if applied.groups.is_empty() {
            applied.groups.push(AppliedGroup { group: unchanged, rule: None });
        }
        let dropped = applied.dropped.into_iter().map(|alert| (alert.title, alert.rule));
        let mut dropped: Vec<(String, String)> = dropped.collect();
        for AppliedGroup { group, rule } in applied.groups {
            let declared = declared(&group, directory, now);
            let plain = AlertGroup { overrides: Overrides::default(), ..group.clone() };
            let mut changes = match (&declared, self::declared(&plain, directory, now)) {
                (Some(after), Some(before)) => changes(&before, after),
                _ => Vec::new(),
            };
            if group.key != own_key {
                let (before, after) = (own_key.clone(), group.key.clone());
                changes.insert(0, FieldChange { field: "group", before, after });
            }
            if declared.is_some() {
                changes.extend(conditions(&group.overrides));
            }
            explained.push(ExplainedGroup {
                group,
                rule,
                dropped: std::mem::take(&mut dropped),
                changes,
                declaration: declared,
            });
        }
    }
    explained
}

/// Returns the conditions of a rule for declaring an incident, and for adding alerts to it.
fn conditions(overrides: &Overrides) -> Vec<FieldChange> {
    let hold = overrides.hold.map(|rule| {
        let window = span(rule.within_s);
        ("at_least", format!("{} alerts within {window}, until then they wait", rule.at_least))
    });
    let flapping = overrides.flapping.map(|rule| {
        let window = span(rule.within_s);
        let times = rule.times;
        ("flapping", format!("{times} times within {window}, ends once calm for {window}"))
    });
    let hold_for = overrides
        .hold_s
        .map(|hold_s| ("hold_for", format!("{}, until then nobody is called", span(hold_s))));
    let max_age = overrides.max_age_s.map(|max_age_s| {
        ("max_age", format!("{}, then a new incident is declared", span(max_age_s)))
    });
    let owner = overrides.owner.clone().map(|owner| ("owner", owner));
    let conditions = [owner, hold_for, hold, flapping, max_age].into_iter().flatten();
    conditions.map(|(field, after)| FieldChange { field, before: String::new(), after }).collect()
}

fn span(seconds: i64) -> String {
    format_duration(TimeDelta::seconds(seconds))
}

/// Returns the incident that is declared for the alerts of a group that fire.
fn declared(group: &AlertGroup, directory: &Directory, now: DateTime<Utc>) -> Option<Declaration> {
    let firing = group.alerts.iter().enumerate().filter(|(_, alert)| alert.is_firing);
    let positions: Vec<usize> = firing.map(|(position, _)| position).collect();
    (!positions.is_empty()).then(|| declaration(group, &positions, directory, now))
}

/// Returns the fields in which two declarations differ.
fn changes(before: &Declaration, after: &Declaration) -> Vec<FieldChange> {
    let fields = |declared: &Declaration| -> [(&'static str, String); 8] {
        [
            ("title", declared.title.clone()),
            ("service", declared.services.join(", ")),
            ("impact", declared.impact.to_string()),
            ("urgency", declared.urgency.to_string()),
            ("category", declared.category.map_or_else(String::new, |one| one.to_string())),
            ("team", declared.team.clone().unwrap_or_default()),
            ("runbook", declared.runbook.clone().unwrap_or_default()),
            ("labels", declared.labels.join(", ")),
        ]
    };
    let pairs = fields(before).into_iter().zip(fields(after));
    pairs
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, before), (_, after))| FieldChange { field, before, after })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;
    use toml::de::DeTable;

    use super::*;
    use crate::ingest::rules::{Rule, Rules};

    fn settings(rule: &str) -> IngestSettings {
        let table = DeTable::parse(rule).expect("TOML");
        let mut one = Rule::default();
        for (key, value) in table.get_ref() {
            one.set(key.get_ref(), value).expect("a rule");
        }
        IngestSettings { rules: Rules(vec![one]), ..IngestSettings::default() }
    }

    fn explained(
        settings: &IngestSettings,
        name: &str,
        body: &[u8],
    ) -> Result<Explanation, ReadError> {
        let headers = BTreeMap::new();
        let message = ReceivedMessage {
            body,
            content_type: None,
            headers: &headers,
            query: None,
            token: None,
        };
        explain(settings, name, "Monitor", &message, &Directory::default(), now())
    }

    fn now() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().expect("a time")
    }

    #[test]
    fn explanation_says_where_fields_are_and_what_rules_change() {
        let settings = settings("name = \"shop\"\nmatch = { type = \"http\" }\nteam = \"web\"");
        let body = br#"{"heartbeat":{"status":0},"monitor":{"id":3,"name":"Shop","type":"http"}}"#;
        let explained = explained(&settings, "uptime-kuma", body).expect("an explanation");
        assert_eq!(explained.mapping, Some("uptime-kuma"));
        let fields: Vec<(&str, &str, &str)> = explained.readings[0]
            .fields
            .iter()
            .map(|one| (one.field.as_str(), one.value.as_str(), one.from.as_str()))
            .collect();
        assert!(fields.contains(&("status", "firing", "heartbeat.status: \"0\"")), "{fields:?}");
        assert!(fields.contains(&("key", "3", "monitor.id")), "{fields:?}");
        let group = &explained.groups[0];
        assert_eq!(group.rule.as_deref(), Some("shop"));
        let change = FieldChange { field: "team", before: String::new(), after: "web".into() };
        assert_eq!(group.changes, [change]);
        let declared = group.declaration.as_ref().expect("a declaration");
        assert_eq!(
            (declared.title.as_str(), declared.services[0].as_str()),
            ("Shop is down", "Shop")
        );
    }

    /// Each kind of rule, and its changes.
    #[rstest]
    #[case("service = \"{type}\"", &[("service", "Shop", "http")])]
    #[case("service = \"{integration}\"", &[("service", "Shop", "Monitor")])]
    #[case("team = \"web\"", &[("team", "", "web")])]
    #[case("category = \"security\"", &[("category", "", "security")])]
    #[case("priority = \"P1\"", &[("impact", "medium", "high"), ("urgency", "medium", "high")])]
    #[case("impact = \"high\"\nurgency = \"medium\"", &[("impact", "medium", "high")])]
    #[case("title = \"{monitor}!\"", &[("title", "Shop is down", "Shop!")])]
    #[case("owner = \"on-call:{type}\"", &[("owner", "", "on-call:http")])]
    #[case("runbook = \"shop\"", &[("runbook", "", "shop")])]
    #[case("group = \"all of {type}\"", &[("group", "uptime-kuma:3", "uptime-kuma:all of http")])]
    #[case("hold_for = \"2m\"", &[("hold_for", "", "2m, until then nobody is called")])]
    #[case(
        "at_least = 3\nwithin = \"10m\"",
        &[("at_least", "", "3 alerts within 10m, until then they wait")]
    )]
    #[case(
        "flapping = { times = 4, within = \"1h\" }",
        &[("flapping", "", "4 times within 1h00, ends once calm for 1h00")]
    )]
    #[case("max_age = \"2d\"", &[("max_age", "", "2d, then a new incident is declared")])]
    fn each_kind_of_rule_is_explained(#[case] rule: &str, #[case] expected: &[(&str, &str, &str)]) {
        let body = br#"{"heartbeat":{"status":0},"monitor":{"id":3,"name":"Shop","type":"http"}}"#;
        let settings = settings(&format!("match = {{ type = \"http\" }}\n{rule}"));
        let groups = explained(&settings, "uptime-kuma", body).expect("an explanation").groups;
        let changes: Vec<(&str, &str, &str)> = groups[0]
            .changes
            .iter()
            .map(|one| (one.field, one.before.as_str(), one.after.as_str()))
            .collect();
        assert_eq!(changes, expected);
        // A message to which the rule does not apply changes nothing.
        let other = br#"{"heartbeat":{"status":0},"monitor":{"id":3,"name":"Shop","type":"ping"}}"#;
        let groups = explained(&settings, "uptime-kuma", other).expect("an explanation").groups;
        assert_eq!((&groups[0].rule, groups[0].changes.len()), (&None, 0));
    }

    #[test]
    fn added_labels_are_explained() {
        let settings = settings("match = { type = \"http\" }\nlabels = { area = \"{type}\" }");
        let body = br#"{"heartbeat":{"status":0},"monitor":{"id":3,"name":"Shop","type":"http"}}"#;
        let groups = explained(&settings, "uptime-kuma", body).expect("an explanation").groups;
        let [change] = &groups[0].changes[..] else { panic!("{:?}", groups[0].changes) };
        assert_eq!(change.field, "labels");
        assert_eq!(change.after, format!("{}, area=http", change.before));
    }

    #[test]
    fn dropped_alerts_are_explained() {
        let settings = settings("match = { type = \"http\" }\ndrop = true");
        let body = br#"{"heartbeat":{"status":0},"monitor":{"id":3,"name":"Shop","type":"http"}}"#;
        let groups = explained(&settings, "uptime-kuma", body).expect("an explanation").groups;
        assert_eq!(groups[0].dropped, [("Shop is down".to_owned(), "rule 1".to_owned())]);
        assert_eq!((groups[0].group.alerts.len(), &groups[0].declaration), (0, &None));
    }

    #[test]
    fn unknown_names_are_answered_with_those_that_exist() {
        let settings = IngestSettings::default();
        let error = explained(&settings, "zabix", b"{}").expect_err("no mapping");
        let ReadError::NoReceiver { name, names } = error else { panic!("{error}") };
        assert_eq!(name, "zabix");
        assert!(names.iter().any(|name| name == "zabbix"), "{names:?}");
    }
}
