//! A token as callers carry it: `rp_`, its id, and 256 random bits. Only a hash of the bits is
//! stored.
//!
//! Some programs do not accept a token of 80 characters. They get an integration key: 128 random
//! bits as 32 characters, and nothing else. Its id is a hash of it, so it is not a part of the
//! secret and can be shown.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Start of every token, by which a leaked one is recognized.
const PREFIX: &str = "rp_";
/// Length of an id in characters: 48 bits in hexadecimal.
const ID_CHARS: usize = 12;
/// Length of a secret in characters: 256 bits in hexadecimal.
const SECRET_CHARS: usize = 64;

/// Length of an integration key in characters: 128 bits in hexadecimal.
const KEY_CHARS: usize = 32;
/// The prefix that is hashed before an integration key for its id, so that the id reveals nothing
/// about the stored hash.
const KEY_ID_CONTEXT: &[u8] = b"redphone integration key id\0";

/// The form of a token for its sender.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TokenForm {
    /// 80 characters that begin with `rp_`.
    #[default]
    Token,
    /// 32 characters from 0 to f, for programs that have no room for more. It is good for sending
    /// alerts, and for nothing else.
    Key,
}

impl TokenForm {
    /// Returns the form's name in files and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Key => "key",
        }
    }

    /// Returns whether it is an ordinary token.
    #[must_use]
    pub fn is_token(&self) -> bool {
        *self == Self::Token
    }
}

/// A complete token. It is shown once, to its creator, and never stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    form: TokenForm,
    id: String,
    /// The secret part.
    key: String,
}

/// Shows the id only, so that neither the secret nor a part of it gets into a log.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}…)", self.id)
    }
}

/// The system provides no random numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the system gives no random bytes: try again")]
pub struct NoRandomness;

/// The text is no token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "a token is rp_, 12 and 64 characters from 0 to f, with a _ between; a key is 32 characters from \
     0 to f"
)]
pub struct InvalidToken;

impl Secret {
    /// Creates a token from the system's random numbers.
    ///
    /// # Errors
    /// The system provides none.
    pub fn new() -> Result<Self, NoRandomness> {
        let mut bytes = [0; ID_CHARS / 2 + SECRET_CHARS / 2];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        let (id, secret) = bytes.split_at(ID_CHARS / 2);
        Ok(Self { form: TokenForm::Token, id: hex::encode(id), key: hex::encode(secret) })
    }

    /// Creates an integration key from the system's random numbers.
    ///
    /// # Errors
    /// The system provides none.
    pub fn new_key() -> Result<Self, NoRandomness> {
        let mut bytes = [0; KEY_CHARS / 2];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        Ok(Self::from_key(hex::encode(bytes)))
    }

    fn from_key(secret: String) -> Self {
        let digest = Sha256::new().chain_update(KEY_ID_CONTEXT).chain_update(&secret).finalize();
        let mut id = hex::encode(digest);
        id.truncate(ID_CHARS);
        Self { form: TokenForm::Key, id, key: secret }
    }

    /// Returns the form of the token.
    #[must_use]
    pub fn form(&self) -> TokenForm {
        self.form
    }

    /// Returns the id, the part that is no secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the hash of the secret part, for storing it. A fast hash suffices: a secret of 256
    /// random bits can't be guessed.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash(Sha256::digest(self.key.as_bytes()).into())
    }

    /// Returns the complete token, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> String {
        match self.form {
            TokenForm::Token => format!("{PREFIX}{}_{}", self.id, self.key),
            TokenForm::Key => self.key.clone(),
        }
    }
}

impl FromStr for Secret {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let is_hex = |text: &str, chars: usize| {
            text.len() == chars && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if is_hex(text, KEY_CHARS) {
            return Ok(Self::from_key(text.to_owned()));
        }
        let (id, secret) =
            text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(InvalidToken)?;
        if is_hex(id, ID_CHARS) && is_hex(secret, SECRET_CHARS) {
            Ok(Self { form: TokenForm::Token, id: id.to_owned(), key: secret.to_owned() })
        } else {
            Err(InvalidToken)
        }
    }
}

/// SHA-256 of the secret part of a token.
#[derive(Clone, Copy, Debug)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Compares two hashes in constant time.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// A hash that belongs to no token. An unknown token is compared with it, so that the
    /// comparison takes the same time as for a known one.
    pub(super) const NONE: Self = Self([0; 32]);
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex::encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let mut bytes = [0; 32];
        let error = |_| D::Error::custom("a hash is 64 characters from 0 to f");
        hex::decode_to_slice(text, &mut bytes).map_err(error)?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_parses_as_it_was_shown_and_is_unique() {
        let one = Secret::new().unwrap();
        let two = Secret::new().unwrap();
        let text = one.reveal();
        assert_eq!(text.len(), 80);
        let parsed: Secret = text.parse().unwrap();
        assert_eq!(parsed, one);
        assert!(parsed.hash().matches(&one.hash()) && !parsed.hash().matches(&two.hash()));
        assert_ne!(one.id(), two.id());
    }

    #[test]
    fn key_has_32_characters_and_its_id_is_no_part_of_it() {
        let key = Secret::new_key().unwrap();
        let text = key.reveal();
        assert_eq!((text.len(), key.form(), key.id().len()), (KEY_CHARS, TokenForm::Key, ID_CHARS));
        let parsed: Secret = text.parse().unwrap();
        assert_eq!((&parsed, parsed.id()), (&key, key.id()));
        assert!(parsed.hash().matches(&key.hash()));
        assert!(!text.contains(key.id()));
        assert!(!serde_json::to_string(&key.hash()).unwrap().contains(key.id()));
        let other = Secret::new_key().unwrap();
        assert_ne!((other.id(), other.reveal()), (key.id(), text.clone()));
        for bad in [&text[1..], &format!("{text}0"), &text.to_uppercase(), &"g".repeat(KEY_CHARS)] {
            assert_eq!(bad.parse::<Secret>(), Err(InvalidToken), "{bad}");
        }
    }

    #[test]
    fn malformed_token_is_refused() {
        let good = Secret::new().unwrap().reveal();
        for bad in [
            "",
            "rp_",
            "rp__",
            &good[1..],
            &good[..79],
            &format!("{good}0"),
            &good.to_uppercase(),
            &good.replace('_', "-"),
        ] {
            assert_eq!(bad.parse::<Secret>(), Err(InvalidToken), "{bad}");
        }
    }

    #[test]
    fn secret_is_neither_in_a_log_nor_in_the_file() {
        let token = Secret::new().unwrap();
        let secret = token.reveal()[16..].to_owned();
        assert!(!format!("{token:?}").contains(&secret));
        let stored = serde_json::to_string(&token.hash()).unwrap();
        assert!(!stored.contains(&secret));
        let parsed: Hash = serde_json::from_str(&stored).unwrap();
        assert!(parsed.matches(&token.hash()));
    }
}
