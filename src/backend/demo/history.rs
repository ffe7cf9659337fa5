//! Eighteen months of the company, record by record, in little memory.

use std::collections::{BinaryHeap, VecDeque, binary_heap::PeekMut};

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::record::Record;
use crate::model::change::{Change, ChangeKind, ChangeState};
use crate::model::status::Source;
use crate::model::time::truncate_to_second;
use crate::model::{Actor, ChangeId, IncidentId, IncidentNumber, Priority, Rules};

use super::cases::Twist;
use super::chronic::{ChronicFault, chronic_faults};
use super::company::Company;
use super::dice::{Dice, Stream, seconds};
use super::episode::{Episode, perform};
use super::faults::{Cause, Fault};
use super::open_incidents::{OpenIncident, pick_open_incidents};
use super::rhythm::{Arrivals, Rhythm};
use super::story::{DetailLevel, Ending, Setting, Story, Subject, impact_and_urgency, write_story};
use super::templates::{self, REGIONS, TemplateValues};

/// Days of history.
const DAYS: i64 = 548;
/// Up to so many incidents every story is told in full.
const MAX_FULL_DETAIL: u64 = 20_000;
/// Changes that led to nothing: so many in all at most.
const CHANGES: u64 = 4_000;
/// The most ways in which a kind of service breaks.
const FAULTS: usize = 4;

/// What is wanted.
#[derive(Clone, Debug)]
pub(super) struct HistoryOptions {
    pub seed: u64,
    pub incidents: u64,
    /// How many of them are open at `now`.
    pub open: u64,
    pub now: DateTime<Utc>,
    pub rules: Rules,
}

/// One way in which one service breaks.
#[derive(Clone, Copy)]
struct FaultSlot {
    /// An incident with its deduplication key is open until then.
    busy_until: DateTime<Utc>,
    /// Number of the last incident.
    last_number: Option<u64>,
}

/// All records of the company in the order in which they were written down: the header, the
/// directory, problems, then changes and events by time. Every change comes ahead of the incident
/// it led to.
pub(super) struct History {
    options: HistoryOptions,
    company: Company,
    weights: Vec<u32>,
    chronic: Vec<ChronicFault>,
    slots: Vec<[FaultSlot; FAULTS]>,
    /// Reports of what is over by `now`.
    ended_arrivals: std::iter::Peekable<Arrivals>,
    /// Reports of what is still open then, the last first.
    open: Vec<OpenIncident>,
    changes: std::iter::Peekable<Arrivals>,
    background: Dice,
    active: BinaryHeap<Episode>,
    ready: VecDeque<Record>,
    episodes: u64,
    last_number: u64,
    /// Which slot an incident belongs to, while its declaration is to come.
    expected: VecDeque<(IncidentId, usize, usize)>,
    refused: u64,
}

impl History {
    pub fn new(wanted: HistoryOptions) -> Self {
        let wanted = HistoryOptions { now: truncate_to_second(wanted.now), ..wanted };
        let (seed, now) = (wanted.seed, wanted.now);
        let company = Company::at(now);
        let from = now - TimeDelta::days(DAYS);
        let mut dice = Dice::new(seed, Stream::Rhythm);
        // What is over needs some time to be so.
        let to = now - TimeDelta::minutes(7);
        let rhythm = Rhythm::incidents(from, to, &mut dice);
        let open = wanted.open.min(wanted.incidents);
        let over = Arrivals::new(rhythm, to, wanted.incidents - open, dice).peekable();
        let changes =
            if wanted.incidents == 0 { 0 } else { CHANGES.min(100 + wanted.incidents * 2) };
        let changes = Arrivals::new(
            Rhythm::changes(from, now),
            now - TimeDelta::seconds(30),
            changes,
            Dice::new(seed, Stream::Changes),
        );
        let chronic = if wanted.incidents == 0 {
            Vec::new()
        } else {
            chronic_faults(&company, seed, from, now)
        };
        let free = FaultSlot { busy_until: DateTime::UNIX_EPOCH, last_number: None };
        let mut ready = VecDeque::from([
            Record::header(),
            Record::Directory(Box::new(company.directory.clone())),
        ]);
        ready.extend(chronic.iter().map(|c| Record::Problem(c.problem.clone())));
        Self {
            weights: company.kinds.iter().map(|kind| kind.weight()).collect(),
            slots: vec![[free; FAULTS]; company.kinds.len()],
            open: pick_open_incidents(&wanted, open),
            changes: changes.peekable(),
            background: Dice::new(seed, Stream::Background),
            active: BinaryHeap::new(),
            episodes: 0,
            last_number: 0,
            expected: VecDeque::new(),
            refused: 0,
            options: wanted,
            company,
            chronic,
            ended_arrivals: over,
            ready,
        }
    }

