//! Links and addresses by which a person acts once, without a login.
//!
//! Each is for one person, one incident or request for cover, and one action. Anybody who has the
//! token can act, so it is never printed, and only its digest is stored.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::model::actor::PersonRef;
use crate::model::id::{CommandId, CoverId, IncidentId};
use crate::model::status::{Role, growing_enum};

/// How long a link counts after it was made.
pub const LIFETIME: TimeDelta = TimeDelta::hours(24);

/// The characters of a token: those that mail systems leave as they are and that can be read out.
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Random bytes from here on are not used, so that each character is as likely as any other.
const BIAS_FROM: u8 = 252;

growing_enum! {
    /// The action of a link, or of an answer to a message.
    LinkAction, "action" {
        /// The incident is acknowledged.
        Acknowledge = "acknowledge",
        /// The next level of the policy is called now.
        Escalate = "escalate",
        /// The incident is resolved.
        Resolve = "resolve",
        /// The person still works on the incident, which a note records.
        Working = "working",
        /// Accept the role for which the person was asked.
        AcceptRole = "accept_role",
        /// Decline that role.
        DeclineRole = "decline_role",
        /// Accept the request for cover.
        AcceptCover = "accept_cover",
        /// Decline the request for cover.
        DeclineCover = "decline_cover",
        /// The action is in the text of the answer: for the address to which a mail is replied.
        Reply = "reply",
    }
}

/// The secret part of a link: 25 letters and digits, 129 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(String);

/// The system provides no random numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the system gives no random bytes: try again")]
pub struct NoRandomBytes;

/// The text is no token of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a link has 25 letters and digits")]
pub struct InvalidLinkToken;

impl LinkToken {
    /// The number of characters of a token.
    pub const CHARS: usize = 25;

    /// Creates a token from the random numbers of the system.
    ///
    /// # Errors
    /// The system provides none.
    pub fn random() -> Result<Self, NoRandomBytes> {
        let mut text = String::with_capacity(Self::CHARS);
        while text.len() < Self::CHARS {
            let mut bytes = [0_u8; 32];
            getrandom::fill(&mut bytes).map_err(|_| NoRandomBytes)?;
            let missing = Self::CHARS - text.len();
            let fair = bytes.into_iter().filter(|byte| *byte < BIAS_FROM);
            let characters = fair.map(|byte| char::from(ALPHABET[usize::from(byte) % 36]));
            text.extend(characters.take(missing));
        }
        Ok(Self(text))
    }

    /// Returns the token itself, for the message that has it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the stored digest of the token. A fast hash suffices: random bits can't be guessed.
    #[must_use]
    pub fn digest(&self) -> LinkDigest {
        LinkDigest(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

impl FromStr for LinkToken {
    type Err = InvalidLinkToken;

    fn from_str(text: &str) -> Result<Self, InvalidLinkToken> {
        let text = text.to_ascii_lowercase();
        let is_token =
            text.len() == Self::CHARS && text.bytes().all(|byte| ALPHABET.contains(&byte));
        is_token.then_some(Self(text)).ok_or(InvalidLinkToken)
    }
}

/// SHA-256 of a token.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LinkDigest([u8; 32]);

impl LinkDigest {
    /// Returns the bytes that are stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the id of the command that the link leads to: the same one, however often the link is
    /// followed.
    #[must_use]
    pub fn command_id(&self) -> CommandId {
        answer_id("link", &self.0)
    }
}

/// Returns the id of the command of an answer (a UUID of version 8), derived from the identity of
/// the answer so that a repeated answer is recognized.
#[must_use]
pub fn answer_id(kind: &str, identity: &[u8]) -> CommandId {
    let mut hasher = Sha256::new();
    hasher.update((kind.len() as u64).to_le_bytes());
    hasher.update(kind.as_bytes());
    hasher.update(identity);
    let hash: [u8; 32] = hasher.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    CommandId(Uuid::from_bytes(bytes))
}

/// A link as the store has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AnswerLink {
    /// The digest of its token.
    pub digest: LinkDigest,
    /// The notification whose message has it.
    pub notification: Uuid,
    /// The incident; [`IncidentId::NONE`] for a link of a request for cover.
    pub incident: IncidentId,
    /// The person who was asked, and who is the actor.
    pub person: PersonRef,
    /// The action.
    pub action: LinkAction,
    /// The role that the message requests from the person, if any.
    pub role: Option<Role>,
    /// Whether the message is a reminder, whose link does not end with the acknowledgement.
    pub reminder: bool,
    /// The request for cover that it answers, if any.
    pub cover: Option<CoverId>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When it was used; `None` before that.
    pub used_at: Option<DateTime<Utc>>,
}

/// The stored form of a link as JSON.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LinkBody {
    /// See [`AnswerLink::person`].
    pub person: PersonRef,
    /// See [`AnswerLink::action`].
    pub action: LinkAction,
    /// See [`AnswerLink::role`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// See [`AnswerLink::reminder`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reminder: bool,
    /// See [`AnswerLink::cover`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cover: Option<CoverId>,
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn tokens_are_random_and_parse_in_any_case() {
        let token = LinkToken::random().unwrap();
        assert_ne!(token, LinkToken::random().unwrap());
        assert_eq!(token.expose().len(), LinkToken::CHARS);
        let upper: LinkToken = token.expose().to_uppercase().parse().unwrap();
        assert_eq!(upper.digest(), token.digest());
    }

    #[rstest]
    #[case("")]
    #[case("0123456789abcdefghijklmn")]
    #[case("0123456789abcdefghijklmnop")]
    #[case("0123456789abcdefghijklmn-")]
    #[case("0123456789abcdefghijklmé")]
    fn other_texts_are_no_tokens(#[case] text: &str) {
        assert_eq!(text.parse::<LinkToken>(), Err(InvalidLinkToken));
    }

    #[test]
    fn token_is_never_printed() {
        let token = LinkToken::random().unwrap();
        assert!(!format!("{token:?}").contains(token.expose()));
        let body = LinkBody {
            person: PersonRef::new("ines", "Ines Moreau"),
            action: LinkAction::Acknowledge,
            role: None,
            reminder: false,
            cover: None,
        };
        let stored = r#"{"person":{"handle":"ines","name":"Ines Moreau"},"action":"acknowledge"}"#;
        assert_eq!(serde_json::to_string(&body).unwrap(), stored);
    }

    #[test]
    fn command_of_a_link_is_always_the_same() {
        let (one, other) = (LinkToken::random().unwrap(), LinkToken::random().unwrap());
        assert_eq!(one.digest().command_id(), one.clone().digest().command_id());
        assert_ne!(one.digest().command_id(), other.digest().command_id());
        assert_eq!(one.digest().command_id().0.get_version_num(), 8);
    }
}
