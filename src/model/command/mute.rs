//! Mute: nobody is called for an incident while a maintenance window mutes it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::CommandKind;
use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::{CommandRow, CommandScope, no_sample};
use crate::model::check::{self, BadField};
use crate::model::decide::require_open;
use crate::model::maintenance;
use crate::model::rejection::Rejection;
use crate::model::time::recorded_time;
use crate::model::{Event, EventBody, Incident, PersonRef, Summary};

pub(super) const ROW: CommandRow =
    CommandRow::new(CommandKind::Mute, "mute", "mute", "mute it during maintenance", no_sample)
        .scope(CommandScope::Admin);

pub(in crate::model) struct Mute<'a> {
    pub window: Uuid,
    pub title: &'a str,
    pub until: DateTime<Utc>,
}

impl CommandLogic for Mute<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        require_open(case.incident)?;
        check::title(self.title)?;
        check::time("until", self.until)?;
        let row = &case.incident.summary;
        if !row.awaits_acknowledgement() {
            return Err(Rejection::AcknowledgedMeanwhile);
        }
        let until = recorded_time(self.until);
        if row.mute().is_some_and(|mute| mute.window == self.window && mute.until == until) {
            return Err(Rejection::AlreadyMuted);
        }
        Ok(vec![EventBody::Muted { window: self.window, title: self.title.to_owned(), until }])
    }

    fn still_holds(&self, row: &Summary, _: Option<&Incident>) -> bool {
        row.mute().is_some_and(|mute| mute.window == self.window)
    }

    fn phrase(&self) -> &'static str {
        "mute"
    }

    fn content(&self) -> String {
        format!("until {}: {}", self.until.format("%Y-%m-%d %H:%M UTC"), self.title)
    }
}

pub(in crate::model) struct Muted<'a> {
    pub window: Uuid,
    pub title: &'a str,
    pub until: DateTime<Utc>,
}

impl EventLogic for Muted<'_> {
    fn apply(&self, incident: &mut Incident, event: &Event) {
        incident.summary.begin_mute(maintenance::Mute {
            window: self.window,
            title: self.title.to_owned(),
            since: event.at,
            until: self.until,
            ended_at: None,
        });
    }

    fn check(&self) -> Result<(), BadField> {
        check::title(self.title)?;
        check::time("until", self.until)
    }

    fn is_news(&self) -> bool {
        false
    }

    fn label(&self) -> &'static str {
        "Muted"
    }

    fn detail(&self) -> String {
        format!("until {} by {}", self.until.format("%Y-%m-%d %H:%M UTC"), self.title)
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        "muted it during maintenance".into()
    }
}
