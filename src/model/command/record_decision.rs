//! Record a decision of the response: its content, reason and author.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::logic::{Case, CommandLogic, Decided, EventLogic, quote};
use super::table::{CommandRow, Fact, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField};
use crate::model::{Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::RecordDecision,
    "record_decision",
    "decision",
    "record what was decided, by whom and why",
    |_, _| {
        let (decision, reason) = (SAMPLE_TEXT.into(), SAMPLE_TEXT.into());
        Some(IncidentCommand::RecordDecision(Decision { decision, reason, by: None }))
    },
)
.facts(facts);

/// How many decisions a detail view shows; the timeline has all of them.
const MAX_SHOWN: usize = 3;

/// A decision that was made during the response.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// The decision.
    pub decision: String,
    /// The reason for the decision.
    pub reason: String,
    /// The person who made the decision. If a command names nobody, it is the requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonRef>,
}

impl Decision {
    /// Returns the decision as one line.
    fn line(&self) -> String {
        let by = self.by.as_ref().map(|by| format!(" · by {}", by.name)).unwrap_or_default();
        format!("{}: {}{by}", self.decision, self.reason)
    }

    fn check(&self) -> Result<(), BadField> {
        check::required_text("decision", &self.decision)?;
        check::required_text("reason", &self.reason)?;
        self.by.as_ref().map_or(Ok(()), |by| check::person("by", by))
    }
}

/// Returns the latest decisions, the last one first.
fn facts(incident: &Incident) -> Vec<Fact> {
    let latest = incident.decisions.iter().rev().take(MAX_SHOWN);
    latest.map(|decision| Fact { label: "Decision", text: decision.line() }).collect()
}

pub(in crate::model) struct RecordDecision<'a> {
    pub decision: &'a Decision,
}

impl CommandLogic for RecordDecision<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        self.decision.check()?;
        let mut decision = self.decision.clone();
        decision.by = decision.by.or_else(|| case.envelope.actor.person().cloned());
        Ok(vec![EventBody::DecisionRecorded(decision)])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn phrase(&self) -> &'static str {
        "record a decision on"
    }

    fn content(&self) -> String {
        self.decision.line()
    }
}

pub(in crate::model) struct DecisionRecorded<'a> {
    pub decision: &'a Decision,
}

impl EventLogic for DecisionRecorded<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        incident.decisions.push(self.decision.clone());
    }

    fn check(&self) -> Result<(), BadField> {
        self.decision.check()
    }

    /// So that the timeline of the review has it.
    fn is_milestone(&self) -> bool {
        true
    }

    fn label(&self) -> &'static str {
        "Decision"
    }

    fn detail(&self) -> String {
        self.decision.line()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        format!("recorded a decision: {}", quote(&self.decision.decision))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::model::check::FieldProblem;
    use crate::model::command::Declaration;
    use crate::model::decide::{Context, decide};
    use crate::model::status::Source;
    use crate::model::{
        Actor, Command, CommandId, Envelope, Impact, IncidentId, Rejection, Rules, Urgency,
    };

    fn ines() -> PersonRef {
        PersonRef::new("ines", "Ines Moreau")
    }

    fn decided_by(by: Option<PersonRef>) -> Decision {
        let (decision, reason) = ("fail over to the standby", "the primary loses writes");
        Decision { decision: decision.into(), reason: reason.into(), by }
    }

    /// Decides a command that Ines sends, and applies the events.
    fn send(
        incident: Option<&Incident>,
        id: IncidentId,
        command: IncidentCommand,
    ) -> Result<(Incident, Vec<Event>), Rejection> {
        let at: DateTime<Utc> = DateTime::UNIX_EPOCH;
        let actor = Actor::Person(ines());
        let command = Command::incident(id, command);
        let envelope = Envelope { id: CommandId::new(), at, actor, command, expected_seq: None };
        let events = decide(incident, &envelope, Context { now: at, rules: &Rules::default() })?;
        let mut changed = match incident {
            Some(incident) => incident.clone(),
            None => Incident::from_declaration(&events[0]).unwrap(),
        };
        events.iter().skip(usize::from(incident.is_none())).for_each(|event| {
            changed.apply_next(event).unwrap();
        });
        Ok((changed, events))
    }

    fn declared() -> Incident {
        let declaration = Declaration {
            alerts: None,
            title: "payments fail".into(),
            services: Vec::new(),
            impact: Impact::High,
            urgency: Urgency::High,
            category: None,
            source: Source::Internal,
            symptoms: String::new(),
            detected_at: DateTime::UNIX_EPOCH,
            reported_at: DateTime::UNIX_EPOCH,
            team: None,
            labels: Vec::new(),
            dedup_key: None,
            runbook: None,
        };
        send(None, IncidentId::new(), IncidentCommand::Declare(Box::new(declaration))).unwrap().0
    }

    fn record(
        incident: &Incident,
        decision: Decision,
    ) -> Result<(Incident, Vec<Event>), Rejection> {
        let command = IncidentCommand::RecordDecision(decision);
        send(Some(incident), incident.summary.id, command)
    }

    #[test]
    fn decision_is_of_its_sender_unless_somebody_is_named() {
        let (incident, events) = record(&declared(), decided_by(None)).unwrap();
        assert_eq!(incident.decisions, [decided_by(Some(ines()))]);
        assert_eq!(
            events[0].body.detail(),
            "fail over to the standby: the primary loses writes · by Ines Moreau"
        );
        let tariq = PersonRef::new("tariq", "Tariq Osei");
        let (incident, _) = record(&incident, decided_by(Some(tariq.clone()))).unwrap();
        assert_eq!(incident.decisions[1].by, Some(tariq));
        let facts: Vec<Fact> = incident.facts().collect();
        assert_eq!(facts.len(), 2);
        assert!(facts[0].text.ends_with("by Tariq Osei"), "{}", facts[0].text);
    }

    #[test]
    fn decision_needs_what_and_why() {
        let incident = declared();
        let refused = |field, problem| Rejection::Field(BadField::new(field, problem));
        for (decision, reason, field) in [(" ", "why", "decision"), ("what", "", "reason")] {
            let decision = Decision { decision: decision.into(), reason: reason.into(), by: None };
            assert_eq!(
                record(&incident, decision).unwrap_err(),
                refused(field, FieldProblem::NoText)
            );
        }
        let nobody = Decision { by: Some(PersonRef::new("", "")), ..decided_by(None) };
        assert_eq!(record(&incident, nobody).unwrap_err(), refused("by", FieldProblem::Empty));
    }

    #[test]
    fn decision_is_a_milestone_that_nothing_undoes() {
        let incident = declared();
        let (_, events) = record(&incident, decided_by(None)).unwrap();
        assert!(events[0].body.is_milestone());
        let json = serde_json::to_value(&events[0]).unwrap();
        assert_eq!(json["kind"], "decision_recorded");
        assert_eq!(json["by"]["handle"], "ines");
        assert_eq!(serde_json::from_value::<Event>(json).unwrap(), events[0]);
        assert!(ROW.inverse.is_empty());
        let command = IncidentCommand::RecordDecision(decided_by(None));
        assert_eq!(command.inverse(CommandId::new(), None), None);
    }
}
