//! Reads `[outbound]`, `[channels.NAME]` and `[[contacts]]`.
//!
//! A channel that can't be read in full is left out: it would send to the wrong place, or not at all.

use chrono::NaiveTime;
use strum::IntoEnumIterator;

use super::options::{OptionRule, SECRET_KEYS, check_options};
use super::path::{PathBase, path};
use super::profiles::{command, variable};
use super::section::{Section, Value, ValueResult};
use crate::backend::http::TokenSource;
use crate::config::nearest;
use crate::config::outbound::{ChannelSettings, OutboundSettings};
use crate::model::PersonRef;
use crate::model::notification::{
    ChannelKind, Contact, ContactRule, Contacts, PersonContacts, QuietHours,
};
use crate::model::signals::SELF_TEST;
use crate::model::text::sanitize;
use crate::outbound::options::need;
use crate::outbound::{ChannelOptions, OptionKey};

/// How long the command of a channel may run at most, in seconds.
const MAX_LIMIT_S: i64 = 600;

pub(super) fn read(
    top: &mut Section<'_>,
    base: &PathBase,
    people: &[PersonRef],
) -> OutboundSettings {
    let mut settings = OutboundSettings::default();
    if let Some(mut section) = top.section("outbound") {
        let hosts = section.read("private_hosts", |value| {
            let host = |value: &Value<'_>| {
                value.text()?.parse().map_err(|bad| value.invalid(format!("{bad}")))
            };
            value.list()?.iter().map(host).collect()
        });
        settings.private_hosts = hosts.unwrap_or_default();
        settings.ca_file = section.read("ca_file", |value| path(value, base));
        section.finish();
    }
    let mut unusable = Vec::new();
    if let Some(section) = top.section("channels") {
        for (name, at, value) in section.entries() {
            let source = section.source;
            let channel =
                source.ok_or_warn(value.section()).and_then(|table| channel(table, name, base));
            match channel {
                Some(channel) => {
                    source.record_position(format!("channels.{name}"), at);
                    settings.channels.push(channel);
                }
                None => unusable.push(name),
            }
        }
    }
    let mut contacts = Contacts::default();
    for section in top.sections("contacts") {
        let person = person(section, &settings.channels, &unusable, people, &contacts);
        contacts.people.extend(person);
    }
    settings.contacts = contacts;
    settings
}

fn channel(mut table: Section<'_>, name: &str, base: &PathBase) -> Option<ChannelSettings> {
    let source = table.source;
    let warnings_before = source.warning_count();
    let kind = table.require("kind", |value| {
        let kinds: Vec<ChannelKind> = ChannelKind::all().collect();
        value.one_of(&kinds, ChannelKind::as_str)
    });
    let url = table.get("url").map(|value| value.offset());
    let mut options = ChannelOptions {
        url: table.read("url", Value::url),
        from: table.read("from", text),
        user: table.read("user", text),
        account: table.read("account", text),
        run: table.read("run", program).unwrap_or_default(),
        limit: None,
        env: table.read("env", variables).unwrap_or_default(),
    };
    options.limit = table.read("timeout", |value| {
        let limit = value.positive_duration()?;
        let limit = Some(limit).filter(|limit| limit.num_seconds() <= MAX_LIMIT_S);
        limit
            .and_then(|limit| limit.to_std().ok())
            .ok_or_else(|| value.invalid("is longer than 10 m: write a shorter time"))
    });
    let secret = secret(&mut table, base);
    let old_secret =
        table.read("old_secret_file", |value| path(value, base).map(TokenSource::File));
    let Some(kind) = kind else {
        table.finish();
        return None;
    };
    let problems = options.problems(kind);
    let rules = OptionKey::iter().map(|key| OptionRule {
        names: names(key),
        need: need(kind, key),
        problems: problems.iter().filter(|one| one.key == key).map(ToString::to_string).collect(),
    });
    check_options(&mut table, &format!("channels.{name}"), kind.as_str(), rules);
    if options.user.is_some() && secret.is_none() && kind == ChannelKind::Email {
        let at = url.unwrap_or(table.offset);
        let text = format!("channels.{name}.secret_file is missing: user needs a password");
        source.warn(at, &text);
    }
    table.finish();
    let is_clean = source.warning_count() == warnings_before;
    is_clean.then(|| ChannelSettings { name: name.to_owned(), kind, options, secret, old_secret })
}

/// Returns the names by which a setting may be given.
fn names(key: OptionKey) -> &'static [&'static str] {
    match key {
        OptionKey::Secret => &SECRET_KEYS,
        OptionKey::OldSecret => &["old_secret_file"],
        OptionKey::Url => &["url"],
        OptionKey::From => &["from"],
        OptionKey::User => &["user"],
        OptionKey::Account => &["account"],
        OptionKey::Run => &["run"],
        OptionKey::Timeout => &["timeout"],
        OptionKey::Env => &["env"],
    }
}

/// Reads a text without control characters.
fn text(value: &Value<'_>) -> ValueResult<String> {
    let text = value.text()?.trim();
    if text.is_empty() || text.len() > 320 || text.chars().any(char::is_control) {
        return Err(value.invalid("is no text of 1 to 320 bytes on one line"));
    }
    Ok(text.to_owned())
}

fn program(value: &Value<'_>) -> ValueResult<Vec<String>> {
    match command(value)? {
        TokenSource::Command(run) => Ok(run),
        _ => Ok(Vec::new()),
    }
}

