//! Incidents that are folded under one that is merged into another.

use chrono::{TimeDelta, Utc};
use redphone::backend::Backend;
use redphone::model::command::Link;
use redphone::model::{IncidentCommand, Rejection};
use rstest::rstest;

use super::super::fixtures::{ask, declared};
use super::Scene;

#[rstest]
#[case::into_another(false, false)]
#[case::into_another_with_other_commands(false, true)]
#[case::into_its_consequence(true, false)]
#[tokio::test]
async fn folded_incidents_follow_their_merged_cause(
    #[case] into_consequence: bool,
    #[case] together: bool,
) {
    let scene = Scene::with_services(true).await;
    let cause = scene.alert_of("payments", "warning").await;
    let consequence = scene.alert_of("checkout", "warning").await;
    let other = scene.alert_of("search", "warning").await;
    let by_people = declared(&scene.store, "Receipts are missing").await;
    scene.ask(by_people, IncidentCommand::Fold { under: Some(cause) }).await.unwrap();
    let until = Utc::now() + TimeDelta::hours(1);
    scene.ask(by_people, IncidentCommand::Snooze { until }).await.unwrap();
    let into = if into_consequence { consequence } else { other };
    let merge = ask(cause, IncidentCommand::Merge { into });
    if together {
        let note = ask(other, IncidentCommand::AddNote { text: "We look into it".into() });
        let outcomes = scene.store.execute_all(&[merge.clone(), note]).await;
        assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    } else {
        scene.store.execute(&merge).await.unwrap();
    }
    let expected = (!into_consequence).then_some(other);
    assert_eq!(scene.row(consequence).await.folded_under, expected);
    let folded = scene.incident(by_people).await;
    assert_eq!(folded.summary.folded_under, Some(into));
    assert!(folded.summary.is_snoozed(Utc::now()));
    let number = scene.row(into).await.number;
    assert_eq!(folded.links, [Link::Incident { id: into, number }]);
    let leads_to = |link: &Link| matches!(link, Link::Incident { id, .. } if *id == by_people);
    assert!(scene.incident(into).await.links.iter().any(leads_to));
    // The same merge again changes nothing.
    let before = scene.timeline(by_people).await.len();
    assert!(scene.store.execute(&merge).await.unwrap().replayed);
    assert_eq!(scene.timeline(by_people).await.len(), before);
    scene.assert_sound().await;
}

#[tokio::test]
async fn refused_merge_changes_nothing_that_is_folded() {
    let scene = Scene::with_services(true).await;
    let cause = scene.alert_of("payments", "warning").await;
    let consequence = scene.alert_of("checkout", "warning").await;
    let refused = scene.ask(cause, IncidentCommand::Merge { into: cause }).await;
    assert_eq!(refused, Err(Rejection::MergeIntoItself));
    assert_eq!(scene.row(consequence).await.folded_under, Some(cause));
    scene.ask(cause, IncidentCommand::Acknowledge).await.unwrap();
    scene.assert_sound().await;
}
