//! The token itself: a text that is checked once, and that nothing prints.

use std::fmt;

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroize};

use crate::model::text::SafeText;

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

/// Why there is no usable token and what to do, as a sentence that does not quote the token.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct TokenError(SafeText<'static>);

impl TokenError {
    pub(super) fn new(sentence: impl Into<SafeText<'static>>) -> Self {
        Self(sentence.into())
    }
}

impl Token {
    /// Creates a token from the text of a source, without the blanks before and after it.
    ///
    /// # Errors
    /// Why the text is no valid token: half a sentence, to be put after the name of the source.
    pub fn new(mut text: String) -> Result<Self, TokenError> {
        let trimmed = text.trim().to_owned();
        text.zeroize();
        let token = Self(trimmed.into());
        let secret = token.0.expose_secret();
        let error = |why: &'static str| Err(TokenError::new(why));
        if secret.is_empty() {
            return error("is empty: put a token there");
        }
        if secret.len() > MAX_TOKEN_BYTES {
            return error("has more than 4096 bytes: that is no token");
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return error(
                "has blanks, line breaks or letters that no token has: it takes the token \
                        alone, as `redphone token create` printed it",
            );
        }
        Ok(token)
    }

    /// Returns the token itself, for the place where it is stored.
    pub(in crate::backend::http) fn secret(&self) -> &str {
        self.0.expose_secret()
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
        for text in ["", "  \n", "hunter2 hunter3", "hunter2\nhunter3", "hunter2é", "hunter2\u{1b}"]
        {
            let refused = Token::new(text.into()).unwrap_err().to_string();
            assert!(!refused.contains("hunter"), "{refused}");
        }
        assert!(Token::new("h".repeat(MAX_TOKEN_BYTES + 1)).is_err());
    }
}
