//! The panes: their looks as pictures in text, and how the state changes.

#[path = "../support/mod.rs"]
mod support;

mod help;
mod looks;
mod mirror;
mod palette;
mod property;
mod running;
mod state;
mod verbs;
mod wire;
