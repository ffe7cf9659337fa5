//! The connection to a mail server, of whose answers only so much is read.
//!
//! The library that speaks SMTP bounds an answer once it has a line of it. A server that never ends its line would
//! fill the memory for as long as the time limits allow.

#![expect(deprecated, reason = "only AsyncNetworkStream adds the TLS of the library to a stream")]

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::io::{AsyncRead as _, AsyncWrite as _};
use lettre::transport::smtp;
use lettre::transport::smtp::client::{AsyncNetworkStream, AsyncTokioStream, TlsParameters};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// The most bytes that are read of a connection, with its TLS. What a server says about one mail is less
/// than a quarter of that. The library reads an answer of many lines again from its start at each line, so that
/// eight times as much would occupy a processor for longer than any time limit.
const MAX_BYTES: usize = 32 * 1024;

/// The server has sent more than any mail server does.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("its answers have no end")]
pub(super) struct EndlessAnswers;

/// A connection that ends after so many bytes from the other side.
#[derive(Debug)]
pub(super) struct BoundedStream {
    stream: TcpStream,
    /// How many bytes may still be read.
    room: usize,
}

/// A connection with TLS from its start.
#[derive(Debug)]
pub(super) struct SecureStream(AsyncNetworkStream);

/// Connects to the first address that answers.
///
/// # Errors
/// The reason why the last one did not.
pub(super) async fn connect(
    addresses: &[SocketAddr],
    limit: Duration,
) -> Result<BoundedStream, io::Error> {
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    for address in addresses {
        match timeout(limit, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(BoundedStream { stream, room: MAX_BYTES }),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(last)
}

impl BoundedStream {
    /// Adds TLS.
    ///
    /// # Errors
    /// The handshake fails.
    pub(super) async fn with_tls(self, tls: TlsParameters) -> Result<SecureStream, smtp::Error> {
        let mut stream = AsyncNetworkStream::use_existing_tokio1(Box::new(self));
        stream.upgrade_tls(tls).await?;
        Ok(SecureStream(stream))
    }
}

impl AsyncTokioStream for BoundedStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.room == 0 {
            return Poll::Ready(Err(io::Error::other(EndlessAnswers)));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        self.room = self.room.saturating_sub(buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl AsyncTokioStream for SecureStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.peer_addr()
    }
}

impl AsyncRead for SecureStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = ready!(Pin::new(&mut self.0).poll_read(context, buffer.initialize_unfilled()))?;
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SecureStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(context)
    }
}
