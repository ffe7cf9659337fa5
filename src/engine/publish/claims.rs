//! One thing that is published in another system, once, by whichever program claims it first.
//!
//! The progress is a record of the ledger. A program claims a step by replacing that record, so
//! that only one of several gets it. A claim ends after a time; a program that finds one that ended
//! without a result first checks whether the step was carried out.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::records::store;
use super::settings::NamedPublisher;
use crate::backend::PublicationRecord;
use crate::engine::parts::Parts;
use crate::outbound::SendError;

/// The duration of a claim. An attempt ends earlier: it is a few requests, each with a limit.
const CLAIM: TimeDelta = TimeDelta::minutes(3);
/// How long after the first failure a step is tried again, and the maximum after later ones.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(5);
const MAX_RETRY: TimeDelta = TimeDelta::minutes(10);
/// How long after a refusal it is tried again: the settings may have been corrected.
const AFTER_REFUSAL: TimeDelta = TimeDelta::hours(1);

/// The maintenance that a system shows for a window.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct ShownWindow {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    /// The ids of the components in that system.
    #[serde(default)]
    pub(super) components: Vec<String>,
    /// Whether it was ended before its time.
    #[serde(default)]
    pub(super) is_ended: bool,
}

/// The progress of a publication in a system.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Progress {
    /// Its id in that system, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) remote: Option<String>,
    /// The name that an incident has there; absent if that is not known, or a program of an earlier version
    /// published it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// The names under which the incident was sent while it has no id there. One of them may have arrived
    /// without an answer, and the name may have changed since.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) creating: Vec<String>,
    /// The public ids of the updates with which the incident was sent while it has no id there. One of them
    /// may have arrived without an answer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) openings: Vec<String>,
    /// The public ids of the updates that are published.
    pub(super) done: Vec<String>,
    /// The maintenance shown for a window; absent for an incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) window: Option<ShownWindow>,
    /// The maintenance window in each form in which it was sent since an announcement succeeded. One of them
    /// may have arrived without an answer, and the window may have changed since.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) announcing: Vec<ShownWindow>,
    /// The step that is being carried out, or was when a program ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trying: Option<String>,
    /// How often that was tried.
    pub(super) attempts: u32,
    /// When the next attempt may begin; absent if immediately.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<DateTime<Utc>>,
    /// The reason why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    /// How often it was claimed, by which a record differs from the one before.
    pub(super) fence: u64,
}

impl Progress {
    /// Reads the progress from a record, which may be that of another version.
    pub(super) fn of(record: Option<&PublicationRecord>) -> Self {
        record.and_then(|record| serde_json::from_str(&record.body).ok()).unwrap_or_default()
    }
}

/// The result of a step.
pub(super) enum Outcome {
    /// It is carried out.
    Published(PublicationRecord),
    /// It is tried again later, by this program or another.
    Later(DateTime<Utc>),
}

/// The work of a step.
pub(super) trait Task {
    /// Carries it out, after checking whether it was already if that is possible, and records the
    /// publication in `progress`.
    async fn attempt(
        &self,
        progress: &mut Progress,
        may_have_arrived: bool,
    ) -> Result<(), SendError>;
}

/// A step to be carried out once.
pub(super) struct Claim<'a> {
    pub(super) engine: &'a Parts,
    pub(super) system: &'a NamedPublisher,
    /// The name of the record.
    pub(super) key: &'a str,
    /// The step: another one has another text.
    pub(super) step: &'a str,
    /// Its name in the log.
    pub(super) subject: &'a str,
}

impl Claim<'_> {
    /// Carries out the step, unless it waits or another program does it.
    pub(super) async fn run(
        &self,
        before: Option<PublicationRecord>,
        progress: Progress,
        task: &impl Task,
    ) -> Outcome {
        let now = self.engine.clock.now();
        // One that is further ahead is from before the clock was set back.
        let latest = now + AFTER_REFUSAL.max(MAX_RETRY);
        if let Some(next) = progress.next.filter(|next| *next > now && *next <= latest) {
            return Outcome::Later(next);
        }
        let may_have_arrived = progress.trying.as_deref() == Some(self.step);
        let attempts = if may_have_arrived { progress.attempts } else { 0 };
        let mut claimed = Progress {
            trying: Some(self.step.to_owned()),
            attempts: attempts.saturating_add(1),
            next: Some(now + CLAIM),
            fence: progress.fence.saturating_add(1),
            ..progress
        };
        let claim = self.record(&claimed);
        if !store(self.engine, before.as_ref(), &claim).await {
            return Outcome::Later(now + CLAIM);
        }
        let result = task.attempt(&mut claimed, may_have_arrived).await;
        let now = self.engine.clock.now();
        claimed.fence = claimed.fence.saturating_add(1);
        let later = match result {
            Ok(()) => {
                (claimed.trying, claimed.attempts) = (None, 0);
                (claimed.next, claimed.error) = (None, None);
                None
            }
            Err(error) => {
                let next = now + wait_after(&error, claimed.attempts);
                let (publisher, subject) = (&self.system.name, self.subject);
                tracing::warn!(publisher, "{subject} is not published: {error}");
                claimed.error = Some(error.to_string());
                claimed.next = Some(next);
                Some(next)
            }
        };
        let record = self.record(&claimed);
        if !store(self.engine, Some(&claim), &record).await {
            // Another program has the claim by now, and searches for the publication.
            return Outcome::Later(now + CLAIM);
        }
        later.map_or(Outcome::Published(record), Outcome::Later)
    }

    fn record(&self, progress: &Progress) -> PublicationRecord {
        PublicationRecord {
            name: self.key.to_owned(),
            at: self.engine.clock.now(),
            // Texts and numbers can always be encoded.
            body: serde_json::to_string(progress).unwrap_or_default(),
        }
    }
}

/// Returns how long to wait after a failure.
fn wait_after(error: &SendError, attempts: u32) -> TimeDelta {
    let grows = FIRST_RETRY * 2_i32.pow(attempts.saturating_sub(1).min(8));
    let grows = grows.min(MAX_RETRY);
    match error {
        SendError::Permanent { .. } => AFTER_REFUSAL,
        SendError::Temporary { retry_after: Some(wait), .. } => TimeDelta::from_std(*wait)
            .unwrap_or(MAX_RETRY)
            .clamp(TimeDelta::seconds(1), AFTER_REFUSAL),
        SendError::Temporary { retry_after: None, .. } | SendError::Uncertain { .. } => grows,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(SendError::temporary("busy"), 1, 5)]
    #[case(SendError::temporary("busy"), 3, 20)]
    #[case(SendError::uncertain("lost"), 50, 600)]
    #[case(SendError::permanent("wrong key"), 1, 3600)]
    #[case(SendError::Temporary { reason: "busy".into(), retry_after: Some(Duration::from_secs(42)) }, 1, 42)]
    fn failure_is_followed_by_a_wait(
        #[case] error: SendError,
        #[case] attempts: u32,
        #[case] seconds: i64,
    ) {
        assert_eq!(wait_after(&error, attempts), TimeDelta::seconds(seconds));
    }

    #[test]
    fn record_of_another_version_counts_as_far_as_it_is_read() {
        let body = r#"{"remote":"x1","done":["a"],"fence":3,"colour":"red"}"#;
        let record =
            PublicationRecord { name: "n".into(), at: DateTime::UNIX_EPOCH, body: body.into() };
        let progress = Progress::of(Some(&record));
        assert_eq!((progress.remote.as_deref(), progress.fence), (Some("x1"), 3));
        assert_eq!(progress.done, ["a"]);
        assert_eq!(progress.window, None);
    }
}
