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

growing_enum! {
    /// How far a review is.
    ReviewState, "state of a review" {
        /// The incident was a P1 or P2 and ended, and nobody has begun its review.
        Missing = "missing",
        /// Some of it is written.
        Draft = "draft",
        /// It is published.
        Published = "published",
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

impl Section {
    /// Returns the name of the section as a heading.
    #[must_use]
    pub fn heading(self) -> String {
        let mut letters = self.as_str().chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    }
}

impl ActionItem {
    /// Returns whether the item should have been done before `today`.
    #[must_use]
    pub fn is_overdue(&self, today: NaiveDate) -> bool {
        !self.done && self.due.is_some_and(|due| due < today)
    }

    /// Returns the item on one line: whether it is done, what is to be done, by whom, until when, and
    /// what for. `owner` is the name of the owner as it is to be shown. The text is not sanitized.
    #[must_use]
    pub fn line(&self, owner: Option<&str>, today: NaiveDate) -> String {
        let mark = if self.done { "[x]" } else { "[ ]" };
        let mut parts = vec![format!("{mark} {}", self.text.trim())];
        parts.push(owner.unwrap_or("nobody").to_owned());
        if let Some(due) = self.due {
            let late = (today - due).num_days();
            parts.push(match late {
                _ if self.done => format!("due {due}"),
                1 => format!("due {due}, 1 day late"),
                2.. => format!("due {due}, {late} days late"),
                0 => format!("due {due}, today"),
                _ => format!("due {due}"),
            });
        }
        parts.push(self.kind.to_string());
        if self.done {
            parts.push("done".to_owned());
        }
        parts.join(" · ")
    }
}

impl Review {
    /// Returns whether anything of the review is written, or it is published.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.published_at.is_some() || self.written().next().is_some()
    }

    /// Returns the sections that have a text, in order.
    pub fn written(&self) -> impl Iterator<Item = (Section, &str)> {
        let texts = self.sections.iter().map(|(section, text)| (*section, text.as_str()));
        texts.filter(|(_, text)| !text.trim().is_empty())
    }

    /// Describes how far the review is. `published_at` is the formatted time at which it was
    /// published.
    #[must_use]
    pub fn state_text(&self, published_at: Option<&str>) -> String {
        let (all, missing) = (Section::ALL.len(), self.missing().len());
        match published_at {
            Some(at) if missing == 0 => format!("published {at}"),
            Some(at) => format!("published {at} · {} of {all} sections", all - missing),
            None => format!("a draft · {} of {all} sections", all - missing),
        }
    }

    /// Describes how many action items are open, and how many of them are overdue.
    #[must_use]
    pub fn actions_text(&self, today: NaiveDate) -> String {
        let open = self.actions.iter().filter(|item| !item.done).count();
        let overdue = self.actions.iter().filter(|item| item.is_overdue(today)).count();
        match (open, overdue) {
            (0, _) => "all done".to_owned(),
            (open, 0) => format!("{open} open"),
            (open, overdue) => format!("{open} open, {overdue} overdue"),
        }
    }

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
