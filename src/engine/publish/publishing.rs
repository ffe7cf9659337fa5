//! A page on its way to another system.

use std::collections::HashMap;
use std::time::Duration;

use super::settings::NamedPublisher;
use crate::backend::PublicationRecord;
use crate::engine::parts::Parts;
use crate::model::status_page::StatusPage;

/// The pause after a request that changes something: one system accepts at most one request per
/// second.
const PAUSE: Duration = Duration::from_millis(1100);

/// The records of a system by their names.
pub(super) type Records = HashMap<String, PublicationRecord>;

/// A page that is published in a system.
#[derive(Clone, Copy)]
pub(super) struct Publishing<'a> {
    pub(super) engine: &'a Parts,
    pub(super) system: &'a NamedPublisher,
    pub(super) page: &'a StatusPage,
    /// How the names of its records begin.
    pub(super) name: &'a str,
}

impl Publishing<'_> {
    /// Waits until the system accepts one more request.
    pub(super) async fn pause(self) {
        self.engine.clock.sleep(PAUSE).await;
    }
}
