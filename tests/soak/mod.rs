//! The wall display over a day of simulated time: its state stays bounded, and memory does not
//! grow.
//!
//! Simulated incidents open, change and end. The backend fails and recovers. Pages change, and new
//! P1 incidents cover the screen. Every tick and every change is drawn as the terminal would get
//! it. `REDPHONE_WALL_HOURS` sets how long the day is (2; the full run is 24).

mod program;

use std::collections::VecDeque;
use std::io;
use std::process::Command;
use std::sync::Arc;

use chrono::{DateTime, Offset, TimeDelta, TimeZone, Utc};
use ratatui::Terminal;
use redphone::backend::{BackendError, Cursor, Delta, TimelineRange};
use redphone::model::measures::{Counted, Cut, Fact, Measures, Window, compute};
use redphone::model::status::Source;
use redphone::model::{
    Actor, CommandId, Event, EventBody, EventId, Impact, IncidentId, IncidentNumber, PersonRef,
    Priority, Rules, Status, Summary,
};
use redphone::sync::{BackendUpdate, ConnectionState, Mirror, Sourced};
use redphone::tui::Options;
use redphone::tui::core::app::App;
use redphone::tui::core::message::{Effect, Message};
use redphone::tui::layout::prepare;
use redphone::tui::metrics::Span;
use redphone::tui::runtime::create_app;
use redphone::tui::terminal::{Framed, Sink};
use redphone::tui::theme::{Depth, Theme};
use redphone::tui::update::update;
use redphone::tui::view::view;
use redphone::tui::wall::{RIBBON, Settings, Wall};
use redphone::tui::workspace::Workspace;
use uuid::Uuid;

use crate::support::sample::Sample;

/// The usual number of open incidents.
const OPEN: usize = 400;
/// How much memory may grow after the first hour, in bytes.
const GROWTH: u64 = 2 * 1024 * 1024;

/// The variable of the process in which the day passes.
const OWN_PROCESS: &str = "REDPHONE_WALL_PROCESS";

/// Counts frames and discards them.
#[derive(Default)]
struct Nowhere {
    frames: u64,
    bytes: u64,
}

impl Sink for Nowhere {
    fn send_frame(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.frames += 1;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        Ok((126, 36))
    }
}

/// Simulated incidents that open, change and end. It stores only the open ones.
struct World {
    open: VecDeque<Summary>,
    made: u64,
    dice: u64,
}

