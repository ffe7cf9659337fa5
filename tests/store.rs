//! The local store: one `SQLite` file.

mod support;

mod store {
    mod alerts;
    mod batch;
    mod changes;
    mod command_ids;
    mod doctor;
    mod fixtures;
    mod import;
    mod last_word;
    mod later;
    mod links;
    mod lists;
    mod migration;
    mod naming;
    mod notifications;
    mod open;
    mod properties;
    mod put_back;
    mod reopening;
    mod schema;
    mod search;
}
