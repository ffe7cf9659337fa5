//! Commands from the key to their outcome.

use redphone::backend::BackendError;
use redphone::model::command::{Command, CommandKind, IncidentCommand};
use redphone::model::escalation::{self, Policy, PolicyLevel};
use redphone::model::{PersonRef, Rejection};
use redphone::sync::{BackendUpdate, Sourced};
use redphone::tui::Options;
use redphone::tui::action::TABLE;
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;
use redphone::tui::theme::Depth;

use super::zone::line;
use crate::support::company;
use crate::support::stage::{Stage, options};

#[test]
fn acknowledgement_is_marked_until_it_is_settled() {
    let mut stage = Stage::busy();
    stage.keys("a");
    assert_eq!(stage.submitted.len(), 1);
    let row = |stage: &Stage| {
        let screen = stage.screen();
        screen.lines().find(|line| line.contains("2051 P1")).expect("the row").to_owned()
    };
    assert!(row(&stage).contains("▌↑2051"), "{}", row(&stage));
    assert!(stage.screen().contains("1 pending"));
    stage.settle();
    assert!(
        row(&stage).contains("▌ 2051 P1 Card") && row(&stage).contains(" ack "),
        "{}",
        row(&stage)
    );
    assert!(stage.screen().contains("sent 22:41:12"), "{}", stage.screen());
    assert!(stage.screen().contains("by Ines Moreau at 22:41"));
}

#[test]
fn same_key_twice_submits_once() {
    let mut stage = Stage::busy();
    stage.keys("a a");
    assert_eq!(stage.submitted.len(), 1);
    assert!(stage.screen().contains("INC-2051: that is on its way already"));
}

#[test]
fn earlier_action_by_another_is_reported_in_line() {
    let mut stage = Stage::busy();
    stage.keys("j a");
    assert!(stage.submitted.is_empty());
    assert!(
        stage.screen().contains("INC-2048: already acknowledged by Tomo Hayashi 35 min ago"),
        "{}",
        stage.screen()
    );
}

#[test]
fn conflict_at_the_backend_is_reported_in_a_sentence() {
    let mut stage = Stage::busy();
    stage.keys("o");
    let rejection = Rejection::AlreadyOwned { by: PersonRef::new("tomo", "Tomo Hayashi") };
    stage.refuse(&BackendError::rejected(rejection, stage.app.now));
    assert!(stage.screen().contains("own INC-2051: already owned by Tomo Hayashi"));
    assert!(stage.app.inflight.pending.is_empty());
}

#[test]
fn retried_command_has_the_same_target_and_id() {
    let mut stage = Stage::busy();
    stage.keys("a");
    let envelope = stage.submitted[0].clone();
    let error = BackendError::Unreachable("the store is locked".into());
    stage.send(Message::Retrying(envelope.id, error, company::now()));
    stage.keys("j j j");
    assert!(stage.screen().contains("1 pending, trying again"), "{}", stage.screen());
    stage.settle();
    assert!(stage.app.inflight.pending.is_empty());
    assert!(stage.memory.read(2051).0.incident.summary.acknowledged_at.is_some());
}

#[test]
fn quitting_waits_for_commands_in_flight() {
    let mut stage = Stage::busy();
    stage.keys("a q");
    assert!(!stage.is_quit);
    assert!(stage.screen().contains("ending when 1 pending"), "{}", stage.screen());
    stage.settle();
    assert!(stage.is_quit);
}

#[test]
fn unconfirmed_commands_are_named_when_quitting_early() {
    let mut stage = Stage::busy();
    stage.keys("a q q");
    assert!(stage.is_quit);
    assert_eq!(redphone::tui::verb::send::unconfirmed(&stage.app), "acknowledge INC-2051");
}

#[test]
fn unsupported_verbs_are_not_offered_and_say_why() {
    let memory = company::busy(company::now());
    memory.only(vec![CommandKind::AddNote]);
    let mut stage = Stage::open(memory, (126, 36));
    let screen = stage.screen();
    let keys = screen.lines().last().expect("the keys line").to_owned();
    assert!(!keys.contains("a ack") && keys.contains("n note"), "{keys}");
    assert!(!stage.screen().contains("press o to take it"));
    stage.keys("a");
    assert!(stage.submitted.is_empty());
    assert!(stage.screen().contains("memory can't do that"), "{}", stage.screen());
    stage.keys("?");
    assert!(stage.screen().contains("acknowledge – not now: memory can't do that"));
}

