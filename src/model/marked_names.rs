//! The names in an event that the directory does not have, marked where the event is shown.

use std::borrow::Cow;

use super::actor::PersonRef;
use super::directory::Directory;
use super::event::{Event, EventBody};

impl Event {
    /// Returns the event as it is shown: each service, team and person in its values that the
    /// directory does not have is marked with a question mark. The actor is not changed; see
    /// [`Directory::actor_label`]. What is returned is for texts alone and must not be stored.
    #[must_use]
    pub fn with_marked_names(&self, directory: &Directory) -> Cow<'_, Self> {
        match self.body.marked_names(directory) {
            Some(body) => Cow::Owned(Self { body, ..self.clone() }),
            None => Cow::Borrowed(self),
        }
    }

    /// Returns the details of the event, as [`Event::detail`] does, with names marked that the
    /// directory does not have. `None` stands for a directory that was not read yet.
    #[must_use]
    pub fn marked_detail(&self, directory: Option<&Directory>) -> String {
        match directory {
            Some(directory) => self.with_marked_names(directory).detail(),
            None => self.detail(),
        }
    }
}

impl EventBody {
    /// Returns the body with the unknown names marked; `None` if the directory has all of them.
    fn marked_names(&self, directory: &Directory) -> Option<Self> {
        let is_unknown = |person: &PersonRef| directory.is_unknown_person(&person.handle);
        let has_unknown = match self {
            Self::Assigned { to: Some(person) } | Self::RoleGiven { person, .. } => {
                is_unknown(person)
            }
            Self::TeamSet { team: Some(team) } => directory.is_unknown_team(team),
            Self::ServicesSet { services } => {
                services.iter().any(|name| directory.is_unknown_service(name))
            }
            Self::Escalated { to, .. } => to.iter().any(is_unknown),
            Self::ActionItemSet { item } => item.owner.as_ref().is_some_and(is_unknown),
            Self::DecisionRecorded(decision) => decision.by.as_ref().is_some_and(is_unknown),
            _ => false,
        };
        if !has_unknown {
            return None;
        }
        let mut marked = self.clone();
        let mark = |person: &mut PersonRef| {
            let label = directory.person_label(person).into_owned();
            person.name = label;
        };
        match &mut marked {
            Self::Assigned { to: Some(person) } | Self::RoleGiven { person, .. } => mark(person),
            Self::TeamSet { team: Some(team) } => *team = directory.team_label(team).into_owned(),
            Self::ServicesSet { services } => {
                for name in services {
                    *name = directory.service_label(name).into_owned();
                }
            }
            Self::Escalated { to, .. } => to.iter_mut().for_each(mark),
            Self::ActionItemSet { item } => item.owner.iter_mut().for_each(mark),
            Self::DecisionRecorded(decision) => decision.by.iter_mut().for_each(mark),
            _ => {}
        }
        Some(marked)
    }
}
