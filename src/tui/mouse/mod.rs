//! The mouse, if it is enabled: the wheel, a click and a double click.

pub mod update;
