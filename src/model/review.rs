//! The post-incident review: texts by section, and action items.

mod blocks;
mod html;
mod page;
mod style;
mod suggestions;
mod timeline;

pub use page::{PageTimes, ReviewPage};
pub use suggestions::suggested_text;
pub use timeline::{TimelineChoice, timeline_choices, timeline_text};

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

use super::actor::PersonRef;
use super::status::growing_enum;
use super::text::{fold, truncate};

growing_enum! {
    /// A part of the review that is written as text.
    Section, "review section" {
        /// The events, in a few sentences.
        Summary = "summary",
        /// The events with their times, in order.
        Timeline = "timeline",
        /// The affected people, how much, and for how long.
        Impact = "impact",
        /// The reason why the incident happened.
        RootCause = "root cause and contributing factors" | "root cause" | "cause",
        /// The actions that restored service.
        Resolution = "resolution",
        /// The people who were informed, and the messages.
        Communication = "communication",
        /// The gaps in monitoring, process or ownership.
        Gaps = "gaps in monitoring, process or ownership" | "gaps",
        /// The contributing factors as short tags, separated by commas; they are counted over all
        /// reviews.
        Factors = "contributing factors" | "factors" | "tags",
        /// Practices that went well and should be repeated.
        WentWell = "what went well" | "went well",
    }
}

growing_enum! {
    /// The goal of an action item.
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
    /// The progress of a review.
    ReviewState, "state of a review" {
        /// The incident was a P1 or P2 and ended, and nobody has begun its review.
        Missing = "missing",
        /// A part of it is written, but it was not submitted, or was returned.
        Draft = "draft",
        /// It was submitted to be read, and is not published yet.
        InReview = "in review",
        /// It is published.
        Published = "published",
    }
}

/// An action item: work that follows from an incident.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ActionItem {
    /// The id of the item. A change of the item has the same id.
    pub id: Uuid,
    /// The work to be done.
    pub text: String,
    /// The person who does the work; `None` if nobody was chosen.
    #[schema(required)]
    pub owner: Option<PersonRef>,
    /// The day by which it must be done; `None` without a deadline.
    #[schema(required)]
    pub due: Option<NaiveDate>,
    /// The goal of the work.
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
    /// When it was submitted to be read; `None` before that, and after it was returned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<DateTime<Utc>>,
    /// When it was published; `None` before that.
    pub published_at: Option<DateTime<Utc>>,
}

/// The most factors of one review, and the most columns of one.
const MAX_FACTORS: usize = 20;
const MAX_FACTOR_WIDTH: usize = 40;

impl Section {
    /// The sections without which a review can't be published.
    pub const REQUIRED: [Self; 7] = [
        Self::Summary,
        Self::Timeline,
        Self::Impact,
        Self::RootCause,
        Self::Resolution,
        Self::Communication,
        Self::Gaps,
    ];

    /// All sections in the order in which a review is read.
    pub const READING_ORDER: [Self; 9] = [
        Self::Summary,
        Self::Impact,
        Self::Timeline,
        Self::RootCause,
        Self::Factors,
        Self::Resolution,
        Self::Communication,
        Self::WentWell,
        Self::Gaps,
    ];

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

