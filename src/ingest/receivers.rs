//! Reads a message as one of the receivers does, by its name: what a dead letter is read again by, and
//! what comes from standard input.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::changes::{self, ChangeForm, ChangeOrigin, ChangeReport};
use super::events::{self, EventBody, EventVersion};
use super::goalert::{self, AlertFields};
use super::mapping::{self, Message};
use super::{
    IngestError, IngestSettings, Sender, alertmanager, mail, opsgenie, prometheus, senders,
};
use crate::model::Actor;
use crate::model::alert::AlertGroup;
use crate::model::directory::Directory;
use crate::model::reported_change::ReportedChange;

/// The receiver of events in the form of version 1.
const EVENTS_V1: &str = "events_v1";
/// The receiver of change events.
pub const CHANGE_EVENTS: &str = "change_events";

/// The receivers that read a form of their own; those of the settings come on top.
pub const RECEIVERS: &[&str] = &[
    alertmanager::SOURCE,
    prometheus::SOURCE,
    events::SOURCE,
    EVENTS_V1,
    opsgenie::SOURCE,
    goalert::SOURCE,
    mail::SOURCE,
];

/// The most parameters of a query that are read.
const MAX_PARAMETERS: usize = 100;
/// What stands for the sender in the keys of alerts that came without a token.
const LOCAL_SENDER: &str = "local";

/// A message, and what receivers read of the request beside it.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedMessage<'a> {
    /// The message as it arrived.
    pub body: &'a [u8],
    /// The type of the content, as the sender says.
    pub content_type: Option<&'a str>,
    /// Headers by their names in lower case.
    pub headers: &'a BTreeMap<String, String>,
    /// The query of the request, as it is in an address.
    pub query: Option<&'a str>,
    /// The public id of the token that it came with, by which the keys of some senders are told apart.
    pub token: Option<&'a str>,
}

impl<'a> ReceivedMessage<'a> {
    /// Returns it as a mapping reads it.
    #[must_use]
    pub fn as_message(&self) -> Message<'a> {
        let headers = self.headers.iter().map(|(name, text)| (name.clone(), text.clone()));
        Message {
            body: self.body,
            content_type: self.content_type,
            headers: headers.collect(),
            query: pairs(self.query.unwrap_or_default()),
        }
    }
}

/// Returns the first names and texts of a query.
fn pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().take(MAX_PARAMETERS).collect()
}

/// Why a message is not read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such receiver.
    #[error("there is no receiver {name:?}: there are {}", .names.join(", "))]
    NoReceiver {
        /// The name.
        name: String,
        /// The names of those that there are.
        names: Vec<String>,
    },
    /// The message can't be understood.
    #[error(transparent)]
    NotUnderstood(#[from] IngestError),
}

/// Returns the names of all receivers.
#[must_use]
pub fn receiver_names(settings: &IngestSettings) -> Vec<String> {
    let names = RECEIVERS.iter().copied().chain(settings.names());
    names.map(ToOwned::to_owned).collect()
}

/// Returns the name of a receiver as a label of metrics: its own, or `mapping` for one of the settings.
#[must_use]
pub fn label(receiver: &str) -> &'static str {
    let changes = ChangeForm::ALL.map(ChangeForm::name);
    let mut names = RECEIVERS.iter().copied().chain(senders::names()).chain(changes);
    names.find(|name| *name == receiver).unwrap_or("mapping")
}

/// Reads a message as the receiver with a name does.
///
/// # Errors
/// There is no such receiver, or it does not understand the message.
pub fn read(
    receiver: &str,
    message: &ReceivedMessage<'_>,
    settings: &IngestSettings,
    now: DateTime<Utc>,
) -> Result<Vec<AlertGroup>, ReadError> {
    let sender = message.token.unwrap_or(LOCAL_SENDER);
    match receiver {
        alertmanager::SOURCE => Ok(vec![alertmanager::parse(message.body, now)?]),
        prometheus::SOURCE => {
            let posted = prometheus::parse(message.body, now)?;
            posted.unusable.map_or(Ok(posted.groups), |error| Err(error.into()))
        }
        events::SOURCE => read_event(message.body, EventVersion::V2, sender),
        EVENTS_V1 => read_event(message.body, EventVersion::V1, sender),
        opsgenie::SOURCE => Ok(vec![opsgenie::create(message.body, sender, Uuid::now_v7())?.group]),
        goalert::SOURCE => read_goalert(message, sender),
        mail::SOURCE => Ok(mail::parse(message.body, now)?.into_iter().collect()),
        name => {
            let sender = settings.sender(name).ok_or_else(|| ReadError::NoReceiver {
                name: name.to_owned(),
                names: receiver_names(settings),
            })?;
            let message = message.as_message();
            if let Some(form) = changes::form_of(&sender, &message) {
                // It is read all the same, so that whoever asks learns what is wrong with it.
                form.read(name, &message, now)?;
                return Ok(Vec::new());
            }
            Ok(mapping::read(&sender.mapping, name, &message, now)?.groups)
        }
    }
}

/// A message that reports changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeMessage {
    /// What it says of changes.
    pub reports: Vec<ChangeReport>,
    /// The settings of its sender.
    pub sender: Arc<Sender>,
}

impl ChangeMessage {
    /// Returns the reports with services and people by the settings, but for those of changes that are
    /// not recorded. `actor` makes those of which nobody is said to.
    #[must_use]
    pub fn complete(&self, directory: &Directory, actor: &Actor) -> Vec<ReportedChange> {
        let reports = self.reports.iter();
        reports.filter_map(|report| report.complete(&self.sender, directory, actor)).collect()
    }
}

