//! Builds the HTTP client of an API from its options.

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use reqwest::{Client, redirect};

use super::backoff::PathBackoff;
use super::client::ApiClient;
use super::clock::ServerClock;
use super::open_error::OpenError;
use super::options::Options;
use super::token::TokenCache;
use super::{transport_error, trust};

/// After this time without traffic, a connection is probed to find out whether it is still alive
/// (TCP keepalive, HTTP/2 ping).
const PROBE_INTERVAL: Duration = Duration::from_secs(20);

/// Creates the client; sends nothing and reads no token yet.
///
/// # Errors
/// The certificates can't be read, or the system has none; the address would expose the token because
/// it has no TLS; the proxy can't be used.
pub(super) fn build_client(options: Options) -> Result<ApiClient, OpenError> {
    let Options { address, token, ca_file, insecure_http, proxies, timeouts } = options;
    if address.is_exposed() && !insecure_http {
        return Err(OpenError::new(format!("the API {}", address.exposed_reason())));
    }
    let mut builder = Client::builder()
        .user_agent(concat!("redphone/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(timeouts.connect)
        // Redirects are not followed, so that the token reaches no other host.
        .redirect(redirect::Policy::none())
        .referer(false)
        .tcp_keepalive(PROBE_INTERVAL)
        .http2_keep_alive_interval(PROBE_INTERVAL)
        .http2_keep_alive_timeout(timeouts.connect);
    if let Some(file) = &ca_file {
        builder = builder.tls_backend_preconfigured(trust::load(file)?);
    } else if !address.is_tls() {
        // Plain HTTP needs no trusted authorities, and loading the system's takes time.
        builder = builder.tls_certs_only([]);
    }
    let proxy = proxies.resolve(&address)?;
    builder = builder.no_proxy();
    if let Some(proxy) = &proxy {
        builder = builder.proxy(proxy.to_reqwest().map_err(|_| {
            OpenError::new(format!(
                "the proxy {} on the way to {} can't be used: correct HTTPS_PROXY",
                proxy.host,
                address.host()
            ))
        })?);
    }
    let http = builder.build().map_err(|error| {
        let mut cause: &dyn std::error::Error = &error;
        while let Some(inner) = cause.source() {
            cause = inner;
        }
        let said = transport_error::short_message(&cause.to_string());
        OpenError::new(format!(
            "no TLS connection can be made here ({said}): install the system's certificates \
             (ca-certificates), or name a file of them with ca_file"
        ))
    })?;
    let host = address.host();
    let tokens = TokenCache::new(token, address.clone());
    let (proxy_host, backoff) = (proxy.map(|proxy| proxy.host), PathBackoff::default());
    Ok(ApiClient {
        http,
        address,
        host,
        proxy_host,
        tokens,
        timeouts,
        clock: ServerClock::new(),
        backoff,
        person: Mutex::default(),
        contact: Mutex::default(),
        seen: Mutex::default(),
        unreadable: AtomicUsize::new(0),
    })
}
