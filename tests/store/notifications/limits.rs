//! A storm does not flood a contact: messages beyond its limit are sent as one.

use chrono::{DateTime, Utc};
use redphone::backend::{Backend, Claim, TimelineRange};
use redphone::engine::message_for;
use redphone::model::command::Declaration;
use redphone::model::notification::{AttemptOutcome, MessageKind, Notification, NotificationState};
use redphone::model::{Impact, IncidentCommand, IncidentId};
use rstest::rstest;
use uuid::Uuid;

use super::super::fixtures::ask;
use super::{Scene, attempts, ids, page};
use crate::support::commands;

/// Plans eight pages for one contact and one for another, and claims due notifications.
async fn storm(scene: &Scene) -> (Vec<Notification>, Vec<Claim>) {
    let mut planned: Vec<Notification> = (0..8).map(|_| scene.page()).collect();
    planned.push(page(scene.incident, "sms", scene.start));
    scene.plan(&planned).await;
    let claimed = scene.claim(0).await;
    assert_eq!(claimed.next, Some(scene.at(60)));
    (planned, claimed.claims)
}

fn planned_ids(planned: &[Notification]) -> Vec<Uuid> {
    planned.iter().map(|notification| notification.id).collect()
}

#[tokio::test]
async fn five_messages_a_minute_go_to_one_contact() {
    let scene = Scene::new().await;
    let (planned, claims) = storm(&scene).await;
    let mut expected = planned_ids(&planned[..5]);
    expected.push(planned[8].id);
    assert_eq!(ids(&claims), expected);
    assert!(claims.iter().all(|claim| claim.bundled.is_empty()));
    let waits = scene.stored(planned[5].id);
    assert_eq!((waits.state, waits.next_try), (NotificationState::Waiting, Some(scene.at(60))));
    assert_eq!(waits.reason.as_deref(), Some("the contact was sent several messages just before"));
}

#[tokio::test]
async fn what_waited_for_room_is_sent_as_one_message() {
    let scene = Scene::new().await;
    let (planned, claims) = storm(&scene).await;
    for claim in &claims {
        assert!(scene.finish(claim, AttemptOutcome::Accepted, 1).await);
    }
    // One that comes meanwhile waits with the others.
    let late = page(scene.incident, "phone", scene.at(30));
    scene.plan(std::slice::from_ref(&late)).await;
    assert!(scene.claim(30).await.claims.is_empty());
    let claimed = scene.claim(60).await;
    let [claim] = claimed.claims.as_slice() else { panic!("{claimed:?}") };
    assert_eq!(claim.notification.id, planned[5].id);
    let bundled: Vec<Uuid> = claim.bundled.iter().map(|other| other.id).collect();
    assert_eq!(bundled, [planned[6].id, planned[7].id, late.id]);
    assert!(claim.bundled.iter().all(|other| other.state == NotificationState::Sending));
    assert!(scene.finish(claim, AttemptOutcome::Accepted, 61).await);
    assert_eq!(scene.stored(planned[5].id).state, NotificationState::Sent);
    for id in bundled {
        let other = scene.stored(id);
        assert_eq!(other.state, NotificationState::Bundled);
        assert_eq!(other.bundled_into, Some(planned[5].id));
    }
    // The message was one attempt.
    assert_eq!(attempts(&scene.path).len(), 7);
}

#[rstest]
#[case(AttemptOutcome::Temporary, NotificationState::Waiting, false)]
#[case(AttemptOutcome::Uncertain, NotificationState::Waiting, true)]
#[case(AttemptOutcome::Permanent, NotificationState::Failed, false)]
#[tokio::test]
async fn bundle_has_the_outcome_of_its_message(
    #[case] outcome: AttemptOutcome,
    #[case] state: NotificationState,
    #[case] perhaps_twice: bool,
) {
    let scene = Scene::new().await;
    let (planned, _) = storm(&scene).await;
    let claim = scene.claim(60).await.claims.remove(0);
    assert!(scene.finish(&claim, outcome, 61).await);
    for planned in &planned[5..8] {
        let after = scene.stored(planned.id);
        assert_eq!((after.state, after.perhaps_twice), (state, perhaps_twice), "{after:?}");
        assert_eq!((after.bundled_into, after.reason.as_deref()), (None, Some("503")));
    }
    let again = scene.claim(66).await;
    if state == NotificationState::Failed {
        assert_eq!((again.claims.len(), again.next), (0, None));
        return;
    }
    let [claim] = again.claims.as_slice() else { panic!("{again:?}") };
    assert_eq!((claim.notification.id, claim.bundled.len()), (planned[5].id, 2));
    assert_eq!((claim.notification.attempts, claim.fence), (2, 2));
}

