//! The commands of the verbs: each example of the README works, several incidents at a time, and
//! errors are reported.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use redphone::model::command::CommandKind;
use redphone::tui::action::{Action, Entry, TABLE};
use redphone::verbs::Verb;
use rstest::rstest;
use serde_json::Value;

use crate::support::cli::{CliFixture, Run, json_lines};

/// A company in which the examples of the README work, with the incidents INC-1 to INC-14.
struct Company {
    cli: CliFixture,
    /// The export of the store as it was, for each example again.
    original: String,
}

impl Company {
    fn new() -> Self {
        let cli = CliFixture::with_directory(&serde_json::json!({
            "people": [
                {"handle": "ines", "name": "Ines Moreau"},
                {"handle": "tom", "name": "Tom Varga"},
            ],
            "teams": [
                {"name": "payments", "members": ["ines"]},
                {"name": "platform", "members": ["tom"]},
            ],
            "services": [
                {"name": "checkout", "team": "payments"},
                {"name": "payments-gateway", "team": "payments"},
                {"name": "cdn", "team": "platform"},
            ],
            "policies": [
                {"team": "platform", "levels": [{"after_s": 300, "call": [{"person": "tom"}]}]},
            ],
            "schedules": [],
        }));
        let levels = ["--impact", "low", "--urgency", "high"];
        for index in 1..=14 {
            let title = format!("Images answer 404, {index}");
            let args = ["declare", "--title", &title, "--service", "cdn"];
            cli.ok(args.iter().chain(&levels));
        }
        let original = with_alert(&cli.ok(["export"]), 12);
        Self { cli, original }
    }

    /// Begins with a store as it was.
    fn reset(&mut self) {
        self.cli = CliFixture::new();
        let run = self.cli.pipe(["import", "-"], self.original.as_bytes());
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
        std::fs::write(self.cli.path("app.log"), "error: pool exhausted\n").unwrap();
    }

    /// Runs a command line as a shell would.
    fn shell(&self, line: &str) -> Run {
        let program = self.cli.program();
        let path = std::path::Path::new(program.get_program()).parent().unwrap().to_owned();
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", line]).current_dir(self.cli.path("")).env_clear();
        for (name, value) in program.get_envs() {
            if let Some(value) = value {
                shell.env(name, value);
            }
        }
        let system = std::env::var("PATH").unwrap_or_default();
        shell.env("PATH", format!("{}:{system}", path.display()));
        shell.stdin(std::process::Stdio::null());
        Run::from(shell.output().unwrap())
    }

    fn show(&self, number: &str) -> Value {
        serde_json::from_str(&self.cli.ok(["show", number, "--json"])).unwrap()
    }
}

/// Returns an export with an alert of the incident with a number.
fn with_alert(export: &str, number: u64) -> String {
    let mut lines: Vec<Value> =
        export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let declared = lines.iter().find(|line| line["event"]["number"] == number).unwrap();
    let (incident, at) = (declared["event"]["incident"].clone(), declared["event"]["at"].clone());
    let alert = serde_json::json!({"alert": {
        "incident": incident, "group": "alertmanager:redphone:1", "key": "5ef77f1f8a3ecfa4",
        "source": "alertmanager", "state": "firing", "title": "The disk of db-1 is full", "count": 1,
        "labels": {"instance": "db-1"}, "starts_at": at, "first_at": at, "last_at": at,
    }});
    let end = lines.len() - 1;
    lines[end]["end"]["records"] = end.into();
    lines.insert(end, alert);
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

/// The preparations for the example of a verb.
fn preparations() -> BTreeMap<&'static str, Vec<String>> {
    let resolve = "resolve 12 --action rollback --detail d --validation v";
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    let sections =
        ["summary", "timeline", "impact", "root-cause", "resolution", "communication", "gaps"];
    let mut review = vec![resolve.to_owned()];
    review.extend(sections.map(|section| format!("review 12 {section} text")));
    let mut submitted = review.clone();
    submitted.push("submit-review 12".to_owned());
    BTreeMap::from([
        ("correct-note", lines(&["note 12 a", "note 12 b", "note 12 c"])),
        ("close", lines(&[resolve])),
        ("reopen", lines(&[resolve])),
        ("wake", lines(&["snooze 12 4h"])),
        ("unfold", lines(&["fold 12 14"])),
        ("answer-role", lines(&["role 12 scribe ines --ask"])),
        ("clear-noise", lines(&["mark-noise 12 noise"])),
        ("unpause", lines(&["pause 12 vendor"])),
        ("unlink", lines(&["link 12 https://status.example.com/123"])),
        ("submit-review", review.clone()),
        ("return-review", submitted),
        ("publish", review),
        ("follow-up", lines(&["action-item 12 text"])),
        ("undo", lines(&["ack 12"])),
        ("remove-reporter", lines(&["reporter 12 'Tom Varga'"])),
        ("redact", lines(&["reporter 12 'Tom Varga'"])),
        ("release-team", lines(&["involve-team 12 payments"])),
    ])
}

