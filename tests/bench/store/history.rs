//! Plain records of a history, in the order in which a store would have written them down.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use redphone::model::command::Declaration;
use redphone::model::status::{Category, ResolutionAction, Source};
use redphone::model::{
    Actor, CommandId, Event, EventBody, EventId, Impact, IncidentId, IncidentNumber, PersonRef,
    Priority, Urgency,
};
use uuid::Uuid;

const FAULTS: [&str; 16] = [
    "timeout to upstream",
    "latency high",
    "disk almost full",
    "error rate above limit",
    "queue growing",
    "certificate expires",
    "memory pressure",
    "checkout fails for some users",
    "search results are stale",
    "login rejected",
    "pods restart again and again",
    "replication lags behind",
    "cache hit rate low",
    "payments declined",
    "slow queries",
    "health check fails",
];

/// Open incidents at the end, of a million.
const OPEN: u64 = 5_000;
const DAYS: i64 = 540;

struct Life {
    id: IncidentId,
    seq: u32,
    at: DateTime<Utc>,
    bodies: Vec<(TimeDelta, EventBody)>,
}

pub struct History {
    rng: ChaCha8Rng,
    made: u64,
    incidents: u64,
    start: DateTime<Utc>,
    next: BinaryHeap<Reverse<(DateTime<Utc>, u64)>>,
    lives: std::collections::HashMap<u64, Life>,
}

impl History {
    pub fn new(seed: u64, incidents: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            made: 0,
            incidents,
            start: Utc::now().trunc_subsecs(0) - TimeDelta::days(DAYS),
            next: BinaryHeap::new(),
            lives: std::collections::HashMap::new(),
        }
    }

    pub fn person(&mut self) -> PersonRef {
        let n = self.rng.random_range(0..200);
        PersonRef::new(format!("person-{n}"), format!("Fictional Person {n}"))
    }

    pub fn declaration(&mut self, reported_at: DateTime<Utc>) -> Declaration {
        let rng = &mut self.rng;
        let service = rng.random_range(0..60);
        let fault = FAULTS[rng.random_range(0..FAULTS.len())];
        let mut services = vec![format!("svc-{service:02}")];
        if rng.random_range(0..4) == 0 {
            services.push(format!("svc-{:02}", (service + 7) % 60));
        }
        let levels = [Impact::High, Impact::Medium, Impact::Low];
        Declaration {
            title: format!("{fault} on node-{}", rng.random_range(0..400)),
            services,
            impact: levels[[0, 1, 1, 2, 2, 2, 2][rng.random_range(0..7)]],
            urgency: levels[[0, 1, 1, 2, 2][rng.random_range(0..5)]],
            category: match rng.random_range(0..40) {
                0 => None,
                1 => Some(Category::Security),
                2..10 => Some(Category::Performance),
                10..25 => Some(Category::Infrastructure),
                25..28 => Some(Category::Access),
                _ => Some(Category::Application),
            },
            source: Source::Monitoring,
            symptoms: format!("users of region {} see errors", rng.random_range(0..9)),
            detected_at: reported_at - TimeDelta::seconds(rng.random_range(0..300)),
            reported_at,
            team: Some(format!("team-{}", service % 10)),
            labels: Vec::new(),
            dedup_key: None,
            runbook: None,
            alerts: None,
        }
    }

    /// Declares the next incident and plans its further events.
    fn declare(&mut self) {
        let number = self.made + 1;
        let span = DAYS * 86_400;
        let offset = i64::try_from(
            u128::from(self.made) * u128::from(span.unsigned_abs()) / u128::from(self.incidents),
        )
        .unwrap();
        let at = (self.start + TimeDelta::seconds(offset)).trunc_subsecs(0);
        let declaration = self.declaration(at - TimeDelta::seconds(20));
        let person = self.person();
        let rng = &mut self.rng;
        let priority = match (declaration.impact, declaration.urgency) {
            (Impact::High, Urgency::High) => Priority::P1,
            (Impact::High, Urgency::Medium) | (Impact::Medium, Urgency::High) => Priority::P2,
            (Impact::Low, Urgency::Low | Urgency::Medium) => Priority::P4,
            _ => Priority::P3,
        };
        let open = self.incidents - self.made <= OPEN * self.incidents / 1_000_000;
        let declared = EventBody::Declared {
            number: Some(IncidentNumber(number)),
            priority,
            declaration: Box::new(declaration),
        };
        let mut bodies = vec![(TimeDelta::zero(), declared)];
        let mut minutes = |most: i64| TimeDelta::seconds(rng.random_range(5..most * 60));
        if !open || number.is_multiple_of(2) {
            bodies.push((minutes(20), EventBody::Acknowledged));
            bodies.push((minutes(2), EventBody::Assigned { to: Some(person) }));
            if number.is_multiple_of(3) {
                let text = "restarted two of the four nodes, watching the error rate".into();
                bodies.push((minutes(60), EventBody::NoteAdded { text }));
            }
        }
        if !open {
            let resolved = EventBody::Resolved {
                action: ResolutionAction::Restart,
                detail: "restarted".into(),
                validation: "error rate is back to normal".into(),
                stability: None,
            };
            bodies.push((minutes(400), resolved));
            if number % 3 != 1 {
                bodies.push((minutes(3000), EventBody::Closed));
            }
        }
        bodies.reverse();
        let millis = at.timestamp_millis().unsigned_abs();
        let id = IncidentId(v7(millis, number, 0));
        self.lives.insert(number, Life { id, seq: 0, at, bodies });
        self.next.push(Reverse((at, number)));
        self.made += 1;
    }
}

/// Returns an id as it would have been created at that time.
fn v7(millis: u64, number: u64, seq: u32) -> Uuid {
    let (high, low) = (u128::from(millis) << 80, u128::from(number) << 16 | u128::from(seq) << 8);
    Uuid::from_u128(high | 0x7000 << 64 | 0x8000 << 48 | low)
}

impl Iterator for History {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        while self.made < self.incidents && self.next.len() < 2 {
            self.declare();
        }
        // The incident declared last is later than all planned events.
        while self.made < self.incidents
            && self
                .lives
                .get(&self.made)
                .is_none_or(|last| self.next.peek().is_some_and(|Reverse((at, _))| *at >= last.at))
        {
            self.declare();
        }
        let Reverse((at, number)) = self.next.pop()?;
        let life = self.lives.get_mut(&number)?;
        let (_, body) = life.bodies.pop()?;
        life.seq += 1;
        let command = CommandId(v7(at.timestamp_millis().unsigned_abs(), number, life.seq));
        let event = Event {
            id: EventId::derived(command, 0),
            incident: life.id,
            seq: life.seq,
            at,
            recorded_at: at,
            actor: Actor::Integration("bench".into()),
            command,
            body,
            extra: <_>::default(),
            because: None,
            verdicts: Vec::new(),
            undo: None,
        };
        match life.bodies.last() {
            Some((after, _)) => self.next.push(Reverse((at + *after, number))),
            None => {
                self.lives.remove(&number);
            }
        }
        Some(event)
    }
}