#[tokio::test]
async fn failed_messages_use_up_no_room() {
    let scene = Scene::new().await;
    let (planned, claims) = storm(&scene).await;
    for claim in &claims[..5] {
        assert!(scene.finish(claim, AttemptOutcome::Permanent, 1).await);
    }
    let next = scene.page();
    scene.plan(std::slice::from_ref(&next)).await;
    // The others have their time already.
    assert_eq!(ids(&scene.claim(2).await.claims), [next.id]);
    assert_eq!(scene.stored(planned[5].id).next_try, Some(scene.at(60)));
}

/// Declares another incident.
async fn declare(scene: &Scene, impact: Impact) -> IncidentId {
    let declaration =
        Declaration { impact, urgency: impact, ..commands::declaration("Reports are late") };
    let id = IncidentId::new();
    let command = IncidentCommand::Declare(Box::new(declaration));
    scene.store.execute(&ask(id, command)).await.unwrap();
    id
}

#[tokio::test]
async fn storm_of_small_things_delays_no_urgent_page() {
    let scene = Scene::new().await;
    let small = declare(&scene, Impact::Low).await;
    let urgent = declare(&scene, Impact::High).await;
    // More than one claim looks at, all of them due longer.
    let mut planned: Vec<Notification> =
        (0..250).map(|count| page(small, &format!("phone-{count}"), scene.at(-60))).collect();
    planned.push(page(urgent, "phone", scene.start));
    scene.plan(&planned).await;
    let claimed = scene.claim(0).await;
    assert_eq!(claimed.claims[0].notification.id, planned[250].id);
    assert_eq!(claimed.claims[1].notification.id, planned[0].id);
}

/// Returns a message of a kind for the contact `phone`.
fn of_kind(kind: MessageKind, incident: IncidentId, due: DateTime<Utc>) -> Notification {
    Notification { kind, ..page(incident, "phone", due) }
}

#[rstest]
#[case::pages_of_a_minor_incident(MessageKind::Page, Impact::Low)]
#[case::pages_of_a_less_urgent_incident(MessageKind::Page, Impact::Medium)]
#[case::updates_of_an_urgent_incident(MessageKind::Update, Impact::High)]
#[case::news_of_an_urgent_incident(MessageKind::Resolved, Impact::High)]
#[tokio::test]
async fn lesser_messages_delay_no_page(#[case] kind: MessageKind, #[case] impact: Impact) {
    let scene = Scene::new().await;
    let lesser = declare(&scene, impact).await;
    let urgent = declare(&scene, Impact::High).await;
    let before: Vec<Notification> = (0..7).map(|_| of_kind(kind, lesser, scene.start)).collect();
    scene.plan(&before).await;
    assert_eq!(scene.claim(0).await.claims.len(), 5);
    let pages: Vec<Notification> = (0..6).map(|_| page(urgent, "phone", scene.at(10))).collect();
    scene.plan(&pages).await;
    let claims = scene.claim(10).await.claims;
    // A storm of pages is still limited.
    assert_eq!(ids(&claims), planned_ids(&pages[..5]));
    assert!(claims.iter().all(|claim| claim.bundled.is_empty()));
    assert_eq!(scene.stored(pages[5].id).next_try, Some(scene.at(70)));
    assert_eq!(scene.stored(before[5].id).next_try, Some(scene.at(60)));
    // The others wait until those have their time too, and join the first message after that.
    assert_eq!(scene.claim(60).await.claims, []);
    let claimed = scene.claim(70).await;
    let [claim] = claimed.claims.as_slice() else { panic!("{claimed:?}") };
    assert_eq!(claim.notification.id, pages[5].id);
    let mut bundled = planned_ids(&claim.bundled);
    bundled.sort_unstable();
    assert_eq!(bundled, planned_ids(&before[5..]));
}