    /// Commands of the stories that the model refused: 0 unless a story is wrong.
    #[cfg(test)]
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// When something new begins.
    fn next_begin_at(&mut self) -> Option<DateTime<Utc>> {
        let over = self.ended_arrivals.peek().copied();
        let open = self.open.last().map(|o| o.reported);
        let change = self.changes.peek().copied();
        [over, open, change].into_iter().flatten().min()
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
            self.open.pop().map(|one| self.open_story(one, &mut dice)).into_iter().collect()
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

    /// A change that nothing came of.
    fn background_change(&mut self, at: DateTime<Utc>) -> Change {
        let dice = &mut self.background;
        let service = &self.company.directory.services[dice.index(self.company.kinds.len())];
        let (kind, template) = *dice.pick(templates::CHANGES);
        let people: Vec<_> = self.company.members(&service.team).collect();
        let by = if kind == ChangeKind::Deploy {
            Actor::Integration("deploy bot".into())
        } else {
            Actor::Person((*dice.pick(&people)).clone())
        };
        let ends = at + seconds(dice.log_normal(400.0, 0.8));
        let filler = TemplateValues {
            service: &service.name,
            dependency: &service.name,
            region: dice.pick_text(&REGIONS),
            colleague: "",
            is_severe: false,
            began_minute: 0,
        };
        let state = match dice.weighted(&[92, 4, 4]) {
            0 => ChangeState::Done,
            1 => ChangeState::Failed,
            _ => ChangeState::RolledBack,
        };
        let over = ends < self.options.now;
        Change {
            id: ChangeId(dice.uuid_at(at)),
            kind,
            title: filler.fill(template, dice),
            services: vec![service.name.clone()],
            by,
            starts_at: at,
            ends_at: over.then_some(ends),
            state: if over { state } else { ChangeState::Running },
        }
    }

    fn pick_detail(&self, priority: Priority, dice: &mut Dice) -> DetailLevel {
        let few = self.options.incidents <= MAX_FULL_DETAIL;
        let full = match (few, priority) {
            (_, Priority::P1) | (true, Priority::P2) => 1.0,
            (false, Priority::P2) => 0.3,
            (true, Priority::P3) => 0.75,
            (true, Priority::P4) => 0.4,
            (false, _) => 0.02,
        };
        match (dice.chance(full), few) {
            (true, _) => DetailLevel::Full,
            (false, true) => DetailLevel::Brief,
            (false, false) => DetailLevel::Bare,
        }
    }

    /// A fault, and the chronic one it is, if it is one.
    fn pick_fault(
        &self,
        at: DateTime<Utc>,
        dice: &mut Dice,
    ) -> (usize, usize, Cause, Option<usize>) {
        if dice.chance(0.3) {
            let active: Vec<usize> = (0..self.chronic.len())
                .filter(|n| self.chronic[*n].from <= at && at < self.chronic[*n].until)
                .collect();
            if !active.is_empty() {
                let index = *dice.pick(&active);
                let chronic = &self.chronic[index];
                return (chronic.service, chronic.fault, chronic.cause, Some(index));
            }
        }
        let service = dice.weighted(&self.weights);
        let faults = self.company.kinds[service].faults();
        let fault = dice.index(faults.len());
        (service, fault, *dice.pick(faults[fault].causes), None)
    }

    /// An incident that is over by `now`, and those that come with it.
    fn ended_stories(&mut self, at: DateTime<Utc>, dice: &mut Dice) -> Vec<Story> {
        let settled = at < self.options.now - TimeDelta::hours(12);
        if settled && dice.chance(0.012) {
            return self.storm_stories(at, dice);
        }
        let (service, fault, cause, chronic) = self.pick_fault(at, dice);
        let faults = self.company.kinds[service].faults();
        let mut gravity = faults[fault].gravity;
        if chronic.is_some() {
            // What comes often is rarely grave.
            gravity[0] /= 2;
            gravity[1] /= 2;
        }
        let objective = self.company.directory.services[service].objective;
        if objective.is_none_or(|objective| objective < 99_900) {
            // Nobody loses money while it is away.
            gravity[0] = 0;
            gravity[1] /= 3;
        }
        let priority = Priority::ALL[dice.weighted(&gravity)];
        let (impact, urgency) = impact_and_urgency(priority, dice);
        let ending = if dice.chance(0.055) { Ending::Reclassified } else { Ending::Resolved };
        let source = if chronic.is_some() { Source::Monitoring } else { pick_source(dice) };
        let mut subject = Subject {
            service,
            fault: &faults[fault],
            cause,
            impact,
            urgency,
            source,
            has_dedup_key: self.slots[service][fault].busy_until <= at,
            text: None,
            problem: chronic.map(|index| &self.chronic[index].problem),
            previous: self.slots[service][fault].last_number,
            detail: self.pick_detail(priority, dice),
            failing_dependency: None,
            ending,
            ends_by: None,
        };
        let setting = self.setting();
        let main = write_story(&setting, &subject, at, None, dice);
        let (id, over) = (main.id, main.ended_at);
        let keyed = subject.has_dedup_key;
        let mut stories = vec![main];
        let long = over - at > TimeDelta::minutes(8);
        if settled
            && long
            && ending == Ending::Resolved
            && dice.chance(0.04)
            && self.ended_arrivals.peek().is_some()
        {
            // The same thing, reported again by a person.
            let reported = truncate_to_second(
                at + seconds((over - at).as_seconds_f64() * (0.1 + dice.unit() * 0.3)),
            );
            subject.source = *dice.pick(&[Source::Support, Source::UserReport, Source::Internal]);
            subject.has_dedup_key = false;
            subject.ending = Ending::Merged(id);
            subject.ends_by = Some(over - TimeDelta::seconds(2));
            let setting = self.setting();
            stories.push(write_story(&setting, &subject, reported, None, dice));
            self.ended_arrivals.next();
        }
        self.occupy(service, fault, keyed, over, id);
        stories
    }

    fn setting(&self) -> Setting<'_> {
        Setting { company: &self.company, rules: &self.options.rules, now: self.options.now }
    }

