//! Formats texts and keys as they are written in the settings file.

pub(super) use crate::ingest::toml_text::quote;

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
