//! Publishes public updates in other systems, each once.
//!
//! How far an incident is, is a record of the ledger: which updates are published, and which one a program
//! is publishing now. A program claims an update by replacing that record, so that of several one publishes
//! it. A claim ends after a time; whoever finds one that ended without a result first looks whether the
//! update has arrived.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::records::{read, store};
use super::settings::NamedPublisher;
use crate::backend::{BackendError, PublicationRecord};
use crate::engine::parts::Parts;
use crate::model::status_page::{ComponentState, Post, PublicIncident, StatusPage};
use crate::outbound::SendError;
use crate::outbound::publisher::Publication;

/// How long a claim lasts. An attempt ends earlier: it is a few requests, each with a limit.
const CLAIM: TimeDelta = TimeDelta::minutes(3);
/// How long after the first failure an update is tried again, and at most after the others.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(5);
const MAX_RETRY: TimeDelta = TimeDelta::minutes(10);
/// How long after a refusal it is tried again: somebody may have mended the settings.
const AFTER_REFUSAL: TimeDelta = TimeDelta::hours(1);
/// The pause after an update: one system accepts no more than one request a second.
const PAUSE: Duration = Duration::from_millis(1100);
/// How long it is remembered what was published.
const REMEMBERED: TimeDelta = TimeDelta::days(800);

/// Since when updates are published in a system.
#[derive(Serialize, Deserialize)]
struct Beginning {
    since: DateTime<Utc>,
}

/// How far an incident is published in a system.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Progress {
    /// Its id there, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<String>,
    /// The public ids of the updates that are published.
    done: Vec<String>,
    /// The update that is being published, or was when a program ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    trying: Option<String>,
    /// How often that was tried.
    attempts: u32,
    /// When the next attempt may begin; absent if at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// How often it was claimed, by which a record differs from the one before.
    fence: u64,
}

/// What became of an update.
enum Step {
    /// It is published.
    Published(PublicationRecord),
    /// It is tried again later, by this program or another.
    Later(DateTime<Utc>),
}

/// Publishes what is new of a page in a system. Returns when something is to be tried again.
pub(super) async fn publish(
    engine: &Parts,
    system: &NamedPublisher,
    page: &StatusPage,
) -> Result<Option<DateTime<Utc>>, BackendError> {
    let name = format!("publisher:{}", system.name);
    let since = beginning(engine, &name).await?;
    let records = engine.ledger.publications(&format!("{name}:")).await?;
    let mut records: HashMap<String, PublicationRecord> =
        records.into_iter().map(|record| (record.name.clone(), record)).collect();
    let mut next: Option<DateTime<Utc>> = None;
    for incident in page.incidents.iter().rev() {
        let key = format!("{name}:{}", incident.id);
        let mut record = records.remove(&key);
        // What ended before anything was published there is history.
        if record.is_none() && !incident.is_open() && incident.updated_at() < since {
            continue;
        }
        for post in &incident.posts {
            let progress = progress_of(record.as_ref());
            if progress.done.contains(&post.id) {
                continue;
            }
            let work = Work { engine, system, page, incident, post, key: &key };
            match work.run(record.take(), progress).await {
                Step::Published(stored) => {
                    record = Some(stored);
                    engine.clock.sleep(PAUSE).await;
                }
                Step::Later(at) => {
                    next = Some(next.map_or(at, |next| next.min(at)));
                    break;
                }
            }
        }
    }
    let oldest = engine.clock.now() - REMEMBERED;
    engine.ledger.remove_publications(&format!("{name}:"), oldest).await?;
    Ok(next)
}

/// Returns since when updates are published in a system, which is now if none was before.
async fn beginning(engine: &Parts, name: &str) -> Result<DateTime<Utc>, BackendError> {
    let now = engine.clock.now();
    if let Some(record) = read(engine, name).await? {
        let beginning: Option<Beginning> = serde_json::from_str(&record.body).ok();
        return Ok(beginning.map_or(record.at, |beginning| beginning.since));
    }
    let record = PublicationRecord {
        name: name.to_owned(),
        at: now,
        body: serde_json::to_string(&Beginning { since: now }).unwrap_or_default(),
    };
    engine.ledger.replace_publication(None, &record).await?;
    Ok(now)
}

