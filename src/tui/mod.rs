//! Top floor: the panes.
