//! Functions that several channels use.

use reqwest::{StatusCode, Url};

use crate::model::notification::ChannelKind;
use crate::outbound::answer::{Answer, excerpt};
use crate::outbound::delivery::{AddressError, SendError};
use crate::outbound::secret::{CachedSecret, Secret};

/// The longest address of a channel that sets no form for it, in bytes.
const MAX_FREE_ADDRESS: usize = 255;
/// The most of a provider's text that is quoted, in characters.
const MAX_QUOTED: usize = 200;

/// Returns the answer if its status means that the message was accepted. A secret that was refused
/// is read again for the next attempt.
pub(super) async fn authorized(
    answer: Answer,
    secret: Option<&CachedSecret>,
) -> Result<Answer, SendError> {
    let is_refused = matches!(
        answer.status,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
    );
    if let Some(secret) = secret.filter(|_| is_refused) {
        secret.forget().await;
    }
    answer.accepted()
}

/// Refuses a web page as a successful answer: an intermediate system has sent it, such as a proxy
/// with a login page. The message has usually not arrived then.
pub(super) fn without_page(answer: Answer, provider: &str) -> Result<Answer, SendError> {
    if answer.body.trim_start().starts_with('<') {
        Err(foreign(&answer, provider))
    } else {
        Ok(answer)
    }
}

/// Refuses an answer that is not JSON from a provider that always answers with JSON.
pub(super) fn with_json(answer: Answer, provider: &str) -> Result<Answer, SendError> {
    if answer.json().is_object() { Ok(answer) } else { Err(foreign(&answer, provider)) }
}

fn foreign(answer: &Answer, provider: &str) -> SendError {
    SendError::uncertain(format!(
        "{} gave an answer that is not of {provider}: check its address, and what is in between",
        answer.host
    ))
}

/// Returns a URL with these parts behind its path, each escaped.
pub(super) fn join(base: &Url, parts: &[&str]) -> Result<Url, SendError> {
    let mut url = base.clone();
    match url.path_segments_mut() {
        Ok(mut path) => {
            path.pop_if_empty().extend(parts);
        }
        Err(()) => return Err(SendError::permanent("the URL of the channel has no path")),
    }
    Ok(url)
}

/// Returns the URL that a secret is.
pub(super) fn secret_url(secret: &Secret) -> Result<Url, SendError> {
    let url = Url::parse(secret.expose()).ok().filter(Url::has_host);
    // The error of the library may quote the secret.
    url.ok_or_else(|| {
        SendError::permanent(
            "the secret of the channel is no URL: write the URL of the webhook, from https:// on",
        )
    })
}

/// Returns the password of a secret that is `name:password`.
pub(super) fn after_colon(secret: &Secret) -> Result<Secret, SendError> {
    let password = secret.expose().split_once(':').map(|(_, password)| password);
    Secret::new(password.unwrap_or_default().to_owned()).map_err(|error| {
        SendError::permanent(format!("the password behind the colon of the secret {error}"))
    })
}

/// Checks an address of a channel that sets no form for it.
pub(super) fn free_address(kind: ChannelKind, address: &str) -> Result<(), AddressError> {
    let is_valid = address.len() <= MAX_FREE_ADDRESS && !address.chars().any(char::is_control);
    let expected = "what the receiver is to know of the person, at most 255 bytes, or nothing";
    is_valid.then_some(()).ok_or(AddressError { kind, expected })
}

/// Checks that there is no address, for a channel that leads to one receiver.
pub(super) fn no_address(kind: ChannelKind, address: &str) -> Result<(), AddressError> {
    let expected = "none: the secret of the channel leads to one receiver";
    address.is_empty().then_some(()).ok_or(AddressError { kind, expected })
}

/// Returns the beginning of a provider's text, for a sentence.
pub(super) fn short(text: &str) -> String {
    excerpt(&text.chars().take(MAX_QUOTED).collect::<String>())
}
