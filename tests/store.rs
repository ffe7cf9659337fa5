//! The local store: one `SQLite` file.

mod support;

mod store {
    mod alerts;
    mod alerts_expiry;
    mod batch;
    mod changes;
    mod command_ids;
    mod contacts;
    mod dead_letters;
    mod doctor;
    mod fixtures;
    mod heartbeats;
    mod import;
    mod last_word;
    mod later;
    mod links;
    mod lists;
    mod maintenance;
    mod migration;
    mod moved_alerts;
    mod naming;
    mod notifications;
    mod open;
    mod problems;
    mod properties;
    mod put_back;
    mod reopening;
    mod schema;
    mod search;
    mod self_tests;
    mod similar;
    mod storms;
}
