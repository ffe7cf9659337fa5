//! Every verb of the key table, pressed on the real program, and the event it leaves in the store.

use rstest::rstest;
use serde_json::Value;

use crate::store::Store;
use crate::terminal::Terminal;

const ENTER: &str = "\r";
const SEND: &str = "\x13";

/// The sizes of the table of layouts that everybody has.
const SIZES: [(u16, u16); 2] = [(126, 36), (80, 24)];

/// A company of two, a change before the incidents, a known problem, three open incidents and one
/// that is resolved.
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
    store
}

fn opened(store: &Store, size: (u16, u16)) -> Terminal {
    let mut terminal = store.open(size.0, size.1);
    terminal.wait_for_text("Cards fail");
    // The incident at rest has been read.
    terminal.wait_for_text("Reported");
    terminal
}

/// Presses keys, each after a text has come; then waits until everything is stored.
fn play(terminal: &mut Terminal, steps: &[(&str, &str)]) {
    for (text, keys) in steps {
        terminal.wait_for_text(text);
        terminal.press(keys);
    }
}

fn finish(mut terminal: Terminal, told: &str) {
    terminal.wait_for_text(told);
    terminal.wait_for("it is stored", |screen| !screen.contents().contains("pending"));
    terminal.press("\x03");
    assert!(terminal.wait_for_end().success());
}

/// The last event of a kind.
fn event(store: &Store, number: &str, kind: &str) -> Value {
    let shown = store.shown(number);
    let events = shown["timeline"].as_array().expect("a timeline");
    let found = events.iter().rfind(|event| event["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} among {events:#?}")).clone()
}

/// On which incident, what is pressed after which text, what is told, and the event it leaves.
#[rstest]
#[case::acknowledge("1", &[("Cards", "a")], "INC-1 acknowledged", "acknowledged", "", "")]
#[case::own("1", &[("Cards", "o")], "INC-1 owned by you", "assigned", "/to/handle", "ines")]
#[case::assign("1", &[("Cards", "s"), ("Assign INC-1", "lindq"), ("› lindq", ENTER)],
    "INC-1 assigned to Bo", "assigned", "/to/handle", "bo")]
#[case::move_on("1", &[("Cards", "t"), ("Move INC-1", "i")],
    "INC-1 investigating", "status_moved", "/to", "investigating")]
#[case::prioritize("1", &[("Cards", "p"), ("Priority of INC-1", "l"), ("high × medium", ENTER)],
    "INC-1 P2", "prioritized", "/priority", "P2")]
#[case::override_priority("1", &[("Cards", "p"), ("Priority of INC-1", "4"), ("Override", "a test"), ("a test", SEND)],
    "INC-1 priority overridden", "prioritized", "/override_reason", "a test")]
#[case::categorize("1", &[("Cards", "c"), ("Category of INC-1", "s"), ("security", SEND)],
    "INC-1 categorized", "categorized", "/category", "security")]
#[case::suspect("1", &[("Cards", "c"), ("Category of INC-1", "\t\t\t"), ("▸ [ ] caused", " "), ("[x] caused", SEND)],
    "INC-1 categorized", "linked", "/link/change/title", "checkout v812")]
#[case::note("1", &[("Cards", "n"), ("Note on INC-1", "seen\rtwice"), ("twice", SEND)],
    "INC-1 noted", "note_added", "/text", "seen\ntwice")]
#[case::update("1", &[("Cards", "U"), ("Update on INC-1", "1"), ("Stakeholder update on", SEND), ("can't be taken back", "y")],
    "INC-1 stakeholders updated", "stakeholders_updated", "/message",
    "INC-1 Cards fail: triggered. Impact is high, on checkout, since ")]
#[case::checklist("1", &[("Cards", "i"), ("Checklist of INC-1", " "), ("[x] logs", SEND)],
    "INC-1 checklist answered", "item_answered", "/answer", "yes")]
#[case::resolve("1", &[("Cards", "r"), ("Resolve INC-1", "\tback to v811"), ("back to v811", "\terrors at 0"), ("errors at 0", SEND)],
    "INC-1 resolved", "resolved", "/validation", "errors at 0")]
#[case::close("4", &[("Cards", "g4"), ("go to INC-4", ENTER), ("restarted", "C"),
    ("Close INC-4", " \t \t \t \t "), ("[x] follow", SEND)],
    "INC-4 closed", "closed", "", "")]
#[case::waive("4", &[("Cards", "g4"), ("go to INC-4", ENTER), ("restarted", "C"),
    ("Close INC-4", "wtoo small\t \t \t \t "), ("[x] follow", SEND)],
    "INC-4 closed", "item_answered", "/answer", "yes")]
