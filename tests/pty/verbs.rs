//! Every verb of the key table, pressed on the real program, and the event it leaves in the store.

use redphone::model::command::CommandKind;
use redphone::tui::action::{Action, ArgumentKind, Entry, TABLE};
use rstest::rstest;
use serde_json::Value;

use super::store::Store;
use crate::support::program;
use crate::support::terminal::Terminal;

const ENTER: &str = "\r";
const SEND: &str = "\x13";

/// The two terminal sizes at which the verbs are tested.
const SIZES: [(u16, u16); 2] = [(126, 36), (80, 24)];

/// Returns a store with two people, a change before the incidents, a known problem, three open
/// incidents and a resolved one. The viewer is asked to be scribe of the third, and it has a reporter.
fn company() -> Store {
    let store = Store::filled();
    let now = chrono::Utc::now();
    let before = |minutes| (now - chrono::TimeDelta::minutes(minutes)).to_rfc3339();
    let lines = [
        r#"{"header":{"format":"redphone","version":1}}"#.to_owned(),
        serde_json::json!({"directory": {
            "people": [
                {"handle": "ines", "name": "Ines Moreau"},
                {"handle": "bo", "name": "Bo Lindqvist"},
            ],
            "teams": [{"name": "payments", "members": ["ines", "bo"]}],
            "services": [{"name": "checkout", "team": "payments"}],
            "policies": [{"team": "payments", "levels": [
                {"after_s": 300, "call": [{"person": "bo"}]},
            ]}],
            "schedules": [{"team": "payments", "rotation": ["bo"],
                           "starts_at": "2026-01-05T09:00:00Z", "turn_s": 604_800}],
        }})
        .to_string(),
        serde_json::json!({"problem": {
            "id": "0195badb-96a0-7bcc-90c8-89661b5e8d68", "title": "Pool too small",
            "state": "known_error", "services": ["checkout"], "cause": "", "workaround": "restart",
            "opened_at": before(10_000),
        }})
        .to_string(),
        serde_json::json!({"change": {
            "id": "01977941-972c-70b3-bf16-31424784db3f", "kind": "deploy", "title": "checkout v812",
            "services": ["checkout"], "by": {"integration": "deploy bot"},
            "starts_at": before(12), "ends_at": before(10), "state": "done",
        }})
        .to_string(),
    ];
    let file = store.folder.path().join("company.jsonl");
    std::fs::write(&file, lines.join("\n") + "\n").expect("a file");
    let imported = store.run(&["import", file.to_str().expect("a name")]);
    assert!(imported.status.success(), "{imported:?}");
    let declared = store.run(&[
        "declare",
        "--title",
        "Mails late",
        "--service",
        "checkout",
        "--impact",
        "low",
        "--urgency",
        "low",
        "--team",
        "payments",
    ]);
    assert!(declared.status.success(), "{declared:?}");
    let resolved = store.run(&[
        "resolve",
        "4",
        "--action",
        "restart",
        "--detail",
        "restarted",
        "--validation",
        "mails arrive",
    ]);
    assert!(resolved.status.success(), "{resolved:?}");
    let asked = store.run(&["role", "3", "scribe", "ines", "--ask"]);
    assert!(asked.status.success(), "{asked:?}");
    let reported = store.run(&["reporter", "3", "Tom Varga"]);
    assert!(reported.status.success(), "{reported:?}");
    let settings = store.folder.path().join("redphone");
    std::fs::create_dir_all(settings.join("runbooks")).expect("a folder");
    std::fs::write(settings.join("config.toml"), SETTINGS).expect("settings");
    std::fs::write(settings.join("runbooks/checkout.md"), "# Checkout\n\n- [ ] look\n- [ ] ask\n")
        .expect("a runbook");
    store
}

/// Two custom commands: the output of one is recorded as a note automatically.
const SETTINGS: &str = r#"
[[commands]]
name = "pods"
key = "p"
run = ["echo", "{number}"]
note = true

[[commands]]
name = "quiet"
key = "q"
run = ["echo", "{number}"]
"#;

fn opened(store: &Store, size: (u16, u16)) -> Terminal {
    let mut terminal = store.open(size.0, size.1);
    terminal.wait_for_text("Cards fail");
    // The selected incident has been loaded.
    terminal.wait_for_text("Reported");
    terminal
}

