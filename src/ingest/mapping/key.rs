//! Keys of alerts and groups.

use sha2::{Digest, Sha256};

use crate::model::alert::MAX_KEY_CHARS;

/// Returns the stored form of a key: unchanged if it is short and printable, otherwise its digest.
/// A key is never truncated, as two of them could become equal.
pub(in crate::ingest) fn stored_key(key: &str) -> String {
    let is_printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    if !key.is_empty() && key.len() <= MAX_KEY_CHARS && key.bytes().all(is_printable) {
        return key.to_owned();
    }
    digest(&[key])
}

/// Returns the key of a group of a sender.
pub(in crate::ingest) fn group_key(source: &str, group: &str) -> String {
    let key = format!("{source}:{group}");
    let stored = stored_key(&key);
    if stored == key { key } else { format!("{source}:{}", digest(&[group])) }
}

/// Returns a digest of texts, in hexadecimal digits.
pub(in crate::ingest) fn digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0_u8]);
    }
    hex::encode(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_keys_become_digests() {
        assert_eq!(group_key("zabbix", "12 34"), "zabbix:12 34");
        let long = "x".repeat(200);
        let key = group_key("zabbix", &long);
        assert_eq!(key, format!("zabbix:{}", digest(&[&long])));
        assert_eq!(key.len(), 39);
        assert_eq!(stored_key("ü"), digest(&["ü"]));
    }
}
