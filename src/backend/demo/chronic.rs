//! Faults that come again and again, and the problems behind them.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::ProblemId;
use crate::model::problem::{Problem, ProblemState};

use super::company::Company;
use super::dice::{Dice, Stream};
use super::faults::Cause;
use super::templates::{REGIONS, TemplateValues};

/// How many there are, one after another.
const COUNT: u64 = 26;

/// A fault that comes again and again, with the problem behind it.
pub(super) struct ChronicFault {
    pub service: usize,
    pub fault: usize,
    pub cause: Cause,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub problem: Problem,
}

/// Faults that come again and again for some months, and the problems behind them.
pub(super) fn chronic_faults(
    company: &Company,
    seed: u64,
    from: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Vec<ChronicFault> {
    (0..COUNT)
        .map(|index| {
            let mut dice = Dice::with_index(seed, Stream::Problems, index);
            let service = dice.index(company.kinds.len());
            let faults = company.kinds[service].faults();
            let fault = dice.index(faults.len());
            let cause = *dice.pick(faults[fault].causes);
            // They begin one after another, so that some are active at any time.
            let step = (now - from).num_days() / i64::try_from(COUNT).unwrap_or(1);
            let begins = i64::try_from(index).unwrap_or(0) * step - dice.between(30, 90);
            let begins = from + TimeDelta::days(begins);
            let until = begins + TimeDelta::days(dice.between(60, 260));
            let found = begins
                + TimeDelta::seconds(dice.between(4, 25) * 86_400 + dice.between(30_000, 60_000));
            let opened_at = found.min(now - TimeDelta::hours(30));
            let gone = until < now;
            let state = match (gone, dice.chance(0.5)) {
                (true, _) => ProblemState::Removed,
                (false, true) => ProblemState::KnownError,
                (false, false) => ProblemState::Open,
            };
            let service_row = &company.directory.services[service];
            let filler = TemplateValues {
                service: &service_row.name,
                dependency: service_row.depends_on.first().unwrap_or(&service_row.name),
                region: dice.pick_text(&REGIONS),
                colleague: "Ravi",
                is_severe: false,
                began_minute: 600,
            };
            let words = cause.templates();
            let cause_text = match state {
                ProblemState::Open => String::new(),
                _ => filler.fill(dice.pick_text(words.found), &mut dice),
            };
            let problem = Problem {
                id: ProblemId(dice.uuid_at(opened_at)),
                title: filler.fill(words.problem, &mut dice),
                state,
                services: vec![service_row.name.clone()],
                cause: cause_text,
                workaround: filler.fill(dice.pick(words.fixes).1, &mut dice),
                opened_at,
            };
            ChronicFault { service, fault, cause, from: begins, until, problem }
        })
        .collect()
}
