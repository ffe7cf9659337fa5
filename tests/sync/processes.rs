//! Several processes of one machine share the outbox and the cache and send nothing twice; a killed
//! process loses nothing.
//!
//! `REDPHONE_OUTBOX_RUNS` sets how often one is killed (10; the full run is 100).

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::time::Duration;

use redphone::model::{CommandId, IncidentCommand, IncidentId};
use redphone::sync::remote::Remote;

use super::fixtures::{RemoteFixture, all_sent, options, store_at, until};
use crate::support::remote_stub::{RemoteStub, StubMode};
use crate::support::requests::{ask, declared};
use crate::support::sample::Sample;

/// The variable with the task of a process of these tests; set only for such a process.
const CHILD_ARGUMENTS: &str = "REDPHONE_OUTBOX_PLACE";

/// The process: puts notes into the outbox, one after another, and prints each that is durable.
/// Without notes to write, it only sends what other processes have put there.
#[tokio::test]
async fn child_process_that_sends_commands() {
    let Some(arguments) = std::env::var_os(CHILD_ARGUMENTS) else { return };
    let arguments = arguments.into_string().unwrap();
    let [folder, id, count, mode] = arguments.split('|').collect::<Vec<_>>()[..] else { panic!() };
    let (folder, id): (&Path, IncidentId) = (Path::new(folder), id.parse().unwrap());
    let store = store_at(&folder.join("store.db")).await;
    let stub = RemoteStub::new(Arc::new(store));
    if mode == "cut" {
        stub.set_mode(StubMode::Offline);
    }
    let remote = Remote::open(stub, options(folder, "ines")).await.unwrap();
    report("open");
    for _ in 0..count.parse().unwrap() {
        let envelope =
            ask(id, IncidentCommand::AddNote { text: format!("of {}", std::process::id()) });
        remote.enqueue(vec![envelope.clone()]).await.unwrap();
        report(&format!("durable {}", envelope.id));
    }
    if mode == "stay" {
        std::future::pending::<()>().await;
    }
    if mode == "open" {
        all_sent(&remote).await;
    }
}

#[expect(clippy::disallowed_methods, reason = "no text comes from outside")]
fn report(what: &str) {
    let mut out = std::io::stdout().lock();
    // The test runner prints the name of the test before the first line.
    writeln!(out, "\n{what}").unwrap();
    out.flush().unwrap();
}

fn start(fixture: &RemoteFixture, id: IncidentId, count: usize, mode: &str) -> Child {
    let folder = fixture.folder.path().display();
    Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "sync::processes::child_process_that_sends_commands", "--nocapture"])
        .env(CHILD_ARGUMENTS, format!("{folder}|{id}|{count}|{mode}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Returns the commands that a process reported as durable until it ended.
fn durable(child: &mut Child) -> Vec<CommandId> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("durable ").and_then(|id| id.parse().ok()))
        .collect()
}

/// Checks that all these commands were executed, each once.
async fn happened_once(fixture: &RemoteFixture, id: IncidentId, durable: &[CommandId]) {
    let events = fixture.events(id).await;
    for command in durable {
        let times = events.iter().filter(|event| event.command == *command).count();
        assert_eq!(times, 1, "{command}");
    }
}

#[tokio::test]
async fn several_processes_send_each_command_once() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let mut children: Vec<Child> = (0..4).map(|_| start(&fixture, id, 25, "open")).collect();
    let mut all = Vec::new();
    for child in &mut children {
        all.extend(durable(child));
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(all.len(), 100);
    happened_once(&fixture, id, &all).await;
    assert_eq!(fixture.notes(id).await.len(), 100);
    let remote = fixture.remote().await;
    assert_eq!(remote.watch_outbox().borrow().counts().pending, 0);
}

#[tokio::test]
async fn open_or_killed_process_does_not_stop_others_from_sending() {
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let mut first = start(&fixture, id, 1, "stay");
    // The process is sending: its note has arrived.
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    lines
        .find(|line| line.as_ref().is_ok_and(|line| line.starts_with("durable")))
        .unwrap()
        .unwrap();
    let second = fixture.remote().await;
    all_sent(&second).await;
    // The process is suspended now, as by SIGSTOP.
    let stopped = Process::new("kill").args(["-STOP", &first.id().to_string()]).status();
    assert!(stopped.unwrap().success());
    let envelope = ask(id, IncidentCommand::AddNote { text: "by the second".into() });
    second.enqueue(vec![envelope.clone()]).await.unwrap();
    all_sent(&second).await;
    assert_eq!(fixture.stub.arrived(), [envelope.id]);
    first.kill().unwrap();
    first.wait().unwrap();
    let envelope = ask(id, IncidentCommand::AddNote { text: "after it".into() });
    second.enqueue(vec![envelope.clone()]).await.unwrap();
    until(&second, |listing| listing.pending().next().is_none()).await;
    assert_eq!(fixture.stub.arrived().last(), Some(&envelope.id));
    assert_eq!(fixture.notes(id).await.len(), 3);
}

#[tokio::test]
async fn process_killed_at_any_time_loses_and_repeats_nothing() {
    let runs = Sample::new("REDPHONE_OUTBOX_RUNS", 10);
    let fixture = RemoteFixture::new().await;
    let id = declared(&*fixture.store, "Cards fail").await;
    let mut all = Vec::new();
    for run in runs.rounds(4) {
        // Half of the processes only write, the others also send.
        let mode = if run % 2 == 0 { "cut" } else { "open" };
        let mut child = start(&fixture, id, 100_000, mode);
        let process = child.id();
        let kill = std::thread::spawn(move || {
            // It is killed at any moment, whatever it does then.
            std::thread::sleep(Duration::from_millis(150 + (run * 37) % 400));
            let _ = Process::new("kill").args(["-KILL", &process.to_string()]).status();
        });
        all.extend(durable(&mut child));
        kill.join().unwrap();
        child.wait().unwrap();
    }
    assert!(!all.is_empty());
    let remote = fixture.remote().await;
    let mut outbox = remote.watch_outbox();
    let sent = outbox.wait_for(|outbox| outbox.pending().next().is_none());
    tokio::time::timeout(Duration::from_mins(5), sent).await.expect("all is sent").unwrap();
    happened_once(&fixture, id, &all).await;
    let events = fixture.events(id).await;
    let mut commands: Vec<CommandId> = events.iter().map(|event| event.command).collect();
    let count = commands.len();
    commands.sort();
    commands.dedup();
    assert_eq!(commands.len(), count, "nothing twice");
}
