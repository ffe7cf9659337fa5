//! The real program in a real terminal, for what only a terminal shows.

#[allow(dead_code, reason = "the benchmarks use the rest")]
#[path = "../support/terminal.rs"]
mod terminal;

mod bytes;
mod drafts;
mod find;
mod leaving;
mod link;
mod offline;
mod palette;
mod panes;
mod read_only;
mod refused;
mod runs;
mod sites;
mod store;
mod verbs;
mod wall;
