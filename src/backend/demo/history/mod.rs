//! Generates eighteen months of records of the company, one by one, in little memory.

mod incidents;

use std::collections::{BinaryHeap, VecDeque, binary_heap::PeekMut};

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::record::Record;
use crate::model::change::{Change, ChangeKind, ChangeState};
use crate::model::time::truncate_to_second;
use crate::model::{Actor, ChangeId, Extra, IncidentId, IncidentNumber, Rules};

use super::chronic::{ChronicFault, chronic_faults};
use super::company::Company;
use super::data::{DemoData, MAX_FAULTS};
use super::dice::{Dice, Stream, seconds};
use super::episode::{Episode, perform};
use super::open_incidents::{OpenIncident, pick_open_incidents};
use super::rhythm::{Arrivals, Rhythm};
use super::templates::TemplateValues;

/// The length of the history in days.
const DAYS: i64 = 548;
/// The maximum number of changes that caused no incident.
const CHANGES: u64 = 4_000;

/// Options for generating a history.
#[derive(Clone, Debug)]
pub(super) struct HistoryOptions {
    pub seed: u64,
    pub incidents: u64,
    /// The number of incidents that are open at `now`.
    pub open: u64,
    pub now: DateTime<Utc>,
    pub rules: Rules,
}

/// The state of one fault of one service.
#[derive(Clone, Copy)]
struct FaultSlot {
    /// Until then an incident with the deduplication key of this fault is open.
    busy_until: DateTime<Utc>,
    /// The number of the last incident with this fault.
    last_number: Option<u64>,
}

/// An iterator over all records of the company, in the order of an export: the header, the
/// directory, problems, then changes and events by time. A change comes before the incident that it
/// caused.
pub(super) struct History {
    options: HistoryOptions,
    company: Company,
    weights: Vec<u32>,
    chronic: Vec<ChronicFault>,
    slots: Vec<[FaultSlot; MAX_FAULTS]>,
    /// Times of report of the incidents that have ended by `now`.
    ended_arrivals: std::iter::Peekable<Arrivals>,
    /// Incidents that are still open at `now`, the last reported one first.
    open: Vec<OpenIncident>,
    changes: std::iter::Peekable<Arrivals>,
    background: Dice,
    active: BinaryHeap<Episode>,
    ready: VecDeque<Record>,
    episodes: u64,
    last_number: u64,
    /// The service and fault of each incident whose declaration is still to come.
    expected: VecDeque<(IncidentId, usize, usize)>,
    refused: u64,
}

impl History {
    pub fn new(data: &'static DemoData, options: HistoryOptions) -> Self {
        let options = HistoryOptions { now: truncate_to_second(options.now), ..options };
        let (seed, now) = (options.seed, options.now);
        let company = Company::at(data, now);
        let from = now - TimeDelta::days(DAYS);
        let mut dice = Dice::new(seed, Stream::Rhythm);
        // An incident needs some time to be resolved before `now`.
        let to = now - TimeDelta::minutes(7);
        let rhythm = Rhythm::incidents(from, to, &mut dice);
        let open = options.open.min(options.incidents);
        let ended_arrivals = Arrivals::new(rhythm, to, options.incidents - open, dice).peekable();
        let changes =
            if options.incidents == 0 { 0 } else { CHANGES.min(100 + options.incidents * 2) };
        let changes = Arrivals::new(
            Rhythm::changes(from, now),
            now - TimeDelta::seconds(30),
            changes,
            Dice::new(seed, Stream::Changes),
        );
        let chronic = if options.incidents == 0 {
            Vec::new()
        } else {
            chronic_faults(&company, seed, from, now)
        };
        let free = FaultSlot { busy_until: DateTime::UNIX_EPOCH, last_number: None };
        let mut ready = VecDeque::from([
            Record::header(None, None),
            Record::Directory(Box::new(company.directory.clone())),
        ]);
        ready.extend(chronic.iter().map(|c| Record::Problem(c.problem.clone())));
        Self {
            weights: company.kinds.iter().map(|kind| kind.weight).collect(),
            slots: vec![[free; MAX_FAULTS]; company.kinds.len()],
            open: pick_open_incidents(&data.cases, &options.rules, seed, now, open),
            changes: changes.peekable(),
            background: Dice::new(seed, Stream::Background),
            active: BinaryHeap::new(),
            episodes: 0,
            last_number: 0,
            expected: VecDeque::new(),
            refused: 0,
            options,
            company,
            chronic,
            ended_arrivals,
            ready,
        }
    }

