//! Prints the result of a verb on an incident.

use serde::Serialize;
use utoipa::ToSchema;

use super::super::context::Context;
use super::super::failure::{Exit, Failure};
use super::super::json;
use super::super::value::IncidentRef;
use crate::backend::Outcome;
use crate::config::Config;
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
    /// Whether it was carried out.
    done: bool,
    /// Whether the command waits in the outbox: it has no answer yet and will be sent.
    #[serde(rename = "kept", default, skip_serializing_if = "std::ops::Not::not")]
    queued: bool,
    /// The row of the incident afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<Summary>,
    /// The reason why it was not.
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
    let done = result.as_ref().ok().map(|outcome| {
        let note = missing_tracker(&context.config, request).unwrap_or_default();
        done_phrase(request, outcome) + note
    });
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

/// Returns what is said if nothing will come of a follow-up here: a server refuses it itself.
pub fn missing_tracker(config: &Config, request: &VerbRequest) -> Option<&'static str> {
    let VerbRequest::FollowUp(request) = request else { return None };
    config.location.file()?;
    let names = config.outbound.tracker_names();
    let wanted = request.tracker.as_deref().unwrap_or_default();
    let is_set_up = names.iter().any(|name| name == wanted);
    (!is_set_up).then_some(
        "; the settings here have no such tracker: the issue waits for a program whose settings have it, \
         such as `redphone serve`",
    )
}

/// Returns the result, with the chosen values in the form of the timeline.
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
