//! Drawing functions that several features use: frames of panes, popups, formatted values.

pub mod bounded;
pub mod cursor;
pub mod formatting;
pub mod highlight;
pub mod markdown;
pub mod pane;
pub mod popup;
pub mod scroll_hint;
pub mod text;
