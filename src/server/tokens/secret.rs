//! A token as it is carried: `rp_`, its id, and 256 random bits. Only a hash of the bits is kept.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What every token begins with, so that one that leaks is recognized.
const PREFIX: &str = "rp_";
/// Characters of an id: 48 bits in hexadecimal.
const ID_CHARS: usize = 12;
/// Characters of a secret: 256 bits in hexadecimal.
const SECRET_CHARS: usize = 64;

/// A whole token. It is shown to whoever made it, once, and kept nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    id: String,
    secret: String,
}

/// Neither the secret nor a part of it gets into a log.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}…)", self.id)
    }
}

/// No randomness is to be had from the system.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the system gives no random bytes: try again")]
pub struct NoRandomness;

/// A text that is no token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a token is rp_, 12 and 64 characters from 0 to f, with a _ between")]
pub struct InvalidToken;

impl Secret {
    /// A new one, from the system's random numbers.
    ///
    /// # Errors
    /// When the system has none.
    pub fn new() -> Result<Self, NoRandomness> {
        let mut bytes = [0; ID_CHARS / 2 + SECRET_CHARS / 2];
        getrandom::fill(&mut bytes).map_err(|_| NoRandomness)?;
        let (id, secret) = bytes.split_at(ID_CHARS / 2);
        Ok(Self { id: hex(id), secret: hex(secret) })
    }

    /// The part that names it, which is no secret.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is kept of the secret part. It has 256 bits of chance in it, so that a slow hash would
    /// protect nothing.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash(Sha256::digest(self.secret.as_bytes()).into())
    }

    /// The whole token, to be shown once.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}_{}", self.id, self.secret)
    }
}

impl FromStr for Secret {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, InvalidToken> {
        let (id, secret) =
            text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')).ok_or(InvalidToken)?;
        let is = |text: &str, chars: usize| {
            text.len() == chars && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if is(id, ID_CHARS) && is(secret, SECRET_CHARS) {
            Ok(Self { id: id.to_owned(), secret: secret.to_owned() })
        } else {
            Err(InvalidToken)
        }
    }
}

/// SHA-256 of the secret part of a token.
#[derive(Clone, Copy, Debug)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Whether they are the same, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    /// Of no token: what a token that is not known is compared with, so that it takes as long.
    pub(super) const NONE: Self = Self([0; 32]);
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let bad = || D::Error::custom("a hash is 64 characters from 0 to f");
        if text.len() != 64 || !text.is_ascii() {
            return Err(bad());
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| bad())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| bad())?;
        }
        Ok(Self(bytes))
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_it_was_shown_and_no_other_is_like_it() {
        let one = Secret::new().unwrap();
        let two = Secret::new().unwrap();
        let shown = one.reveal();
        assert_eq!(shown.len(), 80);
        let read: Secret = shown.parse().unwrap();
        assert_eq!(read, one);
        assert!(read.hash().matches(&one.hash()) && !read.hash().matches(&two.hash()));
        assert_ne!(one.id(), two.id());
    }

    #[test]
    fn what_is_no_token_is_not_taken_for_one() {
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
    fn neither_a_log_nor_the_file_tells_the_secret() {
        let token = Secret::new().unwrap();
        let secret = token.reveal()[16..].to_owned();
        assert!(!format!("{token:?}").contains(&secret));
        let kept = serde_json::to_string(&token.hash()).unwrap();
        assert!(!kept.contains(&secret));
        let read: Hash = serde_json::from_str(&kept).unwrap();
        assert!(read.matches(&token.hash()));
    }
}
