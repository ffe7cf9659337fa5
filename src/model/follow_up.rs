//! Follow-ups: action items that are issues in a tracker, such as Plane, Jira, GitHub or GitLab.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::bad_field::BadField;
use super::field_check::{name, short_text};
use super::status::growing_enum;

growing_enum! {
    /// The progress of the issue of an action item.
    FollowUpState, "state of a follow-up" {
        /// The issue was requested, and no program has created it yet.
        Requested = "requested",
        /// The tracker has refused the issue; it is not tried again automatically.
        Refused = "refused",
        /// The issue exists, and nobody works on it.
        Open = "open",
        /// Somebody works on it.
        Started = "in progress" | "started",
        /// It was done.
        Done = "done",
        /// It was abandoned, or it was a duplicate.
        Dropped = "dropped",
        /// The tracker has no such issue any more.
        Deleted = "gone" as "gone",
    }
}

/// An issue of a tracker.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TrackerIssue {
    /// The id that the API of the tracker uses.
    #[schema(max_length = 100, example = "10042")]
    pub reference: String,
    /// The id that people use.
    #[schema(max_length = 100, example = "OPS-12")]
    pub label: String,
    /// Where people read it.
    #[schema(max_length = 2000, example = "https://example.atlassian.net/browse/OPS-12")]
    pub url: String,
}

/// An action item that has, or will have, an issue in a tracker.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FollowUp {
    /// The id of the action item.
    pub item: Uuid,
    /// The name of the tracker in the settings; absent while the only one, or the default one, is
    /// meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracker: Option<String>,
    /// The progress of the issue.
    pub state: FollowUpState,
    /// The issue, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<TrackerIssue>,
    /// The tracker's name for the state, or its reason for refusing the issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The longest note, in characters.
pub const MAX_NOTE_CHARS: usize = 300;
/// The longest URL of an issue, in characters.
pub const MAX_URL_CHARS: usize = 2000;

impl FollowUpState {
    /// Returns whether another issue may be requested.
    #[must_use]
    pub const fn may_be_requested_again(self) -> bool {
        matches!(self, Self::Refused | Self::Deleted)
    }

    /// Returns whether the state of the issue may still change.
    #[must_use]
    pub const fn is_followed(self) -> bool {
        matches!(self, Self::Open | Self::Started)
    }
}

impl FollowUp {
    /// Creates the request for an issue.
    #[must_use]
    pub fn requested(item: Uuid, tracker: Option<String>) -> Self {
        Self { item, tracker, state: FollowUpState::Requested, issue: None, note: None }
    }

    /// Returns the issue and its state, or the outcome of the request. The text is not sanitized.
    #[must_use]
    pub fn phrase(&self) -> String {
        let tracker = self.tracker.as_deref();
        let note = self.note.as_deref().filter(|note| !note.trim().is_empty());
        match (self.state, &self.issue) {
            (FollowUpState::Requested, _) => {
                let target = tracker.map_or_else(String::new, |tracker| format!(" in {tracker}"));
                let problem = note.map_or_else(String::new, |note| format!(": {note}"));
                format!("issue requested{target}{problem}")
            }
            (FollowUpState::Refused, _) => {
                format!("no issue: {}", note.unwrap_or("the tracker refuses it"))
            }
            (state, Some(issue)) => {
                let shown = state.to_string();
                match note.filter(|note| !note.eq_ignore_ascii_case(&shown)) {
                    Some(note) => format!("{} {shown} ({note})", issue.label),
                    None => format!("{} {shown}", issue.label),
                }
            }
            (state, None) => state.to_string(),
        }
    }

    /// Returns the phrase and the URL of the issue. The text is not sanitized.
    #[must_use]
    pub fn line(&self) -> String {
        match &self.issue {
            Some(issue) => format!("{} · {}", self.phrase(), issue.url),
            None => self.phrase(),
        }
    }

    /// Returns whether the issue is done and its action item is not.
    #[must_use]
    pub fn proposes_done(&self, is_item_done: bool) -> bool {
        self.state == FollowUpState::Done && !is_item_done
    }

    /// Checks the lengths of all texts.
    ///
    /// # Errors
    /// The first field that is empty, too long or no URL.
    pub(super) fn check(&self) -> Result<(), BadField> {
        if let Some(tracker) = &self.tracker {
            name("tracker", tracker)?;
        }
        if let Some(issue) = &self.issue {
            name("reference", &issue.reference)?;
            name("label", &issue.label)?;
            short_text("url", &issue.url, MAX_URL_CHARS)?;
        }
        match &self.note {
            Some(note) => short_text("note", note, MAX_NOTE_CHARS),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn follow_up(state: FollowUpState, has_issue: bool, note: Option<&str>) -> FollowUp {
        let issue = has_issue.then(|| TrackerIssue {
            reference: "10042".into(),
            label: "OPS-12".into(),
            url: "https://tracker.example/OPS-12".into(),
        });
        let (item, tracker, note) = (Uuid::nil(), Some("ops".into()), note.map(Into::into));
        FollowUp { item, tracker, state, issue, note }
    }

    #[rstest]
    #[case(FollowUpState::Requested, false, None, "issue requested in ops")]
    #[case(FollowUpState::Refused, false, Some("no such project"), "no issue: no such project")]
    #[case(FollowUpState::Open, true, None, "OPS-12 open")]
    #[case(FollowUpState::Started, true, Some("In Review"), "OPS-12 in progress (In Review)")]
    #[case(FollowUpState::Done, true, Some("Done"), "OPS-12 done")]
    fn phrase_names_issue_and_state(
        #[case] state: FollowUpState,
        #[case] has_issue: bool,
        #[case] note: Option<&str>,
        #[case] expected: &str,
    ) {
        assert_eq!(follow_up(state, has_issue, note).phrase(), expected);
    }

    #[rstest]
    #[case(FollowUpState::Requested, false, false)]
    #[case(FollowUpState::Refused, true, false)]
    #[case(FollowUpState::Open, false, true)]
    #[case(FollowUpState::Started, false, true)]
    #[case(FollowUpState::Done, false, false)]
    #[case(FollowUpState::Deleted, true, false)]
    fn state_decides_what_follows(
        #[case] state: FollowUpState,
        #[case] again: bool,
        #[case] is_followed: bool,
    ) {
        assert_eq!((state.may_be_requested_again(), state.is_followed()), (again, is_followed));
    }

    #[rstest]
    #[case(FollowUpState::Requested, "requested")]
    #[case(FollowUpState::Refused, "refused")]
    #[case(FollowUpState::Open, "open")]
    #[case(FollowUpState::Started, "started")]
    #[case(FollowUpState::Done, "done")]
    #[case(FollowUpState::Dropped, "dropped")]
    #[case(FollowUpState::Deleted, "gone")]
    fn stored_names_are_those_of_all_versions(#[case] state: FollowUpState, #[case] name: &str) {
        assert_eq!(serde_json::to_value(state).unwrap(), name);
        assert_eq!(serde_json::from_value::<FollowUpState>(name.into()).unwrap(), state);
    }

    #[test]
    fn texts_have_bounds() {
        assert_eq!(follow_up(FollowUpState::Open, true, Some("Todo")).check(), Ok(()));
        let long = "x".repeat(MAX_NOTE_CHARS + 1);
        let bad = follow_up(FollowUpState::Open, true, Some(&long)).check().unwrap_err();
        assert_eq!(bad.field, "note");
        let mut unnamed = follow_up(FollowUpState::Open, true, None);
        unnamed.tracker = Some(String::new());
        assert_eq!(unnamed.check().unwrap_err().field, "tracker");
    }
}
