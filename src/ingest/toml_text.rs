//! Writes values as TOML.

use std::fmt::Write;

use toml::de::DeValue;

/// Returns a text in quotes, on one line. What can't be shown as it is is escaped.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for ch in text.chars() {
        match ch {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(ch);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            ch if crate::model::text::sanitize(ch) != ch.to_string() => {
                // Writing to memory can't fail.
                write!(quoted, "\\U{:08x}", u32::from(ch)).ok();
            }
            ch => quoted.push(ch),
        }
    }
    quoted.push('"');
    quoted
}

/// Returns a key, in quotes if it needs them.
#[must_use]
pub fn key(name: &str) -> String {
    let is_bare = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '-' | '_');
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { quote(name) }
}

/// Returns a value on one line.
#[must_use]
pub fn format_value(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quote(text),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(items) => {
            let items: Vec<String> =
                items.iter().map(|item| format_value(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, value)| {
                    format!("{} = {}", key(name.get_ref()), format_value(value.get_ref()))
                })
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}
