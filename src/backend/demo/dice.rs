//! Chance, the same for the same seed.

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::{Builder, Uuid};

/// What a stream of random numbers is for; streams of different use never meet.
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

/// A source of chance.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub fn new(seed: u64, stream: Stream) -> Self {
        Self::with_index(seed, stream, 0)
    }

    /// The source of the `index`-th of many things.
    pub fn with_index(seed: u64, stream: Stream, index: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream((index << 8) | stream as u64);
        Self(rng)
    }

    /// From 0 up to but not including 1.
    pub fn unit(&mut self) -> f64 {
        self.0.random::<f64>()
    }

    pub fn chance(&mut self, share: f64) -> bool {
        self.unit() < share
    }

    /// A whole number of [from, to].
    pub fn between(&mut self, from: i64, to: i64) -> i64 {
        self.0.random_range(from..=to.max(from))
    }

    /// A position in a list of that length, above 0.
    pub fn index(&mut self, length: usize) -> usize {
        self.0.random_range(0..length.max(1))
    }

    /// One of a list that is not empty.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.index(list.len())]
    }

    /// One of some words.
    pub fn pick_text(&mut self, list: &[&'static str]) -> &'static str {
        self.pick::<&'static str>(list)
    }

    /// A position, by weights that are not all 0.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let sum: u32 = weights.iter().sum();
        let mut left = self.0.random_range(0..sum.max(1));
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    /// Seconds around a median, with a long tail as times of people have: about one in six is
    /// longer than `median × e^spread`.
    pub fn log_normal(&mut self, median_s: f64, spread: f64) -> f64 {
        // Four uniform numbers add up to nearly a normal one, of variance 1/3.
        let sum: f64 = (0..4).map(|_| self.unit()).sum();
        median_s * ((sum - 2.0) * 1.732 * spread).exp()
    }

    /// An id as a machine would have made it at that time (UUID v7).
    pub fn uuid_at(&mut self, at: DateTime<Utc>) -> Uuid {
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        let random: [u8; 10] = self.0.random();
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}

/// A span of so many seconds, to the millisecond.
pub(super) fn seconds(s: f64) -> TimeDelta {
    // A span of the simulated history is far below 2^53 milliseconds.
    #[allow(clippy::cast_possible_truncation, reason = "out of range saturates")]
    let millis = (s * 1000.0) as i64;
    TimeDelta::milliseconds(millis)
}
