//! The real program in a real terminal, for what only a terminal shows.

#[path = "../support/terminal.rs"]
mod terminal;

mod leaving;
mod panes;
mod refused;
mod store;
