//! The settings of an engine: channels to send over, and contacts of people.

use std::sync::Arc;

use async_trait::async_trait;

use super::publish::PublishSettings;
use crate::model::calendar::CalendarSource;
use crate::model::notification::{AnswerSettings, Contacts};
use crate::model::service_level::ServiceLevels;
use crate::model::signals::SignalSettings;
use crate::outbound::calendar::CalendarReader;
use crate::outbound::{Channels, OutboundMessage, Receipt, SendError, Trackers};

/// Sends messages over channels that have names.
#[async_trait]
pub trait Sender: Send + Sync {
    /// Returns the names of the channels.
    fn channels(&self) -> Vec<String>;

    /// Sends a message once, within bounded time.
    ///
    /// # Errors
    /// [`SendError`] with whether trying again may help.
    async fn send(
        &self,
        channel: &str,
        address: &str,
        message: &OutboundMessage,
    ) -> Result<Receipt, SendError>;

    /// Requests from another server whether it is ready.
    ///
    /// # Errors
    /// The reason why it is not, or can't be reached. The default implementation is for a sender
    /// that watches no servers.
    async fn probe(&self, _url: &str) -> Result<(), SendError> {
        Err(SendError::permanent("this program can't ask other servers"))
    }
}

#[async_trait]
impl Sender for Channels {
    fn channels(&self) -> Vec<String> {
        self.names().map(str::to_owned).collect()
    }

    async fn send(
        &self,
        channel: &str,
        address: &str,
        message: &OutboundMessage,
    ) -> Result<Receipt, SendError> {
        match self.get(channel) {
            Some(channel) => channel.send(address, message).await,
            // The settings have changed since the notification was claimed.
            None => Err(SendError::temporary(format!("there is no channel {channel} any more"))),
        }
    }

    async fn probe(&self, url: &str) -> Result<(), SendError> {
        let client = self.client();
        let client =
            client.ok_or_else(|| SendError::permanent("this program can't ask other servers"))?;
        let url = url.parse().map_err(|_| SendError::permanent("it is no URL"))?;
        client.probe(url).await
    }
}

/// The settings in force that an engine follows.
#[derive(Clone)]
pub struct EngineSettings {
    /// The channels.
    pub sender: Arc<dyn Sender>,
    /// The contacts of people, and the rules by which these are used.
    pub contacts: Arc<Contacts>,
    /// Heartbeats, reminders, and acknowledgements that expire.
    pub signals: Arc<SignalSettings>,
    /// The service levels, with the interval at which stakeholders expect updates.
    pub levels: ServiceLevels,
    /// The calendars of schedules.
    pub calendars: Arc<Vec<CalendarSource>>,
    /// The reader of calendars; `None` if there is none.
    pub calendar_reader: Option<Arc<dyn CalendarReader>>,
    /// How people answer messages.
    pub answers: AnswerSettings,
    /// The publications, and their targets.
    pub publish: PublishSettings,
    /// The trackers in which action items become issues.
    pub trackers: Arc<Trackers>,
}
