//! The rules of incident practice, as tables.

mod decide;
mod filter;
mod lifecycle;
mod measures;
mod people;
mod runbook;
mod support;
mod text;
mod words;
