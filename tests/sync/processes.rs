//! Several processes of one machine share what is kept, and do not send twice; a process that is
//! killed loses nothing.
//!
//! `REDPHONE_OUTBOX_RUNS` sets how often one is killed (10; the full run is 100).

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::sync::Arc;
use std::time::Duration;

use redphone::model::{CommandId, IncidentCommand, IncidentId};
use redphone::sync::remote::Remote;

use super::fixtures::{Place, all_sent, options, store_at, until};
use crate::support::far::{Far, Way};
use crate::support::requests::{ask, declared};
use crate::support::sample::Sample;

/// What a process of these tests does; set for it, and only there.
const PLACE: &str = "REDPHONE_OUTBOX_PLACE";

/// The process: puts notes into the outbox, one after another, and says of each that it is durable
/// once it is; or, without notes to write, only sends what others have put there.
#[tokio::test]
async fn a_process_of_its_own() {
    let Some(given) = std::env::var_os(PLACE) else { return };
    let given = given.into_string().unwrap();
    let [folder, id, count, way] = given.split('|').collect::<Vec<_>>()[..] else { panic!() };
    let (folder, id): (&Path, IncidentId) = (Path::new(folder), id.parse().unwrap());
    let store = store_at(&folder.join("store.db")).await;
    let far = Far::new(Arc::new(store));
    if way == "cut" {
        far.set(Way::Cut);
    }
    let remote = Remote::open(far, options(folder, "ines")).await.unwrap();
    say("open");
    for _ in 0..count.parse().unwrap() {
        let envelope =
            ask(id, IncidentCommand::AddNote { text: format!("of {}", std::process::id()) });
        remote.enqueue(vec![envelope.clone()]).await.unwrap();
        say(&format!("durable {}", envelope.id));
    }
    if way == "stay" {
        std::future::pending::<()>().await;
    }
    if way == "open" {
        all_sent(&remote).await;
    }
}

fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    // The name of the test stands in front of the first line.
    writeln!(out, "\n{what}").unwrap();
    out.flush().unwrap();
}

fn start(place: &Place, id: IncidentId, count: usize, way: &str) -> Child {
    let folder = place.folder.path().display();
    Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "sync::processes::a_process_of_its_own", "--nocapture"])
        .env(PLACE, format!("{folder}|{id}|{count}|{way}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The commands that a process has called durable until it ended.
fn durable(child: &mut Child) -> Vec<CommandId> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines
        .map_while(Result::ok)
        .filter_map(|line| line.strip_prefix("durable ").and_then(|id| id.parse().ok()))
        .collect()
}

/// All of these have happened, each once.
async fn happened_once(place: &Place, id: IncidentId, durable: &[CommandId]) {
    let events = place.events(id).await;
    for command in durable {
        let times = events.iter().filter(|event| event.command == *command).count();
        assert_eq!(times, 1, "{command}");
    }
}

#[tokio::test]
async fn several_processes_send_each_command_once() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let mut children: Vec<Child> = (0..4).map(|_| start(&place, id, 25, "open")).collect();
    let mut all = Vec::new();
    for child in &mut children {
        all.extend(durable(child));
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(all.len(), 100);
    happened_once(&place, id, &all).await;
    assert_eq!(place.notes(id).await.len(), 100);
    let remote = place.remote().await;
    assert_eq!(remote.watch_outbox().borrow().counts().pending, 0);
}

#[tokio::test]
async fn a_process_that_stays_open_keeps_no_other_from_sending_and_one_that_is_killed_neither() {
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let mut first = start(&place, id, 1, "stay");
    // It sends: its note has arrived.
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    lines
        .find(|line| line.as_ref().is_ok_and(|line| line.starts_with("durable")))
        .unwrap()
        .unwrap();
    let second = place.remote().await;
    all_sent(&second).await;
    // It sleeps now, as one that was stopped does.
    let stopped = Process::new("kill").args(["-STOP", &first.id().to_string()]).status();
    assert!(stopped.unwrap().success());
    let envelope = ask(id, IncidentCommand::AddNote { text: "by the second".into() });
    second.enqueue(vec![envelope.clone()]).await.unwrap();
    all_sent(&second).await;
    assert_eq!(place.far.arrived(), [envelope.id]);
    first.kill().unwrap();
    first.wait().unwrap();
    let envelope = ask(id, IncidentCommand::AddNote { text: "after it".into() });
    second.enqueue(vec![envelope.clone()]).await.unwrap();
    until(&second, |listing| listing.pending().next().is_none()).await;
    assert_eq!(place.far.arrived().last(), Some(&envelope.id));
    assert_eq!(place.notes(id).await.len(), 3);
}

#[tokio::test]
async fn a_process_that_is_killed_at_any_moment_loses_nothing_and_doubles_nothing() {
    let runs = Sample::new("REDPHONE_OUTBOX_RUNS", 10);
    let place = Place::new().await;
    let id = declared(&*place.store, "Cards fail").await;
    let mut all = Vec::new();
    for run in runs.rounds(4) {
        // Half of them only write, the others also send.
        let way = if run % 2 == 0 { "cut" } else { "open" };
        let mut child = start(&place, id, 100_000, way);
        let process = child.id();
        let kill = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(150 + (run * 37) % 400));
            let _ = Process::new("kill").args(["-KILL", &process.to_string()]).status();
        });
        all.extend(durable(&mut child));
        kill.join().unwrap();
        child.wait().unwrap();
    }
    assert!(!all.is_empty());
    let remote = place.remote().await;
    let mut outbox = remote.watch_outbox();
    let sent = outbox.wait_for(|outbox| outbox.pending().next().is_none());
    tokio::time::timeout(Duration::from_mins(5), sent).await.expect("all is sent").unwrap();
    happened_once(&place, id, &all).await;
    let events = place.events(id).await;
    let mut commands: Vec<CommandId> = events.iter().map(|event| event.command).collect();
    let count = commands.len();
    commands.sort();
    commands.dedup();
    assert_eq!(commands.len(), count, "nothing twice");
}
