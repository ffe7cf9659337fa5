//! Alerts in the form of `GoAlert`'s generic API.
//!
//! An alert has a summary, details and a key (`dedup`); without one, summary and details are the
//! key. The fields are in the query, in a form or in JSON; those of the body take precedence.
//! `action=close` ends the alert.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::error::IngestError;
use super::fields;
use super::identity::digest;
use crate::model::alert::{
    AlertGroup, AlertReport, MAX_ANNOTATION_CHARS, MAX_ENTRIES, MAX_LABEL_CHARS, MAX_NAME_CHARS,
    cut, one_line,
};

/// The kind of sender, with which the keys of its groups begin.
pub const SOURCE: &str = "goalert";

/// The name of the sender in texts.
const SENDER: &str = "The sender of the alert";
/// The longest title of an alert, in characters.
const MAX_TITLE_CHARS: usize = 500;

/// The fields of an alert, by their names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct AlertFields {
    texts: BTreeMap<String, String>,
    /// Names and values that describe the alert.
    meta: BTreeMap<String, String>,
}

impl AlertFields {
    /// Adds the fields of a query or a form; `meta` is a list of `name=value`.
    #[must_use]
    pub fn with_pairs<'a>(mut self, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        for (name, text) in pairs {
            if name != "meta" {
                self.texts.insert(name.to_owned(), text.to_owned());
            } else if let Some((name, text)) = text.split_once('=') {
                self.add_meta(name, text);
            }
        }
        self
    }

    /// Adds the fields of a JSON body.
    ///
    /// # Errors
    /// The body is no JSON object.
    pub fn with_json(mut self, body: &[u8]) -> Result<Self, IngestError> {
        let members: Map<String, Value> = fields::object(fields::parse_json(body)?, "the body")?;
        for (name, value) in &members {
            let text = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            self.texts.insert(name.clone(), text);
        }
        for (name, text) in fields::texts(&members, "meta", MAX_LABEL_CHARS) {
            self.add_meta(&name, &text);
        }
        Ok(self)
    }

    fn add_meta(&mut self, name: &str, text: &str) {
        let (name, text) = (one_line(name, MAX_NAME_CHARS), one_line(text, MAX_LABEL_CHARS));
        if !name.is_empty() && !text.is_empty() && self.meta.len() < MAX_ENTRIES {
            self.meta.insert(name, text);
        }
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(|text| text.trim()).filter(|text| !text.is_empty())
    }

    /// Returns the alert, in a group of its own. `sender` identifies the sender.
    ///
    /// # Errors
    /// The alert has neither a summary nor, if it is closed, a key.
    pub fn group(&self, sender: &str) -> Result<AlertGroup, IngestError> {
        let is_firing = !self.text("action").is_some_and(|text| text.eq_ignore_ascii_case("close"));
        let summary = self.text("summary");
        let details = self.text("details");
        let dedup = self.text("dedup");
        if summary.is_none() && (is_firing || dedup.is_none()) {
            return Err(IngestError::Missing("summary"));
        }
        let summary = summary.unwrap_or_default();
        let key = match dedup {
            Some(dedup) => digest(&["dedup", dedup]),
            None => digest(&["text", summary, details.unwrap_or_default()]),
        };
        let title = one_line(summary, MAX_TITLE_CHARS);
        let details = details.map(|text| ("description".into(), cut(text, MAX_ANNOTATION_CHARS)));
        let alert = AlertReport {
            key: key.clone(),
            is_firing,
            starts_at: None,
            ends_at: None,
            expires_at: None,
            title: if title.is_empty() { "Alert".to_owned() } else { title },
            labels: self.meta.clone(),
            annotations: details.into_iter().collect(),
            url: None,
        };
        Ok(AlertGroup::new(SOURCE, SENDER, format!("{SOURCE}:{sender}:{key}"), vec![alert]))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn of_query(query: &[(&str, &str)]) -> Result<AlertGroup, IngestError> {
        AlertFields::default().with_pairs(query.iter().copied()).group("0a1b2c")
    }

    #[test]
    fn fields_become_an_alert() {
        let query = [
            ("summary", " The disk of db1\nis full "),
            ("details", "0 B are free"),
            ("meta", "service=checkout"),
            ("meta", "severity=critical"),
            ("meta", "odd"),
            ("token", "secret"),
        ];
        let group = of_query(&query).unwrap();
        let [alert] = &group.alerts[..] else { panic!("{group:?}") };
        assert_eq!((alert.title.as_str(), alert.is_firing), ("The disk of db1 is full", true));
        assert_eq!(alert.annotations["description"], "0 B are free");
        assert_eq!(alert.labels["service"], "checkout");
        assert_eq!(alert.labels.len(), 2);
        assert!(!format!("{group:?}").contains("secret"));
    }

    #[test]
    fn body_wins_against_the_query() {
        let body = br#"{"summary":"b","meta":{"env":"prod","n":1},"dedup":null}"#;
        let fields = AlertFields::default().with_pairs([("summary", "a"), ("dedup", "k")]);
        let group = fields.with_json(body).unwrap().group("0a1b2c").unwrap();
        assert_eq!(group.alerts[0].title, "b");
        assert_eq!(group.alerts[0].labels.len(), 2);
        let same = of_query(&[("summary", "other"), ("dedup", "k")]).unwrap();
        assert_eq!(group.key, same.key);
    }

    #[test]
    fn number_is_a_key_like_its_text() {
        let group = |body: &[u8]| AlertFields::default().with_json(body).unwrap().group("0a1b2c");
        let fired = group(br#"{"summary":"a","dedup":17}"#).unwrap();
        assert_eq!(fired.key, of_query(&[("summary", "b"), ("dedup", "17")]).unwrap().key);
        let closed = group(br#"{"action":"close","dedup":17}"#).unwrap();
        assert_eq!((closed.key, closed.alerts[0].is_firing), (fired.key, false));
    }

    #[rstest]
    #[case(&[("summary", "a"), ("details", "b"), ("action", "close")], true)]
    #[case(&[("summary", "a"), ("action", "close")], false)]
    #[case(&[("summary", "a"), ("details", "c"), ("action", "close")], false)]
    fn texts_are_the_key_without_one(#[case] close: &[(&str, &str)], #[case] is_same: bool) {
        let fired = of_query(&[("summary", "a"), ("details", "b")]).unwrap();
        let closed = of_query(close).unwrap();
        assert_eq!(fired.key == closed.key, is_same);
        assert!(!closed.alerts[0].is_firing);
    }

    #[test]
    fn alert_needs_a_summary_unless_a_key_closes_it() {
        let missing = Err(IngestError::Missing("summary"));
        assert_eq!(of_query(&[("details", "a"), ("dedup", "k")]), missing);
        assert_eq!(of_query(&[("action", "close"), ("summary", " ")]), missing);
        let closed = of_query(&[("action", "Close"), ("dedup", "k")]).unwrap();
        assert_eq!(closed.alerts[0].title, "Alert");
        assert!(AlertFields::default().with_json(b"[1]").is_err());
    }
}
