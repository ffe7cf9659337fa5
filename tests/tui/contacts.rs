//! The screen of contacts: the viewer's own are set, tried and removed there.

use redphone::backend::BackendError;
use redphone::model::notification::{
    ContactChange, ContactPatch, ContactReach, PersonReach, QuietSpan, StoredContact,
};
use redphone::tui::core::mode::Mode;
use rstest::rstest;

use crate::support::stage::Stage;

fn contact(name: &str, from_settings: bool) -> ContactReach {
    ContactReach {
        contact: name.into(),
        channel: "sms".into(),
        kind: Some("twilio_sms".into()),
        address: "+4915112345678".into(),
        urgent_after_s: vec![0, 300],
        from_settings,
        ..ContactReach::default()
    }
}

/// The screen with a contact of the settings and an own one of the viewer, and one of tomo.
fn stage() -> Stage {
    let mut stage = Stage::busy();
    let quiet = Some(QuietSpan { from: "22:00".into(), to: "07:00".into(), zone: None });
    let own = vec![contact("desk", true), contact("phone", false)];
    let other = ContactReach { address: "+…78".into(), masked: true, ..contact("mobile", false) };
    stage.memory.set_contacts(vec![
        PersonReach { person: "tomo".into(), contacts: vec![other], quiet: None },
        PersonReach { person: "ines".into(), contacts: own, quiet },
    ]);
    stage.keys("g m");
    stage
}

#[test]
fn own_contacts_stand_first_with_their_times() {
    let screen = stage().screen();
    let lines: Vec<&str> = screen.lines().collect();
    let find = |text: &str| lines.iter().position(|line| line.contains(text)).expect(text);
    assert!(find("desk") < find("mobile") && find("phone") < find("mobile"), "{screen}");
    assert!(screen.contains("urgent at once and after 5m, rest never"), "{screen}");
    assert!(screen.contains("in the settings"), "{screen}");
    assert!(screen.contains("from 22:00 to 07:00"), "{screen}");
    assert!(screen.contains("2 of yours"), "{screen}");
}

#[test]
fn new_contact_is_sent_from_its_form() {
    let mut stage = stage();
    stage.keys("A");
    stage.write("push");
    stage.focus_field("Channel");
    stage.write("sms");
    stage.focus_field("Address");
    stage.write("+4917");
    stage.keys("^s");
    let request = stage.contact_requests.pop().expect("a request");
    let expected = StoredContact {
        name: "push".into(),
        channel: "sms".into(),
        address: "+4917".into(),
        urgent_after_s: vec![0],
        rest_after_s: vec![0],
    };
    assert_eq!((request.person.as_str(), request.change), ("ines", ContactChange::Add(expected)));
    assert!(stage.screen().contains("adding push: done"), "{}", stage.screen());
    // An address is no draft.
    assert!(stage.draft_ops.is_empty() && stage.submitted.is_empty());
}

#[test]
fn only_what_was_changed_is_sent() {
    let mut stage = stage();
    stage.keys("j E");
    stage.focus_field("All others");
    for _ in 0.."never".len() {
        stage.keys("Backspace");
    }
    stage.write("10m");
    stage.keys("^s");
    let request = stage.contact_requests.pop().expect("a request");
    let ContactChange::Change(patch) = request.change else { panic!("{request:?}") };
    assert_eq!((patch.name.as_str(), patch.address), ("phone", None));
    assert!(patch.rest_after_s.is_some_and(|waits| waits.contains(&600)));
    assert_eq!(patch.urgent_after_s, ContactPatch::default().urgent_after_s);
}

#[rstest]
#[case("E", "it is in the settings file")]
#[case("X", "it is in the settings file")]
#[case("G E", "it is somebody else's")]
#[case("G P", "it is somebody else's")]
fn what_is_not_own_is_not_changed(#[case] keys: &str, #[case] expected: &str) {
    let mut stage = stage();
    stage.keys(keys);
    assert!(stage.screen().contains(expected), "{}", stage.screen());
    assert!(stage.contact_requests.is_empty());
}

#[test]
fn removal_needs_the_key_twice() {
    let mut stage = stage();
    stage.keys("j X");
    assert!(stage.contact_requests.is_empty());
    stage.keys("X");
    let request = stage.contact_requests.pop().expect("a request");
    assert_eq!(request.change, ContactChange::Remove("phone".into()));
}

#[test]
fn test_is_sent_by_the_selected_contact() {
    let mut stage = stage();
    stage.keys("P");
    assert_eq!(stage.contact_tests, [("ines".to_owned(), Some("desk".to_owned()))]);
    assert!(stage.screen().contains("the test to desk was sent"), "{}", stage.screen());
}

#[test]
fn quiet_hours_are_set_and_refused_at_their_field() {
    let mut stage = stage();
    stage.keys("Q");
    stage.focus_field("From");
    stage.write("5");
    stage.keys("^s");
    assert!(matches!(stage.app.ui.mode, Mode::Form(_)));
    assert!(stage.screen().contains("is no time of the day"), "{}", stage.screen());
}

#[test]
fn refused_contact_comes_back_into_its_form() {
    let mut stage = stage();
    stage.contact_refusal = Some(BackendError::NotAllowed("the channel is gone".into()));
    stage.keys("A");
    stage.write("push");
    stage.focus_field("Channel");
    stage.write("sms");
    stage.keys("^s");
    assert!(matches!(stage.app.ui.mode, Mode::Form(_)));
    assert_eq!(stage.form().value("Name"), "push");
    assert!(stage.screen().contains("the channel is gone"), "{}", stage.screen());
}

#[test]
fn read_only_panes_change_no_contact() {
    let mut stage = stage();
    stage.app.session.read_only = true;
    stage.keys("A");
    assert!(stage.screen().contains("opened read-only"), "{}", stage.screen());
    assert!(stage.contact_requests.is_empty());
}
