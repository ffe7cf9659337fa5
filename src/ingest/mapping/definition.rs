//! A mapping: for each field of an alert, its path in a message.

use std::collections::BTreeMap;

use strum::{EnumIter, IntoEnumIterator, IntoStaticStr};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use super::expression::DefinitionError;
use super::expression::{Expression, error, paths, text};
use super::path::Path;
use super::status::Status;
use crate::ingest::toml_text::format_value;
use crate::model::text::sanitize;

/// The most labels that a mapping names.
const MAX_LABELS: usize = 100;
/// The longest name of a sender, in characters.
const MAX_SENDER_CHARS: usize = 60;

/// The keys of a definition.
pub const KEYS: [&str; 19] = [
    "sender",
    "form",
    "json_in",
    "for_each",
    "status",
    "key",
    "group",
    "title",
    "description",
    "severity",
    "service",
    "url",
    "runbook",
    "starts_at",
    "ends_at",
    "labels",
    "labels_from",
    "confirm",
    "signature",
];

/// A field of an alert.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(super) enum Field {
    /// Whether it fires.
    Status,
    /// Its identity within its group.
    Key,
    /// Its common property with other alerts of the same incident.
    Group,
    /// Its title, on one line.
    Title,
    /// Its longer description.
    Description,
    /// Its severity.
    Severity,
    /// The service.
    Service,
    /// The page about it.
    Url,
    /// The runbook.
    Runbook,
    /// Since when it fires.
    StartsAt,
    /// When it ended.
    EndsAt,
}

impl Field {
    /// Returns the key of the field in a definition.
    pub(super) fn as_str(self) -> &'static str {
        self.into()
    }

    fn from_key(key: &str) -> Option<Self> {
        Self::iter().find(|field| field.as_str() == key)
    }
}

/// For each field of an alert, its path in a message.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mapping {
    /// The name of the sender in texts.
    pub(super) sender: Option<String>,
    /// Whether a message with a list `alerts` has the form of Alertmanager's.
    pub(super) is_alertmanager: bool,
    /// Whether a message in protobuf has logs of OpenTelemetry.
    pub(super) is_otlp: bool,
    /// Where a text may be that is JSON with the message.
    pub(super) json_in: Vec<Path>,
    /// Where the list of alerts is: each path leads from an item of the list before it to a list.
    pub(super) for_each: Vec<Path>,
    pub(super) fields: BTreeMap<Field, Expression>,
    pub(super) labels: Vec<(String, Expression)>,
    /// The paths of objects or lists of labels.
    pub(super) labels_from: Vec<Path>,
    /// Where the address is that confirms a subscription.
    pub(super) confirm: Option<Path>,
    signature: Option<SignatureForm>,
    /// The settings as they were written, by key.
    written: BTreeMap<&'static str, String>,
}

/// How a sender signs messages: with the HMAC-SHA256 of the body in hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SignatureForm {
    /// The header with the signature, in lower case.
    pub header: String,
    /// The prefix of the digits, such as `sha256=`.
    pub prefix: String,
    /// The header with a time, which precedes the body in the signed text, separated by a colon.
    pub timestamp_header: Option<String>,
}

impl Mapping {
    /// Reads a definition, all keys of which must be known.
    ///
    /// # Errors
    /// [`DefinitionError`] with the error and its position.
    pub fn from_toml(table: &DeTable<'_>) -> Result<Self, DefinitionError> {
        let mut mapping = Self::default();
        for (key, value) in table {
            let name: &str = key.get_ref();
            mapping.set(name, value)?;
        }
        Ok(mapping)
    }

