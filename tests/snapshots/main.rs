//! The panes: their looks as pictures in text, and how the state changes.

#[path = "../support/mod.rs"]
mod support;

#[allow(dead_code, reason = "the properties of the model use the rest")]
#[path = "../property/asks.rs"]
mod asks;
mod calls;
mod help;
mod history;
mod link;

mod find;
mod looks;
mod mirror;
mod palette;
mod property;
mod remote;
mod running;
mod runs;
mod safe;
mod settings;
mod sites;
mod state;
mod themes;
mod told;
mod travel;
mod typed;
mod verbs;
mod wall;
mod wire;
