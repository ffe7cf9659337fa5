//! Reads `[profiles.NAME]`: named locations of incidents, with their protections.
//!
//! Protections are never guessed: a `production` or `read_only` that can't be read counts as true,
//! and a profile whose location or token can't be read is left out, so that choosing it is refused.

use super::path::{PathBase, path};
use super::section::{Section, Value, ValueResult};
use crate::backend::http::{Address, TokenSource};
use crate::config::location::{Location, RemoteConfig};
use crate::config::panes::{Profile, UnusableProfile};

/// The keys for the connection to an API, besides its URL.
const REMOTE_KEYS: [&str; 6] =
    ["ca_file", "token_file", "token_env", "token_command", "token_keyring", "insecure_http"];

pub(super) fn read(top: &mut Section<'_>, base: &PathBase) -> (Vec<Profile>, Vec<UnusableProfile>) {
    let (mut profiles, mut unusable_profiles) = (Vec::new(), Vec::new());
    let Some(section) = top.section("profiles") else { return (profiles, unusable_profiles) };
    for (name, at, value) in section.entries() {
        let source = section.source;
        let warnings_before = source.warning_count();
        let parsed = source.ok_or_warn(value.section()).and_then(|mut table| {
            let location = location(&mut table, name, base);
            let mut protects = |key| {
                let is_set = table.get(key).is_some();
                table.read(key, Value::flag).unwrap_or(is_set)
            };
            let (production, read_only) = (protects("production"), protects("read_only"));
            let is_clean = table.finish();
            // A misspelt key may have been the location: the default store would be a wrong guess.
            let location = location.filter(|location| location.is_some() || is_clean)?;
            Some(Profile { name: name.to_owned(), location, production, read_only })
        });
        match parsed {
            Some(profile) => {
                source.record_position(format!("profiles.{name}"), at);
                profiles.push(profile);
            }
            None => unusable_profiles.push(UnusableProfile {
                name: name.to_owned(),
                why: source
                    .first_warning_after(warnings_before)
                    .map(|warning| warning.brief().into_string())
                    .unwrap_or_default(),
            }),
        }
    }
    (profiles, unusable_profiles)
}

/// Reads the profile's location: `Some(None)` if it names none, and `None` if that can't be read.
#[allow(clippy::option_option, reason = "no place, and none that can be used, are not the same")]
fn location(table: &mut Section<'_>, name: &str, base: &PathBase) -> Option<Option<Location>> {
    let has_store = table.get("store").is_some();
    let store = table.read("store", |value| path(value, base));
    let backend = table.get("backend");
    let (insecure, insecure_http) = flag(table, "insecure_http");
    let address = table.read("backend", |value| address(value, insecure == Some(true)));
    let remote_values: Vec<Value<'_>> =
        REMOTE_KEYS.iter().filter_map(|key| table.get(key)).collect();
    let ca_file = optional(table, "ca_file", |value| path(value, base));
    let token = token(table, base);
    match (backend, has_store) {
        (Some(backend), true) => {
            let problem = "is there beside a store: a profile has one place, remove one";
            table.source.warn(backend.offset(), &format!("{} {problem}", backend.name()));
            None
        }
        (Some(_), false) => {
            let (address, ca_file, token) = (address?, ca_file?, token?);
            insecure_http?;
            let insecure_http = insecure.unwrap_or(false);
            let name = name.to_owned();
            Some(Some(Location::Remote(RemoteConfig {
                name,
                address,
                ca_file,
                token,
                insecure_http,
            })))
        }
        (None, has_store) => {
            if let Some(first) = remote_values.first() {
                let problem = "is for an API: name that with backend = \"https://…\"";
                table.source.warn(first.offset(), &format!("{} {problem}", first.name()));
                return None;
            }
            match store {
                Some(store) => Some(Some(Location::File(store))),
                None => (!has_store).then_some(None),
            }
        }
    }
}

/// Reads a value: `Some(None)` if there is none, and `None` if it can't be read.
#[allow(clippy::option_option, reason = "no value, and none that can be used, are not the same")]
fn optional<'a, T>(
    table: &mut Section<'a>,
    key: &'static str,
    parse: impl FnOnce(&Value<'a>) -> ValueResult<T>,
) -> Option<Option<T>> {
    let is_set = table.get(key).is_some();
    let value = table.read(key, parse);
    (value.is_some() || !is_set).then_some(value)
}

/// Reads a flag, and returns whether it could be read.
fn flag(table: &mut Section<'_>, key: &'static str) -> (Option<bool>, Option<()>) {
    let parsed = optional(table, key, Value::flag);
    (parsed.flatten(), parsed.map(|_| ()))
}

fn address(value: &Value<'_>, insecure: bool) -> ValueResult<Address> {
    let address: Address = value.text()?.parse().map_err(|bad| value.invalid(format!("{bad}")))?;
    if address.is_exposed() && !insecure {
        return Err(value.invalid(address.exposed_reason()));
    }
    Ok(address)
}

/// Reads the source of the token: at most one setting may define it.
#[allow(clippy::option_option, reason = "as of `optional`")]
fn token(table: &mut Section<'_>, base: &PathBase) -> Option<Option<TokenSource>> {
    let keys = ["token_file", "token_env", "token_command", "token_keyring"];
    let values: Vec<Value<'_>> = keys.iter().filter_map(|key| table.get(key)).collect();
    let file = optional(table, "token_file", |value| path(value, base).map(TokenSource::File));
    let variable = optional(table, "token_env", variable);
    let command = optional(table, "token_command", command);
    let keyring = optional(table, "token_keyring", keyring);
    if let [_, second, ..] = values.as_slice() {
        let problem = "is one too many: only one setting says where the token comes from";
        table.source.warn(second.offset(), &format!("{} {problem}", second.name()));
        return None;
    }
    Some(file?.or(variable?).or(command?).or(keyring?.flatten()))
}

pub(super) fn variable(value: &Value<'_>) -> ValueResult<TokenSource> {
    let name = value.text()?;
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty()
        || !name.chars().all(is_allowed)
        || name.starts_with(|c: char| c.is_ascii_digit())
    {
        // The value may well be the token itself, which must not be shown.
        return Err(value.invalid(
            "is no name of a variable: write one such as \"PROD_TOKEN\", and \
                                put the token into that",
        ));
    }
    Ok(TokenSource::Variable(name.to_owned()))
}

pub(super) fn command(value: &Value<'_>) -> ValueResult<TokenSource> {
    let mut arguments = Vec::new();
    for argument in value.list()? {
        let text = argument.text()?;
        if text.contains('\0') {
            return Err(argument.invalid("has a NUL in it: remove it"));
        }
        arguments.push(text.to_owned());
    }
    if arguments.first().is_none_or(String::is_empty) {
        return Err(value.invalid("names no program: write one such as [\"pass\", \"redphone\"]"));
    }
    Ok(TokenSource::Command(arguments))
}

/// Reads whether the token is in the keyring; `false` is the same as no setting.
fn keyring(value: &Value<'_>) -> ValueResult<Option<TokenSource>> {
    Ok(value.flag()?.then_some(TokenSource::Keyring))
}
