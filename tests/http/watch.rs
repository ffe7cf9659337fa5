//! Lists, records and events that are watched over an API.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

use serde_json::Value;

use super::command_line::{ClientFixture, DECLARE};
use crate::support::served::Served;

/// A command that runs until it is dropped.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    hints: Lines<BufReader<ChildStderr>>,
}

impl Watch {
    fn start(fixture: &ClientFixture<'_>, args: &[&str]) -> Self {
        let mut program = fixture.program_as("eye", args);
        let mut child = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let hints = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, lines, hints }
    }

    /// Waits for the next line, and returns these of its fields.
    fn next<const N: usize>(&mut self, fields: [&str; N]) -> [Value; N] {
        let line: Value = serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap();
        fields.map(|field| line[field].clone())
    }

    /// Waits for the next hint.
    fn next_hint(&mut self) -> String {
        self.hints.next().unwrap().unwrap()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_change_of_others_is_a_line() {
    let server = Served::start().await;
    let fixture = ClientFixture { server: &server };
    fixture.ok("tom", &DECLARE);
    let list = ["list", "status:triggered", "--watch", "--json"];
    let mut list = Watch::start(&fixture, &list);
    let mut show = Watch::start(&fixture, &["show", "1", "--watch", "--json"]);
    let events = ["events", "1", "--since", "1h", "--watch", "--json"];
    let mut events = Watch::start(&fixture, &events);
    assert_eq!(list.next(["change", "number"]), ["listed".into(), Value::from(1)]);
    assert_eq!(show.next(["change", "status"]), ["listed", "triggered"]);
    assert_eq!(events.next(["kind", "number"]), ["declared".into(), Value::from(1)]);

    fixture.ok("tom", &DECLARE);
    assert_eq!(list.next(["change", "number"]), ["added".into(), Value::from(2)]);
    fixture.ok("ines", &["assign", "1", "tom"]);
    assert_eq!(list.next(["change", "owner"]), ["changed", "Tom Varga"]);
    assert_eq!(show.next(["change", "owner"]), ["changed", "Tom Varga"]);
    assert_eq!(events.next(["kind", "text"]), ["assigned", "to Tom Varga"]);
    fixture.ok("ines", &["ack", "1"]);
    assert_eq!(list.next(["change", "status"]), ["removed", "acknowledged"]);
    assert_eq!(show.next(["change", "status"]), ["changed", "acknowledged"]);
    assert_eq!(events.next(["kind", "number"]), ["acknowledged".into(), Value::from(1)]);
}

/// Events during an outage of the server are printed once it is back, and nothing is printed twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch_outlasts_a_restart_of_the_server() {
    let mut server = Served::start().await;
    let (mut list, mut events) = {
        let fixture = ClientFixture { server: &server };
        fixture.ok("tom", &DECLARE);
        let list = Watch::start(&fixture, &["list", "--watch", "--json"]);
        (list, Watch::start(&fixture, &["events", "--since", "1h", "--watch", "--json"]))
    };
    assert_eq!(list.next(["change"]), ["listed"]);
    assert_eq!(events.next(["kind"]), ["declared"]);
    server.stop().await;
    for watch in [&mut list, &mut events] {
        let hint = watch.next_hint();
        assert!(hint.ends_with(": it is asked again until it answers"), "{hint}");
    }
    server.again().await;
    let fixture = ClientFixture { server: &server };
    fixture.ok("ines", &["ack", "1"]);
    fixture.ok("ines", &["note", "1", "back again"]);
    assert_eq!(events.next(["kind"]), ["acknowledged"]);
    assert_eq!(events.next(["kind", "text"]), ["note_added", "back again"]);
    loop {
        let [change, seq] = list.next(["change", "seq"]);
        assert_eq!(change, "changed");
        if seq == 3 {
            break;
        }
    }
}
