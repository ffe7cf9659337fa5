//! The credentials of a request: a token, or an integration key.
//!
//! | where | form | good for |
//! |---|---|---|
//! | `Authorization: Bearer …` | a token | every route that its scope allows |
//! | the same, with a key; `GenieKey`, `Token`, or `Basic` with it as the password | a token or a key | sending alerts |
//! | `?key=…`, `?token=…` or `?auth_token=…`, where no header came | a token or a key | sending alerts |
//! | `X-Gitlab-Token`, where the query has none either | a token or a key | sending alerts |
//!
//! The last three are for programs that can't set headers. The content of a query is never logged.

use std::borrow::Cow;

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::denials::DenialReason;
use super::tokens::{Secret, TokenForm};

/// Parameters of a query that have a token or a key.
const PARAMETERS: [&str; 3] = ["key", "token", "auth_token"];
/// The header in which GitLab sends a secret.
const GITLAB_HEADER: &str = "x-gitlab-token";
/// Schemes of the header that are accepted where alerts are sent.
const KEY_SCHEMES: [&str; 2] = ["geniekey", "token"];

/// The reason why a request has no token that could be checked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum NoCredential {
    /// The request has none.
    #[error(
        "no token came with the request: send `Authorization: Bearer rp_…`, made by `redphone token \
         create` on the server"
    )]
    Missing,
    /// The request has two headers.
    #[error("two Authorization headers came with the request: send one")]
    TwoHeaders,
    /// The query has two.
    #[error("two keys came in the query: send one")]
    TwoParameters,
    /// The header is of another kind.
    #[error("the Authorization header is not `Bearer` and a token: mend it")]
    OtherScheme,
    /// An integration key came where only a token is accepted.
    #[error(
        "an integration key is good for sending alerts only: send a token, made by `redphone token \
         create`"
    )]
    OnlyKey,
    /// The text is neither a token nor a key.
    #[error("the token is not known here: ask for a new one")]
    NoToken,
}

impl NoCredential {
    /// Returns the reason in the form for counters and logs.
    pub(super) fn reason(self) -> DenialReason {
        match self {
            Self::Missing => DenialReason::Missing,
            Self::NoToken => DenialReason::Unknown,
            Self::TwoHeaders | Self::TwoParameters | Self::OtherScheme | Self::OnlyKey => {
                DenialReason::Malformed
            }
        }
    }
}

/// Returns the token of a request in the one header that every route accepts.
pub(super) fn bearer_token(headers: &HeaderMap) -> Result<Secret, NoCredential> {
    let (scheme, text) = authorization(headers)?.ok_or(NoCredential::Missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(NoCredential::OtherScheme);
    }
    let secret = parse(text)?;
    if secret.form() == TokenForm::Key { Err(NoCredential::OnlyKey) } else { Ok(secret) }
}

/// Returns the token or key of a request that sends alerts.
pub(super) fn sender_token(parts: &Parts) -> Result<Secret, NoCredential> {
    let Some((scheme, text)) = authorization(&parts.headers)? else {
        let query = parts.uri.query().unwrap_or_default();
        return match query_key(query) {
            Err(NoCredential::Missing) => {
                let header = parts.headers.get(GITLAB_HEADER).and_then(|text| text.to_str().ok());
                parse(header.ok_or(NoCredential::Missing)?)
            }
            key => parse(&key?),
        };
    };
    let scheme = scheme.to_ascii_lowercase();
    if scheme == "bearer" {
        return parse(text);
    }
    if KEY_SCHEMES.contains(&scheme.as_str()) {
        // One form of the scheme names the parameter.
        return parse(text.strip_prefix("token=").unwrap_or(text));
    }
    if scheme == "basic" {
        return parse(&basic_password(text).ok_or(NoCredential::OtherScheme)?);
    }
    Err(NoCredential::OtherScheme)
}

/// Parses a token or a key.
pub(super) fn parse(text: &str) -> Result<Secret, NoCredential> {
    text.trim_matches(' ').parse().map_err(|_| NoCredential::NoToken)
}

/// Returns scheme and content of the only Authorization header; `None` without one.
fn authorization(headers: &HeaderMap) -> Result<Option<(&str, &str)>, NoCredential> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(header) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(NoCredential::TwoHeaders);
    }
    let text = header.to_str().map_err(|_| NoCredential::OtherScheme)?;
    let (scheme, text) = text.split_once(' ').ok_or(NoCredential::OtherScheme)?;
    Ok(Some((scheme, text.trim_matches(' '))))
}

