//! The settings file: what it says, where it is wrong, and that the program goes on.

#[path = "../cli/support.rs"]
#[allow(dead_code, reason = "the tests of the commands use the rest")]
mod support;

#[path = "../support/terminal.rs"]
#[allow(dead_code, reason = "the benchmarks use the rest")]
mod terminal;

mod commands;
mod file;
mod overlay;
mod precedence;
mod reload;
mod remotes;
mod right;
mod wrong;
