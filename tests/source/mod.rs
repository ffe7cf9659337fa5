//! What is held of the source itself.

mod imports;
mod tree;
