//! Reads `[keys]`: the keys of actions. The keymap checks whether an action exists.

use super::section::Section;
use crate::config::panes::{Binding, KeyText};

pub(super) fn read(top: &mut Section<'_>) -> Vec<Binding> {
    let Some(section) = top.section("keys") else { return Vec::new() };
    let mut bindings = Vec::new();
    for (action, at, value) in section.entries() {
        let keys = value.one_or_more().into_iter().map(|key| {
            let text = key.text()?.to_owned();
            Ok(KeyText { text, position: key.position() })
        });
        let Some(keys) = section.source.ok_or_warn(keys.collect()) else { continue };
        section.source.record_position(format!("keys.{action}"), at);
        let position = section.source.position_at(at);
        bindings.push(Binding { action: action.to_owned(), position, keys });
    }
    bindings
}