#[test]
fn each_example_of_a_verb_works_as_the_readme_has_it() {
    let readme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let mut company = Company::new();
    let preparations = preparations();
    for verb in Verb::ALL {
        let row = verb.row();
        company.reset();
        for line in preparations.get(row.name).into_iter().flatten() {
            let run = company.shell(&format!("redphone {line}"));
            assert_eq!((run.code, run.err.as_str()), (0, ""), "{line}: {run:?}");
        }
        let begin = format!("| `redphone {} INC-12", row.command);
        let line = readme.lines().find(|line| {
            line.strip_prefix(&begin).is_some_and(|rest| rest.starts_with([' ', '`']))
        });
        let line = line.unwrap_or_else(|| panic!("the README has no line for {}", row.name));
        let command = line.trim_start_matches("| `").split('`').next().unwrap();
        let run = company.shell(command);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{command}: {run:?}");
        assert!(run.out.starts_with("INC-12 "), "{command}: {run:?}");
        // The example of the help is the same.
        let help = company.cli.ok([row.command, "--help"]);
        let example = format!("redphone {} {}", row.command, row.example.arguments);
        assert!(help.contains(&example), "{help}");
    }
}

/// The verbs that the panes offer in the form or the list of another one.
fn verb_in_panes(verb: Verb) -> &'static [CommandKind] {
    match verb {
        Verb::CorrectNote => &[CommandKind::AddNote],
        Verb::Wake | Verb::Pause | Verb::Unpause => &[CommandKind::Snooze],
        Verb::Unlink => &[CommandKind::Link],
        Verb::Publish
        | Verb::SubmitReview
        | Verb::ReturnReview
        | Verb::ActionItem
        | Verb::FollowUp => &[CommandKind::WriteReview],
        other => other.row().kinds,
    }
}

/// Returns the completions at the last word of a command line.
fn offered(cli: &CliFixture, words: &[&str]) -> Vec<String> {
    let start = ["complete", "--shell", "fish", "--", "redphone"];
    let text = cli.ok(start.iter().chain(words));
    let value = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
    text.lines().skip(1).map(value).collect()
}

#[test]
fn each_verb_has_key_command_route_completion_page_and_tool() {
    let cli = CliFixture::with_company();
    cli.declare("One", "ledger");
    let help = cli.ok(["--help"]);
    cli.ok(["man", "--out", "man1"]);
    let document: Value =
        serde_json::from_str(&redphone::server::openapi::document_json()).unwrap();
    let tools = tools_of_agents(&cli);
    for verb in Verb::ALL {
        let (row, name) = (verb.row(), verb.row().command);
        // A key of the panes, or a line of their palette.
        let sent_by = |entry: &Entry| match entry.action {
            Action::MoveAlerts => Some(CommandKind::MoveAlerts),
            _ => entry.verb,
        };
        let is_entry = |kind: &CommandKind| {
            TABLE.iter().any(|entry| sent_by(entry) == Some(*kind) && !entry.help.is_empty())
        };
        let is_undo = *verb == Verb::Undo;
        assert!(is_undo || verb_in_panes(*verb).iter().any(is_entry), "{name} is in no pane");
        // A command, which the help lists, under its public name too.
        let is_listed = |line: &str| line.split_whitespace().next() == Some(name);
        assert!(help.lines().any(is_listed), "{name} is not in the help");
        let own_help = cli.ok([row.name, "--help"]);
        assert!(own_help.contains(row.help), "{own_help}");
        // A route with its documentation.
        let route = format!("/v1/incidents/{{id}}/{}", row.name);
        let operation = &document["paths"][&route]["post"];
        assert_eq!(operation["summary"], row.help, "{route}");
        // Completions: the command, the incidents, and the values of its fields.
        assert!(offered(&cli, &[&name[..2]]).contains(&name.to_owned()), "{name}");
        assert!(offered(&cli, &[name, "INC-"]).contains(&"INC-1".to_owned()), "{name}");
        for option in own_help.lines().filter_map(|line| line.trim().strip_prefix("--")) {
            let name_of = option.split([' ', ',']).next().unwrap();
            // A line of the text may begin with an option, too.
            if !name_of.chars().all(|ch| ch.is_ascii_lowercase() || ch == '-') {
                continue;
            }
            let option = format!("--{name_of}");
            assert!(offered(&cli, &[name, &option]).contains(&option), "{name} {option}");
        }
        // A page of the manual with its example.
        let page = std::fs::read_to_string(cli.path(&format!("man1/redphone-{name}.1"))).unwrap();
        let page = page.replace("\\(aq", "'").replace('\\', "");
        assert!(page.contains(row.help) && page.contains("\n.SH EXAMPLES\n"), "{page}");
        // A tool for agents.
        assert!(tools.contains(row.name), "{name}: {tools:?}");
    }
}

