//! The demo backend for the conformance suite: its company without a history.

use redphone::backend::demo::{self, Demo, Options};

/// A new demo. Its store goes with it.
pub async fn empty() -> Demo {
    demo::open_empty(Options::default()).await.unwrap()
}
