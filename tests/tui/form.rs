//! Forms: validation, and their commands while others change the same fields.

use std::sync::Arc;

use redphone::model::IncidentCommand;
use redphone::model::checklist::Answer;
use redphone::model::review::Section;
use redphone::sync::BackendUpdate;
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;
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
    // Backends report changes of incidents that have ended on their own.
    let row = stage.memory.read(number.0).0.incident.summary;
    stage.learn(BackendUpdate::Ended(vec![row]));
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

#[rstest]
#[case::persian("\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}")]
#[case::family("on duty: \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}")]
#[case::flag("fra1 \u{1f1e9}\u{1f1ea} and \u{2764}\u{fe0f} \u{1f44d}\u{1f3fd}")]
fn paste_is_stored_as_it_was_pasted(#[case] text: &str) {
    let mut stage = Stage::busy();
    stage.keys("n");
    stage.send(Message::Paste(format!("{text}\r\nnext")));
    let Some(content) = stage.form().contents().first().cloned() else { panic!("no field") };
    assert_eq!(content, format!("{text}\nnext"));
    let screen = stage.screen();
    let note = screen.lines().find(|line| line.contains("Note ▸")).expect("the field");
    assert!(!note.contains(['\u{fffd}', '\u{200d}', '\u{fe0f}']), "{screen}");
}

#[rstest]
#[case("a \u{2764}\u{fe0f}", "a ")]
#[case("b \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", "b ")]
#[case("c \u{1f1e9}\u{1f1ea}", "c ")]
#[case("d e\u{301}", "d ")]
#[case("plain", "plai")]
fn backspace_deletes_what_is_seen_as_one_character(#[case] typed: &str, #[case] expected: &str) {
    for (open, field) in [("n", 0), ("D", 0)] {
        let mut stage = Stage::busy();
        stage.keys(open);
        stage.write(typed);
        stage.keys("Backspace");
        assert_eq!(stage.form().contents()[field], expected, "{open}");
        // The keys that move skip it as well.
        stage.write("!");
        stage.keys("Left Right Backspace");
        assert_eq!(stage.form().contents()[field], expected, "{open}");
    }
}

#[rstest]
#[case("Services", "searc", "search")]
#[case("Services", "checkout, searc", "checkout, search")]
fn enter_and_tab_use_the_suggestion(
    #[case] field: &str,
    #[case] typed: &str,
    #[case] expected: &str,
    #[values("Tab", "Enter")] key: &str,
) {
    let mut stage = Stage::busy();
    stage.keys("D");
    stage.focus_field(field);
    stage.write(typed);
    let focus = stage.form().focus;
    stage.keys(key);
    assert_eq!(stage.form().value(field), expected);
    assert_eq!(stage.form().focus, focus, "it is seen first");
    stage.keys(key);
    assert_eq!(stage.form().focus, focus + 1);
}

#[test]
fn unknown_name_is_shown_when_the_field_loses_focus() {
    let mut stage = Stage::busy();
    stage.keys("D");
    stage.focus_field("Services");
    stage.write("zebra");
    stage.keys("Tab");
    assert!(stage.screen().contains("no service \"zebra\""), "{}", stage.screen());
}

#[rstest]
#[case("2h", 120)]
#[case("45m", 45)]
fn text_of_an_update_follows_the_field_of_the_next_one(#[case] typed: &str, #[case] minutes: i64) {
    let mut stage = Stage::busy();
    stage.keys("U 1");
    stage.focus_field("Next update");
    stage.keys("^u");
    stage.write(typed);
    let due = (stage.now + chrono::TimeDelta::minutes(minutes)).format("at %H:%M UTC").to_string();
    assert!(stage.form().value("Message").contains(&due), "{}", stage.form().value("Message"));
    // The minute passes until it is sent.
    stage.pass(1);
    stage.keys("^s");
    let due = stage.now + chrono::TimeDelta::minutes(minutes);
    let text = due.format("at %H:%M UTC").to_string();
    stage.keys("y");
    let sent = stage.submitted_commands();
    let [IncidentCommand::UpdateStakeholders { message, next_due, public: None }] = &sent[..]
    else {
        panic!("{sent:?} {}", stage.screen())
    };
    assert!(message.contains(&text), "{message} should have {text}");
    assert_eq!(*next_due, Some(due));
    assert!(!message.contains("nobody"), "{message}");
}

#[test]
fn redraw_works_in_every_layer() {
    for keys in ["", "n", "s", ":", "?", "/", "p", "w", "n x Esc", "O", "v"] {
        let mut stage = Stage::busy();
        stage.keys(keys);
        let before = stage.screen();
        stage.keys("^l");
        assert_eq!(stage.redraws, 1, "{keys:?}");
        assert_eq!(stage.screen(), before, "{keys:?}");
    }
}

#[test]
fn all_wrong_fields_are_marked_at_once() {
    let mut stage = Stage::busy();
    stage.keys("r ^s");
    let errors: Vec<&str> = stage
        .form()
        .fields
        .iter()
        .filter(|field| field.error.is_some())
        .map(|field| field.label.as_str())
        .collect();
    assert_eq!(errors, ["What was done", "Validated"], "{}", stage.screen());
    assert_eq!(stage.form().focus, 1, "the first of them has the focus");
}

