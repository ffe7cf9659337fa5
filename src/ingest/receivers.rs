//! Reads a message like one of the receivers, by its name: for dead letters that are read again,
//! and for standard input.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::alertmanager::{self, WebhookMessage};
use super::changes::{self, ChangeForm, ChangeOrigin, ChangeReport};
use super::events::{self, EventBody, EventVersion};
use super::goalert::{self, AlertFields};
use super::mapping::{self, Mapped, Message};
use super::prometheus::{self, PostedAlerts};
use super::{IngestError, IngestSettings, Sender, mail, opsgenie, senders};
use crate::model::Actor;
use crate::model::alert::AlertGroup;
use crate::model::directory::Directory;
use crate::model::reported_change::ReportedChange;
use crate::model::text::sanitize;

/// The receiver of events in the form of version 1.
const EVENTS_V1: &str = "events_v1";
/// The receiver of change events.
pub const CHANGE_EVENTS: &str = "change_events";

/// The receivers with a format of their own; those of the settings are added.
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
/// The sender in the keys of alerts that arrived without a token.
const LOCAL_SENDER: &str = "local";

/// A message, and the other parts of the request that receivers read.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedMessage<'a> {
    /// The message as it arrived.
    pub body: &'a [u8],
    /// The type of the content, according to the sender.
    pub content_type: Option<&'a str>,
    /// Headers by their names in lower case.
    pub headers: &'a BTreeMap<String, String>,
    /// The query of the request, in URL encoding.
    pub query: Option<&'a str>,
    /// The public id of the token that it was sent with, which distinguishes the keys of some
    /// senders.
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

/// The reason why a message is not read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such receiver.
    #[error("there is no receiver {:?}: there are {}", sanitize(name), .names.join(", "))]
    NoReceiver {
        /// The name.
        name: String,
        /// The existing names.
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

/// The alerts of a message, as far as they can be read.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReadGroups {
    /// The groups of those that can be read.
    pub groups: Vec<AlertGroup>,
    /// The reason why an alert can't be read, if others can; the first one.
    pub unusable: Option<IngestError>,
}

impl From<Vec<AlertGroup>> for ReadGroups {
    fn from(groups: Vec<AlertGroup>) -> Self {
        Self { groups, unusable: None }
    }
}

/// Reads a message as the receiver with a name does, if all of it can be read.
///
/// # Errors
/// There is no such receiver, or it does not understand the message.
pub fn read(
    receiver: &str,
    message: &ReceivedMessage<'_>,
    settings: &IngestSettings,
    now: DateTime<Utc>,
) -> Result<Vec<AlertGroup>, ReadError> {
    let ReadGroups { groups, unusable } = read_usable(receiver, message, settings, now)?;
    unusable.map_or(Ok(groups), |error| Err(error.into()))
}

/// Reads a message as the receiver with a name does. Of several alerts one that can't be read hides no
/// others.
///
/// # Errors
/// There is no such receiver, or it does not understand any of the message.
pub fn read_usable(
    receiver: &str,
    message: &ReceivedMessage<'_>,
    settings: &IngestSettings,
    now: DateTime<Utc>,
) -> Result<ReadGroups, ReadError> {
    let sender = message.token.unwrap_or(LOCAL_SENDER);
    let groups = match receiver {
        alertmanager::SOURCE => {
            let WebhookMessage { group, unusable } = alertmanager::parse(message.body, now)?;
            return Ok(ReadGroups { groups: vec![group], unusable });
        }
        prometheus::SOURCE => {
            let PostedAlerts { groups, unusable } = prometheus::parse(message.body, now)?;
            return Ok(ReadGroups { groups, unusable });
        }
        events::SOURCE => read_event(message.body, EventVersion::V2, sender)?,
        EVENTS_V1 => read_event(message.body, EventVersion::V1, sender)?,
        opsgenie::SOURCE => vec![opsgenie::create(message.body, sender, Uuid::now_v7())?.group],
        goalert::SOURCE => read_goalert(message, sender)?,
        mail::SOURCE => mail::parse(message.body, now)?.into_iter().collect(),
        name => {
            let sender = settings.sender(name).ok_or_else(|| ReadError::NoReceiver {
                name: name.to_owned(),
                names: receiver_names(settings),
            })?;
            let message = message.as_message();
            if let Some(form) = changes::form_of(&sender, &message) {
                // It is read nevertheless, so that the caller gets its error.
                form.read(name, &message, now)?;
                return Ok(ReadGroups::default());
            }
            let Mapped { groups, unusable, .. } =
                mapping::read(&sender.mapping, name, &message, now)?;
            return Ok(ReadGroups { groups, unusable });
        }
    };
    Ok(groups.into())
}

/// A message that reports changes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeMessage {
    /// Its reports on changes.
    pub reports: Vec<ChangeReport>,
    /// The settings of its sender.
    pub sender: Arc<Sender>,
}

impl ChangeMessage {
    /// Returns the reports with services and people by the settings, except those of changes that
    /// are not recorded. `actor` is the author of those without one.
    #[must_use]
    pub fn complete(&self, directory: &Directory, actor: &Actor) -> Vec<ReportedChange> {
        let reports = self.reports.iter();
        reports.filter_map(|report| report.complete(&self.sender, directory, actor)).collect()
    }
}

/// Reads a message like the receiver with a name, if that is one of changes; `None` if it is not,
/// and [`read`] reads it.
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

    #[rstest]
    #[case::alertmanager(
        "alertmanager",
        r#"{"alerts":[7,{"status":"firing","labels":{"alertname":"A"}},null]}"#,
        2
    )]
    #[case::of_no_status("alertmanager", r#"{"alerts":["x",{"labels":{"alertname":"A"}}]}"#, 1)]
    #[case::resolved(
        "alertmanager",
        r#"{"status":"resolved","alerts":[{"labels":{"alertname":"A"}},[]]}"#,
        0
    )]
    #[case::prometheus("prometheus", r#"[[],{"labels":{"alertname":"A"}},{"labels":{}}]"#, 0)]
    #[case::grafana(
        "grafana",
        r#"{"alerts":[{"labels":{"alertname":"A"}},7],"truncatedAlerts":2}"#,
        3
    )]
    fn alert_that_is_unreadable_hides_no_others(
        #[case] receiver: &str,
        #[case] body: &str,
        #[case] omitted: u64,
    ) {
        let message = ReceivedMessage {
            body: body.as_bytes(),
            content_type: None,
            headers: &BTreeMap::new(),
            query: None,
            token: None,
        };
        let (settings, now) = (IngestSettings::default(), DateTime::UNIX_EPOCH);
        let ReadGroups { groups, unusable } =
            read_usable(receiver, &message, &settings, now).unwrap();
        assert_eq!((groups.len(), groups[0].alerts.len()), (1, 1), "{groups:?}");
        assert_eq!(groups[0].omitted, omitted);
        // The part that is missing of a message that is read again must not be lost.
        let complete = read(receiver, &message, &settings, now);
        assert_eq!(complete, Err(ReadError::NotUnderstood(unusable.unwrap())));
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
