//! Answers by mail: the token in the address to which it was sent, and the first line that its sender has
//! written. A mail server pipes mails into `redphone reply`, or sends them to the API.

use chrono::{DateTime, Utc};
use mail_parser::MessageParser;

use super::cover::{self, CoverAnswerError, CoverReply};
use crate::api::replies::MailOutcome;
use crate::backend::{Backend, BackendError, Outcome};
use crate::ingest::mail_text;
use crate::model::Envelope;
use crate::model::Incident;
use crate::model::administration::AdministrationRefusal;
use crate::model::directory::Directory;
use crate::model::notification::answer::{check_link, meant_action, meant_role, state};
use crate::model::notification::{
    Answer, AnswerLink, AnswerRefusal, AnswerSettings, AnswerWay, LinkAction, LinkToken,
    parse_action,
};
use crate::model::status::Role;

/// The headers with the address to which a mail was delivered.
const ADDRESS_HEADERS: [&str; 6] =
    ["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc"];
/// The accepted answers to a request for cover.
const COVER_HINT: &str = "answer with accept or decline";
/// How many lines are searched for the first one that is no quote.
const MAX_LINES: usize = 200;

/// The meaning of a mail's address and first line.
#[derive(Debug)]
struct Mail {
    token: LinkToken,
    action: LinkAction,
}

/// The longest mail that is read, in bytes. What is behind that is no answer.
pub const MAX_MAIL: usize = 4 * 1024 * 1024;

/// The reason why an answer by mail is not carried out. Displayed as a sentence without a full
/// stop.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MailRefusal {
    /// The settings have no address for answers.
    #[error(
        "the settings have no reply_address, so that no mail can be an answer: set it as `redphone \
         help answers` says"
    )]
    NoAddress,
    /// The mail is no answer.
    #[error("{0}")]
    NoAnswer(String),
    /// The address was not given for an answer.
    #[error(
        "the address of the mail is none that was given for an answer: it may have ended long ago"
    )]
    UnknownAddress,
    /// The request for cover can't be answered so.
    #[error("{0}")]
    Cover(AdministrationRefusal),
    /// The answer makes no sense for the incident any more.
    #[error(transparent)]
    Refused(#[from] AnswerRefusal),
    /// The backend refuses it, or can't carry it out now.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl From<CoverAnswerError> for MailRefusal {
    fn from(error: CoverAnswerError) -> Self {
        match error {
            CoverAnswerError::Link(refusal) => Self::Refused(refusal),
            CoverAnswerError::Cover(refusal) => Self::Cover(refusal),
            CoverAnswerError::Backend(error) => Self::Backend(error),
        }
    }
}

/// An answer that is ready to be carried out.
struct Ready {
    link: AnswerLink,
    incident: Incident,
    action: LinkAction,
    role: Option<Role>,
}

/// Carries out the answer in a mail. The sender of the mail is ignored: a sender can be forged, and
/// an address with a token can't. `execute` sends a command in the name of the person who was
/// asked.
///
/// # Errors
/// [`MailRefusal`] with the reason why nothing was done.
pub async fn answer<F>(
    bytes: &[u8],
    settings: &AnswerSettings,
    backend: &dyn Backend,
    directory: &Directory,
    now: DateTime<Utc>,
    execute: impl FnOnce(Envelope) -> F,
) -> Result<MailOutcome, MailRefusal>
where
    F: Future<Output = Result<Outcome, BackendError>>,
{
    if settings.reply_address.is_none() {
        return Err(MailRefusal::NoAddress);
    }
    let answered = |text: String| MailOutcome { text, answered: true };
    let mail = match read(bytes, settings) {
        Ok(mail) => mail,
        Err(error @ MailError::Automatic) => {
            return Ok(MailOutcome { text: error.to_string(), answered: false });
        }
        Err(error) => return Err(MailRefusal::NoAnswer(error.to_string())),
    };
    let link = backend.find_link(&mail.token.digest()).await?;
    let link = link.filter(|link| link.action == LinkAction::Reply);
    let link = link.ok_or(MailRefusal::UnknownAddress)?;
    if let Some(id) = link.cover {
        let unclear = || MailRefusal::NoAnswer(COVER_HINT.to_owned());
        let reply = CoverReply::of(mail.action).ok_or_else(unclear)?;
        let done = cover::carry_out(backend, (&link, id, reply), now).await;
        return done.map(answered).map_err(MailRefusal::from);
    }
    let Ready { link, incident, action, role } = match prepare(link, &mail, backend, now).await? {
        Ok(ready) => ready,
        // The same mail was delivered twice.
        Err(state) => return Ok(answered(state)),
    };
    let id = link.digest.command_id();
    let answer = Answer { id, person: &link.person, action, role, way: AnswerWay::Mail, at: now };
    let outcome = execute(answer.envelope(&incident.summary, directory)?).await?;
    // The command is carried out only once nevertheless, by its id.
    if let Err(error) = backend.use_link(&link.digest, now).await {
        tracing::warn!(%error, "a link that was used is not marked");
    }
    Ok(answered(answer.outcome(outcome.row.as_ref().unwrap_or(&incident.summary))))
}

