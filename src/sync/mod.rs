//! Second floor: mirrors a backend, and reports how fresh the mirror is.
//!
//! [`start()`] returns the future that does the work and a [`PollerHandle`] to control it. All
//! fetched data arrives as a [`BackendUpdate`], so that the receiver of the updates never waits for
//! the backend.

mod backend_update;
pub mod drafts;
pub mod filters;
mod handle;
pub mod last_seen;
mod mirror;
pub mod pace;
mod poller;
mod reader;
pub mod remote;
pub mod screen_state;
mod snapshot;
mod start;

pub use backend_update::{BackendUpdate, ConnectionState};
pub use handle::PollerHandle;
pub use mirror::Mirror;
pub use pace::{GRACE, LONG_POLL_TIMEOUT, THIRD_FAILURE_AFTER};
pub use poller::{FIRST_PAGE, RequestAborted};
pub use reader::{CachedState, DirectReader, OnRead, ReadResult, Reader, Sourced};
pub use snapshot::Snapshot;
pub use start::{Options, reader, start};
