//! The API as it is spoken on the wire, by a real server over a real store.

mod binary;
mod bodies;
mod described;
mod failing;
mod raw;
mod reading;
mod security;
mod stopping;
mod tls;
mod waiting;
