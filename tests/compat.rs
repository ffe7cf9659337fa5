//! Holds every later version to what version 0.1.0 wrote, sent, answered and printed.
//!
//! `tests/compat/files/README.md` describes the recorded files and how they were made.

mod compat {
    mod coverage;
    mod first_version;
    mod help;
    mod http;
    mod local;
    mod meaning;
    mod new_client;
    mod old_client;
    mod old_drafts;
    mod old_outbox;
    mod old_store;
    mod old_tokens;
    mod openapi;
    mod program;
    mod recording;
    mod relay;
    mod remote;
    mod replay;
    mod server;
    mod stand_in;
    mod terminal;
    mod unify;
}

mod fuzz;
