//! Custom commands, from the key to the timeline.

use std::time::Duration;

use insta::assert_snapshot;
use redphone::config::PanesSettings;
use redphone::config::panes::CustomCommand;
use redphone::config::pattern::Pattern;
use redphone::model::command::{Command, IncidentCommand};
use redphone::model::filter::Filter;
use redphone::tui::Options;
use redphone::tui::core::message::Message;
use redphone::tui::core::mode::Mode;
use redphone::tui::run::RunEnd;
use redphone::tui::run::output::Pipe;
use redphone::tui::theme::Depth;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, options, sized};

pub const FIVES: &str = "---\nservices: checkout\n---\n# Payments answer 5xx\n\nThe gateway and its *pool* are the usual suspects; see <https://wiki.example/pay>.\n\n- [ ] **Tell** the payments channel that you are on it\n- [ ] Count the open connections\n\n  ```sh\n  kubectl exec deploy/payments -- poolctl stats --all-nodes --verbose --format table\n  ```\n\n- [ ] Restart the pool when more than `480` are in use, one node after the other, and wait for each to be ready\n- [ ] Watch the error rate for 10 minutes\n\n## Afterwards\n\nIf it comes back, call the gateway's hotline.\n";
const CHECKOUT: &str = "# Checkout at a glance\n\n1. Look at the board\n2. Ask who deployed\n";