#[tokio::test]
async fn bundle_is_led_by_what_is_most_urgent() {
    let scene = Scene::new().await;
    let small = declare(&scene, Impact::Low).await;
    let urgent = declare(&scene, Impact::High).await;
    let mut planned: Vec<Notification> =
        (0..5).map(|_| page(urgent, "phone", scene.at(-60))).collect();
    planned.extend((0..2).map(|_| page(small, "phone", scene.at(-60))));
    scene.plan(&planned).await;
    assert_eq!(scene.claim(0).await.claims.len(), 5);
    let late = page(urgent, "phone", scene.at(10));
    scene.plan(std::slice::from_ref(&late)).await;
    assert_eq!(scene.claim(10).await.claims, []);
    let claimed = scene.claim(60).await;
    let [claim] = claimed.claims.as_slice() else { panic!("{claimed:?}") };
    assert_eq!(claim.notification.id, late.id);
    let bundled: Vec<Uuid> = claim.bundled.iter().map(|other| other.id).collect();
    assert_eq!(bundled, planned_ids(&planned.split_off(5)));
}

#[tokio::test]
async fn bundle_with_news_is_led_by_its_page() {
    let scene = Scene::new().await;
    let before: Vec<Notification> = (0..5).map(|_| scene.page()).collect();
    scene.plan(&before).await;
    assert_eq!(scene.claim(0).await.claims.len(), 5);
    let one = |kind, second| of_kind(kind, scene.incident, scene.at(second));
    let news = one(MessageKind::Resolved, 10);
    let calls = [one(MessageKind::Page, 11), one(MessageKind::Page, 12)];
    scene.plan(&[news.clone(), calls[0].clone(), calls[1].clone()]).await;
    assert_eq!(scene.claim(20).await.claims, []);
    let claimed = scene.claim(60).await;
    let [claim] = claimed.claims.as_slice() else { panic!("{claimed:?}") };
    assert_eq!(claim.notification.id, calls[0].id);
    assert_eq!(planned_ids(&claim.bundled), [news.id, calls[1].id]);
    assert!(scene.finish(claim, AttemptOutcome::Accepted, 61).await);
    assert_eq!(scene.stored(calls[0].id).state, NotificationState::Sent);
    assert_eq!(scene.stored(news.id).bundled_into, Some(calls[0].id));
}

#[tokio::test]
async fn bundled_update_has_its_text() {
    let scene = Scene::new().await;
    let message = "The bank is down.\nWe wait for it.".to_owned();
    scene
        .execute(IncidentCommand::UpdateStakeholders { message, next_due: None, public: None })
        .await;
    let timeline = scene.store.timeline(scene.incident, TimelineRange::After(0)).await.unwrap();
    let event = timeline.last().unwrap().id;
    let update =
        Notification { event, ..of_kind(MessageKind::Update, scene.incident, scene.start) };
    let incident = scene.store.incident(scene.incident).await.unwrap().incident.summary;
    let claim = Claim {
        notification: scene.page(),
        bundled: vec![update],
        fence: 1,
        incident: Some(incident),
    };
    let text = message_for(&claim, None, &scene.store).await.text;
    assert!(text.ends_with("Card payments fail: The bank is down. We wait for it."), "{text}");
}

#[tokio::test]
async fn clock_that_was_set_back_leaves_room() {
    let scene = Scene::new().await;
    let before: Vec<Notification> =
        (0..5).map(|_| page(scene.incident, "phone", scene.at(3600))).collect();
    scene.plan(&before).await;
    for claim in scene.claim(3600).await.claims {
        assert!(scene.finish(&claim, AttemptOutcome::Accepted, 3601).await);
    }
    let next = scene.page();
    scene.plan(std::slice::from_ref(&next)).await;
    assert_eq!(ids(&scene.claim(0).await.claims), [next.id]);
}

#[tokio::test]
async fn clock_that_was_set_back_delays_no_message() {
    let scene = Scene::new().await;
    let ahead = page(scene.incident, "phone", scene.at(172_800));
    scene.plan(std::slice::from_ref(&ahead)).await;
    let claims = scene.claim(0).await.claims;
    assert_eq!(ids(&claims), [ahead.id]);
    // Its next attempt waits as that of any other.
    assert!(scene.finish(&claims[0], AttemptOutcome::Temporary, 1).await);
    assert!(scene.claim(2).await.claims.is_empty());
    assert_eq!(ids(&scene.claim(7).await.claims), [ahead.id]);
}