#[test]
fn read_only_changes_nothing() {
    let memory = company::busy(company::now());
    let options = Options { read_only: true, ..options() };
    let mut stage = Stage::with(memory, (126, 36), Depth::Indexed, options);
    stage.connect();
    for key in ["a", "o", "n"] {
        stage.keys(key);
        assert!(stage.screen().contains("opened read-only"), "{key}: {}", stage.screen());
    }
    assert!(stage.submitted.is_empty());
}

#[test]
fn bulk_failures_can_be_read_after_a_form_closes() {
    let mut stage = Stage::busy();
    stage.keys("Space Space o y n");
    stage.write("busy");
    stage.refuse(&BackendError::NotAllowed("not today".into()));
    assert_eq!(stage.form().contents(), ["busy"]);
    stage.keys("Esc k !");
    let screen = stage.screen();
    assert!(screen.contains("INC-2051: not today"), "{screen}");
    assert!(screen.contains("INC-2048: not today"), "{screen}");
}

#[test]
fn each_selected_incident_escalates_along_its_own_path() {
    let mut stage = Stage::busy();
    let mut directory = stage.memory.directory_now();
    let level = |person: &str| PolicyLevel {
        after_s: 300,
        call: vec![escalation::Target::Person(person.into())],
        ..PolicyLevel::default()
    };
    directory.policies = vec![Policy {
        team: "web".into(),
        levels: vec![level("tomo"), level("odile")],
        ..Policy::default()
    }];
    stage.learn(BackendUpdate::Directory(Sourced::fresh(std::sync::Arc::new(directory))));
    let of_web = |stage: &Stage| {
        stage.app.queue.rows.iter().filter(|row| row.summary.team.as_deref() == Some("web")).count()
    };
    stage.keys("* e");
    let screen = stage.screen();
    assert!(screen.contains("Call the next level for"), "{screen}");
    assert!(screen.contains("there is no escalation policy for its team"), "{screen}");
    stage.keys("y");
    let levels: Vec<u8> = stage
        .submitted
        .iter()
        .filter_map(|envelope| match &envelope.command {
            Command::Incident { command: IncidentCommand::Escalate { level, .. }, .. } => {
                Some(*level)
            }
            _ => None,
        })
        .collect();
    assert!(!levels.is_empty() && levels.len() <= of_web(&stage), "{levels:?}");
    assert!(levels.iter().all(|level| *level == 1), "{levels:?}");
}

#[test]
fn review_is_written_for_one_incident_at_a_time() {
    let mut stage = Stage::busy();
    stage.keys("Space Space V");
    let expected = "2 incidents are selected, and a review is written of one at a time";
    assert!(stage.screen().contains(expected), "{}", stage.screen());
}

