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
    bytes: AtomicU64,
    /// Requests that have begun.
    started: AtomicU64,
    /// Those that have been answered.
    answered: AtomicU64,
}

/// What has gone on until some moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TrafficCounts {
    bytes: u64,
    started: u64,
    answered: u64,
}

/// A request, until it is answered or given up.
pub(super) struct RunningRequest(Arc<Traffic>);

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.answered.fetch_add(1, Ordering::Relaxed);
    }
}

impl Traffic {
    /// A request has begun.
    pub(super) fn start_request(self: &Arc<Self>) -> RunningRequest {
        self.started.fetch_add(1, Ordering::Relaxed);
        RunningRequest(Arc::clone(self))
    }

    pub(super) fn counts(&self) -> TrafficCounts {
        // Answered first, so that what begins meanwhile counts as running.
        let answered = self.answered.load(Ordering::Relaxed);
        let begun = self.started.load(Ordering::Relaxed);
        TrafficCounts { bytes: self.bytes.load(Ordering::Relaxed), started: begun, answered }
    }

    fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl TrafficCounts {
    /// Whether nothing was asked since then, nor is being answered now.
    pub(super) fn is_idle_since(self, then: Self) -> bool {
        self.started == then.started && self.started == self.answered
    }

    /// Bytes that have moved since then.
    pub(super) fn bytes_since(self, then: Self) -> u64 {
        self.bytes.saturating_sub(then.bytes)
    }
}

/// A stream whose traffic is counted, and whose writes fail when nothing is taken for too long.
pub(super) struct Metered<S> {
    stream: S,
    traffic: Arc<Traffic>,
    write_timeout: Duration,
    /// Since something can't be written.
    write_timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, traffic: &Arc<Traffic>, patience: Duration) -> Self {
        Self { stream, traffic: Arc::clone(traffic), write_timeout: patience, write_timer: None }
    }

    fn check_write_timeout<T>(
        &mut self,
        context: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.write_timer = None;
            return polled;
        }
        let patience = self.write_timeout;
        let stuck = self.write_timer.get_or_insert_with(|| Box::pin(sleep(patience)));
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
        self.traffic.add_bytes(to.filled().len().saturating_sub(before));
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
            self.traffic.add_bytes(*count);
        }
        self.check_write_timeout(context, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        if let Poll::Ready(Ok(count)) = &polled {
            self.traffic.add_bytes(*count);
        }
        self.check_write_timeout(context, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.check_write_timeout(context, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.check_write_timeout(context, polled)
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
        let before = traffic.counts();
        let error = near.write_all(&[7; 20]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(traffic.counts().bytes_since(before), 8);
        // What is taken makes room, and the time begins anew.
        far.read_exact(&mut [0; 8]).await.unwrap();
        near.write_all(&[7; 8]).await.unwrap();
        assert_eq!(traffic.counts().bytes_since(before), 16);
    }

    #[test]
    fn a_request_runs_until_it_is_answered() {
        let traffic = Arc::new(Traffic::default());
        let before = traffic.counts();
        assert!(traffic.counts().is_idle_since(before));
        let running = traffic.start_request();
        let during = traffic.counts();
        assert!(!during.is_idle_since(before) && !during.is_idle_since(during));
        drop(running);
        assert!(!traffic.counts().is_idle_since(before), "it was asked meanwhile");
        assert!(traffic.counts().is_idle_since(during));
    }
}
