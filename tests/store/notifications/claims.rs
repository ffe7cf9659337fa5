//! A notification is claimed by one program, when it is due and as long as it is needed.

use chrono::Duration;
use redphone::backend::{Claimed, Ledger};
use redphone::model::IncidentCommand;
use redphone::model::notification::{AttemptOutcome, NotificationState};
use rstest::rstest;
use rusqlite::Connection;

use super::super::fixtures::{declared, open};
use super::{Scene, attempts, ids, page, request, stored};
use crate::support::requests::resolve;

#[tokio::test]
async fn notification_is_claimed_once_by_two_programs() {
    let scene = Scene::new().await;
    let other = open(&scene.path).await;
    let planned = scene.page();
    scene.plan(std::slice::from_ref(&planned)).await;
    let claimed = scene.claim(0).await;
    let [claim] = claimed.claims.as_slice() else { panic!("{claimed:?}") };
    assert_eq!((claim.notification.id, claim.fence), (planned.id, 1));
    assert_eq!(claim.notification.state, NotificationState::Sending);
    let incident = claim.incident.as_ref().map(|row| row.id);
    assert_eq!((claim.notification.attempts, incident), (1, Some(scene.incident)));
    assert_eq!((claimed.next, claimed.others_claim), (None, false));
    let none = Claimed { claims: Vec::new(), next: None, others_claim: true };
    assert_eq!(other.claim(&request(scene.start)).await.unwrap(), none);
    let [attempt] = <[_; 1]>::try_from(attempts(&scene.path)).unwrap();
    assert_eq!((attempt.notification, attempt.number), (planned.id, 1));
    assert_eq!((attempt.outcome, attempt.ended_at), (AttemptOutcome::Running, None));
}

#[tokio::test]
async fn claims_wait_for_their_time_the_earliest_first() {
    let scene = Scene::new().await;
    let [late, first, second] =
        [30, 10, 20].map(|s| page(scene.incident, &s.to_string(), scene.at(s)));
    scene.plan(&[late.clone(), first.clone(), second.clone()]).await;
    let claimed = scene.claim(9).await;
    assert_eq!((claimed.claims.len(), claimed.next), (0, Some(scene.at(10))));
    let claimed = scene.claim(20).await;
    assert_eq!(ids(&claimed.claims), [first.id, second.id]);
    assert_eq!(claimed.next, Some(scene.at(30)));
}

#[tokio::test]
async fn channels_of_other_programs_are_not_claimed() {
    let scene = Scene::new().await;
    let mut sms = page(scene.incident, "sms", scene.start);
    sms.channel = "twilio".into();
    scene.plan(std::slice::from_ref(&sms)).await;
    assert_eq!(scene.claim(0).await, Claimed::default());
    let mut both = request(scene.start);
    both.channels.push("twilio".into());
    assert_eq!(ids(&scene.store.claim(&both).await.unwrap().claims), [sms.id]);
}

#[tokio::test]
async fn limit_bounds_the_claims_and_the_rest_is_due() {
    let scene = Scene::new().await;
    let planned = [0, 1, 2].map(|s| page(scene.incident, &s.to_string(), scene.at(s)));
    scene.plan(&planned).await;
    let mut two = request(scene.at(5));
    two.limit = 2;
    let claimed = scene.store.claim(&two).await.unwrap();
    assert_eq!(ids(&claimed.claims), [planned[0].id, planned[1].id]);
    assert_eq!(claimed.next, Some(scene.at(2)));
    assert_eq!(ids(&scene.store.claim(&two).await.unwrap().claims), [planned[2].id]);
}

#[rstest]
#[case(IncidentCommand::Acknowledge, "somebody has acknowledged the incident")]
#[case(resolve(), "the incident has ended")]
#[tokio::test]
async fn what_is_not_needed_any_more_is_cancelled(
    #[case] command: IncidentCommand,
    #[case] reason: &str,
) {
    let scene = Scene::new().await;
    let planned = scene.page();
    scene.plan(std::slice::from_ref(&planned)).await;
    scene.execute(IncidentCommand::Acknowledge).await;
    if command != IncidentCommand::Acknowledge {
        scene.execute(command).await;
    }
    assert_eq!(scene.claim(0).await, Claimed::default());
    let after = scene.stored(planned.id);
    assert_eq!((after.state, after.next_try), (NotificationState::Cancelled, None));
    assert_eq!((after.reason.as_deref(), after.updated_at), (Some(reason), scene.start));
    assert_eq!(attempts(&scene.path), []);
}

#[tokio::test]
async fn acknowledgement_cancels_at_once_what_is_due_later() {
    let scene = Scene::new().await;
    let later = page(scene.incident, "sms", scene.at(120));
    let mut for_help = page(scene.incident, "phone", scene.at(60));
    for_help.after_acknowledgement = true;
    scene.plan(&[later.clone(), for_help.clone()]).await;
    scene.execute(IncidentCommand::Acknowledge).await;
    let claimed = scene.claim(0).await;
    assert_eq!((claimed.claims.len(), claimed.next), (0, Some(scene.at(60))));
    assert_eq!(scene.stored(later.id).state, NotificationState::Cancelled);
    assert_eq!(ids(&scene.claim(60).await.claims), [for_help.id]);
    scene.execute(resolve()).await;
    let mut late = page(scene.incident, "fax", scene.at(600));
    late.after_acknowledgement = true;
    scene.plan(std::slice::from_ref(&late)).await;
    assert_eq!(scene.claim(61).await.claims, []);
    assert_eq!(scene.stored(late.id).reason.as_deref(), Some("the incident has ended"));
}

