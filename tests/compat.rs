//! What must be understood for ever.

mod fuzz;
