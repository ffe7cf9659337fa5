//! The demo backend for the conformance suite: its company without a history.

use redphone::backend::demo::{self, Demo, Options};

/// Returns a new demo. Its store is removed when it is dropped.
pub async fn empty() -> Demo {
    demo::open_empty(Options::default()).await.unwrap()
}
