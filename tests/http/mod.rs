//! The API's client against what networks, proxies and servers do.

mod certificates;
mod command_line;
mod commands;
mod concurrent_clients;
mod errors;
mod fixtures;
mod http2;
mod long_poll;
mod proxy;
mod requests;
