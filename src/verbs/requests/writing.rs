//! Verbs that write texts: note, correct-note, decision, update, describe.

use chrono::{DateTime, Utc};
use clap::Args;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::model::command::{CommandKind, Decision, PublicUpdate};
use crate::model::{EventBody, EventId, IncidentCommand, check};
use crate::verbs::error::{FieldError, Problem};
use crate::verbs::names::parse_person;
use crate::verbs::request::Request;
use crate::verbs::row::{Numbers, VerbRow};
use crate::verbs::situation::{Needs, Plan, Situation};

/// Write a note on an incident's timeline.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct AddNote {
    /// The text
    #[arg(value_name = "TEXT")]
    #[schema(
        min_length = 1,
        max_length = 65536,
        example = "Rolled back to v811, error rate falls"
    )]
    pub text: String,
}

impl Request for AddNote {
    const ROW: VerbRow = VerbRow::new(
        "note",
        "Write a note on an incident's timeline",
        &[CommandKind::AddNote],
        "INC-12 'Rolled back to v811, error rate falls'",
        r#"{"text": "Rolled back to v811, error rate falls"}"#,
    )
    .reads_text()
    .more_examples(&["kubectl get pods | redphone note INC-12 -"])
    .done("noted")
    .numbers(Numbers::One);

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        check::required_text("text", &self.text)?;
        Ok(Plan::one(IncidentCommand::AddNote { text: self.text.clone() }))
    }
}

/// Replace the text of a note; the first one stays on the timeline.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct CorrectNote {
    /// The number of the note's event on the timeline, as `seq` of `show --json`, or the event's id
    #[arg(value_name = "SEQ|ID")]
    #[schema(min_length = 1, max_length = 36, example = "4")]
    pub note: String,
    /// The new text
    #[arg(value_name = "TEXT")]
    #[schema(
        min_length = 1,
        max_length = 65536,
        example = "Rolled back to v812, error rate falls"
    )]
    pub text: String,
}

impl Request for CorrectNote {
    const ROW: VerbRow = VerbRow::new(
        "correct-note",
        "Replace the text of a note; the first one stays on the timeline",
        &[CommandKind::CorrectNote],
        "INC-12 4 'Rolled back to v812, error rate falls'",
        r#"{"note": "4", "text": "Rolled back to v812, error rate falls"}"#,
    )
    .irreversible()
    .reads_text()
    .done("note corrected")
    .numbers(Numbers::One);

    fn needs(&self) -> Needs {
        Needs::Timeline
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        check::required_text("text", &self.text)?;
        let (seq, id) = (self.note.trim().parse().ok(), self.note.trim().parse::<Uuid>().ok());
        let is_meant = |event: &&crate::model::Event| {
            Some(event.seq) == seq || id.is_some_and(|id| event.id == EventId(id))
        };
        let event = situation.events.iter().find(is_meant);
        let note = event.filter(|event| matches!(event.body, EventBody::NoteAdded { .. }));
        let Some(note) = note else {
            return Err(FieldError::new(
                "note",
                Problem::NoSuchPart {
                    incident: situation.row()?.label(),
                    what: "note",
                    text: self.note.clone(),
                    advice: "give the number of a note on its timeline",
                },
            ));
        };
        Ok(Plan::one(IncidentCommand::CorrectNote { note: note.id, text: self.text.clone() }))
    }
}

/// Record what was decided, by whom and why.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct RecordDecision {
    /// What was decided
    #[arg(value_name = "DECISION")]
    #[schema(min_length = 1, max_length = 65536, example = "Fail over to the standby")]
    pub decision: String,
    /// The reason for it
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[schema(min_length = 1, max_length = 65536, example = "The primary loses writes")]
    pub reason: String,
    /// Who decided it: a handle or a name [default: you]
    #[arg(long, value_name = "PERSON")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 100, example = "ines")]
    pub by: Option<String>,
}

impl Request for RecordDecision {
    const ROW: VerbRow = VerbRow::new(
        "decision",
        "Record what was decided, by whom and why",
        &[CommandKind::RecordDecision],
        "INC-12 'Fail over to the standby' --reason 'the primary loses writes'",
        r#"{"decision": "Fail over to the standby", "reason": "The primary loses writes"}"#,
    )
    .irreversible()
    .done("decision recorded")
    .numbers(Numbers::One);

    fn needs(&self) -> Needs {
        if self.by.is_some() { Needs::Record } else { Needs::Nothing }
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        check::required_text("decision", &self.decision)?;
        check::required_text("reason", &self.reason)?;
        let by = self.by.as_deref().map(|by| parse_person(by, situation)).transpose();
        let by = by.map_err(|problem| FieldError::new("by", problem))?;
        let (decision, reason) = (self.decision.clone(), self.reason.clone());
        Ok(Plan::one(IncidentCommand::RecordDecision(Decision { decision, reason, by })))
    }
}

