//! Everything on either side of the network: server, client, sync, and the conformance suite.

mod support;

mod api;
mod conformance;
mod http;
mod outbound;
mod put_back;
mod sync;
