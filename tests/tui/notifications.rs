//! The screen of notifications: recipients, incidents and outcomes.

use insta::assert_snapshot;
use redphone::backend::BackendError;
use redphone::backend::lists::{IncidentBrief, NotificationEntry};
use redphone::model::IncidentId;
use redphone::model::notification::{Attempt, Notification};
use rstest::rstest;

use crate::support::notifications::{notification, of_a_night};
use crate::support::stage::{Stage, sized};

/// Returns the notifications of a night, each with its attempts.
fn entries(stage: &Stage, incident: IncidentId) -> Vec<NotificationEntry> {
    let row = stage.memory.read(2048).0.incident.summary.clone();
    let lines = of_a_night(incident);
    let read = |name: &str| lines.iter().filter_map(|line| line.get(name).cloned()).collect();
    let notifications: Vec<serde_json::Value> = read("notification");
    let attempts: Vec<serde_json::Value> = read("attempt");
    let attempts: Vec<Attempt> =
        attempts.into_iter().map(|one| serde_json::from_value(one).unwrap()).collect();
    let entry = |value| {
        let notification: Notification = serde_json::from_value(value).unwrap();
        let is_own = |attempt: &&Attempt| attempt.notification == notification.id;
        NotificationEntry {
            incident: IncidentBrief::from(&row),
            attempts: attempts.iter().filter(is_own).cloned().collect(),
            notification,
        }
    };
    notifications.into_iter().map(entry).collect()
}

/// The busy company, in which an incident has notifications.
fn stage(size: (u16, u16)) -> Stage {
    let mut stage = Stage::busy_at(size);
    let incident = stage.incident_id(2048);
    for entry in entries(&stage, incident) {
        stage.memory.add_notification(entry);
    }
    stage.keys("g t");
    stage
}

#[rstest]
fn notifications_match_their_snapshots(
    #[values((200, 60), (126, 36), (80, 24), (60, 20), (40, 12))] size: (u16, u16),
) {
    assert_snapshot!(sized("notifications", size), stage(size).screen());
}

#[test]
fn details_have_each_attempt_and_its_answer() {
    let mut stage = stage((126, 36));
    stage.keys("/");
    stage.write("state:failed");
    stage.keys("Enter Enter");
    let screen = stage.screen();
    for text in ["Attempt 1", "busy", "Attempt 3", "the number is not in service"] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
    stage.keys("Enter");
    assert!(stage.app.screens.shown().is_none() && stage.app.reading.target.is_some());
}

#[rstest]
#[case("state:unreachable", 1)]
#[case("person:tom", 1)]
#[case("channel:sms", 1)]
#[case("-state:sent", 2)]
#[case("service", 1)]
fn notifications_are_filtered(#[case] filter: &str, #[case] count: usize) {
    let mut stage = stage((126, 36));
    stage.keys("/");
    stage.write(filter);
    let items = &stage.app.screens.shown().expect("the list").items;
    assert_eq!(items.len(), count, "{}", stage.screen());
}

#[test]
fn list_that_fails_says_why_and_its_rows_stay() {
    let mut stage = stage((126, 36));
    stage.memory.fail(Some(BackendError::Unreachable("the API is gone".into())));
    stage.keys("R");
    assert!(stage.screen().contains("not read since"), "{}", stage.screen());
    assert_eq!(stage.app.screens.shown().expect("the list").items.len(), 4);
}

#[test]
fn empty_list_says_who_is_notified() {
    let mut stage = Stage::busy();
    stage.keys("g t");
    assert!(stage.screen().contains("Nobody was notified yet"), "{}", stage.screen());
}

#[test]
fn notice_says_what_it_is_about_and_opens_nothing() {
    let mut stage = Stage::busy_at((126, 36));
    let nil = "00000000-0000-0000-0000-000000000000";
    let said = serde_json::json!({
        "kind": "reminder", "reminder": "on call", "text": "You go on call for web in 1h.",
    });
    let notice = notification(nil, 1, said)["notification"].take();
    let notice: Notification = serde_json::from_value(notice).unwrap();
    let incident = IncidentBrief::of_notice(&notice);
    let attempts = Vec::new();
    stage.memory.add_notification(NotificationEntry { incident, notification: notice, attempts });
    stage.keys("g t Enter");
    let screen = stage.screen();
    assert!(screen.contains("Says"), "{screen}");
    assert!(screen.contains("You go on call for web in 1h."), "{screen}");
    stage.keys("Enter");
    assert!(stage.app.screens.shown().is_some(), "{}", stage.screen());
}
