//! Writes values as TOML.

use std::fmt::Write;

use toml::de::DeValue;

/// Returns a text in quotes, on one line, with escapes where necessary.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for ch in text.chars() {
        match ch {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(ch);
            }
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // Characters that must be escaped, including those that reorder text.
            ch if crate::model::text::sanitize(ch) != ch.to_string() => {
                let code = u32::from(ch);
                // Writing to a String can't fail.
                let _ = if code > 0xffff {
                    write!(quoted, "\\U{code:08x}")
                } else {
                    write!(quoted, "\\u{code:04x}")
                };
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
