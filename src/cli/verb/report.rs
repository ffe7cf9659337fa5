//! Prints what a verb has done to an incident.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::context::Context;
use super::super::failure::{Exit, Failure};
use super::super::json;
use super::super::value::IncidentRef;
use crate::backend::Outcome;
use crate::model::text::{sanitize, truncate};
use crate::model::{EventBody, Summary};
use crate::verbs::VerbRequest;

/// Width up to which the text of a change is quoted.
const MAX_CONTENT_WIDTH: usize = 72;

/// The outcome for one incident, as `--json` prints it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CommandJson {
    /// The incident, as it was given.
    incident: String,
    /// Whether it is done.
    done: bool,
    /// Whether the command waits in the outbox: it has no answer yet and will be sent.
    #[serde(rename = "kept", default, skip_serializing_if = "std::ops::Not::not")]
    queued: bool,
    /// The row of the incident afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<Summary>,
    /// Why it is not done.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Prints an outcome; a failure is only part of the JSON. Fails if it can't be printed.
pub(super) fn print(
    context: &mut Context,
    target: IncidentRef,
    request: &VerbRequest,
    as_json: bool,
    result: &Result<Outcome, Failure>,
) -> Result<(), Failure> {
    let row = result.as_ref().ok().and_then(|outcome| outcome.row.as_ref());
    let label = row.map_or_else(|| target.to_string(), Summary::label);
    let done = result.as_ref().ok().map(|outcome| done_phrase(request, outcome));
    if let Some(done) = &done {
        context.out.record_done(format!("{label} {done}"));
    }
    if as_json {
        let report = CommandJson {
            incident: target.to_string(),
            done: result.is_ok(),
            queued: result.as_ref().is_err_and(|failure| failure.exit == Exit::Queued),
            row: row.cloned(),
            error: result.as_ref().err().map(|failure| failure.message.to_string()),
        };
        json::print(&mut context.out, &report)
    } else if let Some(done) = &done {
        context.out.line(format!("{label} {done}"))
    } else {
        Ok(())
    }
}

/// Returns what was done, with what was chosen as the timeline has it.
fn done_phrase(request: &VerbRequest, outcome: &Outcome) -> String {
    let row = request.verb().row();
    // The last event of the incident itself: another one may have events of it, too.
    let own = outcome.events.iter().rfind(|event| Some(event.incident) == outcome.incident);
    let Some(event) = own.or(outcome.events.last()).filter(|_| row.says_content) else {
        return row.done.to_owned();
    };
    match &event.body {
        EventBody::Assigned { to: None } => return "unowned".to_owned(),
        EventBody::RoleRequested { role, person } => {
            return format!("{} is asked to be {role}", sanitize(&person.name));
        }
        _ => {}
    }
    let detail = event.body.detail();
    let first = detail.lines().next().unwrap_or_default().trim();
    format!("{} {}", row.done, truncate(first, MAX_CONTENT_WIDTH)).trim_end().to_owned()
}
