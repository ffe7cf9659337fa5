//! Query parameters of the lists over all incidents.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::backend::PageMark;
use crate::backend::lists::{
    ActionItemSearch, ChangeSearch, FeedSearch, NotificationSearch, ProblemSearch, ReviewSearch,
    TimeOrder,
};

/// Selects a page of the events of all incidents.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Feed {
    /// The time from which on the events were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-03-01T22:00:00Z")]
    pub since: Option<DateTime<Utc>>,
    /// The time before which the events were recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// The order, by the time at which they were recorded.
    #[serde(default)]
    #[param(inline)]
    pub order: TimeOrder,
    /// The team that is responsible for the incident now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The kinds of events, separated by commas; all if it is absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(
        example = "note_added,resolved",
        pattern = "^((declared|alert_repeated|acknowledged|status_moved|move_taken_back|assigned|team_set|role_given|escalated|prioritized|categorized|services_set|described|note_added|note_corrected|stakeholders_updated|item_answered|resolved|reopened|closed|snoozed|woken|paused|unpaused|merged_into|absorbed|linked|unlinked|reclassified|review_written|action_item_set|review_published|decision_recorded|alerts_moved_out|alerts_moved_in|expected_recovery_set|role_requested|role_answered|acknowledged_in_part|muted|unmuted|folded|noise_marked|follow_up_set|impact_began_set|affected_set|reporter_added|reporter_removed|team_involved|evidence_added|redacted|review_submitted)(,(declared|alert_repeated|acknowledged|status_moved|move_taken_back|assigned|team_set|role_given|escalated|prioritized|categorized|services_set|described|note_added|note_corrected|stakeholders_updated|item_answered|resolved|reopened|closed|snoozed|woken|paused|unpaused|merged_into|absorbed|linked|unlinked|reclassified|review_written|action_item_set|review_published|decision_recorded|alerts_moved_out|alerts_moved_in|expected_recovery_set|role_requested|role_answered|acknowledged_in_part|muted|unmuted|folded|noise_marked|follow_up_set|impact_began_set|affected_set|reporter_added|reporter_removed|team_involved|evidence_added|redacted|review_submitted))*)?$"
    )]
    pub kinds: String,
    /// The handle of the person who caused them, or the name of a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The maximum number of rows, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The mark at which the previous page ended; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub after: Option<PageMark>,
}

/// Selects a page of the changes of administration, the latest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Administration {
    /// The maximum number of rows, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The mark at which the previous page ended; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub after: Option<PageMark>,
}

/// Selects a page of the recorded changes, the one that starts last first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangeRecords {
    /// The time at which they were running or after which they start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// The time before which they start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// A service that they touch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The maximum number of rows, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The mark at which the previous page ended; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub after: Option<PageMark>,
}

/// Selects a page of the reviews: unpublished ones first, and of those the newest incidents.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Reviews {
    /// The states of the reviews, separated by commas: `missing`, `draft`, `in_review`,
    /// `published`; all if it is absent. A review is missing if a P1 or P2 ended and its review was
    /// not begun.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(
        example = "missing,draft",
        pattern = "^((missing|draft|in_review|published)(,(missing|draft|in_review|published))*)?$"
    )]
    pub states: String,
    /// The handle of the incident's assignee; empty for incidents without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The maximum number of rows, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The mark at which the previous page ended; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub after: Option<PageMark>,
}

/// Selects a page of the action items of all incidents: open ones first, by the day on which they
/// are due; those without a day last.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActionItems {
    /// Whether they are done; both if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
    /// The handle of their owner; empty for items without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The day before which they are due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "2026-03-01")]
    pub due_before: Option<NaiveDate>,
    /// The maximum number of rows, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The mark at which the previous page ended; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub after: Option<PageMark>,
}

/// Selects a page of the problems: open ones first, then known errors, and removed ones last; in each
/// state the newest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinkedProblems {
    /// The states of the problems, separated by commas: `open`, `known_error`, `removed`; all if it
    /// is absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(
        example = "open,known_error",
        pattern = "^((open|known_error|removed)(,(open|known_error|removed))*)?$"
    )]
    pub states: String,
    /// A service in which they cause incidents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The handle of their owner; empty for problems without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The maximum number of rows, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The mark at which the previous page ended; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub after: Option<PageMark>,
}

