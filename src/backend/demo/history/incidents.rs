//! The stories of the incidents of a history: the fault and its service, the severity,
//! consequential failures, and the end.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::status::Source;
use crate::model::time::truncate_to_second;
use crate::model::{IncidentId, Priority};

use super::super::data::{Cause, Fault, Twist};
use super::super::dice::{Dice, seconds};
use super::super::open_incidents::OpenIncident;
use super::super::story::{
    DetailLevel, Ending, Setting, Story, Subject, impact_and_urgency, write_story,
};
use super::History;

/// The maximum number of incidents of a history in which most stories have all their events. In a
/// larger history only severe incidents have all of them.
const MAX_FULL_DETAIL: u64 = 20_000;

impl History {
    fn pick_detail(&self, priority: Priority, dice: &mut Dice) -> DetailLevel {
        let is_small = self.options.incidents <= MAX_FULL_DETAIL;
        let full_share = match (is_small, priority) {
            (_, Priority::P1 | Priority::Unknown(_)) | (true, Priority::P2) => 1.0,
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
    pub(super) fn ended_stories(&mut self, at: DateTime<Utc>, dice: &mut Dice) -> Vec<Story> {
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
    pub(super) fn open_story(&mut self, incident: OpenIncident, dice: &mut Dice) -> Story {
        let handwritten = incident.case;
        let (service, fault, cause) = if let Some(case) = handwritten {
            (self.company.position(&case.service).unwrap_or(0), case.fault, case.cause)
        } else {
            let (service, fault, cause, _) = self.pick_fault(incident.reported, dice);
            (service, fault, cause)
        };
        let faults: &'static [Fault] = &self.company.kinds[service].faults;
        let fault = fault.min(faults.len() - 1);
        let slot = self.slots[service][fault];
        let (impact, urgency, twist) = if let Some(written) = handwritten {
            (written.impact, written.urgency, written.twist)
        } else {
            let (impact, urgency) = impact_and_urgency(incident.priority, dice);
            let twists = [Twist::Plain, Twist::Plain, Twist::Plain, Twist::Paused];
            (impact, urgency, *dice.pick(&twists))
        };
        let subject = Subject {
            service,
            fault: &faults[fault],
            cause,
            impact,
            urgency,
            source: if twist == Twist::Bare { Source::UserReport } else { Source::Monitoring },
            has_dedup_key: slot.busy_until <= incident.reported,
            text: handwritten.map(|written| (&*written.title, &*written.symptoms)),
            problem: None,
            previous: slot.last_number,
            detail: if handwritten.is_some() {
                DetailLevel::Full
            } else {
                self.pick_detail(incident.priority, dice)
            },
            failing_dependency: None,
            ending: Ending::Open(incident.stage, twist),
            ends_by: None,
        };
        let change = handwritten.and_then(|written| written.change.as_ref()).map(|change| {
            let service = self.company.position(&change.service).unwrap_or(0);
            (change.title.as_str(), service, change.minutes_before)
        });
        let story = write_story(&self.setting(), &subject, incident.reported, change, dice);
        self.occupy(service, fault, subject.has_dedup_key, DateTime::<Utc>::MAX_UTC, story.id);
        story
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
