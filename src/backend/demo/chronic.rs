//! Chronic faults, which recur for some months, and the problems that cause them.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::problem::{Problem, ProblemState};
use crate::model::{Extra, ProblemId};

use super::company::Company;
use super::data::Cause;
use super::dice::{Dice, Stream};
use super::templates::TemplateValues;

/// The number of chronic faults.
const COUNT: u64 = 26;

/// A fault that recurs from `from` until `until`, and the problem that causes it.
pub(super) struct ChronicFault {
    pub service: usize,
    pub fault: usize,
    pub cause: Cause,
    pub from: DateTime<Utc>,
    pub until: DateTime<Utc>,
    pub problem: Problem,
}

/// Returns the chronic faults of the company between `from` and `now`.
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
            let faults = &company.kinds[service].faults;
            let fault = dice.index(faults.len());
            let cause = *dice.pick(&faults[fault].causes);
            // Their beginnings are spread, so that some are active at any time.
            let step = (now - from).num_days() / i64::try_from(COUNT).unwrap_or(1);
            let begins = i64::try_from(index).unwrap_or(0) * step - dice.between(30, 90);
            let begins = from + TimeDelta::days(begins);
            let until = begins + TimeDelta::days(dice.between(60, 260));
            let found_at = begins
                + TimeDelta::seconds(dice.between(4, 25) * 86_400 + dice.between(30_000, 60_000));
            let opened_at = found_at.min(now - TimeDelta::hours(30));
            let has_ended = until < now;
            let state = match (has_ended, dice.chance(0.5)) {
                (true, _) => ProblemState::Removed,
                (false, true) => ProblemState::KnownError,
                (false, false) => ProblemState::Open,
            };
            let service_row = &company.directory.services[service];
            let texts = &company.data.texts;
            let filler = TemplateValues {
                vocabulary: &texts.vocabulary,
                service: &service_row.name,
                dependency: service_row.depends_on.first().unwrap_or(&service_row.name),
                region: dice.pick_text(&texts.vocabulary.regions),
                colleague: &texts.actors.problem_colleague,
                is_severe: false,
                began_minute: 600,
            };
            let templates = company.data.causes.templates(cause);
            let cause_text = match state {
                ProblemState::Open => String::new(),
                _ => filler.fill(dice.pick_text(&templates.found), &mut dice),
            };
            let problem = Problem {
                id: ProblemId(dice.uuid_at(opened_at)),
                title: filler.fill(&templates.problem, &mut dice),
                state,
                services: vec![service_row.name.clone()],
                cause: cause_text,
                workaround: filler.fill(&dice.pick(&templates.fixes).text, &mut dice),
                opened_at,
                owner: None,
                team: None,
                category: None,
                removed_at: None,
                revision: 0,
                edits: Vec::new(),
                extra: Extra::default(),
            };
            ChronicFault { service, fault, cause, from: begins, until, problem }
        })
        .collect()
}
