//! A writer is killed at random moments: everything it acknowledged is stored, and nothing is
//! duplicated.
//!
//! `REDPHONE_CRASH_RUNS` sets how often (10; the full run is 200), `REDPHONE_SEED` at which moments.

mod engine;
mod heartbeat;
mod program;
mod put_back;
mod reached;
mod self_test;
mod watch;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command as Process, Stdio};
use std::time::Duration;

use chrono::Utc;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use redphone::backend::Backend;
use redphone::backend::file::{FileStore, doctor};
use redphone::backend::record::Record;
use redphone::model::actor::PersonRef;
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::command::Declaration;
use redphone::model::directory::Directory;
use redphone::model::{
    Actor, ChangeId, Command, CommandId, Event, EventBody, EventId, IncidentCommand, IncidentId,
    Priority, Urgency,
};

use crate::support::commands;
use crate::support::requests::{envelope, ines};
use crate::support::sample::{Sample, seed};
use crate::support::store::open;

/// The variable with the path of the store; set only for the process that is killed.
const STORE: &str = "REDPHONE_CRASH_STORE";

fn declaration(title: impl Into<String>) -> Declaration {
    Declaration {
        services: vec!["checkout".into(), "cart".into()],
        urgency: Urgency::Low,
        symptoms: "errors".into(),
        team: Some("payments".into()),
        ..commands::declaration(title)
    }
}

/// Prints that something is durable, before the next write begins.
#[expect(clippy::disallowed_methods, reason = "no text comes from outside")]
fn acknowledge(what: &str, id: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "durable {what} {id}").unwrap();
    out.flush().unwrap();
}

/// An import of one incident with two events.
async fn import(store: &FileStore) {
    let incident = IncidentId::new();
    let mut importer = store.importer().await.unwrap();
    let mut ids = Vec::new();
    for (seq, body) in [
        (
            1,
            EventBody::Declared {
                number: None,
                priority: Priority::P3,
                declaration: Box::new(declaration("imported")),
            },
        ),
        (2, EventBody::Acknowledged),
    ] {
        let event = Event {
            id: EventId::new(),
            incident,
            seq,
            at: Utc::now(),
            recorded_at: Utc::now(),
            actor: Actor::Person(ines()),
            command: CommandId::new(),
            body,
            extra: <_>::default(),
            because: None,
            verdicts: Vec::new(),
            undo: None,
        };
        ids.push(event.command);
        importer.add(Record::Event(Box::new(event))).await.unwrap();
    }
    importer.commit().await.unwrap();
    for id in ids {
        acknowledge("command", &id.to_string());
    }
}

/// Executes commands that are made durable together.
async fn together(store: &FileStore, title: &str) {
    let mut commands = Vec::new();
    for _ in 0..10 {
        let incident = IncidentId::new();
        for incident_command in
            [IncidentCommand::Declare(Box::new(declaration(title))), IncidentCommand::Acknowledge]
        {
            commands.push(envelope(Command::incident(incident, incident_command)));
        }
    }
    for (command, outcome) in commands.iter().zip(store.execute_all(&commands).await) {
        outcome.unwrap();
        acknowledge("command", &command.id.to_string());
    }
}

/// The process that is killed. It writes records of all kinds until then.
#[tokio::test]
async fn writer_process_for_the_kill_test() {
    let Some(path) = std::env::var_os(STORE) else { return };
    let store = open(Path::new(&path)).await;
    for round in 0u64.. {
        let incident = IncidentId::new();
        let title = format!("round {round} of {}", std::process::id());
        for command in [
            IncidentCommand::Declare(Box::new(declaration(title.clone()))),
            IncidentCommand::Acknowledge,
            IncidentCommand::AddNote { text: "looking into it".into() },
        ] {
            let envelope = envelope(Command::incident(incident, command));
            store.execute(&envelope).await.unwrap();
            acknowledge("command", &envelope.id.to_string());
        }
        match round % 5 {
            4 => together(&store, &title).await,
            0 => {
                let id = ChangeId::new();
                let change = Change {
                    id,
                    kind: ChangeKind::Deploy,
                    title,
                    services: vec!["checkout".into()],
                    by: Actor::Person(ines()),
                    starts_at: Utc::now(),
                    ends_at: None,
                    state: ChangeState::Running,
                    url: None,
                    approval: None,
                    extra: <_>::default(),
                };
                store.execute(&envelope(Command::RecordChange(change))).await.unwrap();
                acknowledge("change", &id.to_string());
            }
            1 => {
                let people = vec![PersonRef::new(format!("p{round}"), title.clone())];
                let directory = Directory { people, ..Directory::default() };
                store.set_directory(&directory).await.unwrap();
                acknowledge("directory", &format!("p{round}"));
            }
            2 => import(&store).await,
            _ => {
                let search = redphone::backend::Search {
                    filter: "is:any looking".parse().unwrap(),
                    me: None,
                    sort: redphone::model::queue::Sort::Newest,
                    limit: 5,
                    after: None,
                    now: Utc::now(),
                };
                store.search(&search).await.unwrap();
            }
        }
    }
}

