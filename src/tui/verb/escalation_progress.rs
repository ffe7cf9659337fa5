//! Progress of an incident on the path of its escalation policy: which levels were called, when and
//! with what outcome, and when the next one is.

use chrono::{DateTime, Utc};

use crate::model::directory::Directory;
use crate::model::escalation::{self, NextCall, Reached, Step, awaits_calls, next_call};
use crate::model::notification::step::{AutomaticStep, EXPIRES_AFTER};
use crate::model::notification::{Notification, PersonReach, PlannedContact};
use crate::model::storm::is_quiet;
use crate::model::time::{format_ago, format_duration};
use crate::model::{Event, EventBody, PersonRef, Summary};

use crate::tui::core::app::App;

/// The path of an incident, and its progress at a time.
pub(super) struct Progress<'a> {
    app: &'a App,
    row: &'a Summary,
    directory: &'a Directory,
    /// The steps of all rounds.
    path: Vec<Step>,
    /// The present round, from 1.
    round: u16,
    /// The present time by the clock of the backend.
    now: DateTime<Utc>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(
        app: &'a App,
        row: &'a Summary,
        directory: &'a Directory,
        now: DateTime<Utc>,
    ) -> Self {
        let path = escalation::path(row, directory);
        Self { app, row, directory, path, round: row.escalation_round.max(1), now }
    }

    /// Returns the steps of the present round.
    pub(super) fn round_steps(&self) -> impl Iterator<Item = &Step> {
        self.path.iter().filter(|step| step.round == self.round)
    }

    /// Returns the people whom a level reaches when it is due; now, if that has passed.
    pub(super) fn reached(&self, step: &Step) -> Vec<Reached> {
        escalation::reached_at(step, self.row, self.directory, step.due.max(self.now))
    }

    /// Describes when a level was called and with what outcome, or when it is due, and whether it
    /// is called automatically then.
    pub(super) fn step_text(&self, step: &Step) -> String {
        if step.is_called {
            return self.called_text(step);
        }
        let due = self.row.snoozed_until.map_or(step.due, |until| until.max(step.due));
        let mut text = if due > self.now {
            format!("{}, in {}", self.time(due), format_duration(due - self.now))
        } else {
            format!("was due {}, {}", self.time(due), format_ago(due, self.now))
        };
        if step.is_end {
            text = format!("at the end, {text}");
        }
        if !self.is_automatic() || self.now - due > EXPIRES_AFTER {
            text.push_str(", not by itself");
        } else if due > self.now {
            text.push_str(", by itself");
        }
        if step.all_must_acknowledge {
            text.push_str(", all must acknowledge");
        }
        if step.level == self.row.escalation.saturating_add(1) {
            text.push_str(" · next");
        }
        text.push_str(&self.contacts_text(step, due.max(self.now)));
        text
    }

    /// Describes the contacts and times by which each person is reached, if the level is called at
    /// a time; nothing while the contacts are not known.
    fn contacts_text(&self, step: &Step, called_at: DateTime<Utc>) -> String {
        let reach = &self.app.notified.people;
        if reach.is_empty() {
            return String::new();
        }
        let reached = escalation::reached_at(step, self.row, self.directory, called_at);
        let people: Vec<&PersonRef> = reached.iter().filter_map(Reached::person).collect();
        let one = |person: &&PersonRef| {
            let is_it = |other: &&PersonReach| other.person.eq_ignore_ascii_case(&person.handle);
            let planned = reach.iter().find(is_it);
            let planned = planned.map(|reach| reach.planned(self.row.priority, called_at));
            let planned = planned.unwrap_or_default();
            let ways: Vec<String> = planned.iter().map(|one| self.way_text(one)).collect();
            let ways = if ways.is_empty() { "no contact".to_owned() } else { ways.join(", ") };
            let name = if people.len() > 1 { format!("{} ", person.handle) } else { String::new() };
            format!(" · {name}{ways}")
        };
        people.iter().map(one).collect()
    }

    fn way_text(&self, planned: &PlannedContact<'_>) -> String {
        let contact = planned.contact;
        let way = if contact.channel == contact.contact {
            contact.channel.clone()
        } else {
            format!("{} {}", contact.channel, contact.contact)
        };
        let broken = if contact.problem.is_some() { " can't be sent" } else { "" };
        format!("{way} {}{broken}", self.time(planned.at))
    }

    /// Describes when a level was called, by whom, and the states of its notifications.
    fn called_text(&self, step: &Step) -> String {
        let Some((event, automatic)) = self.call_of(step.level) else {
            return if self.has_all_events() {
                format!("skipped: level {} was called", self.row.escalation)
            } else {
                "called already".to_owned()
            };
        };
        let mut text = format!("called {}", self.time(event.at));
        let missed = automatic.and_then(|call| call.missed_level(step.level, self.round));
        let late_s = missed.map(|missed| missed.late_s);
        match late_s.or(automatic.map(|call| call.late_s)) {
            None => text.push_str(" by hand"),
            Some(late_s @ 1..) => {
                let late = chrono::TimeDelta::seconds(i64::from(late_s));
                text = format!("{text}, {} late", format_duration(late));
            }
            Some(0) => {}
        }
        if step.all_must_acknowledge
            && let Some(required) = &self.row.required
        {
            text = format!("{text}, all must acknowledge: {}", required.text());
        }
        let list = self.app.notified.list_of(self.row.id);
        let of_event = |one: &&Notification| one.event == event.id;
        let sent = list.iter().flat_map(|list| &list.notifications).filter(of_event);
        for one in sent {
            let person = &one.person.handle;
            text = format!("{text} · {person} {} {}", one.way(), one.state);
        }
        text
    }

    /// Describes the round, how many of its levels were called, and the next one.
    pub(super) fn round_text(&self) -> String {
        let rounds = self.path.iter().map(|step| step.round).max().unwrap_or(1);
        let (mut called, mut levels) = (0, 0);
        for step in self.round_steps() {
            levels += 1;
            called += usize::from(step.is_called);
        }
        let mut parts = Vec::new();
        if rounds > 1 {
            parts.push(format!("round {} of {rounds}", self.round));
        }
        parts.push(format!("{called} of {levels} levels called"));
        parts.push(self.next_text());
        parts.join(" · ")
    }

    /// Describes the next automatic call, or the reason why there is none.
    fn next_text(&self) -> String {
        if !awaits_calls(self.row) {
            return "acknowledged: no level is called by itself".to_owned();
        }
        if !self.calls_by_itself() {
            return "no level is called by itself here".to_owned();
        }
        if self.row.paused {
            return "paused: no level is called by itself".to_owned();
        }
        if self.is_quiet() {
            return "folded: no level is called while the other one is open".to_owned();
        }
        match next_call(self.row, self.directory, self.now) {
            NextCall::Now(call) => format!("level {} is due now", call.level),
            NextCall::At(at) => {
                let until = self.row.snoozed_until.filter(|until| *until > self.now);
                let snoozed = if until.is_some() { "snoozed, " } else { "" };
                format!("{snoozed}the next by itself at {}", self.time(at))
            }
            NextCall::Never => "the path has ended: no level is called by itself".to_owned(),
        }
    }

    /// Returns whether levels of this incident are called by themselves when they are due.
    fn is_automatic(&self) -> bool {
        awaits_calls(self.row) && !self.row.paused && !self.is_quiet() && self.calls_by_itself()
    }

    /// Returns whether nobody is called as it is folded under another incident.
    fn is_quiet(&self) -> bool {
        let rows = || self.app.fetched.snapshot.iter().flat_map(|snapshot| &snapshot.rows);
        is_quiet(self.row, |id| {
            rows().find(|row| row.id == id && row.status.is_open()).map(|row| row.priority)
        })
    }

    /// Returns whether the backend calls levels automatically. Only some do.
    fn calls_by_itself(&self) -> bool {
        let capabilities = self.app.connection.capabilities.as_ref();
        capabilities.is_some_and(|capabilities| capabilities.escalates)
    }

    /// Returns the event by which a level was last called in the present round, and the step that a
    /// program carried out.
    fn call_of(&self, level: u8) -> Option<(&'a Event, Option<&'a AutomaticStep>)> {
        self.events().iter().rev().find_map(|event| {
            let EventBody::Escalated { level: called, automatic, .. } = &event.body else {
                return None;
            };
            let step = automatic.as_ref();
            let is_it = *called == level && step.is_none_or(|step| step.round.max(1) == self.round);
            let with_later =
                step.is_some_and(|step| step.missed_level(level, self.round).is_some());
            (is_it || with_later).then_some((event, step))
        })
    }

    /// Returns the events of the incident that were read.
    fn events(&self) -> &'a [Event] {
        let reading = &self.app.reading;
        let loaded = reading.shown.iter().chain(&reading.cache).find(|one| one.id == self.row.id);
        loaded.map(|loaded| &loaded.events[..]).unwrap_or_default()
    }

    /// Returns whether all events of the incident were read.
    fn has_all_events(&self) -> bool {
        self.events().first().is_some_and(|event| event.seq == 1)
    }

    /// Formats a time of today without its date.
    fn time(&self, at: DateTime<Utc>) -> String {
        let clock = self.app.clock();
        let (local, now) = (clock.local_time(at), clock.local_time(self.now));
        let form = if local.date() == now.date() { "%H:%M" } else { "%m-%d %H:%M" };
        local.format(form).to_string()
    }
}