#[case::reopen("4", &[("Cards", "g4"), ("go to INC-4", ENTER), ("restarted", "A"), ("Reopen INC-4", "late again"), ("late again", SEND), ("can't be taken back", "y")],
    "INC-4 reopened", "reopened", "/reason", "late again")]
#[case::review("1", &[("Cards", "V"), ("Review of INC-1", "w"), ("▸", "all cards failed"), ("all cards failed", SEND)],
    "INC-1 review written", "review_written", "", "")]
#[case::action_item("1", &[("Cards", "V"), ("Review of INC-1", "a"), ("Action item", "larger pool"), ("larger pool", SEND)],
    "INC-1 action item written", "action_item_set", "/item/text", "larger pool")]
#[case::snooze("1", &[("Cards", "b"), ("Snooze INC-1", "1")], "INC-1 snoozed", "snoozed", "", "")]
#[case::snooze_until("1", &[("Cards", "b"), ("Snooze INC-1", "u"), ("Until", "4h"), ("4h", SEND)],
    "INC-1 snoozed", "snoozed", "", "")]
#[case::pause("1", &[("Cards", "b"), ("Snooze INC-1", "p"), ("Pause INC-1", "the bank"), ("the bank", SEND)],
    "INC-1 paused", "paused", "/reason", "the bank")]
#[case::merge("1", &[("Cards", "m"), ("Merge INC-1", "slow"), ("› slow", ENTER), ("Merge INC-1 into INC-2?", "y")],
    "INC-1 merged into INC-2", "merged_into", "/number", "2")]
#[case::link_url("1", &[("Cards", "l"), ("Link INC-1", "u"), ("URL", "https://example.org/graph"), ("/graph", SEND)],
    "INC-1 linked", "linked", "/link/url", "https://example.org/graph")]
#[case::link_problem("1", &[("Cards", "l"), ("Link INC-1", "p"), ("Pool too small", ENTER)],
    "INC-1 linked to Pool", "linked", "/link/problem/title", "Pool too small")]
#[case::link_change("1", &[("Cards", "l"), ("Link INC-1", "c"), ("Link the change", ENTER)],
    "INC-1 linked to checkout", "linked", "/link/change/title", "checkout v812")]
#[case::new_problem("1", &[("Cards", "l"), ("Link INC-1", "n"), ("New problem behind", "No timeout"), ("No timeout", SEND)],
    "INC-1 linked to a new problem", "linked", "/link/problem/title", "No timeout")]
#[case::reclassify("1", &[("Cards", "X"), ("Reclassify INC-1", "\ta drill"), ("a drill", SEND), ("can't be taken back", "y")],
    "INC-1 reclassified", "reclassified", "/reason", "a drill")]
#[case::describe("1", &[("Cards", "E"), ("Record of INC-1", " everywhere"), ("Cards fail everywhere", SEND)],
    "INC-1 record rewritten", "described", "/title", "Cards fail everywhere")]
#[case::role("1", &[("Cards", "L"), ("Roles of INC-1", "scribe bo"), ("› scribe bo", ENTER)],
    "INC-1 scribe is Bo", "role_given", "/person/handle", "bo")]
#[case::undo("1", &[("Cards", "a"), ("INC-1 acknowledged", "u")],
    "undone: INC-1 acknowledged", "move_taken_back", "/to", "triggered")]
fn a_verb_leaves_its_event(
    #[case] number: &str,
    #[case] steps: &[(&str, &str)],
    #[case] told: &str,
    #[case] kind: &str,
    #[case] path: &str,
    #[case] value: &str,
) {
    for size in SIZES {
        let store = company();
        let mut terminal = opened(&store, size);
        play(&mut terminal, steps);
        finish(terminal, told);
        let event = event(&store, number, kind);
        if !path.is_empty() {
            let found = event.pointer(path).unwrap_or_else(|| panic!("no {path} in {event:#}"));
            let found = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            assert!(found.starts_with(value), "{found:?} for {path} at {size:?}");
        }
        assert!(event["actor"].to_string().contains("ines"), "{event:#}");
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
    // Enter is no answer.
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
fn a_verb_on_all_that_are_selected_asks_and_tells_each_failure(#[case] size: (u16, u16)) {
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
fn one_that_is_selected_with_space_is_acted_on_wherever_the_cursor_is(#[case] size: (u16, u16)) {
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
fn an_editor_of_ones_own_opens_on_a_field_and_gives_its_text_back() {
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
