//! Settings of publications: the status page, the systems that it is published to, and scheduled
//! reports.

use std::collections::BTreeMap;

use reqwest::Url;

use crate::backend::http::TokenSource;
use crate::model::report_rule::ReportRule;
use crate::model::status_page::StatusPageSettings;
use crate::outbound::publisher::PublisherKind;

/// The publications, and their targets.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PublishingSettings {
    /// The status page; `None` without one.
    pub status_page: Option<StatusPageSettings>,
    /// The systems to which public updates are published.
    pub publishers: Vec<PublisherSettings>,
    /// The reports on a timer.
    pub reports: Vec<ReportRule>,
}

/// A system to which public updates are published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublisherSettings {
    /// The name in the settings.
    pub name: String,
    /// The kind of system.
    pub kind: PublisherKind,
    /// The base URL of its API; `None` for the one that the kind has.
    pub url: Option<Url>,
    /// The id of the page in the system, if it has several.
    pub page: Option<String>,
    /// The source of its secret.
    pub secret: TokenSource,
    /// The ids of the components in the system, by the names of services.
    pub components: BTreeMap<String, String>,
    /// Whether the subscribers of the page are notified.
    pub notify: bool,
}
