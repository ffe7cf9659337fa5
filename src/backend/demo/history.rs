//! Generates eighteen months of records of the company, one by one, in little memory.

use std::collections::{BinaryHeap, VecDeque, binary_heap::PeekMut};

use chrono::{DateTime, TimeDelta, Utc};

use crate::backend::record::Record;
use crate::model::change::{Change, ChangeKind, ChangeState};
use crate::model::status::Source;
use crate::model::time::truncate_to_second;
use crate::model::{Actor, ChangeId, IncidentId, IncidentNumber, Priority, Rules};

use super::chronic::{ChronicFault, chronic_faults};
use super::company::Company;
use super::data::{Cause, DemoData, Fault, MAX_FAULTS, Twist};
use super::dice::{Dice, Stream, seconds};
use super::episode::{Episode, perform};
use super::open_incidents::{OpenIncident, pick_open_incidents};
use super::rhythm::{Arrivals, Rhythm};
use super::story::{DetailLevel, Ending, Setting, Story, Subject, impact_and_urgency, write_story};
use super::templates::TemplateValues;

/// The length of the history in days.
const DAYS: i64 = 548;
/// The maximum number of incidents of a history in which most stories have all their events. In a
/// larger history only severe incidents have all of them.
const MAX_FULL_DETAIL: u64 = 20_000;
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
            Record::header(),
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
        }
    }

    fn pick_detail(&self, priority: Priority, dice: &mut Dice) -> DetailLevel {
        let is_small = self.options.incidents <= MAX_FULL_DETAIL;
        let full_share = match (is_small, priority) {
            (_, Priority::P1) | (true, Priority::P2) => 1.0,
            (false, Priority::P2) => 0.3,
            (true, Priority::P3) => 0.75,
            (true, Priority::P4) => 0.4,
            (false, _) => 0.02,
        };
        match (dice.chance(full_share), is_small) {
            (true, _) => DetailLevel::Full,
            (false, true) => DetailLevel::Brief,
            (false, false) => DetailLevel::Bare,
        }
    }

    /// Picks a fault for a new incident: service, index of the fault, cause, and the index of the
    /// chronic fault if it is one.
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
        let faults = &self.company.kinds[service].faults;
        let fault = dice.index(faults.len());
        (service, fault, *dice.pick(&faults[fault].causes), None)
    }

    /// Returns the stories of an incident that has ended by `now`, and of incidents related to it.
    fn ended_stories(&mut self, at: DateTime<Utc>, dice: &mut Dice) -> Vec<Story> {
        let is_old_enough = at < self.options.now - TimeDelta::hours(12);
        if is_old_enough && dice.chance(0.012) {
            return self.storm_stories(at, dice);
        }
        let (service, fault, cause, chronic) = self.pick_fault(at, dice);
        let faults = &self.company.kinds[service].faults;
        let mut gravity = faults[fault].gravity.weights();
        if chronic.is_some() {
            // Recurring incidents are rarely severe.
            gravity[0] /= 2;
            gravity[1] /= 2;
        }
        let objective = self.company.directory.services[service].objective;
        if objective.is_none_or(|objective| objective < 99_900) {
            // Nobody loses money while this service is down.
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
        let (id, ended_at) = (main.id, main.ended_at);
        let keyed = subject.has_dedup_key;
        let mut stories = vec![main];
        let is_long = ended_at - at > TimeDelta::minutes(8);
        if is_old_enough
            && is_long
            && ending == Ending::Resolved
            && dice.chance(0.04)
            && self.ended_arrivals.peek().is_some()
        {
            // The same outage, reported again by a person.
            let reported = truncate_to_second(
                at + seconds((ended_at - at).as_seconds_f64() * (0.1 + dice.unit() * 0.3)),
            );
            subject.source = *dice.pick(&[Source::Support, Source::UserReport, Source::Internal]);
            subject.has_dedup_key = false;
            subject.ending = Ending::Merged(id);
            subject.ends_by = Some(ended_at - TimeDelta::seconds(2));
            let setting = self.setting();
            stories.push(write_story(&setting, &subject, reported, None, dice));
            self.ended_arrivals.next();
        }
        self.occupy(service, fault, keyed, ended_at, id);
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

    /// Returns the stories of an incident storm: a service on which many others depend breaks,
    /// mostly after a change, and several of these break too.
    fn storm_stories(&mut self, at: DateTime<Utc>, dice: &mut Dice) -> Vec<Story> {
        let roots: Vec<usize> = (0..self.company.kinds.len())
            .filter(|service| self.company.dependents[*service].len() >= 3)
            .collect();
        let service = *dice.pick(&roots);
        let fault = &self.company.kinds[service].faults[0];
        let priority = if dice.chance(0.3) { Priority::P1 } else { Priority::P2 };
        let (impact, urgency) = impact_and_urgency(priority, dice);
        let planned: Vec<Cause> = fault
            .causes
            .iter()
            .copied()
            .filter(|c| matches!(c, Cause::Deploy | Cause::Config | Cause::Migration))
            .collect();
        let cause = *dice.pick(if planned.is_empty() { &fault.causes } else { &planned });
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
        let (root_id, root_ended_at) = (root.id, root.ended_at);
        let mut stories = vec![root];
        self.occupy(service, 0, subject.has_dedup_key, root_ended_at, root_id);
        let mut affected = self.company.dependents[service].clone();
        let max_stories = usize::try_from(dice.between(2, 7)).unwrap_or(2);
        while stories.len() <= max_stories
            && !affected.is_empty()
            && self.ended_arrivals.peek().is_some()
        {
            self.ended_arrivals.next();
            let dependent = affected.swap_remove(dice.index(affected.len()));
            let faults = &self.company.kinds[dependent].faults;
            let fault = dice.index(faults.len().min(2));
            let reported =
                at + seconds((root_ended_at - at).as_seconds_f64() * (0.03 + dice.unit() * 0.4));
            let reported = truncate_to_second(reported) + TimeDelta::seconds(1);
            let priority = *dice.pick(&[Priority::P2, Priority::P3, Priority::P3, Priority::P4]);
            (subject.impact, subject.urgency) = impact_and_urgency(priority, dice);
            subject.service = dependent;
            subject.fault = &faults[fault];
            subject.cause = Cause::Dependency;
            subject.failing_dependency = Some(service);
            subject.has_dedup_key = self.slots[dependent][fault].busy_until <= reported;
            subject.previous = None;
            subject.detail = self.pick_detail(priority, dice);
            (subject.ending, subject.ends_by) = if dice.chance(0.45) {
                (Ending::Merged(root_id), Some(root_ended_at - TimeDelta::seconds(2)))
            } else {
                (Ending::Resolved, Some(root_ended_at + TimeDelta::seconds(dice.between(60, 900))))
            };
            let story = write_story(&self.setting(), &subject, reported, None, dice);
            self.occupy(dependent, fault, subject.has_dedup_key, story.ended_at, story.id);
            stories.push(story);
        }
        stories
    }

    /// Returns the story of an incident that is open at `now`.
    fn open_story(&mut self, incident: OpenIncident, dice: &mut Dice) -> Story {
        let case = incident.case;
        let (service, fault, cause) = if let Some(case) = case {
            (self.company.position(&case.service).unwrap_or(0), case.fault, case.cause)
        } else {
            let (service, fault, cause, _) = self.pick_fault(incident.reported, dice);
            (service, fault, cause)
        };
        let faults: &'static [Fault] = &self.company.kinds[service].faults;
        let fault = fault.min(faults.len() - 1);
        let slot = self.slots[service][fault];
        let (impact, urgency) = match case {
            Some(case) => (case.impact, case.urgency),
            None => impact_and_urgency(incident.priority, dice),
        };
        let twist = match case {
            Some(case) => case.twist,
            None => *dice.pick(&[Twist::Plain, Twist::Plain, Twist::Plain, Twist::Paused]),
        };
        let subject = Subject {
            service,
            fault: &faults[fault],
            cause,
            impact,
            urgency,
            source: if twist == Twist::Bare { Source::UserReport } else { Source::Monitoring },
            has_dedup_key: slot.busy_until <= incident.reported,
            text: case.map(|case| (&*case.title, &*case.symptoms)),
            problem: None,
            previous: slot.last_number,
            detail: if case.is_some() {
                DetailLevel::Full
            } else {
                self.pick_detail(incident.priority, dice)
            },
            failing_dependency: None,
            ending: Ending::Open(incident.stage, twist),
            ends_by: None,
        };
        let change = case.and_then(|case| case.change.as_ref()).map(|change| {
            let service = self.company.position(&change.service).unwrap_or(0);
            (change.title.as_str(), service, change.minutes_before)
        });
        let story = write_story(&self.setting(), &subject, incident.reported, change, dice);
        self.occupy(service, fault, subject.has_dedup_key, DateTime::<Utc>::MAX_UTC, story.id);
        story
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

fn pick_source(dice: &mut Dice) -> Source {
    match dice.weighted(&[76, 6, 8, 7, 3]) {
        0 => Source::Monitoring,
        1 => Source::UserReport,
        2 => Source::Support,
        3 => Source::Internal,
        _ => Source::Partner,
    }
}