#[test]
fn form_of_one_line_is_sent_by_enter() {
    let mut stage = Stage::busy();
    stage.keys("b p");
    stage.write("the partner");
    stage.keys("Enter");
    assert!(matches!(stage.app.ui.mode, Mode::Panes), "{}", stage.screen());
    assert_eq!(stage.submitted.len(), 1);
}

#[test]
fn line_that_is_too_long_shows_where_it_goes_on() {
    for size in [(200, 60), (126, 36), (80, 24), (40, 12)] {
        let mut stage = Stage::busy_at(size);
        stage.keys("D");
        stage.write(&"0123456789".repeat(12));
        assert!(stage.screen().contains('‹'), "{size:?}:\n{}", stage.screen());
        stage.key(crossterm::event::KeyCode::Home, crossterm::event::KeyModifiers::NONE);
        assert!(
            stage.screen().contains("9›") || stage.screen().contains('›'),
            "{}",
            stage.screen()
        );
    }
}

#[test]
fn few_choices_are_all_shown() {
    for size in [(200, 60), (126, 36), (80, 24), (40, 12)] {
        let mut stage = Stage::busy_at(size);
        stage.keys("r");
        let screen = stage.screen();
        let options = match &stage.form().fields[0].value {
            redphone::tui::form::Value::Choice { options, .. } => options.clone(),
            _ => panic!("a choice"),
        };
        for option in options {
            let last = option.split(' ').next_back().unwrap();
            assert!(screen.contains(last), "{option} at {size:?}:\n{screen}");
        }
    }
}

#[test]
fn what_was_resolved_is_closed_by_the_next_key() {
    let mut stage = Stage::busy();
    let label = stage.selected();
    stage.keys("r Tab");
    stage.write("rolled back");
    stage.keys("Tab");
    stage.write("no errors");
    stage.keys("^s");
    assert!(stage.screen().contains("C closes it"), "{}", stage.screen());
    stage.settle();
    stage.refresh();
    stage.keys("C");
    let heading = stage.form().heading.clone();
    assert!(heading.contains(&label), "{heading}");
}

#[test]
fn update_is_public_only_if_the_form_says_so() {
    let mut stage = Stage::busy();
    stage.keys("U 1");
    stage.focus_field("Public title");
    stage.write("Payments fail");
    stage.keys("^s");
    assert!(stage.screen().contains("is for a public update"), "{}", stage.screen());
    stage.focus_field("Public");
    stage.keys("Right ^s y");
    let sent = stage.submitted_commands();
    let [IncidentCommand::UpdateStakeholders { public: Some(public), .. }] = &sent[..] else {
        panic!("{sent:?} {}", stage.screen())
    };
    assert_eq!(public.title.as_deref(), Some("Payments fail"));
}

#[test]
fn declaration_says_whom_the_incident_affects() {
    let mut stage = Stage::busy();
    stage.keys("D");
    for (field, text) in [
        ("Title", "Cards fail"),
        ("Began", "20m"),
        ("Affected", "1200 12.5% eu-west"),
        ("Recovery", "2h"),
        ("Reporter", "Tom Varga, , T-4711"),
        ("Teams", "data"),
    ] {
        stage.focus_field(field);
        stage.write(text);
    }
    stage.keys("^s");
    let sent = stage.submitted_commands();
    let [declare, began, affected, recovery, reporter, team] = &sent[..] else {
        panic!("{sent:?}");
    };
    assert!(matches!(declare, IncidentCommand::Declare(_)));
    let at = |minutes: i64| Some(stage.now + chrono::TimeDelta::minutes(minutes));
    assert_eq!(*began, IncidentCommand::SetImpactBegan { at: at(-20) });
    assert_eq!(*recovery, IncidentCommand::SetExpectedRecovery { at: at(120) });
    let IncidentCommand::SetAffected { affected } = affected else { panic!("{affected:?}") };
    assert_eq!(affected.line(), "1200 users · 12.5 % · eu-west");
    let IncidentCommand::AddReporter { reporter } = reporter else { panic!("{reporter:?}") };
    assert_eq!(reporter.line(), "Tom Varga · T-4711");
    let involve = IncidentCommand::InvolveTeam { team: "data".into(), involved: true };
    assert_eq!(*team, involve);
}

#[rstest]
#[case("Began", "tomorrow 09:00", "lies in the future")]
#[case("Affected", "12.5 %%", "is not understood")]
#[case("Affected", "1,200 users", "is not understood")]
#[case("Affected", "12,5%", "is not understood")]
#[case("Recovery", "yesterday", "is no time")]
#[case("Reporter", "Tom, a, b, c", "too many commas")]
#[case("Teams", "zebra", "no team \"zebra\"")]
fn wrong_impact_of_a_declaration_is_shown_at_its_field(
    #[case] field: &str,
    #[case] typed: &str,
    #[case] expected: &str,
) {
    let mut stage = Stage::busy();
    stage.keys("D");
    stage.focus_field(field);
    stage.write(typed);
    stage.keys("S-Tab");
    assert!(stage.screen().contains(expected), "{}", stage.screen());
}

#[test]
fn checklist_names_its_items_on_narrow_screens() {
    let mut stage = Stage::busy_at((40, 12));
    stage.keys("i");
    assert!(stage.screen().contains("[ ] logs and alerts checked"), "{}", stage.screen());
}
