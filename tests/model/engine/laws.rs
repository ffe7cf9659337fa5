//! Invariants after any week.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use redphone::model::directory::Directory;
use redphone::model::escalation::{NextCall, awaits_calls, next_call, path};
use redphone::model::notification::step::EXPIRES_AFTER;
use redphone::model::notification::{MessageKind, NotificationState};
use redphone::model::{Event, EventBody, Incident, IncidentId};

use super::week::Week;

/// How much later than due something may be done while an engine runs: waits for a store that was
/// down last up to half a minute.
const IN_TIME: TimeDelta = TimeDelta::seconds(3);
/// After an outage the first attempt may wait as long as the longest backoff.
const AFTER_OUTAGE: TimeDelta = TimeDelta::seconds(35);

impl Week {
    /// Returns whether no engine could act at some time between two times.
    fn had_outage(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        self.outages.iter().any(|(begin, end)| *begin <= to && *end + AFTER_OUTAGE >= from)
    }

    /// Returns for how long engines could act between two times.
    fn available(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> TimeDelta {
        let mut outages: Vec<_> = self
            .outages
            .iter()
            .map(|(begin, end)| ((*begin).max(from), (*end + AFTER_OUTAGE).min(to)))
            .filter(|(begin, end)| begin < end)
            .collect();
        outages.sort_unstable();
        let (mut available, mut until) = (TimeDelta::zero(), from);
        for (begin, end) in outages {
            available += (begin - until).max(TimeDelta::zero());
            until = until.max(end);
        }
        available + (to - until).max(TimeDelta::zero())
    }

    /// Returns the calls of levels, by engines and by people.
    fn calls(&self) -> Vec<Event> {
        let journal = self.store.memory.journal_after(0).into_iter();
        journal.filter(|event| matches!(event.body, EventBody::Escalated { .. })).collect()
    }

    /// Each step once, in order, never before it is due, and in time unless nothing ran.
    pub fn check_steps(&self) {
        let mut called: BTreeMap<_, (u16, u8)> = BTreeMap::new();
        let mut resumed: BTreeMap<_, DateTime<Utc>> = BTreeMap::new();
        let (mut count, muted) = (0, self.muted());
        for event in self.store.memory.journal_after(0) {
            if matches!(event.body, EventBody::Unpaused) {
                resumed.insert(event.incident, event.at);
            }
            let EventBody::Escalated { level, automatic: Some(step), .. } = &event.body else {
                continue;
            };
            let level = *level;
            // After a mute a policy restarts.
            if muted.contains(&event.incident) {
                continue;
            }
            count += 1;
            let before = called.insert(event.incident, (step.round, level));
            assert!(before.is_none_or(|before| before < (step.round, level)), "twice: {event:?}");
            assert!(step.due <= event.at, "before it was due: {event:?}");
            assert!(event.at - step.due <= EXPIRES_AFTER, "for what is history: {event:?}");
            let row = self.store.memory.row(event.incident).expect("an incident");
            let is_step = path(&row, &self.directory).iter().any(|planned| {
                (planned.round, planned.level) == (step.round, level) && planned.due <= step.due
            });
            assert!(is_step, "no step of the policy: {event:?}");
            // A step that comes due during a pause is carried out when that ends.
            let resumed = resumed.get(&event.incident).copied();
            let due = resumed.map_or(step.due, |resumed| resumed.max(step.due));
            let in_time =
                self.available(due, event.at) <= IN_TIME || self.snoozed.contains(&event.incident);
            assert!(in_time, "late while an engine ran: {event:?}");
            let is_late = |due: DateTime<Utc>| event.at - due > TimeDelta::seconds(60);
            assert_eq!(step.late_s > 0, is_late(step.due), "{event:?}");
            for missed in &step.missed {
                assert!(missed.due < step.due, "not missed: {event:?}");
                assert_eq!(missed.late_s > 0, is_late(missed.due), "{event:?}");
            }
        }
        assert!(count > 20, "only {count} steps");
    }

    /// Nothing is called after somebody has acknowledged, after the end, or while it is on hold, and
    /// nothing is missing in the end.
    pub fn check_states_of_steps(&self) {
        let mut acknowledged = BTreeSet::new();
        let mut paused = BTreeSet::new();
        for event in self.store.memory.journal_after(0) {
            let id = event.incident;
            match &event.body {
                EventBody::Acknowledged | EventBody::Resolved { .. } => {
                    acknowledged.insert(id);
                }
                EventBody::Paused { .. } => {
                    paused.insert(id);
                }
                EventBody::Unpaused => {
                    paused.remove(&id);
                }
                EventBody::Escalated { automatic: Some(_), .. } => {
                    assert!(!acknowledged.contains(&id), "after acknowledgement: {event:?}");
                    assert!(!paused.contains(&id), "while paused: {event:?}");
                }
                _ => {}
            }
        }
        for row in self.store.memory.all() {
            let next = next_call(&row, &self.directory, self.end - TimeDelta::minutes(1));
            assert!(!matches!(next, NextCall::Now(_)), "a step is lost: {next:?} of {row:?}");
        }
    }

    /// Engines request only steps that the store accepts, except after a very recent change.
    pub fn check_requests(&self) {
        let requests = self.store.requests();
        assert!(requests.len() > 20, "only {} requests", requests.len());
        for request in requests {
            let row = &request.incident;
            assert!(request.step.due <= request.at, "before it was due: {request:?}");
            let may_be_called = awaits_calls(row) && !row.paused && !row.is_snoozed(request.at);
            let has_just_changed = request.at - row.last_event_at <= IN_TIME
                || self.had_outage(row.last_event_at, request.at);
            assert!(may_be_called || has_just_changed, "not to be called: {request:?}");
        }
    }

    /// Incidents of long ago wake nobody.
    pub fn check_history(&self) {
        for row in self.store.memory.all() {
            if row.reported_at < self.start - TimeDelta::days(2) {
                assert_eq!(row.escalation, 0, "{row:?}");
            }
        }
    }

    /// Every person of a called level has a notification over each contact, or one that records
    /// that there is none.
    pub fn check_plans(&self) {
        let entries = self.book.entries();
        let mut planned: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        let mut uses = BTreeSet::new();
        for entry in &entries {
            let one = &entry.notification;
            let use_of = (one.event, &one.person.handle, &one.contact, one.earlier_uses);
            assert!(uses.insert(use_of), "planned twice: {one:?}");
            let key = (one.event, one.person.handle.clone());
            planned.entry(key).or_default().push(&one.contact);
            let is_unreachable = one.state == NotificationState::Unreachable;
            assert_eq!(one.contact.is_empty(), is_unreachable, "{one:?}");
        }
        let mut people = 0;
        for event in self.calls() {
            let EventBody::Escalated { to, automatic, .. } = &event.body else { continue };
            // Around a jump of the clock the order of events is undefined.
            if automatic.is_none() && self.had_outage(event.at, event.at) {
                continue;
            }
            let row = self.store.memory.row(event.incident).expect("an incident");
            for person in to {
                people += 1;
                let key = (event.id, person.handle.clone());
                let mut found = planned.get(&key).cloned().unwrap_or_default();
                found.sort_unstable();
                let contacts = self.contacts.of_person(&person.handle);
                let mut expected: Vec<&str> = contacts.map_or(vec![""], |contacts| {
                    let mut plan = contacts.plan(row.priority);
                    // A person who is called for help manually is called over the first contacts
                    // alone.
                    if automatic.is_none() && row.acknowledged_at.is_some_and(|at| at < event.at) {
                        let first = plan.first().map(|(after_s, _)| *after_s);
                        plan.retain(|(after_s, _)| Some(*after_s) == first);
                    }
                    plan.iter().map(|(_, contact)| contact.name.as_str()).collect()
                });
                expected.sort_unstable();
                assert_eq!(found, expected, "{} of {event:?}", person.handle);
            }
        }
        assert!(people > 20, "only {people} people");
    }

    /// No message begins for an incident that is acknowledged, has ended or is on hold.
    pub fn check_messages(&self) {
        let entries = self.book.entries();
        let calls_for_help: BTreeSet<_> = entries
            .iter()
            .filter(|entry| entry.notification.after_acknowledgement)
            .map(|entry| entry.notification.id)
            .collect();
        let sent = self.world.sent().into_iter();
        for sent in sent.filter(|sent| !calls_for_help.contains(&sent.notification)) {
            assert_eq!(sent.fault, None, "{sent:?}");
        }
        for claim in self.book.claims() {
            let Some(row) = &claim.incident else { continue };
            let may_be_sent = (row.acknowledged_at.is_none() || claim.after_acknowledgement)
                && row.status.is_open()
                && !row.paused
                && !row.is_muted()
                && !row.is_snoozed(claim.at);
            assert!(may_be_sent, "{claim:?}");
        }
    }

    /// The channel that works is never delayed by those that don't.
    pub fn check_delays(&self) {
        let mut count = 0;
        for claim in self.book.claims().iter().filter(|claim| claim.channel == "good") {
            count += 1;
            let is_in_time =
                claim.at - claim.next_try <= IN_TIME || self.had_outage(claim.next_try, claim.at);
            assert!(is_in_time, "delayed: {claim:?}");
        }
        assert!(count > 10, "only {count} messages");
    }

    /// A notification that was due while nobody had acknowledged was tried at least once, and
    /// reaches a final state.
    pub fn check_ends(&self) {
        let muted = self.muted();
        for entry in self.book.entries() {
            let one = &entry.notification;
            let waits_on = one.next_try.is_some_and(|at| at > self.end - TimeDelta::minutes(1));
            let is_at_work = one.state == NotificationState::Sending
                && one.updated_at > self.end - TimeDelta::minutes(12);
            assert!(
                one.state.is_final() || waits_on || is_at_work,
                "forgotten until {}: {one:?}",
                self.end
            );
            if one.attempts > 0 || one.state != NotificationState::Cancelled || one.is_notice() {
                continue;
            }
            let is_excused = entry.was_throttled
                || self.on_hold.contains(&one.incident)
                || muted.contains(&one.incident)
                || one.updated_at - one.due <= IN_TIME
                || self.had_outage(one.due, one.updated_at)
                // Other channels have their limit of concurrent messages.
                || one.channel != "good";
            let row = self.store.memory.row(one.incident).expect("an incident");
            let ended = row.acknowledged_at.or(row.ended_at()).unwrap_or(self.end);
            assert!(is_excused || ended <= one.due + IN_TIME, "never tried: {entry:?}");
        }
    }

    /// Only a message that may have arrived twice is marked so.
    pub fn check_doubts(&self) {
        let begun = self.world.sent().into_iter().fold(BTreeMap::new(), |mut counts, sent| {
            *counts.entry(sent.notification).or_insert(0_u32) += 1;
            counts
        });
        for entry in self.book.entries() {
            let one = &entry.notification;
            let count = begun.get(&one.id).copied().unwrap_or(0);
            assert!(count <= one.attempts, "sent without a claim: {one:?}");
            if one.channel == "good" && count > 1 {
                assert!(one.perhaps_twice, "{one:?}");
            }
        }
    }

    /// Returns the incidents that maintenance windows have muted.
    fn muted(&self) -> BTreeSet<IncidentId> {
        let journal = self.store.memory.journal_after(0).into_iter();
        let mutes = journal.filter(|event| matches!(event.body, EventBody::Muted { .. }));
        mutes.map(|event| event.incident).collect()
    }

    /// Returns the directory that was in force at a time, and since when.
    fn directory_at(&self, at: DateTime<Utc>) -> &(DateTime<Utc>, Directory) {
        let mut directories = self.directories.iter().rev();
        directories.find(|(since, _)| *since <= at).unwrap_or(&self.directories[0])
    }

    /// Each level calls the people of the directory at that time: the person who covers is called,
    /// and not the one who is covered.
    pub fn check_people(&self) {
        let mut rows: BTreeMap<IncidentId, (Incident, DateTime<Utc>)> = BTreeMap::new();
        let mut stood_in = 0;
        for event in self.store.memory.journal_after(0) {
            let Some((before, changed_at)) = rows.get_mut(&event.incident) else {
                let incident = Incident::from_declaration(&event).expect("a declaration");
                rows.insert(event.incident, (incident, event.at));
                continue;
            };
            if let EventBody::Escalated { to, automatic: Some(_), .. } = &event.body {
                let (since, directory) = self.directory_at(event.at);
                // A very recent change may not have arrived.
                let is_open = event.at - *since <= IN_TIME && *since > self.start
                    || event.at - *changed_at <= IN_TIME
                    || self.had_outage(event.at, event.at);
                let row = &before.summary;
                if !is_open {
                    let call = next_call(row, directory, event.at);
                    let NextCall::Now(call) = call else { panic!("{call:?} for {event:?}") };
                    assert_eq!(call.to, *to, "{event:?}");
                    let turns = &self.directory;
                    let by_turns = next_call(row, turns, event.at);
                    let has_changed =
                        !matches!(by_turns, NextCall::Now(by_turns) if by_turns.to == *to);
                    stood_in += u32::from(has_changed);
                }
            }
            before.apply_next(&event).expect("it fits");
            *changed_at = event.at;
        }
        println!("{stood_in} calls of somebody who stands in");
        assert!(self.directories.len() > 2, "nobody was covered");
    }

    /// Nobody is called for an incident that a maintenance window mutes, and a muted one is
    /// released or ends.
    pub fn check_mutes(&self) {
        let mut muted = BTreeSet::new();
        for event in self.store.memory.journal_after(0) {
            match &event.body {
                EventBody::Muted { .. } => {
                    muted.insert(event.incident);
                }
                EventBody::Unmuted | EventBody::Escalated { automatic: None, .. } => {
                    muted.remove(&event.incident);
                }
                EventBody::Escalated { automatic: Some(_), .. } => {
                    assert!(!muted.contains(&event.incident), "while it is muted: {event:?}");
                }
                _ => {}
            }
        }
        assert!(!self.muted().is_empty(), "nothing was muted");
        for row in self.store.memory.all() {
            let ends = row.mute().map(|mute| mute.until);
            let is_forgotten = ends.is_some_and(|until| until + IN_TIME < self.end);
            assert!(!is_forgotten || !awaits_calls(&row), "it stays muted: {row:?}");
        }
    }

    /// A person who has acknowledged an incident that others must acknowledge as well gets no more
    /// pages, and the others still do.
    pub fn check_required(&self) {
        let entries = self.book.entries();
        let people: BTreeMap<_, _> =
            entries.iter().map(|entry| (entry.notification.id, &entry.notification)).collect();
        for claim in self.book.claims() {
            let (Some(one), Some(row)) = (people.get(&claim.notification), &claim.incident) else {
                continue;
            };
            let required = row.required.as_ref();
            let handle = &one.person.handle;
            let has_acknowledged =
                required.is_some_and(|required| required.acknowledged_at(handle).is_some());
            assert!(!has_acknowledged || one.kind != MessageKind::Page, "{claim:?}");
        }
        let journal = self.store.memory.journal_after(0);
        let in_part = |event: &&Event| matches!(event.body, EventBody::AcknowledgedInPart);
        println!("{} acknowledgements in part", journal.iter().filter(in_part).count());
    }

    /// Each notice is stored once, whatever becomes of the programs, and at least one arrives.
    pub fn check_notices(&self) {
        let mut stored = BTreeSet::new();
        let mut has_arrived = false;
        for entry in self.book.entries() {
            let one = entry.notification;
            if !one.is_notice() {
                continue;
            }
            has_arrived |=
                matches!(one.state, NotificationState::Sent | NotificationState::Bundled);
            let (reminder, text) = (one.reminder, one.text.clone());
            let key = (reminder.map(|kind| kind.to_string()), one.person.handle, one.contact, text);
            assert!(stored.insert(key.clone()), "twice: {key:?}");
        }
        assert!(has_arrived, "no notice has arrived");
    }

    /// Checks the laws of a week on a file.
    pub fn check_on_file(&self) {
        self.check();
        self.check_people();
        self.check_mutes();
        self.check_required();
        self.check_notices();
    }

    /// Checks all laws.
    pub fn check(&self) {
        self.check_steps();
        self.check_states_of_steps();
        self.check_requests();
        self.check_history();
        self.check_plans();
        self.check_messages();
        self.check_delays();
        self.check_ends();
        self.check_doubts();
    }
}
