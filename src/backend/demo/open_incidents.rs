//! Picks the incidents that are open at the end of the history.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::time::truncate_to_second;
use crate::model::{Priority, Rules, Status};

use super::data::Case;
use super::dice::{Dice, Stream, seconds};

/// An incident that is open at the end of the history.
#[derive(Clone, Copy)]
pub(super) struct OpenIncident {
    pub reported: DateTime<Utc>,
    /// The hand-written case; `None` for a random incident.
    pub case: Option<&'static Case>,
    pub priority: Priority,
    pub stage: Status,
}

/// Returns the incidents that are open at the end of the history, the last reported one first: the
/// hand-written cases, then random ones.
pub(super) fn pick_open_incidents(
    cases: &'static [Case],
    rules: &Rules,
    seed: u64,
    now: DateTime<Utc>,
    count: u64,
) -> Vec<OpenIncident> {
    let mut dice = Dice::new(seed, Stream::Open);
    let mut incidents: Vec<OpenIncident> = cases
        .iter()
        .map(|case| OpenIncident {
            reported: {
                // Ages of full minutes would look invented.
                let jitter = dice.between(-case.age_s / 30, case.age_s / 40);
                now - TimeDelta::seconds(case.age_s + jitter)
            },
            case: Some(case),
            priority: rules.matrix.priority(case.impact, case.urgency),
            stage: case.stage,
        })
        .take(usize::try_from(count).unwrap_or(usize::MAX))
        .collect();
    for _ in incidents.len() as u64..count {
        let priority = Priority::ALL[dice.weighted(&[1, 9, 44, 46])];
        let level = rules.levels.for_priority(priority);
        let stage = Status::ALL[dice.weighted(&[12, 22, 30, 20, 16])];
        let within = if stage == Status::Triggered { level.acknowledge_s } else { level.resolve_s };
        // Few have missed their service level.
        let share = if dice.chance(0.05) { 1.0 + dice.unit() * 0.3 } else { dice.unit() * 0.95 };
        #[allow(clippy::cast_precision_loss, reason = "a promise is far below 2^52 s")]
        let age = seconds(20.0 + within as f64 * share);
        incidents.push(OpenIncident {
            reported: truncate_to_second(now - age),
            case: None,
            priority,
            stage,
        });
    }
    incidents.sort_by_key(|incident| std::cmp::Reverse(incident.reported));
    incidents
}
