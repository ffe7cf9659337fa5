//! A random week: incidents are declared, acknowledged, snoozed, paused and resolved while engines
//! are killed, stopped and started, and the store is down now and then.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use redphone::backend::{AdministrationRequest, Backend, Ledger};
use redphone::engine::{Clock, Engine, EngineOptions, EngineSettings};
use redphone::model::administration::AdministrationChange;
use redphone::model::command::Declaration;
use redphone::model::coverage::shifts;
use redphone::model::directory::Directory;
use redphone::model::id::CoverId;
use redphone::model::maintenance::{
    MaintenanceChange, MaintenanceFilter, MaintenanceRequest, NewWindow,
};
use redphone::model::notification::{AnswerSettings, Contacts};
use redphone::model::oncall::{Cover, CoverAnswer, TimeSpan};
use redphone::model::service_level::ServiceLevels;
use redphone::model::status::ResolutionAction;
use redphone::model::{
    Actor, Command, CommandId, Envelope, Impact, IncidentCommand, IncidentId, PersonRef, Urgency,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::clock::VirtualClock;
use super::company::{MUTED_TEAM, contacts, directory, directory_of_file, start_of_week};
use super::faults::EngineFault;
use super::file::{Program, StoreFile};
use super::outside::{Channels, Store, World, down, full};
use crate::support::commands;
use crate::support::memory::Memory;
use crate::support::memory::ledger::{Book, Fault};

/// How long the week is followed by quiet hours in which everything comes to its end.
const AFTERMATH: TimeDelta = TimeDelta::hours(3);

/// How long after a jump of the clock it is noticed that something is due.
const NOTICED_AFTER: TimeDelta = TimeDelta::seconds(60);

/// A fault of the ledger and one of the engines, to see that these are found.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    pub ledger: Option<Fault>,
    pub engine: Option<EngineFault>,
}

