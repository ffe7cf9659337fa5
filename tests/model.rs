//! The rules of incident practice: as tables, and as laws that hold for whatever is given.

mod support;

mod property;
mod source;

mod model {
    mod decide;
    mod filter;
    mod lifecycle;
    mod measures;
    mod people;
    mod runbook;
    mod text;
    mod words;
}
