//! Late reports of alerts that have ended while they waited for others.

use chrono::{TimeDelta, Utc};
use redphone::backend::IngestEffect;
use redphone::model::alert::AlertGroup;
use rstest::rstest;

use super::{Scene, three};
use crate::support::alerts::alert;

#[rstest]
#[case::same_firing("09:00")]
#[case::earlier_firing("08:50")]
#[tokio::test]
async fn late_report_of_an_alert_that_waited_is_ignored(#[case] start: &str) {
    let scene = Scene::new().await;
    scene.send(&[alert("db1", "09:00", None)], three).await;
    scene.send(&[alert("db1", "09:00", Some("09:05"))], three).await;
    let one: fn(&mut AlertGroup) = |group| group.overrides.hold = None;
    for rule in [three as fn(&mut AlertGroup), one] {
        let late = scene.send(&[alert("db1", start, None)], rule).await;
        assert_eq!((late.effect, late.incident), (IngestEffect::Unchanged, None));
        assert_eq!((late.alerts.received, late.alerts.ignored), (1, 1));
    }
    assert_eq!(scene.waiting().await, [""; 0]);
    // It joins no incident either, unless it fires again.
    let other = scene.send(&[alert("db2", "09:10", None)], one).await.incident;
    let late = [alert("db1", start, None), alert("db2", "09:10", None)];
    let late = scene.send(&late, one).await;
    assert_eq!((late.effect, late.incident), (IngestEffect::Unchanged, other));
    assert_eq!((late.alerts.ignored, late.alerts.repeated), (1, 1));
    let again = scene.send(&[alert("db1", "09:20", None)], one).await;
    assert_eq!((again.effect, again.incident), (IngestEffect::Added, other));
    scene.assert_sound().await;
}

#[tokio::test]
async fn late_report_of_a_momentary_alert_is_ignored() {
    let scene = Scene::new().await;
    let ended = [alert("db1", "09:00", None), alert("db1", "09:00", Some("09:05"))];
    scene.send(&ended, three).await;
    let late = scene.send(&[alert("db1", "09:00", None)], three).await;
    assert_eq!((late.effect, late.alerts.ignored), (IngestEffect::Unchanged, 1));
    let again = scene.send(&[alert("db1", "09:10", None)], three).await;
    assert_eq!((again.effect, again.alerts.waiting), (IngestEffect::Waiting, 1));
}

#[tokio::test]
async fn alert_whose_end_is_inferred_may_wait_again() {
    let scene = Scene::new().await;
    let expired = |group: &mut AlertGroup| {
        three(group);
        group.alerts[0].expires_at = Some(Utc::now() - TimeDelta::minutes(1));
    };
    scene.send(&[alert("db1", "09:00", None)], expired).await;
    scene.send(&[alert("db2", "09:00", None)], three).await;
    let again = scene.send(&[alert("db1", "09:00", None)], three).await;
    assert_eq!((again.effect, again.alerts.waiting), (IngestEffect::Waiting, 1));
    assert_eq!(scene.waiting().await.len(), 2);
}
