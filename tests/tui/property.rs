//! For any keys, rows and size, and whatever others do meanwhile: nothing panics, no line is too
//! wide or too narrow, and the selection stays on its item. Tested on the panes and on the wall,
//! over a store and over a remote with an outbox.
//!
//! `REDPHONE_SEQUENCES` sets how many sequences of keys are played (64; the full run is 10,000).

use std::sync::Arc;

use chrono::{Offset, TimeDelta, Utc};
use crossterm::event::{KeyCode, KeyModifiers};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestError, TestRunner};
use redphone::backend::BackendError;
use redphone::model::status::ResolutionAction;
use redphone::model::text::width;
use redphone::model::{Impact, IncidentCommand, IncidentId};
use redphone::sync::remote::{EntryState, OutboxSnapshot};
use redphone::sync::{BackendUpdate, ConnectionState};
use redphone::tui::Options;
use redphone::tui::action::TABLE;
use redphone::tui::core::message::Message;
use redphone::tui::form::editor_error::EditorError;
use redphone::tui::queue::Line;
use redphone::tui::run::RunEnd;
use redphone::tui::run::output::Pipe;
use redphone::tui::theme::Depth;
use redphone::tui::wall::{self, Wall};
use redphone::tui::workspace::{OpenWorkspaceError, Workspace, WorkspaceId};

use super::{outbox, run};
use crate::support::company;
use crate::support::memory::Memory;
use crate::support::sample::{Sample, number, seed};
use crate::support::stage::{Stage, options, rows};
use crate::support::strategies::ask;

/// The number of sequences that share a seed.
const BATCH: u32 = 16;

#[derive(Clone, Debug)]
pub enum Step {
    Key(char, bool),
    Named(u8),
    Paste(String),
    Resize(u16, u16),
    Declare(String, u8),
    Pass(i64),
    End(u8),
    Ask(u8, Box<IncidentCommand>),
    Edited(u8),
    Opened(bool),
    Written(String),
    Ended(i32),
    Settle,
    Refuse,
    Outbox(u8),
    Link(u8),
}

/// The screen on which a sequence of steps starts.
#[derive(Clone, Copy, Debug)]
pub enum Start {
    /// The panes over a store on this machine.
    Panes,
    /// The panes over a remote.
    Remote,
    /// The wall display, over a store or a remote.
    Wall { remote: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (proptest::sample::select(single_keys()), 0_u8..8)
            .prop_map(|(key, control)| Step::Key(key, control == 0)),
        1 => any::<char>().prop_map(|key| Step::Key(key, false)),
        3 => (0_u8..14).prop_map(Step::Named),
        1 => ".{0,60}".prop_map(Step::Paste),
        2 => (0_u16..230, 0_u16..70).prop_map(|(w, h)| Step::Resize(w, h)),
        1 => (".{1,80}", any::<u8>()).prop_map(|(title, level)| Step::Declare(title, level)),
        1 => (-3000_i64..6000).prop_map(Step::Pass),
        1 => any::<u8>().prop_map(Step::End),
        2 => (any::<u8>(), ask()).prop_map(|(index, command)| Step::Ask(index, Box::new(command))),
        1 => any::<u8>().prop_map(Step::Edited),
        1 => any::<bool>().prop_map(Step::Opened),
        1 => ".{0,200}".prop_map(Step::Written),
        1 => (0..3).prop_map(Step::Ended),
        1 => Just(Step::Settle),
        1 => Just(Step::Refuse),
        1 => any::<u8>().prop_map(Step::Outbox),
        1 => any::<u8>().prop_map(Step::Link),
    ]
}

fn start() -> impl Strategy<Value = Start> {
    prop_oneof![
        3 => Just(Start::Panes),
        2 => Just(Start::Remote),
        1 => any::<bool>().prop_map(|remote| Start::Wall { remote }),
    ]
}

/// Returns every character that is a key somewhere, and the digits.
fn single_keys() -> Vec<char> {
    let keys = TABLE.iter().flat_map(|entry| entry.keys).filter_map(|key| {
        let mut chars = key.trim_start_matches('^').chars();
        chars.next().filter(|_| chars.next().is_none())
    });
    keys.chain("0123456789 wx".chars()).collect()
}