/// Tell stakeholders where the response stands, and when they will hear next.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct UpdateStakeholders {
    /// The message to them
    #[arg(value_name = "MESSAGE")]
    #[schema(
        min_length = 1,
        max_length = 65536,
        example = "Payments work again for most customers"
    )]
    pub message: String,
    /// When they will hear next: 30m, 09:00, 2026-03-01 09:00 [default: by the service level]
    #[arg(long, value_name = "TIME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "30m")]
    pub next: Option<String>,
    /// When service is expected to be restored: 2h, 14:00; `none` if nobody knows
    #[arg(long, value_name = "TIME")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 40, example = "2h")]
    pub recovery: Option<String>,
    /// Show the message on status pages, to everybody
    #[arg(long)]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(example = true)]
    pub public: bool,
    /// What status pages call the incident from now on [default: what it affects]
    #[arg(long, value_name = "TEXT", requires = "public")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Card payments fail")]
    pub public_title: Option<String>,
}

impl Request for UpdateStakeholders {
    const ROW: VerbRow = VerbRow::new(
        "update",
        "Tell stakeholders where the response stands, and when they will hear next",
        &[CommandKind::UpdateStakeholders, CommandKind::SetExpectedRecovery],
        "INC-12 'Payments work again for most customers' --next 30m",
        r#"{"message": "Payments work again for most customers", "next": "30m"}"#,
    )
    .more_examples(&[
        "redphone update INC-12 --template restored",
        "redphone update INC-12 'Card payments work again' --public",
    ])
    .irreversible()
    .reads_text()
    .done("stakeholders updated")
    .numbers(Numbers::One);

    fn needs(&self) -> Needs {
        if self.recovery.is_some() { Needs::Record } else { Needs::Nothing }
    }

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        check::required_text("message", &self.message)?;
        let next_due = self.next.as_deref().map(|next| situation.time("next", next)).transpose()?;
        let message = self.message.clone();
        if self.public_title.is_some() && !self.public {
            return Err(FieldError::new(
                "public_title",
                Problem::Unreadable("is for a public message: set public as well".into()),
            ));
        }
        let public = self.public.then(|| PublicUpdate { title: self.public_title.clone() });
        let update = IncidentCommand::UpdateStakeholders { message, next_due, public };
        let Some(recovery) = &self.recovery else { return Ok(Plan::one(update)) };
        let at = expected_recovery(recovery, situation)?;
        let is_same = situation.record.is_some_and(|record| record.expected_recovery == at);
        let recovery = (!is_same).then_some(IncidentCommand::SetExpectedRecovery { at });
        Ok(Plan { commands: recovery.into_iter().chain([update]).collect(), ..Plan::default() })
    }
}

/// Reads when service is expected to be restored; `none` for a time that nobody knows.
fn expected_recovery(
    text: &str,
    situation: &Situation<'_>,
) -> Result<Option<DateTime<Utc>>, FieldError> {
    if text.trim().eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    situation.time("recovery", text).map(Some)
}

/// Say when service is expected to be restored.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct SetExpectedRecovery {
    /// When: 2h, 14:00, 2026-03-01 09:00; `none` if nobody knows any more
    #[arg(value_name = "TIME")]
    #[schema(min_length = 1, max_length = 40, example = "2h")]
    pub recovery: String,
}

impl Request for SetExpectedRecovery {
    const ROW: VerbRow = VerbRow::new(
        "recovery",
        "Say when service is expected to be restored",
        &[CommandKind::SetExpectedRecovery],
        "INC-12 2h",
        r#"{"recovery": "2h"}"#,
    )
    .more_examples(&["redphone recovery INC-12 none"])
    .about("Stakeholders are informed of it, if the settings say so.")
    .done("expected recovery set");

    fn plan(&self, situation: &Situation<'_>) -> Result<Plan, FieldError> {
        let at = expected_recovery(&self.recovery, situation)?;
        Ok(Plan::one(IncidentCommand::SetExpectedRecovery { at }))
    }
}

/// Rewrite title, symptoms, labels or runbook; what is not given stays.
#[derive(Args, Serialize, Deserialize, ToSchema, Clone, Debug)]
pub struct Describe {
    /// The title, on one line of 1 to 200 characters
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 200, example = "Card payments fail at checkout")]
    pub title: Option<String>,
    /// What users see
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 65536, example = "The card form ends with an error")]
    pub symptoms: Option<String>,
    /// A free word; may be repeated, and all of them replace those of before
    #[arg(long = "label", value_name = "WORD")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<String>>,
    /// The runbook's name or URL
    #[arg(long, value_name = "NAME|URL")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "payments")]
    pub runbook: Option<String>,
}

impl Request for Describe {
    const ROW: VerbRow = VerbRow::new(
        "describe",
        "Rewrite title, symptoms, labels or runbook",
        &[CommandKind::Describe],
        "INC-12 --title 'Card payments fail at checkout' --label eu",
        r#"{"title": "Card payments fail at checkout", "labels": ["eu"]}"#,
    )
    .about("What is not given stays as it is.")
    .done("described");

    fn plan(&self, _: &Situation<'_>) -> Result<Plan, FieldError> {
        let Self { title, symptoms, labels, runbook } = self.clone();
        if title.is_none() && symptoms.is_none() && labels.is_none() && runbook.is_none() {
            let accepted = "a title, symptoms, labels or a runbook";
            return Err(FieldError::new("title", Problem::Missing { accepted }));
        }
        if let Some(title) = &title {
            check::title(title)?;
        }
        Ok(Plan::one(IncidentCommand::Describe { title, symptoms, labels, runbook }))
    }
}
