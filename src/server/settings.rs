//! The settings that a running server follows.

use super::answers::SmsSettings;
use crate::ingest::IngestSettings;
use crate::model::notification::AnswerSettings;
use crate::model::signals::SignalSettings;
use crate::outbound::site::SharedSite;

/// Settings that may be replaced while the server runs.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ServerSettings {
    /// How messages with alerts are read.
    pub ingest: IngestSettings,
    /// How people answer messages.
    pub answers: AnswerSettings,
    /// How answers to text messages are checked.
    pub sms: SmsSettings,
    /// Heartbeats and reminders.
    pub signals: SignalSettings,
    /// The status page, if it is served.
    pub status_page: Option<SharedSite>,
    /// The names of the trackers in which issues are made, and an empty one if there is a default tracker;
    /// `None` where the server can't tell.
    pub trackers: Option<Vec<String>>,
}
