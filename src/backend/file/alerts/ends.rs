//! Whether a message ends its incident.

use chrono::TimeDelta;
use sqlx::SqliteConnection;

use super::ending::Ending;
use super::ingest::{Message, OpenIncident};
use super::totals::has_merged_firing;
use super::{table, waiting};
use crate::backend::IngestEffect;
use crate::backend::file::error::StoreResult;
use crate::model::alert::{Alert, AlertState, GroupUpdate};
use crate::model::status::ResolutionAction;
use crate::model::time::format_duration;
use crate::model::{IncidentCommand, Status, Summary};

/// The reason why an incident is ended by alerts.
const EVERY_ALERT: &str = "all its alerts were reported as resolved";
/// The same as [`EVERY_ALERT`] if the alerts expired without a message.
const NO_ALERT: &str = "its alerts were not reported any more";

impl Message<'_> {
    /// Returns the command that ends the open incident, or moves it on, if all its alerts are resolved
    /// by this message.
    pub(super) async fn end(
        &self,
        conn: &mut SqliteConnection,
        open: &OpenIncident,
        update: &GroupUpdate,
    ) -> StoreResult<Option<Ending>> {
        let fires = |alert: &Alert| alert.state != AlertState::Resolved;
        let may_end = update.has_resolved
            && self.group.may_end()
            && update.counts.unstored == 0
            && !update.new.iter().any(fires);
        let Some(dedup_key) = open.dedup_key.as_deref().filter(|_| may_end) else {
            return Ok(None);
        };
        let (count, firing) = table::count(conn, open.record.key).await?;
        if firing > 0 || has_merged_firing(conn, &open.record).await? {
            return Ok(None);
        }
        // The alert that ends last may be of another sender, whose incident was merged into this one.
        if !dedup_key.starts_with(&format!("{}:", self.group.source))
            && !table::has_alert_of(conn, open.record.key, dedup_key).await?
        {
            return Ok(None);
        }
        // It is recorded once, however often it continues.
        let is_noted = waiting::read_flapping(conn, open.summary.id).await?.is_some();
        let flaps = self.flapping_alert(update).and_then(|alert| alert.flapping_text(self.now));
        let stability = self.await_stability(&open.summary);
        let ending = match (open.summary.status, flaps) {
            (
                Status::Triggered
                | Status::Acknowledged
                | Status::Investigating
                | Status::Identified,
                Some(because),
            ) => Some(Ending::watched(because)),
            (Status::Monitoring, Some(text)) if !is_noted => {
                let command = IncidentCommand::AddNote { text };
                let (effect, because) = (IngestEffect::Monitoring, self.reason());
                Some(Ending { command, effect, because })
            }
            (Status::Triggered, None) if stability.is_some() => stability,
            (Status::Triggered, None) => {
                let alerts = match count {
                    1 => "its alert is".to_owned(),
                    count => format!("its {count} alerts are all"),
                };
                let command = IncidentCommand::Resolve {
                    action: ResolutionAction::Other,
                    detail: format!("{alerts} resolved, and nobody had acknowledged it"),
                    validation: if self.has_expired {
                        format!("{} reported it no more", self.group.sender)
                    } else {
                        format!("{} reported it", self.group.sender)
                    },
                };
                let (effect, because) = (IngestEffect::Resolved, self.reason());
                Some(Ending { command, effect, because })
            }
            (Status::Acknowledged | Status::Investigating | Status::Identified, None) => {
                Some(Ending::watched(self.reason()))
            }
            _ => None,
        };
        Ok(ending)
    }

    /// Returns the change of an incident that is resolved only after a stable time; `None` if it
    /// needs none.
    fn await_stability(&self, incident: &Summary) -> Option<Ending> {
        let required_s = self.rules.stability.required_s(incident)?;
        let required = format_duration(TimeDelta::try_seconds(required_s)?);
        let reason = self.reason();
        Some(Ending::watched(format!(
            "{reason}: it is resolved once none has fired for {required}"
        )))
    }

    /// Returns why an incident is ended by the message.
    fn reason(&self) -> String {
        if self.has_expired { NO_ALERT } else { EVERY_ALERT }.to_owned()
    }
}
