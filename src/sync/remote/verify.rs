//! Verifies with the remote whose token is in use.

use chrono::Utc;

use super::Shared;
use crate::backend::{BackendError, Capabilities};

impl Shared {
    /// Requests the remote's capabilities, and with them the identity of the token.
    pub(super) async fn request_capabilities(&self) -> Result<Capabilities, BackendError> {
        let revision = self.identity.token_revision();
        let capabilities = self.backend.capabilities().await?;
        // If the token changed meanwhile, it is unknown which one the response is about.
        if self.identity.token_revision() == revision {
            let handle = capabilities.me.as_ref().map(|me| me.handle.clone());
            if self.identity.record(revision, handle)
                && let Err(error) = self.refresh_and_wake().await
            {
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
