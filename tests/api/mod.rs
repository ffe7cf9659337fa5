//! The HTTP API of a real server over a real store.

mod binary;
mod bodies;
mod command_ids;
mod full_disk;
mod long_poll;
mod metrics;
mod missing_store;
mod openapi;
mod raw;
mod routes;
mod security;
mod shutdown;
mod statuses;
mod strangers;
mod strict;
mod tls;
mod unknown_names;
