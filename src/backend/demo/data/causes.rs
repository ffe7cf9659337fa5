//! The types of `causes.toml`: findings, actions and lessons of responders, by cause.

use serde::Deserialize;

use crate::model::change::ChangeKind;
use crate::model::status::ResolutionAction;

/// The causes of a fault. The cause decides the findings and the actions, and whether a change
/// preceded the incident.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
pub(in crate::backend::demo) enum Cause {
    /// A release of new code.
    Deploy,
    /// A setting that was changed.
    Config,
    /// A change of data or schema.
    Migration,
    /// More load than capacity.
    Capacity,
    /// A resource leak that grows until a restart.
    Leak,
    /// A machine, a disk or a network link.
    Hardware,
    /// A service on which it depends.
    Dependency,
    /// A failure of an external supplier.
    Supplier,
    /// An expired certificate, key or token.
    Expiry,
    /// An attack on the service.
    Abuse,
    /// Unexpected data.
    Data,
    /// A slow query or a lock.
    Query,
}

/// The content of `causes.toml`: the templates for each cause.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Causes {
    deploy: CauseTemplates,
    config: CauseTemplates,
    migration: CauseTemplates,
    capacity: CauseTemplates,
    leak: CauseTemplates,
    hardware: CauseTemplates,
    dependency: CauseTemplates,
    supplier: CauseTemplates,
    expiry: CauseTemplates,
    abuse: CauseTemplates,
    data: CauseTemplates,
    query: CauseTemplates,
}

/// The templates for incidents with one cause.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct CauseTemplates {
    /// Notes that name the cause.
    pub found: Vec<String>,
    /// The actions that resolved the incident.
    pub fixes: Vec<Fix>,
    /// The changes that have this cause; `None` if no change has.
    pub change: Option<ChangeTemplates>,
    /// The title of the problem if the cause recurs.
    pub problem: String,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct Fix {
    pub action: ResolutionAction,
    pub text: String,
}

/// The kind of change that leads to a cause, with its titles.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(in crate::backend::demo) struct ChangeTemplates {
    pub kind: ChangeKind,
    pub titles: Vec<String>,
}

impl Causes {
    /// Returns the templates for a cause.
    pub fn templates(&self, cause: Cause) -> &CauseTemplates {
        match cause {
            Cause::Deploy => &self.deploy,
            Cause::Config => &self.config,
            Cause::Migration => &self.migration,
            Cause::Capacity => &self.capacity,
            Cause::Leak => &self.leak,
            Cause::Hardware => &self.hardware,
            Cause::Dependency => &self.dependency,
            Cause::Supplier => &self.supplier,
            Cause::Expiry => &self.expiry,
            Cause::Abuse => &self.abuse,
            Cause::Data => &self.data,
            Cause::Query => &self.query,
        }
    }

    /// Returns the templates of all causes, with the names of these.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &CauseTemplates)> {
        [
            ("deploy", &self.deploy),
            ("config", &self.config),
            ("migration", &self.migration),
            ("capacity", &self.capacity),
            ("leak", &self.leak),
            ("hardware", &self.hardware),
            ("dependency", &self.dependency),
            ("supplier", &self.supplier),
            ("expiry", &self.expiry),
            ("abuse", &self.abuse),
            ("data", &self.data),
            ("query", &self.query),
        ]
        .into_iter()
    }
}
