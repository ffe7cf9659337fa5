//! Settings of publications.

use std::sync::Arc;

use crate::model::report_rule::ReportRule;
use crate::model::status_page::StatusPageSettings;
use crate::outbound::publisher::Publisher;
use crate::outbound::site::SharedSite;

/// A system to which public updates are published, by its name in the settings.
#[derive(Clone)]
pub struct NamedPublisher {
    /// The name.
    pub name: String,
    /// The publisher for the system.
    pub publisher: Arc<dyn Publisher>,
}

/// The publications of an engine, and their targets.
#[derive(Clone, Default)]
pub struct PublishSettings {
    /// The status page; `None` without one.
    pub status_page: Option<StatusPageSettings>,
    /// The systems to which public updates are published.
    pub publishers: Vec<NamedPublisher>,
    /// The reports on a timer.
    pub reports: Arc<Vec<ReportRule>>,
    /// The handles of everybody who is a stakeholder.
    pub stakeholders: Arc<Vec<String>>,
    /// From where a server in this process serves the page.
    pub shared: SharedSite,
}

impl PublishSettings {
    /// Returns the settings of the page whose updates are published; `None` if nothing is
    /// published.
    #[must_use]
    pub fn page(&self) -> Option<StatusPageSettings> {
        match &self.status_page {
            Some(page) => Some(page.clone()),
            None => (!self.publishers.is_empty()).then(StatusPageSettings::default),
        }
    }
}
