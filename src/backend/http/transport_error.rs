//! Describes connection, TLS and HTTP errors as sentences that name the host.
//!
//! The sentences contain nothing of the request. The messages of reqwest would name the complete
//! URL.

use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

use chrono::{DateTime, Utc};
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{self, CertificateError, InvalidMessage};

use crate::model::text::{sanitize, truncate};

/// The maximum width of a library's message within a sentence.
const MAX_MESSAGE_WIDTH: usize = 200;

/// The progress of a request when it failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Before the response head was complete.
    Head,
    /// While the response body was being received.
    Body,
}

/// A request that failed on its way, or on the way back. Displayed as a sentence about the host and
/// about the proxy on the way to it, if any.
#[derive(Debug)]
pub(super) struct TransportError {
    host: String,
    /// The host of the proxy.
    via: Option<String>,
    stage: Stage,
    error: reqwest::Error,
}

impl TransportError {
    pub(super) fn new(
        host: String,
        via: Option<String>,
        error: reqwest::Error,
        stage: Stage,
    ) -> Self {
        // Code that prints the cause must not print the request.
        Self { host, via, stage, error: error.without_url() }
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, via, stage, error } = self;
        let Some(via) = via else {
            return f.write_str(&describe_direct_error(host, error, *stage));
        };
        if let Some(message) = describe_proxy_error(host, via, error) {
            return f.write_str(&message);
        }
        write!(f, "through the proxy {via}: {}", describe_direct_error(host, error, *stage))
    }
}

impl Error for TransportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

/// A request that ended because something took too long.
#[derive(Clone, Debug)]
pub(super) struct TimedOut {
    pub(super) host: String,
    pub(super) delay: Delay,
    /// How long it was waited for.
    pub(super) after: Duration,
}

/// The part that took too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Delay {
    /// The response did not begin.
    NoResponse,
    /// The time between two chunks of the body.
    Stalled,
    /// The response body did not end.
    TooSlow,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (host, seconds) = (&self.host, format_seconds(self.after));
        match self.delay {
            Delay::NoResponse => {
                write!(f, "{host} took the request and did not answer within {seconds} s")
            }
            Delay::Stalled => {
                write!(
                    f,
                    "{host} stopped in the middle of its answer: nothing came for {seconds} s"
                )
            }
            Delay::TooSlow => write!(
                f,
                "the answer of {host} came too slowly: it was not whole after {seconds} s"
            ),
        }
    }
}

impl Error for TimedOut {}

/// Describes a proxy's error on a request that did not reach the host; `None` for other errors.
fn describe_proxy_error(host: &str, via: &str, error: &reqwest::Error) -> Option<String> {
    let causes = Causes::collect(error);
    let proxy = format!("the proxy {via} on the way to {host}");
    let instead = format!("correct HTTPS_PROXY, or name {host} in NO_PROXY");
    if !error.is_connect() {
        return None;
    }
    if error.is_dns() {
        return Some(format!("the name of {proxy} can't be looked up: {instead}"));
    }
    if error.is_timeout() {
        return Some(format!(
            "{proxy} made no connection in time: it is down, or {host} does not answer it"
        ));
    }
    let no_way = causes.io.map(io::Error::kind).filter(|kind| {
        use io::ErrorKind as K;
        matches!(kind, K::ConnectionRefused | K::NetworkUnreachable | K::HostUnreachable)
    });
    // Errors after the tunnel was made come from the host itself, as does its certificate.
    let tunnel = match (&causes.tunnel, no_way) {
        (Some(tunnel), _) => tunnel.as_str(),
        (None, Some(_)) => "failed to create underlying connection",
        (None, None) => return None,
    };
    Some(match (tunnel, no_way) {
        ("proxy authorization required", _) => format!(
            "{proxy} wants a name and a password (407 Proxy Authentication Required): write them \
             into HTTPS_PROXY"
        ),
        (_, Some(io::ErrorKind::ConnectionRefused)) => {
            format!("{proxy} refuses the connection: {instead}")
        }
        ("unsuccessful", _) => format!(
            "{proxy} does not lead there: it may not allow it, or not reach it; ask whoever runs \
             it, or name {host} in NO_PROXY"
        ),
        ("failed to create underlying connection", _) => {
            format!("{proxy} can't be connected to ({}): {instead}", causes.root_message())
        }
        _ => format!("{proxy} cut the connection before it led there"),
    })
}

