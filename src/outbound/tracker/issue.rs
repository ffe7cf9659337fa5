//! The trait of all trackers, and issues as they are made and found.

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::options::TrackerKind;
use crate::model::follow_up::{FollowUpState, TrackerIssue};
use crate::outbound::delivery::SendError;

/// The content of a new issue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewIssue {
    /// The id of the action item, by which the issue is recognized.
    pub item: Uuid,
    /// The work to be done, as it was written.
    pub text: String,
    /// The number of the incident, such as `INC-12`.
    pub incident: String,
    /// The title of the incident, as it was written.
    pub incident_title: String,
    /// The name of the owner.
    pub owner: Option<String>,
    /// The day by which it must be done.
    pub due: Option<NaiveDate>,
    /// Its purpose.
    pub purpose: String,
}

/// An issue as the tracker has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundIssue {
    /// The issue.
    pub issue: TrackerIssue,
    /// Its state, by the settings of the tracker.
    pub state: FollowUpState,
    /// The tracker's name for the state.
    pub state_name: String,
}

/// A tracker of the settings.
#[async_trait]
pub trait Tracker: Send + Sync {
    /// Returns the kind of the tracker.
    fn kind(&self) -> TrackerKind;

    /// Searches for the issue of an action item. None was created before `since`.
    ///
    /// # Errors
    /// The tracker can't be reached, or does not allow it.
    async fn find(&self, item: Uuid, since: DateTime<Utc>)
    -> Result<Option<FoundIssue>, SendError>;

    /// Creates an issue. The caller has searched for it before.
    ///
    /// # Errors
    /// [`SendError::Permanent`] if the tracker has refused it; after other errors it may exist.
    async fn create(&self, new: &NewIssue) -> Result<FoundIssue, SendError>;

    /// Reads an issue by its reference; `None` if the tracker has none any more.
    ///
    /// # Errors
    /// The tracker can't be reached, or does not allow it.
    async fn read(&self, reference: &str) -> Result<Option<FoundIssue>, SendError>;
}
