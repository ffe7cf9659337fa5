//! Everything behind or in front of the network: server, client, sync, and one suite for every backend.

mod support;

mod api;
mod conformance;
mod http;
mod sync;
