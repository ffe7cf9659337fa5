//! The panes: their looks as pictures in text, and how the state changes.

#[path = "../support/mod.rs"]
mod support;

mod find;
mod looks;
mod mirror;
mod property;
mod running;
mod state;
mod typed;
mod verbs;
mod wire;
