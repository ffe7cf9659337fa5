//! Short helpers for commands and searches.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::backend::{Backend, Search};
use redphone::model::command::Declaration;
use redphone::model::queue::Sort;
use redphone::model::status::{Category, ResolutionAction};
use redphone::model::{
    Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, PersonRef, Urgency,
};

use super::commands;

pub fn ines() -> PersonRef {
    PersonRef::new("ines", "Ines Moreau")
}

pub fn envelope(command: Command) -> Envelope {
    Envelope {
        id: CommandId::new(),
        at: Utc::now(),
        actor: Actor::Person(ines()),
        command,
        expected_seq: None,
    }
}

pub fn ask(incident: IncidentId, command: IncidentCommand) -> Envelope {
    envelope(Command::incident(incident, command))
}

pub fn declaration(title: &str) -> Declaration {
    let now = Utc::now();
    Declaration {
        urgency: Urgency::Medium,
        category: Some(Category::Application),
        detected_at: now - TimeDelta::minutes(2),
        reported_at: now - TimeDelta::minutes(1),
        team: Some("payments".into()),
        ..commands::declaration(title)
    }
}

pub fn declare_as(declaration: Declaration) -> (IncidentId, Envelope) {
    let id = IncidentId::new();
    (id, ask(id, IncidentCommand::Declare(Box::new(declaration))))
}

pub fn declare(title: &str) -> (IncidentId, Envelope) {
    declare_as(declaration(title))
}

/// Declares an incident and returns its id.
pub async fn declared(backend: &dyn Backend, title: &str) -> IncidentId {
    let (id, envelope) = declare(title);
    backend.execute(&envelope).await.unwrap();
    id
}

/// Executes a declaration and returns the id of the incident.
pub async fn declared_as(backend: &dyn Backend, declaration: Declaration) -> IncidentId {
    let (id, envelope) = declare_as(declaration);
    backend.execute(&envelope).await.unwrap();
    id
}

/// Executes a command that must succeed.
pub async fn done(backend: &dyn Backend, incident: IncidentId, what: IncidentCommand) {
    backend.execute(&ask(incident, what)).await.unwrap();
}

pub fn resolve() -> IncidentCommand {
    IncidentCommand::Resolve {
        action: ResolutionAction::Rollback,
        detail: "went back to v811".into(),
        validation: "error rate is normal".into(),
    }
}

pub fn search(filter: &str) -> Search {
    Search {
        filter: filter.parse().unwrap(),
        me: Some("ines".into()),
        sort: Sort::Newest,
        limit: 100,
        after: None,
        now: Utc::now(),
    }
}

/// Returns the titles of the incidents that a filter finds, newest first.
pub async fn titles(backend: &dyn Backend, filter: &str) -> Vec<String> {
    let page = backend.search(&search(filter)).await.unwrap();
    page.rows.into_iter().map(|row| row.title).collect()
}

pub fn ago(minutes: i64) -> DateTime<Utc> {
    Utc::now() - TimeDelta::minutes(minutes)
}
