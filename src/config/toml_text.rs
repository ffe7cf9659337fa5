//! Formats texts and keys as they are written in the settings file.

use std::fmt::Write;

/// Quotes a text as TOML has it on one line. Control characters are escaped.
pub(super) fn quote(text: &str) -> String {
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
            // What can't be shown as it is, and what reorders text.
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

/// Formats one key, or the list of several.
pub(super) fn format_keys(keys: &[impl AsRef<str>]) -> String {
    match keys {
        [one] => quote(one.as_ref()),
        several => {
            let several: Vec<String> = several.iter().map(|key| quote(key.as_ref())).collect();
            format!("[{}]", several.join(", "))
        }
    }
}
