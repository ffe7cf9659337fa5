//! Requests for cover that are answered from a message: the page of a link, and the effects of
//! accepting and declining.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};

use super::AnswerError;
use super::page::Page;
use crate::backend::{AdministrationRequest, Backend, BackendError, Precondition};
use crate::model::administration::{AdministrationChange, AdministrationRefusal};
use crate::model::directory::Directory;
use crate::model::id::{CommandId, CoverId};
use crate::model::notification::{AnswerLink, AnswerRefusal, LinkAction};
use crate::model::oncall::{Cover, CoverAnswer, CoverState, Schedule, TimeSpan, Zone};
use crate::model::text::{one_line, sanitize};
use crate::model::{Actor, PersonRef};
use crate::server::state::Shared;

/// The reason why an answer to a request for cover leads to nothing. Displayed as a sentence
/// without a full stop.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CoverAnswerError {
    /// The link has expired, or the answer is not understood.
    #[error(transparent)]
    Link(#[from] AnswerRefusal),
    /// The request was answered or withdrawn, or has passed.
    #[error("{0}")]
    Cover(AdministrationRefusal),
    /// The backend refuses it, or can't carry it out now.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

/// An answer to a request for cover.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CoverReply {
    Accept,
    Decline,
}

impl CoverReply {
    /// Returns the meaning of an action for a request for cover; `None` if it has none.
    pub(super) const fn of(action: LinkAction) -> Option<Self> {
        match action {
            LinkAction::AcceptCover | LinkAction::AcceptRole | LinkAction::Acknowledge => {
                Some(Self::Accept)
            }
            LinkAction::DeclineCover | LinkAction::DeclineRole => Some(Self::Decline),
            _ => None,
        }
    }

    const fn button(self) -> &'static str {
        match self {
            Self::Accept => "Stand in",
            Self::Decline => "Decline",
        }
    }
}

/// An answer to a request for cover, in the name of a person.
#[derive(Clone, Copy)]
pub(super) struct NamedReply<'a> {
    /// The id of the change, by which an answer that comes again is recognized.
    pub(super) command: CommandId,
    pub(super) person: &'a PersonRef,
    pub(super) id: CoverId,
    pub(super) reply: CoverReply,
}

impl NamedReply<'_> {
    /// Returns whether a request has been answered so already.
    fn is_repeated(&self, cover: &Cover) -> bool {
        let handle = &self.person.handle;
        match self.reply {
            CoverReply::Accept => cover.accepted_by.as_ref() == Some(handle),
            CoverReply::Decline => cover.is_declined_by(handle),
        }
    }

    /// Returns the result as a sentence without a full stop.
    fn outcome(&self, directory: &Directory, cover: &Cover) -> String {
        let name = sanitize(&self.person.name);
        let (whom, schedule) = (name_of(directory, &cover.person), sanitize(&cover.schedule));
        match self.reply {
            CoverReply::Accept => {
                let span = span_text(directory, cover);
                format!("{name} stands in for {whom} on {schedule}, {span}")
            }
            CoverReply::Decline => format!("{name} does not stand in for {whom} on {schedule}"),
        }
    }
}

/// Returns the request for cover of a link, if the link still counts.
///
/// # Errors
/// The link was used or has ended, or the request was answered or withdrawn.
fn check<'a>(
    link: &AnswerLink,
    id: CoverId,
    directory: &'a Directory,
    now: DateTime<Utc>,
) -> Result<&'a Cover, CoverAnswerError> {
    if let Some(at) = link.used_at {
        return Err(AnswerRefusal::Used { at }.into());
    }
    let cover = find_open(id, directory, now)?;
    if link.expires_at <= now {
        return Err(AnswerRefusal::Expired { at: link.expires_at }.into());
    }
    Ok(cover)
}

