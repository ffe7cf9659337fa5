//! Services and teams in a selection that the directory does not have.

use super::directory::Directory;
use super::nearest::nearest;
use super::text::SafeText;

/// Returns the error for the first service or team that the directory does not have.
#[must_use]
pub fn unknown_name(
    services: &[String],
    teams: &[String],
    directory: &Directory,
) -> Option<String> {
    if let Some(unknown) = services.iter().find(|service| directory.is_unknown_service(service)) {
        let names = directory.services.iter().map(|service| service.name.as_str());
        return Some(sentence("service", unknown, nearest(unknown, names)));
    }
    let unknown = teams.iter().find(|team| is_unknown_team(team, directory))?;
    let names = directory.teams.iter().map(|team| team.name.as_str());
    Some(sentence("team", unknown, nearest(unknown, names)))
}

/// Returns whether the directory has no team of this name, in upper or lower case.
fn is_unknown_team(name: &str, directory: &Directory) -> bool {
    let is_named = |team: &str| team.to_lowercase() == name.to_lowercase();
    directory.is_unknown_team(name)
        && !directory.teams.iter().any(|team| is_named(&team.name))
        && !directory.services.iter().any(|service| is_named(&service.team))
}

fn sentence(what: &str, unknown: &str, nearest: Option<&str>) -> String {
    let hint =
        nearest.map(|name| format!(" (is {:?} meant?)", SafeText::from(name))).unwrap_or_default();
    format!("there is no {what} {:?}{hint}", SafeText::from(unknown))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_that_the_directory_has_are_not_unknown() {
        let directory = Directory {
            teams: serde_json::from_value(json!([{"name": "payments", "members": []}])).unwrap(),
            services: serde_json::from_value(json!([{"name": "checkout", "team": "web"}])).unwrap(),
            ..Directory::default()
        };
        let check = |service: &str, team: &str| {
            unknown_name(&[service.to_owned()], &[team.to_owned()], &directory)
        };
        assert_eq!(check("checkout", "Payments"), None);
        assert_eq!(check("checkout", "web"), None);
        assert!(check("chekout", "web").unwrap().contains("is \"checkout\" meant?"));
        assert!(check("checkout", "paymnts").unwrap().contains("is \"payments\" meant?"));
        let empty = Directory::default();
        assert_eq!(unknown_name(&["chekout".into()], &["web".into()], &empty), None);
    }
}
