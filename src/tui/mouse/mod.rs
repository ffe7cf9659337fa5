//! The mouse, where it is switched on: the wheel, a click and a double click.

pub mod update;
