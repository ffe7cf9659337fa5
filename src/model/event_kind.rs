//! The names of the kinds of events, as used on the wire and in stores.

use super::event::EventBody;

impl EventBody {
    /// Returns the name of the kind on the wire and in stores: one of [`EventBody::KINDS`], or the
    /// name of a kind that a later version defines, which is not sanitized.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::Declared { .. } => "declared",
            Self::AlertRepeated { .. } => "alert_repeated",
            Self::Acknowledged => "acknowledged",
            Self::StatusMoved { .. } => "status_moved",
            Self::MoveUndone { .. } => "move_taken_back",
            Self::Assigned { .. } => "assigned",
            Self::TeamSet { .. } => "team_set",
            Self::RoleGiven { .. } => "role_given",
            Self::Escalated { .. } => "escalated",
            Self::Prioritized { .. } => "prioritized",
            Self::Categorized { .. } => "categorized",
            Self::ServicesSet { .. } => "services_set",
            Self::Described { .. } => "described",
            Self::NoteAdded { .. } => "note_added",
            Self::NoteCorrected { .. } => "note_corrected",
            Self::StakeholdersUpdated { .. } => "stakeholders_updated",
            Self::ItemAnswered { .. } => "item_answered",
            Self::Resolved { .. } => "resolved",
            Self::Reopened { .. } => "reopened",
            Self::Closed => "closed",
            Self::Snoozed { .. } => "snoozed",
            Self::Woken => "woken",
            Self::Paused { .. } => "paused",
            Self::Unpaused => "unpaused",
            Self::MergedInto { .. } => "merged_into",
            Self::Absorbed { .. } => "absorbed",
            Self::Linked { .. } => "linked",
            Self::Unlinked { .. } => "unlinked",
            Self::Reclassified { .. } => "reclassified",
            Self::ReviewWritten { .. } => "review_written",
            Self::ActionItemSet { .. } => "action_item_set",
            Self::ReviewPublished => "review_published",
            Self::DecisionRecorded(_) => "decision_recorded",
            Self::AlertsMovedOut { .. } => "alerts_moved_out",
            Self::AlertsMovedIn { .. } => "alerts_moved_in",
            Self::ExpectedRecoverySet { .. } => "expected_recovery_set",
            Self::RoleRequested { .. } => "role_requested",
            Self::RoleAnswered { .. } => "role_answered",
            Self::AcknowledgedInPart => "acknowledged_in_part",
            Self::Muted { .. } => "muted",
            Self::Unmuted => "unmuted",
            Self::Folded { .. } => "folded",
            Self::NoiseMarked { .. } => "noise_marked",
            Self::FollowUpSet { .. } => "follow_up_set",
            Self::ImpactBeganSet { .. } => "impact_began_set",
            Self::AffectedSet { .. } => "affected_set",
            Self::ReporterAdded { .. } => "reporter_added",
            Self::ReporterRemoved { .. } => "reporter_removed",
            Self::TeamInvolved { .. } => "team_involved",
            Self::EvidenceAdded { .. } => "evidence_added",
            Self::Redacted { .. } => "redacted",
            Self::ReviewSubmitted { .. } => "review_submitted",
            Self::Unknown(event) => &event.kind,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::id::IncidentId;

    #[test]
    fn names_are_those_of_the_wire() {
        let samples = [
            json!({"kind": "acknowledged"}),
            json!({"kind": "acknowledged_in_part"}),
            json!({"kind": "closed"}),
            json!({"kind": "woken"}),
            json!({"kind": "unpaused"}),
            json!({"kind": "unmuted"}),
            json!({"kind": "review_published"}),
            json!({"kind": "note_added", "text": "a"}),
            json!({"kind": "move_taken_back", "to": "triggered"}),
            json!({"kind": "review_written", "section": "summary", "text": "a"}),
            json!({"kind": "snoozed", "until": "2026-01-01T00:00:00Z"}),
            json!({"kind": "team_set", "team": null}),
            json!({"kind": "assigned", "to": null}),
            json!({"kind": "categorized", "category": null}),
            json!({"kind": "services_set", "services": []}),
            json!({"kind": "reopened", "reason": "a"}),
            json!({"kind": "paused", "reason": "a"}),
            json!({"kind": "alert_repeated", "text": "a"}),
            json!({"kind": "linked", "link": {"url": "a"}}),
            json!({"kind": "unlinked", "link": {"url": "a"}}),
            json!({"kind": "merged_into", "into": IncidentId(uuid::Uuid::nil()), "number": null}),
            json!({"kind": "folded", "under": IncidentId(uuid::Uuid::nil())}),
            json!({"kind": "noise_marked", "reason": null}),
            json!({"kind": "follow_up_set", "follow_up": {
                "item": uuid::Uuid::nil(), "state": "requested"}}),
            json!({"kind": "impact_began_set", "began_at": null}),
            json!({"kind": "affected_set", "affected": {"users": 3}}),
            json!({"kind": "reporter_added", "reporter": {"id": uuid::Uuid::nil(), "name": "a"}}),
            json!({"kind": "reporter_removed", "reporter": uuid::Uuid::nil()}),
            json!({"kind": "team_involved", "team": "a", "involved": true}),
            json!({"kind": "evidence_added", "evidence": {
                "id": uuid::Uuid::nil(), "name": "a", "hash": "b", "size": 1}}),
            json!({"kind": "redacted", "part": "contact", "target": uuid::Uuid::nil(), "reason": "a"}),
            json!({"kind": "review_submitted", "returned": null}),
            json!({"kind": "weather_changed", "to": "rain"}),
        ];
        for sample in samples {
            let body: EventBody = serde_json::from_value(sample.clone()).unwrap();
            assert_eq!(body.kind(), sample["kind"]);
        }
    }
}