fn progress_of(record: Option<&PublicationRecord>) -> Progress {
    record.and_then(|record| serde_json::from_str(&record.body).ok()).unwrap_or_default()
}

/// An update that is to be published.
struct Work<'a> {
    engine: &'a Parts,
    system: &'a NamedPublisher,
    page: &'a StatusPage,
    incident: &'a PublicIncident,
    post: &'a Post,
    /// The name of the record.
    key: &'a str,
}

impl Work<'_> {
    async fn run(&self, before: Option<PublicationRecord>, progress: Progress) -> Step {
        let now = self.engine.clock.now();
        // One that is further ahead is from before the clock was set back.
        let latest = now + AFTER_REFUSAL.max(MAX_RETRY);
        if let Some(next) = progress.next.filter(|next| *next > now && *next <= latest) {
            return Step::Later(next);
        }
        let may_have_arrived = progress.trying.as_deref() == Some(self.post.id.as_str());
        let attempts = if may_have_arrived { progress.attempts } else { 0 };
        let mut claimed = Progress {
            trying: Some(self.post.id.clone()),
            attempts: attempts.saturating_add(1),
            next: Some(now + CLAIM),
            fence: progress.fence.saturating_add(1),
            ..progress
        };
        let claim = self.record(&claimed);
        if !store(self.engine, before.as_ref(), &claim).await {
            return Step::Later(now + CLAIM);
        }
        let result = self.attempt(&mut claimed, may_have_arrived).await;
        let now = self.engine.clock.now();
        claimed.fence = claimed.fence.saturating_add(1);
        let later = match result {
            Ok(()) => {
                claimed.done.push(self.post.id.clone());
                (claimed.trying, claimed.attempts) = (None, 0);
                (claimed.next, claimed.error) = (None, None);
                None
            }
            Err(error) => {
                let next = now + wait_after(&error, claimed.attempts);
                let (name, incident) = (&self.system.name, &self.incident.incident);
                tracing::warn!(publisher = name, %incident, "an update is not published: {error}");
                claimed.error = Some(error.to_string());
                claimed.next = Some(next);
                Some(next)
            }
        };
        let record = self.record(&claimed);
        if !store(self.engine, Some(&claim), &record).await {
            // The claim has gone to another program, which looks for the update.
            return Step::Later(now + CLAIM);
        }
        later.map_or(Step::Published(record), Step::Later)
    }

    fn record(&self, progress: &Progress) -> PublicationRecord {
        PublicationRecord {
            name: self.key.to_owned(),
            at: self.engine.clock.now(),
            // Texts and numbers can always be encoded.
            body: serde_json::to_string(progress).unwrap_or_default(),
        }
    }

    /// Publishes the update, after looking for it if it may have arrived.
    async fn attempt(
        &self,
        progress: &mut Progress,
        may_have_arrived: bool,
    ) -> Result<(), SendError> {
        let publisher = &self.system.publisher;
        let components = self.components();
        let publication =
            Publication { incident: self.incident, post: self.post, components: &components };
        let Some(id) = progress.remote.clone() else {
            if may_have_arrived && let Some(id) = publisher.find(publication).await? {
                progress.remote = Some(id);
                return Ok(());
            }
            progress.remote = Some(publisher.create(publication).await?);
            return Ok(());
        };
        if may_have_arrived && publisher.has(&id, publication).await? {
            return Ok(());
        }
        publisher.add(&id, publication).await
    }

    /// Returns the present states of the affected components that the system has.
    fn components(&self) -> Vec<(String, ComponentState)> {
        let ids = self.system.publisher.components();
        let affected = self.incident.components.iter();
        affected
            .filter_map(|position| self.page.components.get(*position))
            .filter_map(|component| Some((ids.get(&component.service)?.clone(), component.state)))
            .collect()
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
        let progress = progress_of(Some(&record));
        assert_eq!((progress.remote.as_deref(), progress.fence), (Some("x1"), 3));
        assert_eq!(progress.done, ["a"]);
    }
}
