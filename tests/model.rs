//! The rules of incident practice: as tables, and as properties over random input.

mod support;

mod property;
mod source;

mod model {
    mod calls;
    mod commands;
    mod decide;
    mod engine;
    mod filter;
    mod handoff;
    mod histories;
    mod last_word;
    mod later;
    mod lifecycle;
    mod measures;
    mod oncall;
    mod pages;
    mod parsing;
    mod people;
    mod rejection;
    mod required;
    mod runbook;
    mod service_level;
    mod text;
}
