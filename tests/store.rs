//! The local store: one `SQLite` file.

mod support;

mod store {
    mod batch;
    mod changes;
    mod command_ids;
    mod doctor;
    mod fixtures;
    mod import;
    mod later;
    mod migration;
    mod naming;
    mod open;
    mod properties;
    mod put_back;
    mod reopening;
    mod schema;
    mod search;
}
