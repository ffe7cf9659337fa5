//! Unlink: remove a link.

use uuid::Uuid;

use super::link::{sample_link, with_incident};
use super::logic::{Before, Case, CommandLogic, Decided, EventLogic, quote};
use super::table::CommandRow;
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::link::Link;
use crate::model::rejection::Rejection;
use crate::model::{CommandId, Event, EventBody, Incident, IncidentId, PersonRef};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::Unlink, "unlink", "unlink", "remove a link", |_, _| {
        Some(IncidentCommand::Unlink { link: sample_link() })
    })
    .inverse(&[CommandKind::Link]);

pub(in crate::model) struct Unlink<'a> {
    pub link: &'a Link,
}

impl CommandLogic for Unlink<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        let links = &case.incident.links;
        let found = links
            .iter()
            .find(|link| *link == self.link)
            .or_else(|| links.iter().find(|link| link.has_target_of(self.link)));
        let Some(link) = found else {
            return Err(Rejection::NotLinked { link: self.link.clone() });
        };
        Ok(vec![EventBody::Unlinked { link: link.clone() }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        before.map(|_| IncidentCommand::Link { link: self.link.clone() })
    }

    /// A problem or a change need not exist for a link to it to be removed. An incident that was
    /// declared offline may get another id, and the link with it.
    fn required_id(&self) -> Option<Uuid> {
        match self.link {
            Link::Incident { id, .. } => Some(id.0),
            Link::Problem { .. } | Link::Change { .. } | Link::Url(_) | Link::Unknown(_) => None,
        }
    }

    fn with_incident(&self, replace: &dyn Fn(IncidentId) -> IncidentId) -> Option<IncidentCommand> {
        with_incident(self.link, replace).map(|link| IncidentCommand::Unlink { link })
    }

    fn phrase(&self) -> &'static str {
        "unlink"
    }

    fn content(&self) -> String {
        self.link.to_string()
    }
}

pub(in crate::model) struct Unlinked<'a> {
    pub link: &'a Link,
}

impl EventLogic for Unlinked<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.links.retain(|link| link != self.link);
    }

    fn check(&self) -> Result<(), BadField> {
        check::link(self.link)
    }

    fn label(&self) -> &'static str {
        "Link"
    }

    fn detail(&self) -> String {
        format!("removed {}", self.link)
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("took the link to {} away", quote(&self.link.to_string()))
    }
}