impl World {
    /// Returns pseudo-random numbers that are the same each time (splitmix64).
    fn roll(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn declare(&mut self, now: DateTime<Utc>) -> Summary {
        self.made += 1;
        let priority = match self.roll(60) {
            0 => Priority::P1,
            1..6 => Priority::P2,
            6..25 => Priority::P3,
            _ => Priority::P4,
        };
        let row = Summary {
            id: IncidentId(Uuid::from_u128(
                0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(self.made),
            )),
            number: Some(IncidentNumber(self.made)),
            title: format!("Fault {} of a service that many people use", self.made),
            status: Status::Triggered,
            impact: Impact::High,
            urgency: Impact::High,
            priority,
            category: None,
            source: Source::Monitoring,
            services: vec![format!("service-{}", self.made % 40)],
            assignee: None,
            team: None,
            detected_at: now,
            reported_at: now,
            acknowledged_at: None,
            resolved_at: None,
            closed_at: None,
            snoozed_until: None,
            paused: false,
            paused_since: None,
            paused_ms: 0,
            acknowledge_verdict: None,
            resolve_verdict: None,
            updated_at: None,
            alerts: 1,
            escalation: 0,
            escalation_round: 0,
            escalation_from: None,
            required: None,
            muted: None,
            muted_ms: 0,
            never_acknowledged: false,
            folded_under: None,
            is_noise: false,
            seq: 1,
            last_event_at: now,
            last_word: None,
            attributes: redphone::model::Attributes::default(),
            unknown: <_>::default(),
            extra: <_>::default(),
        };
        self.open.push_back(row.clone());
        row
    }

    /// One incident changes: it opens, is worked on, or ends.
    fn step(&mut self, now: DateTime<Utc>) -> Summary {
        let sides = if self.open.len() < OPEN { 3 } else { 5 };
        match self.roll(sides) {
            0 | 1 => self.declare(now),
            2 => {
                let index = self.roll(self.open.len().max(1) as u64);
                let index = usize::try_from(index).expect("a place");
                let Some(row) = self.open.get_mut(index) else { return self.declare(now) };
                row.seq += 1;
                row.last_event_at = now;
                row.status = Status::Acknowledged;
                row.acknowledged_at.get_or_insert(now);
                row.assignee = Some(PersonRef::new("tomo", "Tomo Hayashi"));
                row.clone()
            }
            _ => {
                let index = self.roll(self.open.len() as u64);
                let index = usize::try_from(index).expect("a place");
                let mut row = self.open.remove(index).expect("it is open");
                row.seq += 1;
                row.status = Status::Resolved;
                row.resolved_at = Some(now);
                row
            }
        }
    }
}

/// The application state, and the simulated incidents that it shows.
struct Day {
    app: App,
    terminal: Terminal<Framed<Nowhere>>,
    world: World,
    mirror: Mirror,
    now: DateTime<Utc>,
    ticks: u64,
    snapshots: u64,
    takeovers: u64,
    outages: u64,
}

impl Day {
    fn new() -> Self {
        let now = Utc.with_ymd_and_hms(2031, 5, 20, 6, 0, 0).unwrap();
        let options = Options {
            me: PersonRef::new("ines", "Ines Moreau"),
            rules: Rules::default(),
            ascii: false,
            drafts_dir: None,
            settings: redphone::config::PanesSettings::default(),
            warnings: Vec::new(),
            remote: None,
            reloads: None,
            workspace: Workspace::initial("/var/lib/redphone/store.db"),
            workspaces: Vec::new(),
            opener: None,
            variables: Vec::new(),
            read_only: true,
            has_errands: false,
        };
        let mut app = create_app(options, Theme::new(Depth::Indexed, false), now);
        app.wall = Some(Box::new(Wall::new(Settings::default(), true, now)));
        let terminal = Terminal::new(Framed::new(Nowhere::default())).expect("a sink");
        let mut world = World { open: VecDeque::new(), made: 0, dice: 7 };
        let mut mirror = Mirror::default();
        for minutes in 0..OPEN {
            let at = now - TimeDelta::minutes(i64::try_from(minutes).expect("few"));
            mirror.put(world.declare(at));
        }
        let mut day = Self {
            app,
            terminal,
            world,
            mirror,
            now,
            ticks: 0,
            snapshots: 0,
            takeovers: 0,
            outages: 0,
        };
        day.process(Message::Resized(126, 36));
        day.process(Message::Started);
        day.process(Message::BackendUpdate(
            BackendUpdate::Connection(ConnectionState::Live { at: now }),
            now,
        ));
        day.publish();
        day
    }

    fn process(&mut self, message: Message) {
        let now = self.now;
        for effect in update(&mut self.app, message) {
            let answer = match effect {
                Effect::LoadRibbonEvents(wanted) => {
                    let TimelineRange::After(seq) = wanted.part else { continue };
                    let command = CommandId(Uuid::from_u128(u128::from(self.snapshots) << 64));
                    let event = Event {
                        id: EventId(command.0),
                        incident: wanted.incident.id,
                        seq: seq + 1,
                        at: now,
                        recorded_at: now,
                        actor: Actor::Person(PersonRef::new("tomo", "Tomo Hayashi")),
                        command,
                        body: EventBody::NoteAdded { text: "looked at it again ".repeat(10) },
                        extra: <_>::default(),
                        because: None,
                        verdicts: Vec::new(),
                        undo: None,
                    };
                    Message::RibbonEvents(wanted, Ok(vec![event]))
                }
                Effect::LoadLastP1(_) => Message::LastP1(Some(now - TimeDelta::minutes(7))),
                Effect::LoadMeasures(span, _) => {
                    Message::Measures(span, Ok(Sourced::fresh(Arc::new(measures(span, now)))), now)
                }
                Effect::LoadLastEnded => Message::LastEnded(None),
                _ => continue,
            };
            self.process(answer);
        }
    }

    fn draw(&mut self) {
        prepare(&mut self.app);
        let app = &self.app;
        self.terminal.draw(|frame| view(app, frame)).expect("a sink");
        let wall = self.app.wall.as_ref().expect("it is shown");
        assert!(wall.ribbon.len() <= RIBBON);
        assert!(wall.rows.len() <= self.world.open.len());
        assert!(wall.takeover_rows().count() <= wall.rows.len());
        assert!(self.app.reading.cache.is_empty() && self.app.inflight.pending.is_empty());
        self.takeovers += u64::from(wall.has_takeover());
        self.outages += u64::from(wall.outage(&self.app.connection.state, self.now).is_some());
    }

    fn publish(&mut self) {
        self.snapshots += 1;
        let snapshot = self.mirror.snapshot();
        let update = BackendUpdate::Snapshot(Sourced::fresh(snapshot));
        self.process(Message::BackendUpdate(update, self.now));
        self.draw();
    }

