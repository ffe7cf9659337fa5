//! Reads messages in each format, and authenticates them.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::form::ChangeForm;
use super::report::ChangeReport;
use super::{cdevents, github, gitlab, signature};
use crate::ingest::error::IngestError;
use crate::ingest::mapping::{Message, SignatureForm};
use crate::ingest::settings::Sender;
use crate::ingest::signature::{SignatureError, verify};
use crate::model::change::ChangeState;

/// The mapping of `CloudEvents` about alerts.
const CLOUD_EVENTS: &str = "cloudevents";

impl ChangeForm {
    /// Reads a message that arrives at `now`. One about something else has no reports. `source` is
    /// the name of the receiver, which identifies its changes.
    ///
    /// A change has not begun or ended after its message: the clock of its sender may be ahead.
    ///
    /// # Errors
    /// [`IngestError`] with the part that can't be understood.
    pub fn read(
        self,
        source: &str,
        message: &Message<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<ChangeReport>, IngestError> {
        let root: Value = message.decode()?;
        let mut reports = match self {
            Self::Github => github::read(source, message, root),
            Self::Gitlab => gitlab::read(source, root, now),
            Self::CdEvents => cdevents::read(source, message, root, now),
        }?;
        for report in reports.iter_mut().filter(|report| report.state != ChangeState::Planned) {
            report.at = report.at.min(now);
        }
        Ok(reports)
    }

    /// Checks that the sender of a message has the secret.
    ///
    /// # Errors
    /// [`SignatureError`] with the reason why it is not accepted.
    pub fn verify(self, secret: &[u8], message: &Message<'_>) -> Result<(), SignatureError> {
        let form = match self {
            Self::Github => SignatureForm {
                header: "x-hub-signature-256".to_owned(),
                prefix: "sha256=".to_owned(),
                timestamp_header: None,
            },
            Self::Gitlab => return signature::verify_gitlab(secret, message),
            Self::CdEvents => return signature::verify_standard(secret, message),
        };
        verify(&form, secret, message)
    }
}

/// Returns the format in which a message of a sender reports changes; `None` if it reports alerts.
/// Senders of `CloudEvents` may send events of `CDEvents` among others.
#[must_use]
pub fn form_of(sender: &Sender, message: &Message<'_>) -> Option<ChangeForm> {
    if sender.changes.is_some() {
        return sender.changes;
    }
    let is_of_cloud_events = sender.built_in == Some(CLOUD_EVENTS);
    (is_of_cloud_events && cdevents::is_of_message(message)).then_some(ChangeForm::CdEvents)
}
