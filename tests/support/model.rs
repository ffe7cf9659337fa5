//! An incident, and commands applied to it.

use chrono::{DateTime, TimeDelta, Utc};
use redphone::model::command::Declaration;
use redphone::model::decide::{Context, decide};
use redphone::model::status::{Category, ResolutionAction, Source};
use redphone::model::{
    Actor, Command, CommandId, Envelope, Event, Impact, Incident, IncidentCommand, IncidentId,
    PersonRef, Rejection, Rules, Urgency,
};

pub fn at(minute: i64) -> DateTime<Utc> {
    "2026-03-02T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
}

pub fn ines() -> PersonRef {
    PersonRef::new("ines", "Ines Moreau")
}

pub fn tariq() -> PersonRef {
    PersonRef::new("tariq", "Tariq Osei")
}

pub fn declaration(title: &str) -> Declaration {
    Declaration {
        alerts: None,
        title: title.into(),
        services: vec!["checkout".into(), "payments-gateway".into()],
        impact: Impact::High,
        urgency: Urgency::High,
        category: Some(Category::Application),
        source: Source::Monitoring,
        symptoms: "Card payments answer 502.".into(),
        detected_at: at(-1),
        reported_at: at(0),
        team: Some("payments".into()),
        labels: vec![],
        dedup_key: None,
        runbook: None,
    }
}

pub fn envelope(
    minute: i64,
    by: PersonRef,
    incident: IncidentId,
    command: IncidentCommand,
) -> Envelope {
    Envelope {
        id: CommandId::new(),
        at: at(minute),
        actor: Actor::Person(by),
        command: Command::incident(incident, command),
        expected_seq: None,
    }
}

/// An incident on which commands are tried, minute by minute.
pub struct Bench {
    pub rules: Rules,
    pub events: Vec<Event>,
    pub incident: Incident,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(declaration("Card payments fail at checkout"))
    }

    pub fn with(declaration: Declaration) -> Self {
        let rules = Rules::default();
        let command = IncidentCommand::Declare(Box::new(declaration));
        let made = envelope(0, ines(), IncidentId::new(), command);
        let events = decide(None, &made, Context { now: at(0), rules: &rules }).unwrap();
        let incident = Incident::fold(&events).unwrap().unwrap();
        Self { rules, events, incident }
    }

    pub fn try_as(
        &self,
        by: PersonRef,
        minute: i64,
        command: IncidentCommand,
    ) -> Result<Vec<Event>, Rejection> {
        let made = envelope(minute, by, self.incident.summary.id, command);
        decide(Some(&self.incident), &made, Context { now: at(minute), rules: &self.rules })
    }

    pub fn refusal(&self, minute: i64, command: IncidentCommand) -> Rejection {
        self.try_as(tariq(), minute, command).expect_err("should be refused")
    }

    pub fn ask(&mut self, minute: i64, command: IncidentCommand) -> &mut Self {
        let events = self.try_as(tariq(), minute, command).expect("should be allowed");
        for event in &events {
            self.incident.apply_next(event).unwrap();
        }
        self.events.extend(events);
        self
    }

    pub fn resolve(&mut self, minute: i64) -> &mut Self {
        self.ask(minute, resolve())
    }
}

pub fn resolve() -> IncidentCommand {
    IncidentCommand::Resolve {
        action: ResolutionAction::Rollback,
        detail: "checkout back to v811".into(),
        validation: "error rate at 0 for 10 min".into(),
    }
}

pub fn note(text: &str) -> IncidentCommand {
    IncidentCommand::AddNote { text: text.into() }
}
