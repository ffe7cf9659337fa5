//! What every command gets.

use super::out::Out;
use crate::config::{Config, Flags};

/// What every command needs: flags, configuration and standard output.
pub(super) struct Context {
    pub(super) flags: Flags,
    pub(super) config: Config,
    pub(super) out: Out,
}
