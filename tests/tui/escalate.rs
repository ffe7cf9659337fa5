//! The list of the levels of an escalation policy: the called ones, the times, and the next one.

use chrono::TimeDelta;
use insta::assert_snapshot;
use redphone::model::command::IncidentCommand;
use redphone::model::escalation::{Policy, PolicyLevel, Repeat, Target};
use redphone::model::notification::step::DueStep;
use redphone::model::notification::{ContactReach, PersonReach};
use redphone::tui::core::mode::Mode;
use rstest::rstest;
use serde_json::json;

use crate::support::company;
use crate::support::notifications::entry;
use crate::support::stage::{Stage, sized};

/// The busy company, whose most urgent incident has a policy of three levels in two rounds; the
/// backend calls them automatically if `automatic`.
fn stage(size: (u16, u16), automatic: bool) -> Stage {
    let mut stage = Stage::busy_at(size);
    let capabilities = stage.app.connection.capabilities.as_mut().expect("they were read");
    capabilities.escalates = automatic;
    let age = stage.now - stage.app.selected().expect("an incident").reported_at;
    let level = |minutes: i64, person: &str| PolicyLevel {
        after_s: (age + TimeDelta::minutes(minutes)).num_seconds(),
        call: vec![Target::Person(person.into())],
        ..PolicyLevel::default()
    };
    let services = stage.app.selected().expect("an incident").services.clone();
    let mut directory = stage.memory.directory_now();
    directory.policies = vec![Policy {
        team: "web".into(),
        services,
        levels: vec![
            PolicyLevel { after_s: 0, ..level(0, "ines") },
            level(5, "tomo"),
            level(15, "odile"),
        ],
        repeat: Some(Repeat { times: 1, every_s: 7200 }),
        ..Policy::default()
    }];
    stage.set_directory(directory);
    stage
}

/// Calls a level automatically.
fn call(stage: &mut Stage, level: u8) {
    let id = stage.target();
    let due = stage.now - TimeDelta::seconds(20);
    let step = DueStep { round: 1, due, unattended_since: None, missed: Vec::new() };
    let to = vec![company::me()];
    let command = IncidentCommand::Escalate {
        level,
        to,
        reason: None,
        automatic: Some(step),
        all_must_acknowledge: false,
    };
    stage.execute_as_other(id, command);
}

#[rstest]
fn levels_match_their_snapshots(#[values((126, 36), (80, 24))] size: (u16, u16)) {
    let mut stage = stage(size, true);
    call(&mut stage, 1);
    let row = stage.app.selected().expect("an incident").clone();
    let shown = stage.app.reading.shown.as_ref().expect("a record");
    let event = shown.events.last().expect("the call").id;
    let changed = json!({"event": event.to_string(), "updated_at": stage.now});
    stage.memory.set_notifications(vec![entry(&row, 1, changed)]);
    stage.keys("R");
    stage.app.notices.toast = None;
    stage.keys("e");
    assert_snapshot!(sized("levels", size), stage.screen());
}

#[test]
fn each_level_says_when_it_is_or_was_called() {
    let mut stage = stage((126, 36), true);
    call(&mut stage, 1);
    stage.keys("e");
    let screen = stage.screen();
    for text in [
        "called 22:41",
        "22:46, in 5m, by itself · next",
        "22:56, in 15m, by itself",
        "round 1 of 2 · 1 of 3 levels called · the next by itself at 22:46",
    ] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
}

#[test]
fn each_level_says_by_what_people_are_reached_and_when() {
    let mut stage = stage((126, 36), true);
    call(&mut stage, 1);
    let contact = |name: &str, channel: &str, urgent: i64| ContactReach {
        contact: name.into(),
        channel: channel.into(),
        kind: Some("ntfy".into()),
        urgent_after_s: vec![urgent],
        rest_after_s: vec![urgent],
        ..ContactReach::default()
    };
    let tomo = PersonReach {
        person: "tomo".into(),
        contacts: vec![contact("phone", "sms", 120), contact("push", "push", 0)],
        quiet: None,
    };
    stage.memory.set_contacts(vec![tomo]);
    stage.keys("e");
    let Mode::Pick(picker) = &stage.app.ui.mode else { panic!("a list") };
    let list: Vec<String> = picker.items.iter().map(|item| item.about.to_string()).collect();
    assert!(list[1].ends_with("next · push 22:46, sms phone 22:48"), "{list:?}");
    assert!(list[2].ends_with("by itself · no contact"), "{list:?}");
}

#[test]
fn backend_that_calls_nobody_by_itself_is_not_said_to() {
    let mut stage = stage((126, 36), false);
    stage.keys("e");
    let screen = stage.screen();
    assert!(screen.contains("22:46, in 5m, not by itself"), "{screen}");
    assert!(screen.contains("no level is called by itself here"), "{screen}");
}

#[test]
fn acknowledged_incident_calls_nobody_by_itself() {
    let mut stage = stage((126, 36), true);
    let id = stage.target();
    stage.execute_as_other(id, IncidentCommand::Acknowledge);
    assert_eq!(stage.target(), id, "the selection follows the incident");
    stage.keys("e");
    let screen = stage.screen();
    assert!(screen.contains("acknowledged: no level is called by itself"), "{screen}");
    assert!(screen.contains("not by itself"), "{screen}");
}

#[test]
fn level_that_was_skipped_says_so() {
    let mut stage = stage((126, 36), true);
    call(&mut stage, 2);
    stage.keys("e");
    let screen = stage.screen();
    assert!(screen.contains("skipped: level 2 was called"), "{screen}");
}

#[test]
fn level_that_was_called_manually_says_so() {
    let mut stage = stage((126, 36), true);
    let id = stage.target();
    let reason = Some("called by hand".into());
    let to = vec![company::me()];
    stage.execute_as_other(
        id,
        IncidentCommand::Escalate {
            level: 1,
            to,
            reason,
            automatic: None,
            all_must_acknowledge: false,
        },
    );
    stage.keys("e");
    assert!(stage.screen().contains("called 22:41 by hand"), "{}", stage.screen());
}
