//! Changes that other programs report: deployments of GitHub and GitLab, and the events of `CDEvents`.
//!
//! | module | |
//! |---|---|
//! | `github`, `gitlab`, `cdevents` | the forms of the senders |
//! | `report` | what a message says of a change; [`crate::model::reported_change`] says what follows |
//! | `rules` | which services a change touches, by the settings |
//!
//! A sender reports a change several times: that it is planned, has begun, and has ended. Messages may be
//! repeated and may arrive in any order; the change is the same at the end.

mod cdevents;
mod github;
mod gitlab;
mod report;
mod rules;
mod signature;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

use super::error::IngestError;
use super::mapping::{Message, SignatureForm};
use super::settings::Sender;
use super::signature::SignatureError;

pub use report::{ChangeOrigin, ChangeReport};
pub use rules::ChangeRules;

/// The mapping of `CloudEvents` about alerts.
const CLOUD_EVENTS: &str = "cloudevents";
/// The greatest number of changes of one message.
const MAX_REPORTS: usize = 1000;

/// A form in which changes are reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChangeForm {
    /// Webhooks of GitHub.
    Github,
    /// Webhooks of GitLab.
    Gitlab,
    /// `CDEvents`, carried by `CloudEvents`.
    CdEvents,
}

impl ChangeForm {
    /// All forms.
    pub const ALL: [Self; 3] = [Self::Github, Self::Gitlab, Self::CdEvents];

    /// Returns the name of the form, which is that of its receiver.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::CdEvents => "cdevents",
        }
    }

    /// Returns what the sender is called in texts.
    #[must_use]
    pub const fn sender(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::CdEvents => "CDEvents",
        }
    }

    /// Returns the form with a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }

    /// Reads a message that arrives at `now`. One about something else has no reports. `source` is the
    /// name of the receiver, which tells its changes from those of others.
    ///
    /// # Errors
    /// [`IngestError`] says which part can't be understood.
    pub fn read(
        self,
        source: &str,
        message: &Message<'_>,
        now: DateTime<Utc>,
    ) -> Result<Vec<ChangeReport>, IngestError> {
        let root = message.decode()?;
        match self {
            Self::Github => github::read(source, message, root),
            Self::Gitlab => gitlab::read(source, root, now),
            Self::CdEvents => cdevents::read(source, message, root, now),
        }
    }

    /// Checks that a message comes from whoever has the secret.
    ///
    /// # Errors
    /// [`SignatureError`] says why it is not accepted.
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
        super::signature::verify(&form, secret, message)
    }
}

/// Returns the form in which a message of a sender reports changes; `None` if it reports alerts. Those who
/// send `CloudEvents` may send events of `CDEvents` among others.
#[must_use]
pub fn form_of(sender: &Sender, message: &Message<'_>) -> Option<ChangeForm> {
    if sender.changes.is_some() {
        return sender.changes;
    }
    let is_of_cloud_events = sender.built_in == Some(CLOUD_EVENTS);
    (is_of_cloud_events && cdevents::is_of_message(message)).then_some(ChangeForm::CdEvents)
}
