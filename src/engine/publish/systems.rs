//! Publishes public updates and maintenance windows in other systems, each once.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::claims::{Claim, Outcome, Progress, Task};
use super::publishing::{Publishing, Records};
use super::records::read;
use super::settings::NamedPublisher;
use super::windows;
use crate::backend::{BackendError, PublicationRecord};
use crate::engine::parts::Parts;
use crate::model::status_page::{ComponentState, Post, PublicIncident, StatusPage};
use crate::outbound::SendError;
use crate::outbound::publisher::Publication;

/// The prefix of the step that changes the name of an incident. No public id begins with it.
const RENAME: &str = "name:";
/// How long the record of a publication is preserved.
const REMEMBERED: TimeDelta = TimeDelta::days(800);

/// Since when updates are published in a system.
#[derive(Serialize, Deserialize)]
struct Beginning {
    since: DateTime<Utc>,
}

/// Publishes new updates of incidents. Returns when to try again.
async fn publish_incidents(
    publishing: Publishing<'_>,
    records: &mut Records,
    since: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let mut next: Option<DateTime<Utc>> = None;
    for incident in publishing.page.incidents.iter().rev() {
        let key = format!("{}:{}", publishing.name, incident.id);
        let mut record = records.remove(&key);
        // An incident that ended before anything was published in the system is history.
        if record.is_none() && !incident.is_open() && incident.updated_at() < since {
            continue;
        }
        let mut has_all = true;
        for post in &incident.posts {
            let mut progress = Progress::of(record.as_ref());
            if progress.done.contains(&post.id) {
                continue;
            }
            if progress.trying.as_deref().is_some_and(|step| step.starts_with(RENAME)) {
                // A name that is not accepted delays no update.
                progress.next = None;
            }
            let was_sent = !progress.creating.is_empty();
            if progress.remote.is_none() && !progress.creating.contains(&incident.name) {
                progress.creating.push(incident.name.clone());
            }
            if progress.remote.is_none() && !progress.openings.contains(&post.id) {
                progress.openings.push(post.id.clone());
            }
            let subject = format!("an update of incident {}", incident.incident);
            let claim = Claim {
                engine: publishing.engine,
                system: publishing.system,
                key: &key,
                step: &post.id,
                subject: &subject,
            };
            let update = Update { publishing, incident, post, was_sent };
            match claim.run(record.take(), progress, &update).await {
                Outcome::Published(stored) => {
                    record = Some(stored);
                    publishing.pause().await;
                }
                Outcome::Later(at) => {
                    next = Some(next.map_or(at, |next| next.min(at)));
                    has_all = false;
                    break;
                }
            }
        }
        if has_all && let Some(at) = rename(publishing, incident, &key, record).await {
            next = Some(next.map_or(at, |next| next.min(at)));
        }
    }
    next
}

/// Changes the name that an incident has in the system, unless it is the present one. Returns when to try
/// again.
async fn rename(
    publishing: Publishing<'_>,
    incident: &PublicIncident,
    key: &str,
    record: Option<PublicationRecord>,
) -> Option<DateTime<Utc>> {
    let progress = Progress::of(record.as_ref());
    let is_named = match &progress.name {
        Some(name) => *name == incident.name,
        // What a program of an earlier version has published is changed while it is news.
        None => !incident.is_open(),
    };
    if is_named || progress.remote.is_none() {
        return None;
    }
    let claim = Claim {
        engine: publishing.engine,
        system: publishing.system,
        key,
        step: &format!("{RENAME}{}", incident.name),
        subject: &format!("the name of incident {}", incident.incident),
    };
    match claim.run(record, progress, &Rename { publishing, incident }).await {
        Outcome::Published(_) => {
            publishing.pause().await;
            None
        }
        Outcome::Later(at) => Some(at),
    }
}

/// Publishes the new parts of a page in a system. Returns when to try again.
pub(super) async fn publish(
    engine: &Parts,
    system: &NamedPublisher,
    page: &StatusPage,
) -> Result<Option<DateTime<Utc>>, BackendError> {
    let name = format!("publisher:{}", system.name);
    let since = beginning(engine, &name).await?;
    let records = engine.ledger.publications(&format!("{name}:")).await?;
    let mut records: Records =
        records.into_iter().map(|record| (record.name.clone(), record)).collect();
    let publishing = Publishing { engine, system, page, name: &name };
    let next = publish_incidents(publishing, &mut records, since).await;
    let next = next.into_iter().chain(windows::publish(publishing, &mut records).await).min();
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

/// An update to be published.
struct Update<'a> {
    publishing: Publishing<'a>,
    incident: &'a PublicIncident,
    post: &'a Post,
    /// Whether it was sent before without an answer.
    was_sent: bool,
}

