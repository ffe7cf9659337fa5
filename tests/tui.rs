//! The panes: text snapshots of every screen, and changes of the application state.

mod support;

mod tui {
    mod attention;
    mod connection;
    mod copy;
    mod detail;
    mod drafts;
    mod filter;
    mod filter_property;
    mod form;
    mod groups;
    mod help;
    mod history;
    mod hostile;
    mod later;
    mod layout;
    mod low_bandwidth;
    mod metrics;
    mod note;
    mod outbox;
    mod outbox_rewrite;
    mod palette;
    mod property;
    mod queue;
    mod queue_rows;
    mod remote_activity;
    mod run;
    mod run_loop;
    mod runbook;
    mod safety;
    mod screens;
    mod settings;
    mod terminal;
    mod theme;
    mod timeline;
    mod undo;
    mod unknown_names;
    mod urgent;
    mod verbs;
    mod views;
    mod wall;
    mod wall_screens;
    mod workspace;
    mod zone;
}
