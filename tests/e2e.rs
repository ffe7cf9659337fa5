//! The real program in a real terminal: sessions, a long run, and kills.

mod support;

mod crash;
mod pty;
mod soak;
