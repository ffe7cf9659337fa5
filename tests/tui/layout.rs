//! Lines and disabled verbs are computed when a frame or a key needs them: once for any number of
//! messages, not at all if nothing has changed that they depend on, and never from an old state.

use std::sync::Arc;

use chrono::{FixedOffset, TimeDelta};
use proptest::prelude::*;
use ratatui::buffer::Buffer;
use redphone::backend::BackendError;
use redphone::config::reload::Changed;
use redphone::config::{PanesSettings, Reload};
use redphone::model::{IncidentCommand, Rules};
use redphone::sync::remote::OutboxSnapshot;
use redphone::sync::{BackendUpdate, Sourced};
use redphone::tui::action::Action;
use redphone::tui::core::message::Message;
use redphone::tui::core::zone::{OffsetChange, ViewerZone};
use redphone::tui::layout::prepare;
use redphone::tui::update::perform;
use redphone::tui::widgets::text::Line;
use rstest::rstest;

use super::property::{self, Data, Start, Step};
use super::settings::bound;
use super::{outbox, run};
use crate::support::company;
use crate::support::stage::Stage;
use crate::support::strategies;

/// What a frame shows of what is computed before it.
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
    Settings { own_key: bool, commands: bool, levels: bool },
    Directory { full: bool },
    Capabilities { can_acknowledge: bool, name: bool },
    Measures(bool),
    Offset(i8),
    OffsetChange(bool),
    Seconds(i64),
    DetailFails,
    RunbooksVanish,
    Frame,
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
        Event::Frame => {}
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
            let draws = matches!(event, Event::Frame);
            happen(&mut stage, event);
            if draws && stage.app.ui.size.0 > 0 && stage.app.ui.size.1 > 0 {
                prepare(&mut stage.app);
                let when_needed = frame(&stage);
                invalidate(&mut stage);
                prepare(&mut stage.app);
                prop_assert_eq!(when_needed, frame(&stage));
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
    assert!(stage.screen().contains("  ↑ "), "{}", stage.screen());
    outbox::show(&mut stage, OutboxSnapshot::default());
    assert!(!stage.screen().contains("  ↑ "), "{}", stage.screen());
}
