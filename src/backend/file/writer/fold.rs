//! The event that folding an incident adds to the timeline of the one it is folded under: a link,
//! so that its record has the tree of its consequences.

use super::Writer;
use super::execution::OtherTimeline;
use crate::backend::file::error::StoreResult;
use crate::backend::file::{event_row, records};
use crate::backend::{BackendError, Missing};
use crate::model::decide::{Context, link_folded};
use crate::model::undo::is_undo;
use crate::model::{Envelope, Event, EventBody, Incident, IncidentId, Rejection};

impl Writer {
    /// Reads the incident under which another one is folded, or was, and sets its number in the event.
    /// Returns it with the event that links the two, or removes the link.
    pub(super) async fn fold_under(
        &mut self,
        under: Option<IncidentId>,
        from: &Incident,
        events: &mut [Event],
        envelope: &Envelope,
        context: Context<'_>,
    ) -> StoreResult<Option<OtherTimeline>> {
        let Some(other) = under.or(from.summary.folded_under) else { return Ok(None) };
        let target = records::load(&mut self.conn, other, true).await?;
        let Some(target) = target else {
            // The incident under which it was folded was not imported.
            return match under {
                Some(_) => Err(BackendError::NotFound(Missing::FoldTarget).into()),
                None => Ok(None),
            };
        };
        let row = &target.incident.summary;
        if under.is_some() {
            let refusal = if !row.status.is_open() {
                Some(Rejection::FoldTargetEnded { number: row.number, status: row.status })
            } else if row.folded_under.is_some() {
                Some(Rejection::FoldTargetFolded { number: row.number })
            } else {
                None
            };
            if let Some(refusal) = refusal.filter(|_| !is_undo(&envelope.command)) {
                return Err(BackendError::rejected(refusal, context.now).into());
            }
            for event in events.iter_mut() {
                if let EventBody::Folded { number, .. } = &mut event.body {
                    *number = row.number;
                }
            }
        }
        let added = link_folded(&target.incident, from, under.is_some(), envelope, context);
        let added: Vec<Event> = added.into_iter().map(event_row::truncate_times).collect();
        if added.is_empty() {
            return Ok(None);
        }
        Ok(Some(OtherTimeline { before: Some(target), events: added, moved: None }))
    }
}
