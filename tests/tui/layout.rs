//! Lines and disabled verbs are computed when a frame or a key needs them: once for any number of
//! messages, not at all if nothing has changed that they depend on, and never from an old state.

use std::sync::Arc;

use chrono::{FixedOffset, TimeDelta};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use redphone::backend::{BackendError, Detail, Similar};
use redphone::config::reload::Changed;
use redphone::config::{PanesSettings, Reload};
use redphone::model::runbook::RunbookHeader;
use redphone::model::{Actor, Command, Envelope, Incident, IncidentCommand, IncidentId, Rules};
use redphone::sync::remote::{EntryState, OutboxSnapshot};
use redphone::sync::{BackendUpdate, Sourced};
use redphone::tui::action::Action;
use redphone::tui::action::build_keymap;
use redphone::tui::core::message::Message;
use redphone::tui::core::pane::Pane;
use redphone::tui::core::zone::{OffsetChange, ViewerZone, Zone};
use redphone::tui::layout::prepare;
use redphone::tui::metrics::Span;
use redphone::tui::notified::NotifiedList;
use redphone::tui::reading::LoadedIncident;
use redphone::tui::theme;
use redphone::tui::travel::TimeTravel;
use redphone::tui::update::perform;
use redphone::tui::widgets::text::Line;
use rstest::rstest;

use super::property::{self, Data, Start, Step};
use super::settings::bound;
use super::{outbox, run};
use crate::support::company;
use crate::support::notifications;
use crate::support::stage::Stage;
use crate::support::strategies;

