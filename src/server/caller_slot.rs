//! What is found out about the caller while a request is handled, for the log and for the headers of the
//! response.

use std::sync::{Arc, OnceLock};

use super::denials::Denial;
use super::scope::Permission;
use super::tokens::{RateState, RegisteredToken};
use crate::model::command::CommandKind;
use crate::model::text::SafeText;

/// Request extension in which the authentication records the caller.
#[derive(Clone, Debug, Default)]
pub(super) struct CallerSlot(Arc<CallerState>);

#[derive(Debug, Default)]
struct CallerState {
    token: OnceLock<Arc<RegisteredToken>>,
    denial: OnceLock<Denial>,
    rate: OnceLock<RateState>,
    commands: OnceLock<String>,
}

impl CallerSlot {
    /// Records the caller's token.
    pub(super) fn set(&self, token: &Arc<RegisteredToken>) {
        // Each request is authenticated once, so the slot is empty.
        self.0.token.set(Arc::clone(token)).ok();
    }

    /// Records why the request is not authenticated.
    pub(super) fn set_denial(&self, denial: Denial) {
        self.0.denial.set(denial).ok();
    }

    /// Records the remaining requests of the rate limit.
    pub(super) fn set_rate(&self, rate: RateState) {
        self.0.rate.set(rate).ok();
    }

    /// Records which kinds of commands the request has.
    pub(super) fn set_commands(&self, kinds: impl IntoIterator<Item = CommandKind>) {
        let mut names: Vec<&str> = kinds.into_iter().map(|kind| kind.row().wire_name).collect();
        names.sort_unstable();
        names.dedup();
        self.0.commands.set(names.join(" ")).ok();
    }

    /// Returns whether the caller is authenticated and may read.
    pub(super) fn may_read(&self) -> bool {
        let token = self.0.token.get();
        token.is_some_and(|registered| registered.token.scope.grants(Permission::Read))
    }

    /// Returns why the request is not authenticated, if it is not.
    pub(super) fn denial(&self) -> Option<Denial> {
        self.0.denial.get().cloned()
    }

    /// Returns whether the caller is authenticated.
    pub(super) fn is_authenticated(&self) -> bool {
        self.0.token.get().is_some()
    }

    /// Returns the remaining requests of the rate limit, if the caller has one.
    pub(super) fn rate(&self) -> Option<RateState> {
        self.0.rate.get().copied()
    }

    /// Returns which kinds of commands the request has, if it has commands.
    pub(super) fn commands(&self) -> Option<&str> {
        self.0.commands.get().map(String::as_str)
    }

    /// Returns the name of the caller's token.
    pub(super) fn token_name(&self) -> Option<SafeText<'static>> {
        self.0.token.get().map(|registered| registered.token.name.clone().into())
    }
}
