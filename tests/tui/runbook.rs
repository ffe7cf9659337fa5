//! Runbooks: their steps, ticks, and copied text.

use std::sync::Arc;

use insta::assert_snapshot;
use redphone::config::PanesSettings;
use redphone::model::command::{Command, IncidentCommand};
use redphone::model::runbook::RunbookHeader;
use redphone::model::{Actor, CommandId, Envelope};
use redphone::tui::Options;
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;
use redphone::tui::runbook::NoRunbooks;
use redphone::tui::theme::Depth;
use rstest::rstest;

use super::run::{FIVES, command, notes, settings, stage, stage_with};
use crate::support::company;
use crate::support::stage::{Stage, options, sized};

#[rstest]
fn a_runbook_is_shown_with_its_steps(#[values((126, 36), (80, 24), (40, 12))] size: (u16, u16)) {
    let mut stage = stage(size);
    stage.keys("x Enter");
    assert_snapshot!(sized("runbook", size), stage.screen());
    stage.keys("Space");
    stage.settle();
    stage.keys("j");
    assert_snapshot!(sized("runbook_ticked", size), stage.screen());
}

#[test]
fn ticked_step_shows_at_once_and_is_restored_later() {
    let mut stage = stage((126, 36));
    stage.keys("x 1 Space");
    assert_eq!(
        notes(&stage),
        ["runbook payments/5xx · step 1 done: Tell the payments channel that you are on it"]
    );
    assert!(stage.screen().contains("[…] 1"), "{}", stage.screen());
    stage.settle();
    assert!(stage.screen().contains("[✓] 1"), "{}", stage.screen());
    stage.keys("Esc");
    // Somebody else ticks the next step.
    let id = stage.selected();
    let incident = stage.app.target().expect("a target").id;
    let text = "runbook payments/5xx · step 9 done: Count the open connections".to_owned();
    let envelope = Envelope {
        id: CommandId::new(),
        at: stage.now,
        actor: Actor::Person(company::tomo()),
        command: Command::incident(incident, IncidentCommand::AddNote { text }),
        expected_seq: None,
    };
    stage.memory.carry_out(&envelope).expect("a note");
    stage.refresh();
    stage.keys("x 1");
    assert_eq!(id, "INC-2051");
    let screen = stage.screen();
    assert!(screen.contains("on it – Ines Moreau 22:41"), "{screen}");
    assert!(screen.contains("Count the open connections – Tomo Hayashi 22:41"), "{screen}");
    assert!(screen.contains("2 of 4 done"), "{screen}");
    assert!(screen.contains("▌[ ] 3"), "the next that is left is selected: {screen}");
}

#[test]
fn tick_can_be_undone_and_a_refused_one_is_cleared() {
    let mut stage = stage((126, 36));
    stage.keys("x 1 Space");
    stage.settle();
    stage.keys("u");
    stage.settle();
    assert!(stage.screen().contains("[ ] 1"), "{}", stage.screen());
    stage.keys("g Space");
    stage.refuse(&redphone::backend::BackendError::NotAllowed("notes are closed".into()));
    assert!(stage.screen().contains("[ ] 1"), "{}", stage.screen());
    assert!(stage.screen().contains("notes are closed"), "{}", stage.screen());
}

#[test]
fn tick_by_another_person_appears_in_the_open_runbook() {
    let mut stage = stage((126, 36));
    stage.keys("x 1");
    let incident = stage.app.target().expect("a target").id;
    let text = "runbook payments/5xx · step 1 done: Tell the payments channel that you are on it";
    let envelope = Envelope {
        id: CommandId::new(),
        at: stage.now,
        actor: Actor::Person(company::tomo()),
        command: Command::incident(incident, IncidentCommand::AddNote { text: text.into() }),
        expected_seq: None,
    };
    stage.memory.carry_out(&envelope).expect("a note");
    stage.refresh();
    assert!(stage.screen().contains("on it – Tomo Hayashi"), "{}", stage.screen());
}

