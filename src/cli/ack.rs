//! `ack`: acknowledge incidents; and how the outcome of any request is told.

use serde::Serialize;

use super::Context;
use super::args::Ack;
use super::failure::Failure;
use super::session::{Missing, Session};
use super::value::Target;
use super::{json, out};
use crate::backend::Outcome;
use crate::model::{Ask, Summary};

/// The outcome for one incident, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Told<'a> {
    incident: String,
    done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<&'a Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Acknowledges each; the worst outcome counts.
pub async fn run(context: &mut Context, args: Ack) -> Result<(), Failure> {
    let session = Session::open(&context.config, Missing::Refuse).await?;
    let mut worst = None;
    for target in args.incidents {
        let done = ask(&session, target, Ask::Acknowledge).await;
        if let Err(failure) = tell(context, target, "acknowledged", args.json, done) {
            // Lines already printed come before the failure that follows them.
            context.out.flush()?;
            out::tell_failure(&failure);
            worst = worst.max(Some(failure.exit));
        }
    }
    session.place.close().await;
    worst.map_or(Ok(()), |exit| Err(Failure::silent(exit)))
}

/// Asks for one thing about one incident, and tells what came of it.
pub async fn one(
    context: &mut Context,
    target: Target,
    wanted: Ask,
    word: &str,
    as_json: bool,
) -> Result<(), Failure> {
    let session = Session::open(&context.config, Missing::Refuse).await?;
    let done = ask(&session, target, wanted).await;
    session.place.close().await;
    tell(context, target, word, as_json, done)
}

async fn ask(session: &Session, target: Target, ask: Ask) -> Result<Outcome, Failure> {
    let id = session.find(target).await.map_err(|failure| about(target, failure))?;
    session.execute(id, ask).await.map_err(|failure| about(target, failure))
}

/// Names the incident in front, unless the sentence does so itself.
fn about(target: Target, failure: Failure) -> Failure {
    let name = target.to_string();
    // INC-1 is not named by INC-12.
    let named = failure.message.match_indices(&name).any(|(at, _)| {
        let next = failure.message[at + name.len()..].chars().next();
        !next.is_some_and(|c| c.is_ascii_digit())
    });
    if named { failure } else { failure.about(&name) }
}

fn tell(
    context: &mut Context,
    target: Target,
    word: &str,
    as_json: bool,
    done: Result<Outcome, Failure>,
) -> Result<(), Failure> {
    let row = done.as_ref().ok().and_then(|outcome| outcome.row.as_ref());
    if as_json {
        let told = Told {
            incident: target.to_string(),
            done: done.is_ok(),
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
    use crate::cli::failure::Exit;

    #[test]
    fn the_incident_is_named_once() {
        let told = |text: &str| {
            let target = "INC-1".parse::<Target>().unwrap();
            about(target, Failure::new(Exit::Failed, text)).message
        };
        assert_eq!(told("already closed"), "INC-1: already closed");
        assert_eq!(told("there is no INC-1"), "there is no INC-1");
        assert_eq!(told("merged into INC-12"), "INC-1: merged into INC-12");
    }
}
