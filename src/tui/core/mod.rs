//! The foundation of all features: the application state, modes, messages and effects, and the
//! areas of the screen.

pub mod app;
pub mod backend_update;
pub mod computed;
pub mod freshness;
pub mod layout;
pub mod message;
pub mod mode;
pub mod motion;
pub mod navigation;
pub mod notices;
pub mod pane;
pub mod quit;
pub mod state;
pub mod zone;
