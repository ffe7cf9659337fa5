//! Messages of Amazon's Simple Notification Service from topics that the settings name: their signatures are
//! verified, and their subscriptions confirmed.

use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex, PoisonError};

use lru::LruCache;
use reqwest::{Method, Url};

use crate::api::ErrorCode;
use crate::ingest::sns::{SnsError, SnsMessage};
use crate::model::text::{sanitize, truncate};
use crate::outbound::client::Request;
use crate::outbound::{Client, ClientOptions};
use crate::server::error::{ApiError, ApiResult};

/// The width to which a part of the message is quoted.
const MAX_QUOTE: usize = 100;
/// The maximum number of cached certificates; there is one for each region.
const MAX_CERTIFICATES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(31);

/// The certificates that were fetched, in PEM, by their addresses.
static CERTIFICATES: LazyLock<Mutex<LruCache<String, String>>> =
    LazyLock::new(|| Mutex::new(LruCache::new(MAX_CERTIFICATES)));

/// Checks that a message is one of the topics, and confirms its subscription if it requests that.
///
/// # Errors
/// It is of another topic, its signature is invalid, or a resource for the check can't be fetched.
pub(super) async fn check(topics: &[String], body: &[u8]) -> ApiResult<()> {
    let message = SnsMessage::parse(body).map_err(|error| refused(&error))?;
    let topic = message.topic().map_err(|error| refused(&error))?;
    if !topics.iter().any(|allowed| allowed == topic) {
        let topic = truncate(topic, MAX_QUOTE);
        let text = format!("{topic:?} is none of the topics in the settings");
        return Err(ApiError::new(ErrorCode::Unauthorized, text));
    }
    let url = message.certificate_url().map_err(|error| refused(&error))?;
    let certificate = certificate(url).await?;
    message.verify(certificate.as_bytes()).map_err(|error| refused(&error))?;
    if let Some(url) = message.confirm_url().map_err(|error| refused(&error))? {
        fetch(url).await?;
        tracing::info!("the subscription to {} is confirmed", sanitize(topic));
    }
    Ok(())
}

fn refused(error: &SnsError) -> ApiError {
    ApiError::new(ErrorCode::Unauthorized, format!("the message is not accepted: {error}"))
}

/// Returns the certificate at an address of the service.
async fn certificate(url: &str) -> ApiResult<String> {
    let cached = CERTIFICATES.lock().unwrap_or_else(PoisonError::into_inner).get(url).cloned();
    if let Some(certificate) = cached {
        return Ok(certificate);
    }
    let certificate = fetch(url).await?;
    let mut certificates = CERTIFICATES.lock().unwrap_or_else(PoisonError::into_inner);
    certificates.put(url.to_owned(), certificate.clone());
    Ok(certificate)
}

/// Fetches an address of the service.
async fn fetch(url: &str) -> ApiResult<String> {
    let failed = |why: String| {
        tracing::warn!("{} can't be fetched: {}", sanitize(host(url)), sanitize(why));
        let message = "what the message refers to can't be fetched now: send the message again";
        ApiError::new(ErrorCode::Unreachable, message)
    };
    let address: Url = url.parse().map_err(|_| failed("it is no address".to_owned()))?;
    let client =
        Client::new(&ClientOptions::default()).map_err(|error| failed(error.to_string()))?;
    let request = Request::new(Method::GET, address, "text/plain", Vec::new());
    let answer = client.send(request).await.map_err(|error| failed(error.to_string()))?;
    let answer = answer.accepted().map_err(|error| failed(error.to_string()))?;
    Ok(answer.body)
}

/// Returns the host of an address; the rest may be secret.
fn host(url: &str) -> &str {
    url.trim_start_matches("https://").split('/').next().unwrap_or_default()
}
