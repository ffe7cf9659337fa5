//! Second floor: keeps a mirror of a backend.
