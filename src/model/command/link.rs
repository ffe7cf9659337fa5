//! Link an incident to a problem, a change, another incident or a page elsewhere.

use uuid::Uuid;

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic, quote};
use super::table::{Argument, CommandRow};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::link::Link;
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, IncidentId, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Link,
    "link",
    "link",
    "link a problem, a change or a URL",
    |_, _| Some(IncidentCommand::Link { link: sample_link() }),
)
.argument(Argument::Url)
.inverse(&[CommandKind::Unlink]);

/// Returns the link of a sample.
pub(super) fn sample_link() -> Link {
    Link::Url("https://example.org".into())
}

/// Returns the link with the incident that it leads to replaced; `None` if it leads to none.
pub(super) fn with_incident(
    link: &Link,
    replace: &dyn Fn(IncidentId) -> IncidentId,
) -> Option<Link> {
    match link {
        Link::Incident { id, number } => Some(Link::Incident { id: replace(*id), number: *number }),
        Link::Problem { .. } | Link::Change { .. } | Link::Url(_) | Link::Unknown(_) => None,
    }
}

pub(in crate::model) struct AddLink<'a> {
    pub link: &'a Link,
}

impl CommandLogic for AddLink<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        check::new_link(self.link)?;
        let links = &case.incident.links;
        // An undo restores the link as it was.
        let is_linked = links.contains(self.link)
            || (!case.is_undo && links.iter().any(|link| link.has_target_of(self.link)));
        if is_linked {
            return Err(Rejection::AlreadyLinked { link: self.link.clone() });
        }
        Ok(vec![EventBody::Linked { link: self.link.clone() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        before.map(|_| IncidentCommand::Unlink { link: self.link.clone() })
    }

    fn required_id(&self) -> Option<Uuid> {
        match self.link {
            Link::Problem { id, .. } => Some(id.0),
            Link::Change { id, .. } => Some(id.0),
            Link::Incident { id, .. } => Some(id.0),
            Link::Url(_) | Link::Unknown(_) => None,
        }
    }

    fn with_incident(&self, replace: &dyn Fn(IncidentId) -> IncidentId) -> Option<IncidentCommand> {
        with_incident(self.link, replace).map(|link| IncidentCommand::Link { link })
    }

    fn phrase(&self) -> &'static str {
        "link"
    }

    fn content(&self) -> String {
        self.link.to_string()
    }
}

pub(in crate::model) struct Linked<'a> {
    pub link: &'a Link,
}

impl EventLogic for Linked<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        if !incident.links.contains(self.link) {
            incident.links.push(self.link.clone());
        }
    }

    fn check(&self) -> Result<(), BadField> {
        check::link(self.link)
    }

    fn label(&self) -> &'static str {
        "Link"
    }

    fn detail(&self) -> String {
        self.link.to_string()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("linked {}", quote(&self.link.to_string()))
    }
}
