//! The alerts of a message, field by field.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::definition::{Field, Mapping};
use super::expression::Found;
use super::key::{digest, group_key, stored_key};
use super::labels::add_labels;
use super::message::Message;
use super::path::{Path, Scope};
use super::status::Status;
use super::time::parse_time;
use crate::ingest::error::IngestError;
use crate::ingest::fields::{parse_json, web_url, wrong_type};
use crate::model::alert::{
    AlertReport, MAX_ANNOTATION_CHARS, MAX_ENTRIES, MAX_LABEL_CHARS, MAX_NAME_CHARS, MAX_URL_CHARS,
    cut, one_line,
};

/// The most alerts that are read of a message.
const MAX_ALERTS: usize = 10_000;
/// The longest title of an alert, in characters.
const MAX_TITLE_CHARS: usize = 500;
/// The longest text of a message in an error, in characters.
const MAX_SHOWN_CHARS: usize = 60;

/// The text of a field, and where it was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FieldReading {
    /// The field, such as `title` or `labels.env`.
    pub field: String,
    /// The text.
    pub value: String,
    /// The path, template or constant that led to it.
    pub from: String,
}

/// An alert of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// Its status according to the message.
    pub status: Status,
    /// The key of its group.
    pub group: String,
    /// The fields found, with their paths.
    pub fields: Vec<FieldReading>,
    /// The alert.
    pub alert: AlertReport,
}

/// The alerts found in a message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Scanned {
    /// The alerts.
    pub(super) readings: Vec<Reading>,
    /// The address that confirms a subscription.
    pub(super) confirm: Option<String>,
    /// The reason why an alert can't be read, if others can; the first one.
    pub(super) unusable: Option<IngestError>,
}

/// Finds the alerts of a message of the sender `source`.
pub(super) fn scan(
    mapping: &Mapping,
    source: &str,
    message: &Message<'_>,
    root: &Value,
) -> Result<Scanned, IngestError> {
    let outer =
        Scope { items: vec![root], message: 0, headers: &message.headers, query: &message.query };
    let confirm = mapping.confirm.as_ref().and_then(|path| path.text(&outer));
    let confirm = confirm.and_then(|url| web_url(&url, MAX_URL_CHARS));
    // The message may be JSON in a text of an envelope.
    let inner = mapping.json_in.iter().find_map(|path| {
        let value = parse_json(path.text(&outer)?.as_bytes()).ok()?;
        (value.is_object() || value.is_array()).then_some(value)
    });
    let mut scope = outer;
    if let Some(inner) = &inner {
        scope.items.push(inner);
        scope.message = 1;
    }
    let mut scopes = Vec::new();
    if mapping.for_each.is_empty() {
        match scope.items.last() {
            Some(Value::Array(items)) => add_items(&scope, items, &mut scopes)?,
            _ => scopes.push(scope),
        }
    } else {
        descend(&scope, &mapping.for_each, true, &mut scopes)?;
    }
    let (mut readings, mut unusable) = (Vec::new(), None);
    let mut has_read = false;
    for scope in &scopes {
        match read_item(mapping, source, scope) {
            Ok(reading) => {
                has_read = true;
                readings.extend(reading);
            }
            Err(error) => {
                unusable.get_or_insert(error);
            }
        }
    }
    match unusable {
        Some(error) if !has_read => Err(error),
        unusable => Ok(Scanned { readings, confirm, unusable }),
    }
}

/// Adds a scope for each item of the lists that paths lead to, one after the other.
fn descend<'a>(
    scope: &Scope<'a>,
    paths: &[Path],
    is_outermost: bool,
    scopes: &mut Vec<Scope<'a>>,
) -> Result<(), IngestError> {
    let Some((path, rest)) = paths.split_first() else {
        scopes.push(scope.clone());
        return Ok(());
    };
    let items = match path.value(scope) {
        Some(Value::Array(items)) => items,
        // A list within an item may be missing; that of the message is required.
        None | Some(Value::Null) if !is_outermost => return Ok(()),
        None | Some(Value::Null) => {
            let path = path.as_str().to_owned();
            return Err(IngestError::Absent { field: "for_each", path });
        }
        Some(other) => return Err(wrong_type(other, path.as_str(), "a list")),
    };
    let mut found = Vec::new();
    add_items(scope, items, &mut found)?;
    for scope in found {
        descend(&scope, rest, false, scopes)?;
        check_count(scopes.len())?;
    }
    Ok(())
}

fn add_items<'a>(
    scope: &Scope<'a>,
    items: &'a [Value],
    scopes: &mut Vec<Scope<'a>>,
) -> Result<(), IngestError> {
    check_count(items.len())?;
    for item in items {
        let mut scope = scope.clone();
        scope.items.push(item);
        scopes.push(scope);
    }
    Ok(())
}

fn check_count(count: usize) -> Result<(), IngestError> {
    if count > MAX_ALERTS {
        return Err(IngestError::TooMany { count, max: MAX_ALERTS });
    }
    Ok(())
}

/// Collects the fields of an item.
struct ItemReader<'m, 's> {
    mapping: &'m Mapping,
    scope: &'s Scope<'s>,
    fields: Vec<FieldReading>,
}

