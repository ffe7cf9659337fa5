//! Answers to text messages: their senders, subjects and effects.

use chrono::{DateTime, Utc};

use super::sms_cover::CoverMessage;
use super::sms_settings::people_reached_at;
use super::sms_subject::{awaits, candidates, message_id, question};
use super::{AnswerError, SmsSettings, carry_out, twilio};
use crate::backend::{BackendError, NotificationEntry, NotificationSearch};
use crate::model::notification::answer::meant_role;
use crate::model::notification::link::answer_id;
use crate::model::notification::{Answer, AnswerWay, LinkAction, NotificationState, parse_answer};
use crate::model::oncall::split_code;
use crate::model::{CommandId, IncidentId, IncidentNumber, PersonRef};
use crate::server::limits::BodyPermit;
use crate::server::state::Shared;

/// The reply to a message that can't be understood.
const HELP: &str = "answer a to acknowledge, e to escalate or r to resolve, with the number of the \
                    incident in front of it: 12a; or accept or decline";
/// How many pages of the list of notifications are read at most.
const MAX_PAGES: usize = 10;
/// The number of rows of each of them: a text message may have been planned long before it was sent.
const PAGE_ROWS: u32 = 200;

/// Returns the channels whose account has signed a form that came to one of these URLs.
pub(in crate::server) async fn signed_by<'a>(
    settings: &'a SmsSettings,
    form: &twilio::Form,
    signature: &str,
    urls: &[String],
) -> Vec<&'a str> {
    let mut channels = Vec::new();
    for account in settings.accounts() {
        if account.account != form.get("AccountSid") {
            continue;
        }
        match account.secret.get().await {
            Ok(secret) => {
                let is_signed = |url: &String| form.is_signed(signature, url, secret.expose());
                if urls.iter().any(is_signed) {
                    channels.push(account.channel.as_str());
                }
            }
            Err(error) => tracing::warn!("answers to text messages can't be checked: {error}"),
        }
    }
    if channels.is_empty() {
        settings.forget_secrets().await;
    }
    channels
}

/// Carries out a text message, and returns the reply to its sender; `None` for an unknown sender.
pub(in crate::server) async fn answer(
    shared: &Shared,
    form: &twilio::Form,
    channels: &[&str],
    permit: Option<BodyPermit>,
    now: DateTime<Utc>,
) -> Option<String> {
    let settings = shared.settings();
    let from = form.get("From");
    // Without the contacts of the store those of the settings count.
    let stored = shared.backend.contacts().await.unwrap_or_default();
    let mut people = settings.sms.people_at(from, channels);
    for person in people_reached_at(&stored, from, channels) {
        if !people.iter().any(|other| other.eq_ignore_ascii_case(person)) {
            people.push(person);
        }
    }
    if people.is_empty() {
        tracing::info!("a text message came from a number that is nobody's contact");
        return None;
    }
    let body = form.get("Body");
    let (code, rest) = split_code(body).unzip();
    let answer = parse_answer(rest.as_deref().unwrap_or(body));
    // A request for cover has a code and no number.
    let answer = answer.filter(|(number, _)| code.is_none() || number.is_none());
    let Some((number, action)) = answer else {
        return Some(HELP.to_owned());
    };
    let id = match form.get("MessageSid") {
        "" => CommandId::new(),
        message => answer_id("twilio", message.as_bytes()),
    };
    if number.is_none() {
        let message = CoverMessage { shared, people: &people, code, action, id, now };
        match message.answer().await {
            Ok(None) => {}
            Ok(answer) => return answer,
            Err(error) => return Some(error.sentence()),
        }
    }
    let request = Request { shared, people: &people, channels, number, action, id, now };
    Some(request.carry_out(permit).await.unwrap_or_else(|error| error.sentence()))
}

/// A text message that was understood.
struct Request<'a> {
    shared: &'a Shared,
    /// Those who have the number, as a rule one.
    people: &'a [&'a str],
    /// The channels by which the message may have been answered.
    channels: &'a [&'a str],
    number: Option<u64>,
    action: LinkAction,
    /// The id of the command, by which a message that is delivered again is recognized.
    id: CommandId,
    now: DateTime<Utc>,
}

/// The subject of a text message.
enum Subject {
    /// A message that was sent.
    Message(Box<NotificationEntry>),
    /// Its sender has to say more.
    Unclear(String),
    /// Nothing was sent that it may be about.
    Nothing,
}

