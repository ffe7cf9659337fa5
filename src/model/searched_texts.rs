//! The texts of an incident, besides its row, that a search of the history covers.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::event::EventBody;
use super::evidence::RedactedPart;
use super::review::Section;

/// The texts of a timeline that are searched: symptoms, notes, resolutions, updates for
/// stakeholders, decisions, and the review with its action items.
///
/// Of a text that is rewritten, such as symptoms or a section of the review, only the last version
/// counts. All other texts count forever: a corrected note is also found by its first text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SearchedTexts {
    symptoms: String,
    sections: BTreeMap<Section, String>,
    actions: BTreeMap<Uuid, String>,
    others: Vec<String>,
}

impl SearchedTexts {
    /// Collects the texts of events, in the order of the timeline.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a EventBody>) -> Self {
        let mut texts = Self::default();
        for body in events {
            texts.add(body);
        }
        texts
    }

    /// Adds the texts of the next event of the timeline.
    pub fn add(&mut self, body: &EventBody) {
        match body {
            EventBody::Declared { declaration, .. } => {
                self.symptoms.clone_from(&declaration.symptoms);
            }
            EventBody::Described { symptoms: Some(symptoms), .. } => {
                self.symptoms.clone_from(symptoms);
            }
            EventBody::NoteAdded { text } | EventBody::NoteCorrected { text, .. } => {
                self.others.push(text.clone());
            }
            EventBody::StakeholdersUpdated { message, .. } => self.others.push(message.clone()),
            EventBody::Resolved { detail, validation, .. } => {
                self.others.extend([detail.clone(), validation.clone()]);
            }
            EventBody::DecisionRecorded(decision) => {
                self.others.extend([decision.decision.clone(), decision.reason.clone()]);
            }
            EventBody::ReviewWritten { section, text } => {
                self.sections.insert(*section, text.clone());
            }
            EventBody::ActionItemSet { item } => {
                self.actions.insert(item.id, item.text.clone());
            }
            _ => {}
        }
    }

    /// Returns the searched texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.symptoms)
            .chain(&self.others)
            .chain(self.sections.values())
            .chain(self.actions.values())
            .map(String::as_str)
    }
}

/// Returns whether an event may change the texts by which an incident is found: those here, or those
/// of its row.
#[must_use]
pub fn affects_search(body: &EventBody) -> bool {
    if matches!(body, EventBody::Redacted { part: RedactedPart::Note, .. }) {
        return true;
    }
    !matches!(
        body,
        EventBody::AlertRepeated { .. }
            | EventBody::Acknowledged
            | EventBody::AcknowledgedInPart
            | EventBody::StatusMoved { .. }
            | EventBody::MoveUndone { .. }
            | EventBody::RoleGiven { .. }
            | EventBody::ExpectedRecoverySet { .. }
            | EventBody::RoleRequested { .. }
            | EventBody::RoleAnswered { .. }
            | EventBody::Escalated { .. }
            | EventBody::Prioritized { .. }
            | EventBody::Categorized { .. }
            | EventBody::ItemAnswered { .. }
            | EventBody::Reopened { .. }
            | EventBody::Closed
            | EventBody::Snoozed { .. }
            | EventBody::Woken
            | EventBody::Paused { .. }
            | EventBody::Unpaused
            | EventBody::MergedInto { .. }
            | EventBody::Absorbed { .. }
            | EventBody::Linked { .. }
            | EventBody::Unlinked { .. }
            | EventBody::Reclassified { .. }
            | EventBody::ReviewPublished
            | EventBody::AlertsMovedOut { .. }
            | EventBody::AlertsMovedIn { .. }
            | EventBody::Muted { .. }
            | EventBody::Unmuted
            | EventBody::Folded { .. }
            | EventBody::NoiseMarked { .. }
            | EventBody::FollowUpSet { .. }
            | EventBody::ImpactBeganSet { .. }
            | EventBody::AffectedSet { .. }
            | EventBody::ReporterAdded { .. }
            | EventBody::ReporterRemoved { .. }
            | EventBody::TeamInvolved { .. }
            | EventBody::EvidenceAdded { .. }
            | EventBody::Redacted { .. }
            | EventBody::ReviewSubmitted { .. }
    )
}
