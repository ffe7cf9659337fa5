//! Whom the remote takes the asker for. That follows from the token, which may be changed for one of
//! somebody else: what was asked by one person is not sent as another.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::Utc;
use tokio::sync::watch;

use super::Shared;
use crate::backend::{BackendError, Capabilities};

/// What is known of it.
pub(super) struct TokenIdentity {
    state: Mutex<IdentityState>,
    /// Counts how often the token was changed; `None` where there is none that could be.
    token_changes: Option<watch::Receiver<u64>>,
}

struct IdentityState {
    /// The person's handle, as the remote said last; `None` where it never did, and where it believes
    /// what a command says.
    handle: Option<String>,
    /// With which token of this process it said so.
    token_revision: Option<u64>,
}

impl TokenIdentity {
    /// As an earlier process has learnt it.
    pub(super) fn new(kept: Option<Capabilities>, tokens: Option<watch::Receiver<u64>>) -> Self {
        let handle = kept.and_then(|known| known.me).map(|me| me.handle);
        Self {
            state: Mutex::new(IdentityState { handle, token_revision: None }),
            token_changes: tokens,
        }
    }

    fn state(&self) -> MutexGuard<'_, IdentityState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token_revision(&self) -> u64 {
        self.token_changes.as_ref().map_or(0, |tokens| *tokens.borrow())
    }

    /// The person's handle, as far as it is known.
    pub(super) fn handle(&self) -> Option<String> {
        self.state().handle.clone()
    }

    /// Whether the remote has said so of the present token.
    pub(super) fn is_verified(&self) -> bool {
        self.state().token_revision == Some(self.token_revision())
    }

    /// The token was changed. Never where it can't be.
    pub(super) async fn wait_for_token_change(tokens: &mut Option<watch::Receiver<u64>>) {
        let changed = match tokens {
            Some(tokens) => tokens.changed().await.is_ok(),
            None => false,
        };
        if !changed {
            std::future::pending::<()>().await;
        }
    }

    /// For whoever waits for a change.
    pub(super) fn token_changes(&self) -> Option<watch::Receiver<u64>> {
        self.token_changes.clone()
    }
}

impl Shared {
    /// Asks the remote what it can do, and learns whom it takes the asker for.
    pub(super) async fn request_capabilities(&self) -> Result<Capabilities, BackendError> {
        let token = self.identity.token_revision();
        let capabilities = self.backend.capabilities().await?;
        // Where the token was changed meanwhile, nobody knows of which one this was said.
        if self.identity.token_revision() == token {
            let handle = capabilities.me.as_ref().map(|me| me.handle.clone());
            let is_new = {
                let mut known = self.identity.state();
                known.token_revision = Some(token);
                std::mem::replace(&mut known.handle, handle.clone()) != handle
            };
            if is_new && let Err(error) = self.refresh_and_wake().await {
                tracing::warn!(%error, "looking at the outbox");
            }
        }
        Ok(capabilities)
    }

    /// Makes sure of whom the remote takes the asker for. Whatever it answers to that decides about no
    /// command.
    pub(super) async fn verify(&self) -> Result<(), BackendError> {
        let answer = self.request_capabilities().await;
        self.record_reachability(&answer);
        match answer {
            Ok(capabilities) => {
                self.cache.put_fact("capabilities", &capabilities, Utc::now()).await;
                Ok(())
            }
            Err(error) if error.is_temporary() => Err(error),
            Err(error) => Err(BackendError::Unreachable(error.to_string())),
        }
    }
}
