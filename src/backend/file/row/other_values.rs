//! The JSON part of a packed row: values that do not fit into the fixed-length part.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::maintenance::Mute;
use crate::model::priority::{Level, Priority};
use crate::model::status::{Category, Source, Status};
use crate::model::unknown::read_exactly;
use crate::model::{Attributes, Extra, LastWord, PersonRef, Summary};

/// The values of a row that do not fit into the fixed-length part: labels and roles, values and
/// fields of a later version, and the last word. The last word is among the fields, because earlier
/// versions read it as one of a later version.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct OtherValues {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) impact: Option<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) urgency: Option<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) priority: Option<Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) category: Option<Category>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<Source>,
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    pub(super) attributes: Attributes,
    #[serde(skip_serializing_if = "Extra::is_empty")]
    pub(super) fields: Extra,
    /// The last word, once it was extracted from the fields.
    #[serde(skip)]
    pub(super) word: Option<LastWord>,
}

/// The name of the field with the round of the escalation policy.
pub(super) const ESCALATION_ROUND: &str = "escalation_round";
/// The name of the field with the time from which the times of that policy are counted.
pub(super) const ESCALATION_FROM: &str = "escalation_from";
/// The name of the field with those who have to acknowledge.
pub(super) const REQUIRED: &str = "required";
/// The name of the field with the maintenance window that mutes the incident, or did so last.
const MUTED: &str = "muted";
/// The name of the field with the time for which it was muted before.
pub(super) const MUTED_MS: &str = "muted_ms";
/// The name of the field that marks an incident that nobody acknowledged before it was reopened.
pub(super) const NEVER_ACKNOWLEDGED: &str = "never_acknowledged";
/// The name of the field with the incident under which it is folded.
pub(super) const FOLDED_UNDER: &str = "folded_under";
/// The name of the field that marks noise.
pub(super) const IS_NOISE: &str = "is_noise";
/// The name of the field with the last word.
const LAST_WORD: &str = "last_word";

/// The JSON text of most rows: the last word alone. It writes the same as [`OtherValues`], faster.
#[derive(Serialize)]
struct OnlyWord<W> {
    fields: WordField<W>,
}

/// The JSON text of nearly all rows: labels and roles, the last word, or both. It reads the same as
/// [`OtherValues`], faster.
#[derive(Serialize, Deserialize)]
struct CommonValues<W> {
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<WordField<W>>,
}

/// The last word with its fields in the order of their names, as it is written together with other
/// values.
#[derive(Serialize, Deserialize)]
struct SortedWord {
    at: DateTime<Utc>,
    by: PersonRef,
    quoted: bool,
    text: String,
}

impl From<SortedWord> for LastWord {
    fn from(SortedWord { at, by, quoted, text }: SortedWord) -> Self {
        Self { at, by, text, quoted }
    }
}

impl<W: Into<LastWord> + DeserializeOwned + Serialize> CommonValues<W> {
    /// Reads a text that has no other values, and in which the last word is written like `W`.
    fn read(json: &str) -> Option<OtherValues> {
        let Self { attributes, fields } = read_exactly(json.as_bytes())?;
        let word = fields.map(|fields| fields.last_word.into());
        Some(OtherValues { attributes, word, ..OtherValues::default() })
    }
}

/// Reads a text that has labels and roles, the last word, or both, and nothing else.
fn read_common(json: &str) -> Option<OtherValues> {
    if json.starts_with(r#"{"attributes""#) {
        CommonValues::<SortedWord>::read(json)
    } else {
        CommonValues::<LastWord>::read(json)
    }
}

#[derive(Serialize, Deserialize)]
struct WordField<W> {
    last_word: W,
}

impl OtherValues {
    /// Returns the values of a row that do not fit into the fixed part; `None` if there are none.
    pub(super) fn from_summary(row: &Summary) -> Option<Self> {
        let mut later = Self {
            status: Some(row.status).filter(|status| status.is_unknown()),
            impact: Some(row.impact).filter(|impact| impact.is_unknown()),
            urgency: Some(row.urgency).filter(|urgency| urgency.is_unknown()),
            priority: Some(row.priority).filter(|priority| priority.is_unknown()),
            category: row.category.filter(|category| category.is_unknown()),
            source: Some(row.source).filter(|source| source.is_unknown()),
            attributes: row.attributes.clone(),
            fields: row.extra.clone(),
            word: row.last_word.clone(),
        };
        if row.escalation_round > 0 {
            later.fields.insert(ESCALATION_ROUND, row.escalation_round.into());
        }
        if let Some(from) = row.escalation_from {
            later.fields.insert(ESCALATION_FROM, serde_json::json!(from));
        }
        if let Some(required) = &row.required {
            later.fields.insert(REQUIRED, serde_json::json!(required));
        }
        if let Some(mute) = &row.muted {
            later.insert_nested(MUTED, serde_json::json!(mute));
        }
        if row.muted_ms != 0 {
            later.fields.insert(MUTED_MS, row.muted_ms.into());
        }
        if row.never_acknowledged {
            later.fields.insert(NEVER_ACKNOWLEDGED, true.into());
        }
        if let Some(under) = row.folded_under {
            later.fields.insert(FOLDED_UNDER, serde_json::json!(under));
        }
        if row.is_noise {
            later.fields.insert(IS_NOISE, true.into());
        }
        let is_needed = later.has_values() || !later.fields.is_empty() || later.word.is_some();
        is_needed.then_some(later)
    }

