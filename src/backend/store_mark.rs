//! The identity of a store, and the highest position in it that a client has seen.
//!
//! A store that is restored from a copy has lost everything written since. Its own file does not
//! show that: so the store records its highest position outside of it, and its clients remember the
//! highest position that they received. See `src/docs/storage.md`, "Identity and generation".

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use utoipa::ToSchema;

/// The length of a block of SHA-256, as HMAC (RFC 2104) uses it.
const BLOCK: usize = 64;
/// How many characters of an authentication code a mark has: 128 bits.
const CODE_CHARS: usize = 32;

/// Which store a backend serves, and which generation of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
pub struct StoreInfo {
    /// The identity of the store: created with it, and never changed. It identifies the store at
    /// any address.
    pub id: String,
    /// The generation of the store: it changes each time that the store is restored from a copy, so
    /// that later data is lost. Commands that were answered in an earlier generation may be sent
    /// again with their ids.
    pub generation: String,
    /// When the store was put back last, and to when; absent if it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub put_back: Option<PutBack>,
}

/// The last time that a store was put back from a copy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, ToSchema)]
pub struct PutBack {
    /// When that was noticed.
    pub at: DateTime<Utc>,
    /// When the last event was recorded that the store still had; absent if it had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
}

/// A position in one generation of a store, with a code by which the store recognizes that it has
/// given it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreMark {
    /// The identity of the store.
    pub store: String,
    /// The generation of the store.
    pub generation: String,
    /// The position of the last event in the log.
    pub log: u64,
    /// The highest number of an incident.
    pub number: u64,
    /// The authentication code.
    code: String,
}

/// The text is no mark of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("it is no mark of a store: send it as it was given")]
pub struct InvalidMark;

impl StoreMark {
    /// Creates a mark, signed with the key of the store.
    #[must_use]
    pub fn sign(key: &[u8], store: &str, generation: &str, log: u64, number: u64) -> Self {
        let mut mark = Self {
            store: store.to_owned(),
            generation: generation.to_owned(),
            log,
            number,
            code: String::new(),
        };
        mark.code = mark.compute_code(key);
        mark
    }

    /// Returns whether the store with this key has given the mark.
    #[must_use]
    pub fn is_signed_with(&self, key: &[u8]) -> bool {
        self.compute_code(key).as_bytes().ct_eq(self.code.as_bytes()).into()
    }

    /// Returns whether the mark is of the same store, in the same generation.
    #[must_use]
    pub fn is_same_generation(&self, other: &Self) -> bool {
        self.store == other.store && self.generation == other.generation
    }

    fn content(&self) -> String {
        format!("{}.{}.{}.{}", self.store, self.generation, self.log, self.number)
    }

    /// Computes HMAC-SHA-256 (RFC 2104) over the mark, truncated to 128 bits.
    fn compute_code(&self, key: &[u8]) -> String {
        let mut block = [0; BLOCK];
        let length = key.len().min(BLOCK);
        block[..length].copy_from_slice(&key[..length]);
        let pad = |byte: u8| block.map(|b| b ^ byte);
        let inner = Sha256::new().chain_update(pad(0x36)).chain_update(self.content()).finalize();
        let outer = Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize();
        let mut code = hex::encode(outer);
        code.truncate(CODE_CHARS);
        code
    }
}

impl fmt::Display for StoreMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.content(), self.code)
    }
}

impl FromStr for StoreMark {
    type Err = InvalidMark;

    fn from_str(text: &str) -> Result<Self, InvalidMark> {
        let parts: Vec<&str> = text.split('.').collect();
        let [store, generation, log, number, code] = parts[..] else { return Err(InvalidMark) };
        let is_hex = |text: &str| {
            (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
        };
        let parse = |text: &str| {
            let is_number =
                (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            if is_number { text.parse().map_err(|_| InvalidMark) } else { Err(InvalidMark) }
        };
        if ![store, generation, code].into_iter().all(is_hex) {
            return Err(InvalidMark);
        }
        Ok(Self {
            store: store.to_owned(),
            generation: generation.to_owned(),
            log: parse(log)?,
            number: parse(number)?,
            code: code.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_survives_the_wire_and_is_recognized_by_its_store_alone() {
        let mark = StoreMark::sign(b"key", "00ff", "0a", 12, 7);
        let read: StoreMark = mark.to_string().parse().unwrap();
        assert_eq!(read, mark);
        assert!(read.is_signed_with(b"key") && !read.is_signed_with(b"other"));
        let forged: StoreMark = mark.to_string().replace(".12.", ".13.").parse().unwrap();
        assert!(!forged.is_signed_with(b"key"));
    }

    #[test]
    fn text_that_is_no_mark_is_refused() {
        for text in
            ["", "a.b.1.2", "a.b.1.2.c.d", "x.b.1.2.c", "a.b.-1.2.c", "a.b.1.2.", "a..1.2.c"]
        {
            assert_eq!(text.parse::<StoreMark>(), Err(InvalidMark), "{text}");
        }
    }
}
