//! The shared resources of an engine's parts.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use tokio::sync::watch;

use super::clock::Clock;
use super::decisions::Decisions;
use super::settings::EngineSettings;
use crate::backend::{Backend, BackendError, Ledger};

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

impl Parts {
    /// Returns the settings with the contacts that people have set themselves.
    ///
    /// If those can't be read at all, people are still reached over the contacts of the settings.
    pub(super) async fn with_stored(
        &self,
        settings: &EngineSettings,
    ) -> Result<EngineSettings, BackendError> {
        let stored = match self.ledger.stored_contacts().await {
            Ok(stored) => stored,
            Err(error) if error.is_temporary() => return Err(error),
            Err(error) => {
                tracing::error!(%error, "contacts that people have set themselves can't be read");
                return Ok(settings.clone());
            }
        };
        if stored.is_empty() {
            return Ok(settings.clone());
        }
        let contacts = Arc::new(settings.contacts.merged_with(&stored));
        Ok(EngineSettings { contacts, ..settings.clone() })
    }
}

/// Waits until the engine should stop.
pub(super) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the owner of the engine has ended, which stops it too.
    let _ = stopping.wait_for(|is_stopping| *is_stopping).await;
}

/// Runs a part until the engine should stop.
pub(super) async fn until_stopped(
    stopping: watch::Receiver<bool>,
    part: impl Future<Output = Infallible>,
) {
    tokio::select! {
        () = stopped(stopping) => {}
        never = part => match never {},
    }
}

/// Waits until the settings of the engine change.
pub(super) async fn settings_changed(settings: &mut watch::Receiver<EngineSettings>) {
    // An error means that the owner of the engine has ended, which ends its parts as well.
    if settings.changed().await.is_err() {
        pending::<()>().await;
    }
}