#[tokio::test]
async fn snoozed_incident_stops_pages_until_its_time() {
    let scene = Scene::new().await;
    let planned = scene.page();
    scene.plan(std::slice::from_ref(&planned)).await;
    let until = scene.at(600);
    scene.execute(IncidentCommand::Snooze { until }).await;
    let claimed = scene.claim(0).await;
    assert_eq!((claimed.claims.len(), claimed.next), (0, Some(until)));
    let after = scene.stored(planned.id);
    assert_eq!((after.state, after.attempts), (NotificationState::Waiting, 0));
    assert_eq!(after.reason.as_deref(), Some("the incident is snoozed"));
    assert_eq!(ids(&scene.claim(600).await.claims), [planned.id]);
}

#[rstest]
#[case(false)]
#[case(true)]
#[tokio::test]
async fn page_goes_on_as_soon_as_the_incident_does(#[case] snoozes: bool) {
    let scene = Scene::new().await;
    let planned = scene.page();
    scene.plan(std::slice::from_ref(&planned)).await;
    let (stop, resume) = if snoozes {
        (IncidentCommand::Snooze { until: scene.at(600) }, IncidentCommand::Wake)
    } else {
        (IncidentCommand::Pause { reason: "the partner".into() }, IncidentCommand::Unpause)
    };
    scene.execute(stop).await;
    let claimed = scene.claim(0).await;
    assert!(claimed.claims.is_empty() && claimed.next > Some(scene.at(60)), "{claimed:?}");
    assert!(scene.claim(1).await.claims.is_empty());
    scene.execute(resume).await;
    assert_eq!(ids(&scene.claim(2).await.claims), [planned.id]);
    assert_eq!(scene.stored(planned.id).reason, None);
}

#[tokio::test]
async fn pages_of_more_than_a_day_ago_are_cancelled_on_any_channel() {
    let scene = Scene::new().await;
    let due = scene.start - Duration::hours(24) - Duration::seconds(1);
    let mut unserved = page(scene.incident, "sms", due);
    unserved.channel = "twilio".into();
    let planned = [page(scene.incident, "phone", due), unserved];
    scene.plan(&planned).await;
    assert_eq!(scene.claim(0).await, Claimed::default());
    for notification in stored(&scene.path) {
        assert_eq!(notification.state, NotificationState::Cancelled);
        assert_eq!(notification.reason.as_deref(), Some("it was due more than a day ago"));
    }
}

#[tokio::test]
async fn claim_of_nothing_writes_nothing() {
    let scene = Scene::new().await;
    scene.plan(&[page(scene.incident, "phone", scene.at(60))]).await;
    let lock = rusqlite::Connection::open(&scene.path).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    // It does not wait for the lock.
    assert_eq!(scene.claim(0).await.next, Some(scene.at(60)));
    assert!(!scene.path.with_file_name("store.db-claims").exists());
    lock.execute_batch("ROLLBACK").unwrap();
    let due = request(scene.at(60));
    assert_eq!(scene.store.claim(&due).await.unwrap().claims.len(), 1);
    assert!(scene.path.with_file_name("store.db-claims").exists());
}

#[rstest]
#[case::no_json("{", false)]
#[case::no_notification("{}", false)]
#[case::no_json_and_acknowledged("{", true)]
#[tokio::test]
async fn broken_row_stops_no_other(#[case] body: &str, #[case] is_acknowledged: bool) {
    let scene = Scene::new().await;
    let planned = [scene.page(), page(scene.incident, "sms", scene.start)];
    scene.plan(&planned).await;
    let other = declared(&scene.store, "Images are missing").await;
    let third = page(other, "phone", scene.start);
    scene.plan(std::slice::from_ref(&third)).await;
    if is_acknowledged {
        scene.execute(IncidentCommand::Acknowledge).await;
    }
    let conn = Connection::open(&scene.path).unwrap();
    let id = planned[0].id.as_bytes().to_vec();
    conn.execute("UPDATE notification SET body = ?1 WHERE id = ?2", (body, id)).unwrap();
    let claimed = scene.claim(0).await;
    let expected = if is_acknowledged { vec![third.id] } else { vec![planned[1].id, third.id] };
    assert_eq!(ids(&claimed.claims), expected);
    // It is not looked at again.
    let sql =
        "SELECT count(*) FROM notification WHERE body = ?1 AND state = 4 AND next_try IS NULL";
    let failed: i64 = conn.query_row(sql, [body], |row| row.get(0)).unwrap();
    assert_eq!(failed, 1);
    assert_eq!(scene.claim(0).await.claims, []);
}