/// Presses keys, each after its text has appeared, and waits until everything is stored.
fn play(terminal: &mut Terminal, steps: &[(&str, &str)]) {
    for (text, keys) in steps {
        terminal.wait_for_text(text);
        terminal.press(keys);
    }
}

fn finish(mut terminal: Terminal, message: &str) {
    terminal.wait_for_text(message);
    terminal.wait_for("it is stored", |screen| !screen.contents().contains("pending"));
    terminal.press("\x03");
    assert!(terminal.wait_for_end().success());
}

/// Returns the last event of a kind.
fn event(store: &Store, number: &str, kind: &str) -> Value {
    let shown = store.shown(number);
    let events = shown["timeline"].as_array().expect("a timeline");
    let found = events.iter().rfind(|event| event["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} among {events:#?}")).clone()
}

/// The keys for a row of the table of actions, and the event that follows.
struct Case {
    action: Action,
    /// The number of the incident that gets the event.
    number: &'static str,
    /// Pairs of a text to wait for and the keys to press then.
    steps: &'static [(&'static str, &'static str)],
    /// The notice that appears afterwards.
    message: &'static str,
    /// The kind of the recorded event.
    kind: &'static str,
    /// A JSON pointer into the event and the start of the value there, if the value depends on the
    /// keys.
    holds: Option<(&'static str, &'static str)>,
}

/// Defines a test for each case, and the list of all cases.
macro_rules! verbs {
    ($($name:ident: $action:expr, $number:expr, $steps:expr, $message:expr, $kind:expr $(, $path:expr, $value:expr)?;)*) => {
        mod a_verb_leaves_its_event {
            $(
                #[test]
                fn $name() {
                    super::leaves_its_event(stringify!($name));
                }
            )*
        }

        const CASES: &[(&str, Case)] = &[$((
            stringify!($name),
            Case {
                action: $action,
                number: $number,
                steps: $steps,
                message: $message,
                kind: $kind,
                holds: [$(($path, $value),)?].first().copied(),
            },
        )),*];
    };
}

