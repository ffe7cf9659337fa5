//! The states of commands, as the column `state` holds them.

/// The state of a stored command. Its number is stored, and statements of this folder write it as
/// a literal: numbers never change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i64)]
pub(super) enum StoredState {
    /// The remote has not answered yet.
    Pending = 0,
    /// The command was carried out.
    Sent = 1,
    /// The command was refused.
    Refused = 2,
}

impl StoredState {
    /// Returns the number that is stored.
    pub(super) fn to_stored(self) -> i64 {
        self as i64
    }

    /// Returns the state with a stored number; `None` if no version known here wrote it.
    pub(super) fn from_stored(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::Pending),
            1 => Some(Self::Sent),
            2 => Some(Self::Refused),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_states_have_their_numbers() {
        let states = [StoredState::Pending, StoredState::Sent, StoredState::Refused];
        assert_eq!(states.map(StoredState::to_stored), [0, 1, 2]);
        assert_eq!([0, 1, 2].map(StoredState::from_stored), states.map(Some));
        assert_eq!(StoredState::from_stored(3), None);
    }
}
