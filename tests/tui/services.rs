//! Services that the directory does not have are listed, and adopted by a form.

use redphone::model::administration::AdministrationChange;
use redphone::model::directory::{Directory, Team};
use redphone::tui::core::mode::Mode;
use rstest::rstest;

use crate::support::stage::Stage;

/// The list of services of a busy company whose directory lacks one.
fn stage() -> (Stage, String) {
    let mut stage = Stage::busy();
    let mut directory: Directory = stage.memory.directory_now();
    directory.services.retain(|service| service.name != "checkout");
    directory.teams.push(Team { name: "adopters".into(), members: vec!["ines".into()] });
    directory.policies.retain(|policy| policy.team != "adopters");
    stage.set_directory(directory);
    stage.keys("g v");
    (stage, "checkout".to_owned())
}

#[test]
fn unknown_service_is_listed_with_what_was_seen() {
    let (mut stage, name) = stage();
    let screen = stage.screen();
    assert!(screen.contains("Unknown services"), "{screen}");
    let line = screen.lines().find(|line| line.contains(&name));
    assert!(line.is_some(), "{screen}");
    stage.keys("Enter");
    assert!(stage.screen().contains("Reported by"), "{}", stage.screen());
}

#[test]
fn one_key_adopts_a_service() {
    let (mut stage, name) = stage();
    stage.keys("a");
    assert!(matches!(stage.app.ui.mode, Mode::Form(_)), "{}", stage.screen());
    assert!(stage.screen().contains(&format!("Adopt service {name}")), "{}", stage.screen());
    if let Mode::Form(form) = &mut stage.app.ui.mode {
        form.fields[0].set_content("adopters");
        form.fields[3].set_content("0 on-call; 10m ines");
    }
    stage.keys("^s");
    let changes: Vec<AdministrationChange> =
        stage.administered.iter().map(|request| request.change.clone()).collect();
    let [AdministrationChange::PutService(service), AdministrationChange::PutPolicy(policy)] =
        &changes[..]
    else {
        panic!("{changes:?}\n{}", stage.screen());
    };
    assert_eq!((&service.name, service.team.as_str()), (&name, "adopters"));
    assert_eq!((policy.team.as_str(), policy.levels.len()), ("adopters", 2));
    assert!(stage.memory.directory_now().service(&name).is_some());
}

#[rstest]
#[case("", "")]
#[case("adopters", "whenever")]
fn incomplete_form_sends_nothing(#[case] team: &str, #[case] policy: &str) {
    let (mut stage, _) = stage();
    stage.keys("a");
    if let Mode::Form(form) = &mut stage.app.ui.mode {
        form.fields[0].set_content(team);
        form.fields[3].set_content(policy);
    }
    stage.keys("^s");
    assert!(matches!(stage.app.ui.mode, Mode::Form(_)), "{}", stage.screen());
    assert!(stage.administered.is_empty());
}