/// Returns the names of the tools that an agent has to which every verb is allowed.
fn tools_of_agents(cli: &CliFixture) -> BTreeSet<String> {
    let names: Vec<&str> = Verb::ALL.iter().map(|verb| verb.row().name).collect();
    let mut agent = cli
        .program()
        .args(["mcp", "--allow-writes", &names.join(",")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = agent.stdin.take().unwrap();
    let mut lines = BufReader::new(agent.stdout.take().unwrap()).lines();
    let mut send = |message: Value| writeln!(input, "{message}").unwrap();
    let mut receive =
        || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };
    send(serde_json::json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }));
    receive();
    send(serde_json::json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    send(serde_json::json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}));
    let listed = receive();
    let tools = listed["result"]["tools"].as_array().unwrap();
    let names = tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect();
    drop(input);
    agent.wait().unwrap();
    names
}

#[rstest]
#[case(&["assign", "1", "tom"], "INC-1 assigned to Tom Varga\n")]
#[case(&["assign", "1", "Tom", "Varga"], "INC-1 assigned to Tom Varga\n")]
#[case(&["assign", "1", "to"], "INC-1 assigned to Tom Varga\n")]
#[case(&["assign", "1", "me"], "INC-1 assigned to Ines Moreau\n")]
#[case(&["services", "1", "checkout", "cdn"], "INC-1 services: checkout, cdn\n")]
#[case(&["services", "1", "checkout,cdn"], "INC-1 services: checkout, cdn\n")]
#[case(&["snooze", "1", "2031-03-01", "09:00", "--zone", "utc"],
       "INC-1 snoozed until 2031-03-01 09:00 UTC\n")]
#[case(&["snooze", "1", "change"], "INC-1 snoozed until it changes\n")]
#[case(&["move", "1", "investigating"], "INC-1 moved to investigating\n")]
#[case(&["category", "1", "security"], "INC-1 category: security\n")]
#[case(&["team", "1", "none"], "INC-1 team: no team\n")]
#[case(&["role", "1", "incident-manager", "tom"], "INC-1 role incident manager: Tom Varga\n")]
#[case(&["role", "1", "scribe", "tom", "--ask"], "INC-1 Tom Varga is asked to be scribe\n")]
#[case(&["checklist", "1", "logs"], "INC-1 answered: logs and alerts checked: yes\n")]
#[case(&["note", "INC-1", "3", "pods", "crashed"], "INC-1 noted\n")]
fn verb_says_what_it_has_done(#[case] args: &[&str], #[case] expected: &str) {
    let cli = CliFixture::with_company();
    cli.declare("One", "ledger");
    assert_eq!(cli.ok(args), expected);
}