verbs! {
    acknowledge: Action::Command(CommandKind::Acknowledge), "1", &[("Cards", "a")], "INC-1 acknowledged", "acknowledged";
    own: Action::Own, "1", &[("Cards", "o")], "INC-1 owned by you", "assigned", "/to/handle", "ines";
    assign: Action::Command(CommandKind::Assign), "1", &[("Cards", "s"), ("Assign INC-1", "lindq"), ("› lindq", ENTER)], "INC-1 assigned to Bo", "assigned", "/to/handle", "bo";
    move_on: Action::Command(CommandKind::MoveStatus), "1", &[("Cards", "t"), ("Move INC-1", "i")], "INC-1 investigating", "status_moved", "/to", "investigating";
    prioritize: Action::Command(CommandKind::Prioritize), "1", &[("Cards", "p"), ("Priority of INC-1", "l"), ("high × medium", ENTER)], "INC-1 P2", "prioritized", "/priority", "P2";
    override_priority: Action::Command(CommandKind::Prioritize), "1", &[("Cards", "p"), ("Priority of INC-1", "4"), ("Override", "a test"), ("a test", SEND)], "INC-1 priority overridden", "prioritized", "/override_reason", "a test";
    categorize: Action::Categorize, "1", &[("Cards", "c"), ("Category of INC-1", "s"), ("security", SEND)], "INC-1 categorized", "categorized", "/category", "security";
    suspect: Action::Categorize, "1", &[("Cards", "c"), ("Category of INC-1", "\t\t\t"), ("▸ [ ] caused", " "), ("[x] caused", SEND)], "INC-1 categorized", "linked", "/link/change/title", "checkout v812";
    note: Action::Command(CommandKind::AddNote), "1", &[("Cards", "n"), ("Note on INC-1", "seen\rtwice"), ("twice", SEND)], "INC-1 noted", "note_added", "/text", "seen\ntwice";
    update: Action::Command(CommandKind::UpdateStakeholders), "1", &[("Cards", "U"), ("Update on INC-1", "1"), ("Stakeholder update on", SEND), ("can't be taken back", "y")], "INC-1 stakeholders updated", "stakeholders_updated", "/message", "INC-1 Cards fail: triggered. Impact is high, on checkout, since ";
    checklist: Action::Command(CommandKind::AnswerItem), "1", &[("Cards", "i"), ("Checklist of INC-1", " "), ("[x] logs", SEND)], "INC-1 checklist answered", "item_answered", "/answer", "yes";
    resolve: Action::Command(CommandKind::Resolve), "1", &[("Cards", "r"), ("Resolve INC-1", "\tback to v811"), ("back to v811", "\terrors at 0"), ("errors at 0", SEND)], "INC-1 resolved", "resolved", "/validation", "errors at 0";
    close: Action::Command(CommandKind::Close), "4", &[("Cards", "g4"), ("Go to INC-4", ENTER), ("restarted", "C"), ("Close INC-4", " \t \t \t \t "), ("[x] follow", SEND)], "INC-4 closed", "closed";
    waive: Action::Command(CommandKind::Close), "4", &[("Cards", "g4"), ("Go to INC-4", ENTER), ("restarted", "C"), ("Close INC-4", "wtoo small\t \t \t \t "), ("[x] follow", SEND)], "INC-4 closed", "item_answered", "/answer", "yes";
    reopen: Action::Command(CommandKind::Reopen), "4", &[("Cards", "g4"), ("Go to INC-4", ENTER), ("restarted", "A"), ("Reopen INC-4", "late again"), ("late again", SEND), ("can't be taken back", "y")], "INC-4 reopened", "reopened", "/reason", "late again";
    review: Action::Command(CommandKind::WriteReview), "1", &[("Cards", "V"), ("Review of INC-1", "w"), ("▸", "all cards failed"), ("all cards failed", SEND)], "INC-1 review written", "review_written";
    action_item: Action::Command(CommandKind::WriteReview), "1", &[("Cards", "V"), ("Review of INC-1", "a"), ("Action item", "larger pool"), ("larger pool", SEND), ("can't be taken back", "y")], "INC-1 action item written", "action_item_set", "/item/text", "larger pool";
    snooze: Action::Command(CommandKind::Snooze), "1", &[("Cards", "b"), ("Snooze INC-1", "1")], "INC-1 snoozed", "snoozed";
    snooze_until: Action::Command(CommandKind::Snooze), "1", &[("Cards", "b"), ("Snooze INC-1", "u"), ("Until", "4h"), ("4h", SEND)], "INC-1 snoozed", "snoozed";
    pause: Action::Command(CommandKind::Snooze), "1", &[("Cards", "b"), ("Snooze INC-1", "p"), ("Pause INC-1", "the bank"), ("the bank", SEND)], "INC-1 paused", "paused", "/reason", "the bank";
    merge: Action::Command(CommandKind::Merge), "1", &[("Cards", "m"), ("Merge INC-1", "slow"), ("› slow", ENTER), ("Merge INC-1 into INC-2?", "y")], "INC-1 merged into INC-2", "merged_into", "/number", "2";
    link_url: Action::Command(CommandKind::Link), "1", &[("Cards", "l"), ("Link INC-1", "u"), ("URL", "https://example.org/graph"), ("/graph", SEND)], "INC-1 linked", "linked", "/link/url", "https://example.org/graph";
    link_problem: Action::Command(CommandKind::Link), "1", &[("Cards", "l"), ("Link INC-1", "p"), ("Pool too small", ENTER)], "INC-1 linked to Pool", "linked", "/link/problem/title", "Pool too small";
    link_change: Action::Command(CommandKind::Link), "1", &[("Cards", "l"), ("Link INC-1", "c"), ("Link the change", ENTER)], "INC-1 linked to checkout", "linked", "/link/change/title", "checkout v812";
    new_problem: Action::Command(CommandKind::Link), "1", &[("Cards", "l"), ("Link INC-1", "n"), ("New problem behind", "No timeout"), ("No timeout", SEND), ("can't be taken back", "y")], "INC-1 linked to a new problem", "linked", "/link/problem/title", "No timeout";
    fold: Action::Command(CommandKind::Fold), "1", &[("Cards", "Y"), ("Fold INC-1", "slow"), ("› slow", ENTER)], "INC-1 folded under INC-2", "folded", "/number", "2";
    noise: Action::Command(CommandKind::MarkNoise), "1", &[("Cards", "N"), ("Mark as noise", "it ends by itself"), ("it ends by itself", SEND)], "INC-1 marked as noise", "noise_marked", "/reason", "it ends by itself";
    reclassify: Action::Command(CommandKind::Reclassify), "1", &[("Cards", "X"), ("Reclassify INC-1", "\ta drill"), ("a drill", SEND), ("can't be taken back", "y")], "INC-1 reclassified", "reclassified", "/reason", "a drill";
    describe: Action::Command(CommandKind::Describe), "1", &[("Cards", "E"), ("Record of INC-1", " everywhere"), ("Cards fail everywhere", SEND)], "INC-1 record rewritten", "described", "/title", "Cards fail everywhere";
    role: Action::Command(CommandKind::GiveRole), "1", &[("Cards", "L"), ("Roles of INC-1", "scribe bo"), ("› scribe bo", ENTER)], "INC-1 scribe is Bo", "role_given", "/person/handle", "bo";
    recovery: Action::Command(CommandKind::SetExpectedRecovery), "1", &[("Cards", ":"), ("a name, or", "recovery "), ("a time, such as", ENTER), ("Recovery of INC-1", "2h"), ("2h", SEND)], "INC-1 expected recovery set", "expected_recovery_set";
    recovery_by_name: Action::Command(CommandKind::SetExpectedRecovery), "1", &[("Cards", ":"), ("a name, or", "recovery 2h"), ("set the expected recovery of INC-1: ", ENTER)], "INC-1 expected recovery: ", "expected_recovery_set";
    impact_began: Action::Command(CommandKind::SetImpactBegan), "1", &[("Cards", ":"), ("a name, or", "impact-began "), ("a time, such as", ENTER), ("Beginning of INC-1", "20m"), ("20m", SEND)], "INC-1 beginning of the impact set", "impact_began_set";
    impact_began_by_name: Action::Command(CommandKind::SetImpactBegan), "1", &[("Cards", ":"), ("a name, or", "impact-began 20m"), ("set the beginning of INC-1: ", ENTER)], "INC-1 beginning of the impact: ", "impact_began_set";
    users_affected: Action::Command(CommandKind::SetAffected), "1", &[("Cards", ":"), ("a name, or", "users-affected 1200 12.5% eu"), ("set the affected users of INC-1: 1200 users", ENTER)], "INC-1 affected users: 1200 users", "affected_set", "/affected/users", "1200";
    involve_team: Action::Command(CommandKind::InvolveTeam), "1", &[("Cards", ":"), ("a name, or", "involve-team payments"), ("involve team payments in INC-1", ENTER)], "INC-1 team payments helps", "team_involved", "/team", "payments";
    remove_reporter: Action::Command(CommandKind::RemoveReporter), "3", &[("Cards", "jj:"), ("Commands · INC-3", "remove-reporter "), ("the name of one", ENTER), ("Remove a reporter from INC-3", ENTER)], "INC-3 reporter Tom Varga removed", "reporter_removed";
    attach: Action::Command(CommandKind::AttachEvidence), "1", &[("Cards", ":"), ("a name, or", "attach company.jsonl"), ("attach company.jsonl to INC-1", ENTER), ("can't be taken back", "y")], "INC-1 company.jsonl attached", "evidence_added", "/evidence/name", "company.jsonl";
    redact: Action::Command(CommandKind::Redact), "3", &[("Cards", "jj:"), ("Commands · INC-3", "redact "), ("what is removed: ", ENTER), ("Remove for good from INC-3", ENTER), ("Redaction of INC-3", "it was asked for"), ("it was asked for", SEND), ("can't be taken back", "y")], "INC-3 redacted", "redacted", "/part", "reporter";
    ask_role: Action::Command(CommandKind::AskForRole), "1", &[("Cards", ":"), ("a name, or", "ask-role scribe bo"), ("of INC-1, asks first", ENTER), ("can't be taken back", "y")], "INC-1 Bo Lindqvist is asked to be scribe", "role_requested", "/person/handle", "bo";
    answer_role: Action::Command(CommandKind::AnswerRole), "3", &[("Cards", "jj:"), ("Commands · INC-3", "answer-role "), ("accept or decline, and", ENTER), ("accept: scribe", ENTER), ("can't be taken back", "y")], "INC-3 role scribe accepted", "role_answered", "/accepted", "true";
    undo: Action::Undo, "1", &[("Cards", "a"), ("INC-1 acknowledged", "u")], "undone: INC-1 acknowledged", "move_taken_back", "/to", "triggered";
    category: Action::Command(CommandKind::Categorize), "1", &[("Cards", ":"), ("a name, or", "category security"), ("set category security on INC-1", ENTER)], "INC-1 category security", "categorized", "/category", "security";
    services: Action::Command(CommandKind::SetServices), "2", &[("Cards", "j:"), ("Commands · INC-2", "service checkout"), ("set services checkout on INC-2", ENTER)], "INC-2 services: checkout", "services_set", "/services/0", "checkout";
    team: Action::Command(CommandKind::SetTeam), "1", &[("Cards", ":"), ("a name, or", "team payments"), ("give INC-1 to team payments", ENTER)], "INC-1 given to payments", "team_set", "/team", "payments";
    escalate: Action::Command(CommandKind::Escalate), "1", &[("Cards", ":"), ("a name, or", "team payments"), ("give INC-1 to team payments", ENTER), ("Team       payments", "e"), ("level 1", "1"), ("Call level 1 (Bo Lindqvist) for INC-1?", "y")], "INC-1 escalated to level 1", "escalated", "/to/0/handle", "bo";
    declare: Action::Command(CommandKind::Declare), "5", &[("Cards", "D"), ("Declare an incident", "Mails bounce\tcheck"), ("→ checkout", "\x1b[C\th\th"), ("= P1", SEND)], "declared as INC-5", "declared", "/title", "Mails bounce";
    mark: Action::Mark, "2", &[("Cards", "j "), ("1 selected", "ko")], "INC-2 owned by you", "assigned", "/to/handle", "ines";
    mark_all: Action::MarkAll, "3", &[("Cards", "*"), ("3 selected", "a"), ("Acknowledge 3 incidents?", "y")], "3 of 3 acknowledged", "acknowledged";
    run: Action::Run, "1", &[("Cards", "x"), ("Run on INC-1", "p"), ("exit 0", "q")], "Cards", "note_added", "/text", "ran pods: exit 0";
    note_output: Action::NoteOutput, "1", &[("Cards", "x"), ("Run on INC-1", "q"), ("exit 0", "n"), ("put on the timeline of INC-1", "q")], "Cards", "note_added", "/text", "ran quiet: exit 0";
    tick: Action::Tick, "1", &[("Cards", "x"), ("Run on INC-1", "1"), ("▌[ ] 1", " "), ("[✓] 1", "q")], "Cards", "note_added", "/text", "runbook checkout";
}

