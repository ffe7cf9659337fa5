//! The one client through which every message leaves the machine.
//!
//! It follows no redirects, connects only to addresses that [`NetworkPolicy`] allows, speaks TLS to
//! all hosts that the settings do not name as private, bounds the time and the size of an answer,
//! and removes the secrets of a request from everything that is returned.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue,
};
use reqwest::{Certificate, Method, Response, Url, redirect};
use serde::Serialize;
use tokio::time::timeout;

use super::answer::{self, Answer};
use super::delivery::SendError;
use super::message::OutboundMessage;
use super::network::{ConnectError, NetworkPolicy, PrivateHost};
use super::secret::{Mask, Secret};
use crate::model::text::{sanitize, truncate};

/// The time limits of a connection, and of an answer.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For finding the address, connecting, and the handshake of TLS.
    pub connect: Duration,
    /// For the request and its answer, on top of the connection.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), answer: Duration::from_secs(10) }
    }
}

/// Settings of connections.
#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    /// The hosts that may be in the own network, and without TLS.
    pub private_hosts: Vec<PrivateHost>,
    /// Certificates in PEM that are trusted in addition to those of the system.
    pub ca_pem: Option<Vec<u8>>,
    /// How long to wait.
    pub timeouts: Timeouts,
}

/// The reason why a client can't be made. Displayed as a sentence.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The certificates can't be read.
    #[error("the certificates of ca_file under [outbound] can't be read: name a file in PEM")]
    Certificates,
    /// The TLS library can't be set up.
    #[error("connections can't be set up ({0})")]
    Setup(#[source] reqwest::Error),
}

/// The maximum size of an answer in bytes. The rest of a longer one is not read.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// The widest message of a library within a sentence.
const MAX_CAUSE_WIDTH: usize = 200;

/// Sends requests to providers; see the module.
pub struct Client {
    http: reqwest::Client,
    network: NetworkPolicy,
    timeouts: Timeouts,
    ca_pem: Option<Vec<u8>>,
}

/// A request, with the secrets that are in it.
pub struct Request {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Vec<u8>,
    mask: Mask,
    max_answer: usize,
}

impl Request {
    /// Creates a POST of JSON.
    #[must_use]
    pub fn json(url: Url, body: &impl Serialize) -> Self {
        // Every body can be encoded: all have text keys and finite numbers.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self::new(Method::POST, url, "application/json", body)
    }

    /// Creates a POST of a form.
    #[must_use]
    pub fn form(url: Url, fields: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields);
        let media_type = "application/x-www-form-urlencoded";
        Self::new(Method::POST, url, media_type, form.finish().into_bytes())
    }

    /// Creates a GET, whose answer is read up to a number of bytes.
    #[must_use]
    pub fn get(url: Url, accept: &'static str, max_answer: usize) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        let mut mask = mask_of_login(&url);
        // The path of a private calendar is as secret as a password. A short one is not, and may
        // appear anywhere in the answer.
        for secret in [Some(url.path()), url.query()].into_iter().flatten() {
            if secret.len() >= 16 {
                mask.add(secret);
            }
        }
        Self { method: Method::GET, url, headers, body: Vec::new(), mask, max_answer }
    }

    /// Creates a GET of JSON whose URL holds no secret, and whose answer is read up to a number of bytes.
    #[must_use]
    pub fn read(url: Url, max_answer: usize) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let (body, mask) = (Vec::new(), Mask::default());
        Self { method: Method::GET, url, headers, body, mask, max_answer }
    }

    /// Creates a request with a body.
    #[must_use]
    pub fn new(method: Method, url: Url, media_type: &'static str, body: Vec<u8>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"));
        let mask = mask_of_login(&url);
        Self { method, url, headers, body, mask, max_answer: MAX_ANSWER_BYTES }
    }

    /// Adds a header. One whose value no header can have is refused as a secret of the wrong form.
    ///
    /// # Errors
    /// The value has characters that no header has.
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Result<Self, SendError> {
        self.headers.insert(name, sensitive(value)?);
        Ok(self)
    }

    /// Sets up to how many bytes the answer is read.
    #[must_use]
    pub fn with_max_answer(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }

    /// Adds the header `Authorization` with a bearer token.
    ///
    /// # Errors
    /// The token has characters that no header has.
    pub fn with_bearer(self, token: &Secret) -> Result<Self, SendError> {
        let value = format!("Bearer {}", token.expose());
        self.hiding(token.expose()).with_header(AUTHORIZATION, &value)
    }

    /// Adds the header `Authorization` with a name and a password.
    ///
    /// # Errors
    /// Never: the header is Base64.
    pub fn with_basic(self, user: &str, password: &Secret) -> Result<Self, SendError> {
        use base64::Engine;
        let both = format!("{user}:{}", password.expose());
        let value = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(&both));
        self.hiding(password.expose()).hiding(&both).with_header(AUTHORIZATION, &value)
    }

    /// Removes the signed URLs of a message from everything that is returned: anybody who has one
    /// can act.
    #[must_use]
    pub fn hiding_actions(mut self, message: &OutboundMessage) -> Self {
        for secret in message.secrets() {
            self.mask.add(secret);
        }
        self
    }

    /// Removes a text from everything that is returned.
    #[must_use]
    pub fn hiding(mut self, secret: &str) -> Self {
        self.mask.add(secret);
        self
    }
}

