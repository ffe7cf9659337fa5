//! A file store with a simulated company on it.

mod cases;
mod chronic;
mod company;
mod dice;
mod episode;
mod faults;
mod history;
mod open;
mod rhythm;
mod simulation;
mod story;
mod words;

#[cfg(test)]
mod history_tests;