/// Describes an error of a connection without a proxy.
fn describe_direct_error(host: &str, error: &reqwest::Error, stage: Stage) -> String {
    let causes = Causes::collect(error);
    if let Some(tls) = causes.tls {
        return describe_tls_error(host, tls);
    }
    if error.is_dns() {
        let said = causes.root_message();
        let said = said.rsplit(": ").next().unwrap_or_default();
        return format!(
            "the name {host} can't be looked up ({said}): correct it, or see whether \
                        name service works"
        );
    }
    if error.is_connect() {
        return describe_connect_error(host, error, &causes);
    }
    if causes.is_connection_lost() {
        return match stage {
            Stage::Head => format!("{host} cut the connection before it answered"),
            Stage::Body => format!("{host} cut the connection in the middle of its answer"),
        };
    }
    if causes.hyper.is_some_and(hyper::Error::is_parse) {
        return format!(
            "{host} answers with something that is not HTTP: correct the port, or try \
                        https:// in place of http://"
        );
    }
    if error.is_decode() && stage == Stage::Body {
        return format!(
            "{host} answers with a body that can't be unpacked ({})",
            causes.root_message()
        );
    }
    // HTTP/2 has its own ways to end a request.
    format!("{host} broke off the request ({})", causes.root_message())
}

/// Formats a duration in seconds: whole seconds from one second on, tenths below.
fn format_seconds(span: Duration) -> String {
    if span >= Duration::from_secs(1) {
        span.as_secs().to_string()
    } else {
        format!("{:.1}", span.as_secs_f32())
    }
}

fn describe_connect_error(host: &str, error: &reqwest::Error, causes: &Causes<'_>) -> String {
    if error.is_timeout() {
        return format!(
            "{host} did not take the connection in time: it is down, or a firewall \
                        drops what is sent to it"
        );
    }
    match causes.io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            format!("{host} refuses the connection: nothing listens on that port")
        }
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            format!("there is no way to {host}: the network is down, or has no route to it")
        }
        Some(kind) if is_disconnect(kind) => {
            format!(
                "{host} cut the connection while it was made: it may expect http://, or a proxy \
                     in between may refuse"
            )
        }
        _ => format!("{host} can't be connected to ({})", causes.root_message()),
    }
}

fn describe_tls_error(host: &str, error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(why) => describe_certificate_error(host, why),
        rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => format!(
            "{host} does not speak TLS on that port: correct the port, or try http:// in \
                      place of https://"
        ),
        rustls::Error::AlertReceived(alert) => {
            format!("{host} broke off the TLS handshake ({alert:?})")
        }
        other => format!(
            "no TLS connection to {host} can be made ({})",
            short_message(&other.to_string())
        ),
    }
}