#[rstest]
#[case(&["assign", "1", "inez"], 1, "INC-1: to: nobody is called \"inez\": did you mean ines?")]
#[case(&["assign", "1"], 2, "<PERSON>")]
#[case(&["assign", "ines"], 2, "write it as INC-2041 or 2041")]
#[case(&["assign"], 2, "<NUMBER|ID>")]
#[case(&["team", "1", "paiments"], 1, "INC-1: team: there is no team \"paiments\"")]
#[case(&["services", "1", "chekout"], 1, "INC-1: services: there is no service \"chekout\"")]
#[case(&["snooze", "1", "soon"], 1, "INC-1: until: \"soon\" is no time: write 30m, 4h")]
#[case(&["snooze", "1", "2020-01-01 09:00"], 1, "that time has passed")]
#[case(&["priority", "1", "high"], 1, "impact is high: say the urgency too")]
#[case(&["priority", "1", "p2"], 1, "reason: is missing: give why it differs")]
#[case(&["priority", "1", "p7", "--reason", "x"], 1, "\"p7\" is no priority")]
#[case(&["move", "1", "gone"], 2, "'gone'")]
#[case(&["move", "1", "resolved"], 1, "is not a stage to move to")]
#[case(&["merge", "1", "99", "--yes"], 3, "INC-99")]
#[case(&["merge", "1", "1", "--yes"], 1, "INC-1")]
#[case(&["merge", "1", "99"], 2, "merge can't be undone: add --yes")]
#[case(&["escalate", "1", "--yes"], 1, "there is no escalation policy for its team")]
#[case(&["close", "1", "--all"], 1, "INC-1: ")]
#[case(&["unlink", "1", "https://example.com"], 1, "INC-1 has no link")]
#[case(&["correct-note", "1", "1", "x", "--yes"], 1, "INC-1 has no note \"1\"")]
#[case(&["action-item", "1"], 1, "text: is missing")]
#[case(&["action-item", "1", "x", "--due", "soon"], 1, "\"soon\" is no date")]
#[case(&["follow-up", "1", "1"], 1, "INC-1 has no action item \"1\"")]
#[case(&["checklist", "1", "logs", "waived"], 1, "reason: is missing: give why the item is waived")]
#[case(&["link", "1", "example.com"], 1, "is no URL")]
#[case(&["link", "1", "problem:7"], 1, "to: is no id: write problem: or change: and a UUID")]
#[case(&["link", "1", "problem:0198c0de-0000-7000-8000-000000000001"], 1, "there is no problem")]
#[case(&["update", "1", "--template", "updte", "--yes"], 2, "did you mean update?")]
#[case(&["update", "1", "x", "--template", "update", "--yes"], 2, "cannot be used with")]
#[case(&["update", "1", "--template", "update", "--next", "soon", "--yes"], 1, "is no time")]
#[case(&["undo", "2"], 3, "INC-2")]
#[case(&["describe", "1"], 1, "title: is missing")]
#[case(&["assign", "1", "ines", "--from", "missing.txt"], 1, "can't read missing.txt")]
fn what_is_wrong_is_named_in_one_sentence(
    #[case] args: &[&str],
    #[case] code: i32,
    #[case] expected: &str,
) {
    let cli = CliFixture::with_company();
    cli.declare("One", "ledger");
    cli.run(args).refused(code, &[expected]);
}

#[test]
fn gate_that_is_not_answered_stays_as_it_is() {
    let cli = CliFixture::with_company();
    cli.declare("One", "ledger");
    let answered = || -> usize {
        let shown: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
        shown["incident"]["answered"].as_array().unwrap().len()
    };
    assert_eq!(cli.run(["close", "1", "--all"]).code, 1);
    assert_eq!(answered(), 0);
    cli.ok(["resolve", "1", "--action", "rollback", "--detail", "d", "--validation", "v"]);
    let no = cli.run(["close", "1", "--stable", "no"]);
    no.refused(1, &["INC-1: stable: is not answered by no"]);
    cli.run(["close", "1", "--stable", "yes"]).refused(1, &["resolved or contained"]);
    assert_eq!(answered(), 0);
    cli.ok(["checklist", "1", "stable"]);
    let rest = ["--contained", "yes", "--update", "nobody noticed", "--recorded", "yes"];
    cli.run(["close", "1"].iter().chain(&rest)).refused(1, &["follow up captured"]);
    let last = ["--follow-up", "yes"];
    assert_eq!(cli.ok(["close", "1"].iter().chain(&rest).chain(&last)), "INC-1 closed\n");
}

