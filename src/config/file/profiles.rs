//! `[profiles.NAME]`: places of work.
//!
//! What protects is never guessed: a `production` or `read_only` that can't be read counts as
//! true, and a profile whose store can't be read is left out, so that choosing it is refused.

use super::Base;
use super::general::path;
use super::section::{Section, Value};
use crate::config::panes::Profile;

pub(super) fn read(top: &mut Section<'_>, base: &Base) -> Vec<Profile> {
    let Some(section) = top.section("profiles") else { return Vec::new() };
    let mut profiles = Vec::new();
    for (name, at, value) in section.entries() {
        let source = section.source;
        let Some(mut of) = source.ok(value.section()) else { continue };
        let has_store = of.get("store").is_some();
        let store = of.read("store", |value| path(value, base));
        let mut protects = |key| {
            let has = of.get(key).is_some();
            of.read(key, Value::flag).unwrap_or(has)
        };
        let (production, read_only) = (protects("production"), protects("read_only"));
        of.finish();
        if has_store && store.is_none() {
            continue;
        }
        source.set(format!("profiles.{name}"), at);
        profiles.push(Profile { name: name.to_owned(), store, production, read_only });
    }
    profiles
}