/// The parts of a frame that are computed before it.
#[derive(PartialEq, Debug)]
struct Frame {
    detail: (usize, Vec<Line<'static>>),
    timeline: (usize, Vec<Line<'static>>),
    metrics: (usize, Vec<Line<'static>>),
    disabled: Vec<Action>,
    screen: Buffer,
}

fn frame(stage: &Stage) -> Frame {
    let (reading, metrics) = (&stage.app.reading, &stage.app.metrics);
    Frame {
        detail: (reading.detail_top, reading.detail_lines.to_vec()),
        timeline: (reading.timeline_top, reading.timeline_lines.to_vec()),
        metrics: (metrics.top, metrics.lines.to_vec()),
        disabled: reading.disabled.to_vec(),
        screen: stage.buffer(),
    }
}

/// Lets all that was computed count as outdated.
fn invalidate(stage: &mut Stage) {
    let (reading, metrics) = (&mut stage.app.reading, &mut stage.app.metrics);
    reading.detail_lines.invalidate();
    reading.timeline_lines.invalidate();
    reading.disabled.invalidate();
    metrics.lines.invalidate();
}

/// Where the computed values are in memory: each is somewhere else once it is computed again.
fn addresses(stage: &Stage) -> [usize; 4] {
    let (reading, metrics) = (&stage.app.reading, &stage.app.metrics);
    let addresses = [
        reading.detail_lines.as_ptr().addr(),
        reading.timeline_lines.as_ptr().addr(),
        metrics.lines.as_ptr().addr(),
        reading.disabled.as_ptr().addr(),
    ];
    assert!(!reading.detail_lines.is_empty() && !reading.timeline_lines.is_empty());
    assert!(!metrics.lines.is_empty() && !reading.disabled.is_empty());
    addresses
}

/// Something that happens between two frames, or before the next one.
#[derive(Clone, Debug)]
enum Event {
    Step(Step),
    Settings {
        own_key: bool,
        commands: bool,
        levels: bool,
    },
    Directory {
        full: bool,
    },
    Capabilities {
        can_acknowledge: bool,
        name: bool,
    },
    Measures(bool),
    Offset(i8),
    OffsetChange(bool),
    Seconds(i64),
    DetailFails,
    RunbooksVanish,
    /// One input of a computation changes alone, and a frame is drawn before and after it.
    Alone(Input),
    Frame,
}

/// Something that lines or disabled verbs depend on.
#[derive(Clone, Copy, Debug)]
enum Input {
    Theme,
    Zone,
    Me,
    ReadOnly,
    Keymap,
    Rules,
    Settings,
    Capabilities,
    Directory,
    Runbooks,
    Placeholder,
    Travelling,
    PastRecord,
    ViewedEvent,
    Zoom,
    Bare(Pane),
    Outbox,
    Day,
    Span,
    MeasuresFailed,
    HasRows,
    Notified,
}

const INPUTS: [Input; 24] = [
    Input::Theme,
    Input::Zone,
    Input::Me,
    Input::ReadOnly,
    Input::Keymap,
    Input::Rules,
    Input::Settings,
    Input::Capabilities,
    Input::Directory,
    Input::Runbooks,
    Input::Placeholder,
    Input::Travelling,
    Input::PastRecord,
    Input::ViewedEvent,
    Input::Zoom,
    Input::Bare(Pane::Detail),
    Input::Bare(Pane::Timeline),
    Input::Bare(Pane::Metrics),
    Input::Outbox,
    Input::Day,
    Input::Span,
    Input::MeasuresFailed,
    Input::HasRows,
    Input::Notified,
];

/// Draws a frame, and another one for which everything is computed again.
fn check(stage: &mut Stage) -> Result<(), TestCaseError> {
    if stage.app.ui.size.0 > 0 && stage.app.ui.size.1 > 0 {
        prepare(&mut stage.app);
        let when_needed = frame(stage);
        invalidate(stage);
        prepare(&mut stage.app);
        prop_assert_eq!(when_needed, frame(stage));
    }
    Ok(())
}

/// Changes one input in the state itself: a message would change several together, and one of them
/// would hide that another is missing.
#[allow(clippy::too_many_lines, reason = "a table: one arm for each input")]
fn change_alone(stage: &mut Stage, input: Input) -> Result<(), TestCaseError> {
    stage.keys("Esc Esc Esc");
    let (mut zoomed, mut size) = (false, (200, 60));
    match input {
        Input::Zoom => size = (81, 36),
        Input::Bare(_) => (zoomed, size) = (true, (81, 36)),
        _ => {}
    }
    stage.app.ui.zoomed = zoomed;
    stage.app.ui.focus = if let Input::Bare(pane) = input { pane } else { Pane::Detail };
    stage.send(Message::Resized(size.0, size.1));
    check(stage)?;
    let app = &mut stage.app;
    match input {
        Input::Theme => {
            let next =
                theme::Name::ALL.iter().find(|name| app.ui.theme.with_name(**name) != app.ui.theme);
            app.ui.theme = app.ui.theme.with_name(*next.expect("there are several"));
        }
        Input::Zone => {
            let is_utc = app.ui.zone == Zone::Utc;
            app.ui.offset = FixedOffset::east_opt(5 * 3600).expect("an offset");
            app.ui.zone = if is_utc { Zone::Viewer } else { Zone::Utc };
        }
        Input::Me => {
            let Some(shown) = app.reading.shown.clone() else { return Ok(()) };
            // Only the owner can't be made the owner.
            let mut detail = Detail::clone(&shown.detail);
            detail.incident.summary.assignee = Some(company::tomo());
            app.reading.shown = Some(LoadedIncident { detail: Arc::new(detail), ..shown.clone() });
            let before = std::mem::replace(&mut app.session.me, company::tomo());
            check(stage)?;
            stage.app.session.me = before;
            check(stage)?;
            stage.app.reading.shown = Some(shown);
        }
        Input::ReadOnly => {
            app.session.read_only = true;
            check(stage)?;
            stage.app.session.read_only = false;
        }
        Input::Keymap => {
            let before = Arc::clone(&app.ui.keymap);
            app.ui.keymap = Arc::new(build_keymap(&bound("own", "Y").keys).0);
            check(stage)?;
            stage.app.ui.keymap = before;
        }
        Input::Rules => {
            let mut rules = Rules::clone(&app.session.rules);
            for level in &mut rules.levels.0 {
                level.acknowledge_s = level.acknowledge_s / 2 + 60;
                level.resolve_s = level.resolve_s / 2 + 60;
            }
            app.session.rules = Arc::new(rules);
        }
        Input::Settings => {
            let before = (Arc::clone(&app.session.settings), app.runbooks.clone());
            app.runbooks = Some(Ok(Arc::default()));
            app.session.settings = Arc::new(run::settings());
            check(stage)?;
            stage.app.session.settings = Arc::new(PanesSettings::default());
            check(stage)?;
            (stage.app.session.settings, stage.app.runbooks) = before;
        }
        Input::Capabilities => {
            let before = app.connection.capabilities.clone();
            if let Some(capabilities) = &mut app.connection.capabilities {
                capabilities.verbs.clear();
            }
            check(stage)?;
            stage.app.connection.capabilities = before;
        }
        Input::Directory => {
            // Without a policy nobody can be escalated to; without a directory that is not sure.
            let before = app.fetched.directory.replace(Arc::default());
            check(stage)?;
            stage.app.fetched.directory = None;
            check(stage)?;
            stage.app.fetched.directory = before;
        }
        Input::Runbooks => {
            let before = app.runbooks.clone();
            let heads = ["checkout", "search", "payments", "images"]
                .map(|service| RunbookHeader { name: service.into(), ..RunbookHeader::default() });
            app.runbooks = Some(Ok(Arc::new(heads.to_vec())));
            check(stage)?;
            stage.app.runbooks = Some(Ok(Arc::default()));
            check(stage)?;
            stage.app.runbooks = before;
        }
        Input::Placeholder => {
            let before = (app.reading.shown.take(), app.reading.failed.take());
            check(stage)?;
            let id = IncidentId::new();
            stage.app.reading.failed = Some((id, "the record is away".into()));
            check(stage)?;
            (stage.app.reading.shown, stage.app.reading.failed) = before;
        }
        Input::Travelling | Input::PastRecord | Input::ViewedEvent => {
            let Some(shown) = &app.reading.shown else { return Ok(()) };
            let (id, summary) = (shown.id, &shown.detail.incident.summary);
            let mut past = Incident::clone(&shown.detail.incident);
            past.summary.title = "as it was".into();
            let (seq, at) = (summary.seq, summary.reported_at);
            let record = Some((Arc::new(past), at));
            let travel = |seq, record| Some(TimeTravel { id, seq, record, scroll_pending: false });
            app.travel = travel(seq, None);
            check(stage)?;
            stage.app.travel = travel(seq, record.clone());
            check(stage)?;
            stage.app.travel = travel(1, record);
            check(stage)?;
            stage.app.travel = None;
        }
        Input::Zoom => {
            let Some(shown) = app.reading.shown.clone() else { return Ok(()) };
            // Only a pane on the whole screen shows a long title in full.
            let mut detail = Detail::clone(&shown.detail);
            detail.similar = vec![Similar {
                id: IncidentId::new(),
                number: None,
                title: "long ".repeat(30),
                reported_at: app.now,
                resolution: String::new(),
                same_fault: true,
                shared_terms: Vec::new(),
                category: None,
                services: Vec::new(),
                review: None,
                runbook: None,
            }];
            app.reading.shown = Some(LoadedIncident { detail: Arc::new(detail), ..shown.clone() });
            check(stage)?;
            stage.app.ui.zoomed = true;
            check(stage)?;
            stage.app.reading.shown = Some(shown);
        }
        Input::Bare(_) => {
            // As wide and as high inside as the pane with a border.
            stage.send(Message::Resized(79, 35));
        }
        Input::Outbox => {
            let Some(before) = app.inflight.outbox.clone() else { return Ok(()) };
            let Some(shown) = &app.reading.shown else { return Ok(()) };
            let Some(event) = shown.events.last() else { return Ok(()) };
            let command = Command::incident(shown.id, IncidentCommand::Acknowledge);
            let actor = Actor::Person(company::me());
            let (id, at, expected_seq) = (event.command, app.now, None);
            let envelope = Envelope { id, at, actor, command, expected_seq };
            let entry = outbox::entry(1, "INC-1", "a", envelope, EntryState::Pending);
            app.inflight.outbox = Some(Arc::new(OutboxSnapshot {
                entries: vec![entry],
                ..OutboxSnapshot::default()
            }));
            check(stage)?;
            stage.app.inflight.outbox = Some(before);
        }
        Input::Notified => {
            let Some(shown) = &app.reading.shown else { return Ok(()) };
            let row = &shown.detail.incident.summary;
            let one = notifications::entry(row, 1, serde_json::json!({})).notification;
            let list = NotifiedList { notifications: vec![one], ..NotifiedList::empty(row.id) };
            let before = app.notified.list.replace(Arc::new(list));
            check(stage)?;
            stage.app.notified.list = before;
        }
        Input::Day => app.now += TimeDelta::days(1),
        Input::Span => {
            let before = app.metrics.span;
            for span in Span::ALL {
                stage.app.metrics.span = span;
                check(stage)?;
            }
            stage.app.metrics.span = before;
        }
        Input::MeasuresFailed => {
            let before = (app.metrics.loaded.take(), app.metrics.failed.take());
            app.metrics.failed = Some("the store is away".into());
            check(stage)?;
            stage.app.metrics.failed = Some("the network is away".into());
            check(stage)?;
            (stage.app.metrics.loaded, stage.app.metrics.failed) = before;
        }
        Input::HasRows => {
            let before = (app.metrics.loaded.take(), app.metrics.failed.take());
            let snapshot = app.fetched.snapshot.take();
            check(stage)?;
            stage.app.fetched.snapshot = snapshot;
            check(stage)?;
            (stage.app.metrics.loaded, stage.app.metrics.failed) = before;
        }
    }
    check(stage)
}

fn event(step: impl Strategy<Value = Step> + 'static) -> impl Strategy<Value = Event> {
    prop_oneof![
        20 => step.prop_map(Event::Step),
        12 => Just(Event::Frame),
        1 => any::<(bool, bool, bool)>().prop_map(|(own_key, commands, levels)| {
            Event::Settings { own_key, commands, levels }
        }),
        1 => any::<bool>().prop_map(|full| Event::Directory { full }),
        1 => any::<(bool, bool)>().prop_map(|(can_acknowledge, name)| {
            Event::Capabilities { can_acknowledge, name }
        }),
        1 => any::<bool>().prop_map(Event::Measures),
        1 => (-12_i8..13).prop_map(Event::Offset),
        1 => any::<bool>().prop_map(Event::OffsetChange),
        2 => (0_i64..90).prop_map(Event::Seconds),
        1 => Just(Event::DetailFails),
        1 => Just(Event::RunbooksVanish),
        15 => prop::sample::select(&INPUTS[..]).prop_map(Event::Alone),
    ]
}

fn happen(stage: &mut Stage, event: Event) {
    let now = stage.now;
    match event {
        Event::Step(step) => property::apply_step(stage, step),
        Event::Settings { own_key, commands, levels } => {
            let key = if own_key { bound("own", "Y") } else { PanesSettings::default() };
            let commands = if commands { run::settings().commands } else { Vec::new() };
            let mut rules = Rules::default();
            if levels {
                for level in &mut rules.levels.0 {
                    level.acknowledge_s /= 2;
                }
            }
            stage.send(Message::Config(Box::new(Reload::Changed(Box::new(Changed {
                panes: PanesSettings { commands, ..key },
                profiles: Vec::new(),
                unusable_profiles: Vec::new(),
                rules,
                warnings: Vec::new(),
                needs_restart: Vec::new(),
            })))));
        }
        Event::Directory { full } => {
            let mut directory = stage.memory.directory_now();
            if !full {
                directory.policies.clear();
                directory.services.clear();
            }
            stage.learn(BackendUpdate::Directory(Sourced::fresh(Arc::new(directory))));
        }
        Event::Capabilities { can_acknowledge, name } => {
            let Some(mut capabilities) = stage.app.connection.capabilities.clone() else { return };
            let verb = redphone::model::command::CommandKind::Acknowledge;
            if can_acknowledge {
                capabilities.verbs.insert(verb);
            } else {
                capabilities.verbs.remove(&verb);
            }
            capabilities.name = if name { "one".into() } else { "another".into() };
            stage.learn(BackendUpdate::Capabilities(capabilities));
        }
        Event::Measures(well) => {
            let span = stage.app.metrics.span;
            let Some((loaded, measures)) = stage.app.metrics.loaded.clone() else { return };
            let mut measures = (*measures).clone();
            measures.excluded.merged += 1;
            let result = if well && loaded == span {
                Ok(Sourced::fresh(Arc::new(measures)))
            } else {
                Err(BackendError::Unreachable("the store is away".into()))
            };
            stage.send(Message::Measures(span, result, now));
        }
        Event::Offset(hours) => {
            let offset = FixedOffset::east_opt(i32::from(hours) * 3600).expect("an offset");
            stage.send(Message::Tick(now, offset));
        }
        Event::OffsetChange(changes) => {
            let offset = FixedOffset::east_opt(2 * 3600).expect("an offset");
            let change = OffsetChange { at: now - TimeDelta::minutes(10), offset };
            let zone = ViewerZone::new(changes.then_some(change).into_iter().collect(), None);
            stage.send(Message::OffsetChanges(zone));
        }
        Event::Seconds(seconds) => stage.silence(TimeDelta::seconds(seconds)),
        Event::DetailFails => {
            let Some(id) = stage.app.reading.target else { return };
            let error = BackendError::Unreachable("the record is away".into());
            stage.send(Message::Detail(id, Err(error), now));
        }
        Event::RunbooksVanish => {
            let none = redphone::tui::runbook::NoRunbooks::Unreadable("no".into());
            stage.send(Message::Runbooks(Err(none)));
        }
        Event::Alone(_) | Event::Frame => {}
    }
}

fn story() -> impl Strategy<Value = (Data, (u16, u16), Start, Vec<Event>)> {
    property::sequence().prop_flat_map(|(data, size, start, steps)| {
        let events = prop::collection::vec(event(prop::sample::select(steps)), 1..60);
        (Just(data), Just(size), Just(start), events)
    })
}

proptest! {
    #![proptest_config(strategies::config(48))]

    #[test]
    fn frame_is_the_same_if_everything_is_computed_for_it(
        (data, size, start, events) in story(),
    ) {
        let mut stage = property::opened(&data, size, start);
        stage.draws_manually = true;
        for event in events.into_iter().chain([Event::Frame]) {
            match event {
                Event::Frame => check(&mut stage)?,
                Event::Alone(input) => change_alone(&mut stage, input)?,
                event => happen(&mut stage, event),
            }
        }
    }
}

#[test]
fn messages_between_two_frames_cost_one_computation() {
    let mut stage = Stage::busy();
    stage.draws_manually = true;
    let before = addresses(&stage);
    for _ in 0..20 {
        stage.pass(1);
        stage.refresh();
        stage.execute_as_other(stage.target(), IncidentCommand::AddNote { text: "seen".into() });
    }
    assert_eq!(addresses(&stage), before);
    prepare(&mut stage.app);
    let after = addresses(&stage);
    assert!(after.iter().zip(before).all(|(after, before)| *after != before));
    prepare(&mut stage.app);
    assert_eq!(addresses(&stage), after);
}

#[rstest]
#[case::selection_that_moves(|stage: &mut Stage| {
    let now = stage.now;
    for _ in 0..4 {
        let _ = perform(&mut stage.app, Action::Down, now);
        prepare(&mut stage.app);
    }
})]
#[case::focus_and_scrolling(|stage: &mut Stage| stage.keys("2 j j ^d k 3 G 4 j 1"))]
#[case::popups(|stage: &mut Stage| {
    stage.keys("? j Esc");
    stage.type_in_palette("thm");
    stage.keys("Esc ! Esc n a b c Esc");
})]
#[case::marks(|stage: &mut Stage| stage.keys("* *"))]
#[case::rows_that_stay(|stage: &mut Stage| {
    stage.refresh();
    stage.refresh();
})]
#[case::directory_that_is_the_same(|stage: &mut Stage| {
    let directory = stage.app.fetched.directory.clone().expect("it was read");
    stage.learn(BackendUpdate::Directory(Sourced::fresh(directory)));
})]
fn nothing_is_computed_again_for(#[case] happens: fn(&mut Stage)) {
    let mut stage = Stage::busy();
    let before = addresses(&stage);
    happens(&mut stage);
    assert_eq!(addresses(&stage), before, "{}", stage.screen());
}

