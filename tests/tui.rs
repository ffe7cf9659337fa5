//! The panes: text snapshots of every screen, and changes of the application state.

mod support;

mod tui {
    mod attention;
    mod common_jobs;
    mod connection;
    mod copy;
    mod detail;
    mod drafts;
    mod feed;
    mod filter;
    mod filter_property;
    mod first_start;
    mod form;
    mod goto;
    mod groups;
    mod help;
    mod history;
    mod hostile;
    mod later;
    mod layout;
    mod lists;
    mod low_bandwidth;
    mod marks;
    mod metrics;
    mod note;
    mod notifications;
    mod oncall;
    mod outbox;
    mod outbox_rewrite;
    mod palette;
    mod poor_terminals;
    mod property;
    mod queue;
    mod queue_rows;
    mod record;
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
