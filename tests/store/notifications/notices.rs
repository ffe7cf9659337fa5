//! Notices are about no incident, and are claimed, sent and listed as any other notification.

use chrono::{DateTime, Utc};
use redphone::backend::{Backend, Claim, ClaimRequest, Ledger, NotificationSearch, Reminder};
use redphone::model::IncidentId;
use redphone::model::directory::Directory;
use redphone::model::id::CoverId;
use redphone::model::notification::{
    AttemptOutcome, MessageKind, Notification, NotificationState, ReminderKind,
};
use redphone::model::oncall::{Cover, CoverState, TimeSpan};
use rusqlite::Connection;

use super::super::fixtures::open;
use super::{Scene, ids, page, request, stored};

/// Returns a notice of ines that is due, and of no use an hour later.
pub fn notice(due: DateTime<Utc>) -> Notification {
    Notification {
        kind: MessageKind::Reminder,
        reminder: Some(ReminderKind::OnCall),
        after_acknowledgement: true,
        text: Some("You go on call for web in 1h.\nUntil Monday.".into()),
        until: Some(due + chrono::Duration::hours(1)),
        ..page(IncidentId::NONE, "phone", due)
    }
}

fn reminder(key: &str, now: DateTime<Utc>, notifications: &[Notification]) -> Reminder {
    let notifications = notifications.to_vec();
    Reminder { kind: ReminderKind::OnCall, key: key.into(), now, notifications }
}

#[tokio::test]
async fn notice_is_stored_once_and_claimed_by_one_program() {
    let scene = Scene::new().await;
    let other = open(&scene.path).await;
    let planned = notice(scene.start);
    let first = reminder("web ines", scene.start, std::slice::from_ref(&planned));
    assert!(scene.store.remind(&first).await.unwrap());
    let second = reminder("web ines", scene.start, &[notice(scene.start)]);
    assert!(!other.remind(&second).await.unwrap());
    let claimed = scene.claim(0).await.claims;
    let [Claim { notification, incident, fence, .. }] = claimed.as_slice() else {
        panic!("{claimed:?}")
    };
    assert_eq!((notification.id, incident, *fence), (planned.id, &None, 1));
    assert_eq!(other.claim(&request(scene.start)).await.unwrap().claims, []);
    assert!(scene.finish(&claimed[0], AttemptOutcome::Temporary, 1).await);
    let again = scene.claim(6).await.claims;
    assert_eq!(ids(&again), [planned.id]);
    assert!(scene.finish(&again[0], AttemptOutcome::Accepted, 7).await);
    let sent = scene.stored(planned.id);
    assert_eq!((sent.state, sent.attempts), (NotificationState::Sent, 2));
    assert_eq!(sent.text, planned.text);
}

#[tokio::test]
async fn notice_of_an_ended_program_is_sent_by_another() {
    let scene = Scene::new().await;
    let other = open(&scene.path).await;
    let planned = notice(scene.start);
    let first = reminder("web ines", scene.start, std::slice::from_ref(&planned));
    assert!(other.remind(&first).await.unwrap());
    assert_eq!(ids(&other.claim(&request(scene.start)).await.unwrap().claims), [planned.id]);
    other.close().await;
    assert_eq!(scene.store.release_dead(scene.at(1)).await.unwrap(), 1);
    let claims = scene.claim(6).await.claims;
    assert_eq!(ids(&claims), [planned.id]);
    assert!(claims[0].notification.perhaps_twice);
}

#[tokio::test]
async fn notice_that_is_of_no_use_any_more_is_cancelled() {
    let scene = Scene::new().await;
    let planned = notice(scene.start);
    let first = reminder("web ines", scene.start, std::slice::from_ref(&planned));
    assert!(scene.store.remind(&first).await.unwrap());
    assert_eq!(scene.claim(3600).await.claims, []);
    let cancelled = scene.stored(planned.id);
    assert_eq!((cancelled.state, cancelled.attempts), (NotificationState::Cancelled, 0));
}

#[tokio::test]
async fn notice_about_cover_that_was_answered_is_cancelled() {
    let scene = Scene::new().await;
    let (open, closed) = (CoverId::new(), CoverId::new());
    let span = TimeSpan { from: scene.start, to: scene.at(7200) };
    let covers = [(open, CoverState::Open), (closed, CoverState::Withdrawn)];
    let covers = covers.map(|(id, state)| Cover { state, ..Cover::new(id, "web", "tomo", span) });
    let directory = Directory { covers: covers.to_vec(), ..Directory::default() };
    scene.store.set_directory(&directory).await.unwrap();
    let notices = [open, closed].map(|id| Notification { cover: Some(id), ..notice(scene.start) });
    assert!(scene.store.remind(&reminder("cover", scene.start, &notices)).await.unwrap());
    assert_eq!(ids(&scene.claim(1).await.claims), [notices[0].id]);
    let state = |at: usize| scene.stored(notices[at].id).state;
    assert_eq!((state(0), state(1)), (NotificationState::Sending, NotificationState::Cancelled));
}

#[tokio::test]
async fn pages_come_before_notices() {
    let scene = Scene::new().await;
    let (early, late) = (notice(scene.start), scene.page());
    let first = reminder("web ines", scene.start, std::slice::from_ref(&early));
    assert!(scene.store.remind(&first).await.unwrap());
    scene.plan(std::slice::from_ref(&late)).await;
    let one = ClaimRequest { limit: 1, ..request(scene.at(1)) };
    assert_eq!(ids(&scene.store.claim(&one).await.unwrap().claims), [late.id]);
    assert_eq!(ids(&scene.store.claim(&one).await.unwrap().claims), [early.id]);
}

#[tokio::test]
async fn notices_are_listed_with_what_they_say() {
    let scene = Scene::new().await;
    let planned = notice(scene.start);
    let first = reminder("web ines", scene.start, std::slice::from_ref(&planned));
    assert!(scene.store.remind(&first).await.unwrap());
    let page = scene.store.notifications(&NotificationSearch::first(10)).await.unwrap();
    let [entry] = <[_; 1]>::try_from(page.rows).unwrap();
    assert_eq!((entry.incident.id, entry.incident.number), (IncidentId::NONE, None));
    assert_eq!(entry.incident.title, "You go on call for web in 1h.");
    assert_eq!(entry.incident.label(), "-");
    assert_eq!(entry.notification.id, planned.id);
    let of_incident =
        NotificationSearch { incident: Some(scene.incident), ..NotificationSearch::first(10) };
    assert_eq!(scene.store.notifications(&of_incident).await.unwrap().rows, []);
}

/// Such a program cancels due notifications over one of its channels that have no incident.
#[tokio::test]
async fn program_without_notices_does_not_find_them() {
    let scene = Scene::new().await;
    let first = reminder("web ines", scene.start, &[notice(scene.start)]);
    assert!(scene.store.remind(&first).await.unwrap());
    assert_eq!(stored(&scene.path).len(), 1);
    let conn = Connection::open(&scene.path).unwrap();
    let sql = "SELECT count(*) FROM notification WHERE channel = 'ntfy'";
    assert_eq!(conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap(), 0);
}
