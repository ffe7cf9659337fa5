//! The meanings of a tracker's states.

use std::collections::BTreeMap;

use crate::model::follow_up::FollowUpState;

/// The settings for names of states and labels.
#[derive(Clone, Debug, Default)]
pub(super) struct States(BTreeMap<String, FollowUpState>);

impl States {
    /// Creates the mapping; names are compared in lower case.
    pub(super) fn new(states: &BTreeMap<String, FollowUpState>) -> Self {
        Self(states.iter().map(|(name, state)| (name.to_lowercase(), *state)).collect())
    }

    /// Returns the state for one of the names, otherwise `otherwise`.
    pub(super) fn of<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
        otherwise: FollowUpState,
    ) -> FollowUpState {
        let mut found = names.into_iter().filter_map(|name| self.0.get(&name.to_lowercase()));
        found.next().copied().unwrap_or(otherwise)
    }
}