fn start(path: &Path) -> Child {
    Process::new(std::env::current_exe().unwrap())
        .args([
            "crash::writer_process_for_the_kill_test",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(STORE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets a writer run for a while and kills it. Returns the ids that it had acknowledged.
fn run_and_kill(path: &Path, rng: &mut ChaCha8Rng) -> Vec<String> {
    let mut child = start(path);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut output = String::new();
    let mut line = String::new();
    // The time before the first acknowledgement, in which the file is created, is tested too.
    let early = rng.random_range(0..5) == 0;
    while !early && !line.starts_with("durable") {
        line.clear();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "the writer stopped by itself");
        output.push_str(&line);
    }
    // It is killed at any moment, whatever it does then.
    std::thread::sleep(Duration::from_micros(rng.random_range(0..150_000)));
    child.kill().unwrap();
    child.wait().unwrap();
    out.read_to_string(&mut output).unwrap();
    // An incomplete last line does not count.
    let complete_len = output.rfind('\n').map_or(0, |end| end + 1);
    output[..complete_len]
        .lines()
        .filter_map(|l| l.strip_prefix("durable "))
        .map(str::to_owned)
        .collect()
}

/// The contents of a store, named as the writer names them.
#[derive(Default)]
struct StoreContents {
    commands: HashSet<String>,
    changes: HashSet<String>,
    people: HashSet<String>,
}

async fn contents(store: &FileStore) -> StoreContents {
    let mut contents = StoreContents::default();
    let mut events = HashSet::new();
    let mut last: HashMap<IncidentId, u32> = HashMap::new();
    store
        .export(&mut |record| {
            match record {
                Record::Event(event) => {
                    assert!(events.insert(event.id), "event {} is there twice", event.id);
                    let seq = last.entry(event.incident).or_default();
                    assert_eq!(event.seq, *seq + 1, "a timeline has a gap");
                    *seq = event.seq;
                    assert!(contents.commands.insert(event.command.to_string()), "done twice");
                }
                Record::Change(change) => {
                    contents.changes.insert(change.id.to_string());
                }
                Record::Directory(directory) => {
                    contents.people.extend(directory.people.iter().map(|p| p.handle.clone()));
                }
                Record::Header { .. }
                | Record::End { .. }
                | Record::Problem(_)
                | Record::Command(_)
                | Record::Administration(_)
                | Record::Notification(_)
                | Record::Notice(_)
                | Record::Attempt(_)
                | Record::Alert(_)
                | Record::Contacts(_)
                | Record::MaintenanceWindow(_)
                | Record::Heartbeat(_)
                | Record::Evidence(_)
                | Record::Unknown(_) => {}
            }
            Ok(())
        })
        .await
        .unwrap();
    contents
}

#[tokio::test]
async fn acknowledged_commands_survive_a_kill_at_any_time() {
    let runs = Sample::new("REDPHONE_CRASH_RUNS", 10);
    let seed = seed();
    println!("seed {seed}");
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let (mut acknowledged, mut count) = (0, 0);
    for run in runs.rounds(2) {
        count = run + 1;
        if run % 10 == 0 {
            // Start with no file, because the program can also be killed while it creates the file.
            for end in ["", "-wal", "-shm"] {
                std::fs::remove_file(folder.path().join(format!("store.db{end}"))).ok();
            }
        }
        let durable = run_and_kill(&path, &mut rng);
        acknowledged += durable.len();
        let store = open(&path).await;
        let contents = contents(&store).await;
        let mut last_person = None;
        for what in &durable {
            let (kind, id) = what.split_once(' ').unwrap();
            match kind {
                "command" => assert!(contents.commands.contains(id), "run {run}: {what} is lost"),
                "change" => assert!(contents.changes.contains(id), "run {run}: {what} is lost"),
                _ => last_person = Some(id),
            }
        }
        if let Some(person) = last_person {
            // A later directory may have been written and not acknowledged.
            let number = |p: &str| p[1..].parse::<u64>().unwrap();
            let highest = contents.people.iter().map(|p| number(p)).max().unwrap();
            assert!(highest >= number(person), "run {run}: the directory is lost");
        }
        store.close().await;
        let report = doctor::examine(&path).await.unwrap();
        assert!(report.is_healthy(), "run {run}: {:?}", report.findings);
    }
    println!("{acknowledged} acknowledgements in {count} of {} runs", runs.size());
    assert!(acknowledged > 0);
}
