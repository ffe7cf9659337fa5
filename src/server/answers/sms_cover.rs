//! Answers to text messages that may be about a request for cover: which one is meant. What is not clear is
//! asked back, and never guessed.

use chrono::{DateTime, Utc};

use super::AnswerError;
use super::cover::{CoverReply, NamedReply, answer_request, sentence_of};
use crate::backend::{BackendError, NotificationEntry, NotificationSearch};
use crate::model::alert::cut;
use crate::model::directory::Directory;
use crate::model::id::{CommandId, CoverId};
use crate::model::notification::{LinkAction, MessageKind, NotificationState};
use crate::model::oncall::{Cover, Schedule, Zone};
use crate::model::status::Status;
use crate::model::text::one_line;
use crate::model::{IncidentId, PersonRef};
use crate::server::state::Shared;

/// How many of the last messages to a person are considered.
const MESSAGES: u32 = 200;
/// How many incidents with a request for a role are read.
const MAX_ROLES: usize = 5;
/// How much of a name a text message has room for.
const NAME_CHARS: usize = 16;
/// How many characters the list of what can be answered may have.
const LIST_CHARS: usize = 140;
/// The answer where several people share a telephone number.
const SHARED_NUMBER: &str =
    "several people have this number: answer by the link of the message or by redphone";

/// Something that a person was sent and can still answer.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Open {
    /// A request for cover that the person can accept.
    Cover { person: PersonRef, id: CoverId, code: String, about: String },
    /// The person is asked for a role.
    Role { number: String },
    /// Nobody has acknowledged the incident.
    Page { number: String },
}

/// What somebody was sent, as far as it may be meant by an answer that names nothing.
#[derive(Clone, Default, Debug)]
struct Sent {
    covers: Vec<Open>,
    roles: Vec<Open>,
    /// The incident of the last message about one, if nobody has acknowledged it.
    page: Option<Open>,
    /// When the last message about an incident that awaits an answer was sent.
    page_at: Option<DateTime<Utc>>,
    /// When the last message about an open request for cover was sent.
    cover_at: Option<DateTime<Utc>>,
    /// The request for cover that the last message was about, if it was about one.
    last_cover: Option<(PersonRef, CoverId)>,
}

/// The meaning of an answer without a number.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Meaning {
    /// It is about an incident.
    Incident,
    /// It is about a request for cover.
    Cover(PersonRef, CoverId),
    /// Its sender has to say more.
    Unclear(String),
}

/// A text message that may be about a request for cover.
pub(super) struct CoverMessage<'a> {
    pub(super) shared: &'a Shared,
    /// Those who have the number, as a rule one.
    pub(super) people: &'a [&'a str],
    /// The code of a request for cover that it names.
    pub(super) code: Option<String>,
    pub(super) action: LinkAction,
    pub(super) id: CommandId,
    pub(super) now: DateTime<Utc>,
}

