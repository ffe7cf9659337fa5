//! The real program in a real terminal, for what only a terminal shows.

#[allow(dead_code, reason = "the benchmarks use the rest")]
#[path = "../support/terminal.rs"]
mod terminal;

mod find;
mod leaving;
mod panes;
mod refused;
mod store;
