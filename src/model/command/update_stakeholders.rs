//! Update stakeholders: inform them about the response, and announce the next update.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::logic::{Case, CommandLogic, Decided, EventLogic, quote};
use super::table::{Argument, CommandRow, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField, MAX_TITLE_CHARS};
use crate::model::field_check::one_line;
use crate::model::service_level::update_due;
use crate::model::time::recorded_time;
use crate::model::{Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::UpdateStakeholders,
    "update_stakeholders",
    "update",
    "tell stakeholders, from a template",
    |_, _| {
        let message = SAMPLE_TEXT.into();
        Some(IncidentCommand::UpdateStakeholders { message, next_due: None, public: None })
    },
)
.argument(Argument::Listed("the name of a template"));

/// The public form of an update of stakeholders, for the readers of status pages.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PublicUpdate {
    /// The public title of the incident, from this update on; absent to leave it unchanged. The
    /// title of the incident itself is never public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

impl PublicUpdate {
    fn check(&self) -> Result<(), BadField> {
        self.title.as_ref().map_or(Ok(()), |title| one_line("title", title, MAX_TITLE_CHARS))
    }
}

pub(in crate::model) struct UpdateStakeholders<'a> {
    pub message: &'a str,
    pub next_due: Option<DateTime<Utc>>,
    pub public: Option<&'a PublicUpdate>,
}

impl CommandLogic for UpdateStakeholders<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        check::required_text("message", self.message)?;
        self.next_due.map_or(Ok(()), |at| check::time("next_due", at))?;
        self.public.map_or(Ok(()), PublicUpdate::check)?;
        let summary = &case.incident.summary;
        let next_due = self.next_due.map(recorded_time).or_else(|| {
            summary.status.is_open().then(|| {
                update_due(summary.priority, case.requested_at, None, &case.rules.levels)
            })?
        });
        Ok(vec![EventBody::StakeholdersUpdated {
            message: self.message.to_owned(),
            next_due,
            public: self.public.cloned(),
        }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn phrase(&self) -> &'static str {
        "tell stakeholders of"
    }

    fn content(&self) -> String {
        self.message.to_owned()
    }
}

pub(in crate::model) struct StakeholdersUpdated<'a> {
    pub message: &'a str,
    pub next_due: Option<DateTime<Utc>>,
    pub public: Option<&'a PublicUpdate>,
}

impl EventLogic for StakeholdersUpdated<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        // An update that was sent earlier but recorded later is not the last one.
        if incident.summary.updated_at.is_none_or(|last| last <= event.at) {
            incident.stakeholder_message = Some(self.message.to_owned());
            incident.summary.updated_at = Some(event.at);
            incident.next_update_due = self.next_due;
        }
    }

    fn check(&self) -> Result<(), BadField> {
        check::text("message", self.message)?;
        self.public.map_or(Ok(()), PublicUpdate::check)?;
        self.next_due.map_or(Ok(()), |at| check::time("next_due", at))
    }

    fn label(&self) -> &'static str {
        if self.public.is_some() { "Public update" } else { "Update" }
    }

    fn detail(&self) -> String {
        match self.public.and_then(|public| public.title.as_ref()) {
            Some(title) => format!("{title}: {}", self.message),
            None => self.message.to_owned(),
        }
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("told stakeholders: {}", quote(self.message))
    }
}
