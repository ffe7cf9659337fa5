//! What several tests of the panes share.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod company;
pub mod memory;
pub mod stage;
