//! The settings file: what it says, where it is wrong, and that the program goes on.

mod commands;
mod file;
mod invalid;
mod overlay;
mod precedence;
mod reload;
mod remotes;
mod valid;
