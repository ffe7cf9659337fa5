//! The stream of a connection: what moves over it is counted, and who does not read what was asked
//! for is not waited for for ever.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// What goes on in a connection.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Bytes, in both directions.
    moved: AtomicU64,
    /// Requests that have begun.
    begun: AtomicU64,
    /// Those that have been answered.
    answered: AtomicU64,
}

/// What has gone on until some moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SoFar {
    moved: u64,
    begun: u64,
    answered: u64,
}

/// A request, until it is answered or given up.
pub(super) struct Running(Arc<Traffic>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.answered.fetch_add(1, Ordering::Relaxed);
    }
}

impl Traffic {
    /// A request has begun.
    pub(super) fn begin(self: &Arc<Self>) -> Running {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Running(Arc::clone(self))
    }

    pub(super) fn so_far(&self) -> SoFar {
        // Answered first, so that what begins meanwhile counts as running.
        let answered = self.answered.load(Ordering::Relaxed);
        let begun = self.begun.load(Ordering::Relaxed);
        SoFar { moved: self.moved.load(Ordering::Relaxed), begun, answered }
    }

    fn add(&self, bytes: usize) {
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl SoFar {
    /// Whether nothing was asked since then, nor is being answered now.
    pub(super) fn is_unasked_since(self, then: Self) -> bool {
        self.begun == then.begun && self.begun == self.answered
    }

    /// Bytes that have moved since then.
    pub(super) fn moved_since(self, then: Self) -> u64 {
        self.moved.saturating_sub(then.moved)
    }
}

/// A stream whose traffic is counted, and whose writes fail when nothing is taken for too long.
pub(super) struct Metered<S> {
    stream: S,
    traffic: Arc<Traffic>,
    patience: Duration,
    /// Since something can't be written.
    stuck: Option<Pin<Box<Sleep>>>,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, traffic: &Arc<Traffic>, patience: Duration) -> Self {
        Self { stream, traffic: Arc::clone(traffic), patience, stuck: None }
    }

    fn unless_stuck<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stuck = None;
            return polled;
        }
        let patience = self.patience;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(patience)));
        stuck
            .as_mut()
            .poll(context)
            .map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "the other side does not read")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = to.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, to);
        self.traffic.add(to.filled().len().saturating_sub(before));
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        if let Poll::Ready(Ok(count)) = &polled {
            self.traffic.add(*count);
        }
        self.unless_stuck(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        if let Poll::Ready(Ok(count)) = &polled {
            self.traffic.add(*count);
        }
        self.unless_stuck(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.unless_stuck(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.unless_stuck(context, polled)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn a_write_that_nobody_takes_fails_after_a_while() {
        let traffic = Arc::new(Traffic::default());
        let (near, mut far) = duplex(8);
        let mut near = Metered::new(near, &traffic, Duration::from_millis(50));
        let before = traffic.so_far();
        let error = near.write_all(&[7; 20]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(traffic.so_far().moved_since(before), 8);
        // What is taken makes room, and the time begins anew.
        far.read_exact(&mut [0; 8]).await.unwrap();
        near.write_all(&[7; 8]).await.unwrap();
        assert_eq!(traffic.so_far().moved_since(before), 16);
    }

    #[test]
    fn a_request_runs_until_it_is_answered() {
        let traffic = Arc::new(Traffic::default());
        let before = traffic.so_far();
        assert!(traffic.so_far().is_unasked_since(before));
        let running = traffic.begin();
        let during = traffic.so_far();
        assert!(!during.is_unasked_since(before) && !during.is_unasked_since(during));
        drop(running);
        assert!(!traffic.so_far().is_unasked_since(before), "it was asked meanwhile");
        assert!(traffic.so_far().is_unasked_since(during));
    }
}