/// Something that happens in the week.
#[derive(Clone, Debug)]
enum Happening {
    Declare,
    DeclareIn(&'static str),
    Act(IncidentId, &'static str, IncidentCommand),
    /// Somebody is covered, in return for a span of the other or not.
    Cover(bool),
    /// A maintenance window begins that lasts so long.
    Maintenance(TimeDelta),
    Kill(usize),
    Stop(usize),
    Start(usize),
    StoreDown,
    StoreUp,
    DiskFull,
    DiskFree,
    ClockSet(TimeDelta),
}

struct Running {
    claimant: u64,
    /// The file as it has it open. Its claims end when that is dropped.
    program: Option<Arc<Program>>,
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

/// The week and its records.
pub struct Week {
    pub store: Arc<Store>,
    pub book: Arc<Book>,
    pub world: Arc<World>,
    pub contacts: Contacts,
    pub directory: Directory,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    /// When no engine could do anything: none ran, or the store was down.
    pub outages: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// Incidents that were snoozed or paused at some time.
    pub on_hold: Vec<IncidentId>,
    /// Those that were snoozed.
    pub snoozed: Vec<IncidentId>,
    /// The directories of the week, and since when each was in force.
    pub directories: Vec<(DateTime<Utc>, Directory)>,
    outage_since: Option<DateTime<Utc>>,
    rng: ChaCha8Rng,
    fault: Option<EngineFault>,
    engines: Vec<Option<Running>>,
    agenda: BTreeMap<(DateTime<Utc>, u64), Happening>,
    count: u64,
}

impl Week {
    /// Lets a week, or fewer days, pass with a number of engines that may have a fault, on a ledger that may
    /// have one.
    pub async fn run(seed: u64, engines: usize, days: i64, faults: Faults) -> Self {
        let clock = Arc::new(VirtualClock::new(start_of_week()));
        let memory = Arc::new(Memory::new(directory(), Vec::new(), 1));
        let store = Arc::new(Store::new(memory, clock));
        Self::run_on(store, directory(), (seed, engines, days), faults).await
    }

    /// Lets days pass with a number of engines on a real file, in which people are also covered, all of a
    /// level have to acknowledge, and maintenance windows begin and end.
    pub async fn run_on_file(seed: u64, engines: usize, days: i64) -> Self {
        let directory = directory_of_file();
        let clock = Arc::new(VirtualClock::new(start_of_week()));
        let memory = Arc::new(Memory::new(directory.clone(), Vec::new(), 1));
        let file = StoreFile::create(directory.clone(), &clock, &memory).await;
        let mut store = Store::new(memory, clock);
        store.file = Some(Arc::clone(&file));
        let size = (seed, engines, days);
        let week = Self::run_on(Arc::new(store), directory, size, Faults::default()).await;
        week.book.load(file.notifications().await, file.claims());
        file.close().await;
        week
    }

    async fn run_on(
        store: Arc<Store>,
        directory: Directory,
        (seed, engines, days): (u64, usize, i64),
        faults: Faults,
    ) -> Self {
        let start = start_of_week();
        let world = Arc::new(World::new(Arc::clone(&store), seed ^ 0x5eed));
        let mut week = Self {
            store,
            book: Arc::new(Book::with_fault(faults.ledger)),
            world,
            contacts: contacts(),
            directories: vec![(start, directory.clone())],
            directory,
            start,
            end: start + TimeDelta::days(days),
            outages: Vec::new(),
            on_hold: Vec::new(),
            snoozed: Vec::new(),
            outage_since: None,
            rng: ChaCha8Rng::seed_from_u64(seed),
            fault: faults.engine,
            engines: (0..engines).map(|_| None).collect(),
            agenda: BTreeMap::new(),
            count: 0,
        };
        week.fill_agenda().await;
        week.pass().await;
        week
    }

    fn id(&mut self) -> Uuid {
        self.count += 1;
        Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(self.count))
    }

    fn add(&mut self, at: DateTime<Utc>, happening: Happening) {
        self.count += 1;
        self.agenda.insert((at, self.count), happening);
    }

    /// Returns a random time between two numbers of seconds, mostly nearer to the shorter one.
    fn time(&mut self, from_s: i64, to_s: i64) -> TimeDelta {
        let part = self.rng.random_range(0..=1000_i64).pow(3);
        TimeDelta::seconds(from_s + (to_s - from_s) * part / 1_000_000_000)
    }

    async fn fill_agenda(&mut self) {
        // Incidents of long ago that nobody has ever acknowledged.
        for _ in 0..5 {
            let reported_at = self.start - TimeDelta::days(30);
            self.declare(reported_at, None).await;
        }
        let mut at = self.start;
        while at < self.end {
            // Storms are several incidents together.
            let storm = if self.rng.random_range(0..12) == 0 { 15 } else { 1 };
            for _ in 0..storm {
                self.add(at, Happening::Declare);
            }
            at += self.time(1, 6 * 3600);
        }
        for engine in 0..self.engines.len() {
            let mut at = self.start;
            while at < self.end {
                self.add(at, Happening::Start(engine));
                at += self.time(60, 24 * 3600);
                // In the time after the week all programs run, so that everything comes to an end.
                if at >= self.end {
                    break;
                }
                let end = if self.rng.random_range(0..2) == 0 {
                    Happening::Kill(engine)
                } else {
                    Happening::Stop(engine)
                };
                self.add(at, end);
                at += self.time(1, 2 * 3600);
            }
            self.add(self.end + TimeDelta::seconds(1), Happening::Start(engine));
        }
        for _ in 0..6 {
            let span = (self.end - self.start).num_seconds();
            let at = self.start + TimeDelta::seconds(self.rng.random_range(0..span));
            let up = at + self.time(1, 900);
            self.add(at, Happening::StoreDown);
            self.add(up, Happening::StoreUp);
        }
        self.add(self.end, Happening::StoreUp);
        self.fill_faults_of_the_machine();
        if self.store.file.is_some() {
            self.fill_agenda_of_file();
        }
    }

    /// Covers and maintenance windows, with incidents in these.
    fn fill_agenda_of_file(&mut self) {
        let hour = TimeDelta::hours(1);
        let mut at = self.start + hour;
        let mut is_swap = false;
        while at < self.end {
            self.add(at, Happening::Cover(is_swap));
            is_swap = !is_swap;
            at += hour + self.time(1, 6 * 3600);
        }
        let mut at = self.start + hour * 2;
        while at < self.end {
            let lasts = hour + self.time(1, 3 * 3600);
            self.add(at, Happening::Maintenance(lasts));
            for seconds in [1, 1800] {
                let during = at + TimeDelta::seconds(seconds);
                self.add(during, Happening::DeclareIn(MUTED_TEAM));
            }
            at += lasts + hour + self.time(1, 12 * 3600);
        }
    }

    /// The disk is full now and then, and the clock jumps: a laptop is suspended, or the time is set.
    fn fill_faults_of_the_machine(&mut self) {
        let span = (self.end - self.start).num_seconds();
        for _ in 0..3 {
            let at = self.start + TimeDelta::seconds(self.rng.random_range(0..span));
            let free = at + self.time(1, 1800);
            self.add(at, Happening::DiskFull);
            self.add(free, Happening::DiskFree);
        }
        self.add(self.end, Happening::DiskFree);
        for _ in 0..4 {
            let at = self.start + TimeDelta::seconds(self.rng.random_range(0..span));
            let by = self.time(1, 4 * 3600);
            self.add(at, Happening::ClockSet(by));
        }
        for _ in 0..3 {
            let at = self.start + TimeDelta::seconds(self.rng.random_range(0..span));
            let by = self.time(1, 600);
            self.add(at, Happening::ClockSet(-by));
        }
    }

    async fn pass(&mut self) {
        while let Some(((at, _), happening)) = self.agenda.pop_first() {
            self.store.clock.advance(at).await;
            self.happen(happening).await;
            self.note_outage();
        }
        // The clock may have jumped beyond the end.
        self.end = self.end.max(self.store.clock.now()) + AFTERMATH;
        self.store.clock.advance(self.end).await;
        if let Some(since) = self.outage_since {
            self.outages.push((since, self.end));
        }
        for engine in 0..self.engines.len() {
            self.kill(engine).await;
        }
    }

    fn note_outage(&mut self) {
        let now = self.store.clock.now();
        let is_out = self.store.is_down.load(Ordering::Relaxed)
            || self.store.is_full.load(Ordering::Relaxed)
            || self.engines.iter().all(Option::is_none);
        match (is_out, self.outage_since) {
            (true, None) => self.outage_since = Some(now),
            (false, Some(since)) => {
                self.outages.push((since, now));
                self.outage_since = None;
            }
            _ => {}
        }
    }

    async fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Declare => {
                let now = self.store.clock.now();
                let id = self.declare(now, None).await;
                self.plan_actions(id, now);
            }
            Happening::DeclareIn(team) => {
                let now = self.store.clock.now();
                self.declare(now, Some(team)).await;
            }
            Happening::Cover(is_swap) => self.cover(is_swap).await,
            Happening::Maintenance(lasts) => self.maintain(lasts).await,
            Happening::Act(id, person, command) => {
                let is_on_hold = matches!(
                    command,
                    IncidentCommand::Snooze { .. } | IncidentCommand::Pause { .. }
                );
                let is_snooze = matches!(command, IncidentCommand::Snooze { .. });
                let envelope = self.envelope(id, person, command);
                // A command that no longer applies is refused, as for people.
                let done = self.store.carry_out_anywhere(&envelope).await;
                if done.is_ok() && is_on_hold {
                    self.on_hold.push(id);
                    self.snoozed.extend(is_snooze.then_some(id));
                }
            }
            Happening::Start(engine) => self.start_engine(engine).await,
            Happening::Kill(engine) => self.kill(engine).await,
            Happening::Stop(engine) => self.stop(engine).await,
            Happening::StoreDown => {
                self.store.is_down.store(true, Ordering::Relaxed);
                self.book.fail(Some(down()));
                self.store.changed.notify_waiters();
            }
            Happening::StoreUp => {
                self.store.is_down.store(false, Ordering::Relaxed);
                self.book.fail(None);
            }
            Happening::DiskFull => {
                self.store.is_full.store(true, Ordering::Relaxed);
                self.book.fail_writes(Some(full()));
            }
            Happening::DiskFree => {
                self.store.is_full.store(false, Ordering::Relaxed);
                self.book.fail_writes(None);
            }
            Happening::ClockSet(by) => self.set_clock(by).await,
        }
    }

