//! What went wrong on the way, as a sentence that names the host.
//!
//! Nothing of a request is in these sentences: reqwest's own name the whole URL.

use std::error::Error;
use std::io;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_rustls::rustls::pki_types::UnixTime;
use tokio_rustls::rustls::{self, CertificateError, InvalidMessage};

use crate::model::text::{sanitize, truncate};

/// The most characters of what a library says.
const MAX_MESSAGE_WIDTH: usize = 200;

/// Where on its way a request was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// Until the head of the answer is there.
    Head,
    /// While the body comes.
    Body,
}

/// An error of the way, as a sentence about a host, and about the proxy on the way to it.
pub(super) fn describe(
    host: &str,
    via: Option<&str>,
    error: &reqwest::Error,
    stage: Stage,
) -> String {
    let Some(via) = via else { return describe_direct_error(host, error, stage) };
    if let Some(said) = describe_proxy_error(host, via, error) {
        return said;
    }
    format!("through the proxy {via}: {}", describe_direct_error(host, error, stage))
}

/// What a proxy did to a request before the host had any part in it.
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
    // What comes after the tunnel is the host's own, as is its certificate.
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

/// An error of a way without a proxy.
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
    // HTTP/2 ends requests in ways of its own.
    format!("{host} broke off the request ({})", causes.root_message())
}

/// It took too long to answer at all.
pub(super) fn no_response(host: &str, after: Duration) -> String {
    format!("{host} took the request and did not answer within {} s", format_seconds(after))
}

/// It stopped in the middle.
pub(super) fn stalled(host: &str, after: Duration) -> String {
    format!(
        "{host} stopped in the middle of its answer: nothing came for {} s",
        format_seconds(after)
    )
}

/// It went on and on.
pub(super) fn too_slow(host: &str, after: Duration) -> String {
    format!(
        "the answer of {host} came too slowly: it was not whole after {} s",
        format_seconds(after)
    )
}

/// In seconds, as whole ones where there is at least one.
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
            let names: Vec<String> = presented
                .iter()
                .map(|name| {
                    name.strip_prefix("DnsName(\"")
                        .map_or(name.as_str(), |name| name.trim_end_matches("\")"))
                })
                .map(|name| sanitize(name).into_owned())
                .collect();
            let names = if names.is_empty() {
                "another name".to_owned()
            } else {
                truncate(&names.join(", "), MAX_MESSAGE_WIDTH).into_owned()
            };
            format!("the certificate of {host} is for {names}: correct the host in the URL")
        }
        E::NotValidForName => {
            format!("the certificate of {host} is for another name: correct the host in the URL")
        }
        E::ExpiredContext { not_after, .. } => {
            let day = format_day(*not_after);
            format!("the certificate of {host} expired on {day}: whoever runs it has to renew it")
        }
        E::Expired => {
            format!("the certificate of {host} has expired: whoever runs it has to renew it")
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
        // A certificate that signs itself is one of an authority where none is allowed.
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

/// What a library says, made short and safe to show.
pub(super) fn short_message(said: &str) -> String {
    let said = said.split(" (os error").next().unwrap_or_default();
    truncate(&sanitize(said), MAX_MESSAGE_WIDTH).into_owned()
}

/// What is behind an error.
struct Causes<'a> {
    tls: Option<&'a rustls::Error>,
    io: Option<&'a io::Error>,
    hyper: Option<&'a hyper::Error>,
    /// What went wrong with the way through a proxy, as its library has it: the type has no name.
    tunnel: Option<String>,
    /// The innermost one.
    root: &'a (dyn Error + 'static),
}

impl<'a> Causes<'a> {
    fn collect(error: &'a reqwest::Error) -> Self {
        let mut causes = Self { tls: None, io: None, hyper: None, tunnel: None, root: error };
        let mut next: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(cause) = next {
            causes.root = cause;
            if causes.tunnel.is_none() {
                let said = cause.to_string();
                causes.tunnel = said.strip_prefix("tunnel error: ").map(str::to_owned);
            }
            causes.tls = causes.tls.or_else(|| cause.downcast_ref());
            causes.hyper = cause.downcast_ref().or(causes.hyper);
            next = cause.source();
            if let Some(io) = cause.downcast_ref::<io::Error>() {
                causes.io = Some(io);
                // What an I/O error carries is no source of it.
                if let Some(inner) = io.get_ref() {
                    next = Some(inner);
                }
            }
        }
        causes
    }

    /// The connection went away.
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

/// Whether the connection, or the request on it, went away without an answer, as proxies do with one
/// that is silent for too long.
pub(super) fn is_connection_lost(error: &reqwest::Error) -> bool {
    let odd = |causes: Causes<'_>| {
        causes.tls.is_some() || causes.hyper.is_some_and(hyper::Error::is_parse)
    };
    error.is_request() && !error.is_connect() && !odd(Causes::collect(error))
}