fn leaves_its_event(name: &str) {
    let (_, case) =
        CASES.iter().find(|(candidate, _)| *candidate == name).expect("it is in the list");
    for size in SIZES {
        let store = company();
        let mut terminal = opened(&store, size);
        play(&mut terminal, case.steps);
        finish(terminal, case.message);
        let event = event(&store, case.number, case.kind);
        if let Some((path, value)) = case.holds {
            let found = event.pointer(path).unwrap_or_else(|| panic!("no {path} in {event:#}"));
            let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            assert!(found.starts_with(value), "{found:?} for {path} at {size:?}");
        }
        assert!(event["actor"].to_string().contains("ines"), "{event:#}");
    }
}

/// Actions that lead to a verb, revert one, or select its incidents. They are no verbs of their
/// own.
const LEADS: [Action; 6] =
    [Action::Undo, Action::Run, Action::Tick, Action::NoteOutput, Action::Mark, Action::MarkAll];

#[test]
fn every_changing_action_has_a_case_that_presses_its_key() {
    let changes = |entry: &&Entry| entry.verb.is_some() || LEADS.contains(&entry.action);
    for entry in TABLE.iter().filter(changes).filter(|entry| !opens_by_name(entry)) {
        let mut cases = CASES.iter().filter(|(_, case)| case.action == entry.action).peekable();
        assert!(cases.peek().is_some(), "{} has no case", entry.name);
        for (name, case) in cases {
            let typed = |key: &str| if key == "Space" { " ".into() } else { key.to_owned() };
            let keys: Vec<String> = match entry.keys {
                [] => vec![format!("{} ", entry.name)],
                keys => keys.iter().map(|key| typed(key)).collect(),
            };
            let pressed = |step: &&(&str, &str)| keys.iter().any(|key| step.1.contains(key));
            assert!(case.steps.iter().find(pressed).is_some(), "{name} presses none of {keys:?}");
        }
    }
}

