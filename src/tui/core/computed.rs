//! Values that are computed from the state when they are needed, and only if something has changed
//! that they depend on.
//!
//! A value is stored with its inputs: all that its computation reads. It is up to date if they equal
//! the present ones. Marks that each change of the state sets would have to be set in a hundred
//! places, and a forgotten one leaves an old screen; the inputs of a computation are listed once,
//! next to it, and a test computes everything a second time to find one that is missing
//! (`tests/tui/layout.rs`).

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::Capabilities;
use crate::model::PersonRef;

use crate::tui::core::zone::Clock;
use crate::tui::theme::Theme;

/// A value and the inputs that it was computed from.
#[derive(Clone, Debug)]
pub struct Computed<I, T> {
    /// `None` until the value is computed for the first time.
    inputs: Option<I>,
    value: T,
}

impl<I, T: Default> Default for Computed<I, T> {
    fn default() -> Self {
        Self { inputs: None, value: T::default() }
    }
}

impl<I: PartialEq, T> Computed<I, T> {
    /// Returns whether the value was computed from these inputs.
    #[must_use]
    pub fn is_current(&self, inputs: &I) -> bool {
        self.inputs.as_ref() == Some(inputs)
    }

    /// Stores a value that was computed from `inputs`.
    pub fn set(&mut self, inputs: I, value: T) {
        *self = Self { inputs: Some(inputs), value };
    }

    /// Lets the value count as outdated, whatever has changed.
    pub fn invalidate(&mut self) {
        self.inputs = None;
    }
}

/// Gives the value as of its last computation.
impl<I, T> Deref for Computed<I, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// The identity of a shared value that never changes: two are equal if they are the same value in
/// memory. That takes no time, however large the value is.
#[derive(Clone)]
pub struct Identity {
    /// Holds the value, so that no other one can have its address.
    value: Arc<dyn Any + Send + Sync>,
}

impl Identity {
    /// Returns the identity of a value.
    #[must_use]
    pub fn new<T: Any + Send + Sync>(value: &Arc<T>) -> Self {
        let value: Arc<T> = Arc::clone(value);
        Self { value }
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.value), Arc::as_ptr(&other.value))
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Identity({:p})", Arc::as_ptr(&self.value))
    }
}

/// The inputs of the lines about an incident and of the prechecks of verbs, besides the incident.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CommonInputs {
    /// The time as of which the panes are drawn. It changes with ticks and with updates, not with
    /// each message.
    pub now: DateTime<Utc>,
    pub clock_correction: TimeDelta,
    pub clock: Clock,
    pub theme: Theme,
    pub me: PersonRef,
    pub read_only: bool,
    pub keymap: Identity,
    pub rules: Identity,
    pub settings: Identity,
    pub capabilities: Option<Capabilities>,
    pub directory: Option<Identity>,
    /// The runbooks of the folder, if it could be read.
    pub runbooks: Option<Identity>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_current_for_its_own_inputs_only() {
        let mut computed: Computed<u8, &str> = Computed::default();
        assert!(!computed.is_current(&1));
        computed.set(1, "one");
        assert!(computed.is_current(&1) && !computed.is_current(&2));
        assert_eq!(*computed, "one");
        computed.invalidate();
        assert!(!computed.is_current(&1));
        assert_eq!(*computed, "one");
    }

    #[test]
    fn equal_values_have_different_identities() {
        let (one, other) = (Arc::new(7), Arc::new(7));
        assert_eq!(Identity::new(&one), Identity::new(&Arc::clone(&one)));
        assert_ne!(Identity::new(&one), Identity::new(&other));
    }
}