fn describe_certificate_error(host: &str, why: &CertificateError) -> String {
    use CertificateError as E;
    match why {
        E::NotValidForNameContext { presented, .. } => {
            let names: Vec<_> = presented
                .iter()
                .map(|name| {
                    name.strip_prefix("DnsName(\"")
                        .map_or(name.as_str(), |name| name.trim_end_matches("\")"))
                })
                .map(sanitize)
                .collect();
            let names = if names.is_empty() {
                "another name".to_owned()
            } else {
                truncate(names.join(", "), MAX_MESSAGE_WIDTH).into_string()
            };
            format!("the certificate of {host} is for {names}: correct the host in the URL")
        }
        E::NotValidForName => {
            format!("the certificate of {host} is for another name: correct the host in the URL")
        }
        E::ExpiredContext { not_after, .. } => {
            let day = format_day(*not_after);
            format!("the certificate of {host} expired on {day}: its operator must renew it")
        }
        E::Expired => {
            format!("the certificate of {host} has expired: its operator must renew it")
        }
        E::NotValidYetContext { not_before, .. } => {
            let day = format_day(*not_before);
            format!(
                "the certificate of {host} is valid from {day} on: see whether this clock is \
                     right"
            )
        }
        E::NotValidYet => {
            format!("the certificate of {host} is not valid yet: see whether this clock is right")
        }
        E::UnknownIssuer => unknown_issuer(host),
        E::Revoked => format!("the certificate of {host} was revoked"),
        // rustls reports a self-signed certificate as an authority used as an end entity.
        other if other.to_string().contains("CaUsedAsEndEntity") => unknown_issuer(host),
        other => {
            format!(
                "the certificate of {host} can't be used ({})",
                short_message(&other.to_string())
            )
        }
    }
}

fn unknown_issuer(host: &str) -> String {
    format!(
        "the certificate of {host} is from an authority that is not known here: if it is your \
             own, name its certificate with ca_file"
    )
}

fn format_day(time: UnixTime) -> String {
    let at = i64::try_from(time.as_secs()).ok().and_then(|s| DateTime::<Utc>::from_timestamp(s, 0));
    at.map_or_else(|| "an unknown day".into(), |at| at.format("%Y-%m-%d").to_string())
}

/// Returns a library's message, shortened and safe to show.
pub(super) fn short_message(message: &str) -> String {
    let message = message.split(" (os error").next().unwrap_or_default();
    truncate(message, MAX_MESSAGE_WIDTH).into_string()
}

/// The causes found in an error's source chain.
struct Causes<'a> {
    tls: Option<&'a rustls::Error>,
    io: Option<&'a io::Error>,
    hyper: Option<&'a hyper::Error>,
    /// The error of the tunnel through a proxy, as text: the library's error type is private.
    tunnel: Option<String>,
    /// The innermost error of the source chain.
    root: &'a (dyn Error + 'static),
}

impl<'a> Causes<'a> {
    fn collect(error: &'a reqwest::Error) -> Self {
        let mut causes = Self { tls: None, io: None, hyper: None, tunnel: None, root: error };
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(cause) = next {
            causes.root = cause;
            if causes.tunnel.is_none() {
                let message = cause.to_string();
                causes.tunnel = message.strip_prefix("tunnel error: ").map(str::to_owned);
            }
            causes.tls = causes.tls.or_else(|| cause.downcast_ref());
            causes.hyper = cause.downcast_ref().or(causes.hyper);
            next = cause.source();
            if let Some(io) = cause.downcast_ref::<io::Error>() {
                causes.io = Some(io);
                // The error inside an I/O error is not part of its source chain.
                if let Some(inner) = io.get_ref() {
                    next = Some(inner);
                }
            }
        }
        causes
    }

    /// Returns whether the connection was lost.
    fn is_connection_lost(&self) -> bool {
        self.io.is_some_and(|io| is_disconnect(io.kind()))
            || self.hyper.is_some_and(|e| e.is_incomplete_message() || e.is_closed())
    }

    fn root_message(&self) -> String {
        short_message(&self.root.to_string())
    }
}

fn is_disconnect(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::NotConnected
    )
}

/// Returns whether the connection or the request on it was lost before a response. Proxies do this
/// with connections that are silent for too long.
pub(super) fn is_connection_lost(error: &reqwest::Error) -> bool {
    let is_protocol_error = |causes: Causes<'_>| {
        causes.tls.is_some() || causes.hyper.is_some_and(hyper::Error::is_parse)
    };
    error.is_request() && !error.is_connect() && !is_protocol_error(Causes::collect(error))
}
