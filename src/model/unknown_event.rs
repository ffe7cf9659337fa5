//! Events of kinds that only a later version defines. They are carried as they are.

use serde::Serialize;
use serde_json::{Map, Value};

use super::actor::PersonRef;
use super::command::logic::EventLogic;
use super::event::Event;
use super::incident::Incident;
use super::text::sanitize;
use super::unknown::{plain_text, spaced};

/// An event of a kind that this version does not define.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct UnknownEvent {
    /// The name of the kind.
    pub kind: String,
    /// Its values.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

impl UnknownEvent {
    /// Returns the kind as words, not sanitized.
    #[must_use]
    pub fn label(&self) -> String {
        let label = spaced(&self.kind);
        let mut chars = label.chars();
        chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    }
}

impl EventLogic for UnknownEvent {
    /// Does nothing: this version does not define the meaning of the event.
    fn apply(&self, _: &mut Incident, _: &Event) {}

    fn label(&self) -> &'static str {
        "Unknown"
    }

    fn detail(&self) -> String {
        let texts: Vec<String> = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), plain_text(value)))
            .filter(|(_, text)| !text.is_empty() && text != "[]")
            .map(|(name, text)| match name {
                "text" | "reason" | "message" | "detail" | "title" => text,
                name => format!("{}: {text}", spaced(name)),
            })
            .collect();
        texts.join(" · ")
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("did what only a later version knows: {}", sanitize(self.label()))
    }
}
