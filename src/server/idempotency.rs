//! The header `Idempotency-Key`: a request that is sent again with the same key takes effect once.
//!
//! The ids of the command and, for a declaration, of the incident are derived from the key. The
//! store answers a command that it knows by its id with the first outcome, and refuses another one
//! with that id, so nothing is stored for a key. Keys belong to the person or program that the
//! token acts for, so they remain valid with a new token.

use axum::http::{HeaderMap, HeaderName};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::error::{ApiError, ApiResult};
use crate::model::{Actor, CommandId, IncidentId};

/// The name of the header, as in the draft of the IETF (`draft-ietf-httpapi-idempotency-key-header`).
const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest key, in bytes.
const MAX_KEY: usize = 255;

/// The ids that a request has by its key, or new ones without a key.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestIds {
    /// The id of the first command of the request.
    pub command: CommandId,
    /// The id of the incident, if the request declares one.
    pub incident: IncidentId,
    /// Whether the ids follow from a key, so that the request may have been carried out before.
    pub is_repeatable: bool,
}

impl RequestIds {
    /// Returns the ids of a request of an actor.
    ///
    /// # Errors
    /// The header is present and contains no key.
    pub(super) fn new(headers: &HeaderMap, actor: &Actor) -> ApiResult<Self> {
        let mut values = headers.get_all(&HEADER).iter();
        let Some(value) = values.next() else {
            let (command, incident) = (CommandId::new(), IncidentId::new());
            return Ok(Self { command, incident, is_repeatable: false });
        };
        let key = value.to_str().ok().and_then(parse_key).filter(|_| values.next().is_none());
        let key = key.ok_or_else(|| {
            ApiError::bad_request(format!(
                "Idempotency-Key is no key: send one text of 1 to {MAX_KEY} visible characters, in \
                 quotes or without, such as \"backup-2026-03-01\""
            ))
        })?;
        Ok(Self {
            command: CommandId(derive_id("command", actor, &key)),
            incident: IncidentId(derive_id("incident", actor, &key)),
            is_repeatable: true,
        })
    }
}

/// Returns the key in a value: a text in quotes (RFC 8941, 3.3.3), or one without them, which many
/// clients send.
fn parse_key(value: &str) -> Option<String> {
    let value = value.trim();
    let key = match value.strip_prefix('"') {
        Some(quoted) => unquote(quoted.strip_suffix('"')?)?,
        None if value.contains(['"', '\\', ',', ';', ' ']) => return None,
        None => value.to_owned(),
    };
    let is_visible = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    ((1..=MAX_KEY).contains(&key.len()) && is_visible).then_some(key)
}

/// Removes the backslashes before quotes and backslashes.
fn unquote(quoted: &str) -> Option<String> {
    let mut key = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => key.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            other => key.push(other),
        }
    }
    Some(key)
}

/// Derives an id from the key of an actor (a UUID of version 8). Each hashed part begins with its
/// length, so that different keys never produce the same bytes.
fn derive_id(of: &str, actor: &Actor, key: &str) -> Uuid {
    let actor = match actor {
        Actor::Person(person) => format!("person:{}", person.handle),
        Actor::Integration(name) => format!("integration:{name}"),
        Actor::Unknown(other) => format!("unknown:{other:?}"),
    };
    let mut hasher = Sha256::new();
    for part in ["redphone idempotency key", of, &actor, key] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::PersonRef;

    #[rstest]
    #[case("backup-2026-03-01", Some("backup-2026-03-01"))]
    #[case("\"backup 1\"", Some("backup 1"))]
    #[case(r#""a \"b\" \\ c""#, Some(r#"a "b" \ c"#))]
    #[case("  \"x\"  ", Some("x"))]
    #[case("", None)]
    #[case("\"\"", None)]
    #[case("\"open", None)]
    #[case("a, b", None)]
    #[case("\"a\";x=1", None)]
    #[case(r#""a \n""#, None)]
    fn key_is_a_text_with_or_without_quotes(#[case] value: &str, #[case] key: Option<&str>) {
        assert_eq!(parse_key(value).as_deref(), key);
    }

    #[test]
    fn key_of_256_characters_is_refused() {
        assert!(parse_key(&"k".repeat(255)).is_some() && parse_key(&"k".repeat(256)).is_none());
    }

    #[test]
    fn same_key_of_another_actor_makes_other_ids() {
        let ids = |actor: &Actor, key: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, key.parse().unwrap());
            let ids = RequestIds::new(&headers, actor).unwrap();
            assert!(ids.is_repeatable);
            (ids.command, ids.incident)
        };
        let ines = Actor::Person(PersonRef::new("ines", "Ines Moreau"));
        let renamed = Actor::Person(PersonRef::new("ines", "Ines Duval"));
        let program = Actor::Integration("ines".into());
        assert_eq!(ids(&ines, "k"), ids(&renamed, "\"k\""));
        assert_ne!(ids(&ines, "k"), ids(&ines, "K"));
        assert_ne!(ids(&ines, "k"), ids(&program, "k"));
        let (command, incident) = ids(&ines, "k");
        assert_ne!(command.0, incident.0);
    }
}
