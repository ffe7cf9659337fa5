//! Laws that hold for whatever is given.

mod filter;
mod lifecycle;
mod measures;
mod runbook;
mod text;
