//! Plans the notifications that follow from calls of levels, and from updates for stakeholders.

use super::parts::Parts;
use super::settings::EngineSettings;
use crate::backend::{BackendError, Plan, Unplanned};
use crate::model::notification::plan_role_request;
use crate::model::signals::{SELF_TEST, plan_update};

/// Plans everything that was recorded and not planned yet. Whichever program is first with a part of
/// the log plans it.
///
/// A program without contacts plans nothing, as everybody would be unreachable, though not for other
/// programs. One that only has the contact of self-tests plans them, and stops before anything else.
pub(super) async fn plan_all(
    engine: &Parts,
    settings: &EngineSettings,
) -> Result<(), BackendError> {
    let people = &settings.contacts.people;
    if people.is_empty() {
        return Ok(());
    }
    let reaches_others = people.iter().any(|one| one.person != SELF_TEST);
    loop {
        let Unplanned { from, to, calls, has_more } = engine.ledger.unplanned().await?;
        if to == from {
            return Ok(());
        }
        let has_others = calls.iter().any(|(_, row)| row.team.as_deref() != Some(SELF_TEST));
        if has_others && !reaches_others {
            return Ok(());
        }
        let now = engine.clock.now();
        let notifications = calls
            .iter()
            .flat_map(|(event, row)| {
                let contacts = &settings.contacts;
                let stakeholders = (settings.signals.stakeholders.as_slice(), &**contacts);
                let mut planned = engine.decisions.plan(event, row, contacts, now);
                planned.extend(plan_role_request(event, row, contacts, now));
                planned.extend(plan_update(event, row, stakeholders, now));
                planned
            })
            .collect();
        let was_first = engine.ledger.plan(&Plan { from, to, notifications }).await?;
        if was_first && !has_more {
            return Ok(());
        }
    }
}