/// Finds the subject of a mail; an error is the state of the incident, if the mail arrived before.
async fn prepare(
    link: AnswerLink,
    mail: &Mail,
    backend: &dyn Backend,
    now: DateTime<Utc>,
) -> Result<Result<Ready, String>, MailRefusal> {
    let incident = backend.incident(link.incident).await?.incident;
    match check_link(&link, &incident, now) {
        Ok(()) => {}
        Err(AnswerRefusal::Used { .. }) => return Ok(Err(state(&incident))),
        Err(refusal) => return Err(refusal.into()),
    }
    let action = meant_action(mail.action, &link, &incident.summary);
    let answers_request = matches!(action, LinkAction::AcceptRole | LinkAction::DeclineRole);
    let role = match link.role {
        None if answers_request => Some(meant_role(&incident, &link.person)?),
        role => role,
    };
    Ok(Ok(Ready { link, incident, action, role }))
}

/// The reason why a mail is no answer. Displayed as a sentence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
enum MailError {
    /// It has no headers.
    #[error("standard input has no mail: pipe it in with all its headers")]
    NoMail,
    /// A program has written it, such as an autoresponder.
    #[error("a program has written the mail: nothing is done")]
    Automatic,
    /// None of its addresses is that of the settings with a token.
    #[error(
        "the mail was sent to no address for answers: it must go to reply_address of the settings"
    )]
    NoToken,
    /// Its first line is no action.
    #[error(
        "the first line of the mail does not say what to do: write ack, escalate, resolve, accept or \
         decline there"
    )]
    NoAction,
}

/// Reads a mail with all its headers.
///
/// The sender of the mail is ignored: a sender can be forged, and an address with a token can't.
fn read(bytes: &[u8], settings: &AnswerSettings) -> Result<Mail, MailError> {
    let message = MessageParser::default().parse(bytes).ok_or(MailError::NoMail)?;
    let headers: Vec<(String, &str)> = message
        .headers_raw()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim()))
        .collect();
    if headers.is_empty() {
        return Err(MailError::NoMail);
    }
    if headers.iter().any(|(name, value)| is_automatic(name, value)) {
        return Err(MailError::Automatic);
    }
    let values = |wanted: &'static str| {
        headers.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| *value)
    };
    let mut addresses = ADDRESS_HEADERS.into_iter().flat_map(values);
    let token = addresses.find_map(|value| settings.token_in(value)).ok_or(MailError::NoToken)?;
    let text = mail_text(&message).unwrap_or_default();
    let action = action_in(&text).ok_or(MailError::NoAction)?;
    Ok(Mail { token, action })
}

/// Returns whether a header means that a program has written the mail (RFC 3834).
fn is_automatic(name: &str, value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    match name {
        "auto-submitted" => value != "no",
        "precedence" => matches!(value.as_str(), "bulk" | "junk" | "list" | "auto_reply"),
        _ => false,
    }
}

