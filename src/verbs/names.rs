//! Parses names as people type them: of people, services, teams, categories and priorities.

use super::error::Problem;
use super::situation::Situation;
use crate::config::suggestion;
use crate::model::directory::Directory;
use crate::model::priority::Level;
use crate::model::status::Category;
use crate::model::text::{equals_folded, sanitize};
use crate::model::{PersonRef, Priority};

/// The text for an unknown category.
pub const UNKNOWN: &str = "unknown";
/// The text for no person.
pub const NOBODY: &str = "nobody";
/// The text for no team.
pub const NO_TEAM: &str = "none";

/// Lists people who may be meant, at most three; sanitized.
fn alternatives(people: &[&PersonRef]) -> String {
    const MAX_SHOWN: usize = 3;
    let shown: Vec<String> = people
        .iter()
        .take(MAX_SHOWN)
        .map(|person| format!("{} (@{})", sanitize(&person.name), sanitize(&person.handle)))
        .collect();
    let more = people.len().saturating_sub(MAX_SHOWN);
    if more > 0 { format!("{} or {more} others", shown.join(", ")) } else { shown.join(" or ") }
}

/// Returns the person of a directory who is meant by a handle, a full name, or the beginning of one
/// that no other person has; `None` if nobody is.
///
/// # Errors
/// Several people may be meant.
pub fn find_person<'a>(
    text: &str,
    directory: &'a Directory,
) -> Result<Option<&'a PersonRef>, Problem> {
    match directory.people_meant(text)[..] {
        [] => Ok(None),
        [person] => Ok(Some(person)),
        ref several => {
            let alternatives = alternatives(several);
            Err(Problem::SeveralPeople { text: text.to_owned(), alternatives })
        }
    }
}

/// Parses a person: `me`, a handle, a full name, or the beginning of one that no other person has.
/// If the directory has no people, any handle is accepted. The requester and the people of the
/// incident can be named even if they are not in the directory.
///
/// # Errors
/// Nobody, or several people, may be meant.
pub(super) fn parse_person(text: &str, situation: &Situation<'_>) -> Result<PersonRef, Problem> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("me") {
        return situation.me().cloned();
    }
    let directory = situation.directory;
    if let Some(person) = find_person(text, directory)? {
        return Ok(person.clone());
    }
    let handle = text.trim_start_matches('@').trim();
    let has_handle = |person: &&PersonRef| equals_folded(&person.handle, handle);
    let involved = situation.record.iter().flat_map(|record| record.people());
    let mut others = situation.actor.person().into_iter().chain(involved);
    if let Some(person) = others.find(has_handle) {
        return Ok(person.clone());
    }
    if directory.people.is_empty() && !handle.is_empty() {
        return Ok(PersonRef::new(handle, handle));
    }
    let handles: Vec<&str> = directory.people.iter().map(|person| person.handle.as_str()).collect();
    let suggestion = nearest_name(handle, &handles, "name a person of the directory");
    Err(Problem::UnknownName { problem: "nobody is called", text: text.to_owned(), suggestion })
}

/// Parses a person or nobody.
///
/// # Errors
/// Nobody, or several people, may be meant by a text that is not `nobody`.
pub(super) fn parse_owner(
    text: &str,
    situation: &Situation<'_>,
) -> Result<Option<PersonRef>, Problem> {
    if text.trim().eq_ignore_ascii_case(NOBODY) {
        return Ok(None);
    }
    parse_person(text, situation).map(Some)
}

/// Splits a list of names, which commas or blanks separate.
pub fn split_names(list: &str) -> impl Iterator<Item = &str> {
    list.split([' ', ',']).filter(|name| !name.is_empty())
}

/// Checks names of services. If services are known, others count as typing errors.
///
/// # Errors
/// A service that the directory does not have.
pub fn parse_services<'a>(
    names: impl IntoIterator<Item = &'a str>,
    directory: &Directory,
) -> Result<Vec<String>, Problem> {
    let listed: Vec<&str> =
        directory.services.iter().map(|service| service.name.as_str()).collect();
    let matched = |name| match_name(name, &listed, &listed, "there is no service");
    names.into_iter().map(matched).collect()
}

/// Parses a team, or `none`. If teams are known, others count as typing errors.
///
/// # Errors
/// A team that the directory does not have.
pub fn parse_team(text: &str, directory: &Directory) -> Result<Option<String>, Problem> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(NO_TEAM) {
        return Ok(None);
    }
    let listed: Vec<&str> = directory.teams.iter().map(|team| team.name.as_str()).collect();
    let suggested = [&listed[..], &[NO_TEAM]].concat();
    match_name(text, &listed, &suggested, "there is no team").map(Some)
}

