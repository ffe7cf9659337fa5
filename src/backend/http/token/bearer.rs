//! The token itself: a text that is checked once, and that nothing prints.

use std::fmt;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroize};

/// The longest valid token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 4096;

/// A bearer token (RFC 6750). Its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Token(SecretString);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The reason why a text is not a valid token. Displayed as half a sentence that follows the name
/// of its source and does not quote the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidToken {
    /// It has no letters, or blanks alone.
    #[error("is empty: put a token there")]
    Empty,
    /// It is longer than [`MAX_TOKEN_BYTES`].
    #[error("has more than 4096 bytes: that is no token")]
    TooLong,
    /// It has characters that are not visible ASCII.
    #[error(
        "has blanks, line breaks or letters that no token has: it takes the token alone, as \
         `redphone token create` printed it"
    )]
    Malformed,
}

impl Token {
    /// Creates a token from the text of a source, without the blanks before and after it.
    ///
    /// # Errors
    /// [`InvalidToken`] with the reason why the text is invalid.
    pub fn new(mut text: String) -> Result<Self, InvalidToken> {
        let trimmed = text.trim().to_owned();
        text.zeroize();
        let token = Self(trimmed.into());
        let secret = token.0.expose_secret();
        if secret.is_empty() {
            return Err(InvalidToken::Empty);
        }
        if secret.len() > MAX_TOKEN_BYTES {
            return Err(InvalidToken::TooLong);
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InvalidToken::Malformed);
        }
        Ok(token)
    }

    /// Returns the token itself, for storing it.
    pub(in crate::backend::http) fn secret(&self) -> &str {
        self.0.expose_secret()
    }

    /// Returns the public id of the token; `None` for one that no redphone server has made.
    pub(in crate::backend::http) fn public_id(&self) -> Option<String> {
        let (id, _) = self.secret().strip_prefix("rp_")?.split_once('_')?;
        let is_id = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| id.to_owned())
    }

    /// Returns the value of the header `Authorization`.
    pub(in crate::backend::http) fn header(&self) -> Option<HeaderValue> {
        let mut text = format!("Bearer {}", self.secret());
        // `new` has checked the token, so this does not fail.
        let mut value = HeaderValue::from_str(&text).ok();
        text.zeroize();
        if let Some(value) = &mut value {
            value.set_sensitive(true);
        }
        value
    }

    /// Returns whether both are the same token.
    pub(super) fn matches(&self, other: &Self) -> bool {
        self.secret() == other.secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_never_printed() {
        let token = Token::new(" hunter2\n".into()).unwrap();
        assert_eq!(token.secret(), "hunter2");
        let header = token.header().unwrap();
        let printed = format!("{token:?} {header:?} {:?}", Some(&token));
        assert!(!printed.contains("hunter2"), "{printed}");
    }

    #[test]
    fn invalid_token_is_refused_without_being_quoted() {
        for text in ["hunter2 hunter3", "hunter2\nhunter3", "hunter2é", "hunter2\u{1b}"] {
            let refused = Token::new(text.into()).unwrap_err();
            assert_eq!(refused, InvalidToken::Malformed, "{text:?}");
            assert!(!refused.to_string().contains("hunter"), "{refused}");
        }
        for text in ["", "  \n"] {
            assert_eq!(Token::new(text.into()).unwrap_err(), InvalidToken::Empty);
        }
        let long = Token::new("h".repeat(MAX_TOKEN_BYTES + 1));
        assert_eq!(long.unwrap_err(), InvalidToken::TooLong);
    }
}