    /// Advances the time, tick by tick, as the run loop would.
    fn pass_to(&mut self, until: DateTime<Utc>) {
        while self.now < until {
            let next = self.app.next_tick(self.now);
            assert!(next > self.now, "a tick that does not move stands still for ever");
            self.now = next.min(until);
            if next <= until {
                self.ticks += 1;
                self.process(Message::Tick(self.now, Utc.fix()));
                self.draw();
            }
        }
    }

    /// Advances by ten seconds and one change. Each half hour the backend fails for some minutes.
    fn go_on(&mut self, round: u64) {
        self.pass_to(self.now + TimeDelta::seconds(10));
        let (live, now) = (round % 180 < 162, self.now);
        let link = if live {
            ConnectionState::Live { at: now }
        } else {
            ConnectionState::Failing {
                since: now
                    - TimeDelta::seconds(i64::try_from(round % 180 - 162).expect("few") * 40),
                error: BackendError::Unreachable("the store is not there".into()),
                retry_at: now + TimeDelta::seconds(10),
            }
        };
        self.process(Message::BackendUpdate(BackendUpdate::Connection(link), now));
        let row = self.world.step(now);
        self.mirror.start_request();
        // During a failure incidents still change. All changes arrive at its end, as after a reset.
        if live && round.is_multiple_of(180) {
            let rows = self.world.open.iter().cloned().collect();
            self.mirror.fold(Delta {
                cursor: Cursor(0),
                reset: true,
                rows,
                directory: true,
                redacted: Vec::new(),
            });
            self.publish();
        } else if live && self.mirror.put(row) {
            self.publish();
        }
        self.draw();
    }
}

fn measures(span: Span, now: DateTime<Utc>) -> Measures {
    let window = Window::last_days(span.days(), now, &Utc);
    let levels = Rules::default().levels;
    let facts = (0..2000_i64).map(|index| Fact {
        number: u64::try_from(index).expect("from 0"),
        reported_ms: (now - TimeDelta::minutes(index * 8)).timestamp_millis(),
        detected_ms: (now - TimeDelta::minutes(index * 8 + 1)).timestamp_millis(),
        acknowledged_ms: Some((now - TimeDelta::minutes(index * 8 - 5)).timestamp_millis()),
        resolved_ms: None,
        priority: Priority::ALL[usize::try_from(index % 4).expect("from 0")],
        acknowledge_verdict: None,
        resolve_verdict: None,
        paused_since_ms: None,
        paused_ms: 0,
        mute: <_>::default(),
        category: None,
        service: 1,
        team: 1,
        counted: Counted::Yes,
        fingerprint: u64::try_from(index % 300).expect("from 0"),
    });
    compute(facts, &window, Cut::Total, now, &levels, &|_| String::new())
}

/// Returns the resident memory in bytes; `None` where the system does not report it.
fn resident() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmRSS"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

#[test]
fn day_on_the_wall_needs_no_more_memory_than_its_first_hour() {
    // The system counts the memory of a process: tests beside this one would be counted too.
    if std::env::var_os(OWN_PROCESS).is_none() {
        let name = "soak::day_on_the_wall_needs_no_more_memory_than_its_first_hour";
        let mut process = Command::new(std::env::current_exe().unwrap());
        process.args([name, "--exact", "--nocapture", "--test-threads=1"]).env(OWN_PROCESS, "1");
        let output = process.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        println!("{text}");
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        return;
    }
    let sample = Sample::new("REDPHONE_WALL_HOURS", 2);
    let mut day = Day::new();
    let mut first = None;
    let mut hours = 0;
    for hour in sample.rounds(2) {
        for round in hour * 360..(hour + 1) * 360 {
            day.go_on(round);
        }
        hours = hour + 1;
        if hours == 1 {
            first = resident();
        }
    }
    let sink = day.terminal.backend().sink();
    println!(
        "{hours} h: {} ticks, {} snapshots, {} frames of {} bytes, {} drawn with a new P1, {} with old data",
        day.ticks, day.snapshots, sink.frames, sink.bytes, day.takeovers, day.outages
    );
    assert!(day.snapshots > hours * 250 && day.ticks > hours * 200, "it was a whole day");
    assert!(day.takeovers > 0 && day.outages > 0, "with all that can happen");
    if let (Some(first), Some(last)) = (first, resident()) {
        println!("resident after 1 h {} KiB, after {hours} h {} KiB", first / 1024, last / 1024);
        assert!(last < first + GROWTH, "{first} bytes have become {last}");
    }
}