#[test]
fn bulk_update_is_filled_in_for_each_incident() {
    let mut stage = Stage::busy();
    stage.keys("Space Space U");
    stage.keys("1");
    assert!(stage.form().contents()[0].starts_with("{number} {title}"), "{}", stage.screen());
    // A misspelt placeholder is reported before anything is sent.
    stage.write("{nubmer} ");
    stage.keys("^s");
    assert!(stage.screen().contains("did you mean number?"), "{}", stage.screen());
    for _ in 0.."{nubmer} ".len() {
        stage.keys("Backspace");
    }
    stage.keys("^s y");
    let texts: Vec<&str> = stage
        .submitted
        .iter()
        .filter_map(|envelope| match &envelope.command {
            Command::Incident {
                command: IncidentCommand::UpdateStakeholders { message, .. },
                ..
            } => Some(message.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(texts.len(), 2, "{}", stage.screen());
    assert!(texts[0].starts_with("INC-2051 Card payments"), "{texts:?}");
    assert!(texts[1].starts_with("INC-2048 Logins"), "{texts:?}");
}

#[test]
fn a_snooze_until_it_changes_says_so_everywhere() {
    let mut stage = Stage::busy();
    stage.keys("b c");
    stage.settle();
    stage.keys("/");
    stage.write("is:snoozed");
    stage.keys("Enter 2 z");
    let number = stage.app.target().expect("it is read").label();
    assert_eq!(number, "INC-2051", "{}", stage.screen());
    assert!(line(&stage.screen(), "Snoozed").contains("until it changes"), "{}", stage.screen());
    stage.keys("3");
    assert!(stage.screen().contains("until it changes"), "{}", stage.screen());
    assert!(!stage.screen().contains("2100") && !stage.screen().contains("2041-"));
}

#[test]
fn forms_opened_by_name_send_the_command_of_their_verb() {
    let mut sent = Vec::new();
    for entry in TABLE {
        let Some(kind) = entry.verb.filter(|_| !entry.requires_argument) else { continue };
        let mut stage = Stage::busy();
        stage.keys(":");
        stage.write(entry.name);
        stage.keys("Enter");
        if !matches!(stage.app.ui.mode, Mode::Form(_)) {
            continue;
        }
        let empty = stage.form().fields.iter().filter(|f| f.required && f.content().is_empty());
        let labels: Vec<String> = empty.map(|field| field.label.clone()).collect();
        if labels.is_empty() {
            continue;
        }
        for label in labels {
            stage.focus_field(&label);
            let is_time =
                matches!(kind, CommandKind::SetExpectedRecovery | CommandKind::SetImpactBegan);
            stage.write(if is_time { "2h" } else { "x" });
        }
        stage.keys("^s");
        if matches!(stage.app.ui.mode, Mode::Confirm(_)) {
            stage.keys("y");
        }
        let kinds: Vec<CommandKind> = stage.submitted.iter().map(|e| e.command.kind()).collect();
        assert!(kinds.contains(&kind), "{}: {kinds:?}\n{}", entry.name, stage.screen());
        sent.push(entry.name);
    }
    for name in ["note", "resolve", "reclassify", "declare"] {
        assert!(sent.contains(&name), "{sent:?}");
    }
}

#[test]
fn next_level_is_not_called_automatic_where_nothing_calls_it() {
    let mut stage = Stage::busy();
    let mut directory = stage.memory.directory_now();
    let row = stage.app.selected().expect("a row").clone();
    let levels = (1..4)
        .map(|level| PolicyLevel {
            after_s: (stage.now - row.reported_at).num_seconds() + 300 * level,
            call: vec![escalation::Target::Person("odile".into())],
            ..PolicyLevel::default()
        })
        .collect();
    directory.policies =
        vec![Policy { team: row.team.expect("it has a team"), levels, ..Policy::default() }];
    stage.learn(BackendUpdate::Directory(Sourced::fresh(std::sync::Arc::new(directory))));
    stage.keys("e");
    let screen = stage.screen();
    assert!(screen.contains("22:46, in 5m, not by itself"), "{screen}");
    assert!(screen.contains("no level is called by itself here"), "{screen}");
}

#[test]
fn owner_of_a_resolved_incident_is_corrected_with_a_reason() {
    let mut stage = Stage::busy();
    let id = stage.resolve_selected();
    stage.filter("is:ended card");
    stage.keys("Enter");
    assert_eq!(stage.target(), id, "{}", stage.screen());
    stage.keys("s");
    stage.write("Tomo");
    stage.keys("Enter");
    assert!(stage.submitted.is_empty(), "{}", stage.screen());
    assert!(stage.screen().contains("Correct INC-"), "{}", stage.screen());
    stage.keys("^s");
    assert!(stage.submitted.is_empty(), "a reason is needed: {}", stage.screen());
    stage.write("he had led it");
    stage.keys("^s");
    let Command::Incident { because, .. } = &stage.submitted[0].command else { panic!("one") };
    assert_eq!(because.as_deref(), Some("he had led it"));
    stage.settle();
    let row = stage.memory.all().into_iter().find(|row| row.id == id).expect("it is there");
    assert_eq!(row.assignee.map(|person| person.handle).as_deref(), Some("tomo"));
}