#[test]
fn time_that_passes_is_shown_in_the_next_frame() {
    let mut stage = Stage::busy();
    let before = stage.app.reading.detail_lines.to_vec();
    stage.pass(7);
    assert_ne!(stage.app.reading.detail_lines.to_vec(), before);
}

#[test]
fn verb_key_sees_a_state_that_no_frame_has_shown() {
    let mut stage = Stage::busy();
    assert!(stage.keys_line().contains("a ack"), "{}", stage.keys_line());
    stage.draws_manually = true;
    stage.execute_as_other(stage.target(), IncidentCommand::Acknowledge);
    // The frame before that named the key, and no other frame was drawn since.
    assert!(!stage.app.reading.disabled.contains(&acknowledge()));
    stage.keys("a");
    assert!(stage.submitted.is_empty());
    let said = stage.app.notices.toast.as_ref().expect("a reason").text.clone();
    assert!(said.contains("acknowledged"), "{said}");
    prepare(&mut stage.app);
    assert!(stage.app.reading.disabled.contains(&acknowledge()));
}

fn acknowledge() -> Action {
    Action::Command(redphone::model::command::CommandKind::Acknowledge)
}

#[rstest]
#[case::detail("2", |stage: &Stage| stage.app.reading.detail_top)]
#[case::timeline("3", |stage: &Stage| stage.app.reading.timeline_top)]
fn scrolling_counts_lines_that_no_frame_has_shown(
    #[case] pane: &str,
    #[case] top: fn(&Stage) -> usize,
) {
    let play = |draws_manually: bool| {
        let mut stage = Stage::busy_at((126, 36));
        stage.keys(pane);
        stage.draws_manually = draws_manually;
        for number in 0..30 {
            let label = format!("label-{number}-{}", "x".repeat(40));
            let id = stage.target();
            let text = format!("note {number}");
            company::ask(&stage.memory, id, IncidentCommand::AddNote { text }, stage.now)
                .expect("it may be written");
            let labels = (0..=number).map(|n| format!("{label}-{n}")).collect();
            let describe = IncidentCommand::Describe {
                title: None,
                symptoms: None,
                labels: Some(labels),
                runbook: None,
            };
            // More labels than there may be are refused.
            let _ = company::ask(&stage.memory, id, describe, stage.now);
        }
        stage.refresh();
        stage.keys("G k");
        prepare(&mut stage.app);
        (top(&stage), stage.screen())
    };
    let (position, screen) = play(true);
    assert!(position > 0, "{screen}");
    assert_eq!((position, screen), play(false));
}

