//! The demo backend for the conformance suite: its company without a history.

use redphone::backend::demo::{self, Demo, Options};
use redphone::model::directory::Directory;

/// Returns a new demo. Its store is removed when it is dropped.
pub async fn empty() -> Demo {
    let demo = demo::open_empty(Options::default()).await.unwrap();
    // The cases name people of their own.
    demo.store.set_directory(&Directory::default()).await.unwrap();
    demo
}
