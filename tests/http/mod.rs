//! The API's client against what networks, proxies and servers do.

mod asking;
mod certificates;
mod command_line;
mod commands;
mod fixtures;
mod holding;
mod many;
mod sentences;
mod two;
mod via;
