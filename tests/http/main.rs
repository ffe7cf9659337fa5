//! The API's client against what networks, proxies and servers do.

#[path = "../support/proxy.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod proxy;

#[path = "../support/served.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod served;

#[path = "../support/terminal.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod terminal;

mod asking;
mod certificates;
mod command_line;
mod commands;
mod holding;
mod keyring;
mod make;
mod many;
mod sentences;
mod two;
mod via;
