//! Which addresses may be connected to: public ones, and those private ones that the settings name.
//!
//! A name is checked after it was resolved, and the connection goes to the address that was
//! checked. A host that resolves to another address the next time can't bypass the check.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::lookup_host;

/// A host in the own network that the settings allow to connect to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PrivateHost {
    /// A host by its name, whatever its address.
    Name(String),
    /// All addresses with the same first bits as this one.
    Network {
        /// An address of the network.
        address: IpAddr,
        /// The number of bits that are the same for all.
        prefix: u8,
    },
}

/// The error for a text that names no host. Displayed as half a sentence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error(
    "is no host: write a name such as \"ntfy.internal\", an address such as \"10.1.2.3\", or a \
     network such as \"10.1.0.0/16\""
)]
pub struct InvalidHost;

impl FromStr for PrivateHost {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => {
                let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
                let prefix = digits.then(|| prefix.parse::<u8>().ok()).flatten();
                (address, Some(prefix.ok_or(InvalidHost)?))
            }
            None => (text, None),
        };
        if let Some(address) = parse_address(address) {
            let bits = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.unwrap_or(bits);
            return (prefix <= bits)
                .then_some(Self::Network { address, prefix })
                .ok_or(InvalidHost);
        }
        let is_name = !text.is_empty()
            && text.len() <= 253
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
            // Digits and dots alone are an address that was misspelt.
            && text.bytes().any(|b| b.is_ascii_alphabetic());
        if prefix.is_some() || !is_name {
            return Err(InvalidHost);
        }
        Ok(Self::Name(normalize(text)))
    }
}

impl fmt::Display for PrivateHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Network { address, prefix } => {
                let bits = if address.is_ipv4() { 32 } else { 128 };
                if *prefix == bits { address.fmt(f) } else { write!(f, "{address}/{prefix}") }
            }
        }
    }
}

/// The reason why no connection is made to a host. Displayed as a sentence.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConnectError {
    /// All addresses of the host are private, and the settings don't name it.
    #[error(
        "{host} is in the own network ({address}), where messages go only to hosts that are named: \
         add \"{host}\" to private_hosts under [outbound] in the settings file"
    )]
    Private {
        /// The host.
        host: String,
        /// One of its addresses.
        address: IpAddr,
    },
    /// The name has no address.
    #[error("the name {host} can't be looked up")]
    NotResolved {
        /// The host.
        host: String,
    },
}

/// Decides which addresses may be connected to.
#[derive(Clone, Debug, Default)]
pub struct NetworkPolicy {
    named: Arc<[PrivateHost]>,
}

impl NetworkPolicy {
    /// Allows public addresses, and private ones of these hosts.
    #[must_use]
    pub fn new(named: &[PrivateHost]) -> Self {
        Self { named: named.into() }
    }

    /// Returns whether the settings name a host, so that it may be private and without TLS.
    #[must_use]
    pub fn is_named(&self, host: &str) -> bool {
        let address = parse_address(host);
        self.named.iter().any(|named| match (named, address) {
            (PrivateHost::Name(name), None) => *name == normalize(host),
            (PrivateHost::Network { .. }, Some(address)) => contains(named, address),
            _ => false,
        })
    }

    /// Returns whether a connection to this address of a host is allowed.
    #[must_use]
    pub fn allows(&self, host: &str, address: IpAddr) -> bool {
        is_public(address)
            || self.is_named(host)
            || self.named.iter().any(|named| contains(named, address))
    }

    /// Returns the addresses of a host to which a connection is allowed.
    ///
    /// # Errors
    /// The name can't be resolved, or has no address that is allowed.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
        let found: Vec<SocketAddr> = match parse_address(host) {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => match lookup_host((host, port)).await {
                Ok(found) => found.collect(),
                Err(_) => Vec::new(),
            },
        };
        let Some(first) = found.first() else {
            return Err(ConnectError::NotResolved { host: host.to_owned() });
        };
        let address = first.ip();
        let allowed: Vec<SocketAddr> =
            found.into_iter().filter(|found| self.allows(host, found.ip())).collect();
        if allowed.is_empty() {
            return Err(ConnectError::Private { host: host.to_owned(), address });
        }
        Ok(allowed)
    }
}

