//! Starts the poller, and prefetching with it.

use std::sync::Arc;

use futures_util::future::join;
use tokio::sync::{mpsc, watch};

use super::backend_update::BackendUpdate;
use super::handle::PollerHandle;
use super::poller::Poller;
use super::reader::{DirectReader, Reader};
use super::remote::{Remote, prefetch};
use crate::backend::Backend;

/// Options of the poller.
#[derive(Clone, Debug)]
pub struct Options {
    /// Handle of the viewer, for filters.
    pub me: String,
    /// The cache and outbox of the backend, if it is a remote.
    pub remote: Option<Arc<Remote>>,
    /// Whether urgent incidents are fetched before they are opened, if the backend is a remote.
    pub read_ahead: bool,
}

/// Returns the reader of a backend, with its cache if it is a remote.
#[must_use]
pub fn reader(backend: Arc<dyn Backend>, remote: Option<&Arc<Remote>>) -> Arc<dyn Reader> {
    match remote {
        Some(remote) => Arc::clone(remote) as Arc<dyn Reader>,
        None => Arc::new(DirectReader::new(backend)),
    }
}

/// Returns the handle of a new poller, and the future that runs it.
pub fn start(
    backend: Arc<dyn Backend>,
    options: Options,
    updates: mpsc::UnboundedSender<BackendUpdate>,
) -> (PollerHandle, impl Future<Output = ()> + Send + 'static) {
    let (handle, commands) = PollerHandle::new();
    let (snapshots, snapshot_receiver) = watch::channel(Arc::default());
    let prefetched = options.remote.as_ref().filter(|_| options.read_ahead).map(Arc::downgrade);
    let reader = reader(backend, options.remote.as_ref());
    let remote = options.remote.map(|remote| (remote, snapshots));
    let poller = Poller::new(reader, remote, options.me, updates, commands);
    let prefetching = async move {
        if let Some(remote) = prefetched {
            prefetch(remote, snapshot_receiver).await;
        }
    };
    let running = async move {
        join(poller.run(), prefetching).await;
    };
    (handle, running)
}