/// Reads the names of variables that a program sees.
fn variables(value: &Value<'_>) -> ValueResult<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for item in value.list()? {
        let TokenSource::Variable(name) = variable(&item)? else { continue };
        if names.contains(&name) {
            return Err(item.invalid("names a variable twice: once is enough"));
        }
        names.push(name);
    }
    Ok(names)
}

/// Reads the source of the secret: at most one setting may define it.
pub(super) fn secret(table: &mut Section<'_>, base: &PathBase) -> Option<TokenSource> {
    let values: Vec<Value<'_>> = SECRET_KEYS.iter().filter_map(|key| table.get(key)).collect();
    if let [_, second, ..] = values.as_slice() {
        let problem = "is one too many: only one setting says where the secret comes from";
        table.source.warn(second.offset(), &format!("{} {problem}", second.name()));
    }
    let file = table.read("secret_file", |value| path(value, base).map(TokenSource::File));
    let variable = table.read("secret_env", variable);
    let command = table.read("secret_command", command);
    file.or(variable).or(command)
}

fn person(
    mut section: Section<'_>,
    channels: &[ChannelSettings],
    unusable: &[&str],
    people: &[PersonRef],
    before: &Contacts,
) -> Option<PersonContacts> {
    let (source, offset) = (section.source, section.offset);
    let person = section.require("person", |value| {
        let handle = value.short_text()?.trim_start_matches('@').to_owned();
        if before.of_person(&handle).is_some() {
            let handle = sanitize(&handle);
            return Err(value.invalid(format!("{handle:?} is there already: the first one counts")));
        }
        let handles: Vec<&str> = people.iter().map(|person| person.handle.as_str()).collect();
        // The person whom self-tests call is in no directory.
        let exists = handle == SELF_TEST || handles.contains(&handle.as_str());
        if !handles.is_empty() && !exists {
            let hint = nearest::suggestion(&handle, &handles);
            let shown = sanitize(&handle);
            let text = format!("there is no person {shown:?} in this file: {hint}");
            source.warn(value.offset(), &text);
        }
        Ok(handle)
    });
    let mut contacts: Vec<Contact> = Vec::new();
    for mut way in section.sections("ways") {
        let name = way.require("name", |value| {
            let name = value.short_text()?;
            if contacts.iter().any(|contact| contact.name == name) {
                let name = sanitize(&name);
                return Err(value.invalid(format!("{name:?} is there already: choose another")));
            }
            Ok(name)
        });
        let channel = way.require("channel", |value| channel_name(value, channels, unusable));
        let address = way.read("address", |value| Ok(value.text()?.trim().to_owned()));
        way.finish();
        let (Some(name), Some(channel)) = (name, channel) else { continue };
        contacts.push(Contact { name, channel, address: address.unwrap_or_default() });
    }
    let urgent = rules(&mut section, "urgent", &contacts);
    let rest = rules(&mut section, "rest", &contacts);
    let quiet = section.section("quiet").and_then(quiet_hours);
    section.finish();
    let person = person?;
    source.record_position(format!("contacts.{person}"), offset);
    Some(PersonContacts { person, contacts, urgent, rest, quiet })
}

/// Reads the name of a channel. An invalid one was reported at its definition.
fn channel_name(
    value: &Value<'_>,
    channels: &[ChannelSettings],
    unusable: &[&str],
) -> ValueResult<String> {
    let name = value.short_text()?;
    let names: Vec<&str> = channels.iter().map(|channel| channel.name.as_str()).collect();
    if !names.contains(&name.as_str()) && !unusable.contains(&name.as_str()) {
        let hint = if names.is_empty() {
            "add [channels.NAME] to the settings file".to_owned()
        } else {
            nearest::suggestion(&name, &names)
        };
        let name = sanitize(&name);
        return Err(value.invalid(format!("names no channel {name:?}: {hint}")));
    }
    Ok(name)
}

fn rules(section: &mut Section<'_>, key: &'static str, contacts: &[Contact]) -> Vec<ContactRule> {
    let mut rules = Vec::new();
    for mut rule in section.sections(key) {
        let after = rule.read("after", |value| Ok(value.duration()?.num_seconds()));
        let has_after = rule.get("after").is_some();
        let contact = rule.require("contact", |value| {
            let name = value.short_text()?;
            let names: Vec<&str> = contacts.iter().map(|contact| contact.name.as_str()).collect();
            if !names.contains(&name.as_str()) {
                let hint = if names.is_empty() {
                    "add one to ways".to_owned()
                } else {
                    nearest::suggestion(&name, &names)
                };
                let name = sanitize(&name);
                return Err(value.invalid(format!("names no contact {name:?}: {hint}")));
            }
            Ok(name)
        });
        rule.finish();
        let Some(contact) = contact else { continue };
        // A wait that can't be read must not become none at all.
        let Some(after_s) = after.or((!has_after).then_some(0)) else { continue };
        rules.push(ContactRule { after_s, contact });
    }
    rules
}

fn quiet_hours(mut section: Section<'_>) -> Option<QuietHours> {
    let time = |value: &Value<'_>| {
        NaiveTime::parse_from_str(value.text()?.trim(), "%H:%M")
            .map_err(|_| value.invalid("is no time of the day: write one such as \"22:00\""))
    };
    let from = section.require("from", time);
    let to = section.require("to", time);
    let zone = section.read("zone", text);
    section.finish();
    Some(QuietHours { from: from?, to: to?, zone })
}
