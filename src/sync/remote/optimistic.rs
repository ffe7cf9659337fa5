//! Applies pending commands to what was read (optimistic update): what a record will be once they
//! are carried out, as far as this machine can tell. Pure.
//!
//! Each command is decided as of the time at which it was requested. One that would be refused
//! changes nothing here: the remote decides.

use crate::model::checklist::{Answer, Answered, ClosingItem, Item};
use crate::model::decide::{Context, decide};
use crate::model::{Actor, Envelope, Event, Incident, Rules, Summary};

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
    pending: &[&Envelope],
    rules: &Rules,
) -> (Option<Incident>, Vec<Event>) {
    let mut incident = incident;
    let mut added = Vec::new();
    // The timeline may have been read a moment after the record.
    let last_seq = read_events.last().map_or(0, |event| event.seq);
    let offset =
        last_seq.saturating_sub(incident.as_ref().map_or(0, |incident| incident.summary.seq));
    for envelope in pending {
        if read_events.iter().any(|event| event.command == envelope.id) {
            continue;
        }
        let context = Context { now: envelope.at, rules };
        let Ok(events) = decide(incident.as_ref(), envelope, context) else { continue };
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
    pending: &[&Envelope],
    rules: &Rules,
) -> Option<Summary> {
    let incident = row.cloned().map(incident_from_row);
    apply_pending_to_record(incident, &[], pending, rules).0.map(|incident| incident.summary)
}

/// Makes a record of which only the row is known. Unknown fields get the values that make the most
/// commands possible: the closing gate is answered, as whoever closes the incident will have seen.
fn incident_from_row(row: Summary) -> Incident {
    // The status has held at least since then: what others write meanwhile moves no time.
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