#[test]
fn several_incidents_are_changed_at_once() {
    let cli = CliFixture::with_company();
    for title in ["One", "Two", "Three", "Four"] {
        cli.declare(title, "ledger");
    }
    let out = cli.ok(["assign", "1", "INC-2,3", "tom"]);
    let expected = "INC-1 assigned to Tom Varga\nINC-2 assigned to Tom Varga\n\
                    INC-3 assigned to Tom Varga\n";
    assert_eq!(out, expected);
    let run = cli.run(["assign", "1", "4", "tom"]);
    assert_eq!((run.code, run.out.as_str()), (1, "INC-4 assigned to Tom Varga\n"), "{run:?}");
    assert!(run.err.contains("INC-1: "), "{run:?}");
    let out = cli.ok(["merge", "2", "3", "1", "--yes"]);
    assert_eq!(out, "INC-2 merged\nINC-3 merged\n");
    let lines = json_lines(&cli.run(["category", "1", "9", "4", "security", "--json"]).out);
    let done: Vec<&Value> = lines.iter().map(|line| &line["done"]).collect();
    assert_eq!(done, [&Value::Bool(true), &Value::Bool(false), &Value::Bool(true)]);
}

#[test]
fn numbers_come_from_standard_input_or_a_file() {
    let cli = CliFixture::with_company();
    for title in ["One", "Two", "Three"] {
        cli.declare(title, "ledger");
    }
    let rows = cli.ok(["list", "--json"]);
    let run = cli.pipe(["assign", "--from", "-", "ines"], rows.as_bytes());
    assert_eq!((run.code, run.out.lines().count()), (0, 3), "{run:?}");
    std::fs::write(cli.path("numbers"), "INC-1 of the morning\n\n#3\n").unwrap();
    let out = cli.ok(["category", "2", "--from", "numbers", "access"]);
    assert_eq!(out, "INC-2 category: access\nINC-1 category: access\nINC-3 category: access\n");
    let run = cli.pipe(["note", "--from", "-", "seen", "by", "all"], b"1\n2\n");
    assert_eq!((run.code, run.out.as_str()), (0, "INC-1 noted\nINC-2 noted\n"), "{run:?}");
    cli.pipe(["ack", "--from", "-"], b"1\nno number\n").refused(1, &["line 2 of standard input"]);
    let twice = cli.pipe(["category", "3", "#3", "--from", "-", "security"], b"3\nINC-3\n");
    assert_eq!((twice.code, twice.out.lines().count()), (0, 1), "{twice:?}");
    let both = cli.pipe(["note", "--from", "-", "-"], b"1\n");
    both.refused(2, &["standard input has the numbers already"]);
    let nothing = cli.pipe(["ack", "--from", "-"], b"");
    assert_eq!((nothing.code, nothing.out.as_str()), (0, ""), "{nothing:?}");
}

#[test]
fn undo_leads_back_until_somebody_has_changed_it_since() {
    let cli = CliFixture::with_company();
    cli.declare("One", "ledger");
    let row = || -> Value {
        let shown: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
        shown["incident"].clone()
    };
    cli.ok(["assign", "1", "tom"]);
    assert_eq!(row()["assignee"]["handle"], "tom");
    assert_eq!(cli.ok(["undo", "1"]), "INC-1 last change undone\n");
    assert_eq!(row()["assignee"], Value::Null);
    cli.ok(["describe", "1", "--title", "Another"]);
    cli.ok(["undo", "1"]);
    assert_eq!(row()["title"], "One");
    cli.ok(["ack", "1"]);
    cli.ok(["undo", "1"]);
    assert_eq!(row()["status"], "triggered");
    cli.ok(["category", "1", "security"]);
    cli.ok(["category", "1", "access", "--user", "tom"]);
    cli.run(["undo", "1"]).refused(1, &["somebody has changed that since"]);
    cli.ok(["update", "1", "We are on it", "--yes"]);
    cli.run(["undo", "1"]).refused(1, &["can't be undone: the timeline has it as \"Update\""]);
    cli.declare("Two", "ledger");
    cli.ok(["fold", "1", "2"]);
    assert!(row()["folded_under"].is_string(), "{}", row());
    cli.ok(["undo", "1"]);
    assert_eq!(row()["folded_under"], Value::Null);
}

