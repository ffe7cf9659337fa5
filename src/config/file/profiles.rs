//! `[profiles.NAME]`: places of work.
//!
//! What protects is never guessed: a `production` or `read_only` that can't be read counts as
//! true, and a profile whose place or token can't be read is left out, so that choosing it is
//! refused.

use super::PathBase;
use super::general::path;
use super::section::{Section, Value, ValueResult};
use crate::backend::http::{Address, TokenSource};
use crate::config::location::{Location, RemoteConfig};
use crate::config::panes::{Profile, UnusableProfile};

/// What says how an API is reached, besides its URL.
const REMOTE_KEYS: [&str; 6] =
    ["ca_file", "token_file", "token_env", "token_command", "token_keyring", "insecure_http"];

pub(super) fn read(top: &mut Section<'_>, base: &PathBase) -> (Vec<Profile>, Vec<UnusableProfile>) {
    let (mut profiles, mut unusable) = (Vec::new(), Vec::new());
    let Some(section) = top.section("profiles") else { return (profiles, unusable) };
    for (name, at, value) in section.entries() {
        let source = section.source;
        let told = source.warning_count();
        let read = source.ok_or_warn(value.section()).and_then(|mut of| {
            let location = location(&mut of, name, base);
            let mut protects = |key| {
                let has = of.get(key).is_some();
                of.read(key, Value::flag).unwrap_or(has)
            };
            let (production, read_only) = (protects("production"), protects("read_only"));
            let is_known = of.finish();
            // What is misspelt may have been the place: the usual one would be a wrong guess.
            let location = location.filter(|location| location.is_some() || is_known)?;
            Some(Profile { name: name.to_owned(), location, production, read_only })
        });
        match read {
            Some(profile) => {
                source.record_position(format!("profiles.{name}"), at);
                profiles.push(profile);
            }
            None => unusable.push(UnusableProfile {
                name: name.to_owned(),
                why: source
                    .first_warning_after(told)
                    .map(|warning| warning.brief())
                    .unwrap_or_default(),
            }),
        }
    }
    (profiles, unusable)
}

/// The profile's place, where it names one; `None` where that can't be read.
#[allow(clippy::option_option, reason = "no place, and none that can be used, are not the same")]
fn location(of: &mut Section<'_>, name: &str, base: &PathBase) -> Option<Option<Location>> {
    let has_store = of.get("store").is_some();
    let store = of.read("store", |value| path(value, base));
    let backend = of.get("backend");
    let (insecure, insecure_http) = flag(of, "insecure_http");
    let address = of.read("backend", |value| address(value, insecure == Some(true)));
    let of_remote: Vec<Value<'_>> = REMOTE_KEYS.iter().filter_map(|key| of.get(key)).collect();
    let ca_file = optional(of, "ca_file", |value| path(value, base));
    let token = token(of, base);
    match (backend, has_store) {
        (Some(backend), true) => {
            let both = "is there beside a store: a profile has one place, remove one";
            of.source.warn(backend.offset(), &format!("{} {both}", backend.name()));
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
            if let Some(first) = of_remote.first() {
                let why = "is for an API: name that with backend = \"https://…\"";
                of.source.warn(first.offset(), &format!("{} {why}", first.name()));
                return None;
            }
            match store {
                Some(store) => Some(Some(Location::File(store))),
                None => (!has_store).then_some(None),
            }
        }
    }
}

/// A value, where there is one; `None` where it can't be read.
#[allow(clippy::option_option, reason = "no value, and none that can be used, are not the same")]
fn optional<'a, T>(
    of: &mut Section<'a>,
    key: &'static str,
    read: impl FnOnce(&Value<'a>) -> ValueResult<T>,
) -> Option<Option<T>> {
    let has = of.get(key).is_some();
    let read = of.read(key, read);
    (read.is_some() || !has).then_some(read)
}

/// A flag, and whether it could be read.
fn flag(of: &mut Section<'_>, key: &'static str) -> (Option<bool>, Option<()>) {
    let read = optional(of, key, Value::flag);
    (read.flatten(), read.map(|_| ()))
}

fn address(value: &Value<'_>, insecure: bool) -> ValueResult<Address> {
    let address: Address = value.text()?.parse().map_err(|bad| value.invalid(format!("{bad}")))?;
    if address.is_exposed() && !insecure {
        return Err(value.invalid(address.exposed_reason()));
    }
    Ok(address)
}

/// Where the token comes from: at most one setting says it.
#[allow(clippy::option_option, reason = "as of `optional`")]
fn token(of: &mut Section<'_>, base: &PathBase) -> Option<Option<TokenSource>> {
    let keys = ["token_file", "token_env", "token_command", "token_keyring"];
    let there: Vec<Value<'_>> = keys.iter().filter_map(|key| of.get(key)).collect();
    let file = optional(of, "token_file", |value| path(value, base).map(TokenSource::File));
    let variable = optional(of, "token_env", variable);
    let command = optional(of, "token_command", command);
    let keyring = optional(of, "token_keyring", keyring);
    if let [_, second, ..] = there.as_slice() {
        let why = "is one too many: only one setting says where the token comes from";
        of.source.warn(second.offset(), &format!("{} {why}", second.name()));
        return None;
    }
    Some(file?.or(variable?).or(command?).or(keyring?.flatten()))
}

fn variable(value: &Value<'_>) -> ValueResult<TokenSource> {
    let name = value.text()?;
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(good) || name.starts_with(|c: char| c.is_ascii_digit())
    {
        // It may well be the token itself, which must not be shown.
        return Err(value.invalid(
            "is no name of a variable: write one such as \"PROD_TOKEN\", and \
                                put the token into that",
        ));
    }
    Ok(TokenSource::Variable(name.to_owned()))
}

fn command(value: &Value<'_>) -> ValueResult<TokenSource> {
    let mut words = Vec::new();
    for word in value.list()? {
        let text = word.text()?;
        if text.contains('\0') {
            return Err(word.invalid("has a NUL in it: remove it"));
        }
        words.push(text.to_owned());
    }
    if words.first().is_none_or(String::is_empty) {
        return Err(value.invalid("names no program: write one such as [\"pass\", \"redphone\"]"));
    }
    Ok(TokenSource::Command(words))
}

/// `false` says as much as nothing does.
fn keyring(value: &Value<'_>) -> ValueResult<Option<TokenSource>> {
    Ok(value.flag()?.then_some(TokenSource::Keyring))
}
