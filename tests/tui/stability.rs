//! Stability before an incident is resolved: on its record, and in the form that resolves it.

use chrono::TimeDelta;
use redphone::model::stability::Soak;
use redphone::model::{Command, IncidentCommand};
use rstest::rstest;

use crate::support::stage::Stage;

/// The company in which the alerts of the selected incident are resolved for some minutes of 15.
fn stage(size: (u16, u16), minutes: i64) -> Stage {
    let mut stage = Stage::busy_at(size);
    let id = stage.target();
    let since = Some(stage.now - TimeDelta::minutes(minutes));
    stage.memory.set_soak(id, Soak { since, required_s: 900, firing: 0 });
    stage.keys("R");
    stage.app.notices.toast = None;
    stage
}

/// Opens the form, and fills in the action.
fn fill_in(stage: &mut Stage) {
    stage.keys("r Tab");
    stage.write("back to v811");
    stage.keys("Tab");
    stage.write("errors at 0");
}

/// Returns the reasons with which resolutions were submitted.
fn submitted_reasons(stage: &Stage) -> Vec<Option<&str>> {
    let resolutions = stage.submitted.iter().filter_map(|envelope| match &envelope.command {
        Command::Incident { command: IncidentCommand::Resolve { .. }, because, .. } => {
            Some(because.as_deref())
        }
        _ => None,
    });
    resolutions.collect()
}

#[rstest]
fn early_resolution_wants_a_reason_in_the_form(#[values((126, 36), (80, 24))] size: (u16, u16)) {
    let mut stage = stage(size, 4);
    fill_in(&mut stage);
    assert!(stage.screen().contains("green for 4m of 15m"), "{}", stage.screen());
    stage.keys("^s");
    assert_eq!(submitted_reasons(&stage), [None::<&str>; 0]);
    assert!(stage.screen().contains("say why"), "{}", stage.screen());
    stage.write("the check itself was broken");
    stage.keys("^s");
    assert_eq!(submitted_reasons(&stage), [Some("the check itself was broken")]);
}

#[test]
fn stable_incident_is_resolved_as_ever() {
    let mut stage = stage((126, 36), 15);
    fill_in(&mut stage);
    assert!(!stage.screen().contains("Not stable yet"), "{}", stage.screen());
    stage.keys("^s");
    assert_eq!(submitted_reasons(&stage), [None::<&str>]);
}

#[test]
fn form_that_waits_until_it_is_stable_needs_no_reason() {
    let mut stage = stage((126, 36), 14);
    fill_in(&mut stage);
    assert!(stage.screen().contains("Not stable yet"), "{}", stage.screen());
    stage.pass(2);
    stage.keys("^s");
    assert_eq!(submitted_reasons(&stage), [None::<&str>]);
}
