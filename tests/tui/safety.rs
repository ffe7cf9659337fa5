//! What others do, and answers that come late, change neither what a key is for nor what was typed.

use chrono::TimeDelta;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use redphone::backend::BackendError;
use redphone::model::checklist::Answer;
use redphone::model::review::Section;
use redphone::model::{Ask, Command, Envelope, Impact, IncidentId, Status, Urgency};
use redphone::sync::drafts::{Draft, Keep};
use redphone::tui::Options;
use redphone::tui::form::Form;
use redphone::tui::message::Message;
use redphone::tui::mode::Mode;
use redphone::tui::theme::Depth;

use crate::support::company;
use crate::support::stage::{Stage, options};

fn busy() -> Stage {
    Stage::open(company::busy(company::now()), (126, 36))
}

fn form(stage: &Stage) -> &Form {
    match &stage.app.mode {
        Mode::Form(form) => form,
        other => panic!("no form but {other:?}"),
    }
}

fn target(stage: &Stage) -> IncidentId {
    stage.app.target().expect("a target").id
}

/// Somebody else does something, and it arrives.
fn other(stage: &mut Stage, incident: IncidentId, ask: Ask) {
    company::ask(&stage.memory, incident, ask, stage.now).expect("it can be asked");
    stage.refresh();
}

fn asks(sent: &[Envelope]) -> Vec<Ask> {
    let ask = |envelope: &Envelope| match &envelope.command {
        Command::Incident { ask, .. } => Some(ask.clone()),
        _ => None,
    };
    sent.iter().filter_map(ask).collect()
}

/// Goes to the field of a label.
fn go(stage: &mut Stage, label: &str) {
    for _ in 0..form(stage).fields.len() {
        if form(stage).fields[form(stage).focus].label == label {
            return;
        }
        stage.keys("Tab");
    }
    panic!("no field {label}");
}

fn ended(stage: &mut Stage) -> IncidentId {
    let id = target(stage);
    for ask in [
        Ask::Acknowledge,
        Ask::Resolve {
            action: redphone::model::status::ResolutionAction::Restart,
            detail: "restarted".into(),
            validation: "seen".into(),
        },
    ] {
        other(stage, id, ask);
    }
    id
}

#[test]
fn a_review_keeps_the_sections_that_others_write_meanwhile() {
    let mut stage = busy();
    let number = stage.app.selected().and_then(|row| row.number).expect("a number");
    let id = ended(&mut stage);
    stage.keys("g");
    stage.write(&number.0.to_string());
    stage.keys("Enter V w");
    go(&mut stage, "Root cause");
    stage.write("a lock that was never given back");
    other(
        &mut stage,
        id,
        Ask::WriteReview { section: Section::Summary, text: "Cards failed".into() },
    );
    stage.keys("^s");
    let sent = asks(&stage.submitted);
    let touched =
        sent.iter().any(|ask| matches!(ask, Ask::WriteReview { section: Section::Summary, .. }));
    assert!(!touched, "{sent:?}");
    let written =
        sent.iter().any(|ask| matches!(ask, Ask::WriteReview { section: Section::RootCause, .. }));
    assert!(written, "{sent:?}");
}

#[test]
fn what_both_have_changed_is_told_before_it_is_overwritten() {
    let mut stage = busy();
    let id = target(&stage);
    stage.keys("E");
    stage.keys("End");
    stage.write(" everywhere");
    let title = form(&stage).value("Title");
    let describe = Ask::Describe {
        title: Some("Cards fail in France".into()),
        symptoms: Some("declined".into()),
        labels: None,
        runbook: None,
    };
    other(&mut stage, id, describe);
    stage.keys("^s");
    assert!(stage.submitted.is_empty(), "{:?}", stage.submitted);
    let error = form(&stage).field("Title").and_then(|field| field.error.clone());
    assert_eq!(
        error.as_deref(),
        Some(
            "Tomo Hayashi changed this just now: Cards fail in France · sent again, yours replaces it"
        )
    );
    stage.keys("^s");
    let only_the_title =
        Ask::Describe { title: Some(title), symptoms: None, labels: None, runbook: None };
    assert_eq!(asks(&stage.submitted), [only_the_title]);
}

#[test]
fn an_item_that_somebody_else_has_answered_stays_answered() {
    let mut stage = busy();
    let id = target(&stage);
    stage.keys("i");
    let [first, second] = [0, 1].map(|n| form(&stage).fields[n].answer().expect("an item").0);
    stage.keys("Tab Space");
    other(&mut stage, id, Ask::AnswerItem { item: first, answer: Answer::Yes });
    stage.keys("^s");
    assert_eq!(asks(&stage.submitted), [Ask::AnswerItem { item: second, answer: Answer::Yes }]);
}