impl ItemReader<'_, '_> {
    /// Returns the text of a field. One for which its table has nothing is as good as absent.
    fn text(&mut self, field: Field) -> Option<String> {
        let found = self.mapping.fields.get(&field)?.find(self.scope).ok().flatten()?;
        let text = found.text.clone();
        self.record(field.as_str(), found);
        Some(text)
    }

    fn record(&mut self, field: impl Into<String>, found: Found) {
        let value = one_line(&found.text, MAX_LABEL_CHARS);
        self.fields.push(FieldReading { field: field.into(), value, from: found.from });
    }

    /// Returns the status of the alert: firing, unless the message contains another one.
    fn status(&mut self) -> Result<Status, IngestError> {
        let Some(expression) = self.mapping.fields.get(&Field::Status) else {
            return Ok(Status::Firing);
        };
        let unmatched = |found: Found| IngestError::Unmatched {
            field: "status",
            path: found.from,
            found: one_line(&found.text, MAX_SHOWN_CHARS),
        };
        match expression.find(self.scope) {
            Ok(Some(found)) => match Status::parse(&found.text) {
                Some(status) => {
                    self.record("status", found);
                    Ok(status)
                }
                None => Err(unmatched(found)),
            },
            Ok(None) => Ok(Status::Firing),
            Err(error) => Err(unmatched(error.found)),
        }
    }

    fn time(&mut self, field: Field) -> Option<DateTime<Utc>> {
        self.text(field).and_then(|text| parse_time(&text))
    }

    fn labels(&mut self) -> BTreeMap<String, String> {
        let mapping = self.mapping;
        let mut labels = BTreeMap::new();
        for path in &mapping.labels_from {
            let Some(value) = path.value(self.scope) else { continue };
            let mut found = BTreeMap::new();
            add_labels(value, &mut found);
            for (name, text) in found {
                insert(&mut labels, &name, &text);
            }
        }
        for (name, expression) in &mapping.labels {
            let Ok(Some(found)) = expression.find(self.scope) else { continue };
            insert(&mut labels, name, &found.text);
            self.record(format!("labels.{name}"), found);
        }
        labels
    }
}

/// Adds a label, bounded. One that is new is not added to too many.
fn insert(labels: &mut BTreeMap<String, String>, name: &str, text: &str) {
    let name = one_line(name, MAX_NAME_CHARS);
    if !name.is_empty() && (labels.len() < MAX_ENTRIES || labels.contains_key(&name)) {
        labels.insert(name, cut(text, MAX_LABEL_CHARS));
    }
}

/// Reads an alert; `None` if it must be ignored.
fn read_item(
    mapping: &Mapping,
    source: &str,
    scope: &Scope<'_>,
) -> Result<Option<Reading>, IngestError> {
    let mut reader = ItemReader { mapping, scope, fields: Vec::new() };
    let status = reader.status()?;
    if status == Status::Ignored {
        return Ok(None);
    }
    let key = reader.text(Field::Key);
    let group = reader.text(Field::Group);
    let title = reader.text(Field::Title);
    if key.is_none() && title.is_none() {
        return Err(IngestError::Nothing(written(mapping)));
    }
    let mut labels = reader.labels();
    let mut annotations = BTreeMap::new();
    for (field, name) in [(Field::Description, "description"), (Field::Runbook, "runbook_url")] {
        if let Some(text) = reader.text(field) {
            annotations.insert(name.to_owned(), cut(&text, MAX_ANNOTATION_CHARS));
        }
    }
    let service = reader.text(Field::Service);
    for (text, name) in [(service.clone(), "service"), (reader.text(Field::Severity), "severity")] {
        if let Some(text) = text {
            // It counts more than other labels.
            if labels.len() >= MAX_ENTRIES && !labels.contains_key(name) {
                labels.pop_last();
            }
            insert(&mut labels, name, &text);
        }
    }
    let url = reader.text(Field::Url).and_then(|url| web_url(&url, MAX_URL_CHARS));
    let (starts_at, ends_at) = (reader.time(Field::StartsAt), reader.time(Field::EndsAt));
    // A start that no message has is by the clock here, with which an end by that of the sender can't be
    // compared.
    let ends_at = ends_at.filter(|_| mapping.fields.contains_key(&Field::StartsAt));
    let is_firing = status != Status::Resolved;
    let title = match &title {
        Some(title) => one_line(title, MAX_TITLE_CHARS),
        None => AlertReport::title_of(&labels, &annotations, MAX_TITLE_CHARS),
    };
    let key = key.unwrap_or_else(|| digest(&[&title, service.as_deref().unwrap_or_default()]));
    let group = group_key(source, group.as_deref().unwrap_or(&key));
    let alert = AlertReport {
        key: stored_key(&key),
        is_firing,
        // The time in a message about the end is not that of the start.
        starts_at: starts_at
            .filter(|starts| is_firing || ends_at.is_some_and(|ends_at| *starts < ends_at)),
        ends_at: ends_at.filter(|_| !is_firing),
        expires_at: None,
        title,
        labels,
        annotations,
        url,
    };
    Ok(Some(Reading { status, group, fields: reader.fields, alert }))
}

/// Returns the paths of the key and the title in a mapping.
fn written(mapping: &Mapping) -> String {
    let texts: Vec<String> = mapping
        .written()
        .filter(|(key, _)| matches!(*key, "key" | "title"))
        .map(|(key, value)| format!("{key} = {}", one_line(value, MAX_LABEL_CHARS)))
        .collect();
    texts.join(", ")
}