impl Request<'_> {
    async fn carry_out(&self, permit: Option<BodyPermit>) -> Result<String, AnswerError> {
        let incident = match self.number {
            Some(number) => {
                let number = IncidentNumber(number);
                match self.shared.backend.find_by_number(number).await {
                    Ok(id) => Some(id),
                    Err(BackendError::NotFound(_)) => return Ok(format!("there is no {number}")),
                    Err(error) => return Err(error.into()),
                }
            }
            None => None,
        };
        let notification = match self.find_subject(incident).await? {
            Subject::Message(entry) => entry.notification,
            Subject::Unclear(question) => return Ok(question),
            Subject::Nothing => {
                return Ok(match self.number {
                    Some(number) => {
                        format!("you were sent no message about {}", IncidentNumber(number))
                    }
                    None => "you were sent no message that can be answered".to_owned(),
                });
            }
        };
        let incident = self.shared.backend.incident(notification.incident).await?.incident;
        let row = &incident.summary;
        let directory = self.shared.directory().await?;
        let handle = notification.person.handle.as_str();
        let person: PersonRef = directory.person(handle).unwrap_or(&notification.person).clone();
        let role = self.answers_request().then(|| meant_role(&incident, &person)).transpose()?;
        let (id, action, way, at) = (self.id, self.action, AnswerWay::Sms, self.now);
        let answer = Answer { id, person: &person, action, role, way, at };
        carry_out(self.shared, &answer, row, permit).await
    }

    /// Returns whether it answers a request for a role.
    fn answers_request(&self) -> bool {
        matches!(self.action, LinkAction::AcceptRole | LinkAction::DeclineRole)
    }

    /// Finds the message that is meant: the last one that was sent to one of the people, about the incident
    /// if there is one.
    async fn find_subject(&self, incident: Option<IncidentId>) -> Result<Subject, BackendError> {
        for person in self.people {
            let mut search = NotificationSearch {
                incident,
                person: Some((*person).to_owned()),
                states: vec![
                    NotificationState::Sent,
                    NotificationState::Bundled,
                    NotificationState::Sending,
                ],
                ..NotificationSearch::first(PAGE_ROWS)
            };
            for _ in 0..MAX_PAGES {
                let page = self.shared.backend.notifications(&search).await?;
                // A notice is about no incident, so it can't be answered.
                let is_answerable = |entry: &NotificationEntry| !entry.notification.is_notice();
                let mut entries = page.rows.into_iter().filter(is_answerable);
                if incident.is_none() && !self.answers_request() {
                    let entries: Vec<NotificationEntry> = entries.collect();
                    if !entries.is_empty() {
                        return self.choose(&entries).await;
                    }
                } else if let Some(entry) = entries.next() {
                    return Ok(Subject::Message(Box::new(entry)));
                }
                // A page without rows need not be the last one.
                let Some(next) = page.next else { break };
                search.after = Some(next);
            }
        }
        Ok(Subject::Nothing)
    }

    /// Chooses the message that is meant among the latest ones of a person, if that is certain.
    async fn choose(&self, entries: &[NotificationEntry]) -> Result<Subject, BackendError> {
        let candidates = candidates(entries, self.channels);
        let mut meant: Vec<(&NotificationEntry, IncidentNumber)> = Vec::new();
        for entry in &candidates {
            let incident = self.shared.backend.incident(entry.notification.incident).await?;
            let row = incident.incident.summary;
            if let (true, Some(number)) = (awaits(self.action, &row), row.number) {
                meant.push((entry, number));
            }
        }
        // The first candidate is of the last text message, if there was one.
        Ok(match (meant.as_slice(), candidates.first()) {
            ([(entry, number)], Some(first))
                if message_id(&entry.notification) != message_id(&first.notification) =>
            {
                Subject::Unclear(question(self.action, &[*number]))
            }
            // Where the action makes no sense for any of them, the answer says why.
            ([(entry, _)], _) | ([], Some(entry)) => Subject::Message(Box::new((*entry).clone())),
            ([], None) => Subject::Nothing,
            (several, _) => {
                let mut numbers: Vec<IncidentNumber> =
                    several.iter().map(|(_, number)| *number).collect();
                numbers.sort_unstable();
                Subject::Unclear(question(self.action, &numbers))
            }
        })
    }
}
