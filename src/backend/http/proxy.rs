//! Finds the proxy between this machine and the API, if there is one.
//!
//! The proxy is determined once, for the one address that the client uses, so that errors can name
//! it. The proxy's user name and password never appear in a message or in the log.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::HeaderValue;

use super::address::Address;
use super::open_error::OpenError;

/// The source of the proxy settings.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum ProxySettings {
    /// The variables `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, or the system's
    /// settings.
    #[default]
    System,
    /// The settings given here.
    Given {
        /// The URL in the form of the variables; may contain a user name and a password.
        url: String,
        /// The hosts that are reached without the proxy, in the form of `NO_PROXY`.
        except: String,
    },
}

impl fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            // The URL may contain a password.
            Self::Given { .. } => "Given",
        })
    }
}

/// The proxy on the way to an address.
pub(super) struct Proxy {
    /// The URL without user name and password.
    url: String,
    /// Host and port, which name the proxy in messages.
    pub(super) host: String,
    /// The value of `Proxy-Authorization`.
    authorization: Option<HeaderValue>,
}

impl ProxySettings {
    /// Returns the proxy on the way to an address; `None` if there is none.
    ///
    /// # Errors
    /// The proxy is of a kind that is not supported, such as SOCKS.
    pub(super) fn resolve(&self, address: &Address) -> Result<Option<Proxy>, OpenError> {
        // Requests to this machine must not leave it for a proxy.
        if address.is_loopback() {
            return Ok(None);
        }
        let matcher = match self {
            Self::System => Matcher::from_system(),
            Self::Given { url, except } => {
                Matcher::builder().all(url.as_str()).no(except.as_str()).build()
            }
        };
        let intercept = address.to_string().parse().ok().and_then(|uri| matcher.intercept(&uri));
        let Some(intercept) = intercept else { return Ok(None) };
        let uri = intercept.uri();
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let scheme = uri.scheme_str().unwrap_or_default();
        if !matches!(scheme, "http" | "https") {
            return Err(OpenError::new(format!(
                "the proxy {host} on the way to {there} is one of {scheme}, which is not spoken \
                 here: name one of HTTP in HTTPS_PROXY, or {there} in NO_PROXY",
                there = address.host()
            )));
        }
        let authorization = intercept.basic_auth().cloned();
        Ok(Some(Proxy { url: uri.to_string(), host, authorization }))
    }
}

impl Proxy {
    /// Returns the proxy in the form that the HTTP client needs.
    pub(super) fn to_reqwest(&self) -> reqwest::Result<reqwest::Proxy> {
        let proxy = reqwest::Proxy::all(&self.url)?;
        Ok(match &self.authorization {
            Some(authorization) => proxy.custom_http_auth(authorization.clone()),
            None => proxy,
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn resolve(url: &str, except: &str, address: &str) -> Result<Option<Proxy>, OpenError> {
        ProxySettings::Given { url: url.into(), except: except.into() }
            .resolve(&address.parse().unwrap())
    }

    #[rstest]
    #[case("http://proxy.example:3128", "", "https://a.example", Some("proxy.example:3128"))]
    #[case("proxy.example:3128", "", "http://a.example", Some("proxy.example:3128"))]
    #[case("http://ines:hunter2@proxy.example", "", "https://a.example", Some("proxy.example"))]
    #[case("http://proxy.example", "a.example", "https://a.example", None)]
    #[case("http://proxy.example", ".example", "https://a.example:8443", None)]
    #[case("http://proxy.example", "10.0.0.0/8", "https://10.1.2.3", None)]
    #[case("http://proxy.example", "", "https://localhost", None)]
    #[case("http://proxy.example", "", "https://[::1]:7373", None)]
    #[case("", "", "https://a.example", None)]
    fn proxy_of_an_address_is_named_by_its_host(
        #[case] url: &str,
        #[case] except: &str,
        #[case] address: &str,
        #[case] host: Option<&str>,
    ) {
        let proxy = resolve(url, except, address).unwrap();
        assert_eq!(proxy.as_ref().map(|proxy| proxy.host.as_str()), host);
        assert!(proxy.is_none_or(|proxy| !proxy.url.contains("hunter2")));
    }

    #[test]
    fn unsupported_proxy_is_refused_without_its_password() {
        let refused = resolve("socks5://ines:hunter2@proxy.example:1080", "", "https://a.example");
        let refused = refused.err().unwrap().to_string();
        assert!(refused.starts_with("the proxy proxy.example:1080 on the way to a.example"));
        assert!(!refused.contains("hunter2") && !refused.contains("ines"), "{refused}");
        let given =
            ProxySettings::Given { url: "http://ines:hunter2@p".into(), except: String::new() };
        assert!(!format!("{given:?}").contains("hunter2"));
    }
}
