//! Where the calendars of schedules are.

use std::fmt;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use crate::model::oncall::ScheduleCalendar;

/// Where a calendar is.
#[derive(Clone, PartialEq, Eq)]
pub enum CalendarLocation {
    /// A file of this machine.
    File(PathBuf),
    /// An address. Anybody who has it can read the calendar, so it is never printed.
    Url {
        /// The complete address.
        url: String,
        /// The host alone.
        host: String,
    },
}

/// The calendar of a schedule, as the settings name it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CalendarSource {
    /// The name of the schedule.
    pub schedule: String,
    /// The IANA name of the zone of times without one, if the settings give it.
    pub zone: Option<String>,
    /// The location.
    pub location: CalendarLocation,
}

impl fmt::Debug for CalendarLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CalendarLocation").field(&self.label()).finish()
    }
}

impl CalendarLocation {
    /// Returns the part that may be shown: the name of the file, or the host.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::File(path) => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                name.to_string_lossy().into_owned()
            }
            Self::Url { host, .. } => host.clone(),
        }
    }
}

impl CalendarSource {
    /// Returns the calendar as the schedule has it before it was read.
    #[must_use]
    pub fn unread(&self) -> ScheduleCalendar {
        ScheduleCalendar {
            schedule: self.schedule.clone(),
            source: self.location.label(),
            fingerprint: self.fingerprint(),
            ..ScheduleCalendar::default()
        }
    }

    /// Returns an identifier of the address that does not reveal it.
    fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        match &self.location {
            CalendarLocation::File(path) => hash.update(path.as_os_str().as_encoded_bytes()),
            CalendarLocation::Url { url, .. } => hash.update(url.as_bytes()),
        }
        hash.update([0]);
        hash.update(self.zone.as_deref().unwrap_or_default().as_bytes());
        hex::encode(&hash.finalize()[..12])
    }
}
