//! The proxies that are trusted to name the addresses of their clients, and the headers for it (RFC
//! 7239).
//!
//! Anybody can send the headers `Forwarded` and `X-Forwarded-For`. They are read from the end, where
//! the proxy next to the server has added to them, and only as far as each hop is trusted.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A proxy that is trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TrustedProxy {
    /// Any address of a network.
    Network(IpNet),
    /// Clients of the Unix socket.
    Socket,
}

/// The text names no address, network or socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("give an address such as 10.0.0.7, a network such as 10.0.0.0/8, or `unix`")]
pub struct InvalidProxy;

impl FromStr for TrustedProxy {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("unix") {
            return Ok(Self::Socket);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Network(address.into()));
        }
        text.parse().map(Self::Network).map_err(|_| InvalidProxy)
    }
}

/// The proxies that are trusted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct TrustedProxies(Vec<TrustedProxy>);

impl From<Vec<TrustedProxy>> for TrustedProxies {
    fn from(proxies: Vec<TrustedProxy>) -> Self {
        Self(proxies)
    }
}

impl TrustedProxies {
    /// Returns whether an address is that of a trusted proxy; `None` is the Unix socket.
    pub(super) fn trusts(&self, peer: Option<IpAddr>) -> bool {
        self.0.iter().any(|proxy| match (proxy, peer) {
            (TrustedProxy::Network(network), Some(peer)) => network.contains(&peer.to_canonical()),
            (TrustedProxy::Socket, None) => true,
            _ => false,
        })
    }

    /// Returns the address of the client: that of the peer, or the one that trusted proxies name.
    pub(super) fn client(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = peer;
        if !self.trusts(peer) {
            return client;
        }
        for hop in forwarded_for(headers).iter().rev() {
            // An address that a proxy hides ends the chain.
            let Some(address) = parse_node(hop) else { break };
            client = Some(address);
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

/// Returns the addresses for which the proxies forwarded the request, the first one first: by
/// `Forwarded`, otherwise by `X-Forwarded-For`.
fn forwarded_for(headers: &HeaderMap) -> Vec<String> {
    let elements = |name: HeaderName| -> Vec<String> {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(|part| part.trim().to_owned()).collect()
    };
    let forwarded = elements(header::FORWARDED);
    if forwarded.is_empty() {
        return elements(X_FORWARDED_FOR);
    }
    let node = |element: &String| {
        let pairs = element.split(';').filter_map(|pair| pair.split_once('='));
        let mut nodes = pairs.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
        nodes.next().map_or_else(String::new, |(_, node)| node.trim().to_owned())
    };
    forwarded.iter().map(node).collect()
}

/// Parses the address of a hop, with or without quotes, brackets and a port.
fn parse_node(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let address = text
        .parse::<SocketAddr>()
        .map(|address| address.ip())
        .or_else(|_| text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>());
    address.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn client_is_the_last_hop_that_no_trusted_proxy_is() {
        let trusted = ["10.0.0.0/8", "2001:db8::7", "unix"].map(|text| text.parse().unwrap());
        let trusted = TrustedProxies::from(trusted.to_vec());
        for (peer, name, values, client) in [
            // No other peer may name its client.
            ("192.0.2.9", "x-forwarded-for", &["198.51.100.1"][..], "192.0.2.9"),
            ("10.0.0.7", "x-forwarded-for", &["198.51.100.1"], "198.51.100.1"),
            ("::ffff:10.0.0.7", "x-forwarded-for", &["198.51.100.1"], "198.51.100.1"),
            // Entries of the client itself come before those of the proxy.
            ("10.0.0.7", "x-forwarded-for", &["127.0.0.1, 198.51.100.1"], "198.51.100.1"),
            (
                "10.0.0.7",
                "x-forwarded-for",
                &["127.0.0.1", "198.51.100.1, 10.1.1.1"],
                "198.51.100.1",
            ),
            ("10.0.0.7", "x-forwarded-for", &["10.9.9.9"], "10.9.9.9"),
            ("10.0.0.7", "x-forwarded-for", &["198.51.100.1:4711"], "198.51.100.1"),
            ("10.0.0.7", "x-forwarded-for", &["nonsense"], "10.0.0.7"),
            ("10.0.0.7", "x-forwarded-for", &[""], "10.0.0.7"),
            ("10.0.0.7", "forwarded", &["for=198.51.100.1;proto=https"], "198.51.100.1"),
            ("10.0.0.7", "forwarded", &["For=\"[2001:db8::1]:4711\""], "2001:db8::1"),
            ("10.0.0.7", "forwarded", &["for=198.51.100.1, for=_hidden"], "10.0.0.7"),
            ("2001:db8::7", "forwarded", &["proto=https;for=\"[2001:db8::1]\""], "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(name, value.parse().unwrap());
            }
            let found = trusted.client(Some(peer.parse().unwrap()), &headers);
            assert_eq!(found, Some(client.parse().unwrap()), "{peer} {values:?}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(trusted.client(None, &headers), None);
        headers.append("x-forwarded-for", "198.51.100.1".parse().unwrap());
        assert_eq!(trusted.client(None, &headers), Some("198.51.100.1".parse().unwrap()));
    }

    #[test]
    fn proxy_is_an_address_a_network_or_the_socket() {
        for text in ["10.0.0.7", "10.0.0.0/8", "::1", "2001:db8::/32", "unix"] {
            assert!(text.parse::<TrustedProxy>().is_ok(), "{text}");
        }
        for text in ["", "proxy.example", "10.0.0.0/33", "10.0.0"] {
            assert_eq!(text.parse::<TrustedProxy>(), Err(InvalidProxy), "{text}");
        }
    }
}