#[test]
fn of_many_only_what_was_filled_in_is_written() {
    let mut stage = busy();
    stage.keys("Space Space E");
    go(&mut stage, "Labels");
    stage.write("pci");
    stage.keys("^s y");
    let only_the_labels = Ask::Describe {
        title: None,
        symptoms: None,
        labels: Some(vec!["pci".into()]),
        runbook: None,
    };
    assert_eq!(asks(&stage.submitted), [only_the_labels.clone(), only_the_labels]);
}

#[test]
fn what_is_typed_after_a_question_is_kept_as_a_draft_too() {
    let mut stage = busy();
    stage.keys("X");
    go(&mut stage, "Why");
    stage.write("no");
    // The timer of the draft still runs when the question comes.
    let Mode::Form(form) = &mut stage.app.mode else { panic!("a form") };
    form.saving = true;
    stage.keys("^s n");
    stage.kept.clear();
    stage.write(" fault of ours");
    let kept = stage.kept.iter().any(|keep| match keep {
        Keep::Save(draft) => draft.contents.iter().any(|text| text == "no fault of ours"),
        _ => false,
    });
    assert!(kept, "{:?}", stage.kept);
}

#[test]
fn a_draft_brings_back_only_what_was_changed_in_it() {
    let mut stage = busy();
    let id = target(&stage);
    stage.keys("E");
    go(&mut stage, "Labels");
    stage.write("pci");
    stage.keys("Esc");
    let Mode::Form(form) = &stage.app.mode else { panic!("it asks") };
    assert!(form.asking);
    stage.keys("k");
    let draft = stage.kept.iter().rev().find_map(|keep| match keep {
        Keep::Save(draft) => Some(draft.clone()),
        _ => None,
    });
    let draft: Draft = draft.expect("a draft");
    let describe = Ask::Describe {
        title: Some("Cards fail in France".into()),
        symptoms: None,
        labels: None,
        runbook: None,
    };
    other(&mut stage, id, describe);
    stage.app.drafts = vec![draft];
    stage.keys("E ^s");
    let only_the_labels = Ask::Describe {
        title: None,
        symptoms: None,
        labels: Some(vec!["pci".into()]),
        runbook: None,
    };
    assert_eq!(asks(&stage.submitted), [only_the_labels], "{}", stage.screen());
}

#[test]
fn keys_typed_while_a_record_is_read_are_for_what_the_verb_opens() {
    let mut stage = busy();
    stage.keys("a");
    stage.settle();
    assert!(stage.app.undo.is_some());
    stage.slow_reads = true;
    stage.keys("j b u");
    assert!(stage.app.undo.is_some(), "`u` was for the menu, not for the acknowledgement");
    assert!(stage.screen().contains("reading INC-"), "{}", stage.screen());
    stage.answer_reads();
    assert!(matches!(stage.app.mode, Mode::Pick(_) | Mode::Form(_)) || stage.submitted.len() == 1);
    assert!(
        stage.app.undo.as_ref().is_none_or(|undo| undo.done.contains("snooze"))
            || stage.submitted.is_empty()
    );
}

#[test]
fn esc_leaves_a_verb_that_waits_and_the_keys_with_it() {
    let mut stage = busy();
    stage.slow_reads = true;
    stage.keys("j b t Esc");
    stage.answer_reads();
    assert!(matches!(stage.app.mode, Mode::Panes), "{:?}", stage.app.mode);
    assert!(stage.submitted.is_empty());
}

#[test]
fn a_record_that_cannot_be_read_ends_the_verb_with_a_sentence() {
    let mut stage = busy();
    stage.slow_reads = true;
    stage.keys("j b");
    let id = target(&stage);
    let error = BackendError::Unreachable("the API is away".into());
    stage.send(Message::Detail(id, Err(error), stage.now));
    assert!(stage.app.waiting.is_none());
    assert!(stage.screen().contains("the API is away"), "{}", stage.screen());
}

/// A key as it is pressed by a finger that was on its way.
fn at_once(stage: &mut Stage, key: char) {
    let key = KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE);
    stage.send(Message::Key(key, stage.now));
}

#[test]
fn a_key_that_was_meant_for_an_incident_that_has_left_does_not_hit_its_neighbour() {
    let mut stage = busy();
    let first = stage.selected();
    ended(&mut stage);
    let next = stage.selected();
    assert_ne!(first, next);
    at_once(&mut stage, 'o');
    assert!(stage.submitted.is_empty());
    let told = format!("nothing was done: {first} has left the queue, this is {next}");
    assert!(stage.screen().contains(&told), "{}", stage.screen());
    // Told, it is known.
    at_once(&mut stage, 'o');
    assert_eq!(stage.submitted.len(), 1);
}

