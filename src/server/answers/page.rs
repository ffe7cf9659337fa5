//! The pages of links: HTML without scripts and without anything from elsewhere, or plain text for
//! programs that send the request themselves.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::model::Incident;
use crate::model::html::escape;
use crate::model::notification::answer::label;
use crate::model::text::sanitize;

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:0 auto;padding:1.5rem}\
h1{font-size:1.4rem;line-height:1.3;overflow-wrap:anywhere}\
dl{display:grid;grid-template-columns:auto 1fr;gap:.2rem 1rem}\
dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere}\
.says{font-weight:600;overflow-wrap:anywhere}\
button{font:inherit;font-weight:600;width:100%;min-height:3.5rem;border:0;border-radius:.6rem;\
background:#b3261e;color:#fff}";

/// Allows the style above, the form, and nothing else.
static POLICY: LazyLock<Option<HeaderValue>> = LazyLock::new(|| {
    let hash = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).ok()
});

/// The content of a page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::server) struct Page {
    status: StatusCode,
    /// Number and priority of the incident.
    heading: Option<String>,
    title: Option<String>,
    /// Names and values.
    facts: Vec<(&'static str, String)>,
    /// The result, or the reason why nothing can be done.
    sentence: Option<String>,
    button: Option<&'static str>,
}

impl Page {
    /// Returns a page with one sentence.
    pub(super) fn message(status: StatusCode, sentence: &str) -> Self {
        let sentence = Some(capitalized(sentence));
        Self { status, heading: None, title: None, facts: Vec::new(), sentence, button: None }
    }

    /// Returns a page with a heading, a title, and a sentence that may be empty.
    pub(super) fn with_title(
        status: StatusCode,
        (heading, title): (String, String),
        sentence: &str,
    ) -> Self {
        let mut page = Self::message(status, sentence);
        page.sentence = page.sentence.filter(|sentence| !sentence.is_empty());
        Self { heading: Some(heading), title: Some(title), ..page }
    }

    /// Adds facts and one button.
    #[must_use]
    pub(super) fn with_question(
        self,
        facts: Vec<(&'static str, String)>,
        button: &'static str,
    ) -> Self {
        Self { facts, button: Some(button), ..self }
    }

    /// Returns a page with an incident and a sentence about it.
    pub(super) fn about(status: StatusCode, incident: &Incident, sentence: &str) -> Self {
        let row = &incident.summary;
        Self {
            heading: Some(format!("{} {}", label(row), row.priority)),
            title: Some(sanitize(&row.title).into_string()),
            ..Self::message(status, sentence)
        }
    }

    /// Returns a page with an incident and one button. `known_error` is that which is behind it, or may be.
    pub(super) fn question(
        incident: &Incident,
        button: &'static str,
        known_error: Option<&str>,
    ) -> Self {
        let row = &incident.summary;
        let mut facts = vec![
            ("Priority", row.priority.to_string()),
            ("Since", row.reported_at.format("%Y-%m-%d %H:%M UTC").to_string()),
            ("Status", row.status.to_string()),
        ];
        let mut add = |name, text: Option<&str>| {
            facts.extend(text.map(|text| (name, sanitize(text).into_string())));
        };
        add("Service", row.primary_service());
        add("Team", row.team.as_deref());
        let owner = row.assignee.as_ref().map_or("nobody yet", |person| person.name.as_str());
        add("Works on it", Some(owner));
        add("To know", known_error);
        Self {
            facts,
            sentence: None,
            button: Some(button),
            ..Self::about(StatusCode::OK, incident, "")
        }
    }

    /// Returns the response: HTML for a browser, and text for clients that accept no HTML.
    pub(in crate::server) fn into_response(self, request: &HeaderMap) -> Response {
        let is_html = accepts_html(request);
        let body = if is_html { self.html() } else { self.text() };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let content_type =
            if is_html { "text/html; charset=utf-8" } else { "text/plain; charset=utf-8" };
        let headers = response.headers_mut();
        for (name, value) in [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, "no-store"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (header::VARY, "accept"),
            (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        if let Some(policy) = &*POLICY {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy.clone());
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }

    fn html(&self) -> String {
        let heading = escape(self.heading.as_deref().unwrap_or("redphone"));
        let mut parts = vec![format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex, nofollow\">\n\
             <title>{heading}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<p>{heading}</p>\n"
        )];
        parts.extend(self.title.iter().map(|title| format!("<h1>{}</h1>\n", escape(title))));
        if !self.facts.is_empty() {
            parts.push("<dl>\n".to_owned());
            parts.extend(self.facts.iter().map(|(name, text)| {
                format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(text))
            }));
            parts.push("</dl>\n".to_owned());
        }
        parts.extend(
            self.sentence
                .iter()
                .map(|sentence| format!("<p class=\"says\">{}.</p>\n", escape(sentence))),
        );
        parts.extend(self.button.iter().map(|button| {
            let button = escape(button);
            format!("<form method=\"post\"><button type=\"submit\">{button}</button></form>\n")
        }));
        parts.push("</body>\n</html>\n".to_owned());
        parts.concat()
    }

    fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        if let Some(sentence) = &self.sentence {
            lines.push(format!("{sentence}."));
        } else {
            lines.extend(self.heading.clone());
            lines.extend(self.title.clone());
            lines.extend(self.facts.iter().map(|(name, text)| format!("{name}: {text}")));
        }
        if let Some(button) = self.button {
            lines.push(format!("{button}: send a POST to this address."));
        }
        lines.push(String::new());
        lines.join("\n")
    }
}

/// Returns whether a request accepts HTML, like that of a browser.
fn accepts_html(request: &HeaderMap) -> bool {
    let accepted = request.get_all(header::ACCEPT).iter();
    accepted.filter_map(|value| value.to_str().ok()).any(|value| value.contains("text/html"))
}

/// Returns a sentence with a capital letter at its beginning.
fn capitalized(sentence: &str) -> String {
    let mut characters = sentence.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + characters.as_str()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(None, false)]
    #[case(Some("*/*"), false)]
    #[case(Some("text/plain"), false)]
    #[case(Some("text/html,application/xhtml+xml,*/*;q=0.8"), true)]
    fn browser_is_sent_html_and_program_text(#[case] accept: Option<&str>, #[case] is_html: bool) {
        let mut request = HeaderMap::new();
        if let Some(accept) = accept {
            request.insert(header::ACCEPT, accept.parse().unwrap());
        }
        let page = Page::message(StatusCode::GONE, "this link has ended");
        let response = page.into_response(&request);
        assert_eq!(response.status(), StatusCode::GONE);
        let of = |name: HeaderName| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(of(header::CONTENT_TYPE).starts_with("text/html"), is_html);
        assert_eq!(of(header::CACHE_CONTROL), "no-store");
        assert_eq!(of(header::REFERRER_POLICY), "no-referrer");
        assert!(of(header::CONTENT_SECURITY_POLICY).starts_with("default-src 'none'; style-src"));
    }

    #[test]
    fn page_has_no_script_and_nothing_from_elsewhere() {
        let page = Page {
            status: StatusCode::OK,
            heading: Some("INC-12 P1".into()),
            title: Some("<img src=x onerror=alert(1)>".into()),
            facts: vec![("Team", "\"><script>".into())],
            sentence: None,
            button: Some("Acknowledge"),
        };
        let html = page.html();
        for part in ["<script", "<img", "http:", "https:", "src=\""] {
            assert!(!html.contains(part), "{part} in {html}");
        }
        assert_eq!(html.matches("<form method=\"post\">").count(), 1);
        assert_eq!(html.matches("<button").count(), 1);
    }
}
