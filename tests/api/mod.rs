//! The HTTP API of a real server over a real store.

mod administration;
mod alerts;
mod binary;
mod bodies;
mod command_ids;
mod directory;
mod events;
mod full_disk;
mod incident_requests;
mod listeners;
mod long_poll;
mod many_declarations;
mod metrics;
mod missing_store;
mod notifications;
mod openapi;
mod raw;
mod routes;
mod security;
mod service_manager;
mod shutdown;
mod statuses;
mod strangers;
mod strict;
mod tls;
mod unknown_names;
