//! The people that lists of several verbs offer: their order, and how they are described.

use chrono::{DateTime, Utc};

use crate::model::PersonRef;
use crate::model::directory::Directory;

use crate::tui::core::app::App;

/// Returns all people: on call for the team first, then the other members of the team, then those on
/// call for another team, then everybody else; by name among equals.
pub(super) fn by_proximity(directory: &Directory, team: Option<&str>, app: &App) -> Vec<PersonRef> {
    let on_call = team.and_then(|team| directory.on_call(team, app.backend_now()));
    let members = team.and_then(|team| directory.teams.iter().find(|t| t.name == team));
    let is_member = |p: &PersonRef| members.is_some_and(|team| team.members.contains(&p.handle));
    let is_on_call = |p: &PersonRef| {
        directory.schedules.iter().any(|s| s.on_call(app.backend_now()) == Some(p.handle.as_str()))
    };
    let mut people: Vec<(u8, &PersonRef)> = directory
        .people
        .iter()
        .map(|person| {
            let near = if on_call == Some(person) {
                0
            } else if is_member(person) {
                1
            } else if is_on_call(person) {
                2
            } else {
                3
            };
            (near, person)
        })
        .collect();
    people.sort_by(|a, b| (a.0, &a.1.name).cmp(&(b.0, &b.1.name)));
    people.into_iter().map(|(_, person)| person.clone()).collect()
}

/// Describes a person: handle, teams, and schedules on which they are on call.
pub(super) fn describe_person(
    directory: &Directory,
    person: &PersonRef,
    now: DateTime<Utc>,
) -> String {
    let mut parts = vec![format!("@{}", person.handle)];
    let on_call: Vec<&str> = directory
        .schedules
        .iter()
        .filter(|s| s.on_call(now) == Some(person.handle.as_str()))
        .map(|s| s.team.as_str())
        .collect();
    if !on_call.is_empty() {
        parts.push(format!("on call: {}", on_call.join(", ")));
    }
    let teams: Vec<&str> = directory
        .teams
        .iter()
        .filter(|team| {
            team.members.contains(&person.handle) && !on_call.contains(&team.name.as_str())
        })
        .map(|team| team.name.as_str())
        .collect();
    if !teams.is_empty() {
        parts.push(teams.join(", "));
    }
    parts.join(" · ")
}