pub fn command(name: &str, key: char, run: &[&str]) -> CustomCommand {
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

pub fn stage_with(size: (u16, u16), options: Options) -> Stage {
    let memory = company::busy(company::now());
    let mut stage = Stage::with(memory, size, Depth::Indexed, options);
    stage.books =
        Ok(vec![("payments/5xx".into(), FIVES.into()), ("checkout".into(), CHECKOUT.into())]);
    stage.connect();
    stage.send(Message::Started);
    stage
}

pub fn stage(size: (u16, u16)) -> Stage {
    stage_with(size, Options { settings: settings(), ..options() })
}

pub fn notes(stage: &Stage) -> Vec<String> {
    let texts = stage.submitted.iter().filter_map(|envelope| match &envelope.command {
        Command::Incident { command: IncidentCommand::AddNote { text }, .. } => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

/// Starts the command of a key, and returns the id of its run.
fn start(stage: &mut Stage, key: &str) -> redphone::tui::run::RunId {
    stage.keys("x");
    stage.keys(key);
    stage.started.last().expect("it was started").id
}

#[rstest]
fn runbooks_and_commands_of_the_incident_are_offered(
    #[values((126, 36), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = stage(size);
    stage.keys("x");
    assert_snapshot!(sized("list", size), stage.screen());
}

#[rstest]
fn output_of_a_command_is_shown_during_and_after_its_run(
    #[values((126, 36), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = stage(size);
    let id = start(&mut stage, "p");
    let rows: Vec<String> = (1..=40)
        .map(|pod| format!("checkout-7f9c4d-{pod:02}   Running   0 restarts   3d"))
        .collect();
    stage.send(Message::RunOutput(id, Pipe::Stdout, rows.join("\n")));
    assert_snapshot!(sized("running", size), stage.screen());
    let at = company::now() + chrono::TimeDelta::seconds(3);
    stage.send(Message::RunOutput(id, Pipe::Stderr, "\u{1b}]0;x\u{7}warning: \tstale\n".into()));
    stage.send(Message::RunEnded(id, RunEnd::Exit(0), at));
    assert_snapshot!(sized("ended", size), stage.screen());
    stage.keys("k k");
    assert!(!stage.screen().contains("stale"), "{}", stage.screen());
    stage.keys("G");
    assert!(stage.screen().contains("stale"), "{}", stage.screen());
}

#[rstest]
fn a_command_that_failed_says_so(#[values((126, 36), (80, 24), (40, 12))] size: (u16, u16)) {
    let mut stage = stage(size);
    let id = start(&mut stage, "p");
    stage.send(Message::RunOutput(id, Pipe::Stderr, "error: no such cluster\n".into()));
    let at = company::now() + chrono::TimeDelta::seconds(1);
    stage.send(Message::RunEnded(id, RunEnd::Exit(1), at));
    assert_snapshot!(sized("failed", size), stage.screen());
}

#[rstest]
#[case(RunEnd::TimedOut, "stopped after 1m00: its time was up")]
#[case(RunEnd::Stopped, "stopped at 22:41:12")]
#[case(RunEnd::Signal(9), "ended by signal 9")]
#[case(RunEnd::NotStarted("kubectl: not found".into()), "not started: kubectl: not found")]
fn each_outcome_is_shown(#[case] how: RunEnd, #[case] expected: &str) {
    let mut stage = stage((126, 36));
    let id = start(&mut stage, "p");
    stage.send(Message::RunEnded(id, how, stage.now));
    assert!(stage.screen().contains(expected), "{}", stage.screen());
}

#[test]
fn placeholders_are_single_arguments_and_variables_are_set() {
    let mut stage = stage((126, 36));
    start(&mut stage, "p");
    let start = &stage.started[0];
    assert_eq!(start.program, "kubectl");
    assert_eq!(start.arguments, ["get", "pods", "-l", "app=checkout"]);
    let variable = |name: &str| {
        let found = start.variables.iter().find(|(candidate, _)| *candidate == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(variable("REDPHONE_INCIDENT_NUMBER"), Some("INC-2051"));
    assert_eq!(variable("REDPHONE_INCIDENT_TITLE"), Some("Card payments fail at checkout"));
    assert_eq!(variable("REDPHONE_INCIDENT_SERVICES"), Some("checkout\npayments-gateway"));
    assert_eq!(variable("REDPHONE_INCIDENT_OWNER"), Some(""));
    assert_eq!(variable("REDPHONE_USER"), Some("ines"));
}

#[test]
fn command_with_a_missing_value_is_disabled_with_the_reason() {
    let mut stage = stage((126, 36));
    stage.keys("x");
    assert!(stage.screen().contains("not now: it has no owner"), "{}", stage.screen());
    stage.keys("o");
    assert!(stage.started.is_empty());
    assert!(stage.screen().contains("! it has no owner"), "{}", stage.screen());
}

#[test]
fn command_for_other_incidents_is_not_offered() {
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
fn dangerous_command_asks_with_its_full_command_line(
    #[values((126, 36), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = stage(size);
    stage.keys("x r");
    assert!(stage.started.is_empty());
    assert_snapshot!(sized("dangerous", size), stage.screen());
    stage.keys("Enter");
    assert!(matches!(stage.app.ui.mode, Mode::ConfirmRun(_)), "Enter says nothing");
    stage.keys("n");
    assert!(stage.started.is_empty() && matches!(stage.app.ui.mode, Mode::Panes));
    stage.keys("x r y");
    assert_eq!(stage.started[0].arguments, ["restart", "Card payments fail at checkout", "{x}"]);
}

#[test]
fn outcome_goes_to_the_timeline_where_configured() {
    let mut stage = stage((126, 36));
    stage.keys("x r y");
    let id = stage.started[0].id;
    stage.keys("Esc");
    assert!(stage.screen().contains("restart the pool goes on · x shows it again"));
    let lines: Vec<String> = (1..=60).map(|line| format!("line {line}\u{7}")).collect();
    stage.send(Message::RunOutput(id, Pipe::Stdout, lines.join("\n")));
    stage.keys("n");
    stage.write("half a thought");
    let at = stage.now + chrono::TimeDelta::seconds(75);
    stage.send(Message::RunEnded(id, RunEnd::Exit(3), at));
    assert!(matches!(stage.app.ui.mode, Mode::Form(_)), "typing is not disturbed");
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
fn output_is_added_to_the_timeline_by_key_once() {
    let mut stage = stage((126, 36));
    let id = start(&mut stage, "p");
    stage.send(Message::RunOutput(id, Pipe::Stdout, "all well\n".into()));
    stage.keys("n");
    assert!(notes(&stage).is_empty());
    assert!(stage.screen().contains("it runs still"), "{}", stage.screen());
    stage.send(Message::RunEnded(id, RunEnd::Exit(0), stage.now));
    stage.keys("n n");
    assert_eq!(notes(&stage).len(), 1);
    assert!(notes(&stage)[0].ends_with("all well"));
}

#[test]
fn command_stops_by_key_and_continues_when_its_view_closes() {
    let mut stage = stage((126, 36));
    let id = start(&mut stage, "p");
    stage.keys("Esc x");
    assert!(stage.screen().contains("runs since 22:41:12"), "{}", stage.screen());
    stage.keys("p");
    assert_eq!(stage.started.len(), 1, "the same one is not started twice");
    assert!(matches!(stage.app.ui.mode, Mode::Output(_)));
    stage.keys("^c");
    assert_eq!(stage.stopped, [id]);
    assert!(stage.screen().contains("stopping"), "{}", stage.screen());
    stage.send(Message::RunEnded(id, RunEnd::Stopped, stage.now));
    stage.keys("^c");
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
}

#[test]
fn quitting_while_a_command_runs_asks_first() {
    let mut stage = stage((126, 36));
    start(&mut stage, "p");
    stage.keys("Esc q");
    assert!(!stage.is_quit);
    assert!(
        stage.screen().contains("pods runs on INC-2051: again stops it and ends"),
        "{}",
        stage.screen()
    );
    stage.keys("j q");
    assert!(!stage.is_quit, "another key in between asks again");
    stage.keys("q");
    assert!(stage.is_quit);
}

#[test]
fn second_command_at_once_is_refused() {
    let mut stage = stage((126, 36));
    stage.keys("Space Space x");
    assert!(matches!(stage.app.ui.mode, Mode::Panes));
    assert!(stage.screen().contains("commands and runbooks are for one"), "{}", stage.screen());
}

#[test]
fn read_only_shows_runbooks_and_runs_nothing() {
    let mut stage =
        stage_with((126, 36), Options { read_only: true, settings: settings(), ..options() });
    stage.keys("x p");
    assert!(stage.started.is_empty());
    assert!(stage.screen().contains("! opened read-only: no command runs"), "{}", stage.screen());
    stage.keys("1 Space");
    assert!(matches!(stage.app.ui.mode, Mode::Runbook(_)), "{}", stage.screen());
    assert!(stage.submitted.is_empty());
    assert!(stage.screen().contains("opened read-only"), "{}", stage.screen());
}

#[test]
fn output_can_be_added_again_after_its_note_was_refused() {
    let mut stage = stage((126, 36));
    let id = start(&mut stage, "p");
    stage.send(Message::RunOutput(id, Pipe::Stdout, "all well\n".into()));
    stage.send(Message::RunEnded(id, RunEnd::Exit(0), stage.now));
    stage.keys("n");
    stage.refuse(&redphone::backend::BackendError::NotAllowed("notes are closed".into()));
    assert!(!stage.screen().contains("on the timeline ·"), "{}", stage.screen());
    stage.keys("n");
    assert_eq!(notes(&stage).len(), 1, "{}", stage.screen());
}
