//! The local store: one `SQLite` file.

mod support;

mod store {
    mod doctoring;
    mod fixtures;
    mod importing;
    mod lasting;
    mod opening;
    mod properties;
    mod together;
    mod waiting;
}
