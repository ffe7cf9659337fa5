//! Responses that can't be used, as sentences that name the host.

use std::error::Error;
use std::fmt;

use super::Address;
use super::transport_error::short_message;
use crate::backend::BackendError;
use crate::model::text::{sanitize, truncate};

/// A response that can't be used, with the host that sent it.
#[derive(Debug)]
pub(super) struct UnusableResponse {
    pub(super) host: String,
    pub(super) reason: Unusable,
}

/// The reason why a response can't be used. Texts in it are as the server sent them.
#[derive(Debug)]
pub(super) enum Unusable {
    /// The token is refused.
    TokenRefused {
        address: Address,
        /// The details from the API.
        detail: Option<String>,
    },
    /// There is no API at this address.
    NoApi { address: Address },
    /// The API reports that it failed.
    Failed { detail: String },
    /// Something that is not the API answers with a status and a media type.
    NotJson { status: String, media_type: String },
    /// The request should be sent elsewhere.
    Redirect {
        status: String,
        /// The URL without secrets; `None` if there is no meaningful one.
        to: Option<String>,
    },
    /// The token or the path is wrong, so no command was examined.
    CommandsRefused { error: BackendError },
    /// The body is longer than this many bytes.
    TooLong { max_bytes: usize },
    /// The body ends too early.
    CutOff,
    /// The body is no JSON, or not the JSON that the API sends.
    Undecodable { error: serde_json::Error },
    /// A command of a batch has an answer that can't be decoded.
    UndecodableAnswer,
    /// The answers are not those of the commands that were sent.
    OtherCommands,
    /// The server reports that a response did not change which this client does not have.
    NotCached,
}

impl fmt::Display for UnusableResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = &self.host;
        match &self.reason {
            Unusable::TokenRefused { address, detail } => {
                let detail = detail.as_deref().map(sanitize);
                let detail = detail.as_deref().unwrap_or("it wants another one");
                write!(
                    f,
                    "{host} does not take the token ({detail}): put a good one in its place, with \
                     `redphone login {address}` where it is in the keyring"
                )
            }
            Unusable::NoApi { address } => write!(
                f,
                "there is no redphone API (v1) at {address}: correct the URL, or see what stands \
                 there"
            ),
            Unusable::Failed { detail } => write!(f, "{host} says: {}", sanitize(detail)),
            Unusable::NotJson { status, media_type } => write_not_json(f, host, status, media_type),
            Unusable::Redirect { status, to } => {
                let to = to.as_ref().map(|to| truncate(to, 200).into_owned());
                let to = to.as_deref().unwrap_or("nowhere");
                write!(
                    f,
                    "{host} sends elsewhere, to {to} ({status}), and the token does not go there: \
                     if that is the API, name it as the backend"
                )
            }
            Unusable::CommandsRefused { error } => {
                let detail = error.to_string();
                write!(
                    f,
                    "{host} takes no commands from here ({}): see that the token may send them, \
                     and that the URL is right",
                    sanitize(&detail)
                )
            }
            Unusable::TooLong { max_bytes } => {
                let most = max_bytes / 1024 / 1024;
                write!(f, "the answer of {host} has more than {most} MiB: it is not read")
            }
            Unusable::CutOff => write!(f, "{host} stopped in the middle of its answer"),
            Unusable::Undecodable { error } => write!(
                f,
                "the answer of {host} can't be understood ({}): it may be of another version",
                short_message(&error.to_string())
            ),
            Unusable::UndecodableAnswer => write!(
                f,
                "what {host} says about it can't be understood: it may be of another version"
            ),
            Unusable::OtherCommands => write!(f, "{host} answers commands that were not sent"),
            Unusable::NotCached => write!(f, "{host} answers 304 to what is not known here yet"),
        }
    }
}

/// Writes the sentence for a response that is not from the API but from a proxy or another server.
fn write_not_json(
    f: &mut fmt::Formatter<'_>,
    host: &str,
    status: &str,
    media_type: &str,
) -> fmt::Result {
    let kind = sanitize(media_type);
    let kind = truncate(&kind, 60);
    if status.starts_with("407") {
        write!(
            f,
            "the proxy on the way to {host} wants a name and a password ({status}): write them \
             into HTTPS_PROXY"
        )
    } else if status.starts_with('2') {
        write!(
            f,
            "{host} answers with {kind} in place of JSON ({status}): that is no redphone API, it \
             may be a sign-in page of something in between"
        )
    } else {
        write!(
            f,
            "{host} answers {status} with {kind}, which is nothing that the API says: it seems to \
             come from a proxy in between"
        )
    }
}

impl Error for UnusableResponse {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            Unusable::CommandsRefused { error } => Some(error),
            Unusable::Undecodable { error } => Some(error),
            _ => None,
        }
    }
}
