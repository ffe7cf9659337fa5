//! The events that moving alerts adds to the incident to which they are moved.

use sqlx::Row;

use super::Writer;
use super::execution::{OtherTimeline, assign_number};
use crate::backend::file::alerts;
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::event_row;
use crate::backend::file::meta::LAST_NUMBER;
use crate::backend::file::records::{self, KeyedIncident};
use crate::backend::file::sql::Batch;
use crate::backend::{BackendError, Missing};
use crate::model::alert::{AlertSelection, MAX_ALERTS, declaration_of_moved};
use crate::model::check::{BadField, FieldProblem};
use crate::model::decide::{Context, declare_for_alerts, receive_alerts};
use crate::model::{Envelope, Event, EventBody, IncidentCommand, IncidentNumber, Rejection};

impl Writer {
    /// Reads the alerts that a command moves, and sets their number and that of the other incident
    /// in its `events`. Returns the events of the other incident, which is declared if the command
    /// requires that and it does not exist.
    pub(super) async fn move_alerts(
        &mut self,
        command: &IncidentCommand,
        from: &KeyedIncident,
        events: &mut [Event],
        envelope: &Envelope,
        context: Context<'_>,
    ) -> StoreResult<OtherTimeline> {
        let IncidentCommand::MoveAlerts { to, declare, keys, labels } = command else {
            return Err(StoreError::content("a command that moves no alerts"));
        };
        let refuse = |rejection: Rejection| BackendError::rejected(rejection, context.now);
        let selection = AlertSelection::new(keys, labels);
        let moved = alerts::read_selected(&mut self.conn, from.key, &selection).await?;
        if moved.alerts.is_empty() {
            return Err(BackendError::NotFound(Missing::Alerts).into());
        }
        let count = moved.count();
        let directory = self.directory().await?;
        let declaration =
            declaration_of_moved(&moved.alerts, &from.incident, *to, &directory, context.now);
        let target = records::load(&mut self.conn, *to, true).await?;
        let (added, number) = match &target {
            Some(target) => {
                self.check_room(target, count, context).await?;
                let said = (count, &declaration);
                let added =
                    receive_alerts(&target.incident, &from.incident, said, envelope, context);
                (added.map_err(refuse)?, target.incident.summary.number)
            }
            None if *declare => {
                let next = self.next_number().await?;
                let said = (count, &declaration);
                let added = declare_for_alerts(*to, &from.incident, said, envelope, context);
                let added = added.map_err(refuse)?.into_iter();
                let added: Vec<Event> =
                    added.map(|event| assign_number(event, next)).collect::<StoreResult<_>>()?;
                (added, Some(IncidentNumber(next)))
            }
            None => return Err(BackendError::NotFound(Missing::MoveTarget).into()),
        };
        for event in events.iter_mut() {
            if let EventBody::AlertsMovedOut { number: other, count: moved, .. } = &mut event.body {
                (*other, *moved) = (number, count);
            }
        }
        let added = added.into_iter().map(event_row::truncate_times).collect();
        Ok(OtherTimeline { before: target, events: added, moved: Some(moved) })
    }

    /// Refuses alerts for which an incident has no room.
    async fn check_room(
        &mut self,
        target: &KeyedIncident,
        count: u32,
        context: Context<'_>,
    ) -> StoreResult<()> {
        let (stored, _) = alerts::count(&mut self.conn, target.key).await?;
        let after = stored.saturating_add(u64::from(count));
        if after <= MAX_ALERTS {
            return Ok(());
        }
        let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let problem = FieldProblem::TooManyEntries { count: size(after), max: size(MAX_ALERTS) };
        let rejection = Rejection::Field(BadField::new("to", problem));
        Err(BackendError::rejected(rejection, context.now).into())
    }

    /// Returns the number of the next incident, as of the running transaction.
    async fn next_number(&mut self) -> StoreResult<u64> {
        let row =
            Batch::new(&format!("SELECT {LAST_NUMBER}")).fetch_optional(&mut self.conn).await?;
        let last: Option<i64> = row.map(|row| row.try_get(0)).transpose()?.flatten();
        Ok(u64::try_from(last.unwrap_or(0)).unwrap_or(0) + 1)
    }
}
