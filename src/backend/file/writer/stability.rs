//! Stability before an incident is resolved, which rests on its alerts.

use super::Writer;
use crate::backend::BackendError;
use crate::backend::file::alerts::read_soak;
use crate::backend::file::error::StoreResult;
use crate::backend::file::records::KeyedIncident;
use crate::model::decide::Context;
use crate::model::{Command, Envelope, Event, EventBody, Rejection};

impl Writer {
    /// Refuses a resolution without a reason while alerts fire, or have fired within the time that
    /// the settings require; otherwise records in its event for how long none has.
    pub(super) async fn require_stability(
        &mut self,
        before: &KeyedIncident,
        events: &mut [Event],
        envelope: &Envelope,
        context: Context<'_>,
    ) -> StoreResult<()> {
        let rules = &context.rules.stability;
        let Some(soak) = read_soak(&mut self.conn, before, rules).await? else { return Ok(()) };
        let reason = match &envelope.command {
            Command::Incident { because, .. } => because.as_deref(),
            _ => None,
        };
        if soak.refuses(context.now, reason) {
            let refusal = Rejection::NotStableYet { soak, at: context.now };
            return Err(BackendError::rejected(refusal, context.now).into());
        }
        for event in events {
            if let EventBody::Resolved { stability, .. } = &mut event.body {
                *stability = Some(soak.stability(context.now));
            }
        }
        Ok(())
    }
}