#[rstest]
#[case(SIZES[0])]
#[case(SIZES[1])]
fn undo_in_time_reverts_the_command_and_says_so(#[case] size: (u16, u16)) {
    let store = company();
    let mut terminal = opened(&store, size);
    play(&mut terminal, &[("Cards", "o"), ("INC-1 owned by you", "u")]);
    finish(terminal, "undone: INC-1 owned by you");
    let shown = store.shown("1");
    assert!(shown["incident"]["assignee"].is_null(), "{shown:#}");
}

#[rstest]
#[case(SIZES[0])]
#[case(SIZES[1])]
fn conflict_says_who_and_when(#[case] size: (u16, u16)) {
    let store = company();
    let mut terminal = opened(&store, size);
    // Somebody else acknowledges an incident while the question is open.
    play(&mut terminal, &[("Cards", "*"), ("3 selected", "a"), ("Acknowledge 3 incidents?", "")]);
    let other = std::process::Command::new(program())
        .args(["--store", store.file().to_str().expect("a name"), "--user", "bo", "ack", "2"])
        .env("XDG_STATE_HOME", store.folder.path())
        .env("XDG_CONFIG_HOME", store.folder.path())
        .output()
        .expect("it runs");
    assert!(other.status.success(), "{other:?}");
    terminal.press("y");
    terminal.wait_for_text("INC-2: already acknowledged");
    terminal.wait_for_text("Bo");
    terminal.wait_for("it is stored", |screen| !screen.contents().contains("pending"));
    terminal.press("\x03");
    terminal.wait_for_end();
    assert_eq!(event(&store, "2", "acknowledged")["actor"]["person"]["handle"], "bo");
    for number in ["1", "3"] {
        assert_eq!(event(&store, number, "acknowledged")["actor"]["person"]["handle"], "ines");
    }
}

