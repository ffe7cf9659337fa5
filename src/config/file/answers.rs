//! Reads how people answer messages: where links lead, and where replies to mails go.

use std::net::IpAddr;

use reqwest::Url;

use super::section::{Section, Value, ValueResult};
use crate::model::notification::AnswerSettings;
use crate::model::notification::answers::TOKEN_PLACEHOLDER;
use crate::model::notification::link::LinkToken;

/// The longest part of a mail address before the `@` (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL_PART: usize = 64;

pub(super) fn read(top: &mut Section<'_>) -> AnswerSettings {
    AnswerSettings {
        public_url: top.read("public_url", public_url),
        reply_address: top.read("reply_address", reply_address),
    }
}

/// Reads a URL without a query or fragment, and without the `/` at its end.
fn public_url(value: &Value<'_>) -> ValueResult<String> {
    let invalid = |problem: &str| Err(value.invalid(problem));
    let Ok(mut url) = value.text()?.trim().parse::<Url>() else {
        return invalid("is no URL: write one such as \"https://redphone.example.net\"");
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return invalid(
            "is no URL of a server: write one such as \"https://redphone.example.net\"",
        );
    }
    if !url.username().is_empty() || url.password().is_some() {
        return invalid("has a name or a password in front of the host: remove it");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return invalid("has a ? or a # in it: end it before that");
    }
    if url.scheme() == "http" && !is_private(&url) {
        return invalid("is without TLS: write https://, as anybody who reads a link can use it");
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Returns whether a host is this machine, or has a private address.
fn is_private(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    match address {
        Ok(IpAddr::V4(address)) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Reads a mail address with one placeholder for the token in front of its `@`.
fn reply_address(value: &Value<'_>) -> ValueResult<String> {
    let text = value.text()?.trim();
    let example = "write one such as \"redphone+{token}@example.net\"";
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err(value.invalid(format!("is no mail address: {example}")));
    };
    if local.matches(TOKEN_PLACEHOLDER).count() != 1 {
        return Err(value.invalid(format!("has not one {{token}} in front of its @: {example}")));
    }
    let rest = local.replace(TOKEN_PLACEHOLDER, "");
    let is_local = |b: u8| b.is_ascii_alphanumeric() || b"+-_.=".contains(&b);
    let is_domain = |b: u8| b.is_ascii_alphanumeric() || b"-.".contains(&b);
    let is_host = domain.starts_with(|c: char| c.is_ascii_alphanumeric())
        && domain.ends_with(|c: char| c.is_ascii_alphanumeric())
        && domain.bytes().all(is_domain)
        && !domain.contains("..");
    let dots = rest.contains("..") || local.starts_with('.') || local.ends_with('.');
    if !is_host || !rest.bytes().all(is_local) || dots {
        return Err(value.invalid(format!("is no mail address: {example}")));
    }
    if rest.len() + LinkToken::CHARS > MAX_LOCAL_PART {
        return Err(value.invalid("is too long with a token of 25 characters: shorten it"));
    }
    Ok(text.to_owned())
}
