//! The local store: one `SQLite` file.

mod support;

mod store {
    mod alerts;
    mod alerts_expiry;
    mod batch;
    mod budgets;
    mod changes;
    mod command_ids;
    mod contacts;
    mod dead_letters;
    mod doctor;
    mod evidence;
    mod fixtures;
    mod follow_ups;
    mod heartbeats;
    mod impact;
    mod import;
    mod last_word;
    mod later;
    mod links;
    mod lists;
    mod maintenance;
    mod migration;
    mod migration_killed;
    mod moved_alerts;
    mod naming;
    mod notifications;
    mod open;
    mod pages;
    mod problems;
    mod properties;
    mod publications;
    mod put_back;
    mod queue;
    mod reopening;
    mod schema;
    mod search;
    mod self_tests;
    mod similar;
    mod stability;
    mod storms;
}
