//! Repeat an alert: the same alert came again for an open incident.

use chrono::{DateTime, Utc};

use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::{CommandRow, CommandScope, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::{Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::RepeatAlert,
    "repeat_alert",
    "alert",
    "count the same alert once more",
    |_, _| Some(IncidentCommand::RepeatAlert { text: SAMPLE_TEXT.into(), count: None }),
)
.scope(CommandScope::Ingest);

pub(in crate::model) struct RepeatAlert<'a> {
    pub text: &'a str,
    pub count: Option<u32>,
}

impl CommandLogic for RepeatAlert<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        check::text("text", self.text)?;
        require_open(case.incident)?;
        Ok(vec![EventBody::AlertRepeated {
            text: self.text.to_owned(),
            detected_at: None,
            count: self.count.filter(|count| *count != 1),
        }])
    }

    fn phrase(&self) -> &'static str {
        "count an alert on"
    }

    fn content(&self) -> String {
        self.text.to_owned()
    }
}

pub(in crate::model) struct AlertRepeated<'a> {
    pub text: &'a str,
    pub detected_at: Option<DateTime<Utc>>,
    pub count: Option<u32>,
}

impl EventLogic for AlertRepeated<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.summary.alerts = incident.summary.alerts.saturating_add(self.count.unwrap_or(1));
        incident.detected_by(self.detected_at);
    }

    fn check(&self) -> Result<(), BadField> {
        check::text("text", self.text)?;
        self.detected_at.map_or(Ok(()), |at| check::time("detected_at", at))
    }

    /// A repeated alert is only counted: there may be hundreds.
    fn is_news(&self) -> bool {
        false
    }

    fn label(&self) -> &'static str {
        "Alert"
    }

    fn detail(&self) -> String {
        self.text.to_owned()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "counted one more alert".into()
    }
}
