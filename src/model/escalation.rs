//! Escalation policies: who is called next when nobody acknowledges.

pub mod automatic;
pub mod expiry;
pub mod path;
pub mod policy;
pub mod reached;

pub use automatic::{AutomaticCall, NextCall, awaits_calls, next_call, reached_at};
pub use expiry::{AcknowledgementExpiry, Expiry, expired_call, expiry, responsible};
pub use path::{Step, due, next, path, policy_of};
pub use policy::{Policy, PolicyLevel, Repeat, Target};
pub use reached::{NobodyReason, Reached, reached_by};
