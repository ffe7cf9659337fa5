//! Engines over weeks that pass in seconds: nothing is lost, done twice or done too late.
//!
//! `REDPHONE_ENGINE_SEEDS` sets how many weeks (2), `REDPHONE_ENGINE_SEED` runs the one of a seed.

mod clock;
mod laws;
mod outside;
mod week;

use rstest::rstest;

use self::week::Week;
use crate::support::sample::{Sample, number};

#[rstest]
#[case::one_program(1)]
#[case::three_programs(3)]
fn nothing_is_lost_doubled_or_late_in_any_week(#[case] engines: usize) {
    let seeds: Vec<u64> = match number("REDPHONE_ENGINE_SEED") {
        Some(seed) => vec![seed],
        None => Sample::new("REDPHONE_ENGINE_SEEDS", 2).rounds(1).collect(),
    };
    for seed in seeds {
        println!("REDPHONE_ENGINE_SEED={seed} with {engines} engines");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { Week::run(seed, engines).await.check() });
    }
}