/// Reads a message as the receiver with a name does, if that is one of changes; `None` if it is not, and
/// [`read`] reads it.
///
/// # Errors
/// The receiver does not understand the message.
pub fn read_changes(
    receiver: &str,
    message: &ReceivedMessage<'_>,
    settings: &IngestSettings,
    now: DateTime<Utc>,
) -> Option<Result<ChangeMessage, IngestError>> {
    if receiver == CHANGE_EVENTS {
        return Some(read_change_event(message, now));
    }
    let is_own_form = RECEIVERS.contains(&receiver);
    let sender = settings.sender(receiver).filter(|_| !is_own_form)?;
    let message = message.as_message();
    let form = changes::form_of(&sender, &message)?;
    let reports = form.read(receiver, &message, now);
    Some(reports.map(|reports| ChangeMessage { reports, sender }))
}

/// Reads a change event in the form of `PagerDuty`.
fn read_change_event(
    message: &ReceivedMessage<'_>,
    now: DateTime<Utc>,
) -> Result<ChangeMessage, IngestError> {
    let sender = message.token.unwrap_or(LOCAL_SENDER);
    let by = Actor::Integration(sender.to_owned());
    let event = EventBody::parse(message.body)?.change_event(sender, by, Uuid::now_v7(), now);
    let change = event.map_err(first_error)?.change;
    let report = ChangeReport {
        id: change.id,
        state: change.state,
        title: change.title,
        origin: ChangeOrigin { services: change.services, ..ChangeOrigin::default() },
        by: None,
        at: change.starts_at,
        url: change.url,
        approval: None,
    };
    Ok(ChangeMessage { reports: vec![report], sender: Arc::new(Sender::default()) })
}

/// Returns the first of all that is wrong with an event.
fn first_error(errors: Vec<IngestError>) -> IngestError {
    errors.into_iter().next().unwrap_or(IngestError::Missing("the event"))
}

/// Returns the name of the receiver of events of a version.
#[must_use]
pub fn events_receiver(version: EventVersion) -> &'static str {
    match version {
        EventVersion::V1 => EVENTS_V1,
        EventVersion::V2 => events::SOURCE,
    }
}

fn read_event(
    body: &[u8],
    version: EventVersion,
    sender: &str,
) -> Result<Vec<AlertGroup>, ReadError> {
    let event = EventBody::parse(body)?.event(version, sender, Uuid::now_v7());
    Ok(vec![event.map_err(first_error)?.group])
}

/// Reads an alert in the form of `GoAlert`, which is JSON or a form.
fn read_goalert(message: &ReceivedMessage<'_>, sender: &str) -> Result<Vec<AlertGroup>, ReadError> {
    let body = message.body;
    let query = message.query.unwrap_or_default().as_bytes();
    let mut fields = with_form(AlertFields::default(), query);
    if body.trim_ascii_start().starts_with(b"{") {
        fields = fields.with_json(body)?;
    } else {
        fields = with_form(fields, body);
    }
    Ok(vec![fields.group(sender)?])
}

fn with_form(fields: AlertFields, form: &[u8]) -> AlertFields {
    let pairs: Vec<_> = form_urlencoded::parse(form).collect();
    fields.with_pairs(pairs.iter().map(|(name, text)| (&**name, &**text)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read_body(receiver: &str, body: &str) -> Result<Vec<AlertGroup>, ReadError> {
        let message = ReceivedMessage {
            body: body.as_bytes(),
            content_type: None,
            headers: &BTreeMap::new(),
            query: None,
            token: Some("b54e8e392759"),
        };
        read(receiver, &message, &IngestSettings::default(), DateTime::UNIX_EPOCH)
    }

    #[rstest]
    #[case::alertmanager(
        "alertmanager",
        r#"{"alerts":[{"status":"firing","labels":{"alertname":"A"}}]}"#
    )]
    #[case::prometheus("prometheus", r#"[{"labels":{"alertname":"A"}}]"#)]
    #[case::events(
        "events",
        r#"{"event_action":"trigger","payload":{"summary":"A","source":"db1","severity":"error"}}"#
    )]
    #[case::events_v1("events_v1", r#"{"event_type":"trigger","description":"A"}"#)]
    #[case::opsgenie("opsgenie", r#"{"message":"A"}"#)]
    #[case::goalert("goalert", r#"{"summary":"A"}"#)]
    #[case::goalert_form("goalert", "summary=A&details=b")]
    #[case::mail("mail", "From: ines@example.com\r\nSubject: A\r\n\r\nb\r\n")]
    fn each_receiver_reads_its_form(#[case] receiver: &str, #[case] body: &str) {
        let groups = read_body(receiver, body).unwrap();
        assert_eq!(groups.len(), 1, "{groups:?}");
        assert!(groups[0].alerts[0].is_firing && groups[0].alerts[0].title.contains('A'));
        assert_eq!(label(receiver), receiver);
        let wrong = read_body(receiver, r#"{"alerts":1}"#);
        assert!(matches!(wrong, Err(ReadError::NotUnderstood(_))), "{wrong:?}");
    }

    #[test]
    fn unknown_receiver_is_refused_with_all_names() {
        let Err(ReadError::NoReceiver { name, names }) = read_body("pigeon", "{}") else {
            panic!("there is no such receiver");
        };
        assert_eq!((name.as_str(), label("pigeon")), ("pigeon", "mapping"));
        assert!(RECEIVERS.iter().all(|receiver| names.iter().any(|name| name == receiver)));
    }
}
