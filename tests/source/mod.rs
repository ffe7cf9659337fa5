//! Tests over the source: its floors, and that files are free of circles.

mod docs;
mod imports;
mod tree;
