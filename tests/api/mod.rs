//! The HTTP API of a real server over a real store.

mod binary;
mod bodies;
mod command_ids;
mod long_poll;
mod missing_store;
mod openapi;
mod raw;
mod routes;
mod security;
mod shutdown;
mod strict;
mod tls;