    async fn set_clock(&mut self, by: TimeDelta) {
        let before = self.store.clock.now();
        self.store.clock.jump(by).await;
        let after = self.store.clock.now();
        let first = before.min(after);
        // Meanwhile nothing could be done, or the same time comes twice.
        self.outages.push((first, before.max(after) + NOTICED_AFTER));
        if let Some(since) = &mut self.outage_since {
            *since = first.min(*since);
        }
    }

    fn envelope(&mut self, id: IncidentId, person: &str, command: IncidentCommand) -> Envelope {
        Envelope {
            id: CommandId(self.id()),
            at: self.store.clock.now(),
            actor: Actor::Person(PersonRef::new(person, person)),
            command: Command::incident(id, command),
            expected_seq: None,
        }
    }

    /// Declares an incident of a team, or of a random one. Those of the team that maintenance mutes are
    /// declared by a program.
    async fn declare(
        &mut self,
        reported_at: DateTime<Utc>,
        team: Option<&'static str>,
    ) -> IncidentId {
        let teams: &[&'static str] = match &self.store.file {
            None => &["payments", "platform", "nobody"],
            Some(_) => &["payments", "platform", "nobody", "core", MUTED_TEAM],
        };
        let team = team.unwrap_or_else(|| teams[self.rng.random_range(0..teams.len())]);
        let urgency =
            [Urgency::High, Urgency::Medium, Urgency::Low][self.rng.random_range(0..3_usize)];
        let declaration = Declaration {
            impact: Impact::High,
            urgency,
            team: Some(team.into()),
            detected_at: reported_at,
            reported_at,
            ..commands::declaration("Card payments fail")
        };
        let id = IncidentId(self.id());
        let mut envelope =
            self.envelope(id, "ines", IncidentCommand::Declare(Box::new(declaration)));
        if team == MUTED_TEAM {
            envelope.actor = Actor::Integration("checks".into());
        }
        self.store.carry_out_anywhere(&envelope).await.expect("a declaration fits");
        id
    }