/// Returns a request for cover that can still be answered.
///
/// # Errors
/// There is none, or it was answered, was withdrawn or has passed.
fn find_open(
    id: CoverId,
    directory: &Directory,
    now: DateTime<Utc>,
) -> Result<&Cover, CoverAnswerError> {
    let refused = CoverAnswerError::Cover;
    let cover = directory.cover(id);
    let cover = cover.ok_or(refused(AdministrationRefusal::NoSuchCover { id }))?;
    if cover.state != CoverState::Open {
        let (state, by) = (cover.state, cover.accepted_by.clone());
        return Err(refused(AdministrationRefusal::CoverClosed { state, by }));
    }
    if cover.to <= now {
        return Err(refused(AdministrationRefusal::CoverPassed { to: cover.to }));
    }
    Ok(cover)
}

/// Carries out an answer to a request for cover. Returns what was done, as a sentence without a full stop. One
/// that comes again does nothing more.
///
/// # Errors
/// [`CoverAnswerError`] with the reason why nothing was done.
pub(super) async fn answer_request(
    backend: &dyn Backend,
    named: NamedReply<'_>,
    now: DateTime<Utc>,
) -> Result<String, CoverAnswerError> {
    let directory = backend.directory().await?;
    let cover = match (find_open(named.id, &directory, now), directory.cover(named.id)) {
        (Ok(cover), _) => cover,
        (Err(_), Some(cover)) if named.is_repeated(cover) => {
            return Ok(named.outcome(&directory, cover));
        }
        (Err(error), _) => return Err(error),
    };
    let (schedule, person) = (cover.schedule.clone(), named.person.handle.clone());
    let answer = CoverAnswer { id: named.id, schedule, person };
    let change = match named.reply {
        CoverReply::Accept => AdministrationChange::AcceptCover(answer),
        CoverReply::Decline => AdministrationChange::DeclineCover(answer),
    };
    let request = AdministrationRequest {
        id: named.command,
        at: now,
        actor: Actor::Person(named.person.clone()),
        change,
        expected: Precondition::Any,
    };
    if let Err(error) = backend.administer(&request).await {
        // Somebody else was first, as a rule.
        find_open(named.id, &backend.directory().await?, now)?;
        return Err(error.into());
    }
    Ok(named.outcome(&directory, cover))
}

/// Carries out the answer of a link, in the name of the person to whom it was sent. Returns the
/// result as a sentence without a full stop. Following a link again changes nothing.
///
/// # Errors
/// [`CoverAnswerError`] with the reason why nothing was done.
pub(super) async fn carry_out(
    backend: &dyn Backend,
    (link, id, reply): (&AnswerLink, CoverId, CoverReply),
    now: DateTime<Utc>,
) -> Result<String, CoverAnswerError> {
    let directory = backend.directory().await?;
    match check(link, id, &directory, now) {
        Ok(_) => {}
        // The answer to the first time may have been lost on its way.
        Err(CoverAnswerError::Link(AnswerRefusal::Used { .. })) => {
            return Ok(match directory.cover(id) {
                Some(cover) => state(&directory, cover),
                None => "nothing more is known of it".to_owned(),
            });
        }
        Err(error) => return Err(error),
    }
    let command = link.digest.command_id();
    let named = NamedReply { command, person: &link.person, id, reply };
    let done = answer_request(backend, named, now).await?;
    // The change is made only once nevertheless, by the id of the request.
    if let Err(error) = backend.use_link(&link.digest, now).await {
        tracing::warn!(%error, "a link that was used is not marked");
    }
    Ok(done)
}

/// Returns the page of a link of a request for cover. Nothing is changed by it.
pub(super) async fn show(
    shared: &Shared,
    (link, id, reply): (&AnswerLink, CoverId, CoverReply),
    now: DateTime<Utc>,
) -> Page {
    let directory = match shared.backend.directory().await {
        Ok(directory) => directory,
        Err(error) => return page(None, failure(&error.into()), None),
    };
    match check(link, id, &directory, now) {
        Ok(cover) => question(&directory, cover, reply),
        Err(error) => {
            let cover = directory.cover(id);
            page(cover.map(|cover| (&directory, cover)), failure(&error), None)
        }
    }
}