    /// Returns the item on one line: whether it is done, the work, the owner, the deadline and the
    /// goal. `owner` is the name of the owner for display. The text is not sanitized.
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
    /// Returns whether any part of the review is written, or it is published.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.published_at.is_some() || self.written().next().is_some()
    }

    /// Returns the sections that have a text, in order.
    pub fn written(&self) -> impl Iterator<Item = (Section, &str)> {
        let texts = self.sections.iter().map(|(section, text)| (*section, text.as_str()));
        texts.filter(|(_, text)| !text.trim().is_empty())
    }

    /// Describes the progress of the review. `published_at` is the formatted time at which it was
    /// published.
    #[must_use]
    pub fn state_text(&self, published_at: Option<&str>) -> String {
        let (all, missing) = (Section::REQUIRED.len(), self.missing().len());
        match published_at {
            Some(at) if missing == 0 => format!("published {at}"),
            Some(at) => format!("published {at} · {} of {all} sections", all - missing),
            None if self.is_in_review() => format!("in review · {all} of {all} sections"),
            None => format!("a draft · {} of {all} sections", all - missing),
        }
    }

    /// Returns whether the review was submitted, is still complete, and is not published.
    #[must_use]
    pub fn is_in_review(&self) -> bool {
        self.published_at.is_none() && self.submitted_at.is_some() && self.missing().is_empty()
    }

    /// Returns the progress of the review; `Missing` for one that is not begun.
    #[must_use]
    pub fn state(&self) -> ReviewState {
        match self.published_at {
            Some(_) => ReviewState::Published,
            None if self.is_in_review() => ReviewState::InReview,
            None if self.is_begun() || !self.actions.is_empty() => ReviewState::Draft,
            None => ReviewState::Missing,
        }
    }

    /// Returns the contributing factors as tags; see [`parse_factors`].
    #[must_use]
    pub fn factors(&self) -> Vec<String> {
        self.sections.get(&Section::Factors).map_or_else(Vec::new, |text| parse_factors(text))
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

    /// Returns the required sections that have no text yet, in order.
    #[must_use]
    pub fn missing(&self) -> Vec<Section> {
        Section::REQUIRED
            .into_iter()
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

/// Returns the tags of a text: its parts between commas, semicolons and ends of lines, folded, each
/// once. A `#` or a list mark before a tag is no part of it.
#[must_use]
pub fn parse_factors(text: &str) -> Vec<String> {
    let mut factors: Vec<String> = Vec::new();
    for part in text.split([',', ';', '\n']) {
        let part = part.trim().trim_start_matches(['#', '-', '*', '•', ' ']);
        let words = part.split_whitespace().collect::<Vec<_>>().join(" ");
        let factor = truncate(fold(&words), MAX_FACTOR_WIDTH).into_string();
        if !factor.is_empty() && !factors.contains(&factor) {
            factors.push(factor);
        }
    }
    factors.truncate(MAX_FACTORS);
    factors
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("Config, capacity", &["config", "capacity"])]
    #[case("- #config\n- Missing  alert\n", &["config", "missing alert"])]
    #[case("config; CONFIG,,config", &["config"])]
    #[case(" \n,", &[])]
    fn factors_are_folded_tags(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(parse_factors(text), expected);
    }

    #[test]
    fn factors_of_a_review_have_a_bound() {
        let many: Vec<String> =
            (0..100).map(|n| format!("factor {n} {}", "x".repeat(100))).collect();
        let factors = parse_factors(&many.join(","));
        assert_eq!(factors.len(), MAX_FACTORS);
        assert!(factors.iter().all(|factor| crate::model::text::width(factor) <= MAX_FACTOR_WIDTH));
    }

    #[test]
    fn state_follows_from_sections_and_publication() {
        let mut review = Review::default();
        assert_eq!(review.state(), ReviewState::Missing);
        review.sections.insert(Section::WentWell, "the rollback".into());
        assert_eq!(review.state(), ReviewState::Draft);
        for section in Section::REQUIRED {
            review.sections.insert(section, "text".into());
        }
        assert_eq!(review.state(), ReviewState::Draft);
        review.submitted_at = Some(DateTime::UNIX_EPOCH);
        assert_eq!(review.state(), ReviewState::InReview);
        review.sections.insert(Section::Gaps, " ".into());
        assert_eq!(review.state(), ReviewState::Draft);
        review.published_at = Some(DateTime::UNIX_EPOCH);
        assert_eq!(review.state(), ReviewState::Published);
    }

    #[test]
    fn every_section_has_its_position_when_it_is_read() {
        for section in Section::ALL {
            assert_eq!(Section::READING_ORDER.iter().filter(|other| *other == section).count(), 1);
        }
    }
}
