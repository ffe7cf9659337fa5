//! Long polls, and what ends them early.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redphone::backend::http::LongPollState;
use redphone::backend::{Backend, BackendError, Cursor};

use super::fixtures::{ClientFixture, delta, json};
use crate::support::proxy::{Fault, Proxy, answer};

const WAIT: Duration = Duration::from_secs(25);
/// Longer than the least time that counts as a wait.
const CUT: Duration = Duration::from_millis(1200);

fn gives_up() -> Fault {
    Fault::Say(CUT, answer("504 Gateway Timeout", "", "text/html", "<h1>504</h1>"))
}

#[tokio::test]
async fn proxy_timeout_is_no_failure_and_shortens_the_next_wait() {
    let targets = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&targets);
    let proxy = Proxy::start(None, move |request| {
        heard.lock().unwrap().push(request.target().to_owned());
        if request.number == 0 { gives_up() } else { json("", &delta(7)) }
    })
    .await;
    let fixture = ClientFixture::new();
    let client = fixture.client(&proxy.url());
    assert_eq!(client.long_poll_state(), LongPollState::Unknown);
    let begun = Instant::now();
    assert_eq!(client.changes(Some(Cursor(7)), WAIT).await.unwrap(), delta(7));
    assert!(begun.elapsed() >= CUT);
    assert!(matches!(client.long_poll_state(), LongPollState::CutAfter(after) if after >= CUT));
    client.changes(Some(Cursor(7)), WAIT).await.unwrap();
    let [first, second] = &targets.lock().unwrap()[..] else { panic!("{targets:?}") };
    assert_eq!(first, "/v1/changes?since=7&wait=25");
    let second: u64 = second.rsplit('=').next().unwrap().parse().unwrap();
    assert!((1..25).contains(&second), "{second}");
}

#[tokio::test]
async fn connection_cut_during_a_wait_is_no_failure() {
    let proxy = Proxy::start(None, |_| Fault::Say(CUT, String::new())).await;
    let fixture = ClientFixture::new();
    let client = fixture.client(&proxy.url());
    assert_eq!(client.changes(Some(Cursor(7)), WAIT).await.unwrap(), delta(7));
    // A single lost connection can mean that the server has ended.
    assert_eq!(client.long_poll_state(), LongPollState::Unknown);
}

#[tokio::test]
async fn cut_at_once_or_after_the_deadline_is_a_failure() {
    let at_once = Fault::says("504 Gateway Timeout", "", "text/html", "");
    let proxy = Proxy::start(None, move |_| at_once.clone()).await;
    let fixture = ClientFixture::new();
    let failed = fixture.client(&proxy.url()).changes(Some(Cursor(7)), WAIT).await.unwrap_err();
    assert!(failed.to_string().contains("answers 504 Gateway Timeout"), "{failed}");
    // A working server answers at the end of the wait. A later 504 is from a proxy that waits for a
    // server that does not answer.
    let proxy = Proxy::start(None, |_| gives_up()).await;
    let client = fixture.client(&proxy.url());
    let failed = client.changes(Some(Cursor(7)), Duration::from_secs(1)).await.unwrap_err();
    assert!(matches!(failed, BackendError::Unreachable(_)), "{failed}");
    // Without a cursor the request does not wait.
    assert!(client.changes(None, WAIT).await.is_err());
}

#[tokio::test]
async fn server_without_long_polling_is_detected() {
    let proxy = Proxy::start(None, |_| json("", &delta(7))).await;
    let fixture = ClientFixture::new();
    let client = fixture.client(&proxy.url());
    client.changes(Some(Cursor(7)), WAIT).await.unwrap();
    assert_eq!(client.long_poll_state(), LongPollState::Immediate);
}

#[tokio::test]
async fn long_polls_that_fail_on_the_way_are_shortened() {
    let open = Duration::from_secs(3);
    let targets = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&targets);
    let proxy = Proxy::start(None, move |request| {
        heard.lock().unwrap().push(request.target().to_owned());
        if request.number == 0 {
            Fault::Say(open, answer("500 Internal Server Error", "", "text/html", "<h1>500</h1>"))
        } else {
            json("", &delta(7))
        }
    })
    .await;
    let fixture = ClientFixture::new();
    let client = fixture.client(&proxy.url());
    assert!(client.changes(Some(Cursor(7)), WAIT).await.is_err());
    // The server answers a request immediately that failed after a while, so a proxy cuts requests
    // off.
    client.changes(Some(Cursor(7)), Duration::ZERO).await.unwrap();
    client.changes(Some(Cursor(7)), WAIT).await.unwrap();
    let targets = targets.lock().unwrap();
    let waits: Vec<_> = targets.iter().map(|target| target.rsplit('=').next().unwrap()).collect();
    let [first, second, third] = waits[..] else { panic!("{targets:?}") };
    assert_eq!((first, second), ("25", "0"), "{targets:?}");
    // Seven tenths of the time that the first one was open, which is more on a busy machine.
    let third: u64 = third.parse().unwrap();
    assert!((2..25).contains(&third), "{third}");
}