    fn occupy(
        &mut self,
        service: usize,
        fault: usize,
        keyed: bool,
        until: DateTime<Utc>,
        id: IncidentId,
    ) {
        if keyed {
            self.slots[service][fault].busy_until = until;
        }
        self.expected.push_back((id, service, fault));
    }

    /// A service that many need breaks, mostly after a change, and they all show it.
    fn storm_stories(&mut self, at: DateTime<Utc>, dice: &mut Dice) -> Vec<Story> {
        let roots: Vec<usize> = (0..self.company.kinds.len())
            .filter(|service| self.company.dependents[*service].len() >= 3)
            .collect();
        let service = *dice.pick(&roots);
        let fault = &self.company.kinds[service].faults()[0];
        let priority = if dice.chance(0.3) { Priority::P1 } else { Priority::P2 };
        let (impact, urgency) = impact_and_urgency(priority, dice);
        let planned: Vec<Cause> = fault
            .causes
            .iter()
            .copied()
            .filter(|c| matches!(c, Cause::Deploy | Cause::Config | Cause::Migration))
            .collect();
        let cause = *dice.pick(if planned.is_empty() { fault.causes } else { &planned });
        let mut subject = Subject {
            service,
            fault,
            cause,
            impact,
            urgency,
            source: Source::Monitoring,
            has_dedup_key: self.slots[service][0].busy_until <= at,
            text: None,
            problem: None,
            previous: self.slots[service][0].last_number,
            detail: DetailLevel::Full,
            failing_dependency: None,
            ending: Ending::Resolved,
            ends_by: None,
        };
        let root = write_story(&self.setting(), &subject, at, None, dice);
        let (root_id, root_over) = (root.id, root.ended_at);
        let mut stories = vec![root];
        self.occupy(service, 0, subject.has_dedup_key, root_over, root_id);
        let mut hit = self.company.dependents[service].clone();
        let most = usize::try_from(dice.between(2, 7)).unwrap_or(2);
        while stories.len() <= most && !hit.is_empty() && self.ended_arrivals.peek().is_some() {
            self.ended_arrivals.next();
            let child = hit.swap_remove(dice.index(hit.len()));
            let faults = self.company.kinds[child].faults();
            let fault = dice.index(faults.len().min(2));
            let reported =
                at + seconds((root_over - at).as_seconds_f64() * (0.03 + dice.unit() * 0.4));
            let reported = truncate_to_second(reported) + TimeDelta::seconds(1);
            let priority = *dice.pick(&[Priority::P2, Priority::P3, Priority::P3, Priority::P4]);
            (subject.impact, subject.urgency) = impact_and_urgency(priority, dice);
            subject.service = child;
            subject.fault = &faults[fault];
            subject.cause = Cause::Dependency;
            subject.failing_dependency = Some(service);
            subject.has_dedup_key = self.slots[child][fault].busy_until <= reported;
            subject.previous = None;
            subject.detail = self.pick_detail(priority, dice);
            (subject.ending, subject.ends_by) = if dice.chance(0.45) {
                (Ending::Merged(root_id), Some(root_over - TimeDelta::seconds(2)))
            } else {
                (Ending::Resolved, Some(root_over + TimeDelta::seconds(dice.between(60, 900))))
            };
            let story = write_story(&self.setting(), &subject, reported, None, dice);
            self.occupy(child, fault, subject.has_dedup_key, story.ended_at, story.id);
            stories.push(story);
        }
        stories
    }

