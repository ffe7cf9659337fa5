//! The panes: their looks as pictures in text, and how the state changes.

#[path = "../support/mod.rs"]
mod support;

mod calls;
mod help;
mod link;
mod looks;
mod mirror;
mod palette;
mod property;
mod running;
mod settings;
mod state;
mod themes;
mod verbs;
mod wall;
mod wire;
