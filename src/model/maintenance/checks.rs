//! The bounds of maintenance windows and of their filters.

use chrono::TimeDelta;

use super::filter::MaintenanceFilter;
use super::window::{MAX_ONCE, MAX_RECURRING, MaintenanceWindow};
use crate::model::check::{self, BadField, FieldProblem, MAX_LIST_ITEMS};
use crate::model::oncall::Zone;

impl MaintenanceFilter {
    /// Checks the fields.
    ///
    /// # Errors
    /// [`BadField`] names the first field with a value that is not allowed.
    pub fn check(&self) -> Result<(), BadField> {
        check::names("services", &self.services)?;
        check::names("teams", &self.teams)?;
        check::names("sources", &self.sources)?;
        for (field, count) in [("labels", self.labels.len()), ("priorities", self.priorities.len())]
        {
            if count > MAX_LIST_ITEMS {
                let problem = FieldProblem::TooManyEntries { count, max: MAX_LIST_ITEMS };
                return Err(BadField::new(field, problem));
            }
        }
        if let Some(text) = &self.text {
            check::name("text", text)?;
        }
        if self.is_empty() {
            return Err(BadField::new("filter", FieldProblem::Empty));
        }
        Ok(())
    }
}

impl MaintenanceWindow {
    /// Checks that this machine has the time zone of a recurrence.
    ///
    /// # Errors
    /// [`BadField`] with the zone if it is unknown.
    pub fn check_zone(&self) -> Result<(), BadField> {
        let zone = self.recurrence.as_ref().map(|recurrence| &recurrence.zone);
        match zone.filter(|zone| Zone::find(zone).is_err()) {
            Some(zone) => Err(BadField::new("zone", FieldProblem::NotAZone(zone.clone()))),
            None => Ok(()),
        }
    }

    /// Checks the fields.
    ///
    /// # Errors
    /// [`BadField`] names the first field with a value that is not allowed.
    pub fn check(&self) -> Result<(), BadField> {
        check::title(&self.title)?;
        check::text("comment", &self.comment)?;
        if let Some(text) = &self.public_text {
            check::required_text("public_text", text)?;
        }
        self.filter.check()?;
        check::time("from", self.from)?;
        check::time("until", self.until)?;
        let most = if self.recurrence.is_some() { MAX_RECURRING } else { MAX_ONCE };
        let lasts = self.until - self.from;
        if lasts <= TimeDelta::zero() {
            return Err(BadField::new("until", FieldProblem::EndsBefore));
        }
        if lasts > most {
            return Err(BadField::new("until", FieldProblem::TooLong { days: most.num_days() }));
        }
        if let Some(recurrence) = &self.recurrence {
            check::name("zone", &recurrence.zone)?;
            recurrence.last.map_or(Ok(()), |last| check::time("last", last))?;
        }
        check::name("created_by", self.created_by.name())
    }
}
