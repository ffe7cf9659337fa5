//! The cost of a key: time to a drawn frame, and bytes on the wire.
//!
//! Prints a table: name, figure, target, and whether it was reached.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyModifiers};
use ratatui::Terminal;
use redphone::backend::{Cursor, Delta};
use redphone::config::PanesSettings;
use redphone::config::appearance::Appearance;
use redphone::sync::{BackendUpdate, Mirror, Sourced};
use redphone::tui::Options;
use redphone::tui::layout::prepare;
use redphone::tui::terminal::{Framed, Sink};
use redphone::tui::theme::{Depth, Name};
use redphone::tui::view::view;

use crate::support::company;
use crate::support::stage::{Stage, options};

/// Counts the bytes that would have been written.
struct Counted {
    size: (u16, u16),
    bytes: usize,
    frames: usize,
}

impl Sink for Counted {
    fn send_frame(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.bytes += bytes.len();
        self.frames += 1;
        Ok(())
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        Ok(self.size)
    }
}

struct Measured {
    stage: Stage,
    terminal: Terminal<Framed<Counted>>,
}

impl Measured {
    fn new(open: i64, size: (u16, u16)) -> Self {
        let stage = Stage::open(company::many(company::now(), open), size);
        let sink = Counted { size, bytes: 0, frames: 0 };
        let terminal = Terminal::new(Framed::new(sink)).expect("a sink");
        let mut measured = Self { stage, terminal };
        measured.draw();
        measured
    }

    /// Draws, and returns the number of bytes of the frame.
    fn draw(&mut self) -> usize {
        let before = self.terminal.backend().sink().bytes;
        prepare(&mut self.stage.app);
        let app = &self.stage.app;
        self.terminal.draw(|frame| view(app, frame)).expect("a sink");
        self.terminal.backend().sink().bytes - before
    }
}

/// Measures over this number of rounds.
pub fn run(rounds: usize) {
    println!("{:<58} {:>12} {:>12}", "panes", "figure", "target");
    key_to_frame(rounds);
    typed_key(rounds);
    bytes_of_a_move();
    bytes_per_theme();
    bytes_of_many_keys();
    an_unchanged_frame();
    fold(rounds);
}

fn line(name: &str, figure: &str, target: &str, reached: bool) {
    let word = if reached { "ok" } else { "MISS" };
    println!("{name:<58} {figure:>12} {target:>12}  {word}");
}

fn key_to_frame(rounds: usize) {
    let mut measured = Measured::new(5000, (200, 60));
    let mut times = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let key = match round % 9 {
            0..5 => 'j',
            5..7 => 'k',
            7 => 'G',
            _ => 'g',
        };
        let started = Instant::now();
        measured.stage.key(KeyCode::Char(key), KeyModifiers::NONE);
        measured.draw();
        times.push(started.elapsed());
    }
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    let show = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
    line("key to frame, 200×60, 5,000 open, p50", &show(at(50)), "", true);
    let p99 = at(99);
    line(
        "key to frame, 200×60, 5,000 open, p99",
        &show(p99),
        "≤ 3 ms",
        p99 <= Duration::from_millis(3),
    );
}

/// One key in a filter: fuzzy text, terms, and rebuilt rows.
fn typed_key(rounds: usize) {
    let mut measured = Measured::new(5000, (200, 60));
    let typed = "servce pepole tomo p2 status:ack -service:service-7 age>2h idle>1h";
    let mut times = Vec::with_capacity(rounds);
    measured.stage.keys("/");
    let mut keys = typed.chars().enumerate();
    // The least time of each key, which other programs on the machine do not affect.
    let mut least = vec![Duration::MAX; typed.len()];
    while times.len() < rounds {
        let Some((index, key)) = keys.next() else {
            measured.stage.keys("^u");
            keys = typed.chars().enumerate();
            continue;
        };
        let started = Instant::now();
        measured.stage.key(KeyCode::Char(key), KeyModifiers::NONE);
        measured.draw();
        let time = started.elapsed();
        least[index] = least[index].min(time);
        times.push(time);
    }
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    let show = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
    let dearest = least.into_iter().enumerate().filter(|(_, time)| *time < Duration::MAX);
    let (index, dearest) = dearest.max_by_key(|(_, time)| *time).unwrap_or_default();
    let name = format!("the dearest, undisturbed: the last of {:?}", &typed[..=index]);
    line(&name, &show(dearest), "", true);
    line("a typed key of a filter, 200×60, 5,000 open, p50", &show(at(50)), "", true);
    let p99 = at(99);
    line(
        "a typed key of a filter, 200×60, 5,000 open, p99",
        &show(p99),
        "≤ 3 ms",
        p99 <= Duration::from_millis(3),
    );
}

