//! Attach evidence: add a file or captured output.

use uuid::Uuid;

use super::logic::{Case, CommandLogic, Decided, EventLogic};
use super::table::{Argument, CommandRow, Fact, SAMPLE_TEXT};
use super::{CommandKind, IncidentCommand};
use crate::model::check::{self, BadField, FieldProblem};
use crate::model::evidence::{Evidence, MAX_EVIDENCE, decode_content, encode_content};
use crate::model::rejection::Rejection;
use crate::model::text::sanitize;
use crate::model::{Event, EventBody, Incident, PersonRef};

pub(super) const ROW: CommandRow = CommandRow::new(
    CommandKind::AttachEvidence,
    "attach_evidence",
    "attach",
    "attach a file or captured output",
    |_, _| {
        let content = encode_content(SAMPLE_TEXT.as_bytes());
        let (evidence, name) = (Uuid::nil(), SAMPLE_TEXT.to_owned());
        Some(IncidentCommand::AttachEvidence { evidence, name, content })
    },
)
.argument(Argument::File)
.facts(facts);

fn facts(incident: &Incident) -> Vec<Fact> {
    let evidence = incident.evidence.iter();
    evidence.map(|one| Fact { label: "Evidence", text: one.line() }).collect()
}

pub(in crate::model) struct AttachEvidence<'a> {
    pub evidence: Uuid,
    pub name: &'a str,
    pub content: &'a str,
}

impl CommandLogic for AttachEvidence<'_> {
    fn row(&self) -> &'static CommandRow {
        &ROW
    }

    fn decide(&self, case: &Case<'_>) -> Decided {
        check::name("name", self.name)?;
        let content = decode_content(self.content)?;
        let evidence = Evidence::new(self.evidence, self.name, &content);
        check::name("name", &evidence.name)?;
        let present = &case.incident.evidence;
        let is_same = |one: &Evidence| {
            one.id == evidence.id
                || !one.redacted && (one.name == evidence.name || one.hash == evidence.hash)
        };
        if let Some(same) = present.iter().find(|one| is_same(one)) {
            return Err(Rejection::AlreadyAttached { name: same.name.clone() });
        }
        let count = present.iter().filter(|one| !one.redacted).count() + 1;
        if count > MAX_EVIDENCE {
            let problem = FieldProblem::TooManyEntries { count, max: MAX_EVIDENCE };
            return Err(BadField::new("evidence", problem).into());
        }
        Ok(vec![EventBody::EvidenceAdded { evidence }])
    }

    fn applies_when_ended(&self) -> bool {
        true
    }

    fn phrase(&self) -> &'static str {
        "attach evidence to"
    }

    fn content(&self) -> String {
        self.name.to_owned()
    }
}

pub(in crate::model) struct EvidenceAdded<'a> {
    pub evidence: &'a Evidence,
}

impl EventLogic for EvidenceAdded<'_> {
    fn apply(&self, incident: &mut Incident, _: &Event) {
        if incident.evidence.iter().all(|one| one.id != self.evidence.id) {
            incident.evidence.push(self.evidence.clone());
        }
    }

    fn check(&self) -> Result<(), BadField> {
        self.evidence.check()
    }

    fn label(&self) -> &'static str {
        "Evidence"
    }

    fn detail(&self) -> String {
        self.evidence.line()
    }

    fn news(&self, _: &Event, _: &PersonRef) -> String {
        if self.evidence.redacted {
            return "attached evidence".to_owned();
        }
        format!("attached {}", sanitize(&self.evidence.name))
    }
}