#[test]
fn code_block_is_copied_in_full_from_its_step() {
    let mut stage = stage((40, 12));
    stage.keys("x 1 j y");
    assert_eq!(
        stage.copied,
        ["kubectl exec deploy/payments -- poolctl stats --all-nodes --verbose --format table"]
    );
    stage.keys("k y");
    assert_eq!(stage.copied[1], "Tell the payments channel that you are on it");
}

#[test]
fn every_line_of_a_runbook_can_be_reached() {
    let mut stage = stage((40, 12));
    stage.keys("x 1");
    let mut seen = stage.screen();
    for _ in 0..40 {
        stage.keys("j");
        seen.push_str(&stage.screen());
    }
    for text in ["Payments answer 5xx", "usual", "--format table", "Watch the error", "hotline"] {
        assert!(seen.contains(text), "{text}: {}", stage.screen());
    }
}

#[test]
fn url_is_copied_and_a_missing_file_is_reported() {
    let mut stage = stage((200, 60));
    let incident = stage.app.target().expect("a target").id;
    let describe = |stage: &mut Stage, runbook: &str| {
        let description = IncidentCommand::Describe {
            title: None,
            symptoms: None,
            labels: None,
            runbook: Some(runbook.into()),
        };
        let envelope = Envelope {
            id: CommandId::new(),
            at: stage.now,
            actor: Actor::Person(company::me()),
            command: Command::incident(incident, description),
            expected_seq: None,
        };
        stage.memory.carry_out(&envelope).expect("it is described");
        stage.refresh();
    };
    describe(&mut stage, "https://wiki.example/a?b=c");
    assert!(stage.screen().contains("[x] run"), "{}", stage.screen());
    stage.keys("x 1");
    assert_eq!(stage.copied, ["https://wiki.example/a?b=c"]);
    describe(&mut stage, "../../etc/passwd");
    stage.keys("x");
    assert!(
        stage.screen().contains("not now: there is no ../../etc/passwd.md in /etc/redphone/"),
        "{}",
        stage.screen()
    );
}

#[test]
fn missing_runbook_is_reported_without_offering_a_key() {
    let settings = PanesSettings::default();
    let mut stage = stage_with((200, 60), Options { settings, ..options() });
    let line = |stage: &Stage| {
        let screen = stage.screen();
        screen.lines().find(|line| line.contains("Runbook")).expect("the runbook").to_owned()
    };
    assert!(!line(&stage).contains("[x]"), "{}", line(&stage));
    stage.keys("j");
    stage.keys("x");
    assert!(stage.screen().contains("nothing is there for INC-2048"), "{}", stage.screen());
}

#[test]
fn unreadable_folder_is_reported() {
    let mut stage = stage((126, 36));
    Arc::make_mut(&mut stage.app.session.settings).commands.clear();
    stage.books = Err(NoRunbooks::Unreadable("the runbooks in /x can't be read: no".into()));
    stage.keys("j x");
    assert!(stage.screen().contains("not now: the runbooks in /x can't be read: no"));
}

#[test]
fn digit_stays_with_its_name_after_the_folder_is_read() {
    let mut settings = settings();
    settings.commands.push(command("trace", 't', &["trace"]));
    if let Some(trace) = settings.commands.last_mut() {
        trace.key = None;
    }
    let memory = company::busy(company::now());
    let options = Options { settings, ..options() };
    let mut stage = Stage::with(memory, (126, 36), Depth::Indexed, options);
    stage.connect();
    stage.send(Message::Started);
    stage.keys("x");
    let key_of = |stage: &Stage, name: &str| match &stage.app.ui.mode {
        Mode::Pick(picker) => {
            picker.items.iter().find(|item| item.text == name).and_then(|item| item.key)
        }
        _ => None,
    };
    assert_eq!(key_of(&stage, "trace"), Some('2'), "{}", stage.screen());
    let heads = [("payments/5xx", FIVES), ("a new one", FIVES)];
    let heads = heads.map(|(name, text)| RunbookHeader::parse(name, text)).to_vec();
    stage.send(Message::Runbooks(Ok(std::sync::Arc::new(heads))));
    assert_eq!(key_of(&stage, "trace"), Some('2'), "{}", stage.screen());
    assert_eq!(key_of(&stage, "a new one"), Some('3'), "{}", stage.screen());
}
