//! Tests over the source: its names, its floors, its packages, its documents and variables, and that files
//! are free of circles.

mod docs;
mod imports;
mod names;
mod packages;
mod tree;
mod variables;
