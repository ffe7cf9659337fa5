//! Messages of whose alerts people have moved some to other incidents.

use super::ingest::{Done, Message, OpenIncident};
use super::moving::Elsewhere;
use super::table;
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::writer::Writer;
use crate::backend::{IngestEffect, IngestOutcome, Outcome};
use crate::model::IncidentCommand;
use crate::model::alert::AlertGroup;
use crate::model::command::Declaration;

/// The reason why the priority of an incident is raised.
const WORSE_ALERT: &str = "an alert that was moved to it is more severe";

impl Done {
    /// Returns the result of this part of a message together with the `next` one. The incident is
    /// that of the first part whose timeline has changed, otherwise that of the first.
    pub(super) fn and(mut self, next: Self) -> Self {
        let is_unchanged = self.outcome.effect == IngestEffect::Unchanged;
        if is_unchanged && next.outcome.effect != IngestEffect::Unchanged {
            let alerts = self.outcome.alerts;
            self.outcome = IngestOutcome { alerts, ..next.outcome };
        }
        self.outcome.alerts = self.outcome.alerts.and(next.outcome.alerts);
        self.commands.extend(next.commands);
        self.has_changed |= next.has_changed;
        self
    }
}

impl Message<'_> {
    /// Stores a message some of whose alerts were moved to other incidents: reports on those affect
    /// these. The state of the entire group is not applied to a part.
    pub(super) async fn store_parts(
        &self,
        writer: &mut Writer,
        open: Option<OpenIncident>,
        moved: Vec<Elsewhere>,
    ) -> StoreResult<Done> {
        let mut done: Option<Done> = None;
        let part_of = |is_part: &dyn Fn(&str) -> bool| {
            let alerts = self.group.alerts.iter().filter(|alert| is_part(&alert.key));
            let alerts = alerts.cloned().collect();
            AlertGroup { is_firing: None, alerts, ..self.group.clone() }
        };
        let rest = part_of(&|key: &str| !moved.iter().any(|other| other.keys.contains(key)));
        if !rest.alerts.is_empty() {
            let message = Message { group: &rest, ..*self };
            done = Some(message.store_part(writer, open).await?);
        }
        for Elsewhere { record, keys, has_moved, .. } in moved {
            let part = part_of(&|key: &str| keys.contains(key));
            let (alerts, firing) = table::count(&mut writer.conn, record.key).await?;
            let is_elsewhere = true;
            let open = OpenIncident { record, alerts, firing, has_moved, is_elsewhere };
            let message = Message { group: &part, ..*self };
            let next = Box::pin(message.store_part(writer, Some(open))).await?;
            done = Some(match done {
                Some(before) => before.and(next),
                None => next,
            });
        }
        done.ok_or_else(|| StoreError::content("a message of alerts has no part"))
    }

    /// Counts an alert that is more severe than before in the incident to which it was moved, which the
    /// key of the group does not find, and raises its priority.
    pub(super) async fn count_worse(
        &self,
        writer: &mut Writer,
        open: &OpenIncident,
        declared: Declaration,
    ) -> StoreResult<Vec<Outcome>> {
        let id = open.summary.id;
        let (impact, urgency) = (declared.impact, declared.urgency);
        let command = IncidentCommand::RepeatAlert { text: declared.title, count: declared.alerts };
        let mut outcomes = Vec::from_iter(self.execute(writer, id, command, None).await?);
        if self.rules.matrix.priority(impact, urgency) < open.summary.priority {
            let command = IncidentCommand::Prioritize { impact, urgency };
            outcomes.extend(self.execute(writer, id, command, Some(WORSE_ALERT)).await?);
        }
        Ok(outcomes)
    }
}