/// Returns the only key of a query.
fn query_key(query: &str) -> Result<Cow<'_, str>, NoCredential> {
    let mut keys = form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| PARAMETERS.contains(&&**name))
        .map(|(_, value)| value);
    let key = keys.next().ok_or(NoCredential::Missing)?;
    if keys.next().is_some() { Err(NoCredential::TwoParameters) } else { Ok(key) }
}

/// Returns the password of HTTP basic authentication.
fn basic_password(encoded: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use rstest::rstest;

    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    /// Returns a request. `KEY` in its parts is replaced by the key, and `basic:` marks text in
    /// Base64.
    fn parts(uri: &str, headers: &[&str]) -> Parts {
        let mut request = Request::builder().uri(uri.replace("KEY", KEY));
        for value in headers {
            let value = value.replace("KEY", KEY);
            let value = match value.strip_prefix("basic:") {
                Some(text) => format!("Basic {}", STANDARD.encode(text)),
                None => value,
            };
            request = request.header(header::AUTHORIZATION, value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[rstest]
    #[case::bearer("/", &["Bearer KEY"])]
    #[case::spaces("/", &["bearer   KEY "])]
    #[case::genie("/", &["GenieKey KEY"])]
    #[case::token("/", &["Token KEY"])]
    #[case::named("/", &["Token token=KEY"])]
    #[case::basic("/", &["basic:anybody:KEY"])]
    #[case::nobody("/", &["basic::KEY"])]
    #[case::query("/?a=b&key=KEY", &[])]
    #[case::query_token("/?token=KEY", &[])]
    #[case::google("/?auth_token=KEY", &[])]
    fn sender_shows_its_key_in_many_ways(#[case] uri: &str, #[case] headers: &[&str]) {
        let secret = sender_token(&parts(uri, headers)).unwrap();
        assert_eq!((secret.form(), secret.reveal()), (TokenForm::Key, KEY.to_owned()));
    }

    #[rstest]
    #[case::none("/", &[], NoCredential::Missing)]
    #[case::header_wins("/?key=KEY", &["Bearer x"], NoCredential::NoToken)]
    #[case::two_headers("/", &["Bearer a", "Bearer b"], NoCredential::TwoHeaders)]
    #[case::two_keys("/?key=KEY&token=KEY", &[], NoCredential::TwoParameters)]
    #[case::no_scheme("/", &["KEY"], NoCredential::OtherScheme)]
    #[case::digest("/", &["Digest x"], NoCredential::OtherScheme)]
    #[case::no_base64("/", &["Basic ???"], NoCredential::OtherScheme)]
    #[case::no_password("/", &["basic:anybody"], NoCredential::OtherScheme)]
    #[case::empty("/?key=", &[], NoCredential::NoToken)]
    fn sender_without_a_key_is_refused(
        #[case] uri: &str,
        #[case] headers: &[&str],
        #[case] error: NoCredential,
    ) {
        assert_eq!(sender_token(&parts(uri, headers)).unwrap_err(), error);
    }

    #[test]
    fn gitlab_shows_its_key_in_its_header() {
        let mut with_header = parts("/", &[]);
        with_header.headers.insert(GITLAB_HEADER, KEY.parse().unwrap());
        assert_eq!(sender_token(&with_header).unwrap().reveal(), KEY);
        with_header.headers.insert(GITLAB_HEADER, "secret".parse().unwrap());
        assert_eq!(sender_token(&with_header), Err(NoCredential::NoToken));
    }

    #[test]
    fn other_routes_accept_tokens_in_one_header_only() {
        let token = Secret::new().unwrap().reveal();
        let bearer = |text: &str| bearer_token(&parts("/", &[text]).headers);
        assert_eq!(bearer(&format!("Bearer {token}")).unwrap().reveal(), token);
        assert_eq!(bearer("Bearer KEY"), Err(NoCredential::OnlyKey));
        for other in [format!("GenieKey {token}"), format!("basic::{token}"), token.clone()] {
            assert_eq!(bearer(&other), Err(NoCredential::OtherScheme), "{other}");
        }
        let query = parts(&format!("/?token={token}"), &[]);
        assert_eq!(bearer_token(&query.headers), Err(NoCredential::Missing));
    }
}