#[test]
fn help_scrolls_from_its_end_after_it_became_shorter() {
    let mut stage = Stage::busy_at((80, 24));
    stage.keys("? G");
    stage.draws_manually = true;
    stage.send(Message::Resized(80, 50));
    stage.keys("k");
    prepare(&mut stage.app);
    let late = stage.screen();
    let mut stage = Stage::busy_at((80, 24));
    stage.keys("? G");
    stage.send(Message::Resized(80, 50));
    stage.keys("k");
    assert_eq!(late, stage.screen());
}

#[test]
fn timeline_without_a_border_names_its_incident() {
    let mut stage = Stage::busy_at((80, 24));
    stage.keys("3 z");
    assert!(!stage.screen().contains("INC-2051 · UTC"), "{}", stage.screen());
    // As wide inside as with a border on a wider screen.
    stage.send(Message::Resized(78, 24));
    assert!(stage.screen().contains("INC-2051 · UTC"), "{}", stage.screen());
}

#[test]
fn event_loses_its_mark_when_its_command_was_sent() {
    let mut stage = outbox::remote((126, 36));
    let id = stage.incident_id(2051);
    let envelope = outbox::command_envelope(id, IncidentCommand::Acknowledge, -2);
    let command = envelope.id;
    let entry = |state| outbox::entry(1, "INC-2051", "Cards fail", envelope.clone(), state);
    let pending = entry(redphone::sync::remote::EntryState::Pending);
    outbox::show(
        &mut stage,
        OutboxSnapshot { entries: vec![pending], ..OutboxSnapshot::default() },
    );
    let (detail, mut events) = stage.memory.read(2051);
    let mut last = events.last().expect("it was declared").clone();
    last.seq += 1;
    last.command = command;
    events.push(last);
    stage.keys("k");
    stage.slow_reads = true;
    stage.send(Message::Detail(id, Ok(Box::new(Sourced::fresh((detail, events)))), stage.now));
    assert!(stage.screen().contains(" ↑ Alert"), "{}", stage.screen());
    outbox::show(&mut stage, OutboxSnapshot::default());
    assert!(!stage.screen().contains(" ↑ Alert"), "{}", stage.screen());
}
