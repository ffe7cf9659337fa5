//! The ids that an import may have seen already.

/// Tells which ids may exist already, in a fixed amount of memory: by a Bloom filter for the ids of
/// this import, and by the greatest id for those of the store, as ids grow with time.
pub(super) struct SeenIds {
    bits: Vec<u64>,
    pub(super) greatest_event: Option<[u8; 16]>,
    pub(super) greatest_incident: Option<[u8; 16]>,
}

impl SeenIds {
    /// 2^26 bits are 8 MiB. After five million events, one in 200 new ids is a false positive,
    /// which costs a needless query.
    const BITS: u64 = 1 << 26;

    /// Returns the filter for a store with these greatest ids.
    pub(super) fn new(
        greatest_event: Option<[u8; 16]>,
        greatest_incident: Option<[u8; 16]>,
    ) -> Self {
        let bits = vec![0; usize::try_from(Self::BITS / 64).unwrap_or(0)];
        Self { bits, greatest_event, greatest_incident }
    }

    /// Returns whether the id may exist already, and adds it.
    pub(super) fn test_and_insert(&mut self, id: &[u8; 16], greatest: Option<[u8; 16]>) -> bool {
        let value = u128::from_be_bytes(*id);
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
        all || greatest.is_some_and(|greatest| *id <= greatest)
    }
}
