//! The JSON part of a packed row: values that do not fit into the fixed-length part.

use serde::{Deserialize, Serialize};

use crate::model::maintenance::Mute;
use crate::model::priority::{Level, Priority};
use crate::model::status::{Category, Source, Status};
use crate::model::unknown::read_exactly;
use crate::model::{Attributes, Extra, LastWord, Summary};

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

/// The JSON text of most rows: the last word alone. It reads and writes the same as
/// [`OtherValues`], faster.
#[derive(Serialize, Deserialize)]
struct OnlyWord<W> {
    fields: WordField<W>,
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
        if let Some(only) = read_exactly::<OnlyWord<LastWord>>(json.as_bytes()) {
            return Some(Self { word: Some(only.fields.last_word), ..Self::default() });
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
