//! The panes: their looks as pictures in text, and how the state changes.

mod support;

mod tui {
    mod attention;
    mod filter;
    mod filter_property;
    mod help;
    mod history;
    mod outbox;
    mod palette;
    mod property;
    mod queue;
    mod remote_activity;
    mod run;
    mod run_loop;
    mod safety;
    mod screens;
    mod settings;
    mod terminal;
    mod theme;
    mod timeline;
    mod verbs;
    mod wall;
    mod workspace;
    mod zone;
}