pub fn apply_step(stage: &mut Stage, step: Step) {
    match step {
        Step::Key(key, control) => {
            let modifiers = if control { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
            stage.key(KeyCode::Char(key), modifiers);
        }
        Step::Named(index) => {
            let codes = [
                KeyCode::Enter,
                KeyCode::Esc,
                KeyCode::Tab,
                KeyCode::BackTab,
                KeyCode::PageDown,
                KeyCode::PageUp,
                KeyCode::Home,
                KeyCode::End,
                KeyCode::Up,
                KeyCode::Down,
                KeyCode::Left,
                KeyCode::Right,
                KeyCode::Backspace,
                KeyCode::Delete,
            ];
            stage.key(codes[usize::from(index)], KeyModifiers::NONE);
        }
        Step::Paste(text) => stage.send(Message::Paste(text)),
        Step::Resize(width, height) => stage.send(Message::Resized(width, height)),
        Step::Declare(title, level) => {
            declare(&stage.memory, &title, level, 30);
            stage.refresh();
        }
        Step::Pass(minutes) => {
            stage.now += TimeDelta::minutes(minutes);
            let now = stage.now;
            stage.send(Message::Tick(now, Utc.fix()));
        }
        // Somebody else ends one of the open incidents.
        Step::End(position) => {
            let open = stage.memory.open();
            if let Some(row) = open.get(usize::from(position) % open.len().max(1)) {
                let resolve = IncidentCommand::Resolve {
                    action: ResolutionAction::Restart,
                    detail: "restarted".into(),
                    validation: "seen".into(),
                };
                // The incident may have ended already.
                let _ = company::ask(&stage.memory, row.id, resolve, stage.now);
                stage.refresh();
            }
        }
        // Somebody else does something to one of them, open or ended; it may be refused.
        Step::Ask(position, command) => {
            let all = stage.memory.all();
            if let Some(row) = all.get(usize::from(position) % all.len().max(1)) {
                let _ = company::ask(&stage.memory, row.id, *command, stage.now);
                stage.refresh();
            }
        }
        Step::Opened(well) => {
            if let Some(site) = stage.opening.take() {
                let result =
                    if well { Ok(()) } else { Err(OpenWorkspaceError::failed("it is \u{1b}gone")) };
                stage.send(Message::WorkspaceOpened(site, result, stage.now));
            }
        }
        Step::Written(text) => {
            if let Some(start) = stage.started.last() {
                stage.send(Message::RunOutput(start.id, Pipe::Stdout, text));
            }
        }
        Step::Ended(status) => {
            if let Some(start) = stage.started.last() {
                stage.send(Message::RunEnded(start.id, RunEnd::Exit(status), stage.now));
            }
        }
        Step::Edited(what) => stage.send(Message::Edited(match what % 3 {
            0 => Err(EditorError::TerminalClosed),
            1 => Ok(String::new()),
            _ => Ok("a\u{1b}[2J\nb\u{202e}\t决".into()),
        })),
        Step::Settle => stage.settle(),
        Step::Refuse => stage.refuse(&BackendError::NotAllowed("not today".into())),
        Step::Outbox(what) if stage.app.inflight.outbox.is_some() => outbox(stage, what),
        Step::Outbox(_) => {}
        Step::Link(how) => {
            let now = stage.now;
            stage.learn(BackendUpdate::Connection(match how % 3 {
                0 => ConnectionState::Live { at: now },
                1 => {
                    ConnectionState::Polling { at: now, every: std::time::Duration::from_secs(10) }
                }
                _ => ConnectionState::Failing {
                    since: now - TimeDelta::minutes(how.into()),
                    error: BackendError::Unreachable("it is \u{1b}gone".into()),
                    retry_at: now + TimeDelta::seconds(8),
                },
            }));
        }
    }
}

/// Changes the outbox: to nothing, to an entry of each kind, or to the submitted commands, which
/// are pending or refused.
fn outbox(stage: &mut Stage, what: u8) {
    let becomes = match what % 4 {
        0 => return stage.learn(BackendUpdate::Outbox(Arc::default())),
        1 => {
            let listing = outbox::mixed(stage);
            return stage.learn(BackendUpdate::Outbox(Arc::new(listing)));
        }
        2 => EntryState::Pending,
        _ => EntryState::Refused(BackendError::NotAllowed("not today".into())),
    };
    let submitted = std::mem::take(&mut stage.submitted);
    let ids = submitted.iter().map(|envelope| envelope.id).collect();
    let entries = (1..).zip(submitted).map(|(position, envelope)| {
        outbox::entry(position, "INC-2051", "a\u{202e}b", envelope, becomes.clone())
    });
    let listing = OutboxSnapshot { entries: entries.collect(), ..OutboxSnapshot::default() };
    stage.send(Message::Enqueued(ids, Ok(()), stage.now));
    stage.learn(BackendUpdate::Outbox(Arc::new(listing)));
}

/// Declares an incident if its title is valid.
fn declare(memory: &Memory, title: &str, level: u8, minutes_ago: i64) {
    let title: String = title.chars().filter(|c| !c.is_control()).collect();
    if title.trim().is_empty() || title.contains(['\u{2028}', '\u{2029}', '\u{85}']) {
        return;
    }
    let level = Impact::ALL[usize::from(level) % Impact::ALL.len()];
    company::declare(memory, company::now(), minutes_ago, &title, &title, level, level, |_| {});
}

/// The incidents at the start: title, impact and urgency, minutes since the report.
pub type Data = Vec<(String, u8, i64)>;

/// Generates incidents, the size of the terminal, the start screen, and the steps.
pub fn sequence() -> impl Strategy<Value = (Data, (u16, u16), Start, Vec<Step>)> {
    let data = proptest::collection::vec((".{1,80}", any::<u8>(), 0_i64..20_000), 0..8);
    let size = prop_oneof![
        proptest::sample::select(vec![(126, 36), (80, 24), (200, 60), (40, 12)]),
        (1_u16..230, 1_u16..70),
    ];
    (data, size, start(), proptest::collection::vec(step(), 1..40))
}

pub fn opened(data: &Data, size: (u16, u16), start: Start) -> Stage {
    let memory = company::busy(company::now());
    for (title, level, minutes) in data {
        declare(&memory, title, *level, *minutes);
    }
    let mut options = Options { settings: run::settings(), ..options() };
    let profile = WorkspaceId::Profile("prod\u{202e}".into());
    options.workspaces.push(Workspace {
        id: profile,
        production: true,
        ..Workspace::initial("/srv/prod.db")
    });
    let mut stage = Stage::with(memory, size, Depth::Indexed, options);
    stage.books = Ok(vec![("checkout".into(), "# One\n\n- [ ] look\n- [ ] ask\n".into())]);
    if matches!(start, Start::Wall { .. }) {
        stage.app.wall = Some(Box::new(Wall::new(wall::Settings::default(), true, stage.now)));
    }
    if matches!(start, Start::Remote | Start::Wall { remote: true }) {
        stage.learn(BackendUpdate::Outbox(Arc::default()));
    }
    stage.connect();
    stage.send(Message::Started);
    stage
}

fn play(
    data: &Data,
    size: (u16, u16),
    start: Start,
    steps: Vec<Step>,
) -> Result<(), TestCaseError> {
    let mut stage = opened(data, size, start);
    for step in steps {
        let by_hand = matches!(
            step,
            Step::Key(..)
                | Step::Named(_)
                | Step::Settle
                | Step::Refuse
                | Step::Paste(_)
                | Step::Outbox(_)
        );
        let before = (selection(&stage), lines(&stage));
        let grouped = stage.app.queue.grouped;
        apply_step(&mut stage, step);
        let columns = usize::from(stage.app.ui.size.0);
        if stage.app.ui.size.1 > 0 && columns > 0 {
            let rows = rows(&stage.buffer());
            prop_assert_eq!(rows.len(), usize::from(stage.app.ui.size.1));
            for row in rows {
                prop_assert!(width(&row) == columns, "{row:?} in {columns}");
                prop_assert!(!row.chars().any(char::is_control), "{row:?}");
            }
        }
        let queue = &stage.app.queue;
        match queue.lines.get(queue.index) {
            Some(Line::Row(row)) => {
                prop_assert_eq!(Some(queue.rows[*row].summary.id), queue.selected);
                prop_assert_eq!(&queue.selected_head, &None);
            }
            Some(Line::Head(group)) => {
                prop_assert_eq!(Some(&queue.groups[*group].service), queue.selected_head.as_ref());
            }
            None => prop_assert_eq!(queue.selected, None),
        }
        prop_assert!(queue.top <= queue.index || queue.rows.is_empty());
        if by_hand || queue.grouped != grouped {
            continue;
        }
        // In the history, rows of a new page may replace rows that were removed.
        let expected = expected_selection(&before, &stage);
        let stays = expected == before.0;
        if !queue.is_history() || stays {
            prop_assert_eq!(selection(&stage), expected);
        }
    }
    Ok(())
}

/// Uses all processors, because there are many sequences.
#[test]
fn no_keys_rows_or_size_break_the_screen() {
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(8));
    let threads = threads as u64;
    let sample = Sample::new("REDPHONE_SEQUENCES", 64);
    let batches = sample.size().div_ceil(threads * u64::from(BATCH));
    let seed = seed();
    let part = |thread: u64| {
        for batch in (0..batches).take_while(|batch| *batch == 0 || !sample.is_expired()) {
            // After a failure the smallest failing sequence is printed, to become a test of its
            // own.
            let config = ProptestConfig {
                cases: BATCH,
                failure_persistence: None,
                rng_seed: RngSeed::Fixed(seed.wrapping_add(batch * threads + thread)),
                ..Default::default()
            };
            TestRunner::new(config)
                .run(&sequence(), |(data, size, start, steps)| play(&data, size, start, steps))?;
        }
        Ok::<(), TestError<_>>(())
    };
    std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads).map(|n| scope.spawn(move || part(n))).collect();
        for part in parts {
            if let Err(error) = part.join().expect("a panic is caught where it happens") {
                panic!("{error}");
            }
        }
    });
}

