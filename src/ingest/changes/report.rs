//! The report on a change in a message.

use chrono::{DateTime, Utc};

use super::rules::ChangeOrigin;
use crate::ingest::identity::digest_bytes;
use crate::ingest::settings::Sender;
use crate::model::alert::one_line;
use crate::model::change::{ChangeApproval, ChangeState};
use crate::model::check::MAX_NAME_CHARS;
use crate::model::directory::Directory;
use crate::model::reported_change::ReportedChange;
use crate::model::{Actor, ChangeId};

/// The report on a change in a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeReport {
    /// The id of the change, the same in all messages about it.
    pub id: ChangeId,
    /// Its state since `at`.
    pub state: ChangeState,
    /// The title, on one line.
    pub title: String,
    /// Its origin.
    pub origin: ChangeOrigin,
    /// The account of its author.
    pub by: Option<String>,
    /// Since when it is in this state.
    pub at: DateTime<Utc>,
    /// The page about it.
    pub url: Option<String>,
    /// The approval of the change, if it is reported.
    pub approval: Option<ChangeApproval>,
}

/// Returns the id of a receiver's change that these texts identify.
pub(super) fn id_of(source: &str, texts: &[&str]) -> ChangeId {
    let mut all = vec!["change", source];
    all.extend(texts);
    ChangeId(uuid::Builder::from_random_bytes(digest_bytes(&all)).into_uuid())
}

impl ChangeReport {
    /// Returns the report with services and people by the settings of its sender; `None` if the
    /// change is not recorded according to them. `actor` is the author if the message names none.
    #[must_use]
    pub fn complete(
        &self,
        sender: &Sender,
        directory: &Directory,
        actor: &Actor,
    ) -> Option<ReportedChange> {
        let services = sender.change_rules.services(&self.origin, directory)?;
        let by = self.by.as_ref().map(|login| {
            let lower = login.to_lowercase();
            let person =
                directory.people.iter().find(|person| person.handle.to_lowercase() == lower);
            match (person, sender.changes) {
                (Some(person), _) => Actor::Person(person.clone()),
                (None, Some(form)) => {
                    let name = format!("{login} ({})", form.sender());
                    Actor::Integration(one_line(&name, MAX_NAME_CHARS))
                }
                (None, None) => Actor::Integration(login.clone()),
            }
        });
        Some(ReportedChange {
            id: self.id,
            state: self.state,
            title: self.title.clone(),
            services,
            by: by.unwrap_or_else(|| actor.clone()),
            at: self.at,
            url: self.url.clone(),
            approval: self.approval,
        })
    }
}
