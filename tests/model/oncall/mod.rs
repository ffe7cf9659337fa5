//! On-call schedules and escalation policies.

mod layers;
mod paths;
mod python;