    /// Sets the value of a definition's key. An earlier one is replaced.
    ///
    /// # Errors
    /// [`DefinitionError`] with the error and its position.
    pub fn set(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<(), DefinitionError> {
        let Some(key) = KEYS.iter().copied().find(|name| *name == key) else {
            return Err(error(value, format!("{:?} is no key of a mapping", sanitize(key))));
        };
        match key {
            "sender" => {
                let name = text(value)?;
                let is_name = !name.trim().is_empty()
                    && name.chars().count() <= MAX_SENDER_CHARS
                    && !name.chars().any(char::is_control);
                if !is_name {
                    let problem = format!("is no text of 1 to {MAX_SENDER_CHARS} characters");
                    return Err(error(value, problem));
                }
                self.sender = Some(name);
            }
            "form" => match text(value)?.as_str() {
                "alertmanager" => (self.is_alertmanager, self.is_otlp) = (true, false),
                "otlp" => (self.is_alertmanager, self.is_otlp) = (false, true),
                "fields" => (self.is_alertmanager, self.is_otlp) = (false, false),
                _ => {
                    let problem = "is none of \"alertmanager\", \"otlp\" and \"fields\"";
                    return Err(error(value, problem));
                }
            },
            "json_in" => self.json_in = paths(value)?,
            "for_each" => self.for_each = paths(value)?,
            "labels_from" => self.labels_from = paths(value)?,
            "confirm" => self.confirm = paths(value)?.into_iter().next(),
            "labels" => self.labels = labels(value)?,
            "signature" => self.signature = Some(signature(value)?),
            _ => {
                let expression = Expression::from_toml(value)?;
                if let Some(field) = Field::from_key(key) {
                    check_field(field, &expression, value)?;
                    self.fields.insert(field, expression);
                }
            }
        }
        self.written.insert(key, format_value(value.get_ref()));
        Ok(())
    }

    /// Returns the keys and values that were set, as they are written in TOML.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.written.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// Returns how messages are signed; `None` if that is not set.
    #[must_use]
    pub fn signature(&self) -> Option<&SignatureForm> {
        self.signature.as_ref()
    }

    /// Returns whether neither a title nor a key is mapped, so that all messages would be the same.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        let names = [Field::Key, Field::Title];
        !self.is_alertmanager && !names.iter().any(|field| self.fields.contains_key(field))
    }
}

/// Checks the texts that a field can have.
fn check_field(
    field: Field,
    expression: &Expression,
    value: &Spanned<DeValue<'_>>,
) -> Result<(), DefinitionError> {
    if field != Field::Status {
        return Ok(());
    }
    match expression.fixed_texts().find(|text| Status::parse(text).is_none()) {
        Some(text) => {
            let text = sanitize(text);
            let problem = format!("has {text:?}: write firing, resolved, acknowledged or ignored");
            Err(error(value, problem))
        }
        None => Ok(()),
    }
}

fn labels(value: &Spanned<DeValue<'_>>) -> Result<Vec<(String, Expression)>, DefinitionError> {
    let table = value.get_ref().as_table();
    let table = table.ok_or_else(|| error(value, "is no table: write { NAME = \"path\" }"))?;
    if table.len() > MAX_LABELS {
        return Err(error(value, format!("has more than {MAX_LABELS} labels")));
    }
    let mut labels = Vec::new();
    for (key, value) in table {
        let name: &str = key.get_ref();
        labels.push((name.to_owned(), Expression::from_toml(value)?));
    }
    Ok(labels)
}

fn signature(value: &Spanned<DeValue<'_>>) -> Result<SignatureForm, DefinitionError> {
    let table = value.get_ref().as_table();
    let table = table.ok_or_else(|| error(value, "is no table: write { header = \"NAME\" }"))?;
    let mut form = SignatureForm::default();
    for (key, value) in table {
        let name: &str = key.get_ref();
        match name {
            "header" => form.header = text(value)?.to_ascii_lowercase(),
            "prefix" => form.prefix = text(value)?,
            "timestamp_header" => form.timestamp_header = Some(text(value)?.to_ascii_lowercase()),
            other => {
                let other = sanitize(other);
                let problem = format!("has {other:?}: use header, prefix and timestamp_header");
                return Err(DefinitionError { offset: key.span().start, problem });
            }
        }
    }
    if form.header.is_empty() {
        return Err(error(value, "names no header: add header"));
    }
    Ok(form)
}
