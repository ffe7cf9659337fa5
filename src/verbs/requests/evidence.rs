//! Verbs of evidence: attach, redact.

use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::impact::{is_meant, no_reporter};
use crate::model::command::CommandKind;
use crate::model::evidence::{RedactedPart, decode_content};
use crate::model::impact::Reporter;
use crate::model::{Event, EventBody, Incident, IncidentCommand, check};
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

/// Remove evidence, a reporter, a contact or a note for good.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Redact {
    /// Evidence, by its name or id: name and content are removed
    #[arg(long, value_name = "NAME", conflicts_with_all = ["reporter", "contact", "note"])]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100)]
    pub evidence: Option<String>,
    /// Reporters, by name or ticket (all that have it), or one by id: all of each is removed
    #[arg(long, value_name = "REPORTER", conflicts_with_all = ["contact", "note"])]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Tom Varga")]
    pub reporter: Option<String>,
    /// The contacts of reporters, by name or ticket (all that have it), or of one by id
    #[arg(long, value_name = "REPORTER", conflicts_with = "note")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200)]
    pub contact: Option<String>,
    /// A note, by the number of its event on the timeline, as `seq` of `show --json`, or the event's id: its
    /// text is removed, with its corrections
    #[arg(long, value_name = "SEQ|ID")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 36, example = "4")]
    pub note: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[schema(min_length = 1, max_length = 65536, example = "it has a password")]
    pub reason: String,
}

impl Request for Redact {
    const ROW: VerbRow = VerbRow::new(
        "redact",
        "Remove evidence, a reporter, a contact or a note for good",
        &[CommandKind::Redact],
        "INC-12 --reporter 'Tom Varga' --reason 'he has asked for it'",
        r#"{"reporter": "Tom Varga", "reason": "he has asked for it"}"#,
    )
    .more_examples(&[
        "redphone redact INC-12 --evidence app.log --reason 'it has a password' --yes",
        "redphone redact INC-12 --note 4 --reason 'it names a customer'",
    ])
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
        let given = [
            ("evidence", &self.evidence),
            ("reporter", &self.reporter),
            ("contact", &self.contact),
            ("note", &self.note),
        ];
        let mut given = given.iter().filter_map(|(field, text)| Some((*field, text.as_deref()?)));
        let Some((field, text)) = given.next() else {
            let accepted = "evidence, a reporter, a contact or a note";
            return Err(FieldError::new("evidence", Problem::Missing { accepted }));
        };
        if let Some((other, _)) = given.next() {
            return Err(FieldError::new(field, Problem::Excludes { other }));
        }
        let (part, targets) = match field {
            "evidence" => (RedactedPart::Evidence, vec![evidence_id(record, text)?]),
            "reporter" => {
                let part = RedactedPart::Reporter;
                (part, reporter_ids(situation, record, ("reporter", part), text)?)
            }
            "contact" => {
                let part = RedactedPart::Contact;
                (part, reporter_ids(situation, record, ("contact", part), text)?)
            }
            _ => (RedactedPart::Note, vec![note_id(situation, record, text)?]),
        };
        let redact = |target| IncidentCommand::Redact { part, target, reason: self.reason.clone() };
        let commands = targets.into_iter().map(redact).collect();
        Ok(Plan { commands, ..Plan::default() })
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

/// Finds a note by its event, or by that of one of its corrections.
fn note_id(situation: &Situation<'_>, record: &Incident, text: &str) -> Result<Uuid, FieldError> {
    let text = text.trim();
    let (seq, id) = (text.parse::<u32>().ok(), text.parse::<Uuid>().ok());
    let is_meant = |event: &&Event| Some(event.seq) == seq || Some(event.id.0) == id;
    let event = situation.events.iter().find(is_meant);
    let note = event.and_then(|event| match &event.body {
        EventBody::NoteAdded { .. } => Some(event.id),
        EventBody::NoteCorrected { note, .. } => Some(*note),
        _ => None,
    });
    let missing = || {
        let problem = Problem::NoSuchPart {
            incident: record.summary.label(),
            what: "note",
            text: text.to_owned(),
            advice: "give the number of a note on its timeline",
        };
        FieldError::new("note", problem)
    };
    note.map(|note| note.0).ok_or_else(missing)
}

/// Finds the reporters of the record, and those who were removed from it and are still on the
/// timeline. Several may have the same name or ticket: all of them that still have the part are
/// meant, and the first one if none has.
fn reporter_ids(
    situation: &Situation<'_>,
    record: &Incident,
    (field, part): (&'static str, RedactedPart),
    text: &str,
) -> Result<Vec<Uuid>, FieldError> {
    let earlier = situation.events.iter().filter_map(|event| match &event.body {
        EventBody::ReporterAdded { reporter } => Some(reporter),
        _ => None,
    });
    let mut found: Vec<&Reporter> = Vec::new();
    for reporter in record.reporters.iter().chain(earlier) {
        let is_new = found.iter().all(|one| one.id != reporter.id);
        if is_new && is_meant(reporter, text) {
            found.push(reporter);
        }
    }
    let Some(first) = found.first().map(|one| one.id) else {
        return Err(FieldError::new(field, no_reporter(record, text)));
    };
    let has_part = |one: &&Reporter| match part {
        RedactedPart::Contact => one.contact.is_some(),
        _ => !one.name.is_empty(),
    };
    let ids: Vec<Uuid> = found.into_iter().filter(has_part).map(|one| one.id).collect();
    Ok(if ids.is_empty() { vec![first] } else { ids })
}
