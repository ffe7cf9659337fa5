//! redphone: incident management in a terminal.
//!
//! The house has floors, and a floor uses only those below it.
//!
//! | floor | modules | what it is for |
//! |---|---|---|
//! | ground | [`model`] | what an incident is and what may happen to it; pure |
//! | first | [`backend`] | where incidents live, behind one trait |
//! | first | [`api`] | the same trait on the wire: paths, queries, bodies, refusals |
//! | second | [`sync`] | keeps what the panes read up to date |
//! | second | [`server`] | any backend, served over HTTP |
//! | top | [`tui`], [`cli`] | the panes, and the command line |
//!
//! [`config`] stands beside them: files, environment and flags, checked once.
//!
//! **How a key travels.** A terminal event becomes an action by the one table of actions; `update`
//! fixes the target, makes a command with its own id, asks `decide` at once, marks the row pending
//! and returns an effect; the effect executes the command on the backend; the outcome comes back as
//! a message and the mark goes. Nothing is awaited on the way to the next frame.
//!
//! **How a change travels.** `sync` asks the backend for changes since a cursor, folds them into an
//! immutable snapshot and sends it as a message; `update` derives the rows anew, keeping the
//! selection by id; `view` draws.

pub mod api;
pub mod backend;
pub mod cli;
pub mod config;
pub mod model;
pub mod server;
pub mod sync;
pub mod tui;
