//! Forms: validation, and what they send while others change the same fields.

use std::sync::Arc;

use redphone::model::IncidentCommand;
use redphone::model::checklist::Answer;
use redphone::model::review::Section;
use rstest::rstest;

use crate::support::stage::Stage;

#[rstest]
#[case::since("D", 6, "tomorrow 09:00", "that lies in the future")]
#[case::until("b u", 0, "soon", "is no time: write")]
#[case::url("l u", 0, "status.example.com", "is no URL: it begins with https://")]
fn field_error_is_shown_when_the_field_loses_focus(
    #[case] keys: &str,
    #[case] index: usize,
    #[case] typed: &str,
    #[case] expected: &str,
) {
    let mut stage = Stage::busy();
    stage.keys(keys);
    for _ in 0..index {
        stage.keys("Tab");
    }
    stage.write(typed);
    assert!(!stage.screen().contains(expected), "not while it is being typed");
    stage.keys("Tab");
    assert!(stage.screen().contains(expected), "{}", stage.screen());
    assert!(stage.submitted.is_empty());
}

#[test]
fn too_long_title_is_reported_when_the_field_loses_focus() {
    let mut stage = Stage::busy();
    stage.keys("D");
    stage.write(&"long ".repeat(60));
    stage.keys("Enter");
    let error = stage.form().fields[0].error.clone().unwrap_or_default();
    assert!(error.contains("200"), "{error:?}");
}

#[test]
fn review_preserves_sections_written_by_others_meanwhile() {
    let mut stage = Stage::busy();
    let number = stage.app.selected().and_then(|row| row.number).expect("a number");
    let id = stage.resolve_selected();
    stage.keys("g");
    stage.write(&number.0.to_string());
    stage.keys("Enter V w");
    stage.focus_field("Root cause");
    stage.write("a lock that was never given back");
    stage.execute_as_other(
        id,
        IncidentCommand::WriteReview { section: Section::Summary, text: "Cards failed".into() },
    );
    stage.keys("^s");
    let sent = stage.submitted_commands();
    let touched = sent.iter().any(|command| {
        matches!(command, IncidentCommand::WriteReview { section: Section::Summary, .. })
    });
    assert!(!touched, "{sent:?}");
    let written = sent.iter().any(|command| {
        matches!(command, IncidentCommand::WriteReview { section: Section::RootCause, .. })
    });
    assert!(written, "{sent:?}");
}

#[test]
fn conflicting_edit_is_shown_before_it_is_overwritten() {
    let mut stage = Stage::busy();
    let id = stage.target();
    stage.keys("E");
    stage.keys("End");
    stage.write(" everywhere");
    let title = stage.form().value("Title");
    let describe = IncidentCommand::Describe {
        title: Some("Cards fail in France".into()),
        symptoms: Some("declined".into()),
        labels: None,
        runbook: None,
    };
    stage.execute_as_other(id, describe);
    stage.keys("^s");
    assert!(stage.submitted.is_empty(), "{:?}", stage.submitted);
    let error = stage.form().field("Title").and_then(|field| field.error.clone());
    assert_eq!(
        error.as_deref(),
        Some(
            "Tomo Hayashi changed this just now: Cards fail in France · sent again, yours replaces it"
        )
    );
    stage.keys("^s");
    let only_the_title = IncidentCommand::Describe {
        title: Some(title),
        symptoms: None,
        labels: None,
        runbook: None,
    };
    assert_eq!(stage.submitted_commands(), [only_the_title]);
}

#[test]
fn item_answered_by_another_person_stays_answered() {
    let mut stage = Stage::busy();
    let id = stage.target();
    stage.keys("i");
    let [first, second] = [0, 1].map(|n| stage.form().fields[n].answer().expect("an item").0);
    stage.keys("Tab Space");
    stage.execute_as_other(id, IncidentCommand::AnswerItem { item: first, answer: Answer::Yes });
    stage.keys("^s");
    assert_eq!(
        stage.submitted_commands(),
        [IncidentCommand::AnswerItem { item: second, answer: Answer::Yes }]
    );
}

#[test]
fn only_filled_fields_are_written_to_a_selection() {
    let mut stage = Stage::busy();
    stage.keys("Space Space E");
    stage.focus_field("Labels");
    stage.write("pci");
    stage.keys("^s y");
    let only_the_labels = IncidentCommand::Describe {
        title: None,
        symptoms: None,
        labels: Some(vec!["pci".into()]),
        runbook: None,
    };
    assert_eq!(stage.submitted_commands(), [only_the_labels.clone(), only_the_labels]);
}

#[test]
fn suspected_change_is_named_without_control_characters() {
    let mut stage = Stage::busy();
    let has_suspect = |stage: &Stage| {
        stage.app.reading.shown.as_ref().is_some_and(|shown| !shown.detail.suspects.is_empty())
    };
    for _ in 0..40 {
        if has_suspect(&stage) {
            break;
        }
        stage.keys("j");
    }
    let shown = stage.app.reading.shown.as_mut().expect("one is shown");
    Arc::make_mut(&mut shown.detail).suspects[0].change.title = "v812\u{1b}[31m".into();
    stage.keys("c");
    assert!(stage.screen().contains("caused by deploy v812␛[31m"), "{}", stage.screen());
}