impl CoverMessage<'_> {
    /// Carries the message out if it is about a request for cover, and returns what its sender is answered;
    /// `None` if it is about an incident.
    pub(super) async fn answer(&self) -> Result<Option<String>, AnswerError> {
        let Some(reply) = CoverReply::of(self.action) else {
            let hint = |code: &String| format!("say accept {code} or decline {code}");
            return Ok(self.code.as_ref().map(hint));
        };
        let directory = self.shared.backend.directory().await?;
        let meaning = match &self.code {
            Some(code) => self.named(&directory, code),
            None => self.meant(reply, &directory).await?,
        };
        let (person, cover) = match meaning {
            Meaning::Incident => return Ok(None),
            Meaning::Unclear(question) => return Ok(Some(question)),
            Meaning::Cover(person, cover) => (person, cover),
        };
        if self.shared.read_only {
            return Err(AnswerError::ReadOnly);
        }
        let named = NamedReply { command: self.id, person: &person, id: cover, reply };
        let done = answer_request(&*self.shared.backend, named, self.now).await;
        self.shared.feed.record_directory_change().await;
        Ok(Some(done.unwrap_or_else(|error| sentence_of(&error))))
    }

    /// Returns the people of the directory who have the number.
    fn senders(&self, directory: &Directory) -> Vec<PersonRef> {
        let person = |handle: &&str| {
            let is_it = |person: &&PersonRef| person.handle.eq_ignore_ascii_case(handle);
            let person = directory.people.iter().find(is_it).cloned();
            person.unwrap_or_else(|| PersonRef::new(*handle, *handle))
        };
        self.people.iter().map(person).collect()
    }

    /// Finds the request with a code, and who of those with the number answers it.
    fn named(&self, directory: &Directory, code: &str) -> Meaning {
        let with_code = directory.covers.iter().filter(|cover| cover.code() == code);
        let (open, closed): (Vec<&Cover>, Vec<&Cover>) =
            with_code.partition(|cover| cover.is_open(self.now));
        let senders = self.senders(directory);
        let can_accept = |cover: &Cover, person: &PersonRef| {
            directory.can_cover(cover, &person.handle, self.now)
        };
        let mut possible = Vec::new();
        for &cover in &open {
            let people = senders.iter().filter(|&person| can_accept(cover, person));
            possible.extend(people.map(|person| (person, cover)));
        }
        match (possible.as_slice(), open.first().or(closed.last()), senders.first()) {
            ([(person, cover)], _, _) => Meaning::Cover((*person).clone(), cover.id),
            // The rules say why it can't be.
            ([], Some(cover), Some(person)) => Meaning::Cover(person.clone(), cover.id),
            ([], _, _) => Meaning::Unclear(format!("there is no request for cover {code}")),
            _ => Meaning::Unclear(SHARED_NUMBER.to_owned()),
        }
    }

    /// Finds what an answer without a number or a code is about.
    async fn meant(
        &self,
        reply: CoverReply,
        directory: &Directory,
    ) -> Result<Meaning, BackendError> {
        let senders = self.senders(directory);
        let can_be_covered = directory.covers.iter().any(|cover| {
            senders.iter().any(|person| directory.can_cover(cover, &person.handle, self.now))
        });
        let is_acknowledgement = self.action == LinkAction::Acknowledge;
        if is_acknowledgement && !can_be_covered {
            return Ok(Meaning::Incident);
        }
        let sent = self.sent(&senders, directory).await?;
        Ok(meaning(is_acknowledgement, reply, &sent))
    }

    /// Reads what the people with the number were sent.
    async fn sent(
        &self,
        senders: &[PersonRef],
        directory: &Directory,
    ) -> Result<Sent, BackendError> {
        let mut entries = Vec::new();
        for person in senders {
            let search = NotificationSearch {
                person: Some(person.handle.clone()),
                states: vec![
                    NotificationState::Sent,
                    NotificationState::Bundled,
                    NotificationState::Sending,
                ],
                ..NotificationSearch::first(MESSAGES)
            };
            let rows = self.shared.backend.notifications(&search).await?.rows;
            entries.extend(rows.into_iter().map(|entry| (person, entry)));
        }
        entries.sort_by_key(|(_, entry)| std::cmp::Reverse(entry.notification.updated_at));
        let mut sent = Sent::default();
        if let Some((person, entry)) = entries.first() {
            sent.last_cover = entry.notification.cover.map(|id| ((*person).clone(), id));
        }
        self.add_covers(&mut sent, &entries, directory);
        self.add_incidents(&mut sent, &entries).await?;
        Ok(sent)
    }

    /// Adds the open requests for cover that were sent, each once for each person.
    fn add_covers(
        &self,
        sent: &mut Sent,
        entries: &[(&PersonRef, NotificationEntry)],
        directory: &Directory,
    ) {
        for (person, entry) in entries {
            let cover = entry.notification.cover.and_then(|id| directory.cover(id));
            let Some(cover) = cover.filter(|cover| {
                directory.can_cover(cover, &person.handle, self.now)
                    && !cover.is_declined_by(&person.handle)
            }) else {
                continue;
            };
            sent.cover_at = sent.cover_at.max(Some(entry.notification.updated_at));
            let open = Open::Cover {
                person: (*person).clone(),
                id: cover.id,
                code: cover.code(),
                about: about(directory, cover),
            };
            if !sent.covers.contains(&open) {
                sent.covers.push(open);
            }
        }
    }

    /// Adds the incidents that were sent and await an answer.
    async fn add_incidents(
        &self,
        sent: &mut Sent,
        entries: &[(&PersonRef, NotificationEntry)],
    ) -> Result<(), BackendError> {
        let mut seen: Vec<IncidentId> = Vec::new();
        let about_incidents = entries.iter().filter(|(_, entry)| !entry.notification.is_notice());
        let last = about_incidents.clone().next();
        if let Some((_, entry)) = last
            && matches!(entry.notification.kind, MessageKind::Page | MessageKind::Reminder)
        {
            let row = self.shared.backend.incident(entry.notification.incident).await?;
            let row = row.incident.summary;
            if row.status == Status::Triggered && row.acknowledged_at.is_none() {
                let number = row.number.map_or_else(String::new, |number| number.0.to_string());
                sent.page = Some(Open::Page { number });
                sent.page_at = Some(entry.notification.updated_at);
            }
        }
        for (person, entry) in about_incidents {
            let notification = &entry.notification;
            let is_request = notification.kind == MessageKind::RoleRequest;
            if !is_request || seen.contains(&notification.incident) || seen.len() >= MAX_ROLES {
                continue;
            }
            seen.push(notification.incident);
            let incident = self.shared.backend.incident(notification.incident).await?.incident;
            let mut requests = incident.role_requests.iter();
            let is_awaited = requests.any(|request| request.awaits(request.role, &person.handle));
            if is_awaited && incident.summary.status.is_open() {
                let number = incident.summary.number;
                let number = number.map_or_else(String::new, |number| number.0.to_string());
                sent.roles.push(Open::Role { number });
            }
        }
        Ok(())
    }
}

