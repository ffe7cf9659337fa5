//! Evidence: files and captured output that belong to incidents, and how they are redacted.
//!
//! What an incident has is in its events; the content is stored by itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bad_field::{BadField, FieldProblem};
use super::field_check;
use super::id::IncidentId;
use super::status::growing_enum;

/// The greatest size of the content of one, in bytes.
pub const MAX_EVIDENCE_BYTES: usize = 1024 * 1024;
/// The most evidence of one incident.
pub const MAX_EVIDENCE: usize = 20;
/// The greatest size of all content in a store, in bytes.
pub const MAX_STORE_BYTES: u64 = 1024 * 1024 * 1024;
/// The number of hexadecimal digits of a hash.
const HASH_DIGITS: usize = 64;

growing_enum! {
    /// What of an incident is redacted.
    RedactedPart, "part to redact" {
        /// A file or captured output, with its name.
        Evidence = "evidence",
        /// Somebody who has reported it.
        Reporter = "reporter",
        /// The contact of somebody who has reported it.
        Contact = "contact",
    }
}

/// A file or captured output that belongs to an incident, without its content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// Which evidence it is. It is made where the command is made.
    pub id: Uuid,
    /// The name, such as that of the file; empty if it was redacted.
    pub name: String,
    /// SHA-256 of the content in hexadecimal digits; empty if it was redacted.
    pub hash: String,
    /// The size of the content in bytes.
    pub size: u64,
    /// Whether the content is text.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub text: bool,
    /// Whether the content and the name were removed for good.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

impl Evidence {
    /// Describes content.
    #[must_use]
    pub fn new(id: Uuid, name: &str, content: &[u8]) -> Self {
        let text = std::str::from_utf8(content).is_ok_and(|text| !text.contains('\0'));
        let (name, hash) = (name.trim().to_owned(), content_hash(content));
        let size = u64::try_from(content.len()).unwrap_or(u64::MAX);
        Self { id, name, hash, size, text, redacted: false }
    }

    /// Returns the evidence as one line, which is not sanitized.
    #[must_use]
    pub fn line(&self) -> String {
        if self.redacted {
            return "redacted".to_owned();
        }
        let size = match self.size {
            bytes @ ..1024 => format!("{bytes} B"),
            bytes => format!("{} KiB", bytes.div_ceil(1024)),
        };
        format!("{} · {size}", self.name)
    }

    /// Removes all that the content could be found or guessed by.
    pub fn redact(&mut self) {
        self.name.clear();
        self.hash.clear();
        self.size = 0;
        self.text = false;
        self.redacted = true;
    }

    /// Checks the fields.
    ///
    /// # Errors
    /// [`BadField`] describes the first field that is wrong.
    pub fn check(&self) -> Result<(), BadField> {
        if self.redacted {
            return Ok(());
        }
        field_check::name("name", &self.name)?;
        check_hash(&self.hash)
    }
}

fn check_hash(hash: &str) -> Result<(), BadField> {
    let is_hash = hash.len() == HASH_DIGITS && hash.bytes().all(|b| b.is_ascii_hexdigit());
    if is_hash { Ok(()) } else { Err(BadField::new("hash", FieldProblem::NotAHash)) }
}

/// Returns SHA-256 of content in hexadecimal digits.
#[must_use]
pub fn content_hash(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

/// Encodes content as commands and exports have it.
#[must_use]
pub fn encode_content(content: &[u8]) -> String {
    STANDARD.encode(content)
}

/// Decodes content, and checks its size.
///
/// # Errors
/// [`BadField`] if the text is not base64, or the content is empty or too large.
pub fn decode_content(text: &str) -> Result<Vec<u8>, BadField> {
    const FIELD: &str = "content";
    let max = MAX_EVIDENCE_BYTES;
    let most_letters = MAX_EVIDENCE_BYTES.div_ceil(3) * 4;
    if text.len() > most_letters {
        let bytes = text.len() / 4 * 3;
        return Err(BadField::new(FIELD, FieldProblem::TooManyBytes { bytes, max }));
    }
    let content = STANDARD.decode(text);
    let content = content.map_err(|_| BadField::new(FIELD, FieldProblem::NotBase64))?;
    match content.len() {
        0 => Err(BadField::new(FIELD, FieldProblem::Empty)),
        bytes if bytes > max => {
            Err(BadField::new(FIELD, FieldProblem::TooManyBytes { bytes, max }))
        }
        _ => Ok(content),
    }
}

/// The content of evidence, as an export has it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EvidenceContent {
    /// Which evidence it is.
    pub id: Uuid,
    /// The incident that has it.
    pub incident: IncidentId,
    /// SHA-256 of the content in hexadecimal digits.
    pub hash: String,
    /// When it was added, in milliseconds since 1970.
    pub at: i64,
    /// The content in base64.
    pub content: String,
}

impl EvidenceContent {
    /// Returns the content.
    ///
    /// # Errors
    /// [`BadField`] if it can't be decoded, or is not that of the hash.
    pub fn decode(&self) -> Result<Vec<u8>, BadField> {
        let content = decode_content(&self.content)?;
        if content_hash(&content) == self.hash {
            Ok(content)
        } else {
            Err(BadField::new("hash", FieldProblem::NotAHash))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_described_by_size_hash_and_kind() {
        let log = Evidence::new(Uuid::nil(), " app.log ", b"abc");
        let sha = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!((log.name.as_str(), log.hash.as_str(), log.size), ("app.log", sha, 3));
        assert!(log.text && !log.redacted);
        assert_eq!(log.line(), "app.log · 3 B");
        assert!(!Evidence::new(Uuid::nil(), "core", &[0, 1]).text);
        assert!(!Evidence::new(Uuid::nil(), "core", &[0xff]).text);
    }

    #[test]
    fn content_is_bounded_and_base64() {
        let content = vec![7; MAX_EVIDENCE_BYTES];
        assert_eq!(decode_content(&encode_content(&content)), Ok(content));
        let large = encode_content(&vec![7; MAX_EVIDENCE_BYTES + 1]);
        let problem = |text: &str| decode_content(text).unwrap_err().problem;
        assert!(matches!(problem(&large), FieldProblem::TooManyBytes { .. }));
        assert_eq!(problem("%%"), FieldProblem::NotBase64);
        assert_eq!(problem(""), FieldProblem::Empty);
    }

    #[test]
    fn exported_content_must_be_that_of_its_hash() {
        let mut content = EvidenceContent {
            id: Uuid::nil(),
            incident: IncidentId(Uuid::nil()),
            hash: content_hash(b"abc"),
            at: 0,
            content: encode_content(b"abc"),
        };
        assert_eq!(content.decode(), Ok(b"abc".to_vec()));
        content.content = encode_content(b"abd");
        assert_eq!(content.decode().unwrap_err().field, "hash");
    }
}