/// Performs the action of a link for a request for cover, and returns a page with the result.
pub(super) async fn follow(
    shared: &Shared,
    answer: (&AnswerLink, CoverId, CoverReply),
    now: DateTime<Utc>,
) -> Page {
    if shared.read_only {
        let error = AnswerError::ReadOnly;
        return page(None, (error.status(), error.sentence()), None);
    }
    let done = carry_out(&*shared.backend, answer, now).await;
    shared.feed.record_directory_change().await;
    let said = match &done {
        Ok(sentence) => (StatusCode::OK, sentence.clone()),
        Err(error) => failure(error),
    };
    let directory = shared.backend.directory().await.ok();
    let cover = directory.as_ref().and_then(|all| Some((all, all.cover(answer.1)?)));
    page(cover, said, None)
}

/// Returns why nothing was done, as a sentence without a full stop that names nothing of the machine.
pub(super) fn sentence_of(error: &CoverAnswerError) -> String {
    failure(error).1
}

/// Returns status and sentence of a page about a failure.
fn failure(error: &CoverAnswerError) -> (StatusCode, String) {
    match error {
        CoverAnswerError::Link(_) | CoverAnswerError::Cover(_) => {
            (StatusCode::GONE, error.to_string())
        }
        CoverAnswerError::Backend(error) => {
            let error = AnswerError::Backend(error.clone());
            (error.status(), error.sentence())
        }
    }
}

fn question(directory: &Directory, cover: &Cover, reply: CoverReply) -> Page {
    page(Some((directory, cover)), (StatusCode::OK, String::new()), Some(reply.button()))
}

/// Returns a page about a request for cover: with its facts if there is a button, otherwise with a
/// sentence.
fn page(
    cover: Option<(&Directory, &Cover)>,
    (status, sentence): (StatusCode, String),
    button: Option<&'static str>,
) -> Page {
    let Some((directory, cover)) = cover else { return Page::message(status, &sentence) };
    let heading = format!("Cover on {}", sanitize(&cover.schedule));
    let title = format!("{} wants cover", name_of(directory, &cover.person));
    let Some(button) = button else { return Page::with_title(status, (heading, title), &sentence) };
    let mut facts = vec![("Shift", span_text(directory, cover))];
    if let Some(given) = cover.in_return {
        facts.push(("In return", span_of(directory, cover, given)));
    }
    facts.extend(cover.note.iter().map(|note| ("Note", one_line(note).into_string())));
    Page::with_title(status, (heading, title), "").with_question(facts, button)
}

/// Returns the state of a request, as a sentence without a full stop.
fn state(directory: &Directory, cover: &Cover) -> String {
    match (&cover.accepted_by, cover.state) {
        (Some(by), CoverState::Accepted) => {
            let whom = name_of(directory, &cover.person);
            let span = span_text(directory, cover);
            format!("{} stands in for {whom}, {span}", name_of(directory, by))
        }
        (_, state) => format!("the request for cover is {state}"),
    }
}

/// Returns the name of a person, or the handle if the directory does not have the person.
fn name_of(directory: &Directory, handle: &str) -> String {
    let name = directory.person(handle).map_or(handle, |person| person.name.as_str());
    sanitize(name).into_string()
}

fn span_text(directory: &Directory, cover: &Cover) -> String {
    span_of(directory, cover, TimeSpan { from: cover.from, to: cover.to })
}

/// Returns a span by the clock of the schedule's zone.
fn span_of(directory: &Directory, cover: &Cover, span: TimeSpan) -> String {
    let zone = directory.schedule(&cover.schedule).map(Schedule::zone);
    let zone = zone.unwrap_or_else(Zone::utc);
    let local = |at: DateTime<Utc>| zone.shown_at(at).format("%Y-%m-%d %H:%M").to_string();
    format!("{} to {} ({})", local(span.from), local(span.to), zone.name())
}
