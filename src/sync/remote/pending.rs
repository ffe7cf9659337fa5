//! What waits, laid over what was read, from wherever it was.

use super::{Shared, apply_pending_to_record, apply_pending_to_row};
use crate::backend::Detail;
use crate::model::{Event, IncidentId, Summary};

impl Shared {
    /// Lays what waits over rows. Declarations add theirs where that is wanted.
    pub(super) fn apply_pending(&self, rows: &mut Vec<Summary>, with_new: bool) {
        let listing = self.outbox_snapshot.borrow().clone();
        let mut pending = listing.pending_by_incident();
        if pending.is_empty() {
            return;
        }
        let rules = self.rules();
        for row in rows.iter_mut() {
            if let Some(waits) = pending.remove(&row.id)
                && let Some(over) = apply_pending_to_row(Some(row), &waits, &rules)
            {
                *row = over;
            }
        }
        if with_new {
            rows.extend(
                pending.values().filter_map(|waits| apply_pending_to_row(None, waits, &rules)),
            );
        }
    }

    pub(super) fn is_declared_locally(&self, id: IncidentId) -> bool {
        self.outbox_snapshot.borrow().pending().any(|entry| entry.declares() == Some(id))
    }

    /// An incident that the remote has not seen yet.
    pub(super) fn declared_detail(&self, id: IncidentId) -> Option<(Detail, Vec<Event>)> {
        let listing = self.outbox_snapshot.borrow().clone();
        let waits = listing.pending_by_incident().remove(&id)?;
        let (incident, events) = apply_pending_to_record(None, &[], &waits, &self.rules());
        let detail = Detail {
            incident: incident?,
            suspects: Vec::new(),
            similar: Vec::new(),
            problem: None,
        };
        Some((detail, events))
    }

    /// What waits, laid over an incident and the end of its timeline.
    pub(super) fn apply_pending_to_detail(
        &self,
        mut detail: Detail,
        mut events: Vec<Event>,
    ) -> (Detail, Vec<Event>) {
        let listing = self.outbox_snapshot.borrow().clone();
        let id = detail.incident.summary.id;
        if let Some(waits) = listing.pending_by_incident().remove(&id) {
            let known = detail.incident.clone();
            let (incident, added) =
                apply_pending_to_record(Some(known), &events, &waits, &self.rules());
            if let Some(incident) = incident {
                detail.incident = incident;
            }
            events.extend(added);
        }
        (detail, events)
    }
}
