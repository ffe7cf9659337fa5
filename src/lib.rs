//! redphone: incident management in a terminal.
//!
//! The modules form floors; a floor uses only those below it.
//!
//! | floor | modules | purpose |
//! |---|---|---|
//! | ground | [`model`] | incidents, commands and the rules that decide; pure |
//! | ground | `files` | replaces files on the disk |
//! | first | [`backend`] | where incidents are stored, behind one trait |
//! | first | [`api`] | the same trait on the wire: paths, queries, bodies, errors |
//! | first | [`ingest`] | what other programs report, from their messages; pure |
//! | first | [`outbound`] | what is sent to people, over which channels |
//! | first | [`verbs`] | requests for verbs, in fields as one would type them |
//! | second | [`sync`] | mirrors a backend for the panes; cache and outbox of a remote |
//! | second | [`server`] | serves any backend over HTTP |
//! | second | [`engine`] | what happens by itself: levels are called, people are notified |
//! | top | [`tui`], [`cli`] | the panes, and the command line |
//!
//! [`config`] is used by the upper floors: it reads files, environment and flags, and checks them
//! once.
//!
//! [`docs`] has more for whoever works on the program: the [architecture](docs::architecture) with
//! these ways step by step, the [storage](docs::storage), the [outbox](docs::outbox),
//! [how to add something](docs::how_to), the [glossary](docs::glossary) and the
//! [decisions](docs::decisions).
//!
//! **How a key becomes a change.** The table of actions maps a terminal event to an action.
//! `update` fixes the target, makes a command with its own id, checks it with `decide` at once,
//! marks the row as pending and returns an effect. The effect executes the command on the backend,
//! or puts it into the durable outbox of a remote. The outcome comes back as a message, and the row
//! is no longer pending. Nothing is awaited before the next frame.
//!
//! **How a change reaches the panes.** `sync` asks the backend for changes since a cursor, folds
//! them into an immutable snapshot and sends it as a message. `update` derives the rows from it and
//! keeps the selection by id. `view` draws.
//!
//! **How a request is served.** `server` identifies the caller by the token and parses the request
//! strictly. It passes commands to the backend in groups, together with all others that arrived
//! meanwhile, and answers only once they are durable. Reads are answered from memory while that is
//! up to date: one task follows the backend's changes for all callers.
//!
//! **How somebody is called.** `engine` follows the changes of a store. When a level of an escalation
//! policy is due, it has the store record the call, which refuses all but the first engine. From the
//! recorded call follow notifications in the ledger of the store; an engine whose settings have the
//! channel claims each and sends it through `outbound`.
//!
//! **How an alert becomes an incident.** `ingest` reads the message of a monitoring system. The server
//! passes the alerts to the backend, which stores them in one transaction: a group that has no open
//! incident gets one, what is new is counted, what is repeated only moves the row of its alert, and the
//! end of all of them ends the incident. The sender is answered once that is durable.
//!
//! **How a setting takes effect.** [`config`] chooses each value among flag, variable, settings
//! file and default, checks it, and remembers where it comes from. The panes get it in their
//! options, and again as a message when the file changes.

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod api;
pub mod backend;
pub mod cli;
pub mod config;
pub mod docs;
pub mod engine;
mod files;
pub mod ingest;
pub mod model;
pub mod outbound;
pub mod server;
pub mod sync;
pub mod tui;
pub mod verbs;
