//! Byte stream of an HTTP/1.1 connection that adds a body to the errors that hyper answers itself:
//! those about requests that can't be parsed, which never reach a route.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::api::{Details, ErrorCode, details};

/// How long, and how many bytes, the rest of a request is read that was refused. To close with
/// unread bytes could discard the response.
const DRAIN_TIME: Duration = Duration::from_secs(1);
const MAX_DRAINED_BYTES: usize = 256 * 1024;

/// A stream that replaces responses without a body that are not from the routes.
pub(super) struct ExplainedErrors<S> {
    stream: S,
    /// A response that replaces another, and how much of it is written.
    replacement: Option<(Vec<u8>, usize)>,
    /// Set once a response was replaced, which is the last one of the connection.
    drain: Option<Drain>,
}

struct Drain {
    timer: Pin<Box<Sleep>>,
    remaining: usize,
    is_shut_down: bool,
}

impl<S> ExplainedErrors<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, replacement: None, drain: None }
    }
}

/// Returns the response that replaces another one; `None` for a response of the routes.
///
/// Each of those has an `X-Request-Id`, and none has an error without a body.
fn replacement_of(head: &[u8]) -> Option<Vec<u8>> {
    let head = std::str::from_utf8(head).ok()?;
    let lines = head.strip_prefix("HTTP/1.1 ")?.strip_suffix("\r\n\r\n")?.to_ascii_lowercase();
    if !lines.split("\r\n").any(|line| line == "content-length: 0")
        || lines.contains("\r\nx-request-id:")
    {
        return None;
    }
    let (code, reason, sentence) = match lines.get(..3)? {
        "400" => (
            ErrorCode::BadRequest,
            "Bad Request",
            "the request is not HTTP as RFC 9112 defines it: correct what sends it",
        ),
        "414" => (
            ErrorCode::PathTooLong,
            "URI Too Long",
            "the path with its query is too long: send less",
        ),
        "431" => (
            ErrorCode::HeadTooLarge,
            "Request Header Fields Too Large",
            "the head of the request is too long: send less",
        ),
        _ => return None,
    };
    let details = Details::new(code, sentence);
    // Encoding can't fail: the value consists of text and numbers.
    let body = serde_json::to_string(&details).unwrap_or_default();
    let date = httpdate::fmt_http_date(std::time::SystemTime::now());
    let text = format!(
        "HTTP/1.1 {} {reason}\r\ncontent-type: {}\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nconnection: close\r\ndate: {date}\r\n\r\n{body}",
        details.status,
        details::MEDIA_TYPE,
        body.len()
    );
    Some(text.into_bytes())
}

impl<S: AsyncRead + Unpin> AsyncRead for ExplainedErrors<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> ExplainedErrors<S> {
    /// Writes the rest of a replacement.
    fn poll_replacement(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some((bytes, written)) = &mut self.replacement {
            let rest = bytes.get(*written..).unwrap_or_default();
            if rest.is_empty() {
                self.replacement = None;
                break;
            }
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => *written += count,
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Begins to replace a response if it must be replaced.
    fn replace(&mut self, response: &[u8]) {
        // The response was seen before if writing its replacement did not finish then.
        if self.replacement.is_none()
            && self.drain.is_none()
            && let Some(replacement) = replacement_of(response)
        {
            self.replacement = Some((replacement, 0));
            let timer = Box::pin(sleep(DRAIN_TIME));
            self.drain = Some(Drain { timer, remaining: MAX_DRAINED_BYTES, is_shut_down: false });
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ExplainedErrors<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.replace(bytes);
        if this.drain.is_some() {
            ready!(this.poll_replacement(context))?;
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut this.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if let [only] = buffers {
            this.replace(only);
        }
        if this.drain.is_some() {
            ready!(this.poll_replacement(context))?;
            return Poll::Ready(Ok(buffers.iter().map(|buffer| buffer.len()).sum()));
        }
        Pin::new(&mut this.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let Some(drain) = &mut this.drain else {
            return Pin::new(&mut this.stream).poll_shutdown(context);
        };
        if !drain.is_shut_down {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            drain.is_shut_down = true;
        }
        let mut bytes = [0; 4096];
        while drain.remaining > 0 && drain.timer.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut bytes);
            // The response is written: how the peer ends the connection changes nothing.
            match ready!(Pin::new(&mut this.stream).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {
                    drain.remaining = drain.remaining.saturating_sub(buffer.filled().len());
                }
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_errors_that_no_route_has_answered_are_replaced() {
        let own = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        let replaced = String::from_utf8(replacement_of(own.as_bytes()).unwrap()).unwrap();
        assert!(replaced.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{replaced}");
        let (head, body) = replaced.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
        let details: Details = serde_json::from_str(body).unwrap();
        assert_eq!((details.status, details.code()), (400, Some(ErrorCode::BadRequest)));
        for other in [
            "HTTP/1.1 400 Bad Request\r\nx-request-id: 1\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 304 Not Modified\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
        ] {
            assert_eq!(replacement_of(other.as_bytes()), None, "{other}");
        }
    }
}
