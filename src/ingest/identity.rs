//! Identities of alerts and groups: digests of their subjects.

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// Returns the JSON of a value with the members of objects in the order of their names.
pub(super) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let sorted: BTreeMap<&String, String> =
                members.iter().map(|(name, value)| (name, canonical(value))).collect();
            let parts: Vec<String> = sorted
                .into_iter()
                .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        other => other.to_string(),
    }
}

/// Returns a digest of texts, in 32 hexadecimal digits.
pub(super) fn digest(texts: &[&str]) -> String {
    hex::encode(digest_bytes(texts))
}

/// Returns a digest of texts, in 16 bytes.
pub(super) fn digest_bytes(texts: &[&str]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.as_bytes());
        hash.update([0_u8]);
    }
    let full: [u8; 32] = hash.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(&full[..16]);
    half
}

/// Returns the fingerprint of labels as Prometheus and Alertmanager compute it: 16 hexadecimal digits
/// of an FNV-1a hash over names and values in their order.
#[must_use]
pub fn fingerprint(labels: &BTreeMap<String, String>) -> String {
    const START: u64 = 14_695_981_039_346_656_037;
    const PRIME: u64 = 1_099_511_628_211;
    let mut hash = START;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    for text in labels.iter().flat_map(|(name, value)| [name, value]) {
        text.bytes().chain([0xff]).for_each(&mut add);
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_is_that_of_prometheus() {
        assert_eq!(fingerprint(&BTreeMap::new()), "cbf29ce484222325");
        let labels = [("alertname", "DiskFull"), ("instance", "db1")];
        let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(fingerprint(&BTreeMap::from(labels)).len(), 16);
    }

    #[test]
    fn order_of_members_does_not_matter() {
        let one: Value = serde_json::from_str(r#"{"b":1,"a":{"d":[2],"c":null}}"#).unwrap();
        assert_eq!(canonical(&one), r#"{"a":{"c":null,"d":[2]},"b":1}"#);
        assert_ne!(digest(&["a", "b"]), digest(&["ab", ""]));
    }
}
