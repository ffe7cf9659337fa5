//! The real program in a real terminal: sessions, a long run, kills, and disks that fail.

mod support;

mod crash;
mod faults;
mod pty;
mod soak;
