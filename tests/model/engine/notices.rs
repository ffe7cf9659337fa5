//! Engines and notifications that are about no incident, or about long pauses: each is stored once
//! in the ledger and sent even if a program ends while it sends.

use chrono::TimeDelta;
use redphone::engine::Clock;
use redphone::model::directory::Directory;
use redphone::model::notification::{Notification, NotificationState, ReminderKind};
use redphone::model::oncall::Schedule;
use redphone::model::signals::{ReminderSettings, SignalSettings};
use redphone::model::{IncidentCommand, PersonRef};
use rstest::rstest;

use super::signals::{Scene, directory, start};

/// When Tomo is reminded of his shift, in seconds after the start: it begins at midnight, 14 h later.
const REMINDED_S: i64 = 13 * 3600;

/// Ines and Tomo take turns of a day, which begin at midnight: first Ines.
fn with_turns() -> Directory {
    let schedule = Schedule {
        team: "payments".into(),
        rotation: vec!["ines".into(), "tomo".into()],
        starts_at: start() - TimeDelta::hours(10),
        turn_s: 24 * 3600,
        ..Schedule::default()
    };
    Directory { schedules: vec![schedule], ..directory() }
}

fn of_shifts() -> SignalSettings {
    let reminders = ReminderSettings { on_call_s: Some(3600), ..ReminderSettings::default() };
    SignalSettings { reminders, ..SignalSettings::default() }
}

fn notices(scene: &Scene) -> Vec<Notification> {
    scene.reminders().into_iter().map(|entry| entry.notification).collect()
}

#[rstest]
#[case::one_program(1)]
#[case::three_programs(3)]
#[tokio::test]
async fn shift_is_announced_by_one_notification(#[case] engines: usize) {
    let scene = Scene::with_directory(with_turns(), engines, of_shifts()).await;
    scene.pass(REMINDED_S - 1).await;
    assert_eq!(notices(&scene), []);
    scene.pass(REMINDED_S + 10).await;
    let [one] = <[_; 1]>::try_from(notices(&scene)).unwrap();
    assert!(one.is_notice());
    assert_eq!((one.reminder, one.state), (Some(ReminderKind::OnCall), NotificationState::Sent));
    assert_eq!((one.person, one.attempts), (PersonRef::new("tomo", "Tomo Abe"), 1));
    assert_eq!(one.until, Some(start() + TimeDelta::hours(14)));
    assert_eq!(scene.world.sent().len(), 1);
    scene.pass(REMINDED_S + 12 * 3600).await;
    assert_eq!(notices(&scene).len(), 1);
}

#[tokio::test]
async fn notice_survives_the_program_that_sends_it() {
    let mut scene = Scene::with_directory(with_turns(), 1, of_shifts()).await;
    scene.pass(REMINDED_S - 1).await;
    // A message takes some milliseconds: the program is killed meanwhile.
    let is_sending = |scene: &Scene| {
        notices(scene).first().is_some_and(|one| one.state == NotificationState::Sending)
    };
    for ms in 0..2_000 {
        let at = start() + TimeDelta::seconds(REMINDED_S - 1) + TimeDelta::milliseconds(ms);
        scene.store.clock.advance(at).await;
        if is_sending(&scene) {
            break;
        }
    }
    assert!(is_sending(&scene), "{:?}", notices(&scene));
    scene.kill_engine(0).await;
    scene.pass(REMINDED_S + 60).await;
    assert!(is_sending(&scene), "nobody runs");
    scene.start_engine();
    scene.pass(REMINDED_S + 120).await;
    let [one] = <[_; 1]>::try_from(notices(&scene)).unwrap();
    assert_eq!((one.state, one.attempts), (NotificationState::Sent, 2));
    assert!(one.perhaps_twice);
}

#[tokio::test]
async fn notice_that_is_too_late_is_not_sent() {
    let mut scene = Scene::with_directory(with_turns(), 1, of_shifts()).await;
    scene.pass(60).await;
    scene.kill_engine(0).await;
    // The shift has begun.
    scene.pass(14 * 3600 + 1).await;
    scene.start_engine();
    scene.pass(14 * 3600 + 600).await;
    assert_eq!(notices(&scene), []);
    assert_eq!(scene.store.clock.now(), start() + TimeDelta::seconds(14 * 3600 + 600));
}

#[rstest]
#[case::it_lasts(None, &[ReminderKind::Pause])]
#[case::it_has_ended(Some(3000), &[])]
#[tokio::test]
async fn long_pause_is_remembered_once(
    #[case] ends_at: Option<i64>,
    #[case] expected: &[ReminderKind],
) {
    let reminders = ReminderSettings { pauses_s: Some(3600), ..ReminderSettings::default() };
    let signals = SignalSettings { reminders, ..SignalSettings::default() };
    let scene = Scene::new(2, signals).await;
    let id = scene.declare(10).await;
    scene.ask(60, id, IncidentCommand::Acknowledge).await;
    scene.ask(100, id, IncidentCommand::Pause { reason: "a supplier".into() }).await;
    if let Some(at) = ends_at {
        scene.ask(at, id, IncidentCommand::Unpause).await;
    }
    scene.pass(3699).await;
    assert_eq!(notices(&scene), []);
    scene.pass(20_000).await;
    let sent = notices(&scene);
    let kinds: Vec<ReminderKind> = sent.iter().filter_map(|one| one.reminder).collect();
    assert_eq!(kinds, expected);
    assert!(sent.iter().all(|one| one.state == NotificationState::Sent && !one.is_notice()));
}