/// Selects a page of the notifications, the one that was planned last first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Notifications {
    /// The incident: its id, or its number such as `INC-12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(
        example = "INC-12",
        pattern = "^([0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|([Ii][Nn][Cc]-?)?[0-9]{1,19})$"
    )]
    pub incident: Option<String>,
    /// The handle of the person who is notified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(example = "ines")]
    pub person: Option<String>,
    /// The states of the notifications, separated by commas: `waiting`, `sending`, `sent`,
    /// `bundled`, `failed`, `cancelled`, `unreachable`; all if it is absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[param(
        example = "failed,unreachable",
        pattern = "^((waiting|sending|sent|bundled|failed|cancelled|unreachable)(,(waiting|sending|sent|bundled|failed|cancelled|unreachable))*)?$"
    )]
    pub states: String,
    /// The maximum number of rows, from 1 to 1000; 100 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 1000)]
    pub limit: Option<u32>,
    /// The mark at which the previous page ended; absent for the first page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub after: Option<PageMark>,
}

impl From<&FeedSearch> for Feed {
    fn from(search: &FeedSearch) -> Self {
        Self {
            since: search.since,
            until: search.until,
            order: search.order,
            team: search.team.clone(),
            kinds: search.kinds.join(","),
            person: search.person.clone(),
            limit: Some(search.limit),
            after: search.after.clone(),
        }
    }
}

impl From<&ChangeSearch> for ChangeRecords {
    fn from(search: &ChangeSearch) -> Self {
        Self {
            since: search.since,
            until: search.until,
            service: search.service.clone(),
            limit: Some(search.limit),
            after: search.after.clone(),
        }
    }
}

impl From<&ReviewSearch> for Reviews {
    fn from(search: &ReviewSearch) -> Self {
        Self {
            states: join_with_commas(&search.states),
            owner: search.owner.clone(),
            limit: Some(search.limit),
            after: search.after.clone(),
        }
    }
}

impl From<&ActionItemSearch> for ActionItems {
    fn from(search: &ActionItemSearch) -> Self {
        Self {
            done: search.done,
            owner: search.owner.clone(),
            due_before: search.due_before,
            limit: Some(search.limit),
            after: search.after.clone(),
        }
    }
}

impl From<&ProblemSearch> for LinkedProblems {
    fn from(search: &ProblemSearch) -> Self {
        Self {
            states: join_with_commas(&search.states),
            service: search.service.clone(),
            owner: search.owner.clone(),
            limit: Some(search.limit),
            after: search.after.clone(),
        }
    }
}

impl From<&NotificationSearch> for Notifications {
    fn from(search: &NotificationSearch) -> Self {
        Self {
            incident: search.incident.map(|id| id.to_string()),
            person: search.person.clone(),
            states: join_with_commas(&search.states),
            limit: Some(search.limit),
            after: search.after.clone(),
        }
    }
}

/// Joins texts, as they are shown, by commas, each written as one word.
fn join_with_commas(values: &[impl ToString]) -> String {
    let words: Vec<String> =
        values.iter().map(|value| value.to_string().replace(' ', "_")).collect();
    words.join(",")
}

#[cfg(test)]
mod tests {
    use utoipa::IntoParams;
    use utoipa::openapi::path::ParameterIn;

    use super::*;
    use crate::api::query::Events;
    use crate::backend::lists::ReviewState;
    use crate::model::event::EventBody;
    use crate::model::notification::NotificationState;
    use crate::model::problem::ProblemState;

    /// Returns the pattern of a parameter in the description of the API.
    fn pattern<P: IntoParams>(name: &str) -> String {
        let parameters = P::into_params(|| Some(ParameterIn::Query));
        let parameter = parameters.iter().find(|parameter| parameter.name == name).unwrap();
        let json = serde_json::to_value(parameter).unwrap();
        json["schema"]["pattern"].as_str().unwrap().to_owned()
    }

    fn of_texts(texts: &[String]) -> String {
        let any = texts.join("|");
        format!("^(({any})(,({any}))*)?$")
    }

    #[test]
    fn patterns_allow_all_kinds_and_states() {
        let kinds: Vec<String> = EventBody::KINDS.iter().map(ToString::to_string).collect();
        assert_eq!(pattern::<Feed>("kinds"), of_texts(&kinds));
        assert_eq!(pattern::<Events>("kinds"), of_texts(&kinds));
        let states = ReviewState::ALL.iter().map(|state| state.to_string().replace(' ', "_"));
        assert_eq!(pattern::<Reviews>("states"), of_texts(&states.collect::<Vec<_>>()));
        let states = ProblemState::ALL.iter().map(|state| state.to_string().replace(' ', "_"));
        assert_eq!(pattern::<LinkedProblems>("states"), of_texts(&states.collect::<Vec<_>>()));
        let states = NotificationState::ALL.iter().map(ToString::to_string);
        assert_eq!(pattern::<Notifications>("states"), of_texts(&states.collect::<Vec<_>>()));
    }
}
