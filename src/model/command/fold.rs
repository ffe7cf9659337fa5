//! Fold: an incident follows from another one, which is worked on in its place; or unfold it again.
//!
//! A folded incident stays open and is listed. Nobody is called for it while the other one is open and
//! at least as urgent.

use uuid::Uuid;

use super::logic::{Before, Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow, Fact};
use super::{CommandKind, IncidentCommand};
use crate::model::decide::require_open;
use crate::model::link::Link;
use crate::model::rejection::Rejection;
use crate::model::{
    CommandId, Event, EventBody, Incident, IncidentId, IncidentNumber, PersonRef, Summary,
};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::Fold,
    "fold",
    "fold-under",
    "fold it under the incident that it follows from",
    |row, _| {
        let is_folded = row.is_some_and(|row| row.folded_under.is_some());
        Some(IncidentCommand::Fold { under: (!is_folded).then(IncidentId::new) })
    },
)
.argument(Argument::Incident)
.facts(facts)
.inverse(&[CommandKind::Fold])
.one_at_a_time();

/// Returns the incident under which it is folded.
fn facts(incident: &Incident) -> Vec<Fact> {
    let Some(under) = incident.summary.folded_under else { return Vec::new() };
    let number = incident.links.iter().find_map(|link| match link {
        Link::Incident { id, number } if *id == under => *number,
        _ => None,
    });
    let number = number.map_or_else(|| "another incident".to_owned(), |one| one.to_string());
    vec![Fact { label: "Folded", text: format!("under {number}, from which it follows") }]
}

pub(in crate::model) struct Fold {
    pub under: Option<IncidentId>,
}

impl CommandLogic for Fold {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        if !case.is_undo {
            require_open(case.incident)?;
        }
        match self.row_refusal(&case.incident.summary) {
            Some(refusal) => Err(refusal),
            None => Ok(vec![EventBody::Folded { under: self.under, number: None }]),
        }
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        match (self.under, row.folded_under) {
            (Some(under), _) if under == row.id => Some(Rejection::FoldUnderItself),
            (Some(_), Some(_)) => Some(Rejection::AlreadyFolded),
            (None, None) => Some(Rejection::NotFolded),
            _ => None,
        }
    }

    fn inverse(&self, _: CommandId, before: Option<&Before<'_>>) -> Option<IncidentCommand> {
        Some(IncidentCommand::Fold { under: before?.row.folded_under })
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        row.folded_under == self.under
    }

    fn required_id(&self) -> Option<Uuid> {
        self.under.map(|under| under.0)
    }

    fn with_incident(&self, replace: &dyn Fn(IncidentId) -> IncidentId) -> Option<IncidentCommand> {
        self.under.map(|under| IncidentCommand::Fold { under: Some(replace(under)) })
    }

    fn phrase(&self) -> &'static str {
        if self.under.is_some() { "fold" } else { "unfold" }
    }
}

pub(in crate::model) struct Folded {
    pub under: Option<IncidentId>,
    pub number: Option<IncidentNumber>,
}

impl EventLogic for Folded {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        let before = incident.summary.folded_under;
        let leads_to = |link: &Link, id| matches!(link, Link::Incident { id: to, .. } if *to == id);
        incident.links.retain(|link| before.is_none_or(|before| !leads_to(link, before)));
        if let Some(id) = self.under
            && !incident.links.iter().any(|link| leads_to(link, id))
        {
            incident.links.push(Link::Incident { id, number: self.number });
        }
        incident.summary.folded_under = self.under;
    }

    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        if self.under.is_some() { "Folded" } else { "Unfolded" }
    }

    fn detail(&self) -> String {
        let Some(_) = self.under else { return "it is worked on by itself".into() };
        let number = self.number.map(|number| number.to_string());
        format!("under {}, from which it follows", number.as_deref().unwrap_or("another incident"))
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        let number = self.number.map(|number| number.to_string());
        match self.under {
            Some(_) => format!("folded it under {}", number.as_deref().unwrap_or("another")),
            None => "unfolded it".into(),
        }
    }
}
