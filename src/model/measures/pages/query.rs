//! What the pages are about: the window, the incidents, the breakdown, and the viewer's zone.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::fact::Fact;
use super::super::window::Window;
use super::history::History;
use crate::model::filter::quote_value;
use crate::model::priority::Priority;
use crate::model::status::{Category, Source, growing_enum};

growing_enum! {
    /// A field by which the pages are broken down.
    Dimension, "dimension" {
        /// The present priority.
        Priority = "priority",
        /// The category.
        Category = "category",
        /// The primary service.
        Service = "service",
        /// The team.
        Team = "team",
        /// How the incident was detected.
        Source = "source",
    }
}

/// Selects incidents by their fields. An incident must have one of the values of each list that is not
/// empty.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Selection {
    /// The priorities.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub priorities: Vec<Priority>,
    /// The categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<Category>,
    /// The names of primary services; `none` stands for incidents without a service.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The names of teams; `none` stands for incidents without a team.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// How the incidents were detected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
}

/// The name that stands for incidents without a value.
pub(super) const NONE: &str = "none";

impl Selection {
    /// Returns whether every incident is selected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Describes the selection in the language of filters, such as `p1 team:payments`; empty for all.
    #[must_use]
    pub fn describe(&self) -> String {
        self.terms().join(" ")
    }

    /// Returns the terms of a filter for the selection.
    #[must_use]
    pub fn terms(&self) -> Vec<String> {
        let priorities = self.priorities.iter().map(|priority| priority.as_str().to_lowercase());
        let categories = self.categories.iter().map(|category| format!("cat:{category}"));
        let services = self.services.iter().map(|name| format!("service:{}", term_value(name)));
        let teams = self.teams.iter().map(|name| format!("team:{}", term_value(name)));
        let sources =
            self.sources.iter().map(|source| format!("source:{source}").replace(' ', "-"));
        priorities.chain(categories).chain(services).chain(teams).chain(sources).collect()
    }

    /// Returns the selection with the keys of its names. `key` returns the key of the name of a service
    /// (`true`) or of a team, and `None` for a name that no incident has.
    #[must_use]
    pub fn keys(&self, key: &dyn Fn(bool, &str) -> Option<u32>) -> SelectionKeys {
        let keys = |names: &[String], is_service: bool| -> Option<Vec<u32>> {
            let key = |name: &String| match name.as_str() {
                NONE => Some(0),
                name => key(is_service, name),
            };
            (!names.is_empty()).then(|| names.iter().filter_map(key).collect())
        };
        SelectionKeys {
            priorities: self.priorities.iter().map(|priority| priority.rank()).collect(),
            categories: self.categories.clone(),
            services: keys(&self.services, true),
            teams: keys(&self.teams, false),
            sources: self.sources.clone(),
        }
    }
}

/// Returns the name of a service or team as the value of a term: `none` stands for incidents without.
pub(in crate::model::measures) fn term_value(name: &str) -> String {
    if name == NONE { name.to_owned() } else { quote_value(name) }
}

/// A selection whose names are the keys that facts have.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SelectionKeys {
    priorities: Vec<Priority>,
    categories: Vec<Category>,
    services: Option<Vec<u32>>,
    teams: Option<Vec<u32>>,
    sources: Vec<Source>,
}

impl SelectionKeys {
    /// Returns whether an incident is selected.
    #[must_use]
    pub fn matches(&self, fact: &Fact, history: &History) -> bool {
        self.matches_fields(fact.priority, fact.category, fact.service, fact.team)
            && (self.sources.is_empty() || self.sources.contains(&history.source))
    }

    /// Returns whether an incident with these fields is selected, however it was detected.
    #[must_use]
    pub fn matches_fields(
        &self,
        priority: Priority,
        category: Option<Category>,
        service: u32,
        team: u32,
    ) -> bool {
        let has =
            |keys: &Option<Vec<u32>>, key| keys.as_ref().is_none_or(|keys| keys.contains(&key));
        (self.priorities.is_empty() || self.priorities.contains(&priority.rank()))
            && (self.categories.is_empty()
                || category.is_some_and(|category| self.categories.contains(&category)))
            && has(&self.services, service)
            && has(&self.teams, team)
    }
}

/// The offsets of the viewer's zone from UTC, in seconds east of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Offsets {
    /// The offset before the first change.
    pub base_s: i32,
    /// When the offset changes, in ascending order, and the offset from then on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<(DateTime<Utc>, i32)>,
}

impl Offsets {
    /// Returns the offset at a time in milliseconds since 1970, in seconds.
    #[must_use]
    pub fn at(&self, millis: i64) -> i32 {
        let passed = self.changes.partition_point(|(at, _)| at.timestamp_millis() <= millis);
        passed.checked_sub(1).map_or(self.base_s, |last| self.changes[last].1)
    }

    /// Returns the offsets with only those changes that lie within a span.
    #[must_use]
    pub fn within(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        let changes = self.changes.iter().filter(|(at, _)| from < *at && *at < to);
        Self { base_s: self.at(from.timestamp_millis()), changes: changes.copied().collect() }
    }

    /// Returns a time in milliseconds since 1970 as the viewer's clock shows it.
    #[must_use]
    pub fn local_time(&self, millis: i64) -> NaiveDateTime {
        let shifted = millis.saturating_add(i64::from(self.at(millis)) * 1000);
        DateTime::from_timestamp_millis(shifted).unwrap_or_default().naive_utc()
    }

    /// Returns the day of the week, from 0 for Monday, and the hour at a time in milliseconds.
    #[must_use]
    pub fn weekday_and_hour(&self, millis: i64) -> (usize, usize) {
        let local = millis.saturating_add(i64::from(self.at(millis)) * 1000);
        let hours = local.div_euclid(3_600_000);
        // 1970-01-01 was a Thursday.
        let weekday = (hours.div_euclid(24) + 3).rem_euclid(7);
        let index = |number: i64| usize::try_from(number).unwrap_or(0);
        (index(weekday), index(hours.rem_euclid(24)))
    }
}

/// What the pages are about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PagesQuery {
    /// The window, with its buckets.
    pub window: Window,
    /// The incidents that count.
    pub selection: Selection,
    /// The fields by which the figures are broken down.
    pub by: Vec<Dimension>,
    /// The viewer's zone, in which hours and days of the week are counted.
    pub offsets: Offsets,
}

impl PagesQuery {
    /// Returns start and end of the window before, which ends where the window starts.
    #[must_use]
    pub fn previous(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        self.window.previous_span()
    }

    /// Returns the length of the window.
    #[must_use]
    pub fn length(&self) -> TimeDelta {
        self.window.to - self.window.from
    }
}
