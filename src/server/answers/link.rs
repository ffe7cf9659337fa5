//! Links in messages: what one shows, and what following it does.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};

use super::page::Page;
use super::{AnswerError, carry_out};
use crate::backend::BackendError;
use crate::model::Incident;
use crate::model::notification::answer::{check_link, state};
use crate::model::notification::{
    Answer, AnswerLink, AnswerRefusal, AnswerWay, LinkAction, LinkToken,
};
use crate::server::limits::BodyPermit;
use crate::server::state::Shared;

/// A link with its incident.
struct Found {
    link: AnswerLink,
    incident: Incident,
}

/// Finds the link of a token. The address of a reply to a mail is none: it was given for a mail.
async fn find(shared: &Shared, token: &str) -> Result<Option<Found>, BackendError> {
    let Ok(token) = token.parse::<LinkToken>() else { return Ok(None) };
    let link = shared.backend.find_link(&token.digest()).await?;
    let Some(link) = link.filter(|link| button(link.action).is_some()) else { return Ok(None) };
    let incident = shared.backend.incident(link.incident).await?.incident;
    Ok(Some(Found { link, incident }))
}

/// Returns what the button of a link says; `None` if there is no page for it.
fn button(action: LinkAction) -> Option<&'static str> {
    match action {
        LinkAction::Acknowledge => Some("Acknowledge"),
        LinkAction::Escalate => Some("Call the next level"),
        LinkAction::Resolve => Some("Resolve"),
        LinkAction::Working => Some("I am on it"),
        LinkAction::AcceptRole => Some("Accept the role"),
        LinkAction::DeclineRole => Some("Decline the role"),
        LinkAction::Reply | LinkAction::Unknown(_) => None,
    }
}

fn unknown() -> Page {
    Page::message(StatusCode::NOT_FOUND, "there is no such link: it may have ended long ago")
}

fn failed(error: &AnswerError) -> Page {
    Page::message(error.status(), &error.sentence())
}

/// Returns the page of a link. Nothing is changed by it, as programs that examine mails follow links.
pub(in crate::server) async fn show(shared: &Shared, token: &str, now: DateTime<Utc>) -> Page {
    let Found { link, incident } = match find(shared, token).await {
        Ok(Some(found)) => found,
        Ok(None) => return unknown(),
        Err(error) => return failed(&error.into()),
    };
    match check_link(&link, &incident, now) {
        Ok(()) => match button(link.action) {
            Some(button) => Page::question(&incident, button),
            None => unknown(),
        },
        Err(refusal) => ended(&incident, &refusal),
    }
}

/// Does what a link is for, and returns the page that says so. A link that is followed again does nothing
/// more.
pub(in crate::server) async fn follow(
    shared: &Shared,
    token: &str,
    permit: Option<BodyPermit>,
    now: DateTime<Utc>,
) -> Page {
    let Found { link, incident } = match find(shared, token).await {
        Ok(Some(found)) => found,
        Ok(None) => return unknown(),
        Err(error) => return failed(&error.into()),
    };
    match check_link(&link, &incident, now) {
        Ok(()) => {}
        // The answer to the first time may have been lost on its way.
        Err(AnswerRefusal::Used { .. }) => {
            return Page::about(StatusCode::OK, &incident, &state(&incident));
        }
        Err(refusal) => return ended(&incident, &refusal),
    }
    let answer = Answer {
        id: link.digest.command_id(),
        person: &link.person,
        action: link.action,
        role: link.role,
        way: AnswerWay::Link,
        at: now,
    };
    match carry_out(shared, &answer, &incident.summary, permit).await {
        Ok(done) => {
            // The command is carried out once all the same, by its id.
            if let Err(error) = shared.backend.use_link(&link.digest, now).await {
                tracing::warn!(%error, "a link that was used is not marked");
            }
            Page::about(StatusCode::OK, &incident, &done)
        }
        Err(AnswerError::Backend(
            error @ (BackendError::Conflict(_) | BackendError::Rejected(_)),
        )) => refused(shared, &link, error, now).await,
        Err(error) => Page::about(error.status(), &incident, &error.sentence()),
    }
}

/// Returns the page for a command that the rules refuse: as a rule somebody else was first.
async fn refused(
    shared: &Shared,
    link: &AnswerLink,
    error: BackendError,
    now: DateTime<Utc>,
) -> Page {
    let error = AnswerError::from(error);
    let Ok(detail) = shared.backend.incident(link.incident).await else { return failed(&error) };
    match check_link(link, &detail.incident, now) {
        Err(refusal) => ended(&detail.incident, &refusal),
        Ok(()) => Page::about(error.status(), &detail.incident, &error.sentence()),
    }
}

fn ended(incident: &Incident, refusal: &AnswerRefusal) -> Page {
    let mut sentence = refusal.to_string();
    if matches!(refusal, AnswerRefusal::Used { .. } | AnswerRefusal::Expired { .. }) {
        sentence = format!("{sentence}. {}", state(incident));
    }
    Page::about(StatusCode::GONE, incident, &sentence)
}
