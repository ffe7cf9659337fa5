//! Functions that all trackers use.

use std::sync::Arc;

use reqwest::{StatusCode, Url};
use serde_json::Value;

use crate::model::follow_up::TrackerIssue;
use crate::model::text::{sanitize, truncate};
use crate::outbound::answer::Answer;
use crate::outbound::client::{Client, Request};
use crate::outbound::delivery::SendError;
use crate::outbound::secret::{CachedSecret, Secret};

/// The largest answer that is read about one issue, in bytes.
pub(super) const MAX_ISSUE_BYTES: usize = 1024 * 1024;
/// The largest answer that is read about a page of issues, in bytes.
pub(super) const MAX_PAGE_BYTES: usize = 16 * 1024 * 1024;
/// The widest text of a tracker within a sentence.
const MAX_QUOTED_WIDTH: usize = 200;
/// The most texts of a tracker that are quoted.
const MAX_QUOTED: usize = 4;
/// The longest reference and label, in characters.
const MAX_NAME_CHARS: usize = 100;
/// The longest URL of an issue, in bytes.
const MAX_URL_BYTES: usize = 2000;

/// How a tracker is reached.
pub(super) struct Access {
    pub(super) client: Arc<Client>,
    pub(super) url: Url,
    pub(super) secret: CachedSecret,
}

impl Access {
    /// Returns a URL of the API with these parts behind its path, each escaped.
    pub(super) fn url(&self, parts: &[&str]) -> Result<Url, SendError> {
        let mut url = self.url.clone();
        match url.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty().extend(parts);
            }
            Err(()) => return Err(SendError::permanent("the URL of the tracker has no path")),
        }
        Ok(url)
    }

    /// Returns the token.
    pub(super) async fn token(&self) -> Result<Secret, SendError> {
        Ok(self.secret.get().await?)
    }

    /// Sends a request. A token that was refused is read again for the next attempt.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, SendError> {
        let answer = self.client.send(request).await?;
        if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            self.secret.forget().await;
        }
        Ok(answer)
    }
}

/// Returns the JSON of a successful answer.
///
/// # Errors
/// The error of another status, or that the answer is not JSON.
pub(super) fn accepted(answer: &Answer) -> Result<Value, SendError> {
    if !answer.status.is_success() {
        return Err(refusal(answer));
    }
    serde_json::from_str(&answer.body).map_err(|_| unreadable(answer))
}

/// Returns the error for a successful answer that can't be understood: the request may have been carried
/// out.
pub(super) fn unreadable(answer: &Answer) -> SendError {
    let (host, status) = (&answer.host, answer.status.as_u16());
    SendError::uncertain(format!("{host} gives an answer ({status}) that can't be understood"))
}

/// Returns the error of an unsuccessful status. A cause outside of the issue, such as an expired
/// token or a renamed project, can be corrected, so a later attempt may succeed.
pub(super) fn refusal(answer: &Answer) -> SendError {
    let (host, status) = (&answer.host, answer.status);
    let says = problem_text(&answer.json());
    let says = if says.is_empty() { says } else { format!(": {says}") };
    let temporary =
        |reason: String| SendError::Temporary { reason, retry_after: answer.retry_after };
    let code = status.as_u16();
    match status {
        StatusCode::TOO_MANY_REQUESTS => {
            temporary(format!("{host} accepts no more requests for now (429){says}"))
        }
        StatusCode::FORBIDDEN if answer.retry_after.is_some() => {
            temporary(format!("{host} accepts no more requests for now (403){says}"))
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => temporary(format!(
            "{host} does not allow it ({code}): check the token of the tracker and what it may do{says}"
        )),
        StatusCode::NOT_FOUND => temporary(format!(
            "{host} has no such project, or the token may not see it (404): check project{says}"
        )),
        StatusCode::GATEWAY_TIMEOUT => {
            SendError::uncertain(format!("{host} answers 504: it may have been done"))
        }
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => {
            temporary(format!("{host} fails for now ({code}){says}"))
        }
        _ if status.is_server_error() => temporary(format!("{host} fails for now ({code}){says}")),
        _ if status.is_redirection() => {
            let to = sanitize(answer.redirect_host.as_deref().unwrap_or("another address"));
            temporary(format!(
                "{host} answers with a redirect ({code}) to {to}, which is not followed: write the \
                 address that is meant into url"
            ))
        }
        _ => SendError::permanent(format!("{host} refuses it ({code}){says}")),
    }
}

/// Returns the tracker's error message: the texts under the keys that trackers use, on one line.
fn problem_text(body: &Value) -> String {
    let mut texts = Vec::new();
    if let Value::Object(fields) = body {
        let is_plain = ["error", "errors", "errorMessages", "message", "detail"];
        let is_used = |key: &str| is_plain.contains(&key);
        // Django names the fields at the top.
        let has_used = fields.keys().any(|key| is_used(key));
        let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
        fields.sort_by_key(|(key, _)| *key);
        for (key, value) in fields {
            if is_used(key) {
                collect(None, value, &mut texts);
            } else if !has_used && value.is_array() {
                collect(Some(key), value, &mut texts);
            }
        }
    }
    texts.truncate(MAX_QUOTED);
    let joined = texts.join("; ");
    let line = joined.split_whitespace().collect::<Vec<_>>().join(" ");
    truncate(line.as_str(), MAX_QUOTED_WIDTH).into_string()
}

fn collect(field: Option<&str>, value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) if !text.trim().is_empty() => texts.push(match field {
            Some(field) => format!("{field}: {text}"),
            None => text.clone(),
        }),
        Value::Array(values) => values.iter().for_each(|value| collect(field, value, texts)),
        // GitHub names resource, field and code of each error.
        Value::Object(fields) if fields.contains_key("code") => {
            let text = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
            texts.push(format!("{} {}", text("field"), text("code")).trim().to_owned());
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                collect(Some(key), value, texts);
            }
        }
        _ => {}
    }
}

