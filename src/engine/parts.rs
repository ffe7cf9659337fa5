//! What the parts of an engine work on.

use std::sync::Arc;

use tokio::sync::watch;

use super::clock::Clock;
use super::decisions::Decisions;
use super::settings::EngineSettings;
use crate::backend::{Backend, Ledger};

/// The store, the clock and the settings of an engine.
pub(super) struct Parts {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) ledger: Arc<dyn Ledger>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: watch::Sender<EngineSettings>,
    /// Whether alerts arrive in this process.
    pub(super) receives_alerts: bool,
    pub(super) decisions: Arc<dyn Decisions>,
}

/// Waits until the engine is to stop.
pub(super) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that whoever runs the engine is gone, which stops it too.
    let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
}
