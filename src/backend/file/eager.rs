//! Waits for the thread of the driver without sleeping, as long as it is likely to answer soon.

use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// The time within which most commands are done.
pub(super) const COMMAND_TIME: Duration = Duration::from_micros(600);
/// The time within which the next row of a list mostly follows.
pub(super) const ROW_TIME: Duration = Duration::from_micros(50);

/// Awaits a future, polling it without sleeping for the first `time`. Sleeping until the driver's
/// thread wakes this one would cost a large part of the total time of a command. So would a wake-up
/// for each result of a statement, so that nothing wakes this task until then.
pub(super) async fn poll_eagerly<F: Future>(work: F, time: Duration) -> F::Output {
    let mut work = std::pin::pin!(work);
    let mut until = None;
    loop {
        if let Poll::Ready(output) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
        let now = Instant::now();
        if now >= *until.get_or_insert(now + time) {
            return work.await;
        }
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn eager_poll_ends_with_one_that_can_be_woken() {
        let (mut eager_polls, mut is_woken) = (0, false);
        let work = std::future::poll_fn(|context| {
            if context.waker().will_wake(Waker::noop()) {
                eager_polls += 1;
                return Poll::Pending;
            }
            if !std::mem::replace(&mut is_woken, true) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(7)
        });
        assert_eq!(poll_eagerly(work, COMMAND_TIME).await, 7);
        assert!(eager_polls > 0);
        assert_eq!(poll_eagerly(std::future::ready(8), COMMAND_TIME).await, 8);
    }
}
