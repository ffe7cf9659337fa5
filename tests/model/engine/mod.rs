//! Engines over weeks that pass in seconds: nothing is lost, done twice or done too late.
//!
//! `REDPHONE_ENGINE_SEEDS` sets how many weeks (2), `REDPHONE_ENGINE_SEED` runs the one of a seed.

mod clock;
mod expiry;
mod laws;
mod outside;
mod signals;
mod week;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rstest::rstest;

use self::week::Week;
use crate::support::memory::ledger::Fault;
use crate::support::sample::{Sample, number};

fn run(seed: u64, engines: usize, days: i64, fault: Option<Fault>) -> Week {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(Week::run(seed, engines, days, fault))
}

#[rstest]
#[case::one_program(1)]
#[case::three_programs(3)]
fn nothing_is_lost_doubled_or_late_in_any_week(#[case] engines: usize) {
    let seeds: Box<dyn Iterator<Item = u64>> = match number("REDPHONE_ENGINE_SEED") {
        Some(seed) => Box::new(std::iter::once(seed)),
        None => Box::new(Sample::new("REDPHONE_ENGINE_SEEDS", 2).rounds(1)),
    };
    for seed in seeds {
        println!("REDPHONE_ENGINE_SEED={seed} with {engines} engines");
        run(seed, engines, 7, None).check();
    }
}

#[rstest]
#[case(Fault::IgnoresEnd, Week::check_messages)]
#[case(Fault::IgnoresHold, Week::check_messages)]
#[case(Fault::SkipsUnreachable, Week::check_plans)]
#[case(Fault::LosesPlans, Week::check_plans)]
#[case(Fault::WaitsForSlowChannel, Week::check_delays)]
#[case(Fault::ReleasesNothing, Week::check_ends)]
fn faults_of_a_ledger_are_found(#[case] fault: Fault, #[case] law: fn(&Week)) {
    let is_found = |seed| {
        let week = run(seed, 2, 2, Some(fault));
        catch_unwind(AssertUnwindSafe(|| law(&week))).is_err()
    };
    assert!((0..32).any(is_found), "no law finds {fault:?}");
}
