//! The proxy that requests take, where one stands between this machine and the API.
//!
//! Which one is found out once, for the one address that is asked: what goes wrong on the way can be
//! told by its name then. Its own name and password are in no sentence and in no log.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::HeaderValue;

use super::{Address, OpenError};

/// What says which proxy is taken.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum ProxySettings {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, or the system.
    #[default]
    System,
    /// This one.
    Given {
        /// Its URL, as the variables have it; a name and a password may be in it.
        url: String,
        /// The hosts to which it does not lead, as `NO_PROXY` has them.
        except: String,
    },
}

impl fmt::Debug for ProxySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            // A password may be in it.
            Self::Given { .. } => "Given",
        })
    }
}

/// The proxy on the way to an address.
pub(super) struct Proxy {
    /// Its URL without a name and a password.
    url: String,
    /// How it is called in sentences: its host and port.
    pub(super) host: String,
    /// What it is told who asks.
    authorization: Option<HeaderValue>,
}

impl ProxySettings {
    /// The proxy that leads to an address; `None` where none does.
    ///
    /// # Errors
    /// It speaks nothing that is spoken here.
    pub(super) fn resolve(&self, address: &Address) -> Result<Option<Proxy>, OpenError> {
        // What stays on this machine must not leave it for a proxy.
        if address.is_loopback() {
            return Ok(None);
        }
        let proxies = match self {
            Self::System => Matcher::from_system(),
            Self::Given { url, except } => {
                Matcher::builder().all(url.as_str()).no(except.as_str()).build()
            }
        };
        let intercept = address.to_string().parse().ok().and_then(|uri| proxies.intercept(&uri));
        let Some(intercept) = intercept else { return Ok(None) };
        let uri = intercept.uri();
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let scheme = uri.scheme_str().unwrap_or_default();
        if !matches!(scheme, "http" | "https") {
            return Err(OpenError(format!(
                "the proxy {host} on the way to {there} is one of {scheme}, which is not spoken \
                 here: name one of HTTP in HTTPS_PROXY, or {there} in NO_PROXY",
                there = address.host()
            )));
        }
        let secret = intercept.basic_auth().cloned();
        Ok(Some(Proxy { url: uri.to_string(), host, authorization: secret }))
    }
}

impl Proxy {
    /// For the client.
    pub(super) fn to_reqwest(&self) -> reqwest::Result<reqwest::Proxy> {
        let proxy = reqwest::Proxy::all(&self.url)?;
        Ok(match &self.authorization {
            Some(secret) => proxy.custom_http_auth(secret.clone()),
            None => proxy,
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn to(url: &str, except: &str, address: &str) -> Result<Option<Proxy>, OpenError> {
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
    fn the_proxy_that_leads_to_an_address_is_known_by_its_host(
        #[case] url: &str,
        #[case] except: &str,
        #[case] address: &str,
        #[case] host: Option<&str>,
    ) {
        let via = to(url, except, address).unwrap();
        assert_eq!(via.as_ref().map(|via| via.host.as_str()), host);
        assert!(via.is_none_or(|via| !via.url.contains("hunter2")));
    }

    #[test]
    fn one_that_speaks_nothing_that_is_spoken_here_is_refused_without_its_password() {
        let refused = to("socks5://ines:hunter2@proxy.example:1080", "", "https://a.example");
        let refused = refused.err().unwrap().to_string();
        assert!(refused.starts_with("the proxy proxy.example:1080 on the way to a.example"));
        assert!(!refused.contains("hunter2") && !refused.contains("ines"), "{refused}");
        let given =
            ProxySettings::Given { url: "http://ines:hunter2@p".into(), except: String::new() };
        assert!(!format!("{given:?}").contains("hunter2"));
    }
}