    /// An incident that is open at `now`.
    fn open_story(&mut self, one: OpenIncident, dice: &mut Dice) -> Story {
        let case = one.case;
        let (service, fault, why) = if let Some(case) = case {
            (self.company.position(case.service).unwrap_or(0), case.fault, case.cause)
        } else {
            let (service, fault, why, _) = self.pick_fault(one.reported, dice);
            (service, fault, why)
        };
        let faults: &'static [Fault] = self.company.kinds[service].faults();
        let fault = fault.min(faults.len() - 1);
        let slot = self.slots[service][fault];
        let (impact, urgency) = match case {
            Some(case) => (case.impact, case.urgency),
            None => impact_and_urgency(one.priority, dice),
        };
        let twist = match case {
            Some(case) => case.twist,
            None => *dice.pick(&[Twist::Plain, Twist::Plain, Twist::Plain, Twist::Paused]),
        };
        let subject = Subject {
            service,
            fault: &faults[fault],
            cause: why,
            impact,
            urgency,
            source: if twist == Twist::Bare { Source::UserReport } else { Source::Monitoring },
            has_dedup_key: slot.busy_until <= one.reported,
            text: case.map(|case| (case.title, case.symptoms)),
            problem: None,
            previous: slot.last_number,
            detail: if case.is_some() {
                DetailLevel::Full
            } else {
                self.pick_detail(one.priority, dice)
            },
            failing_dependency: None,
            ending: Ending::Open(one.stage, twist),
            ends_by: None,
        };
        let change = case.and_then(|case| case.change).map(|(title, service, minutes)| {
            (title, self.company.position(service).unwrap_or(0), minutes)
        });
        let story = write_story(&self.setting(), &subject, one.reported, change, dice);
        self.occupy(service, fault, subject.has_dedup_key, DateTime::<Utc>::MAX_UTC, story.id);
        story
    }

    /// The next event of all active episodes.
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

fn pick_source(dice: &mut Dice) -> Source {
    match dice.weighted(&[76, 6, 8, 7, 3]) {
        0 => Source::Monitoring,
        1 => Source::UserReport,
        2 => Source::Support,
        3 => Source::Internal,
        _ => Source::Partner,
    }
}
