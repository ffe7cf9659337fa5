//! The possible values of filter terms, for completion.

use std::collections::{BTreeSet, HashSet};

use super::{Sla, StateFilter, quote_value};
use crate::model::directory::Directory;
use crate::model::priority::Priority;
use crate::model::status::{Category, Role, Source, Status};
use crate::model::summary::Summary;

/// The keys of terms that are offered, each with its operator.
pub const TERM_KEYS: [&str; 25] = [
    "status:",
    "service:",
    "owner:",
    "team:",
    "cat:",
    "source:",
    "sla:",
    "is:",
    "age>",
    "idle>",
    "since:",
    "before:",
    "on:",
    "changed<",
    "resolved<",
    "label:",
    "role:",
    "users>",
    "began<",
    "reporter:",
    "resolved:",
    "took>",
    "missed:",
    "primary:",
    "leading:",
];
/// The dates that are offered.
const DATES: [&str; 14] = [
    "today",
    "yesterday",
    "this-week",
    "last-week",
    "this-month",
    "last-month",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "8h",
];
/// The durations that are offered.
const SPANS: [&str; 6] = ["15m", "30m", "1h", "2h", "8h", "1d"];

/// The numbers of users that are offered.
const USERS: [&str; 4] = ["10", "100", "1000", "10000"];

/// Returns the values that a term with this key and operator may have: those that are defined, and
/// those that the directory and the given incidents have. Empty for an unknown key.
#[must_use]
pub fn term_values<'a>(
    key: &str,
    operator: char,
    directory: Option<&'a Directory>,
    rows: impl Iterator<Item = &'a Summary>,
) -> Vec<String> {
    fn names_of<T: Copy>(all: &[T], word: fn(T) -> &'static str) -> Vec<String> {
        all.iter().map(|one| word(*one).to_owned()).collect()
    }
    // Values of later versions can be named where an incident has them.
    fn with_later(mut all: Vec<String>, later: impl Iterator<Item = &'static str>) -> Vec<String> {
        all.extend(later.collect::<BTreeSet<_>>().into_iter().map(str::to_owned));
        all
    }
    // Thousands of rows have few names: only those are sorted.
    let with = |special: &[&str], names: HashSet<&str>| -> Vec<String> {
        let mut names: Vec<&str> = names.into_iter().collect();
        names.sort_unstable();
        special.iter().copied().chain(names).map(str::to_owned).collect()
    };
    match (key, operator) {
        ("status", ':') => {
            let later = rows.map(|row| row.status).filter(|status| status.is_unknown());
            with_later(names_of(Status::ALL, Status::as_str), later.map(Status::as_str))
        }
        ("source", ':') => {
            Source::ALL.iter().map(|source| source.as_str().replace(' ', "-")).collect()
        }
        ("sla", ':') => names_of(Sla::ALL, Sla::as_str),
        ("is", ':') => {
            let states = names_of(StateFilter::ALL, StateFilter::as_str);
            states.iter().map(|state| state.replace(' ', "-")).collect()
        }
        ("priority" | "pri", ':') => {
            let later = rows.map(|row| row.priority).filter(|priority| priority.is_unknown());
            let defined = ["p1", "p2", "p3", "p4"].map(str::to_owned).to_vec();
            with_later(defined, later.map(Priority::as_str))
        }
        ("cat" | "category", ':') => {
            let mut all = names_of(Category::ALL, Category::as_str);
            all.push("none".into());
            let later = rows.filter_map(|row| row.category).filter(|one| one.is_unknown());
            with_later(all, later.map(Category::as_str))
        }
        ("service" | "svc" | "primary", ':') => {
            let listed = directory.into_iter().flat_map(|d| &d.services).map(|s| &*s.name);
            with(
                &[],
                listed.chain(rows.flat_map(|row| row.services.iter().map(|s| &**s))).collect(),
            )
        }
        ("team" | "leading", ':') => {
            let listed = directory.into_iter().flat_map(|d| &d.teams).map(|team| &*team.name);
            let teams = rows.flat_map(|row| row.team.iter().chain(&row.attributes.teams));
            with(&["none"], listed.chain(teams.map(|team| &**team)).collect())
        }
        ("owner" | "assignee", ':') => {
            let listed = directory.into_iter().flat_map(|d| &d.people).map(|p| &*p.handle);
            let owners = rows.filter_map(|row| Some(&*row.assignee.as_ref()?.handle));
            with(&["me", "none"], listed.chain(owners).collect())
        }
        ("since" | "before", ':') => DATES.map(str::to_owned).to_vec(),
        ("missed", ':') => missed_levels(),
        ("on" | "resolved", ':') => {
            DATES[..DATES.len() - 1].iter().map(|date| (*date).to_owned()).collect()
        }
        ("label" | "tag", ':') => {
            with(&["none"], rows.flat_map(|row| &row.attributes.labels).map(|s| &**s).collect())
        }
        ("reporter", ':') => {
            with(&["none"], rows.flat_map(|row| &row.attributes.reporters).map(|s| &**s).collect())
        }
        ("users", '<' | '>') => USERS.map(str::to_owned).to_vec(),
        ("role", ':') => {
            let listed = directory.into_iter().flat_map(|d| &d.people).map(|p| &*p.handle);
            let people = rows.flat_map(|row| &row.attributes.roles).map(|one| &*one.person.handle);
            let mut all = vec!["me".to_owned(), "none".to_owned()];
            all.extend(names_of(Role::ALL, Role::as_str));
            let people: BTreeSet<&str> = listed.chain(people).collect();
            all.extend(people.into_iter().map(str::to_owned));
            all
        }
        ("age" | "idle" | "changed" | "resolved" | "began" | "took", '<' | '>') => {
            SPANS.map(str::to_owned).to_vec()
        }
        _ => Vec::new(),
    }
}

/// Returns a value in the syntax of a term, after its key: in quotes if it needs them.
#[must_use]
pub fn format_value(value: &str) -> String {
    // The special words lose their meaning in quotes.
    if matches!(value, "me" | "none") { value.to_owned() } else { quote_value(value) }
}

/// Returns the values of `missed:`: each target, for any priority and for each.
fn missed_levels() -> Vec<String> {
    let suffixes = ["", "-p1", "-p2", "-p3", "-p4"];
    let targets = ["acknowledge", "resolve"].into_iter();
    targets.flat_map(|target| suffixes.map(|suffix| format!("{target}{suffix}"))).collect()
}