/// Returns the mask for the name and the password of a URL, also in the form of the header. A name
/// without a password is treated as a secret too.
fn mask_of_login(url: &Url) -> Mask {
    let mut mask = Mask::default();
    match (url.username(), url.password()) {
        (name, None) if name.len() < 4 => {}
        (name, None) => {
            for secret in [name.to_owned(), decoded(name), format!("{}:", decoded(name))] {
                mask.add(&secret);
            }
        }
        (name, Some(password)) => {
            let both = format!("{}:{}", decoded(name), decoded(password));
            for secret in [password.to_owned(), decoded(password), both] {
                // An empty text would match between any two characters.
                if !secret.is_empty() {
                    mask.add(&secret);
                }
            }
        }
    }
    mask
}

/// Returns a part of a URL as it was before it was escaped.
fn decoded(part: &str) -> String {
    // A character with a meaning in forms alone represents itself.
    let part = part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let mut pairs = form_urlencoded::parse(part.as_bytes());
    pairs.next().map(|(text, _)| text.into_owned()).unwrap_or_default()
}

fn sensitive(value: &str) -> Result<HeaderValue, SendError> {
    let refused = |_: InvalidHeaderValue| {
        SendError::permanent("the secret of the channel has characters that can't be sent")
    };
    let mut value = HeaderValue::from_str(value).map_err(refused)?;
    value.set_sensitive(true);
    Ok(value)
}

