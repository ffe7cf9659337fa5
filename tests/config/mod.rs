//! The settings file: its values, its errors, and that the program continues despite them.

mod commands;
mod file;
mod invalid;
mod overlay;
mod precedence;
mod reload;
mod remotes;
mod valid;
