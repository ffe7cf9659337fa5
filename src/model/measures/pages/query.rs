//! The selection of the pages: the window, the incidents, the breakdown, and the viewer's zone.

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
    /// The names of primary services; `none` selects incidents without a service.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
    /// The names of teams; `none` selects incidents without a team.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// How the incidents were detected.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
}

/// The name that represents incidents without a value.
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

    /// Returns the terms of a filter for exactly these incidents.
    #[must_use]
    pub fn filter_terms(&self) -> Vec<String> {
        let exact = |term: String| match term.split_once(':') {
            Some(("service", name)) => format!("primary:{name}"),
            Some(("team", name)) => format!("leading:{name}"),
            _ => term,
        };
        self.terms().into_iter().map(exact).collect()
    }

    /// Returns the terms that describe the selection.
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

/// Returns the name of a service or team as the value of a term: `none` for incidents without.
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
            && self.matches_source(history.source)
    }

    /// Returns whether incidents are selected by how they were detected.
    #[must_use]
    pub fn selects_sources(&self) -> bool {
        !self.sources.is_empty()
    }

    /// Returns whether an incident that was detected in this way is selected, whatever its other fields are.
    #[must_use]
    pub fn matches_source(&self, source: Source) -> bool {
        self.sources.is_empty() || self.sources.contains(&source)
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
    /// Finds the offsets of a zone over a span. `offset_at` returns the offset at a time, in
    /// seconds east of UTC. A change that is reversed within a week is not found.
    #[must_use]
    pub fn find(
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        offset_at: &dyn Fn(DateTime<Utc>) -> i32,
    ) -> Self {
        const STEP: TimeDelta = TimeDelta::days(7);
        let mut found = Self { base_s: offset_at(from), changes: Vec::new() };
        let (mut at, mut offset) = (from, found.base_s);
        while at < to {
            let next = (at + STEP).min(to);
            if offset_at(next) != offset {
                let (mut before, mut after) = (at.timestamp(), next.timestamp());
                let at_second = |second| DateTime::from_timestamp(second, 0).unwrap_or(next);
                while after - before > 1 {
                    let middle = i64::midpoint(before, after);
                    if offset_at(at_second(middle)) == offset {
                        before = middle;
                    } else {
                        after = middle;
                    }
                }
                offset = offset_at(at_second(after));
                found.changes.push((at_second(after), offset));
            }
            at = next;
        }
        found
    }

    /// Returns whether the zone is UTC at all times.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the offset at a time in milliseconds since 1970, in seconds.
    #[must_use]
    pub fn at(&self, millis: i64) -> i32 {
        let passed = self.changes.partition_point(|(at, _)| at.timestamp_millis() <= millis);
        passed.checked_sub(1).map_or(self.base_s, |last| self.changes[last].1)
    }

    /// Returns the offsets with only those changes that are within a span.
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

    /// Returns the name of the offset at a time, such as `UTC`, `UTC+2` or `UTC-3:30`.
    #[must_use]
    pub fn name_at(&self, at: DateTime<Utc>) -> String {
        let offset_s = self.at(at.timestamp_millis());
        let (sign, minutes) = (if offset_s < 0 { '-' } else { '+' }, offset_s.unsigned_abs() / 60);
        match (minutes / 60, minutes % 60) {
            (0, 0) => "UTC".to_owned(),
            (hours, 0) => format!("UTC{sign}{hours}"),
            (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
        }
    }

    /// Returns a span as the viewer's clock shows it, such as `2026-03-01 00:00 UTC+1 – 2026-04-01 00:00 UTC+2`. The
    /// offset stands once if it is the same at both ends.
    #[must_use]
    pub fn describe_span(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
        let (first, last) = (self.name_at(from), self.name_at(to));
        let zone_of_first = if first == last { String::new() } else { format!(" {first}") };
        format!("{}{zone_of_first} – {} {last}", self.minute_of(from), self.minute_of(to))
    }

    /// Returns a time as the viewer's clock shows it, such as `2026-03-01 00:00`.
    #[must_use]
    pub fn minute_of(&self, at: DateTime<Utc>) -> String {
        self.local_time(at.timestamp_millis()).format("%Y-%m-%d %H:%M").to_string()
    }

    /// Returns the names of the offsets of a span, such as `UTC+2`, or `UTC+2, UTC+1` where clocks were changed
    /// within it.
    #[must_use]
    pub fn names_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
        let mut names = vec![self.name_at(from)];
        for (at, _) in self.within(from, to).changes {
            let name = self.name_at(at);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(", ")
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

/// The selection of the pages.
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
        self.window.previous_span_in(&self.offsets)
    }

    /// Returns the length of the window.
    #[must_use]
    pub fn length(&self) -> TimeDelta {
        self.window.to - self.window.from
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The clocks of Berlin went forward at 01:00 UTC of 2026-03-29, and back at 01:00 UTC of 2026-10-25.
    #[test]
    fn offsets_of_a_zone_are_found_to_the_second() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (summer, winter) = (at("2026-03-29T01:00:00Z"), at("2026-10-25T01:00:00Z"));
        let berlin = |at: DateTime<Utc>| if summer <= at && at < winter { 7200 } else { 3600 };
        let find = |from: &str, to: &str| Offsets::find(at(from), at(to), &berlin);
        let year = find("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
        assert_eq!(year, Offsets { base_s: 3600, changes: vec![(summer, 7200), (winter, 3600)] });
        let july = find("2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z");
        assert_eq!(july, Offsets { base_s: 7200, changes: Vec::new() });
        let march = find("2026-03-01T00:00:00Z", "2026-03-29T01:00:01Z");
        assert_eq!(march.changes, [(summer, 7200)]);
    }

    /// A figure of a team counts the incidents that it leads, not those with which it helps.
    #[test]
    fn selected_team_is_the_one_that_leads() {
        let teams = vec!["data base".into(), "none".into()];
        let selection = Selection { teams, ..Selection::default() };
        assert_eq!(selection.filter_terms(), ["leading:\"data base\"", "leading:none"]);
        assert_eq!(selection.describe(), "team:\"data base\" team:none");
    }

    /// March in Berlin begins an hour, and ends two hours before it does by UTC.
    #[test]
    fn span_has_the_offset_of_each_of_its_ends() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let changes = vec![(at("2026-03-29T01:00:00Z"), 7200)];
        let berlin = Offsets { base_s: 3600, changes };
        let march = (at("2026-02-28T23:00:00Z"), at("2026-03-31T22:00:00Z"));
        let expected = "2026-03-01 00:00 UTC+1 – 2026-04-01 00:00 UTC+2";
        assert_eq!(berlin.describe_span(march.0, march.1), expected);
        assert_eq!(berlin.names_between(march.0, march.1), "UTC+1, UTC+2");
        let april = (march.1, at("2026-04-30T22:00:00Z"));
        let expected = "2026-04-01 00:00 – 2026-05-01 00:00 UTC+2";
        assert_eq!(berlin.describe_span(april.0, april.1), expected);
        assert_eq!(berlin.names_between(april.0, april.1), "UTC+2");
    }
}
