//! Removes from this machine what was redacted at the remote: from the cache, from drafts, and from the
//! commands of the outbox. One that waits and would bring it back is held until a person decides about it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};

use super::Shared;
use super::entry::OutboxEntry;
use crate::backend::lists::MAX_ROWS;
use crate::backend::{BackendError, Cursor, Delta, FeedSearch, TimelineRange};
use crate::model::redacted_content::RedactedContent;
use crate::model::redaction::RedactedTarget;
use crate::model::{Event, EventBody, IncidentId};
use crate::sync::drafts;
use crate::sync::reader::Sourced;

/// The kind of event of a redaction.
const REDACTED: &str = "redacted";
/// How long before the last changes that were cached redactions are searched for: clocks differ.
const MARGIN: TimeDelta = TimeDelta::days(1);
/// How long a command has waited before redactions are read for it, and how long what was read counts.
const MIN_WAITED: TimeDelta = TimeDelta::seconds(60);
/// The most pages of redactions that are read.
const MAX_PAGES: usize = 50;

/// The redactions of one incident.
pub(super) struct RedactedIncident {
    /// The incident.
    pub id: IncidentId,
    /// Its parts that were redacted.
    pub parts: Vec<RedactedTarget>,
    /// What they said, as far as it is known on this machine.
    pub content: RedactedContent,
}

impl Shared {
    /// Removes the parts that a delta redacts, before its cursor is cached. If it does not list
    /// them, because too much has changed, the redactions since the last cached changes are read.
    pub(super) async fn remove_redacted(&self, delta: &Delta) {
        if !delta.reset {
            return self.remove_parts(&delta.redacted).await;
        }
        // Nothing is cached before there is a cursor.
        let cursor: Option<Sourced<Cursor>> = self.cache.fact("cursor").await;
        let Some(since) = cursor.and_then(|cursor| cursor.as_of) else { return };
        match self.read_redactions(since - MARGIN).await {
            Ok(redacted) => self.remove_parts(&redacted).await,
            Err(error) => tracing::debug!(%error, "what was redacted meanwhile"),
        }
    }

    /// Removes what events say was redacted from the commands of the outbox. Call it before the cache has
    /// the incident as it is without it.
    pub(super) async fn remove_from_outbox(&self, events: &[Event]) {
        let redacted: Vec<RedactedTarget> = events.iter().filter_map(redacted_target).collect();
        self.remove_commands(&redacted).await;
    }

    /// Reads what was redacted since commands were requested that have waited for a while, and holds those
    /// that would bring it back. Returns whether something was redacted.
    ///
    /// # Errors
    /// The remote does not answer: nothing may be sent before it has.
    pub(super) async fn hold_redacted(
        &self,
        due: &[Arc<OutboxEntry>],
    ) -> Result<bool, BackendError> {
        let now = Utc::now();
        let about_incidents = due.iter().filter(|entry| entry.incident().is_some());
        let oldest = about_incidents.filter_map(|entry| entry.made_at()).min();
        let Some(oldest) = oldest.filter(|oldest| now - *oldest >= MIN_WAITED) else {
            return Ok(false);
        };
        let read_at = self.redactions_read_at_s.load(Ordering::Relaxed);
        if (now.timestamp() - read_at).abs() < MIN_WAITED.num_seconds() {
            return Ok(false);
        }
        let read = self.read_redactions(oldest - MARGIN).await;
        self.record_reachability(&read);
        let redacted = match read {
            Err(error) if error.is_temporary() => return Err(error),
            // A remote that has no such list redacts nothing, and a token that may not read learns nothing.
            Err(error) => {
                tracing::debug!(%error, "what was redacted before commands are sent");
                Vec::new()
            }
            Ok(redacted) => redacted,
        };
        self.redactions_read_at_s.store(now.timestamp(), Ordering::Relaxed);
        self.remove_commands(&redacted).await;
        Ok(!redacted.is_empty())
    }

    async fn remove_parts(&self, redacted: &[RedactedTarget]) {
        if !redacted.is_empty() {
            // The removed content is known only as long as it is cached.
            self.remove_commands(redacted).await;
            self.cache.redact(redacted).await;
        }
    }

    async fn remove_commands(&self, redacted: &[RedactedTarget]) {
        if redacted.is_empty() {
            return;
        }
        let incidents = self.describe_redacted(redacted).await;
        self.remove_from_drafts(&incidents).await;
        let removed = match self.outbox.redact(incidents).await {
            Ok(true) => self.refresh_outbox().await,
            Ok(false) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            tracing::warn!(%error, "what was redacted is still among the commands of the outbox");
        }
    }

    /// Removes what was redacted from the drafts on this machine.
    async fn remove_from_drafts(&self, incidents: &[RedactedIncident]) {
        let Some(folder) = self.drafts.clone() else { return };
        let contents: Vec<_> =
            incidents.iter().map(|incident| (incident.id, incident.content.clone())).collect();
        let removing = tokio::task::spawn_blocking(move || {
            let mut result = Ok(());
            for (incident, content) in &contents {
                // The drafts about the others are changed even if those about one can't be.
                result = drafts::remove_redacted(&folder, *incident, content).and(result);
            }
            result
        });
        match removing.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "what was redacted is still in drafts"),
            Err(error) => tracing::warn!(%error, "what was redacted is still in drafts"),
        }
    }

    /// Finds out what redacted parts said, from what is cached.
    async fn describe_redacted(&self, redacted: &[RedactedTarget]) -> Vec<RedactedIncident> {
        let mut incidents: Vec<RedactedIncident> = Vec::new();
        for part in redacted {
            match incidents.iter_mut().find(|incident| incident.id == part.incident) {
                Some(incident) => incident.parts.push(part.clone()),
                None => incidents.push(RedactedIncident {
                    id: part.incident,
                    parts: vec![part.clone()],
                    content: RedactedContent::default(),
                }),
            }
        }
        for RedactedIncident { id, parts, content } in &mut incidents {
            let detail = self.cache.detail(*id).await;
            let events = self.cache.timeline(*id, TimelineRange::Last(u32::MAX)).await;
            for part in parts.iter() {
                if let Some(detail) = &detail {
                    content.add_record(part, &detail.value.incident);
                }
                events.iter().flatten().for_each(|event| content.add_event(part, event));
            }
        }
        incidents
    }

    /// Reads the redactions since a time.
    async fn read_redactions(
        &self,
        since: DateTime<Utc>,
    ) -> Result<Vec<RedactedTarget>, BackendError> {
        let mut search = FeedSearch {
            since: Some(since),
            kinds: vec![REDACTED.to_owned()],
            ..FeedSearch::first(MAX_ROWS)
        };
        let mut redacted = Vec::new();
        for _ in 0..MAX_PAGES {
            let page = self.backend.feed(&search).await?;
            redacted.extend(page.rows.iter().filter_map(|row| redacted_target(&row.event)));
            search.after = page.next;
            if search.after.is_none() {
                break;
            }
        }
        Ok(redacted)
    }
}

/// Returns the redacted part of an event.
fn redacted_target(event: &Event) -> Option<RedactedTarget> {
    match event.body {
        EventBody::Redacted { part, target, .. } => {
            Some(RedactedTarget { incident: event.incident, part, target })
        }
        _ => None,
    }
}
