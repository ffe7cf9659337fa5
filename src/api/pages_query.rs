//! The parameters of the pages of measures, and their meaning.

use std::str::FromStr;

use chrono::{DateTime, SecondsFormat, Utc};

use super::query;
use crate::model::measures::Window;
use crate::model::measures::pages::{Dimension, Offsets, PagesQuery, Selection};
use crate::model::text::truncate;

/// The greatest number of values of a parameter.
const MAX_VALUES: usize = 100;
/// The greatest offset from UTC, in seconds.
const MAX_OFFSET_S: i32 = 86_400;

/// A parameter that means nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct BadParameter {
    /// The name of the parameter.
    pub name: &'static str,
    /// The error of its value.
    pub problem: String,
}

fn bad(name: &'static str, problem: impl Into<String>) -> BadParameter {
    BadParameter { name, problem: problem.into() }
}

impl query::Pages {
    /// Returns the parameters of a query; the values are judged at `now`.
    #[must_use]
    pub fn new(query: &PagesQuery, now: DateTime<Utc>) -> Self {
        let join = |values: Vec<String>| values.join(",");
        let PagesQuery { window, selection, by, offsets } = query;
        let edges = window.edges.iter().skip(1).map(|edge| time(*edge)).collect();
        let changes = offsets.changes.iter().map(|(at, offset)| format!("{}={offset}", time(*at)));
        Self {
            from: Some(window.from),
            to: Some(window.to),
            window: String::new(),
            edges: join(edges),
            by: Some(join(by.iter().map(|by| by.as_str().to_owned()).collect())),
            priority: join(selection.priorities.iter().map(|p| p.as_str().to_owned()).collect()),
            category: join(selection.categories.iter().map(|c| c.as_str().to_owned()).collect()),
            service: names(&selection.services),
            team: names(&selection.teams),
            source: join(selection.sources.iter().map(|s| s.as_str().to_owned()).collect()),
            offset: offsets.base_s,
            offset_changes: join(changes.collect()),
            now: Some(now),
        }
    }

    /// Returns the query for the parameters. `window` is the window in them, which is checked
    /// already.
    ///
    /// # Errors
    ///
    /// Which parameter means nothing, and why.
    pub fn to_query(&self, window: Window) -> Result<PagesQuery, BadParameter> {
        let by = match &self.by {
            None => Dimension::ALL.to_vec(),
            Some(by) => values::<Dimension>("by", by)?,
        };
        let mut distinct: Vec<Dimension> = Vec::new();
        for by in by {
            if !distinct.contains(&by) {
                distinct.push(by);
            }
        }
        let selection = Selection {
            priorities: values("priority", &self.priority)?,
            categories: values("category", &self.category)?,
            services: read_names("service", &self.service)?,
            teams: read_names("team", &self.team)?,
            sources: values("source", &self.source)?,
        };
        Ok(PagesQuery { window, selection, by: distinct, offsets: self.offsets()? })
    }

    /// Returns the offsets of the viewer's zone.
    ///
    /// # Errors
    ///
    /// Which parameter means nothing, and why.
    pub fn offsets(&self) -> Result<Offsets, BadParameter> {
        let is_offset = |offset: i32| (-MAX_OFFSET_S..=MAX_OFFSET_S).contains(&offset);
        if !is_offset(self.offset) {
            return Err(bad("offset", "it is more than a day"));
        }
        let mut changes: Vec<(DateTime<Utc>, i32)> = Vec::new();
        for change in self.offset_changes.split(',').filter(|change| !change.is_empty()) {
            let parsed = change.rsplit_once('=').and_then(|(at, offset)| {
                let at = DateTime::parse_from_rfc3339(at).ok()?.to_utc();
                Some((at, offset.parse().ok().filter(|offset| is_offset(*offset))?))
            });
            let Some((at, offset)) = parsed else {
                let change = truncate(change, 40);
                let problem = format!("{change:?} is no change: write 2026-03-29T01:00:00Z=7200");
                return Err(bad("offset_changes", problem));
            };
            if changes.last().is_some_and(|(last, _)| at <= *last) || changes.len() == MAX_VALUES {
                return Err(bad("offset_changes", "they must ascend, and be 100 at most"));
            }
            changes.push((at, offset));
        }
        Ok(Offsets { base_s: self.offset, changes })
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Parses values that are separated by commas.
fn values<T: FromStr<Err: std::fmt::Display>>(
    name: &'static str,
    text: &str,
) -> Result<Vec<T>, BadParameter> {
    let values = text.split(',').map(str::trim).filter(|value| !value.is_empty());
    let values: Vec<T> = values
        .take(MAX_VALUES)
        .map(|value| value.parse().map_err(|error: T::Err| bad(name, error.to_string())))
        .collect::<Result<_, _>>()?;
    Ok(values)
}

/// Returns names as a parameter: one unchanged, several or an ambiguous one as a JSON list.
fn names(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [name] if !name.is_empty() && !name.starts_with('[') => name.clone(),
        names => serde_json::to_string(names).unwrap_or_default(),
    }
}

fn read_names(name: &'static str, text: &str) -> Result<Vec<String>, BadParameter> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if !text.starts_with('[') {
        return Ok(vec![text.to_owned()]);
    }
    let names: Result<Vec<String>, _> = serde_json::from_str(text);
    match names {
        Ok(names) if names.len() <= MAX_VALUES => Ok(names),
        Ok(_) => Err(bad(name, format!("give {MAX_VALUES} names at most"))),
        Err(_) => Err(bad(name, "this begins like a JSON list of names, and is none")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Priority;
    use crate::model::status::{Category, Source};

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000 + second, 0).unwrap()
    }

    #[test]
    fn query_survives_its_parameters() {
        let window = Window { from: at(0), to: at(100), edges: vec![at(0), at(50)] };
        let selection = Selection {
            priorities: vec![Priority::P1, Priority::P3],
            categories: vec![Category::Security],
            services: vec!["a, b".into(), "[x]".into()],
            teams: vec!["none".into()],
            sources: vec![Source::UserReport],
        };
        let offsets = Offsets { base_s: 3600, changes: vec![(at(10), 7200), (at(20), -3600)] };
        let by = vec![Dimension::Team, Dimension::Source];
        let query = PagesQuery { window: window.clone(), selection, by, offsets };
        let parameters = query::Pages::new(&query, at(100));
        assert_eq!(parameters.edges, "2026-05-28T20:27:30Z");
        assert_eq!(parameters.to_query(window), Ok(query));
    }

    #[test]
    fn parameters_that_mean_nothing_are_refused() {
        let window = || Window { from: at(0), to: at(100), edges: vec![at(0)] };
        let query = PagesQuery {
            window: window(),
            selection: Selection::default(),
            by: Vec::new(),
            offsets: Offsets::default(),
        };
        let plain = query::Pages::new(&query, at(100));
        let with = |change: fn(&mut query::Pages)| {
            let mut parameters = plain.clone();
            change(&mut parameters);
            parameters.to_query(window()).unwrap_err()
        };
        assert_eq!(with(|p| p.by = Some("owner".into())).name, "by");
        assert_eq!(with(|p| p.priority = "P9".into()).name, "priority");
        assert_eq!(with(|p| p.service = "[1".into()).name, "service");
        assert_eq!(with(|p| p.offset = 100_000).name, "offset");
        assert_eq!(with(|p| p.offset_changes = "now=1".into()).name, "offset_changes");
    }
}
