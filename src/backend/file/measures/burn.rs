//! Incidents of error budgets that are used too fast.

use chrono::{DateTime, TimeDelta, Utc};

use super::names::read_names;
use super::outages::read_outages;
use crate::backend::file::alerts;
use crate::backend::file::error::StoreResult;
use crate::backend::file::store::FileStore;
use crate::backend::{BackendError, SettledBudgets};
use crate::model::Actor;
use crate::model::alert::Alert;
use crate::model::measures::pages::Objective;
use crate::model::signals::{BURN, Burn, BurnWindow, burn_ending};
use crate::model::time::recorded_time;

/// The first version of the schema that has alerts.
const FIRST_VERSION: i64 = 10;
/// The interval at which budgets are examined.
const INTERVAL: TimeDelta = TimeDelta::minutes(1);

impl FileStore {
    /// Declares incidents for budgets whose burn rate has become too high, and ends those of
    /// budgets that have recovered; see
    /// [`Ledger::settle_budgets`](crate::backend::Ledger::settle_budgets).
    ///
    /// A budget that is still used too fast is reported once. So any number of programs declare one
    /// incident, and one that people have resolved is not declared again before its budget was at rest.
    pub(in crate::backend::file) async fn end_burns(
        &self,
        now: DateTime<Utc>,
    ) -> Result<SettledBudgets, BackendError> {
        if self.inner.version < FIRST_VERSION {
            return Ok(SettledBudgets::default());
        }
        let rules = self.rules();
        let objectives: Vec<&Objective> =
            rules.objectives.iter().filter(|objective| objective.alert).collect();
        let (burns, firing) = self.with_path_context(self.read_burns(&objectives, now)).await?;
        let mut settled = SettledBudgets {
            next: (!objectives.is_empty()).then(|| now + INTERVAL),
            ..SettledBudgets::default()
        };
        let actor = Actor::Integration(BURN.to_owned());
        let at = recorded_time(now);
        let is_firing = |burn: &&Burn| firing.iter().any(|alert| alert.group == burn.key());
        for burn in burns.iter().filter(|burn| !is_firing(burn)) {
            let group = burn.alert(at, &rules.matrix);
            self.store_alerts(&group, &actor).await?;
            tracing::warn!(budget = group.key, "an error budget is used too fast");
            settled.declared += 1;
        }
        for alert in &firing {
            if !burns.iter().any(|burn| burn.key() == alert.group) {
                self.store_alerts(&burn_ending(alert, at), &actor).await?;
                settled.ended += 1;
            }
        }
        Ok(settled)
    }

    /// Reads the budgets that are used too fast, and the alerts of budgets that fire.
    async fn read_burns(
        &self,
        objectives: &[&Objective],
        now: DateTime<Utc>,
    ) -> StoreResult<(Vec<Burn>, Vec<Alert>)> {
        let mut conn = self.acquire_reader().await?;
        let firing = alerts::read_firing_of(&mut conn, BURN).await?;
        let mut burns = Vec::new();
        if objectives.is_empty() {
            return Ok((burns, firing));
        }
        let names = read_names(&mut conn).await?;
        // No window that is watched is longer than a day.
        let recent = |objective: &&Objective| Objective { window_days: 1, ..(*objective).clone() };
        let recent: Vec<Objective> = objectives.iter().map(recent).collect();
        let found = read_outages(&mut conn, recent, &names, now).await?;
        for (objective, (_, outages)) in objectives.iter().zip(found) {
            let windows = BurnWindow::ALL.into_iter();
            let all = windows.map(|window| Burn::compute(objective, window, &outages, now));
            burns.extend(all.filter(Burn::fires));
        }
        Ok((burns, firing))
    }
}
