//! Applies the pending commands of the outbox to data that was read, so that the panes show their
//! effect immediately (optimistic update): the record as it will be once they are carried out, as
//! far as this machine can predict it.
//!
//! Each command is decided as of the time at which it was requested. One that would be refused
//! changes nothing here: the remote decides.

use super::Shared;
use super::entry::PendingChange;
use crate::backend::Detail;
use crate::model::checklist::{Answer, Answered, ClosingItem, Item};
use crate::model::decide::{Context, absorb_named, decide};
use crate::model::{Actor, Event, Incident, IncidentId, Rules, Summary};

/// Applies pending commands to a record. Returns the record, and the events that this adds to its
/// timeline.
///
/// `incident` is `None` if one of the commands declares it. `read_events` are events of its
/// timeline that were read: the effect of a command that led to one of them is already in the
/// record.
#[must_use]
pub fn apply_pending_to_record(
    incident: Option<Incident>,
    read_events: &[Event],
    pending: &[PendingChange<'_>],
    rules: &Rules,
) -> (Option<Incident>, Vec<Event>) {
    let mut incident = incident;
    let mut added = Vec::new();
    // The timeline may have been read a moment after the record.
    let last_seq = read_events.last().map_or(0, |event| event.seq);
    let offset =
        last_seq.saturating_sub(incident.as_ref().map_or(0, |incident| incident.summary.seq));
    for change in pending {
        let envelope = change.envelope();
        if read_events.iter().any(|event| event.command == envelope.id) {
            continue;
        }
        let context = Context { now: envelope.at, rules };
        let decided = match (change, &incident) {
            (PendingChange::Command(_), _) => decide(incident.as_ref(), envelope, context),
            (PendingChange::Merge { from, .. }, Some(target)) => {
                absorb_named(target, *from, envelope, context)
            }
            (PendingChange::Merge { .. }, None) => continue,
        };
        let Ok(events) = decided else { continue };
        for mut event in events {
            match &mut incident {
                Some(incident) => incident.apply(&event),
                None => incident = Incident::from_declaration(&event),
            }
            event.seq += offset;
            added.push(event);
        }
    }
    if let Some(incident) = incident.as_mut().filter(|_| !added.is_empty()) {
        incident.summary.seq += offset;
    }
    (incident, added)
}

/// Applies pending commands to a row. Returns `None` if there is neither a row nor a declaration.
#[must_use]
pub fn apply_pending_to_row(
    row: Option<&Summary>,
    pending: &[PendingChange<'_>],
    rules: &Rules,
) -> Option<Summary> {
    let incident = row.cloned().map(incident_from_row);
    apply_pending_to_record(incident, &[], pending, rules).0.map(|incident| incident.summary)
}

/// Creates a record of which only the row is known. Unknown fields get the values that make the
/// most commands possible: the closing gate is answered, because the person who closes the incident
/// has seen it.
fn incident_from_row(row: Summary) -> Incident {
    // The status has been in effect at least since then: events of others meanwhile do not move the
    // time.
    let reached_at = row.closed_at.or(row.resolved_at).or(row.acknowledged_at);
    let status_at = reached_at.unwrap_or(row.reported_at);
    let nobody = Actor::Integration(String::new());
    let answered = ClosingItem::ALL.iter().map(|item| Answered {
        item: Item::Closing(*item),
        answer: Answer::Yes,
        by: nobody.clone(),
    });
    Incident {
        acknowledged_by: row.acknowledged_at.map(|_| nobody.clone()),
        answered: answered.collect(),
        paused_for: row.paused.then(String::new),
        ..Incident::from_row(row, nobody.clone(), status_at)
    }
}

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
            known_errors: Vec::new(),
            linked_changes: Vec::new(),
            alert_rows: Vec::new(),
            soak: None,
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
