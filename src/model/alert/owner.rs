//! The assignee of an incident that alerts declare, as set by a rule.

use chrono::{DateTime, Utc};

use crate::model::PersonRef;
use crate::model::directory::Directory;

/// The value in a rule that means the person on call.
const ON_CALL: &str = "on-call";

/// Returns the person that a rule names: by the handle, or as `on-call` of the team of the
/// incident, or as `on-call:TEAM` of another one. `None` if the directory does not have the person,
/// or nobody is on call.
#[must_use]
pub fn find_owner<'a>(
    text: &str,
    team: Option<&str>,
    directory: &'a Directory,
    at: DateTime<Utc>,
) -> Option<&'a PersonRef> {
    match text.trim().split_once(':') {
        Some((ON_CALL, team)) => directory.on_call(team.trim(), at),
        None if text.trim() == ON_CALL => directory.on_call(team?, at),
        _ => directory.person(text.trim()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn directory() -> Directory {
        let schedules = [("payments", "ines"), ("web", "tom")].map(|(team, person)| {
            let starts_at = "2026-01-05T00:00:00Z";
            let schedule = json!({
                "team": team, "rotation": [person], "starts_at": starts_at, "turn_s": 604_800,
            });
            serde_json::from_value(schedule).expect("a schedule")
        });
        let people = ["ines", "tom"].map(|handle| PersonRef::new(handle, handle)).to_vec();
        Directory { people, schedules: schedules.to_vec(), ..Directory::default() }
    }

    #[rstest]
    #[case("ines", None, Some("ines"))]
    #[case(" @Tom ", None, Some("tom"))]
    #[case("nobody", Some("web"), None)]
    #[case("on-call", Some("payments"), Some("ines"))]
    #[case("on-call:web", Some("payments"), Some("tom"))]
    #[case("on-call", None, None)]
    #[case("on-call:search", Some("web"), None)]
    #[case("", Some("web"), None)]
    fn owner_is_one_of_the_directory(
        #[case] text: &str,
        #[case] team: Option<&str>,
        #[case] expected: Option<&str>,
    ) {
        let at = "2026-03-01T12:00:00Z".parse().expect("a time");
        let directory = directory();
        let owner = find_owner(text, team, &directory, at);
        assert_eq!(owner.map(|person| person.handle.as_str()), expected);
    }
}
