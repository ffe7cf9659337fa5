//! The screen of maintenance windows, and how one is ended or lasts longer.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::model::Actor;
use redphone::model::maintenance::{MaintenanceChange, MaintenanceWindow, Mute, NewWindow};
use redphone::tui::core::mode::Mode;
use rstest::rstest;
use uuid::Uuid;

use crate::support::stage::Stage;

/// Returns a window on checkout from one minute until another.
fn window(now: DateTime<Utc>, id: u128, title: &str, from: i64, until: i64) -> MaintenanceWindow {
    let new = NewWindow {
        title: title.into(),
        filter: "service:checkout".parse().unwrap(),
        from: now + TimeDelta::minutes(from),
        until: now + TimeDelta::minutes(until),
        recurrence: None,
        comment: String::new(),
        mutes_people: false,
        public_text: None,
    };
    new.into_window(Uuid::from_u128(id), Actor::Integration("Deployer".into()), now)
}

fn stage() -> Stage {
    let mut stage = Stage::busy_at((126, 36));
    let now = stage.now;
    stage.memory.add_window(window(now, 1, "The pool is replaced", -5, 60));
    stage.memory.add_window(window(now, 2, "Backups", 30, 60));
    stage.memory.add_window(window(now, 3, "Long ago", -600, -500));
    stage.keys("g s");
    stage
}

#[test]
fn windows_stand_in_parts_by_when_they_mute() {
    let screen = stage().screen();
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text}: {screen}"));
    assert!(at("Now · 1") < at("The pool is replaced"));
    assert!(at("The pool is replaced") < at("Next · 1"));
    assert!(at("Next · 1") < at("Backups"));
    assert!(at("Ended · 1") < at("Long ago"));
    assert!(screen.contains("service:checkout"), "{screen}");
}

#[rstest]
#[case::ended("e", "e", 60)]
#[case::extended("e", "h", 120)]
fn choice_changes_the_window(#[case] menu: &str, #[case] choice: &str, #[case] until: i64) {
    let mut stage = stage();
    stage.keys(menu);
    assert!(stage.screen().contains("end it now"), "{}", stage.screen());
    stage.keys(choice);
    let request = stage.maintained.remove(0);
    assert_eq!((request.id, request.expected), (Uuid::from_u128(1), Some(1)));
    match request.change {
        MaintenanceChange::End => assert_eq!(choice, "e"),
        MaintenanceChange::Change(new) => {
            assert_eq!(new.until, stage.now + TimeDelta::minutes(until));
        }
        MaintenanceChange::Create(_) => panic!("it is created"),
    }
}

#[test]
fn form_shows_what_is_muted_before_it_is_sent() {
    let mut stage = stage();
    stage.keys("n");
    if let Mode::Form(form) = &mut stage.app.ui.mode {
        form.fields[0].set_content("The pool is replaced again");
        form.fields[1].set_content("service:nowhere env=prod");
        form.fields[3].set_content("2h");
    }
    stage.keys("^s");
    assert!(stage.screen().contains("no open incident is muted now"), "{}", stage.screen());
    assert!(stage.maintained.is_empty());
    stage.keys("^s");
    let request = stage.maintained.remove(0);
    let MaintenanceChange::Create(new) = request.change else { panic!("it is no new one") };
    assert_eq!(new.title, "The pool is replaced again");
    assert_eq!(new.filter.to_string(), "service:nowhere env=prod");
    assert_eq!(new.until - new.from, TimeDelta::hours(2));
}

#[rstest]
#[case("", "2h")]
#[case("service:", "2h")]
#[case("service:checkout", "whenever")]
fn wrong_form_sends_nothing(#[case] filter: &str, #[case] until: &str) {
    let mut stage = stage();
    stage.keys("n");
    if let Mode::Form(form) = &mut stage.app.ui.mode {
        form.fields[0].set_content("The pool is replaced");
        form.fields[1].set_content(filter);
        form.fields[3].set_content(until);
    }
    stage.keys("^s ^s");
    assert!(matches!(stage.app.ui.mode, Mode::Form(_)), "{}", stage.screen());
    assert!(stage.maintained.is_empty());
}

#[test]
fn window_that_was_ended_can_not_be_changed() {
    let mut stage = stage();
    stage.keys("e e");
    stage.keys("e h");
    assert_eq!(stage.maintained.len(), 1);
}

#[test]
fn muted_incident_says_by_what() {
    let now = Utc::now();
    let mute = Mute {
        window: Uuid::from_u128(1),
        title: "The pool is replaced".into(),
        since: now,
        until: now + TimeDelta::hours(1),
        ended_at: None,
    };
    let mut row = Stage::busy_at((126, 36)).memory.read(2048).0.incident.summary.clone();
    let is_unclaimed =
        |row: &redphone::model::Summary| redphone::tui::urgent::is_unclaimed(row, row.reported_at);
    row.status = redphone::model::Status::Triggered;
    (row.assignee, row.acknowledged_at, row.snoozed_until) = (None, None, None);
    row.priority = redphone::model::Priority::P1;
    assert!(is_unclaimed(&row));
    row.muted = Some(mute.clone());
    assert!(row.is_muted() && !is_unclaimed(&row), "it rings no bell");
    row.muted = Some(Mute { ended_at: Some(now), ..mute });
    assert!(is_unclaimed(&row), "it does once it is released");
}
