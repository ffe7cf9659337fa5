//! Engines over another server that is watched: it is asked once for all, and its silence is declared once.

use std::sync::atomic::Ordering;

use chrono::TimeDelta;
use redphone::model::Priority;
use redphone::model::signals::{SignalSettings, WatchRule};
use rstest::rstest;

use super::signals::{Scene, start};

/// Another server that is asked every 30 s, and may fail for 2 min.
fn watches() -> SignalSettings {
    let rule = WatchRule {
        name: "other".into(),
        url: "https://other.example.net/v1/ready".into(),
        every_s: 30,
        grace_s: 120,
        priority: Priority::P2,
        service: None,
        team: None,
    };
    SignalSettings { watches: vec![rule], ..SignalSettings::default() }
}

/// Returns the reports: seconds after the start, and whether the server is silent.
fn reported(scene: &Scene) -> Vec<(i64, bool)> {
    let ingested = scene.store.ingested().into_iter();
    ingested
        .map(|(at, key, fires)| {
            assert_eq!(key, "watch:other");
            ((at - start()).num_seconds(), fires)
        })
        .collect()
}

#[rstest]
#[case::one_program(1)]
#[case::three_programs(3)]
#[tokio::test]
async fn silence_of_a_server_is_declared_once(#[case] engines: usize) {
    let scene = Scene::new(engines, watches()).await;
    scene.pass(600).await;
    let probes = scene.world.probes().len();
    assert!((19..=21).contains(&probes), "{probes}");
    assert_eq!(reported(&scene), []);

    scene.world.is_other_down.store(true, Ordering::Relaxed);
    scene.pass(715).await;
    assert_eq!(reported(&scene), []);
    scene.pass(790).await;
    let declared = reported(&scene);
    assert!(matches!(declared.as_slice(), [(720..=790, true)]), "{declared:?}");
    scene.pass(2000).await;
    assert_eq!(reported(&scene), declared, "a silence that goes on is no other one");

    scene.world.is_other_down.store(false, Ordering::Relaxed);
    scene.pass(2040).await;
    let all = reported(&scene);
    assert!(matches!(all.as_slice(), [_, (2000..=2040, false)]), "{all:?}");
}

#[tokio::test]
async fn suspension_of_the_watching_server_does_not_count() {
    let scene = Scene::new(1, watches()).await;
    scene.pass(300).await;
    scene.world.is_other_down.store(true, Ordering::Relaxed);
    scene.pass(335).await;
    // The network comes back a minute after the machine.
    scene.store.clock.jump(TimeDelta::hours(8)).await;
    let hours = 8 * 3600;
    scene.pass(hours + 400).await;
    scene.world.is_other_down.store(false, Ordering::Relaxed);
    scene.pass(hours + 1000).await;
    assert_eq!(reported(&scene), []);
}

#[tokio::test]
async fn short_failure_of_a_server_is_not_declared() {
    let scene = Scene::new(2, watches()).await;
    for round in 0..5 {
        scene.pass(300 + round * 300).await;
        scene.world.is_other_down.store(true, Ordering::Relaxed);
        scene.pass(400 + round * 300).await;
        scene.world.is_other_down.store(false, Ordering::Relaxed);
    }
    scene.pass(3000).await;
    assert_eq!(reported(&scene), []);
}
