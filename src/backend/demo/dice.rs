//! Random numbers that are the same for the same seed.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::{Builder, Uuid};

/// The independent streams of random numbers, by their use.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Rhythm = 1,
    Changes = 2,
    Problems = 3,
    Open = 4,
    Background = 5,
    Simulation = 6,
    /// One stream for each episode, by its number.
    Episode = 7,
}

/// A source of random numbers.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64, stream: Stream) -> Self {
        Self::with_index(seed, stream, 0)
    }

    /// Returns the source for the `index`-th of many things.
    pub fn with_index(seed: u64, stream: Stream, index: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream((index << 8) | stream as u64);
        Self(rng)
    }

    /// Returns a number from 0 up to but not including 1.
    pub fn unit(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    /// Returns `true` with the probability `share`.
    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// Returns an integer of the closed interval [from, to].
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        self.0.random_range(from..=to.max(from))
    }

    /// Returns an index into a list of this length, which is greater than 0.
    pub fn index(&mut self, length: usize) -> usize {
        self.0.random_range(0..length.max(1))
    }

    /// Returns one item of a list that is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.index(list.len())]
    }

    /// Returns one of some texts.
    pub fn pick_text<'a>(&mut self, list: &'a [String]) -> &'a str {
        self.pick::<String>(list)
    }

    /// Returns an index with a probability proportional to its weight. Not all weights are 0.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let sum: u32 = weights.iter().sum();
        let mut remaining = self.0.random_range(0..sum.max(1));
        for (index, weight) in weights.iter().enumerate() {
            if remaining < *weight {
                return index;
            }
            remaining -= weight;
        }
        0
    }

    /// Returns a duration in seconds with about a log-normal distribution, which has the long tail
    /// of human response times: about one in six is longer than `median × e^spread`.
    pub fn log_normal(&mut self, median_s: f64, spread: f64) -> f64 {
        // The sum of four uniform numbers has nearly a normal distribution, with variance 1/3.
        let sum: f64 = (0..4).map(|_| self.unit()).sum();
        median_s * ((sum - 2.0) * 1.732 * spread).exp()
    }

    /// Returns an id as it would have been created at that time (UUID v7).
    pub fn uuid_at(&mut self, at: DateTime<Utc>) -> Uuid {
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        let random: [u8; 10] = self.0.random();
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

/// Converts seconds to a duration with millisecond precision.
pub(super) fn seconds(s: f64) -> TimeDelta {
    // A duration within the simulated history is far below 2^53 milliseconds.
    #[allow(clippy::cast_possible_truncation, reason = "out of range saturates")]
    let millis = (s * 1000.0) as i64;
    TimeDelta::milliseconds(millis)
}
