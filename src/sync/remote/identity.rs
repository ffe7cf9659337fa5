//! The identity of the token: the person that the remote takes its holder for. The token may be
//! replaced by one of somebody else, and a command that one person requested is not sent as
//! another.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::Utc;
use tokio::sync::watch;

use super::Shared;
use crate::backend::{BackendError, Capabilities};

/// The person that the current token belongs to, as far as that is known.
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
    /// Begins with what an earlier process has cached.
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

    fn token_revision(&self) -> u64 {
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

impl Shared {
    /// Requests the remote's capabilities, and with them the identity of the token.
    pub(super) async fn request_capabilities(&self) -> Result<Capabilities, BackendError> {
        let revision = self.identity.token_revision();
        let capabilities = self.backend.capabilities().await?;
        // If the token changed meanwhile, it is unknown which one the response is about.
        if self.identity.token_revision() == revision {
            let handle = capabilities.me.as_ref().map(|me| me.handle.clone());
            let is_new = {
                let mut state = self.identity.state();
                state.token_revision = Some(revision);
                std::mem::replace(&mut state.handle, handle.clone()) != handle
            };
            if is_new && let Err(error) = self.refresh_and_wake().await {
                tracing::warn!(%error, "looking at the outbox");
            }
        }
        Ok(capabilities)
    }

    /// Verifies the identity of the token with the remote. An error of this request must not decide
    /// about a command, so every error is returned as a temporary one.
    pub(super) async fn verify(&self) -> Result<(), BackendError> {
        let number = self.cache.start_request();
        let response = self.request_capabilities().await;
        self.record_reachability(&response);
        match response {
            Ok(capabilities) => {
                self.cache.put_fact("capabilities", number, &capabilities, Utc::now()).await;
                Ok(())
            }
            Err(error) if error.is_temporary() => Err(error),
            Err(error) => Err(BackendError::unreachable(error)),
        }
    }
}
