//! Short helpers for stores, events and commands.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use redphone::backend::Backend;
use redphone::backend::file::{FileStore, ImportError, Imported, Options, RecordProblem};
use redphone::backend::record::Record;
use redphone::model::command::Declaration;
use redphone::model::status::Category;
use redphone::model::{
    Actor, CommandId, Event, EventBody, EventId, IncidentCommand, IncidentId, IncidentNumber,
    Priority, Urgency,
};

use crate::support::commands;
pub use crate::support::requests::ask;
use crate::support::requests::ines;
pub use crate::support::store::{open, options};

/// Opens a store that soon reports the lock of another process, for tests in which it is not released.
pub async fn open_impatient(path: &Path) -> FileStore {
    let options = Options { lock_timeout: Duration::from_millis(300), ..options() };
    FileStore::open(path, options).await.unwrap()
}

/// Returns the message with which opening a store is refused.
pub async fn refused(path: &Path) -> String {
    match FileStore::open(path, options()).await {
        Ok(_) => panic!("{} was opened", path.display()),
        Err(error) => error.to_string(),
    }
}

pub fn declaration(title: &str) -> Declaration {
    let now = Utc::now().trunc_subsecs(0);
    Declaration {
        services: vec!["checkout".into(), "cart".into()],
        urgency: Urgency::Medium,
        category: Some(Category::Application),
        symptoms: "carts are empty".into(),
        detected_at: now - TimeDelta::minutes(2),
        reported_at: now - TimeDelta::minutes(1),
        team: Some("payments".into()),
        labels: vec!["eu".into()],
        ..commands::declaration(title)
    }
}

pub async fn declared(store: &FileStore, title: &str) -> IncidentId {
    let id = IncidentId::new();
    store.execute(&ask(id, IncidentCommand::Declare(Box::new(declaration(title))))).await.unwrap();
    id
}

/// Returns an event, as it can occur in an import.
pub fn event(incident: IncidentId, seq: u32, body: EventBody) -> Event {
    let at: DateTime<Utc> = Utc::now().trunc_subsecs(3);
    let command = CommandId::new();
    let id = EventId::derived(command, 0);
    Event {
        id,
        incident,
        seq,
        at,
        recorded_at: at,
        actor: Actor::Person(ines()),
        command,
        because: None,
        verdicts: Vec::new(),
        undo: None,
        body,
        extra: <_>::default(),
    }
}

pub fn declared_event(incident: IncidentId, number: Option<u64>, title: &str) -> Event {
    let body = EventBody::Declared {
        number: number.map(IncidentNumber),
        priority: Priority::P2,
        declaration: Box::new(declaration(title)),
    };
    event(incident, 1, body)
}

pub fn record(event: &Event) -> Record {
    Record::Event(Box::new(event.clone()))
}

/// Imports records, all of which must be valid.
pub async fn import(store: &FileStore, records: &[Record]) -> Imported {
    let mut importer = store.importer().await.unwrap();
    for record in records {
        importer.add(record.clone()).await.unwrap();
    }
    importer.commit().await.unwrap()
}

/// Returns the field and the problem for which a record was refused.
pub fn bad(result: Result<(), ImportError>) -> (&'static str, RecordProblem) {
    match result {
        Err(ImportError::Invalid { field, problem }) => (field, problem),
        other => panic!("{other:?} is not a bad record"),
    }
}

/// Returns the lines of an export.
pub async fn exported(store: &FileStore) -> Vec<String> {
    let mut lines = Vec::new();
    let count = store
        .export(&mut |record| {
            lines.push(serde_json::to_string(record).unwrap());
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(count, lines.len() as u64);
    lines
}
