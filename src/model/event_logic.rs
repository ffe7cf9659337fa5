//! The table from kinds of events to their logic.
//!
//! The logic of an event is in the file of the command that leads to it.

use super::command::logic::EventLogic;
use super::command::{
    acknowledge, add_note, add_reporter, answer_item, answer_role, ask_for_role, assign,
    attach_evidence, categorize, close, correct_note, declare, describe, escalate, fold, give_role,
    involve_team, link, mark_noise, merge, move_alerts, move_status, mute, pause, prioritize,
    publish_review, reclassify, record_decision, redact, remove_reporter, reopen, repeat_alert,
    request_follow_up, resolve, set_action_item, set_affected, set_expected_recovery,
    set_impact_began, set_services, set_team, snooze, submit_review, undo_move, unlink, unmute,
    unpause, update_stakeholders, wake, write_review,
};
use super::event::EventBody;

impl EventBody {
    /// Calls `read` with the logic of the event. The logic is in the file of the command that leads
    /// to the event.
    #[expect(clippy::too_many_lines, reason = "a table with a row for each kind of event")]
    pub(super) fn with_logic<T>(&self, read: impl FnOnce(&dyn EventLogic) -> T) -> T {
        match self {
            Self::Declared { priority, declaration, .. } => {
                read(&declare::Declared { priority: *priority, declaration })
            }
            Self::AlertRepeated { text, detected_at, count } => {
                read(&repeat_alert::AlertRepeated {
                    text,
                    detected_at: *detected_at,
                    count: *count,
                })
            }
            Self::Acknowledged => read(&acknowledge::Acknowledged),
            Self::AcknowledgedInPart => read(&acknowledge::AcknowledgedInPart),
            Self::StatusMoved { to } => read(&move_status::StatusMoved { to: *to }),
            Self::MoveUndone { to } => read(&undo_move::MoveUndone { to: *to }),
            Self::Assigned { to } => read(&assign::Assigned { to: to.as_ref() }),
            Self::TeamSet { team, restarts_escalation } => read(&set_team::TeamSet {
                team: team.as_deref(),
                restarts_escalation: *restarts_escalation,
            }),
            Self::RoleGiven { role, person, given } => {
                read(&give_role::RoleGiven { role: *role, person, given: *given })
            }
            Self::Escalated { level, to, reason, automatic, all_must_acknowledge } => {
                read(&escalate::Escalated {
                    level: *level,
                    to,
                    reason: reason.as_deref(),
                    automatic: automatic.as_ref(),
                    all_must_acknowledge: *all_must_acknowledge,
                })
            }
            Self::Prioritized {
                impact,
                urgency,
                priority,
                override_reason,
                restarts_escalation,
            } => read(&prioritize::Prioritized {
                impact: *impact,
                urgency: *urgency,
                priority: *priority,
                override_reason: override_reason.as_deref(),
                restarts_escalation: *restarts_escalation,
            }),
            Self::Categorized { category } => {
                read(&categorize::Categorized { category: *category })
            }
            Self::ServicesSet { services } => read(&set_services::ServicesSet { services }),
            Self::Described { title, symptoms, labels, runbook } => read(&describe::Described {
                title: title.as_deref(),
                symptoms: symptoms.as_deref(),
                labels: labels.as_deref(),
                runbook: runbook.as_deref(),
            }),
            Self::NoteAdded { text } => read(&add_note::NoteAdded { text }),
            Self::NoteCorrected { text, .. } => read(&correct_note::NoteCorrected { text }),
            Self::StakeholdersUpdated { message, next_due, public } => {
                read(&update_stakeholders::StakeholdersUpdated {
                    message,
                    next_due: *next_due,
                    public: public.as_ref(),
                })
            }
            Self::ItemAnswered { item, answer } => {
                read(&answer_item::ItemAnswered { item: *item, answer })
            }
            Self::Resolved { action, detail, validation, stability } => {
                let stability = *stability;
                read(&resolve::Resolved { action: *action, detail, validation, stability })
            }
            Self::Reopened { reason } => read(&reopen::Reopened { reason }),
            Self::Closed => read(&close::Closed),
            Self::Snoozed { until } => read(&snooze::Snoozed { until: *until }),
            Self::Woken => read(&wake::Woken),
            Self::Paused { reason } => read(&pause::Paused { reason }),
            Self::Unpaused => read(&unpause::Unpaused),
            Self::MergedInto { into, number } => {
                read(&merge::MergedInto { into: *into, number: *number })
            }
            Self::Absorbed { from, number, title, detected_at } => read(&merge::Absorbed {
                from: *from,
                number: *number,
                title,
                detected_at: *detected_at,
            }),
            Self::Linked { link } => read(&link::Linked { link }),
            Self::Unlinked { link } => read(&unlink::Unlinked { link }),
            Self::Reclassified { to, reason } => {
                read(&reclassify::Reclassified { to: *to, reason })
            }
            Self::ReviewWritten { section, text } => {
                read(&write_review::ReviewWritten { section: *section, text })
            }
            Self::ActionItemSet { item } => read(&set_action_item::ActionItemSet { item }),
            Self::ReviewPublished => read(&publish_review::ReviewPublished),
            Self::DecisionRecorded(decision) => {
                read(&record_decision::DecisionRecorded { decision })
            }
            Self::AlertsMovedOut { number, count, .. } => {
                read(&move_alerts::AlertsMovedOut { number: *number, count: *count })
            }
            Self::AlertsMovedIn { number, count, declared, .. } => {
                read(&move_alerts::AlertsMovedIn {
                    number: *number,
                    count: *count,
                    declared: *declared,
                })
            }
            Self::ExpectedRecoverySet { expected_at } => {
                read(&set_expected_recovery::ExpectedRecoverySet { at: *expected_at })
            }
            Self::RoleRequested { role, person } => {
                read(&ask_for_role::RoleRequested { role: *role, person })
            }
            Self::RoleAnswered { role, person, accepted } => {
                read(&answer_role::RoleAnswered { role: *role, person, accepted: *accepted })
            }
            Self::Muted { window, title, until } => {
                read(&mute::Muted { window: *window, title, until: *until })
            }
            Self::Unmuted => read(&unmute::Unmuted),
            Self::Folded { under, number } => {
                read(&fold::Folded { under: *under, number: *number })
            }
            Self::NoiseMarked { reason } => {
                read(&mark_noise::NoiseMarked { reason: reason.as_deref() })
            }
            Self::FollowUpSet { follow_up } => read(&request_follow_up::FollowUpSet { follow_up }),
            Self::ImpactBeganSet { began_at } => {
                read(&set_impact_began::ImpactBeganSet { at: *began_at })
            }
            Self::AffectedSet { affected } => read(&set_affected::AffectedSet { affected }),
            Self::ReporterAdded { reporter } => read(&add_reporter::ReporterAdded { reporter }),
            Self::ReporterRemoved { reporter } => {
                read(&remove_reporter::ReporterRemoved { reporter: *reporter })
            }
            Self::TeamInvolved { team, involved } => {
                read(&involve_team::TeamInvolved { team, involved: *involved })
            }
            Self::EvidenceAdded { evidence } => read(&attach_evidence::EvidenceAdded { evidence }),
            Self::Redacted { part, target, reason } => {
                read(&redact::Redacted { part: *part, target: *target, reason })
            }
            Self::ReviewSubmitted { returned } => {
                read(&submit_review::ReviewSubmitted { returned: returned.as_deref() })
            }
            Self::Unknown(event) => read(event),
        }
    }
}
