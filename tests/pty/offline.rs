//! The panes and the command line with an API that fails and recovers.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use portable_pty::CommandBuilder;
use serde_json::Value;

use super::store::Store;
use crate::support::port::ReservedPort;
use crate::support::program;
use crate::support::sample::Sample;
use crate::support::terminal::{Terminal, signal};

/// A store, a server on it that can be killed, and a person on another machine.
struct Team {
    store: Store,
    port: ReservedPort,
    token: String,
    server: Option<Child>,
}

impl Team {
    fn new() -> Self {
        Self::on(Store::filled())
    }

    fn on(store: Store) -> Self {
        // The server is restarted on the same port.
        let port = ReservedPort::new();
        let made = store.run(&["token", "create", "--name", "ines", "--scope", "respond"]);
        assert!(made.status.success(), "{made:?}");
        let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        std::fs::create_dir(store.folder.path().join("far")).unwrap();
        let mut team = Self { store, port, token, server: None };
        team.serve();
        team
    }

    fn serve(&mut self) {
        let mut child = Command::new(program())
            .args(["serve", "--listen", &self.port.address.to_string(), "--store"])
            .arg(self.store.file())
            .args(["--access-log", "/dev/null", "--requests-a-minute", "1000000"])
            .env("XDG_STATE_HOME", self.store.folder.path())
            .env("XDG_CONFIG_HOME", self.store.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("http://"), "{line}");
        self.server = Some(child);
    }

    /// Kills the server without a shutdown.
    fn cut(&mut self) {
        let mut server = self.server.take().expect("it runs");
        server.kill().unwrap();
        server.wait().unwrap();
    }

    fn url(&self) -> String {
        format!("http://{}", self.port.address)
    }

    /// Returns a command that runs on the other machine.
    fn remote_command(&self) -> Command {
        let home = self.store.folder.path().join("far");
        let mut command = Command::new(program());
        command
            .env_clear()
            .args(["--backend", &self.url()])
            .env("REDPHONE_TOKEN", &self.token)
            .env("REDPHONE_USER", "ines")
            .env("HOME", home)
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.remote_command().args(arguments).output().expect("it runs")
    }

