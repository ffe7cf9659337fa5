//! Bounds of slow checks.

use std::time::{Duration, Instant, SystemTime};

/// The rounds of a slow check: a number of them, and no more than fit into a time.
#[derive(Clone, Copy)]
pub struct Sample {
    rounds: u64,
    deadline: Option<Instant>,
}

impl Sample {
    /// Reads the number of rounds from an environment variable; `usual` if it is not set.
    /// `REDPHONE_SLOW_S` limits the time in seconds; without it there is no limit.
    pub fn new(variable: &str, usual: u64) -> Self {
        let seconds = number("REDPHONE_SLOW_S");
        let deadline = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
        Self { rounds: number(variable).unwrap_or(usual), deadline }
    }

    /// Returns the number of rounds, if time allows.
    pub fn size(&self) -> u64 {
        self.rounds
    }

    /// Returns whether the time is up.
    pub fn is_expired(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// Counts the rounds from 0. Stops when the time is up, but not before `least` rounds.
    pub fn rounds(self, least: u64) -> impl Iterator<Item = u64> {
        (0..self.rounds).take_while(move |round| *round < least || !self.is_expired())
    }
}

/// Returns the number that an environment variable holds.
pub fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Returns the seed of random numbers: `REDPHONE_SEED`, else another one in each run.
pub fn seed() -> u64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    number("REDPHONE_SEED").unwrap_or_else(|| since_epoch.expect("a clock").as_secs())
}