/// An item of the queue that can be selected.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Selectable {
    Row(IncidentId),
    Head(String),
}

fn selectable(stage: &Stage, line: &Line) -> Selectable {
    let queue = &stage.app.queue;
    match line {
        Line::Row(row) => Selectable::Row(queue.rows[*row].summary.id),
        Line::Head(group) => Selectable::Head(queue.groups[*group].service.clone()),
    }
}

fn lines(stage: &Stage) -> Vec<Selectable> {
    stage.app.queue.lines.iter().map(|line| selectable(stage, line)).collect()
}

fn selection(stage: &Stage) -> Option<Selectable> {
    let queue = &stage.app.queue;
    queue.lines.get(queue.index).map(|line| selectable(stage, line))
}

/// Returns where the selection must be after rows have changed by themselves: on the same incident
/// or group; on the head of the group in which the incident is hidden now; or on the nearest line
/// below that is still shown, else above.
fn expected_selection(
    before: &(Option<Selectable>, Vec<Selectable>),
    stage: &Stage,
) -> Option<Selectable> {
    let now = lines(stage);
    let (Some(selected), old) = before else { return now.first().cloned() };
    if now.contains(selected) {
        return Some(selected.clone());
    }
    if let Selectable::Row(id) = selected
        && let Some(row) = stage.app.queue.rows.iter().find(|row| row.summary.id == *id)
    {
        let service = row.summary.primary_service().unwrap_or_default().to_owned();
        return Some(Selectable::Head(service));
    }
    let index = old.iter().position(|line| line == selected).unwrap_or(0);
    let mut candidates = old[index..].iter().chain(old[..index].iter().rev());
    candidates.find(|line| now.contains(line)).or(now.first()).cloned()
}

/// Returns the number of cases; `REDPHONE_CASES` sets another number.
pub fn cases(usual: u32) -> u32 {
    number("REDPHONE_CASES").and_then(|cases| cases.try_into().ok()).unwrap_or(usual)
}
