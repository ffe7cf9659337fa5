//! The command line, by running the real program on real files.

mod bad_input;
mod commands;
mod looks;
mod reading;
mod support;
mod terminal;
mod tokens;
mod transfer;