/// Returns an issue whose parts a tracker has answered; `None` if one is empty or too long, or if the URL
/// is no web page.
pub(super) fn issue(reference: &str, label: &str, url: &str) -> Option<TrackerIssue> {
    let is_name = |text: &str| {
        (1..=MAX_NAME_CHARS).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    };
    let is_page = url.len() <= MAX_URL_BYTES
        && !url.chars().any(|c| c.is_control() || c.is_whitespace())
        && (url.starts_with("https://") || url.starts_with("http://"));
    (is_name(reference) && is_name(label) && is_page).then(|| TrackerIssue {
        reference: reference.to_owned(),
        label: label.to_owned(),
        url: url.to_owned(),
    })
}

/// Returns the name of a state for display: one short line.
pub(super) fn state_name(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    truncate(line.as_str(), MAX_NAME_CHARS).into_string()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn answer(status: u16, body: &Value) -> Answer {
        Answer {
            host: "tracker.example".into(),
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: None,
            redirect_host: None,
            body: body.to_string(),
        }
    }

    #[rstest]
    #[case(json!({"error": "The payload is not valid"}), "The payload is not valid")]
    #[case(json!({"name": ["This field is required."]}), "name: This field is required.")]
    #[case(json!({"detail": "Invalid token"}), "Invalid token")]
    #[case(json!({"errorMessages": [], "errors": {"summary": "is required"}}), "summary: is required")]
    #[case(
        json!({"message": "Validation Failed",
               "errors": [{"resource": "Issue", "field": "title", "code": "missing_field"}]}),
        "title missing_field; Validation Failed"
    )]
    #[case(json!({"message": {"title": ["can't be blank"]}}), "title: can't be blank")]
    #[case(json!([1, 2]), "")]
    fn problem_of_each_tracker_is_quoted(#[case] body: Value, #[case] expected: &str) {
        assert_eq!(problem_text(&body), expected);
    }

    #[rstest]
    #[case(400, "permanent")]
    #[case(401, "temporary")]
    #[case(403, "temporary")]
    #[case(404, "temporary")]
    #[case(410, "permanent")]
    #[case(422, "permanent")]
    #[case(429, "temporary")]
    #[case(500, "temporary")]
    #[case(504, "uncertain")]
    #[case(301, "temporary")]
    fn status_decides_whether_it_is_tried_again(#[case] status: u16, #[case] expected: &str) {
        let found = match refusal(&answer(status, &json!({}))) {
            SendError::Temporary { .. } => "temporary",
            SendError::Permanent { .. } => "permanent",
            SendError::Uncertain { .. } => "uncertain",
        };
        assert_eq!(found, expected);
    }

    #[rstest]
    #[case("12", "#12", "https://tracker.example/12", true)]
    #[case("", "#12", "https://tracker.example/12", false)]
    #[case("12", "#12", "javascript:alert(1)", false)]
    #[case("12", "#1\u{1b}2", "https://tracker.example/12", false)]
    fn issue_has_sane_parts(
        #[case] reference: &str,
        #[case] label: &str,
        #[case] url: &str,
        #[case] is_sane: bool,
    ) {
        assert_eq!(issue(reference, label, url).is_some(), is_sane);
    }
}
