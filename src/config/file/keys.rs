//! `[keys]`: which keys an action has. Whether there is such an action, the keymap knows.

use super::section::Section;
use crate::config::panes::{Binding, KeyText};

pub(super) fn read(top: &mut Section<'_>) -> Vec<Binding> {
    let Some(section) = top.section("keys") else { return Vec::new() };
    let mut bindings = Vec::new();
    for (action, at, value) in section.entries() {
        let keys = value.one_or_more().into_iter().map(|key| {
            let text = key.text()?.to_owned();
            Ok(KeyText { text, place: key.place() })
        });
        let Some(keys) = section.source.ok(keys.collect()) else { continue };
        section.source.set(format!("keys.{action}"), at);
        let place = section.source.place(at);
        bindings.push(Binding { action: action.to_owned(), place, keys });
    }
    bindings
}
