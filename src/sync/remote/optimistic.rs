//! Pending commands laid over what was read: what the record will be once they are carried out, as
//! far as this machine can tell. Pure.
//!
//! Each is decided as of the time it was asked. One that would be refused changes nothing here: what
//! the remote says counts.

use crate::model::checklist::{Answer, Answered, ClosingItem, Item};
use crate::model::decide::{Context, decide};
use crate::model::review::Review;
use crate::model::{Actor, Envelope, Event, Incident, Rules, Summary};

/// A record with what waits laid over it, and the events that this adds to its timeline.
///
/// `incident` is `None` where it is declared by one of the commands. `known` are events of its
/// timeline that were read: a command that led to one of them is there already.
#[must_use]
pub fn apply_pending_to_record(
    incident: Option<Incident>,
    known: &[Event],
    pending: &[&Envelope],
    rules: &Rules,
) -> (Option<Incident>, Vec<Event>) {
    let mut incident = incident;
    let mut added = Vec::new();
    // The timeline may have been read a moment after the record.
    let later = known.last().map_or(0, |event| event.seq);
    let ahead = later.saturating_sub(incident.as_ref().map_or(0, |known| known.summary.seq));
    for envelope in pending {
        if known.iter().any(|event| event.command == envelope.id) {
            continue;
        }
        let context = Context { now: envelope.at, rules };
        let Ok(events) = decide(incident.as_ref(), envelope, context) else { continue };
        for mut event in events {
            match &mut incident {
                Some(incident) => incident.apply(&event),
                None => incident = Incident::from_declaration(&event),
            }
            event.seq += ahead;
            added.push(event);
        }
    }
    if let Some(incident) = incident.as_mut().filter(|_| !added.is_empty()) {
        incident.summary.seq += ahead;
    }
    (incident, added)
}

/// A row with what waits laid over it; `None` where there is neither a row nor a declaration.
#[must_use]
pub fn apply_pending_to_row(
    row: Option<&Summary>,
    pending: &[&Envelope],
    rules: &Rules,
) -> Option<Summary> {
    let known = row.cloned().map(incident_from_row);
    apply_pending_to_record(known, &[], pending, rules).0.map(|incident| incident.summary)
}

/// A record of which only the row is known. What the row does not tell is taken as it must be for
/// the most to be possible: the gate is answered, as whoever closes it will have seen.
fn incident_from_row(row: Summary) -> Incident {
    // At least since then it has its status: what others wrote meanwhile moves no time.
    let known = row.closed_at.or(row.resolved_at).or(row.acknowledged_at);
    let status_at = known.unwrap_or(row.reported_at);
    let nobody = Actor::Integration(String::new());
    let answered = ClosingItem::ALL.iter().map(|item| Answered {
        item: Item::Closing(*item),
        answer: Answer::Yes,
        by: nobody.clone(),
    });
    Incident {
        symptoms: String::new(),
        labels: Vec::new(),
        dedup_key: None,
        runbook: None,
        override_reason: None,
        acknowledged_by: row.acknowledged_at.map(|_| nobody.clone()),
        stages: [None; 7],
        status_by: nobody.clone(),
        status_at,
        roles: Vec::new(),
        links: Vec::new(),
        stakeholder_message: None,
        next_update_due: None,
        answered: answered.collect(),
        paused_for: row.paused.then(String::new),
        resolution: None,
        reopened: 0,
        unowned_s: 0,
        unowned_since: None,
        merged_into: None,
        absorbed: Vec::new(),
        reclassified: None,
        review: Review::default(),
        summary: row,
    }
}
