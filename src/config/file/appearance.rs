//! Reads `[looks]`, `[notify]` and the columns of the queue.

use super::section::{Section, Value, ValueResult};
use crate::config::appearance::{Appearance, DepthChoice, ThemeName, Zone};
use crate::config::colors::{ColorRole, NoColor, OwnColors};
use crate::config::panes::{Column, Desktop, Notify, PanesSettings, default_columns};
use crate::model::Priority;

pub(super) fn read(top: &mut Section<'_>, panes: &mut PanesSettings) {
    panes.columns = top.read("columns", columns).unwrap_or_else(default_columns);
    if let Some(section) = top.section("looks") {
        panes.appearance = appearance(section);
    }
    if let Some(section) = top.section("notify") {
        panes.notify = notify(section);
    }
}

fn columns(value: &Value<'_>) -> ValueResult<Vec<Column>> {
    let columns = distinct(value, |item| item.one_of(Column::ALL, Column::as_str))?;
    if columns.is_empty() {
        return Err(value.invalid("is empty: name at least one column"));
    }
    Ok(columns)
}

/// Reads a list without duplicates.
fn distinct<T: PartialEq>(
    value: &Value<'_>,
    read: impl Fn(&Value<'_>) -> ValueResult<T>,
) -> ValueResult<Vec<T>> {
    let mut list = Vec::new();
    for element in value.list()? {
        let item = read(&element)?;
        if list.contains(&item) {
            return Err(element.invalid("names the same twice: remove one"));
        }
        list.push(item);
    }
    Ok(list)
}

fn appearance(mut section: Section<'_>) -> Appearance {
    let default = Appearance::default();
    let theme = section.read("theme", |v| v.one_of(ThemeName::ALL, ThemeName::as_str));
    let depth = section.read("depth", |v| v.one_of(DepthChoice::ALL, DepthChoice::as_str));
    let zone = section.read("zone", |v| v.one_of(Zone::ALL, Zone::as_str));
    let low_bandwidth = section.read("low_bandwidth", Value::flag);
    let synchronized = section.read("synchronized", Value::flag);
    let mouse = section.read("mouse", Value::flag);
    let title = section.read("title", Value::flag);
    let own = section.section("own").map(own_colors);
    if theme == Some(ThemeName::Own) && own.is_none() {
        let text = "looks.theme is \"own\", and there are no colours: add [looks.own]";
        section.source.warn(section.offset, text);
    }
    section.finish();
    Appearance {
        theme: theme.unwrap_or(default.theme),
        depth: depth.unwrap_or(default.depth),
        zone: zone.unwrap_or(default.zone),
        low_bandwidth: low_bandwidth.unwrap_or(default.low_bandwidth),
        synchronized: synchronized.unwrap_or(default.synchronized),
        mouse: mouse.unwrap_or(default.mouse),
        title: title.unwrap_or(default.title),
        own,
    }
}

/// Reads the colours of the theme `own`. A colour that is hard to read is used, and reported.
fn own_colors(mut section: Section<'_>) -> OwnColors {
    let base = section.read("base", |value| {
        let bases = ThemeName::ALL.iter().copied().filter(|name| *name != ThemeName::Own);
        value.one_of(&bases.collect::<Vec<_>>(), ThemeName::as_str)
    });
    let mut own = OwnColors::new(base.unwrap_or(ThemeName::Auto));
    let mut offsets = Vec::new();
    for role in ColorRole::ALL {
        let Some(value) = section.get(role.as_str()) else { continue };
        let color = section.read(role.as_str(), |value| {
            value.text()?.parse().map_err(|why: NoColor| value.invalid(why.to_string()))
        });
        if let Some(color) = color {
            own.choose(*role, color);
            offsets.push((*role, value));
        }
    }
    for (role, value) in offsets {
        if let Some(problem) = own.contrast_problem(role) {
            section.source.warn(value.offset(), &format!("{} {problem}", value.name()));
        }
    }
    section.finish();
    own
}

fn notify(mut section: Section<'_>) -> Notify {
    let default = Notify::default();
    let bell = section.read("bell", Value::flag);
    let desktop = section.read("desktop", |v| v.one_of(Desktop::ALL, Desktop::as_str));
    let priorities = section.read("priorities", |value| distinct(value, priority));
    section.finish();
    Notify {
        bell: bell.unwrap_or(default.bell),
        desktop: desktop.unwrap_or(default.desktop),
        priorities: priorities.unwrap_or(default.priorities),
    }
}

pub(super) fn priority(value: &Value<'_>) -> ValueResult<Priority> {
    value.one_of(&Priority::ALL, Priority::as_str)
}