impl Client {
    /// Creates a client. Nothing is connected yet.
    ///
    /// # Errors
    /// The certificates of the options can't be read, or the TLS library can't be set up.
    pub fn new(options: &ClientOptions) -> Result<Self, ClientError> {
        let network = NetworkPolicy::new(&options.private_hosts);
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("redphone/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .connect_timeout(options.timeouts.connect)
            .pool_idle_timeout(Duration::from_secs(30))
            .dns_resolver(network.clone());
        if let Some(pem) = &options.ca_pem {
            let certificates =
                Certificate::from_pem_bundle(pem).map_err(|_| ClientError::Certificates)?;
            if certificates.is_empty() {
                return Err(ClientError::Certificates);
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let http = builder.build().map_err(ClientError::Setup)?;
        let (timeouts, ca_pem) = (options.timeouts, options.ca_pem.clone());
        Ok(Self { http, network, timeouts, ca_pem })
    }

    /// Returns which addresses may be connected to, for channels that don't speak HTTP.
    #[must_use]
    pub fn network(&self) -> &NetworkPolicy {
        &self.network
    }

    /// Returns how long to wait, for channels that don't speak HTTP.
    #[must_use]
    pub fn timeouts(&self) -> Timeouts {
        self.timeouts
    }

    /// Returns the certificates in PEM that are trusted in addition to those of the system.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&[u8]> {
        self.ca_pem.as_deref()
    }

    /// Sends a request once and returns the provider's answer, whatever its status.
    ///
    /// # Errors
    /// The host is not allowed or can't be reached, or there is no answer.
    pub async fn send(&self, request: Request) -> Result<Answer, SendError> {
        let Request { method, url, headers, body, mask, max_answer } = request;
        let host = self.checked_host(&url)?;
        let sent = self.http.request(method, url.clone()).headers(headers).body(body).send();
        let limit = self.timeouts.connect + self.timeouts.answer;
        let deadline = tokio::time::Instant::now() + limit;
        let response = match timeout(limit, sent).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(transport_error(&host, &error.without_url(), &mask)),
            Err(_) => return Err(no_answer(&host, limit)),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        // Whether the message was accepted is known by now, however the body ends.
        let body = tokio::time::timeout_at(deadline, read_body(response, max_answer))
            .await
            .unwrap_or_default();
        Ok(Answer {
            host,
            status,
            retry_after: answer::retry_after(&headers),
            redirect_host: answer::redirect_host(&headers, &url).map(|host| mask.apply(&host)),
            body: mask.apply(&String::from_utf8_lossy(&body)),
        })
    }

    /// Requests from a server whether it is ready, and returns whether the answer is a success.
    ///
    /// # Errors
    /// The reason why it is not ready, or can't be reached.
    pub async fn probe(&self, url: Url) -> Result<(), SendError> {
        self.send(Request::get(url, "application/json", MAX_ANSWER_BYTES))
            .await?
            .accepted()
            .map(drop)
    }

    /// Returns the host of a URL for display, if a connection to it is allowed. A host that is a
    /// name is checked again after it was resolved.
    fn checked_host(&self, url: &Url) -> Result<String, SendError> {
        let host = url.host_str().unwrap_or_default();
        let shown = sanitize(host).into_string();
        let is_allowed_scheme = match url.scheme() {
            "https" => true,
            "http" => self.network.is_named(host),
            _ => false,
        };
        if !is_allowed_scheme {
            return Err(SendError::permanent(format!(
                "{shown} would be sent to without TLS: write https:// in the settings, or add \
                 \"{shown}\" to private_hosts under [outbound]"
            )));
        }
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = literal.parse()
            && !self.network.allows(host, address)
        {
            return Err(SendError::permanent(
                ConnectError::Private { host: shown, address }.to_string(),
            ));
        }
        Ok(shown)
    }
}

/// Reads the beginning of a body. What can't be read is as good as absent.
async fn read_body(mut response: Response, max_answer: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = max_answer.saturating_sub(body.len());
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
    }
    body
}

fn no_answer(host: &str, limit: Duration) -> SendError {
    SendError::uncertain(format!(
        "{host} did not answer within {} s: the message may have arrived",
        limit.as_secs_f32()
    ))
}

/// Returns the error of a failed request for the message.
fn transport_error(host: &str, error: &reqwest::Error, mask: &Mask) -> SendError {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    let mut deepest = error.to_string();
    while let Some(current) = cause {
        if let Some(refused) = current.downcast_ref::<ConnectError>() {
            return match refused {
                ConnectError::Private { .. } => SendError::permanent(refused.to_string()),
                ConnectError::NotResolved { .. } => SendError::temporary(refused.to_string()),
            };
        }
        deepest = match current.downcast_ref::<io::Error>() {
            Some(error) => error.to_string().split(" (os error").next().unwrap_or("").to_owned(),
            None => current.to_string(),
        };
        cause = current.source();
    }
    let deepest = mask.apply(&deepest);
    let deepest = truncate(deepest.as_str(), MAX_CAUSE_WIDTH);
    if error.is_connect() {
        if error.is_timeout() {
            return SendError::temporary(format!("{host} made no connection in time"));
        }
        return SendError::temporary(format!("{host} can't be reached: {deepest}"));
    }
    if error.is_builder() {
        return SendError::permanent(format!("the request to {host} can't be made: {deepest}"));
    }
    SendError::uncertain(format!(
        "{host} broke the connection off ({deepest}): the message may have arrived"
    ))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("https://host.example/x", "ines:p", "ines:p")]
    #[case("https://ines:s3cr%2Bt@host.example", "no s3cr+t and no s3cr%2Bt", "no … and no …")]
    // The content of the header Authorization: ines:s3cr+t in Base64.
    #[case("https://ines:s3cr%2Bt@host.example", "Basic aW5lczpzM2NyK3Q=", "Basic …")]
    // tk_1: without a password.
    #[case("https://tk_1@host.example", "Basic dGtfMTo= of tk_1", "Basic … of …")]
    // So short that it is no secret, and may appear anywhere.
    #[case("https://me@host.example", "some text", "some text")]
    fn login_of_a_url_is_hidden(#[case] url: &str, #[case] text: &str, #[case] expected: &str) {
        let mask = mask_of_login(&url.parse().unwrap());
        assert_eq!(mask.apply(text), expected);
    }
}