    fn plan_actions(&mut self, id: IncidentId, now: DateTime<Utc>) {
        let note = || IncidentCommand::AddNote { text: "somebody looks at it".into() };
        let resolve = || IncidentCommand::Resolve {
            action: ResolutionAction::Restart,
            detail: "restarted".into(),
            validation: "it answers".into(),
        };
        let mut actions = Vec::new();
        let escalate = IncidentCommand::Escalate {
            level: 2,
            to: vec![PersonRef::new("odile", "odile"), PersonRef::new("boss", "boss")],
            reason: Some("by hand".into()),
            automatic: None,
            all_must_acknowledge: false,
        };
        for (chance, command, most_s) in [
            (60, IncidentCommand::Acknowledge, 3 * 3600),
            (20, note(), 3600),
            (10, escalate, 1800),
            (60, resolve(), 8 * 3600),
        ] {
            if self.rng.random_range(0..100) < chance {
                actions.push((now + self.time(1, most_s), command));
            }
        }
        if self.rng.random_range(0..100) < 15 {
            let at = now + self.time(1, 1800);
            let until = at + self.time(60, 5 * 3600);
            actions.push((at, IncidentCommand::Snooze { until }));
        }
        if self.rng.random_range(0..100) < 15 {
            let at = now + self.time(1, 1800);
            actions.push((at, IncidentCommand::Pause { reason: "a supplier".into() }));
            actions.push((at + self.time(60, 5 * 3600), IncidentCommand::Unpause));
        }
        for (at, command) in actions {
            self.add(at, Happening::Act(id, "ines", command));
        }
        if self.store.file.is_some() {
            for person in ["tomo", "odile"] {
                if self.rng.random_range(0..100) < 40 {
                    let at = now + self.time(1, 3600);
                    self.add(at, Happening::Act(id, person, IncidentCommand::Acknowledge));
                }
            }
        }
    }