    fn panes(&self, columns: u16, rows: u16) -> Terminal {
        let mut command = CommandBuilder::new(program());
        command.env_clear();
        command.args(["--backend", &self.url()]);
        command.env("REDPHONE_TOKEN", &self.token);
        command.env("REDPHONE_USER", "ines");
        command.env("HOME", self.store.folder.path().join("far"));
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "UTC");
        Terminal::start(command, columns, rows)
    }

    /// Returns the incident from the store, with its timeline.
    fn stored(&self, number: &str) -> Value {
        self.store.shown(number)
    }

    /// Returns the texts of the events of an incident in order, without those before the outage.
    fn notes(&self, number: &str) -> Vec<String> {
        let shown = self.stored(number);
        let timeline = shown["timeline"].as_array().expect("a timeline").iter();
        timeline
            .filter(|event| event["kind"] == "note_added")
            .filter_map(|event| event["text"].as_str())
            .map(ToOwned::to_owned)
            .collect()
    }

    fn outbox(&self) -> Vec<Value> {
        let output = self.run(&["outbox", "--json"]);
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn stderr_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const SEND: &str = "\x13";

#[test]
fn offline_terminal_that_is_killed_and_restarted_loses_nothing() {
    let mut team = Team::new();
    let mut terminal = team.panes(126, 36);
    terminal.wait_for_text("● live");
    terminal.wait_for_text("Cards fail");
    // Detail and timeline are loaded too.
    terminal.wait_for_text("Triggered");
    team.cut();
    terminal.wait_for_text("offline since");
    // Triage continues offline: acknowledge, note, declare.
    terminal.press("a");
    terminal.wait_for_text("1 pending");
    terminal.press("n");
    terminal.wait_for_text("Note on");
    terminal.press("first look");
    terminal.press(SEND);
    terminal.wait_for_text("2 pending");
    terminal.press("D");
    terminal.wait_for_text("Declare an incident");
    terminal.press("The vault is open");
    terminal.press(SEND);
    terminal.wait_for_text("3 pending");
    terminal.wait_for("the new one in the queue", |screen| {
        screen.contents().lines().any(|line| line.contains("new ") && line.contains("The vault"))
    });

    signal(terminal.process(), "KILL");
    drop(terminal);

    let mut terminal = team.panes(126, 36);
    // The cached rows are shown immediately, with their age.
    terminal.wait_for_text("Cards fail");
    terminal.wait_for_text("as of");
    terminal.wait_for_text("3 pending");
    terminal.wait_for_text("The vault");
    // The declared incident is selected and changed further.
    terminal.wait_for_text("offline since");
    terminal.press("/vault\r");
    terminal.wait_for("only the new one", |screen| {
        let text = screen.contents();
        text.contains("The vault") && !text.contains("Slow find")
    });
    terminal.press("n");
    terminal.wait_for_text("Note on new");
    terminal.press("closed it");
    terminal.press(SEND);
    terminal.wait_for_text("4 pending");
    terminal.press("r");
    terminal.wait_for_text("Resolve new");
    terminal.press("\tlocked\tlooked");
    terminal.press(SEND);
    terminal.wait_for_text("5 pending");
    terminal.press("\x1b");
    // Escape and the letter must not arrive as one key.
    terminal.wait_for_text("Slow find");
    terminal.press("O");
    terminal.wait_for_text("5 wait until the API can be reached");

    team.serve();
    terminal.wait_for_text("Sent, the last one first");
    terminal.wait_for("all of them", |screen| {
        let text = screen.contents();
        !text.contains("pending") && text.contains("resolve INC-4")
    });
    terminal.press("\x1b");
    terminal.wait_for_text("2 Detail");
    terminal.wait_for_text("● live");
    terminal.press("q");
    assert!(terminal.wait_for_end().success());

    let cards = team.stored("1");
    assert_eq!(cards["incident"]["status"], "acknowledged");
    assert_eq!(team.notes("1"), ["first look"]);
    let vault = team.stored("4");
    assert_eq!(vault["incident"]["title"], "The vault is open");
    assert_eq!(vault["incident"]["status"], "resolved");
    assert_eq!(team.notes("4"), ["closed it"]);
    let times: Vec<&str> = vault["timeline"]
        .as_array()
        .expect("a timeline")
        .iter()
        .map(|event| event["at"].as_str().expect("a time"))
        .collect();
    assert_eq!(times.len(), 3, "declared, noted, resolved: {vault:#}");
    assert!(times.is_sorted());
    assert!(team.outbox().iter().all(|entry| entry["state"] == "sent"));
}

#[test]
fn exit_names_pending_commands_and_does_not_wait() {
    let mut team = Team::new();
    let mut terminal = team.panes(100, 30);
    terminal.wait_for_text("● live");
    terminal.wait_for_text("Cards fail");
    team.cut();
    terminal.wait_for_text("offline");
    terminal.press("a");
    terminal.wait_for_text("1 pending");
    terminal.press("q");
    assert!(terminal.wait_for_end().success());
    let written = String::from_utf8_lossy(&terminal.written).into_owned();
    assert!(written.contains("1 command kept, and sent by the next redphone"), "{written}");
}

#[test]
fn offline_commands_are_queued_with_their_own_exit_code() {
    let mut team = Team::new();
    assert!(team.run(&["list"]).status.success(), "what is listed is kept");
    team.cut();
    let queued = team.run(&["ack", "1"]);
    assert_eq!(queued.status.code(), Some(5), "{queued:?}");
    let words = stderr_of(&queued);
    assert!(words.contains("INC-1: ") && words.contains("kept, and sent by the next"), "{words}");
    assert!(queued.stdout.is_empty());
    let queued = team.run(&["note", "1", "rolled back", "--json"]);
    let report: Value = serde_json::from_slice(&queued.stdout).expect("JSON");
    assert_eq!((report["done"].as_bool(), report["kept"].as_bool()), (Some(false), Some(true)));
    let declared = team.run(&[
        "declare",
        "--title",
        "The vault is open",
        "--impact",
        "high",
        "--urgency",
        "high",
    ]);
    assert_eq!(declared.status.code(), Some(5), "{declared:?}");
    let id = String::from_utf8(declared.stdout).unwrap().trim().to_owned();
    // Its id is used until it has a number.
    assert_eq!(team.run(&["note", &id, "first look"]).status.code(), Some(5));
    // Lists still work, with pending commands applied.
    let listed = team.run(&["list"]);
    assert!(stderr_of(&listed).contains("refuses the connection"), "{listed:?}");
    assert!(stderr_of(&listed).contains(": this is as of "), "{listed:?}");
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("The vault is open") && listed.contains("acknowledged"), "{listed}");
    let words: Vec<Value> = team.outbox();
    let states: Vec<&str> = words.iter().map(|entry| entry["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["pending"; 4]);
    let sent = team.run(&["outbox", "send"]);
    assert_eq!(sent.status.code(), Some(5), "{sent:?}");

    team.serve();
    let sent = team.run(&["outbox", "send"]);
    assert!(sent.status.success(), "{sent:?}");
    assert_eq!(team.notes("1"), ["rolled back"]);
    assert_eq!(team.stored("4")["incident"]["title"], "The vault is open");
    assert_eq!(team.notes("4"), ["first look"]);
    let listed = String::from_utf8(team.run(&["outbox"]).stdout).unwrap();
    assert!(listed.contains("declare INC-4") && listed.contains("sent"), "{listed}");
}

#[test]
fn refused_command_is_listed_and_dropped_by_position() {
    let mut team = Team::new();
    assert!(team.run(&["list"]).status.success());
    team.cut();
    assert_eq!(team.run(&["ack", "1"]).status.code(), Some(5));
    // Somebody else acknowledges the incident first, in the store itself.
    assert!(team.store.run(&["ack", "1"]).status.success());
    team.serve();
    let sent = team.run(&["outbox", "send"]);
    assert_eq!(sent.status.code(), Some(1), "{sent:?}");
    let listed = String::from_utf8(team.run(&["outbox"]).stdout).unwrap();
    assert!(listed.contains("refused") && listed.contains("already acknowledged by"), "{listed}");
    let retried = team.run(&["outbox", "retry", "1"]);
    assert!(stderr_of(&retried).contains("nothing is left to do"), "{retried:?}");
    assert!(team.run(&["outbox", "drop", "1"]).status.success());
    let dropped = team.run(&["outbox", "drop", "1"]);
    assert_eq!(dropped.status.code(), Some(3), "{dropped:?}");
    assert!(team.outbox().is_empty());
}

#[test]
fn retried_command_is_named_without_control_characters() {
    let mut team = Team::new();
    assert!(team.run(&["list"]).status.success());
    team.cut();
    assert_eq!(team.run(&["ack", "1"]).status.code(), Some(5));
    // Another program overwrites the file.
    let mut folders = vec![team.store.folder.path().join("far")];
    let mut outbox = None;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.ends_with("outbox.db") {
                outbox = Some(path);
            }
        }
    }
    let file = rusqlite::Connection::open(outbox.expect("an outbox")).unwrap();
    let sql = "UPDATE entry SET state = 2, answer = '', label = char(27) || '[31mINC-1'";
    assert_eq!(file.execute(sql, []).unwrap(), 1);
    drop(file);
    let retried = team.run(&["outbox", "retry", "1"]);
    let text = String::from_utf8(retried.stdout).unwrap();
    assert_eq!(text, "acknowledge ␛[31mINC-1 waits to be sent again\n");
}

