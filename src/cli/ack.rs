//! `ack`: acknowledge incidents; and how the outcome of any request is told.

use serde::Serialize;

use super::Context;
use super::args::Ack;
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
    /// It has no answer yet and will be sent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[serde(rename = "kept")]
    queued: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<&'a Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Acknowledges each; the worst outcome counts.
pub async fn run(context: &mut Context, args: Ack) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let mut worst = None;
    for target in args.incidents {
        let done = execute_on(&session, target, IncidentCommand::Acknowledge).await;
        if let Err(failure) = print_outcome(context, target, "acknowledged", args.json, done) {
            // Lines already printed come before the failure that follows them.
            context.out.flush()?;
            out::print_failure(&failure);
            worst = Some(worst.map_or(failure.exit, |worst: Exit| worst.worse_of(failure.exit)));
        }
    }
    session.connection.close().await;
    worst.map_or(Ok(()), |exit| Err(Failure::silent(exit)))
}

/// Asks for one thing about one incident, and tells what came of it.
pub async fn run_single(
    context: &mut Context,
    target: IncidentRef,
    wanted: IncidentCommand,
    word: &str,
    as_json: bool,
) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let done = execute_on(&session, target, wanted).await;
    session.connection.close().await;
    print_outcome(context, target, word, as_json, done)
}

async fn execute_on(
    session: &Session,
    target: IncidentRef,
    ask: IncidentCommand,
) -> Result<Outcome, Failure> {
    let id =
        session.find_incident(target).await.map_err(|failure| prefix_incident(target, failure))?;
    session.execute(id, ask).await.map_err(|failure| prefix_incident(target, failure))
}

/// Names the incident in front, unless the sentence does so itself.
fn prefix_incident(target: IncidentRef, failure: Failure) -> Failure {
    let name = target.to_string();
    // INC-1 is not named by INC-12.
    let named = failure.message.match_indices(&name).any(|(at, _)| {
        let next = failure.message[at + name.len()..].chars().next();
        !next.is_some_and(|c| c.is_ascii_digit())
    });
    if named { failure } else { failure.with_prefix(&name) }
}

fn print_outcome(
    context: &mut Context,
    target: IncidentRef,
    word: &str,
    as_json: bool,
    done: Result<Outcome, Failure>,
) -> Result<(), Failure> {
    let row = done.as_ref().ok().and_then(|outcome| outcome.row.as_ref());
    if as_json {
        let told = CommandJson {
            incident: target.to_string(),
            done: done.is_ok(),
            queued: done.as_ref().is_err_and(|failure| failure.exit == Exit::Queued),
            row,
            error: done.as_ref().err().map(|failure| failure.message.as_str()),
        };
        json::print(&mut context.out, &told)?;
    } else if done.is_ok() {
        let label = row.map_or_else(|| target.to_string(), Summary::label);
        context.out.line(&format!("{label} {word}"))?;
    }
    done.map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_incident_is_named_once() {
        let told = |text: &str| {
            let target = "INC-1".parse::<IncidentRef>().unwrap();
            prefix_incident(target, Failure::new(Exit::Failed, text)).message
        };
        assert_eq!(told("already closed"), "INC-1: already closed");
        assert_eq!(told("there is no INC-1"), "there is no INC-1");
        assert_eq!(told("merged into INC-12"), "INC-1: merged into INC-12");
    }
}
