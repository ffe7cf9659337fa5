//! Reads how messages with alerts are read: `[ingest.NAME]` and `[[ingest_rules]]`.
//!
//! A wrong field of a mapping is left out with a warning: a message that needs it can be read again
//! once the field is corrected. A wrong rule is left out completely, as it would apply to other
//! alerts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::path::{PathBase, path};
use super::section::{InvalidValue, Section, Source, Value, ValueResult};
use crate::config::nearest;
use crate::ingest::changes::{ChangeForm, ChangeRules};
use crate::ingest::events::MAX_CHANGE_SERVICES;
use crate::ingest::mapping::{DefinitionError, KEYS, Mapping};
use crate::ingest::receivers::RECEIVERS;
use crate::ingest::rules::{RULE_KEYS, Rule, Rules};
use crate::ingest::toml_text::{format_value, quote};
use crate::ingest::{IngestSettings, SecretSource, Sender, senders};
use crate::model::directory::Directory;
use crate::model::text::sanitize;

/// The longest name of a sender, in bytes.
const MAX_NAME_BYTES: usize = 40;
/// The longest ARN of a topic, in bytes.
const MAX_TOPIC_BYTES: usize = 500;
/// Names of paths below `/v1/ingest/` that are no mappings.
const RESERVED: [&str; 2] = ["dead", "waiting"];

pub(super) fn read(
    top: &mut Section<'_>,
    base: &PathBase,
    directory: &Directory,
) -> IngestSettings {
    let mut settings = IngestSettings::default();
    if let Some(section) = top.section("ingest") {
        for (name, at, value) in section.entries() {
            let source = section.source;
            if let Some(problem) = name_problem(name) {
                source.warn(at, &format!("{} {problem}", value.name()));
                continue;
            }
            let Some(table) = source.ok_or_warn(value.section()) else { continue };
            if let Some(sender) = sender(table, name, base) {
                source.record_position(format!("ingest.{name}"), at);
                settings.senders.insert(name.to_owned(), Arc::new(sender));
            }
        }
    }
    let mut rules = Rules::default();
    for section in top.sections("ingest_rules") {
        let (source, at) = (section.source, section.offset);
        if let Some(rule) = rule(section, directory) {
            rules.0.push(rule);
            let name = rules.0.last().and_then(Rule::name).map(ToOwned::to_owned);
            let name = name.unwrap_or_else(|| rules.0.len().to_string());
            source.record_position(format!("ingest_rules.{name}"), at);
        }
    }
    settings.rules = rules;
    settings
}

/// Returns the error of a sender's name, as the second half of a sentence.
fn name_problem(name: &str) -> Option<&'static str> {
    let is_allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_')
    };
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(is_allowed) {
        return Some("has a name that is no part of an address: use 1 to 40 of a-z, 0-9, - and _");
    }
    if RECEIVERS.contains(&name) || RESERVED.contains(&name) {
        return Some("has a name of which the messages are read in a form of their own: rename it");
    }
    None
}

fn sender(mut table: Section<'_>, name: &str, base: &PathBase) -> Option<Sender> {
    let (source, offset) = (table.source, table.offset);
    let form = table.read("changes", |value| value.one_of(&ChangeForm::ALL, ChangeForm::name));
    let is_of_changes = table.get("changes").is_some();
    if let Some(form) = form.or_else(|| ChangeForm::from_name(name).filter(|_| !is_of_changes)) {
        return Some(change_sender(table, form, base));
    }
    let mut sender = Sender::default();
    let named = table.read("mapping", |value| {
        let names: Vec<&'static str> = senders::names().collect();
        value.one_of(&names, |name| name)
    });
    let is_named = table.get("mapping").is_some();
    let built_in = named.or((!is_named).then_some(name)).and_then(senders::built_in);
    let mut mapping = Mapping::default();
    if let Some((built_in, base)) = built_in {
        mapping = (*base).clone();
        sender.built_in = Some(built_in);
    }
    for key in KEYS {
        let Some(value) = table.get(key) else { continue };
        match mapping.set(key, value.parsed()) {
            Ok(()) => {
                source.record_position(value.name(), value.offset());
            }
            Err(error) => warn(source, &value, &error),
        }
    }
    let own = mapping.written().filter(|(key, _)| table.contains(key));
    let mut written: BTreeMap<&'static str, String> =
        own.map(|(key, text)| (key, text.to_owned())).collect();
    if let Some(built_in) = sender.built_in {
        written.insert("mapping", quote(built_in));
    }
    sender.secret = secret(&mut table, base);
    let topics = table.read("topics", |value| value.list()?.iter().map(topic).collect());
    sender.topics = topics.unwrap_or_default();
    table.finish();
    if sender.secret.is_some() && mapping.signature().is_none() {
        let text = format!(
            "ingest.{name}.signature is missing: without it the secret checks nothing, so add the \
             header that has the signature"
        );
        source.warn(offset, &text);
    }
    if mapping.is_blank() {
        let text = format!(
            "ingest.{name} says nothing of how messages are read: add mapping, or key and title"
        );
        source.warn(offset, &text);
        return None;
    }
    sender.mapping = Arc::new(mapping);
    sender.written = written;
    Some(sender)
}

