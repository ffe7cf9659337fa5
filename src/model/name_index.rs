//! The names of a directory as sets, by which those of many incidents are looked up.

use std::collections::HashSet;

use super::actor::Actor;
use super::directory::Directory;
use super::incident::Incident;
use super::summary::Summary;
use super::unknown_names::UnknownNames;

/// The services, teams and people of a directory. A set is absent if the directory has no entries
/// of that kind.
#[derive(Debug)]
pub struct NameIndex<'a> {
    services: Option<HashSet<&'a str>>,
    teams: Option<HashSet<&'a str>>,
    people: Option<HashSet<&'a str>>,
}

impl<'a> From<&'a Directory> for NameIndex<'a> {
    fn from(directory: &'a Directory) -> Self {
        let services = directory.services.iter();
        let people = directory.people.iter();
        // A team that owns a service counts, even where its members are not listed.
        let owners = services.clone().map(|service| service.team.as_str());
        let teams = directory.teams.iter().map(|team| team.name.as_str()).chain(owners);
        Self {
            services: (!directory.services.is_empty())
                .then(|| services.map(|service| service.name.as_str()).collect()),
            teams: (!directory.teams.is_empty()).then(|| teams.collect()),
            people: (!directory.people.is_empty())
                .then(|| people.map(|person| person.handle.as_str()).collect()),
        }
    }
}

impl NameIndex<'_> {
    /// Returns the names in a row that the directory does not have.
    #[must_use]
    pub fn unknown_in_row(&self, row: &Summary) -> UnknownNames {
        let services = row.services.iter().filter(|name| is_missing(self.services.as_ref(), name));
        let team = row.team.as_ref().filter(|name| is_missing(self.teams.as_ref(), name));
        let assignee = row.assignee.iter().map(|person| &person.handle);
        UnknownNames {
            services: services.cloned().collect(),
            team: team.cloned(),
            people: self.unknown_people(assignee),
        }
    }

    /// Returns the names in a record that the directory does not have.
    #[must_use]
    pub fn unknown_in_record(&self, incident: &Incident) -> UnknownNames {
        let actors = [
            incident.acknowledged_by.as_ref(),
            Some(&incident.status_by),
            incident.resolution.as_ref().map(|resolution| &resolution.by),
        ];
        let actors = actors.into_iter().flatten().filter_map(Actor::person);
        let people = incident.people().chain(actors).map(|person| &person.handle);
        UnknownNames {
            people: self.unknown_people(people),
            ..self.unknown_in_row(&incident.summary)
        }
    }

    /// Records in each row which of its names the directory does not have.
    pub fn mark_rows<'r>(&self, rows: impl IntoIterator<Item = &'r mut Summary>) {
        for row in rows {
            row.unknown = self.unknown_in_row(row);
        }
    }

    /// Records in an incident which of its names the directory does not have.
    pub fn mark_record(&self, incident: &mut Incident) {
        incident.summary.unknown = self.unknown_in_record(incident);
    }

    /// Returns the handles that nobody in the directory has, each once, in their order.
    fn unknown_people<'h>(&self, handles: impl Iterator<Item = &'h String>) -> Vec<String> {
        let mut unknown: Vec<String> = Vec::new();
        for handle in handles.filter(|handle| is_missing(self.people.as_ref(), handle)) {
            if !unknown.contains(handle) {
                unknown.push(handle.clone());
            }
        }
        unknown
    }
}

fn is_missing(names: Option<&HashSet<&str>>, name: &str) -> bool {
    names.is_some_and(|names| !names.contains(name))
}
