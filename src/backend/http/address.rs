//! Base URL of an API, checked before anything is sent to it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use reqwest::Url;

/// The base of an API, such as `https://incidents.example.net` or `https://example.net/redphone`.
///
/// The scheme is `http` or `https`. The URL has a host and contains no user name, password, query
/// or fragment, so that it can be shown to everybody.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Address(Url);

/// The reason why a text is no valid address: half a sentence, to be put after the name of the
/// setting. It never quotes the text, which may contain a password.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(String);

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let error = |why: &str| Err(AddressError(why.into()));
        let Ok(mut url) = text.trim().parse::<Url>() else {
            return error("is no URL: write one such as https://incidents.example.net");
        };
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return error("is no URL of a server: write one such as https://incidents.example.net");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return error(
                "has a name or a password in front of the host: take it out, the token \
                        comes from the keyring, a file, a variable or a command",
            );
        }
        if url.query().is_some() || url.fragment().is_some() {
            return error("has a ? or a # in it: end it before that");
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl Address {
    /// Returns the host, with the port unless it is the scheme's default.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Returns whether requests can be read on their way: they leave this machine without TLS.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        !self.is_tls() && !self.is_loopback()
    }

    /// Returns why nothing is sent to an exposed address without permission: half a sentence, to be
    /// put after the name of the setting.
    #[must_use]
    pub fn exposed_reason(&self) -> String {
        format!(
            "is {self}: without TLS the token could be read on the way; write https://, or put it \
             into a profile with insecure_http = true"
        )
    }

    /// Returns whether the API is reached over TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Returns whether the API runs on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.0.host_str().unwrap_or_default();
        let v6 = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
            || v6.parse::<Ipv6Addr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Returns the URL of a path of the API, such as `/v1/incidents/{id}`, with `value` in place of
    /// its `{…}`. The value is escaped and stays one segment of the path.
    pub(super) fn join(&self, path: &str, value: &str) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            for segment in path.split('/').filter(|segment| !segment.is_empty()) {
                segments.push(if segment.starts_with('{') { value } else { segment });
            }
        }
        url
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "https://incidents.example.net",
        "https://incidents.example.net",
        "incidents.example.net"
    )]
    #[case(" https://Example.net:443/ ", "https://example.net", "example.net")]
    #[case("http://127.0.0.1:7373", "http://127.0.0.1:7373", "127.0.0.1:7373")]
    #[case("https://example.net/redphone/", "https://example.net/redphone", "example.net")]
    #[case("http://[::1]:7373", "http://[::1]:7373", "[::1]:7373")]
    fn url_parses_as_address(#[case] text: &str, #[case] shown: &str, #[case] host: &str) {
        let address: Address = text.parse().unwrap();
        assert_eq!((address.to_string().as_str(), address.host().as_str()), (shown, host));
        assert_eq!(shown.parse::<Address>().unwrap(), address);
    }

    #[rstest]
    #[case("", "is no URL")]
    #[case("incidents.example.net", "is no URL")]
    #[case("localhost:7373", "is no URL of a server")]
    #[case("file:///etc/passwd", "is no URL of a server")]
    #[case("https://", "is no URL")]
    #[case("https://ines:hunter2@example.net", "has a name or a password")]
    #[case("https://hunter2@example.net", "has a name or a password")]
    #[case("https://example.net/?token=hunter2", "has a ? or a #")]
    #[case("https://example.net/#hunter2", "has a ? or a #")]
    #[case("https://exa mple.net/hunter2", "is no URL")]
    fn invalid_address_is_refused_without_being_quoted(#[case] text: &str, #[case] why: &str) {
        let refused = text.parse::<Address>().unwrap_err().to_string();
        assert!(refused.starts_with(why), "{refused}");
        assert!(!refused.contains("hunter2"), "{refused}");
    }

    #[rstest]
    #[case("http://127.0.0.1", false)]
    #[case("http://127.9.9.9:1", false)]
    #[case("http://localhost:7373", false)]
    #[case("http://[::1]", false)]
    #[case("https://example.net", false)]
    #[case("http://example.net", true)]
    #[case("http://localhost.example.net", true)]
    #[case("http://10.0.0.1", true)]
    #[case("http://0.0.0.0", true)]
    #[case("http://[2001:db8::1]", true)]
    fn only_plain_http_that_leaves_the_machine_is_exposed(
        #[case] text: &str,
        #[case] exposed: bool,
    ) {
        assert_eq!(text.parse::<Address>().unwrap().is_exposed(), exposed);
    }

    #[test]
    fn path_value_stays_one_segment() {
        let address: Address = "https://example.net/base".parse().unwrap();
        let url = address.join("/v1/numbers/{number}", "a/../b?c#d é%");
        assert_eq!(
            url.as_str(),
            "https://example.net/base/v1/numbers/a%2F..%2Fb%3Fc%23d%20%C3%A9%25"
        );
        assert_eq!(address.join("/v1/changes", "").as_str(), "https://example.net/base/v1/changes");
    }
}
