//! Properties that hold for any input.

mod filter;
mod lifecycle;
mod measures;
mod pages;
mod runbook;
mod text;
mod undo;