/// Returns the listed name that a name is, whatever its case. If there are none, each name is one.
fn match_name(
    name: &str,
    listed: &[&str],
    suggested: &[&str],
    problem: &'static str,
) -> Result<String, Problem> {
    if listed.is_empty() {
        return Ok(name.to_owned());
    }
    if let Some(exact) = listed.iter().find(|listed| equals_folded(listed, name)) {
        return Ok((*exact).to_owned());
    }
    let suggestion = suggestion(name, suggested);
    Err(Problem::UnknownName { problem, text: name.to_owned(), suggestion })
}

/// Returns the name that may be meant as half a sentence; of a long list only the nearest one.
fn nearest_name(text: &str, names: &[&str], otherwise: &str) -> String {
    const MAX_LISTED: usize = 12;
    match crate::config::nearest(text, names) {
        None if names.len() > MAX_LISTED => otherwise.to_owned(),
        _ => suggestion(text, names),
    }
}

/// Parses a category, or `unknown`.
///
/// # Errors
/// There is no such category.
pub fn parse_category(text: &str) -> Result<Option<Category>, Problem> {
    let text = text.trim();
    if text.eq_ignore_ascii_case(UNKNOWN) {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        let categories = Category::ALL.iter().map(|category| category.as_str());
        let suggestion = suggestion(text, &categories.chain([UNKNOWN]).collect::<Vec<_>>());
        Problem::UnknownName { problem: "there is no category", text: text.to_owned(), suggestion }
    })
}

/// A priority as it is typed: one that overrides the matrix, or a level of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TypedPriority {
    /// A priority that overrides the matrix.
    Override(Priority),
    /// The impact and the urgency.
    Levels(Level, Level),
}

/// Parses `p1` to `p4`, or impact and urgency such as `high medium` or `high/medium`.
///
/// # Errors
/// The text is neither.
pub fn parse_priority(text: &str) -> Result<TypedPriority, Problem> {
    let text = text.trim();
    if let Ok(level) = text.parse::<Level>() {
        return Err(Problem::UrgencyMissing(level));
    }
    // `high` is a level of impact, so only numbers are priorities.
    if text.ends_with(|ch: char| ch.is_ascii_digit())
        && let Ok(priority) = text.parse()
    {
        return Ok(TypedPriority::Override(priority));
    }
    let mut levels = text.split([' ', '/', ',']).filter(|part| !part.is_empty());
    if let (Some(impact), Some(urgency), None) = (levels.next(), levels.next(), levels.next())
        && let (Ok(impact), Ok(urgency)) = (impact.parse(), urgency.parse())
    {
        return Ok(TypedPriority::Levels(impact, urgency));
    }
    Err(Problem::NotAPriority(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("p2", TypedPriority::Override(Priority::P2))]
    #[case(" P1 ", TypedPriority::Override(Priority::P1))]
    #[case("high medium", TypedPriority::Levels(Level::High, Level::Medium))]
    #[case("low/high", TypedPriority::Levels(Level::Low, Level::High))]
    fn priority_is_one_of_four_or_two_levels(#[case] text: &str, #[case] expected: TypedPriority) {
        assert_eq!(parse_priority(text), Ok(expected));
    }

    #[rstest]
    #[case("high", Problem::UrgencyMissing(Level::High))]
    #[case("p9", Problem::NotAPriority("p9".into()))]
    #[case("high medium low", Problem::NotAPriority("high medium low".into()))]
    fn text_that_is_no_priority_is_refused(#[case] text: &str, #[case] expected: Problem) {
        assert_eq!(parse_priority(text), Err(expected));
    }

    #[test]
    fn unknown_names_are_refused_where_names_are_listed() {
        let directory = Directory::default();
        assert_eq!(parse_services(["any"], &directory), Ok(vec!["any".to_owned()]));
        assert_eq!(parse_team("None", &directory), Ok(None));
        let team =
            |name: &str| crate::model::directory::Team { name: name.into(), members: Vec::new() };
        let directory = Directory { teams: vec![team("payments")], ..Directory::default() };
        assert_eq!(parse_team("Payments", &directory), Ok(Some("payments".to_owned())));
        let error = parse_team("paiments", &directory).unwrap_err().to_string();
        assert_eq!(error, "there is no team \"paiments\": did you mean payments?");
        assert_eq!(parse_category("UNKNOWN"), Ok(None));
        assert!(parse_category("weather").is_err());
    }
}
