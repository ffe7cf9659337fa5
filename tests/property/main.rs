//! Laws that hold for whatever is given.

mod asks;
mod filter;
mod lifecycle;
mod measures;
mod runbook;
mod text;
