//! Chooses between the response of the remote and the cached value.

use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;

use super::Shared;
use crate::backend::BackendError;
use crate::sync::reader::{OnRead, ReadResult, Sourced};

/// How long a response may take before the cache is read as well.
const FALLBACK_DELAY: Duration = Duration::from_millis(150);

/// Runs a lookup while a request continues: the request may be storing its response, and hold the
/// lock that the lookup waits for. Returns the response, if it arrived meanwhile, and the result of
/// the lookup.
async fn join_lookup<A, K>(
    mut request: Pin<&mut impl Future<Output = A>>,
    lookup: impl Future<Output = K>,
) -> (Option<A>, K) {
    tokio::pin!(lookup);
    let mut response = None;
    loop {
        tokio::select! {
            biased;
            found = &mut lookup => return (response, found),
            arrived = request.as_mut(), if response.is_none() => response = Some(arrived),
        }
    }
}

/// Returns a response of the remote as a reader sees it who can do without it. One that makes no sense is
/// as good as none, because something in between may have sent it: what is cached is shown,
/// and commands are queued.
fn as_unanswered<T>(response: Result<T, BackendError>) -> Result<T, BackendError> {
    response.map_err(|error| match error {
        BackendError::Broken(cause) => BackendError::Unreachable(cause),
        other => other,
    })
}

/// Passes the cached value to `on_read` if the response is slow, and the response when it arrives.
pub(super) async fn stale_then_fresh<T>(
    request: impl Future<Output = Result<T, BackendError>>,
    cached: impl Future<Output = Option<Sourced<T>>>,
    on_read: OnRead<'_, T>,
) {
    tokio::pin!(request);
    let mut has_sent_cached = false;
    let mut response = timeout(FALLBACK_DELAY, &mut request).await.ok().map(as_unanswered);
    let found = match &response {
        None => {
            let (arrived, found) = join_lookup(request.as_mut(), cached).await;
            response = arrived.map(as_unanswered);
            found
        }
        Some(Err(error)) if error.is_temporary() => cached.await,
        Some(_) => None,
    };
    if let Some(cached) = found
        && !matches!(response, Some(Ok(_)))
    {
        has_sent_cached = true;
        on_read(Ok(cached));
    }
    let response = match response {
        Some(response) => response,
        None => as_unanswered(request.await),
    };
    match response {
        Ok(value) => on_read(Ok(Sourced::fresh(value))),
        Err(error) if has_sent_cached && error.is_temporary() => {}
        Err(error) => on_read(Err(error)),
    }
}

impl Shared {
    /// Returns the response if it comes in time, and the cached value if it does not, makes no sense, or if
    /// the remote is unreachable.
    pub(super) async fn fetch_or_cached<T>(
        &self,
        request: impl Future<Output = Result<T, BackendError>>,
        cached: impl Future<Output = Option<Sourced<T>>>,
    ) -> ReadResult<T> {
        tokio::pin!(request);
        // A remote that has just failed to answer is not expected to answer soon.
        let is_failing = self.is_failing.load(Ordering::Relaxed);
        let limit = if is_failing { FALLBACK_DELAY } else { self.answer_timeout };
        match timeout(limit, &mut request).await.map(as_unanswered) {
            Ok(Err(error)) if error.is_temporary() => cached.await.ok_or(error),
            Ok(response) => response.map(Sourced::fresh),
            Err(_) => match join_lookup(request.as_mut(), cached).await {
                (Some(Ok(response)), _) => Ok(Sourced::fresh(response)),
                (_, Some(cached)) => Ok(cached),
                (Some(response), None) => as_unanswered(response).map(Sourced::fresh),
                (None, None) => as_unanswered(request.await).map(Sourced::fresh),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Mutex, Notify};

    use super::*;

    /// The request holds the lock when it stops being polled, and releases it only when it is
    /// polled again.
    #[tokio::test]
    async fn lookup_proceeds_while_a_request_holds_the_lock() {
        let (file, is_locked) = (Mutex::new(()), Notify::new());
        let request = async {
            let _writing = file.lock().await;
            is_locked.notify_one();
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            "answer"
        };
        tokio::pin!(request);
        tokio::select! {
            biased;
            _ = &mut request => panic!("it is not so fast"),
            () = is_locked.notified() => {}
        }
        let lookup = async {
            let _reading = file.lock().await;
            "kept"
        };
        let result = timeout(FALLBACK_DELAY * 100, join_lookup(request, lookup)).await;
        assert_eq!(result, Ok((Some("answer"), "kept")));
    }
}
