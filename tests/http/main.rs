//! The API's client against what networks, proxies and servers do.

#[path = "../support/proxy.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod proxy;

mod asking;
mod certificates;
mod holding;
mod make;
mod sentences;
