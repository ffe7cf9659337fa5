//! The message of an update, from a template of the settings.

use chrono::{DateTime, Local, Offset, TimeDelta, Utc};

use super::super::calendar::ZoneCalendar;
use super::super::failure::Failure;
use crate::config::Config;
use crate::config::appearance::Zone;
use crate::config::pattern::Pattern;
use crate::config::placeholder_text::placeholder_text;
use crate::model::text::sanitize;
use crate::model::time::format_duration;
use crate::model::{Incident, Rules};
use crate::tui::core::zone::Clock;
use crate::verbs::VerbRequest;
use crate::verbs::typed_time::parse_future;

/// A template that was chosen, with the data that fills it in.
pub(super) struct Template {
    text: Pattern,
    zone: Zone,
    rules: Rules,
}

impl Template {
    /// Finds a template of the settings by its name.
    ///
    /// # Errors
    /// The settings have no template of that name.
    pub(super) fn find(name: &str, config: &Config) -> Result<Self, Failure> {
        let templates = &config.panes.templates;
        let Some(found) = templates.iter().find(|template| template.name == name) else {
            let names: Vec<&str> = templates.iter().map(|one| one.name.as_str()).collect();
            return Err(Failure::usage(format!(
                "--template: there is no template {:?}: {}",
                sanitize(name),
                crate::config::suggestion(name, &names)
            )));
        };
        let zone = config.panes.appearance.zone;
        Ok(Self { text: found.text.clone(), zone, rules: config.rules.clone() })
    }

    /// Writes the message of a request for an incident. If the request does not set the time of the
    /// next update, the service level does, otherwise the time promised before is used.
    ///
    /// # Errors
    /// The time of the next update can't be read.
    pub(super) fn complete(
        &self,
        mut request: VerbRequest,
        record: &Incident,
        now: DateTime<Utc>,
    ) -> Result<VerbRequest, Failure> {
        let VerbRequest::Update(update) = &mut request else { return Ok(request) };
        let row = &record.summary;
        if update.next.is_none() && row.status.is_open() {
            let every = self.rules.levels.for_priority(row.priority).update_every_s;
            let promised = record.next_update_due.filter(|due| *due > now);
            update.next = every
                .map(|seconds| format_duration(TimeDelta::seconds(seconds)))
                .or(promised.map(|due| due.to_rfc3339()));
        }
        let next = update.next.as_deref();
        let due = next.map(|next| parse_future(next, now, &ZoneCalendar(self.zone))).transpose();
        let due = due.map_err(|error| Failure::failed(format!("next: {error}")))?;
        update.message = self
            .text
            .fill(|placeholder| placeholder_text(placeholder, row, due, |at| self.format(at)));
        Ok(request)
    }

    /// Formats a time of day with the name of its zone.
    fn format(&self, at: DateTime<Utc>) -> String {
        let clock = Clock::new(self.zone, at.with_timezone(&Local).offset().fix());
        format!("{} {}", clock.hh_mm(at), clock.name_at(at))
    }
}
