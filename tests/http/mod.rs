//! The HTTP client against the faults of networks, proxies and servers.

pub mod certificates;
#[cfg(target_os = "linux")]
mod clocks;
mod command_line;
mod commands;
mod concurrent_clients;
mod errors;
mod fixtures;
mod http2;
mod later;
mod later_program;
mod lists;
mod long_poll;
mod proxy;
mod requests;
mod tokens;
mod verbs_offline;
mod watch;
