//! Answers to text messages: who has sent one, to what, and what follows.

use chrono::{DateTime, Utc};

use super::sms_settings::people_reached_at;
use super::{AnswerError, SmsSettings, carry_out, twilio};
use crate::backend::{BackendError, NotificationEntry, NotificationSearch};
use crate::model::notification::answer::meant_role;
use crate::model::notification::link::answer_id;
use crate::model::notification::{Answer, AnswerWay, LinkAction, NotificationState, parse_answer};
use crate::model::{CommandId, IncidentId, IncidentNumber, PersonRef};
use crate::server::limits::BodyPermit;
use crate::server::state::Shared;

/// What a person is answered whose message can't be understood.
const HELP: &str = "answer a to acknowledge, e to escalate or r to resolve, with the number of the \
                    incident in front of it: 12a";
/// How many pages of the list of notifications are read at most.
const MAX_PAGES: usize = 10;
/// The number of rows of each of them.
const PAGE_ROWS: u32 = 20;

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

/// Carries out what a text message says, and returns what its sender is answered; `None` for a sender whom
/// nobody knows.
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
    let Some((number, action)) = parse_answer(form.get("Body")) else {
        return Some(HELP.to_owned());
    };
    let message = form.get("MessageSid").as_bytes();
    let request = Request { shared, people: &people, number, action, message, now };
    Some(request.carry_out(permit).await.unwrap_or_else(|error| error.sentence()))
}

/// A text message that was understood.
struct Request<'a> {
    shared: &'a Shared,
    /// Those who have the number, as a rule one.
    people: &'a [&'a str],
    number: Option<u64>,
    action: LinkAction,
    /// By what Twilio recognizes the message.
    message: &'a [u8],
    now: DateTime<Utc>,
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
        let Some(entry) = self.find_notification(incident).await? else {
            return Ok(match self.number {
                Some(number) => {
                    format!("you were sent no message about {}", IncidentNumber(number))
                }
                None => "you were sent no message that can be answered".to_owned(),
            });
        };
        let notification = entry.notification;
        let incident = self.shared.backend.incident(notification.incident).await?.incident;
        let row = &incident.summary;
        let directory = self.shared.directory().await?;
        let handle = notification.person.handle.as_str();
        let person: PersonRef = directory.person(handle).unwrap_or(&notification.person).clone();
        let id = if self.message.is_empty() {
            CommandId::new()
        } else {
            answer_id("twilio", self.message)
        };
        let answers_request =
            matches!(self.action, LinkAction::AcceptRole | LinkAction::DeclineRole);
        let role = answers_request.then(|| meant_role(&incident, &person)).transpose()?;
        let (action, way, at) = (self.action, AnswerWay::Sms, self.now);
        let answer = Answer { id, person: &person, action, role, way, at };
        carry_out(self.shared, &answer, row, permit).await
    }

    /// Finds the last message that one of the people was sent, about the incident if there is one.
    async fn find_notification(
        &self,
        incident: Option<IncidentId>,
    ) -> Result<Option<NotificationEntry>, BackendError> {
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
                // A notice is about no incident, so that nobody answers it.
                let is_answerable = |entry: &NotificationEntry| !entry.notification.is_notice();
                if let Some(entry) = page.rows.into_iter().find(is_answerable) {
                    return Ok(Some(entry));
                }
                // A page without rows need not be the last one.
                let Some(next) = page.next else { break };
                search.after = Some(next);
            }
        }
        Ok(None)
    }
}
