//! Move alerts: some alerts of an incident are moved to another one, or to a new one.

use uuid::Uuid;

use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::{CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField, FieldProblem, MAX_LIST_ITEMS};
use crate::model::decide::require_open;
use crate::model::rejection::Rejection;
use crate::model::{Event, EventBody, Incident, IncidentId, IncidentNumber, PersonRef, Summary};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::MoveAlerts,
    "move_alerts",
    "move-alerts",
    "move some of its alerts to another incident, or to a new one",
    |_, _| {
        Some(IncidentCommand::MoveAlerts {
            to: IncidentId::new(),
            declare: true,
            keys: vec![SAMPLE_TEXT.into()],
            labels: Vec::new(),
        })
    },
);

/// The most alerts that a command names.
const MAX_KEYS: usize = 10_000;

pub(in crate::model) struct MoveAlerts<'a> {
    pub to: IncidentId,
    pub declare: bool,
    pub keys: &'a [String],
    pub labels: &'a [String],
}

impl MoveAlerts<'_> {
    fn check(&self) -> Result<(), BadField> {
        if self.keys.is_empty() && self.labels.is_empty() {
            return Err(BadField::new("keys", FieldProblem::Empty));
        }
        for (field, count, max) in
            [("keys", self.keys.len(), MAX_KEYS), ("labels", self.labels.len(), MAX_LIST_ITEMS)]
        {
            if count > max {
                return Err(BadField::new(field, FieldProblem::TooManyEntries { count, max }));
            }
        }
        self.keys.iter().try_for_each(|key| check::required_text("keys", key))?;
        self.labels.iter().try_for_each(|label| check::required_text("labels", label))
    }
}

impl CommandLogic for MoveAlerts<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    /// Returns the event of the incident that the alerts leave. How many they are, and the number of
    /// the other incident, is set by the store.
    fn decide(&self, case: &Case<'_>) -> Decided {
        self.check()?;
        require_open(case.incident)?;
        if self.to == case.incident.summary.id {
            return Err(Rejection::MoveToItself);
        }
        let count = u32::try_from(self.keys.len()).unwrap_or(u32::MAX);
        Ok(vec![EventBody::AlertsMovedOut { to: self.to, number: None, count }])
    }

    fn row_refusal(&self, row: &Summary) -> Option<Rejection> {
        (self.to == row.id).then_some(Rejection::MoveToItself)
    }

    fn required_id(&self) -> Option<Uuid> {
        (!self.declare).then_some(self.to.0)
    }

    fn with_incident(&self, replace: &dyn Fn(IncidentId) -> IncidentId) -> Option<IncidentCommand> {
        Some(IncidentCommand::MoveAlerts {
            to: replace(self.to),
            declare: self.declare,
            keys: self.keys.to_vec(),
            labels: self.labels.to_vec(),
        })
    }

    fn phrase(&self) -> &'static str {
        "move alerts of"
    }

    fn content(&self) -> String {
        match self.keys.len() {
            0 => self.labels.join(" "),
            1 => "1 alert".to_owned(),
            count => format!("{count} alerts"),
        }
    }
}

/// Returns the events of an open incident to which alerts of another one are moved.
pub(in crate::model) fn receive(
    target: &Incident,
    (from, number): (IncidentId, Option<IncidentNumber>),
    count: u32,
) -> Result<EventBody, Rejection> {
    if !target.summary.status.is_open() {
        let (number, status) = (target.summary.number, target.summary.status);
        return Err(Rejection::MoveTargetEnded { number, status });
    }
    Ok(EventBody::AlertsMovedIn { from, number, count, declared: false })
}

/// Returns a number of alerts as text. It is 0 where only the store knows it.
fn count_text(count: u32) -> String {
    match count {
        0 => "alerts".to_owned(),
        1 => "1 alert".to_owned(),
        count => format!("{count} alerts"),
    }
}

fn label(number: Option<IncidentNumber>) -> String {
    number.map_or_else(|| "another incident".to_owned(), |number| number.to_string())
}

pub(in crate::model) struct AlertsMovedOut {
    pub number: Option<IncidentNumber>,
    pub count: u32,
}

impl EventLogic for AlertsMovedOut {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        // Several alerts of one message may have been counted as one.
        incident.summary.alerts = incident.summary.alerts.saturating_sub(self.count).max(1);
    }

    fn label(&self) -> &'static str {
        "Alerts moved"
    }

    fn detail(&self) -> String {
        format!("{} to {}", count_text(self.count), label(self.number))
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("moved {} to {}", count_text(self.count), label(self.number))
    }
}

pub(in crate::model) struct AlertsMovedIn {
    pub number: Option<IncidentNumber>,
    pub count: u32,
    pub declared: bool,
}

impl EventLogic for AlertsMovedIn {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        // A declaration counts the first alert.
        let count = self.count.saturating_sub(u32::from(self.declared));
        incident.summary.alerts = incident.summary.alerts.saturating_add(count);
    }

    fn label(&self) -> &'static str {
        "Alerts moved"
    }

    fn detail(&self) -> String {
        format!("{} from {}", count_text(self.count), label(self.number))
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("moved {} from {} to it", count_text(self.count), label(self.number))
    }
}