#[test]
fn what_was_on_the_screen_for_half_a_second_can_be_acted_on() {
    for (seen, acts) in [(499, false), (500, true)] {
        let mut stage = busy();
        ended(&mut stage);
        stage.app.drawn(stage.now - TimeDelta::milliseconds(seen));
        at_once(&mut stage, 'o');
        assert_eq!(!stage.submitted.is_empty(), acts, "{seen} ms");
    }
}

#[test]
fn a_declaration_that_is_answered_late_does_not_take_the_selection() {
    let mut stage = busy();
    stage.keys("D");
    stage.write("Mail is late");
    stage.keys("^s j");
    let selected = stage.selected();
    stage.settle();
    assert_eq!(stage.selected(), selected);
    assert!(stage.screen().contains("declared as INC-"), "{}", stage.screen());
}

#[test]
fn undo_does_not_overrule_what_somebody_has_changed_since() {
    let mut stage = busy();
    let id = target(&stage);
    let row = stage.app.selected().expect("a row").clone();
    let before = (row.impact, row.urgency);
    let mine = if before == (Impact::Low, Urgency::Low) { "l m" } else { "l l" };
    stage.keys(&format!("p {mine}"));
    if matches!(stage.app.mode, Mode::Matrix(_)) {
        stage.keys("Enter");
    }
    stage.settle();
    let theirs = Ask::Prioritize { impact: Impact::Medium, urgency: Urgency::High };
    other(&mut stage, id, theirs);
    stage.keys("u");
    assert!(stage.submitted.is_empty(), "{:?}", stage.submitted);
    assert!(stage.screen().contains("somebody has changed that since"), "{}", stage.screen());
}

#[test]
fn a_repeated_alert_does_not_keep_an_assignment_from_being_undone() {
    let mut stage = busy();
    let id = target(&stage);
    stage.keys("o");
    stage.settle();
    other(&mut stage, id, Ask::AddNote { text: "looking".into() });
    stage.keys("u");
    assert_eq!(stage.submitted.len(), 1, "{}", stage.screen());
}

#[test]
fn what_was_done_to_the_others_of_several_can_still_be_undone() {
    let mut stage = busy();
    stage.keys("Space Space o y");
    assert_eq!(stage.submitted.len(), 2);
    let refused = stage.submitted.remove(0);
    let error = BackendError::NotAllowed("not today".into());
    stage.send(Message::Settled(refused.id, Err(error), stage.now));
    stage.settle();
    stage.keys("Esc u");
    assert_eq!(stage.submitted.len(), 1, "{}", stage.screen());
}

#[test]
fn a_declaration_can_be_taken_back() {
    let mut stage = busy();
    stage.keys("D");
    stage.write("Mail is late");
    stage.keys("^s");
    stage.settle();
    stage.keys("u");
    stage.settle();
    let mail = stage.memory.all().into_iter().find(|row| row.title == "Mail is late");
    assert_eq!(mail.map(|row| row.status), Some(Status::Reclassified));
}

#[test]
fn what_cannot_be_taken_back_is_asked_about() {
    let mut stage = busy();
    stage.keys("l");
    let Mode::Pick(picker) = &stage.app.mode else { panic!("links") };
    assert!(!picker.targets.is_empty());
    stage.write("new problem");
    stage.keys("Enter");
    go(&mut stage, "Title");
    stage.write("Locks are not given back");
    stage.keys("^s");
    assert!(matches!(stage.app.mode, Mode::Confirm(_)), "{}", stage.screen());
    assert!(stage.submitted.is_empty());
}

#[test]
fn read_only_also_holds_for_a_draft() {
    let mut stage = Stage::with(
        company::busy(company::now()),
        (126, 36),
        Depth::None,
        Options { read_only: true, ..options() },
    );
    stage.connect();
    let mut writer = busy();
    writer.keys("n");
    writer.write("typed before");
    let draft = writer.kept.iter().rev().find_map(|keep| match keep {
        Keep::Save(draft) => Some(draft.clone()),
        _ => None,
    });
    stage.app.drafts = vec![Draft { place: None, ..draft.expect("a draft") }];
    stage.keys("d Enter");
    assert_eq!(form(&stage).value("Note"), "typed before");
    stage.keys("^s");
    assert!(stage.submitted.is_empty());
    assert_eq!(form(&stage).value("Note"), "typed before", "it is not lost");
    let told = form(&stage).told.clone().unwrap_or_default();
    assert!(told.starts_with("opened read-only"), "{told}");
}
