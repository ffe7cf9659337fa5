//! The command line, its settings and its README, by running the real program on real files.

mod support;

mod config;
mod readme;

mod cli {
    mod bad_input;
    mod change;
    mod check;
    mod commands;
    mod completions;
    mod contacts;
    mod cover;
    mod directory;
    mod evidence;
    mod files;
    mod formats;
    mod full_output;
    mod heartbeat;
    mod help_output;
    mod hostile_text;
    mod ingest;
    mod lists;
    mod maintenance;
    mod man;
    mod metrics;
    mod notifications;
    mod overrides;
    mod problem;
    mod prompt;
    mod read_only;
    mod reply;
    mod review_lists;
    mod review_page;
    mod self_test;
    mod similar;
    mod stability;
    mod status;
    mod terminal;
    mod tokens;
    mod transfer;
    mod verbs;
}