#[rstest]
#[case(SIZES[0])]
#[case(SIZES[1])]
fn escalating_shows_the_path_and_asks_first(#[case] size: (u16, u16)) {
    let store = company();
    // Its team has a policy.
    let mut terminal = opened(&store, size);
    play(
        &mut terminal,
        &[
            ("Cards", "c"),
            ("Category of INC-1", "\t\tpayments"),
            ("payments", SEND),
            ("INC-1 categorized", ""),
        ],
    );
    terminal.wait_for("it is stored", |screen| !screen.contents().contains("pending"));
    terminal.press("e");
    let question = "Call level 1 (Bo Lindqvist) for INC-1?";
    play(&mut terminal, &[("level 1", "1"), (question, ENTER)]);
    // Enter does not answer the question.
    play(&mut terminal, &[("Call level 1 (Bo Lindqvist) for INC-1?", "y")]);
    finish(terminal, "INC-1 escalated to level 1");
    assert_eq!(event(&store, "1", "escalated")["to"][0]["handle"], "bo");
}

#[rstest]
#[case(SIZES[0])]
#[case(SIZES[1])]
fn a_declaration_gets_the_next_number_and_is_selected(#[case] size: (u16, u16)) {
    let store = company();
    let mut terminal = opened(&store, size);
    play(
        &mut terminal,
        &[
            ("Cards", "D"),
            ("Declare an incident", "Mails bounce\tcheck"),
            ("→ checkout", "\x1b[C\th\th"),
            ("= P1", SEND),
        ],
    );
    finish(terminal, "declared as INC-5");
    let shown = store.shown("5");
    assert_eq!(shown["incident"]["title"], "Mails bounce");
    assert_eq!(shown["incident"]["services"], serde_json::json!(["checkout"]));
    assert_eq!(shown["incident"]["priority"], "P1");
    assert_eq!(shown["incident"]["team"], "payments");
}