#[test]
fn undone_closing_withdraws_its_answers_alone() {
    let cli = CliFixture::with_company();
    cli.declare("One", "ledger");
    let record = || -> Value {
        let shown: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
        shown["incident"].clone()
    };
    cli.ok(["resolve", "1", "--action", "restart", "--detail", "d", "--validation", "v"]);
    cli.ok(["checklist", "1", "stable"]);
    let before = record()["answered"].clone();
    assert_eq!(before.as_array().map(Vec::len), Some(1), "{before}");
    cli.ok(["close", "1", "--all", "--update", "nobody noticed"]);
    assert_eq!(record()["status"], "closed");
    assert_eq!(cli.ok(["undo", "1"]), "INC-1 last change undone\n");
    assert_eq!((&record()["status"], &record()["answered"]), (&"resolved".into(), &before));
    // What was done before is next.
    cli.ok(["undo", "1"]);
    assert_eq!(record()["answered"], serde_json::json!([]));
    cli.ok(["undo", "1"]);
    assert_eq!(record()["status"], "triggered");
}

#[test]
fn an_incident_is_led_from_declared_to_reviewed() {
    let company = Company::new();
    for line in [
        "own 12",
        "priority 12 high high",
        "impact 12 medium",
        "note 12 'error rate rises'",
        "decision 12 'fail over' --reason 'the primary loses writes' --yes",
        "link 12 INC-13",
        "unlink 12 INC-13",
        "pause 12 vendor",
        "unpause 12",
        "resolve 12 --action rollback --detail d --validation v",
        "close 12 --all --update 'nobody noticed'",
        "assign 12 tom --reason 'he did it'",
        "action-item 12 'Alert on it' --kind detect --owner ines",
        "action-item 12 --item 1 --done",
    ] {
        let run = company.shell(&format!("redphone {line}"));
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{line}: {run:?}");
    }
    let incident = &company.show("12")["incident"];
    assert_eq!(incident["status"], "closed");
    assert_eq!(incident["priority"], "P2");
    assert_eq!(incident["assignee"]["handle"], "tom");
    let item = &incident["review"]["actions"][0];
    assert_eq!((&item["done"], &item["kind"]), (&Value::Bool(true), &"detect".into()));
    assert_eq!(item["owner"]["handle"], "ines");
    let because: Vec<Value> = company.show("12")["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["kind"] == "assigned")
        .map(|event| event["because"].clone())
        .collect();
    assert_eq!(because.last().unwrap(), "he did it");
}

#[test]
fn link_to_a_problem_has_its_title() {
    let cli = CliFixture::with_company();
    cli.declare("One", "ledger");
    let id = "0198c0de-0000-7000-8000-000000000001";
    let header = serde_json::json!({"header": {"format": "redphone", "version": 1}});
    let problem = serde_json::json!({"problem": {
        "id": id, "title": "The pool is too small", "state": "open", "services": ["ledger"],
        "cause": "", "workaround": "", "opened_at": "2026-03-01T22:37:00Z",
    }});
    let run = cli.pipe(["import", "-"], format!("{header}\n{problem}\n").as_bytes());
    assert_eq!(run.code, 0, "{run:?}");
    let linked = cli.ok(["link", "1", &format!("problem:{id}")]);
    assert!(linked.contains("The pool is too small"), "{linked}");
    let named = cli.ok(["link", "1", &format!("problem:{id}"), "--title", "The pool"]);
    assert!(named.contains("The pool") && !named.contains("too small"), "{named}");
}

#[test]
fn update_is_written_from_a_template_of_the_settings() {
    let cli = CliFixture::with_company();
    cli.declare("One", "ledger");
    cli.declare("Two", "cdn");
    let folder = cli.path("home/.config/redphone");
    std::fs::create_dir_all(&folder).unwrap();
    let settings = "[looks]\nzone = \"utc\"\n[templates]\n\
                    short = \"{number} on {service}: {status}, next update {next}.\"\n";
    std::fs::write(folder.join("config.toml"), settings).unwrap();
    let last = |number: &str| -> (String, Value) {
        let shown: Value = serde_json::from_str(&cli.ok(["show", number, "--json"])).unwrap();
        let event = shown["timeline"].as_array().unwrap().last().unwrap().clone();
        (event["message"].as_str().unwrap().to_owned(), event["next_due"].clone())
    };
    // Each incident has its own text.
    let done =
        cli.ok(["update", "1,2", "--template", "short", "--next", "2031-03-01 09:30", "--yes"]);
    assert_eq!(done, "INC-1 stakeholders updated\nINC-2 stakeholders updated\n");
    let due = Value::from("2031-03-01T09:30:00Z");
    assert_eq!(
        last("1"),
        ("INC-1 on ledger: triggered, next update at 09:30 UTC.".into(), due.clone())
    );
    assert_eq!(last("2"), ("INC-2 on cdn: triggered, next update at 09:30 UTC.".into(), due));
    // The time of the next update comes from the service level, and the text contains it.
    cli.ok(["update", "1", "--template=short", "--yes"]);
    let (message, due) = last("1");
    let due: chrono::DateTime<chrono::Utc> = due.as_str().unwrap().parse().unwrap();
    let expected =
        format!("INC-1 on ledger: triggered, next update at {} UTC.", due.format("%H:%M"));
    assert_eq!(message, expected);
    // The built-in ones are there, too.
    cli.ok(["update", "2", "--template", "restored", "--yes"]);
    assert!(last("2").0.starts_with("INC-2 Two: service is restored on cdn. It had lasted since "));
}

#[test]
fn alerts_are_chosen_by_label_or_key() {
    let mut company = Company::new();
    company.reset();
    let run = company.cli.run(["split", "12", "--yes"]);
    run.refused(1, &["labels: is missing: give a label such as instance=db-1"]);
    let run = company.cli.run(["split", "12", "--label", "instance=db-2", "--yes"]);
    run.refused(3, &["it has none of these alerts"]);
    let out = company.cli.ok(["split", "12", "--label", "instance=db-1", "--yes"]);
    assert_eq!(out, "INC-12 split: 1 alert to INC-15\n");
    assert_eq!(company.show("15")["alert_rows"][0]["labels"]["instance"], "db-1");
    let out = company.cli.ok(["move-alerts", "15", "14", "--key", "5ef77f1f8a3ecfa4", "--yes"]);
    assert_eq!(out, "INC-15 alerts moved: 1 alert to INC-14\n");
    assert_eq!(company.show("14")["alert_rows"].as_array().unwrap().len(), 1);
    assert!(company.show("15")["alert_rows"].is_null());
}

#[test]
fn request_for_a_role_is_accepted_or_declined() {
    let cli = CliFixture::with_company();
    cli.declare("One", "ledger");
    cli.declare("Two", "cdn");
    cli.ok(["role", "1,2", "comms", "ines", "--ask"]);
    let shown = cli.ok(["show", "1"]);
    assert!(shown.contains("Ines Moreau as communications"), "{shown}");
    assert!(shown.contains("no answer yet"), "{shown}");
    cli.run(["role", "1", "comms", "ines", "--ask"]).refused(1, &["was asked"]);
    cli.ok(["role", "accept", "1", "comms"]);
    cli.ok(["role", "decline", "2", "comms"]);
    let roles = |number: &str| -> Value {
        let shown: Value = serde_json::from_str(&cli.ok(["show", number, "--json"])).unwrap();
        shown["incident"].clone()
    };
    assert_eq!(roles("1")["roles"][0][1]["handle"], "ines");
    assert_eq!(roles("1")["role_requests"][0]["accepted"], true);
    assert_eq!(roles("2")["roles"], serde_json::json!([]));
    assert_eq!(roles("2")["role_requests"][0]["accepted"], false);
    cli.run(["role", "accept", "1", "comms"]).refused(1, &["you are not asked"]);
    cli.run(["role", "1", "comms", "tom", "--ask", "--withdraw"]).refused(2, &["--withdraw"]);
}

#[test]
fn expected_recovery_is_set_alone_or_with_an_update() {
    let cli = CliFixture::with_company();
    cli.declare("One", "ledger");
    let expected = || -> Value {
        let shown: Value = serde_json::from_str(&cli.ok(["show", "1", "--json"])).unwrap();
        shown["incident"]["expected_recovery"].clone()
    };
    assert_eq!(expected(), Value::Null);
    cli.ok(["recovery", "1", "2h"]);
    assert!(expected().is_string());
    cli.ok(["update", "1", "We fail over", "--recovery", "2031-03-01T09:30:00Z", "--yes"]);
    assert_eq!(expected(), "2031-03-01T09:30:00Z");
    // Setting the same expectation again changes nothing.
    cli.ok(["update", "1", "Still so", "--recovery", "2031-03-01T09:30:00Z", "--yes"]);
    assert!(cli.ok(["show", "1"]).contains("expected at 2031-03-01 09:30 UTC"));
    cli.ok(["recovery", "1", "none"]);
    assert_eq!(expected(), Value::Null);
    cli.run(["recovery", "1", "none"]).refused(1, &["nothing"]);
}
