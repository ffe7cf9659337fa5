//! Prechecks: whether a command would be refused, as far as known before it is sent.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::model::decide::{Context, decide};
use crate::model::stability::Soak;
use crate::model::{
    Actor, Command, CommandId, Envelope, Incident, IncidentCommand, IncidentId, Summary,
};

use crate::tui::core::app::App;
use crate::tui::verb::target::Target;

/// Returns the complete record, if it was read and is not older than the row of the incident.
pub(in crate::tui) fn current_record(app: &App, id: IncidentId) -> Option<&Incident> {
    let last_seq = app.last_seq(id).unwrap_or(0);
    app.reading
        .shown
        .iter()
        .chain(&app.reading.cache)
        .find(|shown| shown.id == id)
        .map(|shown| &shown.detail.incident)
        .filter(|incident| last_seq <= incident.summary.seq)
}

/// Returns how long the alerts of an incident have been resolved, if that was read with its record;
/// `None` if it needs no stability.
pub(in crate::tui) fn current_soak(app: &App, id: IncidentId) -> Option<Soak> {
    let mut read = app.reading.shown.iter().chain(&app.reading.cache);
    read.find(|shown| shown.id == id)?.detail.soak
}

/// Returns why commands can't be executed one after another, in a sentence for the person. The
/// model decides if the complete record is known; otherwise the row is checked as far as possible.
pub(in crate::tui) fn refusal(
    app: &App,
    id: IncidentId,
    commands: &[IncidentCommand],
    now: DateTime<Utc>,
) -> Option<String> {
    if let Some(record) = current_record(app, id) {
        return record_refusal(app, record, commands, now);
    }
    let row = app.row(id)?;
    let rejection = commands.iter().find_map(|command| command.row_refusal(row))?;
    Some(rejection.sentence(app.backend_time(now)))
}

/// Returns why the model refuses commands on a record, executed one after another.
pub(in crate::tui) fn record_refusal(
    app: &App,
    record: &Incident,
    commands: &[IncidentCommand],
    now: DateTime<Utc>,
) -> Option<String> {
    let id = record.summary.id;
    // Commands are sent with the times of the backend's clock.
    let now = app.backend_time(now);
    let mut incident = Cow::Borrowed(record);
    let mut remaining = commands.iter();
    while let Some(command) = remaining.next() {
        let envelope = Envelope {
            id: CommandId::new(),
            at: now,
            actor: Actor::Person(app.session.me.clone()),
            // A missing reason is requested when the command is sent.
            command: Command::Incident {
                incident: id,
                command: command.clone(),
                undoes: None,
                because: Some("a correction".into()),
            },
            expected_seq: None,
        };
        match decide(Some(&incident), &envelope, Context { now, rules: &app.session.rules }) {
            // The record is copied only if another command depends on the changes of this one.
            Ok(events) if remaining.len() > 0 => {
                for event in &events {
                    incident.to_mut().apply(event);
                }
            }
            Ok(_) => {}
            Err(rejection) => return Some(rejection.sentence(now)),
        }
    }
    None
}

/// Returns the row of the target, if it is exactly one.
pub(in crate::tui) fn single_row<'a>(app: &'a App, targets: &[Target]) -> Option<&'a Summary> {
    let [one] = targets else { return None };
    app.row(one.id).or_else(|| current_record(app, one.id).map(|record| &record.summary))
}
