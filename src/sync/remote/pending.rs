//! Applies the pending commands of a remote's outbox to fetched rows and records, so that the panes
//! show them at once (optimistic update).

use super::{Shared, apply_pending_to_record, apply_pending_to_row};
use crate::backend::Detail;
use crate::model::{Event, IncidentId, Summary};

impl Shared {
    /// Applies pending commands to rows. With `with_new`, declared incidents are added to them.
    pub(super) fn apply_pending(&self, rows: &mut Vec<Summary>, with_new: bool) {
        let snapshot = self.outbox_snapshot.borrow().clone();
        let mut pending = snapshot.pending_by_incident();
        if pending.is_empty() {
            return;
        }
        let rules = self.rules();
        for row in rows.iter_mut() {
            if let Some(commands) = pending.remove(&row.id)
                && let Some(updated) = apply_pending_to_row(Some(row), &commands, &rules)
            {
                *row = updated;
            }
        }
        if with_new {
            rows.extend(
                pending
                    .values()
                    .filter_map(|commands| apply_pending_to_row(None, commands, &rules)),
            );
        }
    }

    pub(super) fn is_declared_locally(&self, id: IncidentId) -> bool {
        self.outbox_snapshot.borrow().pending().any(|entry| entry.declares() == Some(id))
    }

    /// Returns an incident that was declared here and that the remote has not seen yet.
    pub(super) fn declared_detail(&self, id: IncidentId) -> Option<(Detail, Vec<Event>)> {
        let snapshot = self.outbox_snapshot.borrow().clone();
        let commands = snapshot.pending_by_incident().remove(&id)?;
        let (incident, events) = apply_pending_to_record(None, &[], &commands, &self.rules());
        let detail = Detail {
            incident: incident?,
            suspects: Vec::new(),
            similar: Vec::new(),
            problem: None,
        };
        Some((detail, events))
    }

    /// Applies pending commands to an incident and the end of its timeline.
    pub(super) fn apply_pending_to_detail(
        &self,
        mut detail: Detail,
        mut events: Vec<Event>,
    ) -> (Detail, Vec<Event>) {
        let snapshot = self.outbox_snapshot.borrow().clone();
        let id = detail.incident.summary.id;
        if let Some(commands) = snapshot.pending_by_incident().remove(&id) {
            let fetched = detail.incident.clone();
            let (incident, added) =
                apply_pending_to_record(Some(fetched), &events, &commands, &self.rules());
            if let Some(incident) = incident {
                detail.incident = incident;
            }
            events.extend(added);
        }
        (detail, events)
    }
}