    /// Returns the number of commands that the model rejected: 0 unless a story has a bug.
    #[cfg(test)]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// Returns the time at which the next episode or change begins; `None` if there is none.
    fn next_begin_at(&mut self) -> Option<DateTime<Utc>> {
        let ended = self.ended_arrivals.peek().copied();
        let open = self.open.last().map(|o| o.reported);
        let change = self.changes.peek().copied();
        [ended, open, change].into_iter().flatten().min()
    }

    fn begin_next(&mut self, at: DateTime<Utc>) {
        if self.changes.peek() == Some(&at) {
            self.changes.next();
            let change = self.background_change(at);
            self.ready.push_back(Record::Change(change));
            return;
        }
        let index = self.episodes;
        self.episodes += 1;
        let mut dice = Dice::with_index(self.options.seed, Stream::Episode, index);
        let stories = if self.open.last().is_some_and(|o| o.reported == at) {
            self.open
                .pop()
                .map(|incident| self.open_story(incident, &mut dice))
                .into_iter()
                .collect()
        } else {
            self.ended_arrivals.next();
            self.ended_stories(truncate_to_second(at), &mut dice)
        };
        let performed = perform(index, stories, &self.options.rules, &mut dice);
        self.refused += performed.refused.len() as u64;
        debug_assert!(performed.refused.is_empty(), "{:?}", performed.refused);
        self.ready.extend(performed.changes.into_iter().map(Record::Change));
        if performed.episode.next_at().is_some() {
            self.active.push(performed.episode);
        }
    }

    /// Returns a change that causes no incident.
    fn background_change(&mut self, at: DateTime<Utc>) -> Change {
        let dice = &mut self.background;
        let texts = &self.company.data.texts;
        let service = &self.company.directory.services[dice.index(self.company.kinds.len())];
        let template = dice.pick(&texts.changes);
        let people: Vec<_> = self.company.members(&service.team).collect();
        let by = if template.kind == ChangeKind::Deploy {
            Actor::Integration(texts.actors.deployment.clone())
        } else {
            Actor::Person((*dice.pick(&people)).clone())
        };
        let ends = at + seconds(dice.log_normal(400.0, 0.8));
        let filler = TemplateValues {
            vocabulary: &texts.vocabulary,
            service: &service.name,
            dependency: &service.name,
            region: dice.pick_text(&texts.vocabulary.regions),
            colleague: "",
            is_severe: false,
            began_minute: 0,
        };
        let state = match dice.weighted(&[92, 4, 4]) {
            0 => ChangeState::Done,
            1 => ChangeState::Failed,
            _ => ChangeState::RolledBack,
        };
        let has_ended = ends < self.options.now;
        Change {
            id: ChangeId(dice.uuid_at(at)),
            kind: template.kind,
            title: filler.fill(&template.title, dice),
            services: vec![service.name.clone()],
            by,
            starts_at: at,
            ends_at: has_ended.then_some(ends),
            state: if has_ended { state } else { ChangeState::Running },
            url: None,
            approval: None,
            extra: Extra::default(),
        }
    }

    /// Removes and returns the earliest event of all active episodes.
    fn pop_event(&mut self) -> Option<Record> {
        let mut first = self.active.peek_mut()?;
        if let Some(id) = first.declares_next() {
            self.last_number += 1;
            if let Some(at) = self.expected.iter().position(|(expected, ..)| *expected == id)
                && let Some((_, service, fault)) = self.expected.remove(at)
            {
                self.slots[service][fault].last_number = Some(self.last_number);
            }
        }
        let event = first.pop(IncidentNumber(self.last_number));
        if first.next_at().is_none() {
            PeekMut::pop(first);
        }
        event.map(|event| Record::Event(Box::new(event)))
    }
}

impl Iterator for History {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Some(record);
            }
            let active = self.active.peek().and_then(Episode::next_at);
            match (self.next_begin_at(), active) {
                (Some(begins), Some(active)) if active < truncate_to_second(begins) => {
                    return self.pop_event();
                }
                (Some(begins), _) => self.begin_next(begins),
                (None, Some(_)) => return self.pop_event(),
                (None, None) => return None,
            }
        }
    }
}
