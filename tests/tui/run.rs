//! Custom commands and runbooks, from the key to the timeline.

use std::time::Duration;

use insta::assert_snapshot;
use redphone::config::PanesSettings;
use redphone::config::panes::CustomCommand;
use redphone::config::pattern::Pattern;
use redphone::model::command::{Ask, Command};
use redphone::model::filter::Filter;
use redphone::model::runbook::Head;
use redphone::model::{Actor, CommandId, Envelope};
use redphone::tui::Options;
use redphone::tui::message::Message;
use redphone::tui::mode::Mode;
use redphone::tui::output::Pipe;
use redphone::tui::run::{Ended, NoRunbooks};
use redphone::tui::theme::Depth;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, options};

const FIVES: &str = "---\nservices: checkout\n---\n# Payments answer 5xx\n\nThe gateway and its *pool* are the usual suspects; see <https://wiki.example/pay>.\n\n- [ ] **Tell** the payments channel that you are on it\n- [ ] Count the open connections\n\n  ```sh\n  kubectl exec deploy/payments -- poolctl stats --all-nodes --verbose --format table\n  ```\n\n- [ ] Restart the pool when more than `480` are in use, one node after the other, and wait for each to be ready\n- [ ] Watch the error rate for 10 minutes\n\n## Afterwards\n\nIf it comes back, call the gateway's hotline.\n";
const CHECKOUT: &str = "# Checkout at a glance\n\n1. Look at the board\n2. Ask who deployed\n";

fn command(name: &str, key: char, run: &[&str]) -> CustomCommand {
    CustomCommand {
        name: name.into(),
        key: Some(key),
        run: run.iter().map(|word| Pattern::parse(word).0).collect(),
        help: String::new(),
        dangerous: false,
        note: false,
        timeout: Duration::from_mins(1),
        when: None,
    }
}

pub fn settings() -> PanesSettings {
    let mut pods = command("pods", 'p', &["kubectl", "get", "pods", "-l", "app={service}"]);
    pods.help = "lists the pods of the primary service".into();
    let mut restart = command("restart the pool", 'r', &["poolctl", "restart", "{title}", "{{x}}"]);
    restart.dangerous = true;
    restart.note = true;
    let mut search = command("reindex", 'i', &["reindex"]);
    search.when = Some("service:search".parse::<Filter>().expect("a filter"));
    let owner = command("page the owner", 'o', &["page", "{owner}"]);
    PanesSettings {
        commands: vec![pods, restart, search, owner],
        runbooks: Some("/etc/redphone/runbooks".into()),
        ..PanesSettings::default()
    }
}

fn stage_with(size: (u16, u16), options: Options) -> Stage {
    let memory = company::busy(company::now());
    let mut stage = Stage::with(memory, size, Depth::Indexed, options);
    stage.books =
        Ok(vec![("payments/5xx".into(), FIVES.into()), ("checkout".into(), CHECKOUT.into())]);
    stage.connect();
    stage.send(Message::Started);
    stage
}

fn stage(size: (u16, u16)) -> Stage {
    stage_with(size, Options { settings: settings(), ..options() })
}

fn name(what: &str, size: (u16, u16)) -> String {
    format!("{what}_{}x{}", size.0, size.1)
}