/// Returns what an answer means that names nothing: a request for cover only if nothing else may be meant.
fn meaning(is_acknowledgement: bool, reply: CoverReply, sent: &Sent) -> Meaning {
    let is_page_newer = sent.page_at.is_some() && sent.page_at >= sent.cover_at;
    if is_acknowledgement {
        // Whoever acknowledges what came last is not asked.
        if sent.covers.is_empty() || is_page_newer {
            return Meaning::Incident;
        }
        return Meaning::Unclear(question(reply, sent));
    }
    match (sent.covers.as_slice(), sent.roles.as_slice(), &sent.last_cover) {
        ([], [], Some((person, id))) => Meaning::Cover(person.clone(), *id),
        ([], _, _) => Meaning::Incident,
        ([Open::Cover { person, id, .. }], [], _) if !is_page_newer => {
            Meaning::Cover(person.clone(), *id)
        }
        _ => Meaning::Unclear(question(reply, sent)),
    }
}

/// Returns what is asked back: how each of what may be meant is answered, as far as a text message has room.
fn question(reply: CoverReply, sent: &Sent) -> String {
    let word = match reply {
        CoverReply::Accept => "accept",
        CoverReply::Decline => "decline",
    };
    let mut ways: Vec<String> = Vec::new();
    let mut has_twice = false;
    for open in sent.page.iter().chain(&sent.covers).chain(&sent.roles) {
        let way = match open {
            Open::Cover { code, about, .. } => {
                let start = format!("{word} {code} (");
                has_twice |= ways.iter().any(|way| way.starts_with(&start));
                format!("{start}{about})")
            }
            Open::Role { number } => format!("{number} {word} (a role)"),
            Open::Page { number } => format!("{number}a (acknowledge INC-{number})"),
        };
        ways.push(way);
    }
    if has_twice {
        return SHARED_NUMBER.to_owned();
    }
    let mut text = format!("say which: {}", ways.first().cloned().unwrap_or_default());
    for way in ways.iter().skip(1) {
        if text.chars().count() + way.chars().count() > LIST_CHARS {
            text.push_str(", or another");
            break;
        }
        text.push_str(", ");
        text.push_str(way);
    }
    text
}

/// Returns who wants cover, and from when on.
fn about(directory: &Directory, cover: &Cover) -> String {
    let name = directory.person(&cover.person).map_or(&cover.person, |person| &person.name);
    let zone = directory.schedule(&cover.schedule).map(Schedule::zone);
    let from = zone.unwrap_or_else(Zone::utc).shown_at(cover.from);
    let name = cut(one_line(name).as_str(), NAME_CHARS);
    format!("{name}, {}", from.format("%-d %b %H:%M"))
}
