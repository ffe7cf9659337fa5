//! Verbs of evidence: attach, redact.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::impact::{find_reporter, no_reporter};
use crate::model::command::CommandKind;
use crate::model::evidence::{RedactedPart, decode_content};
use crate::model::impact::Reporter;
use crate::model::{EventBody, Incident, IncidentCommand, check};
use crate::verbs::error::{FieldError, Problem};
use crate::verbs::request::Request;
use crate::verbs::row::{Numbers, VerbRow};
use crate::verbs::situation::{Needs, Plan, Situation};

/// Attach a file or captured output.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct AttachEvidence {
    /// The file, and `-` for standard input; in a request of the API its content in base64
    #[arg(value_name = "FILE", allow_hyphen_values = true)]
    #[schema(min_length = 1, max_length = 1_398_104, example = "ZXJyb3I6IHBvb2wgZXhoYXVzdGVkCg==")]
    pub content: String,
    /// The name under which it is found [default: that of the file]
    #[arg(long, value_name = "NAME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "app.log")]
    pub name: Option<String>,
}

/// The name of evidence for which none is given.
const DEFAULT_NAME: &str = "output.txt";

impl Request for AttachEvidence {
    const ROW: VerbRow = VerbRow::new(
        "attach",
        "Attach a file or captured output",
        &[CommandKind::AttachEvidence],
        "INC-12 app.log",
        r#"{"content": "ZXJyb3I6IHBvb2wgZXhoYXVzdGVkCg==", "name": "app.log"}"#,
    )
    .more_examples(&["kubectl logs checkout | redphone attach INC-12 - --name checkout.log --yes"])
    .about(
        "At most 1 MiB each, 20 for an incident, and 1 GiB in a store. `redphone evidence` lists it and \
         writes it to a file.",
    )
    .irreversible()
    .done_with_content("attached")
    .numbers(Numbers::One);

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let name = self.name.as_deref().unwrap_or(DEFAULT_NAME).trim().to_owned();
        check::name("name", &name)?;
        decode_content(&self.content)?;
        let (evidence, content) = (situation.new_id, self.content.clone());
        Ok(Plan::one(IncidentCommand::AttachEvidence { evidence, name, content }))
    }
}

/// Remove evidence, a reporter or a contact for good.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Redact {
    /// Evidence, by its name or id: name and content are removed
    #[arg(long, value_name = "NAME", conflicts_with_all = ["reporter", "contact"])]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub evidence: Option<String>,
    /// A reporter, by name, ticket or id: all of it is removed
    #[arg(long, value_name = "REPORTER", conflicts_with = "contact")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Tom Varga")]
    pub reporter: Option<String>,
    /// The contact of a reporter, by name, ticket or id of the reporter
    #[arg(long, value_name = "REPORTER")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub contact: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[schema(min_length = 1, max_length = 65536, example = "it has a password")]
    pub reason: String,
}

impl Request for Redact {
    const ROW: VerbRow = VerbRow::new(
        "redact",
        "Remove evidence, a reporter or a contact for good",
        &[CommandKind::Redact],
        "INC-12 --reporter 'Tom Varga' --reason 'he has asked for it'",
        r#"{"reporter": "Tom Varga", "reason": "he has asked for it"}"#,
    )
    .more_examples(&["redphone redact INC-12 --evidence app.log --reason 'it has a password' --yes"])
    .about(
        "It is removed from the store, also from earlier events, and an event says who did it and why. \
         Backups and exports that were made before still have it.",
    )
    .irreversible()
    .done("redacted");

    fn needs(&self) -> Needs {
        Needs::Timeline
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let record = situation.record()?;
        check::required_text("reason", &self.reason)?;
        let (part, target) = match (&self.evidence, &self.reporter, &self.contact) {
            (Some(name), None, None) => (RedactedPart::Evidence, evidence_id(record, name)?),
            (None, Some(name), None) => {
                (RedactedPart::Reporter, reporter_id(situation, record, "reporter", name)?)
            }
            (None, None, Some(name)) => {
                (RedactedPart::Contact, reporter_id(situation, record, "contact", name)?)
            }
            (None, None, None) => {
                let accepted = "evidence, a reporter or a contact";
                return Err(FieldError::new("evidence", Problem::Missing { accepted }));
            }
            (Some(_), _, _) => {
                return Err(FieldError::new("evidence", Problem::Excludes { other: "reporter" }));
            }
            (None, Some(_), Some(_)) => {
                return Err(FieldError::new("reporter", Problem::Excludes { other: "contact" }));
            }
        };
        let reason = self.reason.clone();
        Ok(Plan::one(IncidentCommand::Redact { part, target, reason }))
    }
}

fn evidence_id(record: &Incident, text: &str) -> Result<Uuid, FieldError> {
    let text = text.trim();
    let id = text.parse::<Uuid>().ok();
    let mut evidence = record.evidence.iter();
    let found = evidence.find(|one| Some(one.id) == id || !one.redacted && one.name == text);
    let missing = || {
        let problem = Problem::NoSuchPart {
            incident: record.summary.label(),
            what: "evidence",
            text: text.to_owned(),
            advice: "give the name or the id of its evidence",
        };
        FieldError::new("evidence", problem)
    };
    found.map(|one| one.id).ok_or_else(missing)
}

/// Finds a reporter of the record, or one who was removed from it and is still on the timeline.
fn reporter_id(
    situation: &Situation<'_>,
    record: &Incident,
    field: &'static str,
    text: &str,
) -> Result<Uuid, FieldError> {
    let earlier = situation.events.iter().filter_map(|event| match &event.body {
        EventBody::ReporterAdded { reporter } => Some(reporter),
        _ => None,
    });
    let all: Vec<&Reporter> = record.reporters.iter().chain(earlier).collect();
    let found = find_reporter(all.into_iter(), text);
    let missing = || FieldError::new(field, no_reporter(record, text));
    found.map(|one| one.id).ok_or_else(missing)
}
