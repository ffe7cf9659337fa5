//! The post-incident review: texts by section, and action items.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

use super::actor::PersonRef;
use super::status::growing_enum;

growing_enum! {
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
        /// What was done to restore service.
        Resolution = "resolution",
        /// Who was informed of what.
        Communication = "communication",
        /// What was missing in monitoring, process or ownership.
        Gaps = "gaps in monitoring, process or ownership" | "gaps",
    }
}

growing_enum! {
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

/// An action item: work that follows from an incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ActionItem {
    /// The id of the item. A change of the item has the same id.
    pub id: Uuid,
    /// What is to be done.
    pub text: String,
    /// The person who does the work; `None` if nobody was chosen.
    #[schema(required)]
    pub owner: Option<PersonRef>,
    /// The day by which it must be done; `None` if there is none.
    #[schema(required)]
    pub due: Option<NaiveDate>,
    /// What the work is to achieve.
    pub kind: ActionKind,
    /// Whether it is done.
    pub done: bool,
}

/// The post-incident review, as far as it is written.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// The text of each section that was written.
    pub sections: BTreeMap<Section, String>,
    /// The action items, in the order in which they were added.
    pub actions: Vec<ActionItem>,
    /// When it was published; `None` before that.
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
