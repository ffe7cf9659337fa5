//! Links in messages: their pages, and the effects of following them.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};

use super::cover::{self, CoverReply};
use super::page::Page;
use super::{AnswerError, carry_out};
use crate::backend::BackendError;
use crate::model::id::CoverId;
use crate::model::notification::answer::{check_link, state};
use crate::model::notification::{
    Answer, AnswerLink, AnswerRefusal, AnswerWay, LinkAction, LinkToken,
};
use crate::model::{Actor, Incident};
use crate::server::limits::BodyPermit;
use crate::server::state::Shared;

/// A link with its subject.
enum Found {
    /// It is about an incident.
    Incident {
        link: AnswerLink,
        incident: Box<Incident>,
        /// The known error that is behind it, or may be.
        known_error: Option<String>,
    },
    /// It is about a request for cover.
    Cover { link: AnswerLink, id: CoverId, reply: CoverReply },
}

/// Finds the link of a token. The address of a reply to a mail is none: it was given for a mail.
async fn find(shared: &Shared, token: &str) -> Result<Option<Found>, BackendError> {
    let Ok(token) = token.parse::<LinkToken>() else { return Ok(None) };
    let link = shared.backend.find_link(&token.digest()).await?;
    let Some(link) = link else { return Ok(None) };
    if let Some(id) = link.cover {
        let reply = CoverReply::of(link.action);
        return Ok(reply.map(|reply| Found::Cover { link, id, reply }));
    }
    if button(link.action).is_none() {
        return Ok(None);
    }
    let detail = shared.backend.incident(link.incident).await?;
    let known_error = detail.workaround_line();
    Ok(Some(Found::Incident { link, incident: Box::new(detail.incident), known_error }))
}

/// Returns the text on the button of a link; `None` if there is no page for it.
fn button(action: LinkAction) -> Option<&'static str> {
    match action {
        LinkAction::Acknowledge => Some("Acknowledge"),
        LinkAction::Escalate => Some("Call the next level"),
        LinkAction::Resolve => Some("Resolve"),
        LinkAction::Working => Some("I am on it"),
        LinkAction::AcceptRole => Some("Accept the role"),
        LinkAction::DeclineRole => Some("Decline the role"),
        LinkAction::AcceptCover
        | LinkAction::DeclineCover
        | LinkAction::Reply
        | LinkAction::Unknown(_) => None,
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
    let (link, incident, known_error) = match find(shared, token).await {
        Ok(Some(Found::Incident { link, incident, known_error })) => (link, incident, known_error),
        Ok(Some(Found::Cover { link, id, reply })) => {
            return cover::show(shared, (&link, id, reply), now).await;
        }
        Ok(None) => return unknown(),
        Err(error) => return failed(&error.into()),
    };
    match check_link(&link, &incident, now) {
        Ok(()) => match button(link.action) {
            Some(button) => Page::question(&incident, button, known_error.as_deref()),
            None => unknown(),
        },
        Err(refusal) => ended(&incident, &refusal),
    }
}

/// Performs the action of a link, and returns a page with the result. Following a link again
/// changes nothing.
pub(in crate::server) async fn follow(
    shared: &Shared,
    token: &str,
    permit: Option<BodyPermit>,
    now: DateTime<Utc>,
) -> Page {
    let (link, incident) = match find(shared, token).await {
        Ok(Some(Found::Incident { link, incident, .. })) => (link, incident),
        Ok(Some(Found::Cover { link, id, reply })) => {
            return cover::follow(shared, (&link, id, reply), now).await;
        }
        Ok(None) => return unknown(),
        Err(error) => return failed(&error.into()),
    };
    match check_link(&link, &incident, now) {
        Ok(()) => {}
        // The answer to the first time may have been lost on its way.
        Err(AnswerRefusal::Used { .. }) => {
            return Page::about(StatusCode::OK, &incident, &state(&incident));
        }
        Err(refusal) => return ended_by(&link, &incident, &refusal),
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
            // The command is carried out only once nevertheless, by its id.
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

/// Returns the page for a command that the rules refuse: usually somebody else was first.
async fn refused(
    shared: &Shared,
    link: &AnswerLink,
    error: BackendError,
    now: DateTime<Utc>,
) -> Page {
    let error = AnswerError::from(error);
    let Ok(detail) = shared.backend.incident(link.incident).await else { return failed(&error) };
    match check_link(link, &detail.incident, now) {
        Err(refusal) => ended_by(link, &detail.incident, &refusal),
        Ok(()) => Page::about(error.status(), &detail.incident, &error.sentence()),
    }
}

/// Returns the page for a link that has expired before it was followed. A person who has
/// acknowledged already, by another message or by pressing twice, is not refused.
fn ended_by(link: &AnswerLink, incident: &Incident, refusal: &AnswerRefusal) -> Page {
    let is_acknowledged = matches!(refusal, AnswerRefusal::Acknowledged { .. });
    let by = incident.acknowledged_by.as_ref().and_then(Actor::person);
    let is_own = by.is_some_and(|person| person.handle == link.person.handle);
    if link.action == LinkAction::Acknowledge && is_acknowledged && is_own {
        return Page::about(StatusCode::OK, incident, &state(incident));
    }
    ended(incident, refusal)
}

fn ended(incident: &Incident, refusal: &AnswerRefusal) -> Page {
    let mut sentence = refusal.to_string();
    if matches!(refusal, AnswerRefusal::Used { .. } | AnswerRefusal::Expired { .. }) {
        sentence = format!("{sentence}. {}", state(incident));
    }
    Page::about(StatusCode::GONE, incident, &sentence)
}