impl Update<'_> {
    /// Returns the present states of the affected components that the system has.
    fn components(&self) -> Vec<(String, ComponentState)> {
        let ids = self.publishing.system.publisher.components();
        let affected = self.incident.components.iter();
        affected
            .filter_map(|position| self.publishing.page.components.get(*position))
            .filter_map(|component| Some((ids.get(&component.service)?.clone(), component.state)))
            .collect()
    }

    async fn publish(
        &self,
        progress: &mut Progress,
        may_have_arrived: bool,
    ) -> Result<(), SendError> {
        let publisher = &self.publishing.system.publisher;
        let components = self.components();
        let publication =
            Publication { incident: self.incident, post: self.post, components: &components };
        let Some(id) = progress.remote.clone() else {
            let mut found = None;
            if self.was_sent || may_have_arrived {
                found = self.find(progress, publication).await?;
            }
            let Some(Found { id, name, opening }) = found else {
                progress.remote = Some(publisher.create(publication).await?);
                progress.name = Some(self.incident.name.clone());
                progress.creating.clear();
                progress.openings.clear();
                return Ok(());
            };
            progress.remote = Some(id.clone());
            progress.name = name;
            progress.creating.clear();
            // Another update may have created it: one that was recorded late is sorted before that one.
            let is_shown = match opening {
                Some(opening) if opening == self.post.id => true,
                Some(opening) => {
                    progress.done.push(opening);
                    false
                }
                None => progress.openings.len() < 2 || publisher.has(&id, publication).await?,
            };
            if !is_shown {
                self.add(&id, publication, progress).await?;
            }
            return Ok(());
        };
        let may_have_arrived = may_have_arrived || progress.openings.contains(&self.post.id);
        if may_have_arrived && publisher.has(&id, publication).await? {
            return Ok(());
        }
        self.add(&id, publication, progress).await
    }

    async fn add(
        &self,
        id: &str,
        publication: Publication<'_>,
        progress: &mut Progress,
    ) -> Result<(), SendError> {
        let publisher = &self.publishing.system.publisher;
        publisher.add(id, publication).await?;
        if publisher.updates_have_names() {
            progress.name = Some(self.incident.name.clone());
        }
        Ok(())
    }

    /// Finds the incident under a name under which it was sent, and in a system that recognizes it by its
    /// first update, with an update with which it was sent. Returns `None` if it has not arrived.
    async fn find(
        &self,
        progress: &Progress,
        publication: Publication<'_>,
    ) -> Result<Option<Found>, SendError> {
        let publisher = &self.publishing.system.publisher;
        for name in progress.creating.iter().rev() {
            let incident = &PublicIncident { name: name.clone(), ..self.incident.clone() };
            let publication = Publication { incident, ..publication };
            if !publisher.finds_by_update() {
                if let Some(id) = publisher.find(publication).await? {
                    return Ok(Some(Found { id, name: None, opening: None }));
                }
                continue;
            }
            let is_opening = |post: &&Post| progress.openings.contains(&post.id);
            for post in self.incident.posts.iter().filter(is_opening) {
                let publication = Publication { post, ..publication };
                if let Some(id) = publisher.find(publication).await? {
                    let (name, opening) = (Some(name.clone()), Some(post.id.clone()));
                    return Ok(Some(Found { id, name, opening }));
                }
            }
        }
        Ok(None)
    }
}

/// An incident in another system that had arrived without an answer.
struct Found {
    /// Its id there.
    id: String,
    /// Its name there; `None` if that is not known.
    name: Option<String>,
    /// The public id of its first update; `None` if that is not known.
    opening: Option<String>,
}

/// A name to be changed.
struct Rename<'a> {
    publishing: Publishing<'a>,
    incident: &'a PublicIncident,
}

impl Task for Rename<'_> {
    async fn attempt(&self, progress: &mut Progress, _: bool) -> Result<(), SendError> {
        let Some(id) = &progress.remote else { return Ok(()) };
        self.publishing.system.publisher.rename(id, self.incident).await?;
        progress.name = Some(self.incident.name.clone());
        Ok(())
    }
}

impl Task for Update<'_> {
    async fn attempt(
        &self,
        progress: &mut Progress,
        may_have_arrived: bool,
    ) -> Result<(), SendError> {
        self.publish(progress, may_have_arrived).await?;
        progress.done.push(self.post.id.clone());
        Ok(())
    }
}
