//! Lists of people: whom to assign an incident to, who has which role, whom a policy calls.

use chrono::{DateTime, Utc};

use crate::model::directory::Directory;
use crate::model::status::Role;
use crate::model::text::sanitize;
use crate::model::time::{format_ago, format_duration};
use crate::model::{IncidentCommand, PersonRef, escalation};

use crate::tui::core::app::App;
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::precheck;
use crate::tui::verb::precheck::single_row;
use crate::tui::verb::target::Target;

/// Returns the people to assign to: on call for the incident's team first, then the other members
/// of the team, then everybody else.
pub(in crate::tui) fn people(app: &App, targets: &[Target]) -> Vec<Item> {
    let Some(directory) = app.fetched.directory.as_deref() else { return Vec::new() };
    let row = single_row(app, targets);
    let team = row.and_then(|row| row.team.as_deref());
    let owner = row.and_then(|row| row.assignee.as_ref());
    let mut items = Vec::new();
    for person in by_proximity(directory, team, app) {
        let mut about = describe_person(directory, &person, app.now);
        if person.handle == app.session.me.handle {
            about = format!("you · {about}");
        }
        let owns = owner.is_some_and(|owner| owner.handle == person.handle);
        let name = sanitize(&person.name).into_owned();
        let handle = sanitize(&person.handle).into_owned();
        let pick = Pick::Submit {
            verb: format!("assign {{}} to {name}"),
            done_phrase: format!("assigned to {name}"),
            commands: vec![IncidentCommand::Assign { to: Some(person) }],
            irreversible: false,
        };
        let item = Item::new(name, pick).about(about).value(handle);
        items.push(item.disabled_reason(owns.then(|| "owns it".into())));
    }
    if owner.is_some() || targets.len() > 1 {
        let pick = Pick::Submit {
            verb: "make {} unowned".into(),
            done_phrase: "unowned again".into(),
            commands: vec![IncidentCommand::Assign { to: None }],
            irreversible: false,
        };
        items.push(Item::new("nobody", pick).about("makes it unowned").value("nobody"));
    }
    items
}

fn by_proximity(directory: &Directory, team: Option<&str>, app: &App) -> Vec<PersonRef> {
    let on_call = team.and_then(|team| directory.on_call(team, app.now));
    let members = team.and_then(|team| directory.teams.iter().find(|t| t.name == team));
    let is_member = |p: &PersonRef| members.is_some_and(|team| team.members.contains(&p.handle));
    let is_on_call = |p: &PersonRef| {
        directory.schedules.iter().any(|s| s.on_call(app.now) == Some(p.handle.as_str()))
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

/// Describes a person: handle, teams, and what they are on call for.
fn describe_person(directory: &Directory, person: &PersonRef, now: DateTime<Utc>) -> String {
    let mut parts = vec![format!("@{}", sanitize(&person.handle))];
    let on_call: Vec<&str> = directory
        .schedules
        .iter()
        .filter(|s| s.on_call(now) == Some(person.handle.as_str()))
        .map(|s| s.team.as_str())
        .collect();
    if !on_call.is_empty() {
        parts.push(format!("on call: {}", sanitize(&on_call.join(", "))));
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
        parts.push(sanitize(&teams.join(", ")).into_string());
    }
    parts.join(" · ")
}

/// Returns every role with every person. Those who have a role come first, to give it up, because
/// the list is long.
pub(in crate::tui) fn roles(app: &App, targets: &[Target]) -> Vec<Item> {
    let Some(directory) = app.fetched.directory.as_deref() else { return Vec::new() };
    let record = targets.first().and_then(|target| precheck::current_record(app, target.id));
    let has = |role: Role, person: &PersonRef| {
        record.is_some_and(|r| {
            r.roles.iter().any(|(has, who)| *has == role && who.handle == person.handle)
        })
    };
    let team = single_row(app, targets).and_then(|row| row.team.as_deref());
    let mut items = Vec::new();
    for person in by_proximity(directory, team, app) {
        for role in Role::ALL {
            let given = !has(*role, &person);
            let name = sanitize(&person.name).into_owned();
            let (verb, done_phrase, text) = if given {
                let text = format!("{role}: {name}");
                (format!("make {name} {role} of {{}}"), format!("{role} is {name}"), text)
            } else {
                let text = format!("no longer {role}: {name}");
                (
                    format!("take {role} from {name} on {{}}"),
                    format!("{role} no longer {name}"),
                    text,
                )
            };
            let commands =
                vec![IncidentCommand::GiveRole { role: *role, person: person.clone(), given }];
            let item =
                Item::new(text, Pick::Submit { verb, done_phrase, commands, irreversible: false });
            let handle = sanitize(&person.handle);
            let no = if given { "" } else { "no " };
            let item = item.about(format!("@{handle}")).value(format!("{no}{role} {handle}"));
            if given { items.push(item) } else { items.insert(0, item) }
        }
    }
    items
}

/// Returns the command that calls the next level of an incident's policy.
///
/// # Errors
/// Why there is none; `None` if the incident has no policy.
pub(in crate::tui) fn next_level(
    app: &App,
    target: &Target,
) -> Result<IncidentCommand, Option<String>> {
    let (Some(row), Some(directory)) =
        (single_row(app, std::slice::from_ref(target)), app.fetched.directory.as_deref())
    else {
        return Err(None);
    };
    let path = escalation::path(row, directory);
    let last = path.last().map(|step| step.level).ok_or(None)?;
    let level = row.escalation.saturating_add(1);
    let Some(next) = path.into_iter().find(|step| step.level == level) else {
        return Err(Some(format!("the last level of its policy, {last}, was called already")));
    };
    if next.people.is_empty() {
        return Err(Some(format!("level {level} reaches nobody now")));
    }
    let reason = Some("called by hand".into());
    Ok(IncidentCommand::Escalate { level, to: next.people, reason })
}

/// Returns the levels of the incident's policy.
pub(in crate::tui) fn levels(app: &App, targets: &[Target], at: DateTime<Utc>) -> Vec<Item> {
    let (Some(row), Some(directory)) = (single_row(app, targets), app.fetched.directory.as_deref())
    else {
        return Vec::new();
    };
    let next = row.escalation.saturating_add(1);
    escalation::path(row, directory)
        .into_iter()
        .map(|step| {
            let names: Vec<&str> = step.people.iter().map(|p| p.name.as_str()).collect();
            let names = if names.is_empty() { "nobody".into() } else { names.join(", ") };
            let level = step.level;
            let text = format!("level {level}  {}", sanitize(&names));
            let when = if step.reached {
                "called already".to_owned()
            } else if step.due <= at {
                format!("was due {}", format_ago(step.due, at))
            } else {
                format!("by itself in {}", format_duration(step.due - at))
            };
            let about = if level == next { format!("{when} · next") } else { when };
            let nobody = step.people.is_empty().then(|| "it reaches nobody now".to_owned());
            let pick = Pick::Submit {
                verb: format!("call level {level} ({}) for", sanitize(&names)),
                done_phrase: format!("escalated to level {level}"),
                commands: vec![IncidentCommand::Escalate {
                    level,
                    to: step.people,
                    reason: Some("called by hand".into()),
                }],
                irreversible: true,
            };
            let key = char::from_digit(u32::from(level), 10).unwrap_or('0');
            Item::new(text, pick)
                .key(key)
                .about(about)
                .value(level.to_string())
                .disabled_reason(nobody)
        })
        .collect()
}
