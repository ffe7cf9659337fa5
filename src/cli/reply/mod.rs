//! `reply`: carries out what a person answers to a mail. A mail server pipes the mail in.

mod mail;

use std::io::{IsTerminal, Read, stdin};

use chrono::Utc;

use super::context::Context;
use super::failure::{Exit, Failure, io_error_text};
use super::session::{IfMissing, open_store};
use crate::backend::Backend;
use crate::backend::file::FileStore;
use crate::model::notification::answer::{check_link, state};
use crate::model::notification::{Answer, AnswerRefusal, AnswerWay, LinkAction, LinkToken};
use mail::{Mail, MailError};

/// The longest mail that is read, in bytes. What is behind that is no answer.
const MAX_MAIL: u64 = 4 * 1024 * 1024;

/// Reads a mail from standard input, carries its answer out and prints what was done.
pub async fn run(context: &mut Context) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    if config.answers.reply_address.is_none() {
        let message = "the settings have no reply_address, so that no mail can be an answer: set it \
                       as `redphone help answers` says";
        return Err(Failure::usage(message));
    }
    if stdin().is_terminal() {
        let message = "there is no mail: pipe it in, as `redphone help answers` says";
        return Err(Failure::usage(message));
    }
    let mut bytes = Vec::new();
    stdin().lock().take(MAX_MAIL).read_to_end(&mut bytes).map_err(|error| {
        let reason = io_error_text(&error);
        Failure::new(Exit::Unreachable, format!("the mail can't be read: {reason}: send it again"))
    })?;
    let (token, action) = match mail::read(&bytes, &config.answers) {
        Ok(Mail { token, action }) => (token, action),
        // Nobody has written it, and nobody would read an error.
        Err(error @ MailError::Automatic) => return out.line(error.to_string()),
        Err(error) => return Err(Failure::failed(error.to_string())),
    };
    let store = open_store(config, IfMissing::Refuse, "reply").await?;
    let done = answer(&store, &token, action).await;
    store.close().await;
    out.line(done?)
}

/// Carries an answer out and returns what was done, as a sentence.
async fn answer(
    store: &FileStore,
    token: &LinkToken,
    action: LinkAction,
) -> Result<String, Failure> {
    let now = Utc::now();
    let link = store.find_link(&token.digest()).await?;
    let Some(link) = link.filter(|link| link.action == LinkAction::Reply) else {
        let message = "the address of the mail is none that was given for an answer: it may have ended \
                       long ago";
        return Err(Failure::new(Exit::NotFound, message));
    };
    let incident = store.incident(link.incident).await?.incident;
    match check_link(&link, &incident, now) {
        Ok(()) => {}
        // The same mail was delivered twice.
        Err(AnswerRefusal::Used { .. }) => return Ok(state(&incident)),
        Err(refusal) => return Err(Failure::failed(refusal.to_string())),
    }
    let id = link.digest.command_id();
    let answer = Answer { id, person: &link.person, action, way: AnswerWay::Mail, at: now };
    let directory = store.directory().await?;
    let envelope = answer
        .envelope(&incident.summary, &directory)
        .map_err(|refusal| Failure::failed(refusal.to_string()))?;
    let outcome = store.execute(&envelope).await?;
    store.use_link(&link.digest, now).await?;
    Ok(answer.outcome(outcome.row.as_ref().unwrap_or(&incident.summary)))
}