/// One row down: at once only the queue, then detail and timeline.
/// The most bytes of one row down: at once only the queue, then with detail and timeline.
fn a_move(stage: Stage) -> (usize, usize) {
    let sink = Counted { size: (126, 36), bytes: 0, frames: 0 };
    let terminal = Terminal::new(Framed::new(sink)).expect("a sink");
    let mut measured = Measured { stage, terminal };
    measured.draw();
    let (mut at_once, mut together) = (0, 0);
    for step in 0..16 {
        let action = if step < 15 {
            redphone::tui::action::Action::Down
        } else {
            redphone::tui::action::Action::Up
        };
        let now = measured.stage.now;
        // Without the effects: the selection has moved and has not rested.
        let _ = redphone::tui::update::perform(&mut measured.stage.app, action, now);
        let first = measured.draw();
        let rest = measured.stage.app.reading.rest_seq;
        measured.stage.send(redphone::tui::core::message::Message::Elapsed(
            redphone::tui::core::message::Timer::Rest(rest),
        ));
        let second = measured.draw();
        at_once = at_once.max(first);
        together = together.max(first + second);
    }
    (at_once, together)
}

/// Measures the same in every theme, by the number of colours.
fn bytes_per_theme() {
    for depth in [Depth::None, Depth::Basic, Depth::Indexed, Depth::True] {
        for name in Name::ALL {
            let appearance = Appearance { theme: *name, ..Appearance::default() };
            let options = Options {
                settings: PanesSettings { appearance, ..PanesSettings::default() },
                ..options()
            };
            let memory = company::busy(company::now());
            let mut stage = Stage::with(memory, (126, 36), depth, options);
            stage.connect();
            let (at_once, together) = a_move(stage);
            line(
                &format!("one row down, theme {name}, colours {depth:?}: at once, together"),
                &format!("{at_once}, {together}"),
                "≤ 600, 3072",
                at_once <= 600 && together <= 3072,
            );
        }
    }
}

fn bytes_of_a_move() {
    for (name, stage) in [
        ("a busy evening", Stage::open(company::busy(company::now()), (126, 36))),
        ("5,000 open", Stage::open(company::many(company::now(), 5000), (126, 36))),
    ] {
        let (at_once, together) = a_move(stage);
        line(
            &format!("one row down, 126×36, {name}: bytes at once, most"),
            &at_once.to_string(),
            "≤ 600",
            at_once <= 600,
        );
        line(
            &format!("one row down, 126×36, {name}: with detail, most"),
            &together.to_string(),
            "≤ 3072",
            together <= 3072,
        );
    }
}

/// 300 keys, a frame for each: the most that a slow loop could write.
fn bytes_of_many_keys() {
    let mut measured = Measured::new(5000, (120, 40));
    let started = Instant::now();
    let mut bytes = 0;
    for _ in 0..300 {
        let now = measured.stage.now;
        let down = redphone::tui::action::Action::Down;
        let _ = redphone::tui::update::perform(&mut measured.stage.app, down, now);
        bytes += measured.draw();
    }
    let frame_each = format!("{:.0} ms", started.elapsed().as_secs_f64() * 1000.0);
    line(
        "300 keys, 120×40, a frame for each: time",
        &frame_each,
        "≤ 500 ms",
        started.elapsed() <= Duration::from_millis(500),
    );
    println!("{:<58} {:>12}", "300 keys, 120×40, a frame for each: bytes", bytes);
}

fn an_unchanged_frame() {
    let mut measured = Measured::new(5000, (200, 60));
    let bytes = measured.draw();
    line("an unchanged frame, 200×60: bytes", &bytes.to_string(), "0", bytes == 0);
}

/// One changed row among 5,000: mirror update, snapshot, and rebuilt rows.
fn fold(rounds: usize) {
    let mut measured = Measured::new(5000, (200, 60));
    let mut mirror = Mirror::default();
    let rows = measured.stage.memory.open();
    let delta = |rows, reset| Delta {
        cursor: Cursor(1),
        reset,
        rows,
        directory: false,
        redacted: Vec::new(),
    };
    mirror.fold(delta(rows.clone(), true));
    let rounds = rounds.min(500);
    let (mut folding, mut deriving) = (Duration::ZERO, Duration::ZERO);
    for round in 0..rounds {
        let mut row = rows[round % rows.len()].clone();
        row.seq += 1 + u32::try_from(round).unwrap_or(0);
        let started = Instant::now();
        mirror.fold(delta(vec![row], false));
        let snapshot = mirror.snapshot();
        folding += started.elapsed();
        let started = Instant::now();
        let (app, now) = (&mut measured.stage.app, measured.stage.now);
        let update = BackendUpdate::Snapshot(Sourced::fresh(Arc::clone(&snapshot)));
        let _ = redphone::tui::update::update(
            app,
            redphone::tui::core::message::Message::BackendUpdate(update, now),
        );
        deriving += started.elapsed();
    }
    let each = |sum: Duration| {
        let rounds = u32::try_from(rounds).unwrap_or(1);
        format!("{:.0} µs", (sum / rounds).as_secs_f64() * 1e6)
    };
    line(
        "a changed row into the mirror and a snapshot, mean",
        &each(folding),
        "≤ 1 ms",
        folding / u32::try_from(rounds).unwrap_or(1) <= Duration::from_millis(1),
    );
    line(
        "5,000 rows anew from a snapshot, mean",
        &each(deriving),
        "≤ 3 ms",
        deriving / u32::try_from(rounds).unwrap_or(1) <= Duration::from_millis(3),
    );
}
