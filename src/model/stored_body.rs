//! The part of an event that a store has as JSON, besides its columns.

use serde::{Deserialize, Serialize};

use super::event::{Event, EventBody, Undo};
use super::extra::Extra;
use super::unknown::read_exactly;
use super::verdict::Verdict;

/// The part of an event that a store has in one column: its body, and the fields that only some
/// events have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredBody {
    /// See [`Event::body`].
    #[serde(flatten)]
    pub body: EventBody,
    /// See [`Event::because`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// See [`Event::verdicts`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Verdict>,
    /// See [`Event::undo`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
}

/// [`StoredBody`], borrowed from an event.
#[derive(Serialize)]
struct StoredBodyRef<'a> {
    #[serde(flatten)]
    body: &'a EventBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: &'a Option<String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    verdicts: &'a [Verdict],
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: &'a Option<Undo>,
}

impl StoredBody {
    /// Reads the output of [`Event::body_to_json`]. Also returns the fields of later versions.
    ///
    /// # Errors
    /// The error of the parser, if it is not the body of an event.
    pub fn from_json(json: &str) -> Result<(Self, Extra), serde_json::Error> {
        // The fast paths: most events are those of this version, and few have more than a body.
        if let Some(body) = read_exactly(json.as_bytes()) {
            return Ok((
                Self { body, because: None, verdicts: Vec::new(), undo: None },
                <_>::default(),
            ));
        }
        if let Some(stored) = read_exactly(json.as_bytes()) {
            return Ok((stored, Extra::default()));
        }
        let (body, mut extra) = EventBody::from_any_json(json)?;
        let mut stored = Self { because: None, verdicts: Vec::new(), undo: None, body };
        if !extra.is_empty() {
            stored.because = extra.extract("because");
            stored.verdicts = extra.extract("verdicts").unwrap_or_default();
            stored.undo = extra.extract("undo");
        }
        Ok((stored, extra))
    }
}

impl Event {
    /// Returns the body as JSON, with all fields that a later version defines, also those of the
    /// event itself. [`EventBody::from_json`] reads it.
    ///
    /// # Errors
    /// The error of the serializer.
    pub fn body_to_json(&self) -> Result<String, serde_json::Error> {
        let Self { body, because, verdicts, undo, extra, .. } = self;
        let stored = StoredBodyRef { body, because, verdicts, undo };
        if extra.is_empty() {
            return serde_json::to_string(&stored);
        }
        let mut value = serde_json::to_value(stored)?;
        extra.merge_into(&mut value);
        serde_json::to_string(&value)
    }
}
