//! `reply`: carries out a person's answer to a mail. A mail server pipes the mail to it, on the
//! machine with the store or on another one.

use std::io::{IsTerminal, Read, stdin};

use chrono::Utc;

use super::context::Context;
use super::failure::{Exit, Failure, io_error_text};
use super::session::{IfMissing, open_remote, open_store};
use crate::api::replies::MailOutcome;
use crate::backend::Backend;
use crate::backend::http::HttpBackend;
use crate::server::answers::mail::{self, MAX_MAIL, MailRefusal};

/// Reads a mail from standard input, carries its answer out and prints the result.
pub async fn run(context: &mut Context) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    let remote = config.location.remote();
    if remote.is_none() && config.answers.reply_address.is_none() {
        return Err(Failure::usage(MailRefusal::NoAddress.to_string()));
    }
    if stdin().is_terminal() {
        let message = "there is no mail: pipe it in, as `redphone help answers` says";
        return Err(Failure::usage(message));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_MAIL).unwrap_or(u64::MAX);
    stdin().lock().take(limit).read_to_end(&mut bytes).map_err(|error| {
        let reason = io_error_text(&error);
        Failure::new(Exit::Unreachable, format!("the mail can't be read: {reason}: send it again"))
    })?;
    if let Some(remote) = remote {
        let client: HttpBackend = open_remote(remote)?;
        let outcome: MailOutcome = client.answer_mail(bytes).await?;
        return out.line(outcome.text);
    }
    let store = open_store(config, IfMissing::Refuse, "reply").await?;
    let directory = store.directory().await?;
    let execute = async |envelope| store.execute(&envelope).await;
    let outcome =
        mail::answer(&bytes, &config.answers, &store, &directory, Utc::now(), execute).await;
    store.close().await;
    out.line(outcome.map_err(failure)?.text)
}

fn failure(refusal: MailRefusal) -> Failure {
    match refusal {
        MailRefusal::Backend(error) => error.into(),
        MailRefusal::UnknownAddress => Failure::new(Exit::NotFound, refusal.to_string()),
        MailRefusal::NoAddress => Failure::usage(refusal.to_string()),
        MailRefusal::NoAnswer(_) | MailRefusal::Refused(_) | MailRefusal::Cover(_) => {
            Failure::failed(refusal.to_string())
        }
    }
}
