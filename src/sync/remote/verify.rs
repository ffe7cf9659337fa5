//! Verifies with the remote whose token is in use, and which store the remote has.

use std::sync::atomic::Ordering;

use chrono::Utc;

use super::Shared;
use super::about::StoreChange;
use super::outbox::Import;
use crate::backend::{BackendError, Capabilities};

/// How often the capabilities are requested again because the token or the store changed meanwhile.
const MAX_REQUESTS: usize = 3;

impl Shared {
    /// Requests the remote's capabilities, and with them the identity of the token and the store.
    pub(super) async fn request_capabilities(&self) -> Result<Capabilities, BackendError> {
        let mut revision = self.identity.token_revision();
        let mut capabilities = self.backend.capabilities().await?;
        for _ in 1..MAX_REQUESTS {
            if self.identity.token_revision() == revision {
                break;
            }
            // It is unknown which token or store the response is about.
            revision = self.identity.token_revision();
            capabilities = self.backend.capabilities().await?;
        }
        if self.identity.token_revision() == revision {
            let has_changed = self.record_store(&capabilities).await;
            let handle = capabilities.me.as_ref().map(|me| me.handle.clone());
            if let Some(handle) = &handle {
                self.claim_own_commands(handle).await;
            }
            if (self.identity.record(revision, handle) || has_changed)
                && let Err(error) = self.refresh_and_wake().await
            {
                tracing::warn!(%error, "looking at the outbox");
            }
        }
        self.remember_mark().await;
        Ok(capabilities)
    }

    /// Records which store the remote has. What is cached of another one, or of one that was put
    /// back since, is dropped. Returns whether something has changed.
    async fn record_store(&self, capabilities: &Capabilities) -> bool {
        let Some(info) = &capabilities.store else { return false };
        match self.outbox.record_store(info).await {
            Ok(StoreChange::None) => false,
            Ok(change) => {
                tracing::warn!(?change, "the store of the remote");
                self.cache.clear().await;
                true
            }
            Err(error) => {
                tracing::warn!(%error, "which store the remote has is not kept");
                false
            }
        }
    }

    /// Records that commands pending under the current token were requested by its person, and
    /// moves here those that this person requested under other tokens.
    async fn claim_own_commands(&self, handle: &str) {
        if let Some(token) = self.backend.token_id()
            && let Err(error) = self.outbox.record_requester(&token, handle).await
        {
            tracing::warn!(%error, "whose the commands are is not kept");
        }
        if self.has_claimed.swap(true, Ordering::Relaxed) {
            return;
        }
        for file in &self.siblings {
            match self.outbox.import(file, Import::Requester(handle)).await {
                Ok(_) => {}
                Err(error) => tracing::warn!(file = %file.display(), %error, "another outbox"),
            }
        }
        if !self.siblings.is_empty()
            && let Err(error) = self.refresh_and_wake().await
        {
            tracing::warn!(%error, "looking at the outbox");
        }
    }

    /// Stores the highest position of the store that this machine was given.
    pub(super) async fn remember_mark(&self) {
        if let Some(mark) = self.backend.store_mark().await {
            let number = self.cache.start_request();
            self.cache.put_fact("mark", number, &mark.to_string(), Utc::now()).await;
        }
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