#[rstest]
#[case(SIZES[0])]
#[case(SIZES[1])]
fn verb_on_a_selection_confirms_and_reports_each_failure(#[case] size: (u16, u16)) {
    let store = company();
    assert!(store.run(&["ack", "2"]).status.success());
    let mut terminal = opened(&store, size);
    play(
        &mut terminal,
        &[
            ("Cards", "*"),
            ("3 selected", "a"),
            ("Acknowledge 2 of 3 incidents?", ENTER),
            ("not INC-2: already acknowledged", "y"),
            ("2 of 3 acknowledged", ""),
        ],
    );
    terminal.wait_for("it is stored", |screen| !screen.contents().contains("pending"));
    terminal.press("\x03");
    terminal.wait_for_end();
    for number in ["1", "3"] {
        assert_eq!(event(&store, number, "acknowledged")["actor"]["person"]["handle"], "ines");
    }
}

#[rstest]
#[case(SIZES[0])]
#[case(SIZES[1])]
fn marked_incident_is_the_target_wherever_the_cursor_is(#[case] size: (u16, u16)) {
    let store = company();
    let mut terminal = opened(&store, size);
    play(&mut terminal, &[("Cards", "j "), ("1 selected", "ko")]);
    finish(terminal, "INC-2 owned by you");
    assert!(store.shown("1")["incident"]["assignee"].is_null());
}

#[test]
fn a_question_shows_number_and_title_at_40_columns() {
    let store = company();
    let mut terminal = store.open(40, 12);
    terminal.wait_for_text("Cards");
    play(&mut terminal, &[("Cards", "m"), ("Merge INC-1", "slow"), ("› slow", ENTER)]);
    for text in ["Merge INC-1 into INC-2?", "Cards fail", "can't be taken back", "y yes · n no"] {
        terminal.wait_for_text(text);
    }
    terminal.press("n");
    terminal.wait_for("it is gone", |screen| !screen.contents().contains("yes · n no"));
    terminal.press("\x03");
    terminal.wait_for_end();
    assert_eq!(store.shown("1")["incident"]["status"], "triggered");
}

#[test]
fn external_editor_opens_on_a_field_and_returns_its_text() {
    let store = company();
    let editor = store.folder.path().join("an editor");
    std::fs::write(
        &editor,
        "#!/bin/sh\ncat \"$1\" > seen\nprintf 'from elsewhere\\nwith two lines\\n' > \"$1\"\n",
    )
    .expect("a script");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&editor, mode).expect("a mode");
    let mut command = store.command();
    command.cwd(store.folder.path());
    command.env("VISUAL", format!("'{}'", editor.display()));
    let mut terminal = Terminal::start(command, 126, 36);
    terminal.wait_for_text("Reported");
    play(
        &mut terminal,
        &[
            ("Cards", "n"),
            ("Note on INC-1", "half"),
            ("half", "\x0f"),
            ("with two lines", "!"),
            ("with two lines!", SEND),
        ],
    );
    finish(terminal, "INC-1 noted");
    assert_eq!(event(&store, "1", "note_added")["text"], "from elsewhere\nwith two lines!");
    let seen = std::fs::read_to_string(store.folder.path().join("seen")).expect("it was run");
    assert_eq!(seen, "half\n");
}

/// Returns whether a verb has no key and opens a form from the command palette.
fn opens_by_name(entry: &Entry) -> bool {
    entry.verb.is_some() && entry.keys.is_empty() && entry.argument == ArgumentKind::Nothing
}

#[test]
fn verbs_opened_by_name_leave_an_event_of_their_label() {
    for entry in TABLE.iter().filter(|entry| opens_by_name(entry)) {
        let store = company();
        let mut terminal = opened(&store, SIZES[0]);
        let opening = format!("{}{ENTER}", entry.name);
        // The first two text fields of the form are filled in.
        let mut steps = vec![
            ("Cards", ":"),
            ("a name, or", &*opening),
            (" INC-1 · ", "one\ttwo"),
            ("two", SEND),
        ];
        if entry.verb.is_some_and(|kind| kind.row().inverse.is_empty()) {
            steps.push(("can't be taken back", "y"));
        }
        play(&mut terminal, &steps);
        finish(terminal, &format!("INC-1 {}", entry.name));
        let shown = store.run(&["show", "1"]);
        let shown = String::from_utf8_lossy(&shown.stdout).to_lowercase();
        assert!(shown.contains(entry.name) && shown.contains("one"), "{shown}");
    }
}