/// Returns the action in the first line that is neither empty nor a quote, nor introduces a quote.
fn action_in(text: &str) -> Option<LinkAction> {
    let lines: Vec<&str> = text.lines().take(MAX_LINES).map(str::trim).collect();
    let is_quote = |line: &&str| line.starts_with(['>', '|']);
    let mut rest = lines.as_slice();
    loop {
        let first = rest.iter().position(|line| !line.is_empty() && !is_quote(line))?;
        let action = rest.get(first).and_then(|line| parse_action(line));
        if action.is_some() {
            return action;
        }
        // As in `On Monday, redphone wrote:`, before a quote that is answered below it.
        let own = rest.get(first..)?;
        let end = own.iter().position(|line| line.is_empty() || is_quote(line))?;
        let (introduction, after) = own.split_at_checked(end)?;
        let next = after.iter().find(|line| !line.is_empty());
        let introduces = introduction.last().is_some_and(|line| line.ends_with(':'));
        if !introduces || !next.is_some_and(is_quote) {
            return None;
        }
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const TOKEN: &str = "0123456789abcdefghijklmno";

    fn settings() -> AnswerSettings {
        AnswerSettings {
            public_url: None,
            reply_address: Some("redphone+{token}@example.org".into()),
        }
    }

    fn read_text(text: &str) -> Result<(String, LinkAction), MailError> {
        let mail = read(text.replace('\n', "\r\n").as_bytes(), &settings());
        mail.map(|mail| (mail.token.expose().to_owned(), mail.action))
    }

    #[rstest]
    #[case("To", "ack", LinkAction::Acknowledge)]
    #[case("Delivered-To", "Escalate!", LinkAction::Escalate)]
    #[case("X-Original-To", "resolve it is back", LinkAction::Resolve)]
    #[case("Cc", "> a\n\nacknowledge\n> resolve", LinkAction::Acknowledge)]
    fn answer_is_read(#[case] header: &str, #[case] body: &str, #[case] action: LinkAction) {
        let mail = format!(
            "From: stranger@example.com\nSubject: Re: x\n{header}: Redphone\n \
             <redphone+{TOKEN}@example.org>\n\n{body}\n"
        );
        assert_eq!(read_text(&mail), Ok((TOKEN.to_owned(), action)));
    }

    #[rstest]
    #[case(
        "On Monday, redphone wrote:\n> Nobody has acknowledged it\n\nack\n",
        Some(LinkAction::Acknowledge)
    )]
    #[case(
        "Am Montag schrieb redphone\n<r@example.org>:\n\n> Call\n> now\nresolve",
        Some(LinkAction::Resolve)
    )]
    #[case("On Monday, redphone wrote:\n> ack\n", None)]
    #[case("On Monday, redphone wrote:\n> Call\n\nthanks\nack", None)]
    #[case("Not now:\nack\n", None)]
    fn answer_may_follow_the_quote(#[case] body: &str, #[case] action: Option<LinkAction>) {
        let mail = format!("To: redphone+{TOKEN}@example.org\n\n{body}");
        assert_eq!(read_text(&mail).ok().map(|(_, action)| action), action);
    }

    #[test]
    fn encoded_parts_are_decoded() {
        let mail = format!(
            "From: a@example.com\nTo: redphone+{TOKEN}@example.org\nMIME-Version: 1.0\n\
             Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; \
             charset=utf-8\nContent-Transfer-Encoding: base64\n\nYWNrCgo+IElOQy0xMgo=\n--b\n\
             Content-Type: text/html\n\n<p>resolve</p>\n--b--\n"
        );
        assert_eq!(read_text(&mail), Ok((TOKEN.to_owned(), LinkAction::Acknowledge)));
    }

    #[test]
    fn answer_in_html_alone_is_read() {
        let mail = format!(
            "To: redphone+{TOKEN}@example.org\nContent-Type: text/html\n\n<html><body><div>Ack</div>\
             <div><b>From:</b> redphone</div><blockquote>resolve</blockquote></body></html>\n"
        );
        assert_eq!(read_text(&mail), Ok((TOKEN.to_owned(), LinkAction::Acknowledge)));
    }

    #[rstest]
    #[case("", MailError::NoMail)]
    #[case("To: ines@example.org\n\nack\n", MailError::NoToken)]
    #[case("To: redphone+short@example.org\n\nack\n", MailError::NoToken)]
    fn mail_without_its_address_is_no_answer(#[case] mail: &str, #[case] error: MailError) {
        assert_eq!(read_text(mail), Err(error));
    }

    #[rstest]
    #[case("", "thank you", MailError::NoAction)]
    #[case("", "> ack", MailError::NoAction)]
    #[case("Auto-Submitted: auto-replied\n", "ack", MailError::Automatic)]
    #[case("Precedence: bulk\n", "ack", MailError::Automatic)]
    fn mail_that_says_nothing_is_no_answer(
        #[case] headers: &str,
        #[case] body: &str,
        #[case] error: MailError,
    ) {
        let mail = format!("{headers}To: redphone+{TOKEN}@example.org\n\n{body}\n");
        assert_eq!(read_text(&mail), Err(error));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        for bytes in [&b"\xff\xfe\0"[..], b"To:", b"\r\n\r\n", b"To: \xf0\x9f\x92\xa9\r\n\r\n\xff"]
        {
            assert!(read(bytes, &settings()).is_err());
        }
    }
}
