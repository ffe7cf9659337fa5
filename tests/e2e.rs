//! The real program in a real terminal, for a long time, and killed.

mod support;

mod crash;
mod pty;
mod soak;
