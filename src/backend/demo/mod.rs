//! A file store with a simulated company on it.

mod cases;
mod company;
mod dice;
mod episode;
mod faults;
mod history;
mod rhythm;
mod story;
mod words;

#[cfg(test)]
mod history_tests;
