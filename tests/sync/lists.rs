//! Lists over all incidents of an unreachable remote: fetched rows answer any search.

use chrono::NaiveDate;
use redphone::backend::lists::{ActionItemSearch, FeedSearch, NotificationSearch, TimeOrder};
use redphone::backend::{Backend, BackendError, PageMark};
use redphone::model::notification::NotificationState;
use redphone::model::review::{ActionItem, ActionKind};
use redphone::model::{IncidentCommand, IncidentId};
use redphone::sync::Reader;

use super::fixtures::RemoteFixture;
use crate::support::notifications;
use crate::support::remote_stub::StubMode;
use crate::support::requests::{declared, done};

fn item(text: &str, day: u32) -> ActionItem {
    ActionItem {
        id: uuid::Uuid::now_v7(),
        text: text.into(),
        owner: None,
        due: NaiveDate::from_ymd_opt(2026, 3, day),
        kind: ActionKind::Prevent,
        done: false,
    }
}

async fn set(fixture: &RemoteFixture, id: IncidentId, item: ActionItem) {
    done(&*fixture.store, id, IncidentCommand::SetActionItem { item }).await;
}

#[tokio::test]
async fn cached_lists_answer_other_searches_in_pages() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "one").await;
    let late = item("late", 2);
    for item in [item("later", 9), late.clone(), item("soon", 5)] {
        set(&fixture, id, item).await;
    }
    let remote = fixture.remote().await;
    let search = ActionItemSearch::first(100);
    assert_eq!(remote.read_action_items(&search).await.unwrap().as_of, None);
    // One of them is done meanwhile; only that one is fetched again.
    set(&fixture, id, ActionItem { done: true, ..late }).await;
    let finished = ActionItemSearch { done: Some(true), ..search.clone() };
    assert_eq!(remote.read_action_items(&finished).await.unwrap().value.rows.len(), 1);
    fixture.stub.set_mode(StubMode::Offline);
    let mut open = ActionItemSearch { done: Some(false), limit: 1, ..search };
    let mut texts = Vec::new();
    loop {
        let page = remote.read_action_items(&open).await.unwrap();
        assert!(page.as_of.is_some());
        texts.extend(page.value.rows.into_iter().map(|row| row.item.text));
        match page.value.next {
            Some(next) => open.after = Some(next),
            None => break,
        }
    }
    assert_eq!(texts, ["soon", "later"]);
}

#[tokio::test]
async fn feed_that_was_never_fetched_is_unreachable() {
    let fixture = RemoteFixture::new().await;
    declared(&*fixture.store, "one").await;
    let remote = fixture.remote().await;
    fixture.stub.set_mode(StubMode::Offline);
    let search = FeedSearch::first(5);
    let error = remote.read_feed(&search).await.unwrap_err();
    assert!(matches!(error, BackendError::Unreachable(_)), "{error}");
    fixture.stub.set_mode(StubMode::Online);
    remote.read_feed(&search).await.unwrap();
    fixture.stub.set_mode(StubMode::Offline);
    let oldest = FeedSearch { order: TimeOrder::Oldest, ..search.clone() };
    assert_eq!(remote.read_feed(&oldest).await.unwrap().value.rows.len(), 1);
    // A page that began at the remote has no continuation in the cache.
    let mark = PageMark::Event { newest_first: true, recorded: i64::MAX, log: 1 };
    let next = FeedSearch { after: Some(mark), ..search };
    assert!(remote.read_feed(&next).await.is_err());
    assert!(remote.feed(&oldest).await.is_ok());
}

#[tokio::test]
async fn cached_notifications_answer_while_the_remote_is_away() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "one").await;
    notifications::import(&fixture.store, &notifications::of_a_night(id)).await;
    let remote = fixture.remote().await;
    let search = NotificationSearch::first(100);
    let fresh = remote.read_notifications(&search).await.unwrap();
    assert_eq!((fresh.as_of, fresh.value.rows.len()), (None, 4));
    fixture.stub.set_mode(StubMode::Offline);
    let cached = remote.read_notifications(&search).await.unwrap();
    assert!(cached.as_of.is_some());
    assert_eq!(cached.value.rows, fresh.value.rows);
    let failed = NotificationSearch {
        incident: Some(id),
        states: vec![NotificationState::Failed],
        ..search
    };
    let rows = remote.read_notifications(&failed).await.unwrap().value.rows;
    assert_eq!((rows.len(), rows[0].attempts.len()), (1, 3));
}
