//! What several tests share. The modules do not know the tests.
#![allow(dead_code, reason = "each target uses a part of it")]

pub mod api;
pub mod cli;
pub mod commands;
pub mod company;
pub mod far;
pub mod memory;
pub mod model;
pub mod proxy;
pub mod requests;
pub mod sample;
pub mod served;
pub mod stage;
pub mod store;
pub mod strategies;
pub mod terminal;
pub mod wait;

use std::path::PathBuf;

/// Returns the program that is tested: that of `REDPHONE_BIN`, else the one built with the tests.
pub fn program() -> PathBuf {
    let named = std::env::var_os("REDPHONE_BIN").map(PathBuf::from);
    let built = option_env!("CARGO_BIN_EXE_redphone").map(PathBuf::from);
    // An example stands in target/PROFILE/examples, the program in target/PROFILE.
    let beside = || Some(std::env::current_exe().ok()?.parent()?.parent()?.join("redphone"));
    named.or(built).or_else(beside).expect("this process has a path")
}
