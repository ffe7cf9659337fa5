//! The public status page: services and incidents as everybody may see them.
//!
//! Only services with a public name, updates of stakeholders that were written as public, and the
//! public texts of maintenance windows are public. No other text replaces a missing one: an
//! incident without a public title is named after its components ([`PublicIncident`]). Ids are
//! hashes, so that not even the id of a record is shown.

mod collect;
mod feed;
mod files;
mod html;
mod json;
mod state;
mod style;

use std::path::PathBuf;

use chrono::{DateTime, Utc};

pub use collect::PageSources;
pub use files::{PublicFile, STATUS_FILE};
pub use state::{ComponentState, Harm, MaintenanceState, PublicStatus};

use super::id::{EventId, IncidentId};

/// The default number of days for which ended incidents are shown.
pub const DEFAULT_DAYS: u32 = 30;
/// The greatest number of days for which ended incidents are shown.
pub const MAX_DAYS: u32 = 365;

/// Settings of the status page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusPageSettings {
    /// The title of the page.
    pub title: String,
    /// The address of the page, for links in feeds; `None` if it is not set.
    pub url: Option<String>,
    /// The folder into which a server writes the page; `None` if it writes none.
    pub directory: Option<PathBuf>,
    /// Whether a server serves the page under `/status/`, to everybody.
    pub served: bool,
    /// For how many days ended incidents are shown.
    pub days: u32,
}

impl Default for StatusPageSettings {
    fn default() -> Self {
        Self {
            title: "Status".to_owned(),
            url: None,
            directory: None,
            served: false,
            days: DEFAULT_DAYS,
        }
    }
}

/// The complete content of a status page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusPage {
    /// The title of the page.
    pub title: String,
    /// The address of the page.
    pub url: Option<String>,
    /// When the page was made.
    pub made_at: DateTime<Utc>,
    /// For how many days ended incidents are shown.
    pub days: u32,
    /// The public services, by name.
    pub components: Vec<Component>,
    /// The public incidents, the one that was published last first.
    pub incidents: Vec<PublicIncident>,
    /// The public maintenance windows: those that have not ended by when they begin, then the others, the
    /// last one first.
    pub maintenance: Vec<PublicMaintenance>,
}

/// A public service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Component {
    /// The public id.
    pub id: String,
    /// The name of the service within the company, which is not public.
    pub service: String,
    /// The public name.
    pub name: String,
    /// The state, by the public incidents and maintenance windows.
    pub state: ComponentState,
    /// When something public about it changed last; `None` if nothing did in the days of the page.
    pub changed_at: Option<DateTime<Utc>>,
}

/// An incident of which at least one update is public.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicIncident {
    /// The public id.
    pub id: String,
    /// The id of the incident, which is not public.
    pub incident: IncidentId,
    /// The last public title that was written, otherwise the affected components and the impact.
    pub name: String,
    /// The present status.
    pub status: PublicStatus,
    /// The severity of the impact.
    pub harm: Harm,
    /// The positions of the affected components in [`StatusPage::components`].
    pub components: Vec<usize>,
    /// The published texts, sorted by time; at least one.
    pub posts: Vec<Post>,
}

/// Something that was published about an incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Post {
    /// The public id.
    pub id: String,
    /// The event behind it, whose id is not public.
    pub event: EventId,
    /// The status of the incident from then on.
    pub status: PublicStatus,
    /// The public text, or a neutral sentence about the end of the incident.
    pub text: String,
    /// When it was published.
    pub at: DateTime<Utc>,
}

/// A maintenance window with a public text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicMaintenance {
    /// The public id.
    pub id: String,
    /// The name: the components, or that it is maintenance.
    pub name: String,
    /// The public text.
    pub text: String,
    /// Whether it has begun and ended.
    pub state: MaintenanceState,
    /// When it begins, now or next.
    pub from: DateTime<Utc>,
    /// When it ends.
    pub until: DateTime<Utc>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// The positions of the affected components in [`StatusPage::components`].
    pub components: Vec<usize>,
}

impl PublicIncident {
    /// Returns when it was published first.
    #[must_use]
    pub fn started_at(&self) -> DateTime<Utc> {
        self.posts.first().map_or(DateTime::UNIX_EPOCH, |post| post.at)
    }

    /// Returns when something was published about it last.
    #[must_use]
    pub fn updated_at(&self) -> DateTime<Utc> {
        self.posts.last().map_or(DateTime::UNIX_EPOCH, |post| post.at)
    }

    /// Returns when the last post with a status was published that it still has.
    #[must_use]
    pub fn since(&self, status: PublicStatus) -> Option<DateTime<Utc>> {
        self.posts.iter().rev().find(|post| post.status == status).map(|post| post.at)
    }

    /// Returns whether it has not ended.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.status != PublicStatus::Resolved
    }
}

impl StatusPage {
    /// Returns the incidents that have not ended.
    pub fn open_incidents(&self) -> impl Iterator<Item = &PublicIncident> {
        self.incidents.iter().filter(|incident| incident.is_open())
    }

    /// Returns the overall severity of the impact.
    #[must_use]
    pub fn harm(&self) -> Harm {
        self.open_incidents().map(|incident| incident.harm).max().unwrap_or(Harm::None)
    }

    /// Returns whether a maintenance window has begun and not ended.
    #[must_use]
    pub fn is_under_maintenance(&self) -> bool {
        self.maintenance.iter().any(|one| one.state == MaintenanceState::InProgress)
    }

    /// Returns the state of everything in one sentence.
    #[must_use]
    pub fn description(&self) -> &'static str {
        match self.harm() {
            Harm::None if self.is_under_maintenance() => "Service Under Maintenance",
            Harm::None => "All Systems Operational",
            Harm::Minor => "Partially Degraded Service",
            Harm::Major => "Partial System Outage",
            Harm::Critical => "Major Service Outage",
        }
    }

    /// Returns the overall state in the terms of the `/api/v2/` format.
    #[must_use]
    pub fn indicator(&self) -> &'static str {
        match self.harm() {
            Harm::None if self.is_under_maintenance() => "maintenance",
            harm => harm.as_str(),
        }
    }
}

#[cfg(test)]
mod tests;