    /// The person on call of a schedule is covered by the next one, for up to two hours; in a swap
    /// in return for an hour of the other's shift. One that overlaps another is refused.
    async fn cover(&mut self, is_swap: bool) {
        let Some(file) = self.store.file.clone() else { return };
        let now = self.store.clock.now();
        let directory = &self.directories.last().expect("the first one").1;
        let schedule = directory.schedule("core").expect("the schedule");
        let shifts = shifts(directory, schedule, now, now + TimeDelta::hours(12));
        let [first, second, ..] = shifts.as_slice() else { return };
        let (Some(person), Some(other)) = (&first.person, &second.person) else { return };
        let (person, other) = (person.handle.clone(), other.handle.clone());
        let to = first.to.min(now + TimeDelta::hours(2));
        let id = CoverId(self.id());
        let in_return = is_swap.then(|| TimeSpan {
            from: second.from,
            to: second.to.min(second.from + TimeDelta::hours(1)),
        });
        let span = TimeSpan { from: now, to };
        let wanted = Cover { in_return, ..Cover::new(id, "core", &person, span) };
        let answer = CoverAnswer { id, schedule: "core".into(), person: other.clone() };
        for (who, change) in [
            (person, AdministrationChange::RequestCover(wanted)),
            (other, AdministrationChange::AcceptCover(answer)),
        ] {
            let actor = Actor::Person(PersonRef::new(who.as_str(), who.as_str()));
            let request = AdministrationRequest {
                id: CommandId(self.id()),
                ..AdministrationRequest::new(actor, change, now)
            };
            if let Ok(directory) = file.administer(request).await {
                self.directories.push((now, directory));
            }
            self.store.changed.notify_waiters();
        }
    }

    async fn maintain(&mut self, lasts: TimeDelta) {
        let Some(file) = self.store.file.clone() else { return };
        let now = self.store.clock.now();
        let window = NewWindow {
            title: "The pool is replaced".into(),
            filter: MaintenanceFilter {
                teams: vec![MUTED_TEAM.into()],
                ..MaintenanceFilter::default()
            },
            from: now,
            until: now + lasts,
            recurrence: None,
            comment: String::new(),
            mutes_people: false,
            public_text: None,
        };
        let request = MaintenanceRequest {
            id: self.id(),
            actor: Actor::Person(PersonRef::new("ines", "ines")),
            at: now,
            expected: None,
            change: MaintenanceChange::Create(window),
        };
        file.change_maintenance(request).await.expect("a window fits");
        self.store.changed.notify_waiters();
    }

    async fn start_engine(&mut self, engine: usize) {
        if self.engines[engine].is_some() {
            return;
        }
        self.count += 1;
        let claimant = self.count;
        // The second program has one channel only.
        let names = if engine == 1 { vec!["good"] } else { vec!["flaky", "good", "slow"] };
        let sender = Arc::new(Channels { world: Arc::clone(&self.world), names });
        let program = match &self.store.file {
            Some(file) => Some(Program::open(&self.store, file).await),
            None => None,
        };
        let (backend, ledger): (Arc<dyn Backend>, Arc<dyn Ledger>) = match &program {
            Some(program) => (Arc::clone(program) as _, Arc::clone(program) as _),
            None => (
                Arc::clone(&self.store) as _,
                Arc::new(self.book.open(&self.store.memory, claimant)),
            ),
        };
        let made = Engine::new(EngineOptions {
            backend,
            ledger,
            settings: EngineSettings {
                calendars: Arc::default(),
                calendar_reader: None,
                sender,
                contacts: Arc::new(self.contacts.clone()),
                signals: Arc::default(),
                levels: ServiceLevels::default(),
                answers: AnswerSettings::default(),
                publish: redphone::engine::PublishSettings::default(),
                trackers: Arc::default(),
            },
            clock: Arc::clone(&self.store.clock) as Arc<dyn Clock>,
            receives_alerts: true,
        });
        let made = match self.fault {
            Some(fault) => made.with_decisions(fault.plant()),
            None => made,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let ended = made.run(async {
                stopped.await.ok();
            });
            Box::pin(ended).await;
        });
        self.engines[engine] = Some(Running { claimant, program, task, stop });
    }

    async fn kill(&mut self, engine: usize) {
        let Some(Running { claimant, program, task, .. }) = self.engines[engine].take() else {
            return;
        };
        task.abort();
        task.await.ok();
        self.store.clock.settle().await;
        drop(program);
        self.book.end(claimant);
    }

    /// Stops an engine like a program that exits.
    async fn stop(&mut self, engine: usize) {
        let Some(Running { claimant, task, stop, .. }) = self.engines[engine].take() else {
            return;
        };
        self.note_outage();
        stop.send(()).ok();
        let limit = self.store.clock.now() + TimeDelta::seconds(10);
        self.store.clock.advance(limit).await;
        assert!(task.is_finished(), "the engine does not stop");
        self.book.end(claimant);
    }
}
