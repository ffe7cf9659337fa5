//! Files, environment and flags, checked once into one value.