#[test]
fn many_processes_send_each_pending_command_once() {
    let mut team = Team::new();
    assert!(team.run(&["list"]).status.success());
    team.cut();
    let notes: Vec<String> = (0..12).map(|index| format!("note {index}")).collect();
    for note in &notes {
        assert_eq!(team.run(&["note", "1", note]).status.code(), Some(5));
    }
    team.serve();
    let children: Vec<Child> = (0..4)
        .map(|_| {
            let mut command = team.remote_command();
            command.args(["outbox", "send"]).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("it runs")
        })
        .collect();
    for mut child in children {
        child.wait().unwrap();
    }
    assert!(team.run(&["outbox", "send"]).status.success());
    assert_eq!(team.notes("1"), notes);
}

/// `REDPHONE_OUTBOX_RUNS` sets how often the process is killed (10; the full run is 100).
#[test]
fn commands_killed_at_any_time_happen_once_or_not_at_all() {
    let runs = Sample::new("REDPHONE_OUTBOX_RUNS", 10);
    let mut team = Team::new();
    assert!(team.run(&["list"]).status.success());
    let mut accepted = std::collections::BTreeSet::new();
    // How long a command takes here while nobody kills it.
    let began = std::time::Instant::now();
    assert!(team.run(&["note", "2", "not killed"]).status.success());
    let full = began.elapsed().min(std::time::Duration::from_secs(1));
    let ids = |outbox: Vec<Value>| outbox.into_iter().map(|entry| entry["id"].to_string());
    let before: Vec<String> = ids(team.outbox()).collect();
    for run in runs.rounds(10) {
        if run % 5 == 2 {
            team.cut();
        }
        let mut command = team.remote_command();
        let note = format!("note {run}");
        command.args(["note", "1", &note]).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it runs");
        // It is killed at any moment, whatever it does then.
        std::thread::sleep(full * u32::try_from(5 + (run * 13) % 120).unwrap() / 100);
        let _ = child.kill();
        child.wait().unwrap();
        accepted.extend(ids(team.outbox()).filter(|id| !before.contains(id)));
        if run % 5 == 4 {
            team.serve();
        }
    }
    if team.server.is_none() {
        team.serve();
    }
    let sent = team.run(&["outbox", "send"]);
    assert!(sent.status.success(), "{sent:?}");
    let mut notes = team.notes("1");
    let count = notes.len();
    assert!(!accepted.is_empty(), "every one was killed before it had accepted anything");
    assert_eq!(count, accepted.len(), "what was accepted has happened, and nothing else");
    notes.sort();
    notes.dedup();
    assert_eq!(notes.len(), count, "nothing twice");
}
