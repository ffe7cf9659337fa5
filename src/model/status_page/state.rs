//! The terms of status pages, which are those that aggregators of such pages read.

use crate::model::priority::Priority;
use crate::model::status::Status;

/// The status of a public incident.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PublicStatus {
    /// Somebody is looking for the cause.
    Investigating,
    /// The cause was found.
    Identified,
    /// A fix is in.
    Monitoring,
    /// It has ended.
    Resolved,
}

impl PublicStatus {
    /// Returns the term of the `/api/v2/` format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Investigating => "investigating",
            Self::Identified => "identified",
            Self::Monitoring => "monitoring",
            Self::Resolved => "resolved",
        }
    }

    /// Returns the text on the page.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Investigating => "Investigating",
            Self::Identified => "Identified",
            Self::Monitoring => "Monitoring",
            Self::Resolved => "Resolved",
        }
    }
}

impl From<Status> for PublicStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Identified => Self::Identified,
            Status::Monitoring => Self::Monitoring,
            Status::Resolved | Status::Closed | Status::Merged | Status::Reclassified => {
                Self::Resolved
            }
            Status::Triggered
            | Status::Acknowledged
            | Status::Investigating
            | Status::Unknown(_) => Self::Investigating,
        }
    }
}

/// The severity of an incident's impact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Harm {
    /// There is none.
    None,
    /// Something is slower or fails at times.
    Minor,
    /// A part does not work.
    Major,
    /// It does not work.
    Critical,
}

impl Harm {
    /// Returns the term of the `/api/v2/` format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }

    /// Returns the state of a component that an incident affects.
    #[must_use]
    pub const fn component(self) -> ComponentState {
        match self {
            Self::None => ComponentState::Operational,
            Self::Minor => ComponentState::Degraded,
            Self::Major => ComponentState::PartialOutage,
            Self::Critical => ComponentState::MajorOutage,
        }
    }
}

impl From<Priority> for Harm {
    fn from(priority: Priority) -> Self {
        match priority.rank() {
            Priority::P2 => Self::Major,
            Priority::P3 | Priority::P4 => Self::Minor,
            Priority::P1 | Priority::Unknown(_) => Self::Critical,
        }
    }
}

/// The state of a component.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ComponentState {
    /// It works.
    Operational,
    /// Work is done on it.
    Maintenance,
    /// It is slower or fails at times.
    Degraded,
    /// A part of it does not work.
    PartialOutage,
    /// It does not work.
    MajorOutage,
}

impl ComponentState {
    /// Returns the term of the `/api/v2/` format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::Maintenance => "under_maintenance",
            Self::Degraded => "degraded_performance",
            Self::PartialOutage => "partial_outage",
            Self::MajorOutage => "major_outage",
        }
    }

    /// Returns the text on the page.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Operational => "Operational",
            Self::Maintenance => "Under maintenance",
            Self::Degraded => "Degraded performance",
            Self::PartialOutage => "Partial outage",
            Self::MajorOutage => "Major outage",
        }
    }
}

/// Whether a maintenance window has begun and ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MaintenanceState {
    /// It begins later.
    Scheduled,
    /// It has begun.
    InProgress,
    /// It has ended.
    Completed,
}

impl MaintenanceState {
    /// Returns the term of the `/api/v2/` format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::InProgress => "in_progress",
            Self::Completed => "completed",
        }
    }

    /// Returns the text on the page.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Scheduled => "Scheduled",
            Self::InProgress => "In progress",
            Self::Completed => "Completed",
        }
    }
}
