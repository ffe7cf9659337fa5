//! The core of the panes: application state, modes, messages and effects, the screen layout,
//! and what all features are built on.

pub mod app;
pub mod backend_update;
pub mod freshness;
pub mod layout;
pub mod message;
pub mod mode;
pub mod motion;
pub mod navigation;
pub mod notices;
pub mod pane;
pub mod quit;
pub mod zone;
