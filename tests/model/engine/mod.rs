//! Engines over weeks that pass in seconds: nothing is lost, done twice or done too late.
//!
//! `REDPHONE_ENGINE_SEEDS` sets how many weeks (2), `REDPHONE_ENGINE_SEED` runs the one of a seed.

mod clock;
mod company;
mod demo;
mod expiry;
mod faults;
mod file;
mod laws;
mod notices;
mod outside;
mod self_tests;
mod signals;
mod watches;
mod week;

use std::panic::{AssertUnwindSafe, catch_unwind};

use rstest::rstest;

use self::faults::EngineFault;
use self::week::{Faults, Week};
use crate::support::memory::ledger::Fault;
use crate::support::sample::{Sample, number};

fn run(seed: u64, engines: usize, days: i64, faults: Faults) -> Week {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(Week::run(seed, engines, days, faults))
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
        run(seed, engines, 7, Faults::default()).check();
    }
}

/// The same on a real file: `REDPHONE_LEDGER_SEEDS` sets how many (1), `REDPHONE_LEDGER_DAYS` how long (2).
#[rstest]
#[case::one_program(1)]
#[case::three_programs(3)]
fn nothing_is_lost_doubled_or_late_on_a_file(#[case] engines: usize) {
    let days = number("REDPHONE_LEDGER_DAYS").and_then(|days| i64::try_from(days).ok());
    for seed in Sample::new("REDPHONE_LEDGER_SEEDS", 1).rounds(1) {
        println!("seed {seed} with {engines} engines on a file");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let week = runtime.block_on(Week::run_on_file(seed, engines, days.unwrap_or(2)));
        week.check_on_file();
        let path = week.store.file.as_ref().unwrap().path();
        let report = runtime.block_on(redphone::backend::file::doctor::examine(path)).unwrap();
        assert_eq!(report.findings, []);
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
        let week = run(seed, 2, 2, Faults { ledger: Some(fault), engine: None });
        catch_unwind(AssertUnwindSafe(|| law(&week))).is_err()
    };
    assert!((0..32).any(is_found), "no law finds {fault:?}");
}

#[rstest]
#[case(EngineFault::IgnoresWait, Week::check_steps)]
#[case(EngineFault::ForgetsPaused, Week::check_steps)]
#[case(EngineFault::IgnoresAcknowledgement, Week::check_requests)]
#[case(EngineFault::IgnoresEnd, Week::check_requests)]
#[case(EngineFault::WaitsForSlowChannel, Week::check_delays)]
#[case(EngineFault::SkipsUnreachable, Week::check_plans)]
#[case(EngineFault::WakesForHistory, Week::check_history)]
fn faults_of_an_engine_are_found(#[case] fault: EngineFault, #[case] law: fn(&Week)) {
    let is_found = |seed| {
        let week = run(seed, 1, 3, Faults { engine: Some(fault), ledger: None });
        catch_unwind(AssertUnwindSafe(|| law(&week))).is_err()
    };
    assert!((0..32).any(is_found), "no law finds {fault:?}");
    // The law that finds the fault finds nothing in a run without faults.
    law(&run(0, 1, 3, Faults::default()));
}

/// The store has rules of its own, so that a fault of one program reaches nobody.
#[rstest]
#[case(EngineFault::IgnoresAcknowledgement)]
#[case(EngineFault::IgnoresEnd)]
fn store_refuses_what_an_engine_must_not_do(#[case] fault: EngineFault) {
    for seed in 0..4 {
        let week = run(seed, 1, 3, Faults { engine: Some(fault), ledger: None });
        week.check_states_of_steps();
        week.check_messages();
    }
}
