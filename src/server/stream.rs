//! Byte stream of a connection: counts its traffic and ends writes to a peer that does not read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// Counts the traffic of a connection.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// Bytes in both directions.
    bytes: AtomicU64,
    /// Requests that have started.
    started: AtomicU64,
    /// Requests that have ended: answered or cancelled.
    answered: AtomicU64,
}

/// The counts at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TrafficCounts {
    bytes: u64,
    started: u64,
    answered: u64,
}

/// A running request; counts as ended when it is dropped.
pub(super) struct RunningRequest(Arc<Traffic>);

impl Drop for RunningRequest {
    fn drop(&mut self) {
        self.0.answered.fetch_add(1, Ordering::Relaxed);
    }
}

impl Traffic {
    /// Counts the start of a request.
    pub(super) fn start_request(self: &Arc<Self>) -> RunningRequest {
        self.started.fetch_add(1, Ordering::Relaxed);
        RunningRequest(Arc::clone(self))
    }

    pub(super) fn counts(&self) -> TrafficCounts {
        // Reads `answered` first, so that a request that starts meanwhile counts as running.
        let answered = self.answered.load(Ordering::Relaxed);
        let started = self.started.load(Ordering::Relaxed);
        TrafficCounts { bytes: self.bytes.load(Ordering::Relaxed), started, answered }
    }

    fn add_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

impl TrafficCounts {
    /// Returns whether no request is running.
    pub(super) fn is_idle(self) -> bool {
        self.started == self.answered
    }

    /// Returns whether no request has started since `earlier`, and none is running.
    pub(super) fn is_idle_since(self, earlier: Self) -> bool {
        self.started == earlier.started && self.is_idle()
    }

    /// Returns the number of bytes transferred since `earlier`.
    pub(super) fn bytes_since(self, earlier: Self) -> u64 {
        self.bytes.saturating_sub(earlier.bytes)
    }
}

/// A stream that counts its traffic. Its writes fail if the peer accepts nothing for too long.
pub(super) struct Metered<S> {
    stream: S,
    traffic: Arc<Traffic>,
    write_timeout: Duration,
    /// Runs while a write is blocked.
    write_timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Metered<S> {
    pub(super) fn new(stream: S, traffic: &Arc<Traffic>, write_timeout: Duration) -> Self {
        Self { stream, traffic: Arc::clone(traffic), write_timeout, write_timer: None }
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
        let write_timeout = self.write_timeout;
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(sleep(write_timeout)));
        timer
            .as_mut()
            .poll(context)
            .map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "the other side does not read")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled_before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.traffic.add_bytes(buffer.filled().len().saturating_sub(filled_before));
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
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, buffers);
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
    async fn write_fails_if_the_peer_does_not_read() {
        let traffic = Arc::new(Traffic::default());
        let (near, mut far) = duplex(8);
        let mut near = Metered::new(near, &traffic, Duration::from_millis(50));
        let before = traffic.counts();
        let error = near.write_all(&[7; 20]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(traffic.counts().bytes_since(before), 8);
        // Data that the peer reads makes room for more, and the timeout starts again.
        far.read_exact(&mut [0; 8]).await.unwrap();
        near.write_all(&[7; 8]).await.unwrap();
        assert_eq!(traffic.counts().bytes_since(before), 16);
    }

    #[test]
    fn request_is_running_until_it_is_dropped() {
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