fn notes(stage: &Stage) -> Vec<String> {
    let texts = stage.submitted.iter().filter_map(|envelope| match &envelope.command {
        Command::Incident { ask: Ask::AddNote { text }, .. } => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

/// Starts the command of a key; gives back the id of its run.
fn start(stage: &mut Stage, key: &str) -> redphone::tui::run::RunId {
    stage.keys("x");
    stage.keys(key);
    stage.started.last().expect("it was started").id
}

#[rstest]
fn what_can_be_read_and_run_is_offered(#[values((126, 36), (80, 24), (40, 12))] size: (u16, u16)) {
    let mut stage = stage(size);
    stage.keys("x");
    assert_snapshot!(name("list", size), stage.screen());
}

#[rstest]
fn what_a_command_writes_is_shown_while_it_runs_and_after(
    #[values((126, 36), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = stage(size);
    let id = start(&mut stage, "p");
    let rows: Vec<String> = (1..=40)
        .map(|pod| format!("checkout-7f9c4d-{pod:02}   Running   0 restarts   3d"))
        .collect();
    stage.send(Message::RunOutput(id, Pipe::Out, rows.join("\n")));
    assert_snapshot!(name("running", size), stage.screen());
    let at = company::now() + chrono::TimeDelta::seconds(3);
    stage.send(Message::RunOutput(id, Pipe::Err, "\u{1b}]0;x\u{7}warning: \tstale\n".into()));
    stage.send(Message::RunEnded(id, Ended::Exit(0), at));
    assert_snapshot!(name("ended", size), stage.screen());
    stage.keys("k k");
    assert!(!stage.screen().contains("stale"), "{}", stage.screen());
    stage.keys("G");
    assert!(stage.screen().contains("stale"), "{}", stage.screen());
}

#[rstest]
fn a_command_that_failed_says_so(#[values((126, 36), (80, 24), (40, 12))] size: (u16, u16)) {
    let mut stage = stage(size);
    let id = start(&mut stage, "p");
    stage.send(Message::RunOutput(id, Pipe::Err, "error: no such cluster\n".into()));
    let at = company::now() + chrono::TimeDelta::seconds(1);
    stage.send(Message::RunEnded(id, Ended::Exit(1), at));
    assert_snapshot!(name("failed", size), stage.screen());
}

#[rstest]
#[case(Ended::TimedOut, "stopped after 1m00: its time was up")]
#[case(Ended::Stopped, "stopped at 22:41:12")]
#[case(Ended::Signal(9), "ended by signal 9")]
#[case(Ended::NotStarted("kubectl: not found".into()), "not started: kubectl: not found")]
fn each_end_is_told(#[case] how: Ended, #[case] told: &str) {
    let mut stage = stage((126, 36));
    let id = start(&mut stage, "p");
    stage.send(Message::RunEnded(id, how, stage.now));
    assert!(stage.screen().contains(told), "{}", stage.screen());
}

#[test]
fn placeholders_are_arguments_of_their_own_and_variables_tell_the_rest() {
    let mut stage = stage((126, 36));
    start(&mut stage, "p");
    let start = &stage.started[0];
    assert_eq!(start.program, "kubectl");
    assert_eq!(start.arguments, ["get", "pods", "-l", "app=checkout"]);
    let variable = |name: &str| {
        let found = start.variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(variable("REDPHONE_INCIDENT_NUMBER"), Some("INC-2051"));
    assert_eq!(variable("REDPHONE_INCIDENT_TITLE"), Some("Card payments fail at checkout"));
    assert_eq!(variable("REDPHONE_INCIDENT_SERVICES"), Some("checkout\npayments-gateway"));
    assert_eq!(variable("REDPHONE_INCIDENT_OWNER"), Some(""));
    assert_eq!(variable("REDPHONE_USER"), Some("ines"));
}

#[test]
fn a_command_that_needs_what_is_not_there_is_barred_with_the_reason() {
    let mut stage = stage((126, 36));
    stage.keys("x");
    assert!(stage.screen().contains("not now: it has no owner"), "{}", stage.screen());
    stage.keys("o");
    assert!(stage.started.is_empty());
    assert!(stage.screen().contains("! it has no owner"), "{}", stage.screen());
}

#[test]
fn a_command_for_other_incidents_is_not_offered() {
    let mut stage = stage((126, 36));
    stage.keys("x");
    assert!(!stage.screen().contains("reindex"));
    stage.keys("Esc");
    while stage.selected() != "INC-2050" {
        stage.keys("j");
    }
    stage.keys("x");
    assert!(stage.screen().contains("reindex"), "{}", stage.screen());
}

#[rstest]
fn a_dangerous_one_asks_with_its_whole_command_line(
    #[values((126, 36), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = stage(size);
    stage.keys("x r");
    assert!(stage.started.is_empty());
    assert_snapshot!(name("dangerous", size), stage.screen());
    stage.keys("Enter");
    assert!(matches!(stage.app.mode, Mode::Asked(_)), "Enter says nothing");
    stage.keys("n");
    assert!(stage.started.is_empty() && matches!(stage.app.mode, Mode::Panes));
    stage.keys("x r y");
    assert_eq!(stage.started[0].arguments, ["restart", "Card payments fail at checkout", "{x}"]);
}

#[test]
fn its_outcome_goes_to_the_timeline_where_that_is_set() {
    let mut stage = stage((126, 36));
    stage.keys("x r y");
    let id = stage.started[0].id;
    stage.keys("Esc");
    assert!(stage.screen().contains("restart the pool goes on · x shows it again"));
    let lines: Vec<String> = (1..=60).map(|line| format!("line {line}\u{7}")).collect();
    stage.send(Message::RunOutput(id, Pipe::Out, lines.join("\n")));
    stage.keys("n");
    stage.write("half a thought");
    let at = stage.now + chrono::TimeDelta::seconds(75);
    stage.send(Message::RunEnded(id, Ended::Exit(3), at));
    assert!(matches!(stage.app.mode, Mode::Form(_)), "typing is not disturbed");
    let notes = notes(&stage);
    let first: Vec<&str> = notes[0].lines().take(4).collect();
    assert_eq!(
        first,
        [
            "ran restart the pool: exit 3, after 1m15",
            "$ poolctl restart 'Card payments fail at checkout' '{x}'",
            "… earlier lines are left out",
            "line 21␇",
        ]
    );
    assert!(notes[0].ends_with("line 60␇"));
    stage.settle();
    stage.keys("Esc y");
    stage.keys("x");
    assert!(stage.screen().contains("exit 3 at 22:42:27"), "{}", stage.screen());
}

#[test]
fn its_output_is_put_on_the_timeline_by_hand_once() {
    let mut stage = stage((126, 36));
    let id = start(&mut stage, "p");
    stage.send(Message::RunOutput(id, Pipe::Out, "all well\n".into()));
    stage.keys("n");
    assert!(notes(&stage).is_empty());
    assert!(stage.screen().contains("it runs still"), "{}", stage.screen());
    stage.send(Message::RunEnded(id, Ended::Exit(0), stage.now));
    stage.keys("n n");
    assert_eq!(notes(&stage).len(), 1);
    assert!(notes(&stage)[0].ends_with("all well"));
}

#[test]
fn it_is_stopped_by_key_and_goes_on_when_it_is_left() {
    let mut stage = stage((126, 36));
    let id = start(&mut stage, "p");
    stage.keys("Esc x");
    assert!(stage.screen().contains("runs since 22:41:12"), "{}", stage.screen());
    stage.keys("p");
    assert_eq!(stage.started.len(), 1, "the same one is not started twice");
    assert!(matches!(stage.app.mode, Mode::Output(_)));
    stage.keys("^c");
    assert_eq!(stage.stopped, [id]);
    assert!(stage.screen().contains("stopping"), "{}", stage.screen());
    stage.send(Message::RunEnded(id, Ended::Stopped, stage.now));
    stage.keys("^c");
    assert!(matches!(stage.app.mode, Mode::Panes));
}

#[test]
fn quitting_while_one_runs_asks_first() {
    let mut stage = stage((126, 36));
    start(&mut stage, "p");
    stage.keys("Esc q");
    assert!(!stage.over);
    assert!(
        stage.screen().contains("pods runs on INC-2051: again stops it and ends"),
        "{}",
        stage.screen()
    );
    stage.keys("j q");
    assert!(!stage.over, "another key in between asks again");
    stage.keys("q");
    assert!(stage.over);
}

#[test]
fn several_at_once_are_refused() {
    let mut stage = stage((126, 36));
    stage.keys("Space Space x");
    assert!(matches!(stage.app.mode, Mode::Panes));
    assert!(stage.screen().contains("commands and runbooks are for one"), "{}", stage.screen());
}

#[test]
fn read_only_reads_runbooks_and_runs_nothing() {
    let mut stage =
        stage_with((126, 36), Options { read_only: true, settings: settings(), ..options() });
    stage.keys("x p");
    assert!(stage.started.is_empty());
    assert!(stage.screen().contains("! opened read-only: no command runs"), "{}", stage.screen());
    stage.keys("1 Space");
    assert!(matches!(stage.app.mode, Mode::Runbook(_)), "{}", stage.screen());
    assert!(stage.submitted.is_empty());
    assert!(stage.screen().contains("opened read-only"), "{}", stage.screen());
}

#[rstest]
fn a_runbook_is_shown_with_its_steps(#[values((126, 36), (80, 24), (40, 12))] size: (u16, u16)) {
    let mut stage = stage(size);
    stage.keys("x Enter");
    assert_snapshot!(name("runbook", size), stage.screen());
    stage.keys("Space");
    stage.settle();
    stage.keys("j");
    assert_snapshot!(name("runbook_ticked", size), stage.screen());
}

#[test]
fn a_step_is_ticked_at_once_and_known_again_later() {
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
    // Somebody else does the next one.
    let id = stage.selected();
    let incident = stage.app.target().expect("a target").id;
    let text = "runbook payments/5xx · step 9 done: Count the open connections".to_owned();
    let envelope = Envelope {
        id: CommandId::new(),
        at: stage.now,
        actor: Actor::Person(company::tomo()),
        command: Command::Incident { incident, ask: Ask::AddNote { text } },
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
fn a_tick_can_be_undone_and_a_refused_one_is_open_again() {
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
fn a_tick_by_somebody_else_shows_while_the_runbook_is_open() {
    let mut stage = stage((126, 36));
    stage.keys("x 1");
    let incident = stage.app.target().expect("a target").id;
    let text = "runbook payments/5xx · step 1 done: Tell the payments channel that you are on it";
    let envelope = Envelope {
        id: CommandId::new(),
        at: stage.now,
        actor: Actor::Person(company::tomo()),
        command: Command::Incident { incident, ask: Ask::AddNote { text: text.into() } },
    };
    stage.memory.carry_out(&envelope).expect("a note");
    stage.refresh();
    assert!(stage.screen().contains("on it – Tomo Hayashi"), "{}", stage.screen());
}

#[test]
fn code_is_copied_whole_from_its_step() {
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
fn all_of_a_runbook_can_be_reached_line_by_line() {
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
fn a_url_is_copied_and_a_file_that_is_missing_is_told() {
    let mut stage = stage((126, 36));
    let incident = stage.app.target().expect("a target").id;
    let describe = |stage: &mut Stage, runbook: &str| {
        let ask = Ask::Describe {
            title: None,
            symptoms: None,
            labels: None,
            runbook: Some(runbook.into()),
        };
        let envelope = Envelope {
            id: CommandId::new(),
            at: stage.now,
            actor: Actor::Person(company::me()),
            command: Command::Incident { incident, ask },
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
fn where_there_is_nothing_that_is_told_and_no_key_is_offered() {
    let settings = PanesSettings::default();
    let mut stage = stage_with((126, 36), Options { settings, ..options() });
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
fn a_folder_that_cannot_be_read_is_told() {
    let mut stage = stage((126, 36));
    stage.app.settings.commands.clear();
    stage.books = Err(NoRunbooks::Unreadable("the runbooks in /x can't be read: no".into()));
    stage.keys("j x");
    assert!(stage.screen().contains("not now: the runbooks in /x can't be read: no"));
}

#[test]
fn an_output_whose_note_was_refused_can_be_put_on_the_timeline_again() {
    let mut stage = stage((126, 36));
    let id = start(&mut stage, "p");
    stage.send(Message::RunOutput(id, Pipe::Out, "all well\n".into()));
    stage.send(Message::RunEnded(id, Ended::Exit(0), stage.now));
    stage.keys("n");
    stage.refuse(&redphone::backend::BackendError::NotAllowed("notes are closed".into()));
    assert!(!stage.screen().contains("on the timeline ·"), "{}", stage.screen());
    stage.keys("n");
    assert_eq!(notes(&stage).len(), 1, "{}", stage.screen());
}

#[test]
fn a_digit_stays_with_its_name_when_the_folder_has_been_read() {
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
    let key_of = |stage: &Stage, name: &str| match &stage.app.mode {
        Mode::Pick(picker) => {
            picker.items.iter().find(|item| item.text == name).and_then(|item| item.key)
        }
        _ => None,
    };
    assert_eq!(key_of(&stage, "trace"), Some('2'), "{}", stage.screen());
    let heads = [("payments/5xx", FIVES), ("a new one", FIVES)];
    let heads = heads.map(|(name, text)| Head::read(name, text)).to_vec();
    stage.send(Message::Runbooks(Ok(std::sync::Arc::new(heads))));
    assert_eq!(key_of(&stage, "trace"), Some('2'), "{}", stage.screen());
    assert_eq!(key_of(&stage, "a new one"), Some('3'), "{}", stage.screen());
}
