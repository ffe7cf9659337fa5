//! Faults that are planted into the decisions of an engine, to see that the laws of a week find each.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use redphone::engine::{Decisions, ModelDecisions};
use redphone::model::directory::Directory;
use redphone::model::escalation::{AutomaticCall, NextCall, path};
use redphone::model::notification::step::DueStep;
use redphone::model::notification::{Contacts, Notification};
use redphone::model::{Event, IncidentId, Status, Summary};

/// A fault of an engine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EngineFault {
    /// The next level is called without the wait before it.
    IgnoresWait,
    /// An incident that was paused when the program started is not escalated when the pause ends.
    ForgetsPaused,
    /// Levels are called after an acknowledgement.
    IgnoresAcknowledgement,
    /// Levels are called after the end.
    IgnoresEnd,
    /// A channel that hangs stops the others.
    WaitsForSlowChannel,
    /// People without a contact are skipped in silence.
    SkipsUnreachable,
    /// Levels are called that were due long ago.
    WakesForHistory,
}

impl EngineFault {
    /// Returns the decisions of one program with the fault.
    pub fn plant(self) -> Arc<dyn Decisions> {
        Arc::new(Faulty { fault: self, seen: Mutex::default() })
    }
}

/// Decisions with one fault.
struct Faulty {
    fault: EngineFault,
    seen: Mutex<Seen>,
}

/// The knowledge of one program since its start.
#[derive(Default)]
struct Seen {
    incidents: BTreeSet<IncidentId>,
    /// Those that were paused when the program saw them first.
    paused: BTreeSet<IncidentId>,
    /// Those for which the fault was shown once, which is enough.
    shown: BTreeSet<IncidentId>,
}

impl Faulty {
    /// Returns whether an incident was paused when the program saw it first.
    fn began_paused(&self, incident: &Summary) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.incidents.insert(incident.id) && incident.paused {
            seen.paused.insert(incident.id);
        }
        seen.paused.contains(&incident.id)
    }

    /// Returns whether the fault is to be shown for an incident, which it is once.
    fn is_first(&self, incident: &Summary) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.shown.insert(incident.id)
    }

    /// Returns whether the fault is about the state in which an incident is.
    fn ignores(&self, incident: &Summary) -> bool {
        match self.fault {
            EngineFault::IgnoresAcknowledgement => {
                incident.status.is_open() && incident.status != Status::Triggered
            }
            EngineFault::IgnoresEnd => !incident.status.is_open(),
            _ => false,
        }
    }
}

/// Returns the first call that was not made yet, whenever it is due.
fn first_call(incident: &Summary, directory: &Directory, due: DateTime<Utc>) -> NextCall {
    let step = path(incident, directory).into_iter().find(|step| !step.is_called);
    step.map_or(NextCall::Never, |step| {
        NextCall::Now(AutomaticCall {
            level: step.level,
            step: DueStep { round: step.round, due, unattended_since: None, missed: Vec::new() },
            to: step.people(),
            all_must_acknowledge: step.all_must_acknowledge,
        })
    })
}

impl Decisions for Faulty {
    fn awaits_calls(&self, incident: &Summary) -> bool {
        if self.fault == EngineFault::ForgetsPaused && self.began_paused(incident) {
            return false;
        }
        self.ignores(incident) || ModelDecisions.awaits_calls(incident)
    }

    fn next_call(&self, incident: &Summary, directory: &Directory, now: DateTime<Utc>) -> NextCall {
        if self.ignores(incident) {
            // The next step is carried out when it is due, as if nobody had done anything.
            let mut steps = path(incident, directory).into_iter();
            return match steps.find(|step| !step.is_called) {
                Some(step) if step.due > now => NextCall::At(step.due),
                Some(step) if self.is_first(incident) => first_call(incident, directory, step.due),
                _ => NextCall::Never,
            };
        }
        match ModelDecisions.next_call(incident, directory, now) {
            NextCall::At(_)
                if self.fault == EngineFault::IgnoresWait && !incident.is_snoozed(now) =>
            {
                first_call(incident, directory, now)
            }
            NextCall::Never
                if self.fault == EngineFault::WakesForHistory
                    && !incident.paused
                    && self.is_first(incident) =>
            {
                first_call(incident, directory, incident.reported_at)
            }
            call => call,
        }
    }

    fn plan(
        &self,
        event: &Event,
        incident: &Summary,
        contacts: &Contacts,
        now: DateTime<Utc>,
    ) -> Vec<Notification> {
        let mut planned = ModelDecisions.plan(event, incident, contacts, now);
        if self.fault == EngineFault::SkipsUnreachable {
            planned.retain(|one| !one.contact.is_empty());
        }
        planned
    }

    fn claim_limit(&self, channel: &str, busy: &[&str]) -> u32 {
        let is_stopped = channel != "slow" && busy.contains(&"slow");
        if self.fault == EngineFault::WaitsForSlowChannel && is_stopped {
            return 0;
        }
        ModelDecisions.claim_limit(channel, busy)
    }
}
