//! Parts of the engine that work in turns, each of which ends by waiting for a change of the store.

use std::convert::Infallible;

use super::backoff::Backoff;
use super::parts::{Parts, settings_changed};
use super::settings::EngineSettings;
use crate::backend::BackendError;

/// A part of the engine that works in turns as long as the settings give it something to do.
pub(super) trait Turns {
    /// The description of the work in the log while it waits for the store.
    const PURPOSE: &'static str;

    /// Returns whether the settings give it something to do.
    fn is_wanted(settings: &EngineSettings) -> bool;

    /// Drops everything that was read, as the settings give it nothing to do.
    fn reset(&mut self);

    /// Records that other settings are in effect, which may change the due times.
    fn reconsider(&mut self);

    /// Does due work, then waits for a change of the store or for the next due time.
    fn turn(
        &mut self,
        settings: &EngineSettings,
    ) -> impl Future<Output = Result<(), BackendError>> + Send;
}

/// Runs a part until this is dropped.
pub(super) async fn run<P: Turns>(mut part: P, engine: &Parts) -> Infallible {
    let mut settings = engine.settings.subscribe();
    let mut backoff = Backoff::default();
    loop {
        let current = settings.borrow_and_update().clone();
        if !P::is_wanted(&current) {
            part.reset();
            settings_changed(&mut settings).await;
            continue;
        }
        let turn = tokio::select! {
            turn = part.turn(&current) => turn,
            _ = settings.changed() => {
                part.reconsider();
                continue;
            }
        };
        match turn {
            Ok(()) => backoff.reset(),
            Err(error) => {
                let wait = backoff.wait_after(&error, P::PURPOSE);
                engine.clock.sleep(wait).await;
            }
        }
    }
}
