//! Reads `[[views]]`: named filters, each with an order.

use super::section::{Section, Value};
use crate::config::panes::SavedView;
use crate::model::queue::Sort;
use crate::model::text::sanitize;

pub(super) fn read(top: &mut Section<'_>) -> Vec<SavedView> {
    let mut views: Vec<SavedView> = Vec::new();
    for mut section in top.sections("views") {
        let (source, offset) = (section.source, section.offset);
        let name = section.require("name", |value| {
            let name = value.short_text()?;
            if views.iter().any(|view| view.name.to_lowercase() == name.to_lowercase()) {
                return Err(value.invalid("is there already: give this view another name"));
            }
            Ok(name)
        });
        let filter = section.require("filter", Value::filter);
        let sort = section.read("sort", |value| value.one_of(Sort::ALL, Sort::as_str));
        let key = section.read("key", |value| {
            let key = value.character()?;
            match views.iter().find(|view| view.key == Some(key)) {
                Some(view) => {
                    Err(value.invalid(format!("is that of {:?} already", sanitize(&view.name))))
                }
                None => Ok(key),
            }
        });
        section.finish();
        let (Some(name), Some(filter)) = (name, filter) else { continue };
        source.record_position(format!("views.{name}"), offset);
        views.push(SavedView { name, filter, sort: sort.unwrap_or(Sort::Urgent), key });
    }
    views
}
