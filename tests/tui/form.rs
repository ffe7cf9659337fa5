//! Forms: what they check, and what they send while others change the same fields.

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
fn what_is_wrong_with_a_field_is_told_when_it_is_left(
    #[case] keys: &str,
    #[case] place: usize,
    #[case] typed: &str,
    #[case] told: &str,
) {
    let mut stage = Stage::busy();
    stage.keys(keys);
    for _ in 0..place {
        stage.keys("Tab");
    }
    stage.write(typed);
    assert!(!stage.screen().contains(told), "not while it is being typed");
    stage.keys("Tab");
    assert!(stage.screen().contains(told), "{}", stage.screen());
    assert!(stage.submitted.is_empty());
}

#[test]
fn a_title_that_is_too_long_is_told_when_it_is_left() {
    let mut stage = Stage::busy();
    stage.keys("D");
    stage.write(&"long ".repeat(60));
    stage.keys("Enter");
    let error = stage.form().fields[0].error.clone().unwrap_or_default();
    assert!(error.contains("200"), "{error:?}");
}

#[test]
fn a_review_keeps_the_sections_that_others_write_meanwhile() {
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
    let touched = sent
        .iter()
        .any(|ask| matches!(ask, IncidentCommand::WriteReview { section: Section::Summary, .. }));
    assert!(!touched, "{sent:?}");
    let written = sent
        .iter()
        .any(|ask| matches!(ask, IncidentCommand::WriteReview { section: Section::RootCause, .. }));
    assert!(written, "{sent:?}");
}

#[test]
fn what_both_have_changed_is_told_before_it_is_overwritten() {
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
fn an_item_that_somebody_else_has_answered_stays_answered() {
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
fn of_many_only_what_was_filled_in_is_written() {
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
