//! How a remote API is reached.

use std::path::PathBuf;
use std::time::Duration;

use super::address::Address;
use super::proxy::ProxySettings;
use super::token::TokenSource;

/// Settings for reaching a remote API.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The base URL of the API.
    pub address: Address,
    /// Where the token is read from.
    pub token: TokenSource,
    /// A PEM file with certificates of authorities. If set, only these authorities are trusted and
    /// none of the system's, so that nobody else can vouch for a private host.
    pub ca_file: Option<PathBuf>,
    /// Whether the token may be sent without TLS to another machine.
    pub insecure_http: bool,
    /// Which proxy to use.
    pub proxies: ProxySettings,
    /// Time limits of the steps of a request.
    pub timeouts: Timeouts,
}

/// Time limits of the steps of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timeouts {
    /// For making a connection, including name lookup and the TLS handshake.
    pub connect: Duration,
    /// From then until the response begins, in addition to the wait that the request contains.
    pub response: Duration,
    /// Between two chunks of a response body.
    pub chunk: Duration,
    /// For the complete response body.
    pub body: Duration,
}

impl Timeouts {
    /// Returns the time until a response must have begun, including making the connection.
    #[must_use]
    pub fn request(&self) -> Duration {
        self.connect + self.response
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            response: Duration::from_secs(20),
            chunk: Duration::from_secs(15),
            body: Duration::from_mins(1),
        }
    }
}