impl Resolve for NetworkPolicy {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.clone();
        Box::pin(async move {
            let addresses = NetworkPolicy::resolve(&policy, name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Parses an address, with or without the brackets that a URL has.
fn parse_address(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    inner.unwrap_or(text).parse().ok()
}

/// Returns the form of a name by which two of them are compared.
fn normalize(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn contains(named: &PrivateHost, address: IpAddr) -> bool {
    let PrivateHost::Network { address: network, prefix } = named else { return false };
    let bits = |address: &IpAddr| match address {
        IpAddr::V4(v4) => u128::from(v4.to_bits()) << 96,
        IpAddr::V6(v6) => v6.to_bits(),
    };
    let mask = u128::MAX.checked_shl(128 - u32::from(*prefix)).unwrap_or(0);
    let address = address.to_canonical();
    network.is_ipv4() == address.is_ipv4() && (bits(network) ^ bits(&address)) & mask == 0
}

/// Returns whether an address is one of the public network.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

/// The ranges are those of IANA's registry of special addresses.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_benchmark = a == 198 && (b == 18 || b == 19);
    let is_protocol = (a, b, c) == (192, 0, 0);
    // Relays of 6to4, which lead to an arbitrary relay.
    let is_relay = (a, b, c) == (192, 88, 99);
    !(a == 0
        || a >= 240
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_benchmark
        || is_protocol
        || is_relay)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    let embedded = |high: u16, low: u16| {
        is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
    };
    match segments {
        // Addresses that represent one of IPv4: mapped, compatible, NAT64 and 6to4.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low)
        }
        [0x2002, high, low, ..] => embedded(high, low),
        // Documentation; and the block of protocols, with the tunnels of Teredo, which hide an address of
        // IPv4, and test networks. No registry gives hosts an address of it.
        [0x2001, 0xdb8 | 0..=0x01ff, ..] | [0x3fff, 0..=0x0fff, ..] => false,
        // Global unicast addresses all have these three bits; local, link-local, site-local and
        // multicast addresses don't.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("127.0.0.1", false)]
    #[case("10.1.2.3", false)]
    #[case("172.16.0.1", false)]
    #[case("172.32.0.1", true)]
    #[case("192.168.1.1", false)]
    #[case("169.254.169.254", false)]
    #[case("100.64.0.1", false)]
    #[case("100.128.0.1", true)]
    #[case("0.0.0.0", false)]
    #[case("255.255.255.255", false)]
    #[case("224.0.0.1", false)]
    #[case("198.18.0.1", false)]
    #[case("8.8.8.8", true)]
    #[case("::1", false)]
    #[case("::", false)]
    #[case("fe80::1", false)]
    #[case("fd00::1", false)]
    #[case("ff02::1", false)]
    #[case("fec0::1", false)]
    #[case("2001:db8::1", false)]
    #[case("2606:4700::1111", true)]
    #[case("::ffff:10.0.0.1", false)]
    #[case("::ffff:8.8.8.8", true)]
    #[case("64:ff9b::7f00:1", false)]
    #[case("2002:7f00:1::", false)]
    #[case("64:ff9b::808:808", true)]
    #[case("64:ff9b:1::808:808", false)]
    #[case("2001:0:53aa:64c:0:0:80ff:fffe", false)]
    #[case("2001:2::1", false)]
    #[case("2001:200::1", true)]
    #[case("3fff::1", false)]
    #[case("3fff:1000::1", true)]
    #[case("192.88.99.1", false)]
    #[case("192.88.98.1", true)]
    #[case("::127.0.0.1", false)]
    fn private_addresses_are_recognized(#[case] address: &str, #[case] public: bool) {
        assert_eq!(is_public(address.parse().unwrap()), public);
    }

    #[rstest]
    #[case("10.0.0.0/8", "10.9.9.9", true)]
    #[case("10.0.0.0/8", "11.0.0.1", true)]
    #[case("10.0.0.0/8", "192.168.0.1", false)]
    #[case("10.0.0.0/8", "::ffff:10.0.0.1", true)]
    #[case("10.1.2.3", "10.1.2.3", true)]
    #[case("10.1.2.3", "10.1.2.4", false)]
    #[case("0.0.0.0/0", "127.0.0.1", true)]
    #[case("0.0.0.0/0", "::1", false)]
    #[case("fd00::/8", "fd12::1", true)]
    #[case("::1", "::1", true)]
    fn named_networks_allow_their_addresses(
        #[case] network: &str,
        #[case] address: &str,
        #[case] allowed: bool,
    ) {
        let policy = NetworkPolicy::new(&[network.parse().unwrap()]);
        assert_eq!(policy.allows("some.example", address.parse().unwrap()), allowed);
    }

    #[rstest]
    #[case("ntfy.internal")]
    #[case("NTFY.internal.")]
    #[case("localhost")]
    #[case("10.0.0.0/33")]
    #[case("10.0.0.0/")]
    #[case("10.0.0.0/+8")]
    #[case("10.0.0")]
    #[case("http://ntfy.internal")]
    #[case("")]
    #[case("fd00::/129")]
    fn hosts_of_the_settings_are_read(#[case] text: &str) {
        let is_valid = text.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && !text.contains(['/', ':']);
        assert_eq!(text.parse::<PrivateHost>().is_ok(), is_valid, "{text}");
    }

    #[tokio::test]
    async fn private_host_is_refused_unless_it_is_named() {
        let refused = NetworkPolicy::default().resolve("localhost", 80).await.unwrap_err();
        assert!(matches!(&refused, ConnectError::Private { host, .. } if host == "localhost"));
        let named = NetworkPolicy::new(&["LOCALHOST".parse().unwrap()]);
        let found = named.resolve("localhost", 80).await.unwrap();
        assert!(found.iter().all(|found| found.ip().is_loopback() && found.port() == 80));
        // The name of a host does not match other hosts with the same address.
        assert!(!named.allows("other.example", "127.0.0.1".parse().unwrap()));
    }
}
