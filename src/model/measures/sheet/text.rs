//! The figures as text.

use chrono::TimeDelta;

use super::table::{Cell, Column, Sheet, Table, Unit, Value};
use crate::model::text::{SafeText, sanitize};
use crate::model::time::format_precise_duration;

impl Unit {
    /// Returns the suffix of a column's name in documents for programs.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Text | Self::Count => "",
            Self::Duration => "_ms",
            Self::Percent | Self::Change => "_percent",
            Self::Rate => "_permille",
            Self::Points => "_points",
        }
    }
}

impl Column {
    /// Returns the name of the column in documents for programs, such as `mean_ms`.
    #[must_use]
    pub fn key(&self) -> String {
        let name = self.name.to_lowercase().replace(' ', "_");
        format!("{name}{}", self.unit.suffix())
    }
}

impl Cell {
    /// Returns the figure as people read it; `–` for none.
    #[must_use]
    pub fn show(&self, unit: Unit) -> SafeText<'static> {
        let number = match &self.value {
            Value::Text(text) if text.is_empty() => return sanitize("–"),
            Value::Text(text) => return sanitize(text.as_str()).into_owned(),
            Value::Missing => return sanitize("–"),
            Value::Number(number) => *number,
        };
        let text = match unit {
            Unit::Text | Unit::Count => number.to_string(),
            Unit::Duration => {
                let duration = TimeDelta::try_milliseconds(number).unwrap_or(TimeDelta::MAX);
                format_precise_duration(duration)
            }
            Unit::Percent => format!("{number} %"),
            Unit::Rate => format!("{}.{}", number / 1000, number % 1000 / 100),
            Unit::Change => arrow(number, " %"),
            Unit::Points => arrow(number, " pt"),
        };
        sanitize(text).into_owned()
    }

    /// Returns the figure as programs read it; empty for none.
    #[must_use]
    pub fn raw(&self) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Missing => String::new(),
        }
    }
}

/// Formats a change as `▲ 5 %`, `▼ 12 pt` or `=`.
pub(super) fn arrow(change: i64, unit: &str) -> String {
    match change {
        0 => "=".to_owned(),
        up @ 1.. => format!("▲ {up}{unit}"),
        down => format!("▼ {}{unit}", down.unsigned_abs()),
    }
}

impl Sheet {
    /// Returns the page as Markdown, with a title and the selection.
    #[must_use]
    pub fn markdown(&self, about: &str) -> String {
        let mut title = self.page.as_str().to_owned();
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        let mut text = format!("## {title}\n\n{}\n\n{}\n", escape(about), escape(&self.headline));
        for table in &self.tables {
            text.push('\n');
            table.push_markdown(&mut text);
        }
        for note in &self.notes {
            text.extend([format!("\n{}\n", escape(note))]);
        }
        text
    }
}

impl Table {
    /// Appends the table as Markdown.
    pub(in crate::model::measures) fn push_markdown(&self, text: &mut String) {
        let names = self.columns.iter().map(|column| column.name);
        let head: Vec<String> =
            std::iter::once(self.name.as_str()).chain(names).map(escape).collect();
        let rules = self.columns.iter().map(|column| match column.unit {
            Unit::Text => " --- |",
            _ => " ---: |",
        });
        text.extend([format!("| {} |\n| --- |{}\n", head.join(" | "), rules.collect::<String>())]);
        for row in &self.rows {
            let label =
                if row.is_thin { format!("{} (thin)", row.label) } else { row.label.clone() };
            let cells = row.cells.iter().zip(&self.columns);
            let cells = cells.map(|(cell, column)| escape(&cell.show(column.unit).into_string()));
            let cells: Vec<String> = std::iter::once(escape(&label)).chain(cells).collect();
            text.extend([format!("| {} |\n", cells.join(" | "))]);
        }
    }
}

/// Makes a text harmless inside of a table in Markdown.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in sanitize(text).as_str().chars() {
        if matches!(character, '|' | '\\' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '#') {
            escaped.push('\\');
        }
        escaped.push(if character.is_control() { ' ' } else { character });
    }
    escaped
}
