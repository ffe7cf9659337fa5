//! The identity of the token: the person to whom it belongs according to the remote. The token may
//! be replaced by another person's, and a command that one person requested is not sent as another.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::backend::Capabilities;

/// The person to whom the current token belongs, as far as known.
pub(super) struct TokenIdentity {
    state: Mutex<IdentityState>,
    /// Counts the changes of the token; `None` if it can't change.
    token_changes: Option<watch::Receiver<u64>>,
}

struct IdentityState {
    /// The person's handle as the remote reported it last; `None` if it never did, or if it trusts
    /// the actor that a command names.
    handle: Option<String>,
    /// The revision of the token, within this process, for which the remote reported that.
    token_revision: Option<u64>,
}

impl TokenIdentity {
    /// Creates it from the data that an earlier process has cached.
    pub(super) fn new(
        cached: Option<Capabilities>,
        token_changes: Option<watch::Receiver<u64>>,
    ) -> Self {
        let handle = cached.and_then(|capabilities| capabilities.me).map(|me| me.handle);
        Self { state: Mutex::new(IdentityState { handle, token_revision: None }), token_changes }
    }

    fn state(&self) -> MutexGuard<'_, IdentityState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the revision of the token: it changes whenever the token does.
    pub(super) fn token_revision(&self) -> u64 {
        self.token_changes.as_ref().map_or(0, |changes| *changes.borrow())
    }

    /// Returns the person's handle, if it is known.
    pub(super) fn handle(&self) -> Option<String> {
        self.state().handle.clone()
    }

    /// Returns whether the remote has reported the identity of the current token.
    pub(super) fn is_verified(&self) -> bool {
        self.state().token_revision == Some(self.token_revision())
    }

    /// Returns whether the token or the store has changed since this process began, without a new
    /// request to the remote.
    pub(super) fn has_changed(&self) -> bool {
        self.token_revision() != 0 && !self.is_verified()
    }

    /// Records the remote's report about a revision of the token. Returns whether the handle has
    /// changed.
    pub(super) fn record(&self, revision: u64, handle: Option<String>) -> bool {
        let mut state = self.state();
        state.token_revision = Some(revision);
        let is_new = state.handle != handle;
        state.handle = handle;
        is_new
    }

    /// Waits until the token changes, which is forever if it can't.
    pub(super) async fn wait_for_token_change(token_changes: &mut Option<watch::Receiver<u64>>) {
        let changed = match token_changes {
            Some(token_changes) => token_changes.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            std::future::pending::<()>().await;
        }
    }

    /// Returns a receiver that changes with the token.
    pub(super) fn token_changes(&self) -> Option<watch::Receiver<u64>> {
        self.token_changes.clone()
    }
}
