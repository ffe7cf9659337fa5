//! Secrets of channels: they are never printed, and answers of providers are shown without them.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroize};
use tokio::sync::Mutex;

use super::delivery::SendError;

/// The longest valid secret, in bytes.
pub const MAX_SECRET_BYTES: usize = 4096;

/// The replacement of a secret in a text.
const MASK: &str = "…";

/// A secret of a channel. Its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The reason why a text is not a valid secret. Displayed as half a sentence that does not quote
/// the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InvalidSecret {
    /// It has no letters, or blanks alone.
    #[error("is empty: put the secret there")]
    Empty,
    /// It is longer than [`MAX_SECRET_BYTES`].
    #[error("has more than 4096 bytes: that is no secret of a channel")]
    TooLong,
    /// It has line breaks or other control characters.
    #[error("has line breaks or control characters: write the secret alone, on one line")]
    Malformed,
}

impl Secret {
    /// Creates a secret from the text of a source, without the blanks before and after it.
    ///
    /// # Errors
    /// [`InvalidSecret`] with the reason.
    pub fn new(mut text: String) -> Result<Self, InvalidSecret> {
        let trimmed = text.trim().to_owned();
        text.zeroize();
        let secret = Self(trimmed.into());
        let text = secret.expose();
        if text.is_empty() {
            return Err(InvalidSecret::Empty);
        }
        if text.len() > MAX_SECRET_BYTES {
            return Err(InvalidSecret::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(InvalidSecret::Malformed);
        }
        Ok(secret)
    }

    /// Returns the secret itself, for a request that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// The reason why a secret can't be read. Displayed as a sentence with a remedy, without the
/// secret.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(pub String);

impl From<SecretError> for SendError {
    fn from(error: SecretError) -> Self {
        Self::temporary(error.0)
    }
}

/// The source of a secret, such as a file or the keyring.
#[async_trait]
pub trait SecretSource: Send + Sync {
    /// Reads the secret, within bounded time.
    ///
    /// # Errors
    /// The source has no secret, or no valid one.
    async fn read(&self) -> Result<Secret, SecretError>;
}

/// A secret that is read when it is first needed, and again after it was refused.
#[derive(Clone)]
pub struct CachedSecret {
    source: Arc<dyn SecretSource>,
    current: Arc<Mutex<Option<Secret>>>,
}

impl CachedSecret {
    /// Creates a secret from this source. Nothing is read yet.
    pub fn new(source: Arc<dyn SecretSource>) -> Self {
        Self { source, current: Arc::default() }
    }

    /// Returns the secret. Concurrent callers wait for a single read.
    ///
    /// # Errors
    /// The source gives none.
    pub async fn get(&self) -> Result<Secret, SecretError> {
        let mut current = self.current.lock().await;
        if let Some(secret) = &*current {
            return Ok(secret.clone());
        }
        let secret = self.source.read().await?;
        *current = Some(secret.clone());
        Ok(secret)
    }

    /// Forgets the secret, after a provider has refused it: it may have been replaced meanwhile.
    pub async fn forget(&self) {
        *self.current.lock().await = None;
    }
}

/// Removes secrets from texts, in each form in which they may be returned.
#[derive(Clone, Default)]
pub(super) struct Mask {
    /// The longest first, so that none is removed in part.
    forms: Vec<SecretString>,
}

impl Mask {
    /// Adds a secret. The part of a URL after the host is secret on its own as well.
    pub(super) fn add(&mut self, secret: &str) {
        let mut forms = vec![secret.to_owned(), percent_encoded(secret)];
        forms.push(STANDARD.encode(secret));
        forms.push(URL_SAFE_NO_PAD.encode(secret));
        forms.push(serde_json::to_string(secret).unwrap_or_default().trim_matches('"').to_owned());
        // Some write JSON with every slash escaped.
        forms.push(secret.replace('/', "\\/"));
        if let Ok(url) = Url::parse(secret)
            && url.has_host()
        {
            forms.extend([url.to_string(), url.path().to_owned()]);
            forms.extend(url.path_segments().into_iter().flatten().map(str::to_owned));
            forms.extend(url.query().map(str::to_owned));
            forms.extend(url.query_pairs().map(|(_, value)| value.into_owned()));
            // Short parts of a path, such as "v1", are no secret.
            forms.retain(|form| form.len() >= 8);
        }
        self.forms.extend(forms.into_iter().filter(|form| !form.is_empty()).map(Into::into));
        self.forms.sort_by_key(|form| std::cmp::Reverse(form.expose_secret().len()));
    }

    /// Returns the text without the secrets.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for form in &self.forms {
            if text.contains(form.expose_secret()) {
                text = text.replace(form.expose_secret(), MASK);
            }
        }
        text
    }
}

fn percent_encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn secret_is_never_printed() {
        let secret = Secret::new(" hunter2\n".into()).unwrap();
        assert_eq!(secret.expose(), "hunter2");
        assert!(!format!("{secret:?}").contains("hunter2"));
    }

    #[rstest]
    #[case("", InvalidSecret::Empty)]
    #[case(" \n", InvalidSecret::Empty)]
    #[case("hunter2\nhunter3", InvalidSecret::Malformed)]
    fn invalid_secret_is_refused_without_being_quoted(
        #[case] text: &str,
        #[case] refused: InvalidSecret,
    ) {
        let error = Secret::new(text.into()).unwrap_err();
        assert_eq!(error, refused);
        assert!(!error.to_string().contains("hunter"));
    }

    #[rstest]
    #[case("tk_abc", "the token tk_abc is bad", "the token … is bad")]
    #[case("a b&c", "body=a+b%26c", "body=…")]
    #[case("user:tk", "Basic dXNlcjp0aw==", "Basic …")]
    #[case("https://h.example/services/T0/SECRETKEY", "no SECRETKEY there", "no … there")]
    #[case(
        "https://h.example/services/T0/SECRETKEY",
        "at https://h.example/services/T0/SECRETKEY",
        "at …"
    )]
    #[case("https://h.example/x/SECRETKEY", "\"https:\\/\\/h.example\\/x\\/SECRETKEY\"", "\"…\"")]
    #[case("a\"b", "{\"t\":\"a\\\"b\"}", "{\"t\":\"…\"}")]
    fn mask_removes_each_form_of_a_secret(
        #[case] secret: &str,
        #[case] text: &str,
        #[case] masked: &str,
    ) {
        let mut mask = Mask::default();
        mask.add(secret);
        assert_eq!(mask.apply(text), masked);
    }
}
