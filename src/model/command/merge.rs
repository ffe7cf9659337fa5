//! Merge: an incident ends and continues in another one.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::{
    Event, EventBody, Incident, IncidentId, IncidentNumber, PersonRef, Status, Summary,
};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::Merge, "merge", "merge", "merge it into another", |_, _| {
        Some(IncidentCommand::Merge { into: IncidentId::new() })
    })
    .argument(Argument::Incident)
    .one_at_a_time();

pub(in crate::model) struct Merge {
    pub into: IncidentId,
}

impl CommandLogic for Merge {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_open(case.incident)?;
        if self.into == case.incident.summary.id {
            return Err(Rejection::MergeIntoItself);
        }
        Ok(vec![EventBody::MergedInto { into: self.into, number: None }])
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        (self.into == row.id).then_some(Rejection::MergeIntoItself)
    }

    fn required_id(&self) -> Option<Uuid> {
        Some(self.into.0)
    }

    fn with_incident(&self, replace: &dyn Fn(IncidentId) -> IncidentId) -> Option<IncidentCommand> {
        Some(IncidentCommand::Merge { into: replace(self.into) })
    }

    fn phrase(&self) -> &'static str {
        "merge"
    }
}

/// Returns the events of an incident in which another one continues, which has this id, number,
/// title and, if known, time of detection.
pub(in crate::model) fn absorb(
    target: &Incident,
    (from, number, title): (IncidentId, Option<IncidentNumber>, &str),
    detected_at: Option<DateTime<Utc>>,
) -> Result<EventBody, Rejection> {
    if !target.summary.status.is_open() {
        let (number, status) = (target.summary.number, target.summary.status);
        return Err(Rejection::MergeTargetEnded { number, status });
    }
    let detected_at = detected_at.filter(|detected_at| *detected_at < target.summary.detected_at);
    Ok(EventBody::Absorbed { from, number, title: title.to_owned(), detected_at })
}

pub(in crate::model) struct MergedInto {
    pub into: IncidentId,
    pub number: Option<IncidentNumber>,
}

impl EventLogic for MergedInto {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.merged_into = Some((self.into, self.number));
        incident.end_as(Status::Merged, event);
    }

    fn is_move(&self) -> bool {
        true
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Merged"
    }

    fn detail(&self) -> String {
        let number = self.number.map(|number| number.to_string());
        format!("into {}", number.as_deref().unwrap_or("another incident"))
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        let number = self.number.map(|number| number.to_string());
        format!("merged it into {}", number.as_deref().unwrap_or("another"))
    }
}

pub(in crate::model) struct Absorbed<'a> {
    pub from: IncidentId,
    pub number: Option<IncidentNumber>,
    pub title: &'a str,
    pub detected_at: Option<DateTime<Utc>>,
}

impl EventLogic for Absorbed<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.absorbed.push((self.from, self.number));
        incident.detected_by(self.detected_at);
    }

    fn check(&self) -> Result<(), BadField> {
        self.detected_at.map_or(Ok(()), |at| check::time("detected_at", at))
    }

    fn label(&self) -> &'static str {
        "Merged"
    }

    fn detail(&self) -> String {
        let number = self.number.map(|number| number.to_string());
        let number = number.as_deref().unwrap_or("another incident");
        format!("{number} continues here: {}", self.title)
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        let number = self.number.map(|number| number.to_string());
        format!("merged {} into it", number.as_deref().unwrap_or("another"))
    }
}
