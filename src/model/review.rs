//! The post-incident review.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

use super::actor::PersonRef;
use super::status::text_enum;

text_enum! {
    /// A part of the review that is written as text.
    Section, "review section" {
        /// What happened, in a few sentences.
        Summary = "summary",
        /// What happened when, in order.
        Timeline = "timeline",
        /// Who was affected, how much, and for how long.
        Impact = "impact",
        /// Why the incident happened.
        RootCause = "root cause and contributing factors" | "root cause" | "cause",
        /// What restored service.
        Resolution = "resolution",
        /// Who was informed of what.
        Communication = "communication",
        /// What was missing in monitoring, process or ownership.
        Gaps = "gaps in monitoring, process or ownership" | "gaps",
    }
}

text_enum! {
    /// What an action item is to achieve.
    ActionKind, "kind of action item" {
        /// Prevents that the incident recurs.
        Prevent = "prevent",
        /// Detects such an incident sooner.
        Detect = "detect",
        /// Reduces the harm of such an incident.
        Mitigate = "mitigate",
        /// Improves how people work together.
        Process = "process",
    }
}

/// Work that follows from an incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ActionItem {
    /// Tells which item a change is about.
    pub id: Uuid,
    /// What is to be done.
    pub text: String,
    /// Who does it.
    pub owner: Option<PersonRef>,
    /// By when.
    pub due: Option<NaiveDate>,
    /// What it is to achieve.
    pub kind: ActionKind,
    /// Whether it is done.
    pub done: bool,
}

/// The review as far as it is written.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// Texts by section.
    pub sections: BTreeMap<Section, String>,
    /// In the order they were added.
    pub actions: Vec<ActionItem>,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
}

impl Review {
    /// Returns the sections that have no text yet, in order.
    #[must_use]
    pub fn missing(&self) -> Vec<Section> {
        Section::ALL
            .iter()
            .copied()
            .filter(|s| self.sections.get(s).is_none_or(|text| text.trim().is_empty()))
            .collect()
    }

    /// Adds an action item, or replaces the one with its id.
    pub fn set_action(&mut self, item: ActionItem) {
        match self.actions.iter_mut().find(|a| a.id == item.id) {
            Some(old) => *old = item,
            None => self.actions.push(item),
        }
    }
}