    /// Adds a field that has fields itself, with those that a later version has added inside of it.
    fn insert_nested(&mut self, name: &str, mut value: serde_json::Value) {
        if let Some(more) = self.fields.extract::<Extra>(name) {
            more.merge_into(&mut value);
        }
        self.fields.insert(name, value);
    }

    /// Encodes the values as JSON. That can't fail: they consist of texts.
    pub(super) fn into_json(mut self) -> String {
        let Some(word) = self.word.take() else {
            return serde_json::to_string(&self).unwrap_or_default();
        };
        if !self.has_values() && self.fields.is_empty() {
            let only = OnlyWord { fields: WordField { last_word: &word } };
            return serde_json::to_string(&only).unwrap_or_default();
        }
        self.insert_nested(LAST_WORD, serde_json::to_value(&word).unwrap_or_default());
        serde_json::to_string(&self).unwrap_or_default()
    }

    /// Decodes the output of [`Self::into_json`], or that of another version.
    pub(super) fn from_json(json: &str) -> Option<Self> {
        if let Some(common) = read_common(json) {
            return Some(common);
        }
        let mut later: Self = serde_json::from_str(json).ok()?;
        let value: Option<serde_json::Value> = later.fields.extract(LAST_WORD);
        if let Some(value) = value {
            match serde_json::from_value::<LastWord>(value.clone()) {
                Ok(word) => {
                    let defined = serde_json::to_value(&word).unwrap_or_default();
                    let more = Extra::difference(&value, &defined);
                    if let Some(more) = more.as_object() {
                        later.fields.insert(LAST_WORD, serde_json::Value::Object(more.clone()));
                    }
                    later.word = Some(word);
                }
                // A later version uses the field differently.
                Err(_) => later.fields.insert(LAST_WORD, value),
            }
        }
        Some(later)
    }

    /// Removes the mute of the incident from the fields, and returns it.
    pub(super) fn extract_muted(&mut self) -> Option<Mute> {
        let value: serde_json::Value = self.fields.extract(MUTED)?;
        let Ok(mute) = serde_json::from_value::<Mute>(value.clone()) else {
            // A later version uses the field differently.
            self.fields.insert(MUTED, value);
            return None;
        };
        let defined = serde_json::to_value(&mute).unwrap_or_default();
        if let Some(more) = Extra::difference(&value, &defined).as_object() {
            self.fields.insert(MUTED, serde_json::Value::Object(more.clone()));
        }
        Some(mute)
    }

    /// Returns whether a value has no number, or there are labels or roles.
    fn has_values(&self) -> bool {
        !self.attributes.is_empty()
            || self.status.is_some()
            || self.impact.is_some()
            || self.urgency.is_some()
            || self.priority.is_some()
            || self.category.is_some()
            || self.source.is_some()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Reads a text without the faster ways, for which it is written differently.
    fn read_slowly(json: &str) -> Option<OtherValues> {
        OtherValues::from_json(&format!(" {json}"))
    }

    fn parts(values: OtherValues) -> (Attributes, Value, Option<LastWord>) {
        (values.attributes, json!(values.fields), values.word)
    }

    #[test]
    fn faster_ways_read_the_same() {
        let word = json!({"at": "2026-01-02T03:04:05Z", "by": {"handle": "a", "name": "A"},
            "text": "on it", "quoted": true});
        let in_order = r#"{"fields":{"last_word":{"at":"2026-01-02T03:04:05Z",
            "by":{"handle":"a","name":"A"},"text":"on it","quoted":true}}}"#;
        let mut later_word = word.clone();
        later_word["mood"] = json!("calm");
        for text in [
            in_order.replace(char::is_whitespace, "").replace("onit", "on it"),
            json!({"attributes": {"labels": ["eu"]}}).to_string(),
            json!({"attributes": {"labels": ["eu"]}, "fields": {"last_word": word}}).to_string(),
            json!({"attributes": {"labels": ["eu"], "later": 1}}).to_string(),
            json!({"fields": {"last_word": word, "is_noise": true}}).to_string(),
            json!({"fields": {"last_word": later_word}}).to_string(),
            json!({"fields": {"last_word": "later"}}).to_string(),
            "{}".to_owned(),
        ] {
            let [fast, slow] =
                [OtherValues::from_json(&text), read_slowly(&text)].map(Option::unwrap);
            assert_eq!(parts(fast), parts(slow), "{text}");
        }
    }

    #[test]
    fn common_values_are_read_in_a_faster_way() {
        let by = PersonRef::new("a", "A");
        let word = LastWord::new(DateTime::UNIX_EPOCH, by, "on it", true);
        let attributes = Attributes { labels: vec!["eu".into()], ..Attributes::default() };
        for (attributes, word) in [
            (attributes.clone(), None),
            (Attributes::default(), word.clone()),
            (attributes.clone(), word),
        ] {
            let values = OtherValues { attributes, word, ..OtherValues::default() };
            let expected = (values.attributes.clone(), values.word.clone());
            let json = values.into_json();
            let read = read_common(&json).unwrap();
            assert_eq!((read.attributes, read.word), expected, "{json}");
        }
    }
}
