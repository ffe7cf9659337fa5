//! Which incidents are open at the end of the history.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::time::truncate_to_second;
use crate::model::{Priority, Status};

use super::cases::{CASES, Case};
use super::dice::{Dice, Stream, seconds};
use super::history::HistoryOptions;

/// An incident that is open at `now`.
#[derive(Clone, Copy)]
pub(super) struct OpenIncident {
    pub reported: DateTime<Utc>,
    /// One of the cases picked by hand.
    pub case: Option<&'static Case>,
    pub priority: Priority,
    pub stage: Status,
}

/// Those that are open at `now`, the last reported first.
pub(super) fn pick_open_incidents(wanted: &HistoryOptions, count: u64) -> Vec<OpenIncident> {
    let mut dice = Dice::new(wanted.seed, Stream::Open);
    let now = wanted.now;
    let mut ones: Vec<OpenIncident> = CASES
        .iter()
        .map(|case| OpenIncident {
            reported: {
                // Ages of whole minutes would look made up.
                let jitter = dice.between(-case.age_s / 30, case.age_s / 40);
                now - TimeDelta::seconds(case.age_s + jitter)
            },
            case: Some(case),
            priority: wanted.rules.matrix.priority(case.impact, case.urgency),
            stage: case.stage,
        })
        .take(usize::try_from(count).unwrap_or(usize::MAX))
        .collect();
    for _ in ones.len() as u64..count {
        let priority = Priority::ALL[dice.weighted(&[1, 9, 44, 46])];
        let level = wanted.rules.levels.for_priority(priority);
        let stage = Status::ALL[dice.weighted(&[12, 22, 30, 20, 16])];
        let within = if stage == Status::Triggered { level.acknowledge_s } else { level.resolve_s };
        // Few are past what was promised.
        let share = if dice.chance(0.05) { 1.0 + dice.unit() * 0.3 } else { dice.unit() * 0.95 };
        #[allow(clippy::cast_precision_loss, reason = "a promise is far below 2^52 s")]
        let age = seconds(20.0 + within as f64 * share);
        ones.push(OpenIncident {
            reported: truncate_to_second(now - age),
            case: None,
            priority,
            stage,
        });
    }
    ones.sort_by_key(|one| std::cmp::Reverse(one.reported));
    ones
}
