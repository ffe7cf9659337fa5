//! `ack`: acknowledges incidents. Also runs the other commands about one incident.

use serde::Serialize;

use super::args::Ack;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::session::{IfMissing, Session};
use super::value::IncidentRef;
use super::{json, out};
use crate::backend::Outcome;
use crate::model::{IncidentCommand, Summary};

/// The outcome for one incident, as `--json` prints it.
#[derive(Debug, Serialize)]
struct CommandJson<'a> {
    incident: String,
    done: bool,
    /// Whether the command waits in the outbox: it has no answer yet and will be sent.
    #[serde(rename = "kept", skip_serializing_if = "std::ops::Not::not")]
    queued: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<&'a Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Acknowledges each incident. The exit code is that of the worst outcome.
pub async fn run(context: &mut Context, args: Ack) -> Result<(), Failure> {
    if args.if_seq.is_some() && args.incidents.len() > 1 {
        return Err(Failure::usage("--if-seq is about one incident: name one"));
    }
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let mut worst: Option<Exit> = None;
    let mut unprinted = None;
    for target in args.incidents {
        let command = IncidentCommand::Acknowledge;
        let result = execute_on(&session, target, command, args.if_seq).await;
        // The others are acknowledged even if nobody reads about this one.
        if let Err(failure) = print_outcome(context, target, "acknowledged", args.json, &result) {
            unprinted = Some(failure);
        }
        if let Err(failure) = result {
            // Earlier lines are written before the failure that follows them.
            unprinted = context.out.flush().err().or(unprinted);
            out::print_failure(&failure);
            worst = Some(worst.map_or(failure.exit, |worst| worst.worse_of(failure.exit)));
        }
    }
    session.connection.close().await;
    match (worst, unprinted) {
        (worst, Some(failure)) => {
            let exit = worst.map_or(failure.exit, |worst| worst.worse_of(failure.exit));
            Err(Failure { exit, ..failure })
        }
        (Some(exit), None) => Err(Failure::silent(exit)),
        (None, None) => Ok(()),
    }
}

/// Executes one command on one incident, if its last event has the number `if_seq`, and prints its outcome, with `word` for success.
pub async fn run_single(
    context: &mut Context,
    (target, if_seq): (IncidentRef, Option<u32>),
    command: IncidentCommand,
    word: &str,
    as_json: bool,
) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let result = execute_on(&session, target, command, if_seq).await;
    session.connection.close().await;
    let printed = print_outcome(context, target, word, as_json, &result);
    result.and(printed)
}

async fn execute_on(
    session: &Session,
    target: IncidentRef,
    command: IncidentCommand,
    if_seq: Option<u32>,
) -> Result<Outcome, Failure> {
    let id =
        session.find_incident(target).await.map_err(|failure| prefix_incident(target, failure))?;
    session
        .execute_if(id, command, if_seq)
        .await
        .map_err(|failure| prefix_incident(target, failure))
}

/// Prefixes a failure with the incident, unless its message already names it.
fn prefix_incident(target: IncidentRef, failure: Failure) -> Failure {
    let name = target.to_string();
    // INC-12 does not name INC-1.
    let is_named = failure.message.match_indices(&name).any(|(at, _)| {
        let next = failure.message[at + name.len()..].chars().next();
        !next.is_some_and(|c| c.is_ascii_digit())
    });
    if is_named { failure } else { failure.with_prefix(&name) }
}

/// Prints an outcome; a failure is only part of the JSON. Fails if it can't be printed.
fn print_outcome(
    context: &mut Context,
    target: IncidentRef,
    word: &str,
    as_json: bool,
    result: &Result<Outcome, Failure>,
) -> Result<(), Failure> {
    let row = result.as_ref().ok().and_then(|outcome| outcome.row.as_ref());
    let label = row.map_or_else(|| target.to_string(), Summary::label);
    if result.is_ok() {
        context.out.record_done(format!("{label} {word}"));
    }
    if as_json {
        let report = CommandJson {
            incident: target.to_string(),
            done: result.is_ok(),
            queued: result.as_ref().is_err_and(|failure| failure.exit == Exit::Queued),
            row,
            error: result.as_ref().err().map(|failure| failure.message.as_str()),
        };
        json::print(&mut context.out, &report)
    } else if result.is_ok() {
        context.out.line(format!("{label} {word}"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_names_its_incident_exactly_once() {
        let message = |text: &'static str| {
            let target = "INC-1".parse::<IncidentRef>().unwrap();
            prefix_incident(target, Failure::new(Exit::Failed, text)).message
        };
        assert_eq!(message("already closed"), "INC-1: already closed");
        assert_eq!(message("there is no INC-1"), "there is no INC-1");
        assert_eq!(message("merged into INC-12"), "INC-1: merged into INC-12");
    }
}
