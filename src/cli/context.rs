//! The context of every command.

use super::out::Out;
use crate::config::{Config, Flags};

/// The common resources of commands: flags, configuration and standard output.
pub(super) struct Context {
    pub(super) flags: Flags,
    pub(super) config: Config,
    pub(super) out: Out,
}
