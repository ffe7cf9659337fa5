//! Marks the names in an event that the directory does not have, for display.

use std::borrow::Cow;

use super::actor::PersonRef;
use super::directory::Directory;
use super::event::{Event, EventBody};

impl Event {
    /// Returns the event for display: each service, team and person in its values that the
    /// directory does not have is marked with a question mark. The actor is not changed; see
    /// [`Directory::actor_label`]. The result is only for texts and must not be stored.
    #[must_use]
    pub fn with_marked_names(&self, directory: &Directory) -> Cow<'_, Self> {
        match self.body.marked_names(directory) {
            Some(body) => Cow::Owned(Self { body, ..self.clone() }),
            None => Cow::Borrowed(self),
        }
    }

    /// Returns the details of the event, as [`Event::detail`] does, with names marked that the
    /// directory does not have. `None` means that the directory has not been read yet.
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
            Self::TeamSet { team: Some(team), .. } | Self::TeamInvolved { team, .. } => {
                directory.is_unknown_team(team)
            }
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
            Self::TeamSet { team: Some(team), .. } | Self::TeamInvolved { team, .. } => {
                *team = directory.team_label(team).into_owned();
            }
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

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::model::actor::Actor;
    use crate::model::id::{CommandId, EventId, IncidentId};

    fn directory() -> Directory {
        serde_json::from_value(json!({
            "people": [{"handle": "ines", "name": "Ines Moreau"}],
            "teams": [{"name": "payments", "members": ["ines"]}],
            "services": [{"name": "checkout", "team": "payments"}],
            "policies": [], "schedules": [],
        }))
        .unwrap()
    }

    fn event(body: EventBody) -> Event {
        let at: DateTime<Utc> = DateTime::UNIX_EPOCH;
        Event {
            id: EventId::new(),
            incident: IncidentId::new(),
            seq: 2,
            at,
            recorded_at: at,
            actor: Actor::Person(PersonRef::new("tom", "Tom Varga")),
            command: CommandId::new(),
            because: None,
            verdicts: Vec::new(),
            undo: None,
            body,
            extra: <_>::default(),
        }
    }

    fn team_set(team: &str) -> EventBody {
        EventBody::TeamSet { team: Some(team.into()), restarts_escalation: false }
    }

    fn person(handle: &str, name: &str) -> PersonRef {
        PersonRef::new(handle, name)
    }

    #[rstest]
    #[case(team_set("payment"), "payment?")]
    #[case(team_set("payments"), "payments")]
    #[case(EventBody::ServicesSet { services: vec!["checkout".into(), "cdn".into()] },
           "checkout, cdn?")]
    #[case(EventBody::Assigned { to: Some(person("tom", "Tom Varga")) }, "to Tom Varga?")]
    #[case(EventBody::Assigned { to: Some(person("ines", "Ines Moreau")) }, "to Ines Moreau")]
    #[case(EventBody::NoteAdded { text: "ask cdn".into() }, "ask cdn")]
    fn unknown_names_are_marked(#[case] body: EventBody, #[case] detail: &str) {
        let event = event(body);
        assert_eq!(event.marked_detail(Some(&directory())), detail);
        // Without a directory, or with an empty one, nothing is marked.
        let unmarked = detail.replace('?', "");
        assert_eq!(event.marked_detail(Some(&Directory::default())), unmarked);
        assert_eq!(event.marked_detail(None), unmarked);
    }

    #[test]
    fn event_without_unknown_names_is_borrowed() {
        let event = event(team_set("payments"));
        assert!(matches!(event.with_marked_names(&directory()), Cow::Borrowed(_)));
    }
}
