//! Helpers shared by several tests. They do not depend on any test.
#![allow(dead_code, reason = "each target uses a part of it")]

pub mod alerts;
pub mod api;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod company;
pub mod hostile;
pub mod later;
pub mod memory;
pub mod metrics;
pub mod model;
pub mod notifications;
pub mod old_store;
pub mod organization;
pub mod port;
pub mod proxy;
pub mod reach;
pub mod receiver;
pub mod remote_stub;
pub mod requests;
pub mod sample;
pub mod served;
pub mod serving;
pub mod stage;
pub mod store;
pub mod strategies;
pub mod terminal;
pub mod wait;

use std::path::PathBuf;

/// Returns the program under test: that of `REDPHONE_BIN`, else the one built with the tests.
pub fn program() -> PathBuf {
    match std::env::var_os("REDPHONE_BIN") {
        Some(path) => std::path::absolute(path).expect("a path"),
        None => built_program(),
    }
}

/// Returns the program built with the tests, ignoring `REDPHONE_BIN`.
pub fn built_program() -> PathBuf {
    let built = option_env!("CARGO_BIN_EXE_redphone").map(PathBuf::from);
    // An example is in target/PROFILE/examples, the program in target/PROFILE.
    let of_example = || Some(std::env::current_exe().ok()?.parent()?.parent()?.join("redphone"));
    built.or_else(of_example).expect("this process has a path")
}
