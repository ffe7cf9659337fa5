//! The ids that an import may already have seen.

use crate::model::{EventId, IncidentId};

/// An id that no two records may share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Id {
    Event(EventId),
    Incident(IncidentId),
    /// The number of an incident.
    Number(u64),
}

impl Id {
    /// Returns a value that ids of one kind do not share. A number has the high bits that no UUID of
    /// this century has.
    fn value(self) -> u128 {
        match self {
            Self::Event(id) => u128::from_be_bytes(*id.as_bytes()),
            Self::Incident(id) => u128::from_be_bytes(*id.as_bytes()),
            Self::Number(number) => u128::from(number) | (u128::from(u64::MAX) << 64),
        }
    }
}

/// The greatest ids of a store.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Greatest {
    pub event: Option<[u8; 16]>,
    pub incident: Option<[u8; 16]>,
    pub number: u64,
}

/// Tells which ids may exist already, in a fixed amount of memory: by a Bloom filter for the ids that
/// were added, and by the greatest ids for those of the store, as ids grow with time.
pub(super) struct SeenIds {
    bits: Vec<u64>,
    greatest: Greatest,
}

impl SeenIds {
    /// 2^26 bits are 8 MiB. After five million events, one in 200 new ids is a false positive,
    /// which costs a needless query.
    const BITS: u64 = 1 << 26;

    /// Returns the filter for a store with these greatest ids.
    pub(super) fn new(greatest: Greatest) -> Self {
        let bits = vec![0; usize::try_from(Self::BITS / 64).unwrap_or(0)];
        Self { bits, greatest }
    }

    /// Forgets the greatest ids of the store, because all its ids were added.
    pub(super) fn forget_greatest(&mut self) {
        self.greatest = Greatest::default();
    }

    /// Returns whether the id may exist already, and adds it.
    pub(super) fn test_and_insert(&mut self, id: Id) -> bool {
        let value = id.value();
        let mix = |seed: u128| {
            let product = (value ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
            u64::try_from(product >> 70).unwrap_or(0)
                ^ u64::try_from((product << 6) >> 102).unwrap_or(0)
        };
        let mut all = true;
        for seed in [0, 0x5bd1_e995_0000_0000_1b87_3593, 0x0cc9_e2d5_1000_0000_0000_0001] {
            let bit = mix(seed) % Self::BITS;
            let word = usize::try_from(bit / 64).unwrap_or(0);
            let mask = 1 << (bit % 64);
            all &= self.bits[word] & mask != 0;
            self.bits[word] |= mask;
        }
        all || self.is_within_greatest(id)
    }

    fn is_within_greatest(&self, id: Id) -> bool {
        let Greatest { event, incident, number } = self.greatest;
        match id {
            Id::Event(id) => event.is_some_and(|greatest| *id.as_bytes() <= greatest),
            Id::Incident(id) => incident.is_some_and(|greatest| *id.as_bytes() <= greatest),
            Id::Number(other) => other <= number,
        }
    }
}
