//! A file store with a simulated company on it.