/// Reads the source of the secret that signs messages.
fn secret(table: &mut Section<'_>, base: &PathBase) -> Option<SecretSource> {
    let keys = ["secret_file", "secret_env"];
    let values: Vec<Value<'_>> = keys.iter().filter_map(|key| table.get(key)).collect();
    if let [_, second] = values.as_slice() {
        let problem = "is one too many: only one setting says where the secret comes from";
        table.source.warn(second.offset(), &format!("{} {problem}", second.name()));
    }
    let file = table.read("secret_file", |value| path(value, base).map(SecretSource::File));
    let variable = table.read("secret_env", |value| variable(value).map(SecretSource::Variable));
    file.or(variable)
}

/// Reads a sender of changes.
fn change_sender(mut table: Section<'_>, form: ChangeForm, base: &PathBase) -> Sender {
    let mut written = BTreeMap::from([("changes", quote(form.name()))]);
    for key in ["services", "environments", "workflows"] {
        if let Some(value) = table.get(key) {
            written.insert(key, format_value(value.parsed().get_ref()));
        }
    }
    let services = table.read("services", change_services).unwrap_or_default();
    let mut patterns = |key: &'static str| table.read(key, change_patterns).unwrap_or_default();
    let (environments, workflows) = (patterns("environments"), patterns("workflows"));
    let secret = secret(&mut table, base);
    table.finish();
    Sender {
        changes: Some(form),
        change_rules: ChangeRules::new(services, environments, workflows),
        secret,
        written,
        ..Sender::default()
    }
}

/// Reads patterns of repositories, each with the services that their changes touch.
fn change_services(value: &Value<'_>) -> ValueResult<Vec<(String, Vec<String>)>> {
    let mut services = Vec::new();
    for (pattern, _, value) in value.section()?.entries() {
        let names: Vec<String> = if value.parsed().get_ref().as_array().is_some() {
            value.names()?.into_iter().map(|(name, _)| name).collect()
        } else {
            vec![value.short_text()?]
        };
        if names.len() > MAX_CHANGE_SERVICES {
            let problem = format!("has more than {MAX_CHANGE_SERVICES} services");
            return Err(value.invalid(problem));
        }
        services.push((pattern.to_owned(), names));
    }
    Ok(services)
}

/// Reads patterns of names.
fn change_patterns(value: &Value<'_>) -> ValueResult<Vec<String>> {
    value.list()?.iter().map(Value::short_text).collect()
}

/// Reads the name of a topic.
fn topic(value: &Value<'_>) -> ValueResult<String> {
    let text = value.text()?;
    let is_name = text.len() <= MAX_TOPIC_BYTES && text.starts_with("arn:");
    if !is_name || text.chars().any(|ch| ch.is_whitespace() || ch.is_control()) {
        return Err(value.invalid("is no ARN of a topic: write one such as \"arn:aws:sns:…\""));
    }
    Ok(text.to_owned())
}

/// Reads the name of a variable.
fn variable(value: &Value<'_>) -> ValueResult<String> {
    let name = value.text()?;
    let is_allowed = |ch: char| ch.is_ascii_alphanumeric() || ch == '_';
    let starts_with_digit = name.starts_with(|ch: char| ch.is_ascii_digit());
    if name.is_empty() || starts_with_digit || !name.chars().all(is_allowed) {
        // The value may well be the secret itself, which must not be shown.
        return Err(value.invalid(
            "is no name of a variable: write one such as \"SENTRY_SECRET\", and put the secret into \
             that",
        ));
    }
    Ok(name.to_owned())
}

fn rule(mut section: Section<'_>, directory: &Directory) -> Option<Rule> {
    let (source, offset) = (section.source, section.offset);
    let warnings_before = source.warning_count();
    let mut rule = Rule::default();
    for key in RULE_KEYS {
        let Some(value) = section.get(key) else { continue };
        match rule.set(key, value.parsed()) {
            Ok(()) => source.record_position(value.name(), value.offset()),
            Err(error) => warn(source, &value, &error),
        }
    }
    section.finish();
    if source.warning_count() > warnings_before {
        return None;
    }
    if let Some(problem) = rule.problem() {
        source.warn(offset, &format!("a rule of ingest_rules {problem}"));
        return None;
    }
    let services: Vec<&str> = directory.services.iter().map(|one| one.name.as_str()).collect();
    let teams: Vec<&str> = directory.teams.iter().map(|one| one.name.as_str()).collect();
    for ((kind, name), names) in rule.fixed_names().into_iter().zip([services, teams]) {
        if let Some(name) = name
            && !names.is_empty()
            && !names.contains(&name)
        {
            let hint = nearest::suggestion(name, &names);
            let name = sanitize(name);
            let text =
                format!("ingest_rules.{kind}: there is no {kind} {name:?} in this file: {hint}");
            source.warn(offset, &text);
        }
    }
    Some(rule)
}

/// Reports a part of a definition that is wrong.
fn warn(source: &Source<'_>, value: &Value<'_>, error: &DefinitionError) {
    let InvalidValue { text, .. } = value.invalid(&error.problem);
    source.warn(error.offset, &text);
}
