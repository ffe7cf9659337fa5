//! Every screen in every theme: the text is the same, colour alone carries no meaning, and ASCII is
//! used where only that is available.

use std::collections::HashSet;

use insta::assert_snapshot;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use redphone::backend::BackendError;
use redphone::config::PanesSettings;
use redphone::config::appearance::Appearance;
use redphone::model::Status;
use redphone::model::service_level::running_clock;
use redphone::sync::{BackendUpdate, ConnectionState};
use redphone::tui::Options;
use redphone::tui::action::{Layer, availability::current_layer};
use redphone::tui::core::message::Message;
use redphone::tui::core::pane::Pane;
use redphone::tui::theme::{Depth, Name, Symbols, Theme};
use redphone::tui::workspace::{Workspace, WorkspaceId};
use rstest::rstest;

use super::{outbox, run};
use crate::support::company;
use crate::support::stage::{Stage, options, rows};

const SIZES: [(u16, u16); 6] = [(200, 60), (126, 36), (126, 24), (100, 30), (80, 24), (40, 12)];

/// The screens to test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Screen {
    Main,
    Zoomed(&'static str),
    Help,
    Note,
    Asking,
    Refused,
    Failing,
    Failure,
    Empty,
    Loading,
    ReadOnly,
    Outbox,
    /// The panes after these keys.
    After(&'static str),
}

/// Every mode that can cover the panes: the keys that lead to it, and a text on the screen that
/// shows the selected line, field or cell, or the current operation.
const OVERLAYS: &[(&str, &str)] = &[
    ("s", "▌"),
    ("e", "▌"),
    ("t", "▌"),
    ("b", "▌"),
    ("m", "▌"),
    ("l", "▌"),
    ("l c", "▌"),
    ("V", "▌"),
    ("U", "▌"),
    ("L", "▌"),
    ("y", "▌"),
    ("v", "▌"),
    ("S", "▌"),
    ("x", "▌"),
    ("B", "▌"),
    (":", "▌"),
    (": a s s i g n Space", "▌"),
    (": z q z q", "nothing"),
    ("3 / p", "search p"),
    ("p", "[P1]"),
    ("p 4", "▸"),
    ("n", "▸"),
    ("c", "▸"),
    ("r", "▸"),
    ("i", "▸"),
    ("X", "▸"),
    ("E", "▸"),
    ("D", "▸"),
    ("U 1", "▸"),
    ("b u", "▸"),
    ("b p", "▸"),
    ("l u", "▸"),
    ("l n", "▸"),
    ("V w", "▸"),
    ("V a", "▸"),
    ("n a Esc", "drop it"),
    ("m Enter", "y yes"),
    ("x r", "y yes"),
    ("x p", "running since"),
    ("x 2", "▌[ ] 1"),
    ("* a", "y yes"),
    ("*", "selected"),
    ("f", "▌"),
    ("/", "/"),
    ("/ p 1 Space s t a t s u :", "statsu"),
    ("g 2", "Go to INC-2"),
    ("g o", "On call"),
    ("g o /", "/ "),
    ("g f", "Feed"),
    ("g h", "Handoff"),
    ("3 [", "as of"),
    ("a ^c", "ending when"),
    ("B Enter", "opening"),
    ("/ i s : e n d e d Enter", "▌"),
    ("w", "P1"),
];

fn screens() -> Vec<Screen> {
    use Screen::{
        Asking, Empty, Failing, Failure, Help, Loading, Main, Note, Outbox, ReadOnly, Refused,
    };
    let mut screens =
        vec![Main, Help, Note, Asking, Refused, Failing, Failure, Empty, Loading, ReadOnly, Outbox];
    screens.extend(["1", "2", "3", "4"].map(Screen::Zoomed));
    screens.extend(OVERLAYS.iter().map(|(keys, _)| Screen::After(keys)));
    screens
}

/// Returns the sizes to test: overlays are the same at most of them.
fn sizes(screen: Screen) -> Vec<(u16, u16)> {
    match screen {
        Screen::After(_) => vec![(126, 36), (40, 12)],
        _ => SIZES.to_vec(),
    }
}

fn stage(screen: Screen, size: (u16, u16), depth: Depth, name: Name, ascii: bool) -> Stage {
    let now = company::now();
    let quiet = matches!(screen, Screen::Empty | Screen::Loading);
    let memory = if quiet { company::quiet(now) } else { company::busy(now) };
    let read_only = screen == Screen::ReadOnly;
    let appearance = Appearance { theme: name, ..Appearance::default() };
    let mut options = Options {
        ascii,
        settings: PanesSettings { appearance, ..run::settings() },
        read_only,
        ..options()
    };
    let elsewhere =
        Workspace { id: WorkspaceId::Profile("prod".into()), ..Workspace::initial("/srv/prod.db") };
    options.workspaces.push(elsewhere);
    let mut stage = Stage::with(memory, size, depth, options);
    stage.books = Ok(vec![("checkout".into(), "# One\n\n- [ ] look\n- [ ] ask\n".into())]);
    if screen == Screen::Loading {
        return stage;
    }
    stage.connect();
    stage.send(Message::Started);
    let failing = |stage: &mut Stage| {
        stage.learn(BackendUpdate::Connection(ConnectionState::Failing {
            since: now - chrono::TimeDelta::minutes(10),
            error: BackendError::Unreachable("the store is locked by another process".into()),
            retry_at: now + chrono::TimeDelta::seconds(8),
        }));
    };
    match screen {
        Screen::Main | Screen::Empty | Screen::Loading => {}
        Screen::Zoomed(pane) => stage.keys(&format!("{pane} z")),
        Screen::Help => stage.keys("?"),
        Screen::Note => {
            stage.keys("n");
            stage.write("Half a thought.");
        }
        Screen::Asking => {
            stage.keys("n");
            stage.write("Half a thought.");
            stage.keys("Esc");
        }
        Screen::Refused => stage.keys("j a a"),
        Screen::Failing => failing(&mut stage),
        Screen::Failure => {
            failing(&mut stage);
            stage.keys("!");
        }
        Screen::ReadOnly => stage.keys("a"),
        Screen::Outbox => {
            let listing = outbox::mixed(&stage);
            outbox::show(&mut stage, listing);
            stage.keys("O");
        }
        Screen::After(keys) => stage.keys(keys),
    }
    stage
}

/// Returns the text with the focused border drawn like the others, because its shape replaces a
/// colour.
fn text(stage: &Stage) -> Vec<String> {
    let single = |ch| match ch {
        '╔' => '╭',
        '╗' => '╮',
        '╚' => '╰',
        '╝' => '╯',
        '═' => '─',
        '║' => '│',
        other => other,
    };
    rows(&stage.buffer()).iter().map(|row| row.chars().map(single).collect()).collect()
}

#[rstest]
fn every_theme_has_the_same_text_as_none(
    #[values(Name::Dark, Name::Light, Name::Contrast, Name::Colorblind)] name: Name,
) {
    for screen in screens() {
        for size in sizes(screen) {
            let plain = text(&stage(screen, size, Depth::None, Name::None, false));
            // Depths and themes differ only in colours, so one depth is enough for modes that cover
            // the panes.
            let is_after = matches!(screen, Screen::After(_));
            let depths = [Depth::Indexed, Depth::Basic, Depth::True];
            for depth in depths.into_iter().take(if is_after { 1 } else { 3 }) {
                let themed = text(&stage(screen, size, depth, name, false));
                assert_eq!(themed, plain, "{screen:?} {size:?} {depth:?}");
            }
        }
    }
}

#[test]
fn no_screen_has_colours_without_colour_support() {
    for screen in screens() {
        for size in sizes(screen) {
            for (depth, name) in [(Depth::None, Name::Dark), (Depth::True, Name::None)] {
                let buffer = stage(screen, size, depth, name, false).buffer();
                let plain = |color| color == Color::Reset;
                assert!(
                    buffer.content.iter().all(|cell| plain(cell.fg) && plain(cell.bg)),
                    "{screen:?} {size:?}"
                );
            }
        }
    }
}

#[rstest]
fn every_screen_is_ascii_in_ascii_mode(
    #[values(Name::Dark, Name::Contrast, Name::None)] name: Name,
) {
    for screen in screens() {
        for size in sizes(screen).into_iter().chain([(39, 12)]) {
            let screen_text = stage(screen, size, Depth::Indexed, name, true).screen();
            let foreign: String = screen_text.chars().filter(|c| !c.is_ascii()).collect();
            assert!(foreign.is_empty(), "{screen:?} {size:?}: {foreign:?}\n{screen_text}");
        }
    }
}

/// Returns whether some cell in a row of the buffer has a modifier.
fn has(buffer: &Buffer, row: usize, modifier: Modifier) -> bool {
    let width = usize::from(buffer.area.width);
    buffer.content[row * width..(row + 1) * width].iter().any(|c| c.modifier.contains(modifier))
}

#[rstest]
fn colourless_text_has_priority_status_lateness_and_selection(
    #[values((200, 60), (126, 36), (126, 24), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = stage(Screen::Main, size, Depth::None, Name::None, false);
    stage.keys("j");
    let buffer = stage.buffer();
    let screen = rows(&buffer);
    let mut late = 0;
    let mut seen = 0;
    for row in &stage.app.queue.rows {
        let summary = &row.summary;
        let number = summary.number.expect("a number").0.to_string();
        let line = |line: &&String| line.contains(&format!("{number} {}", summary.priority));
        let Some(line_index) = screen.iter().position(|l| line(&l)) else { continue };
        let text = &screen[line_index];
        seen += 1;
        // If the status has no room, the clock and bold text show whether it was acknowledged.
        let word = summary.status.as_str();
        let short = if word == "triggered" { "new" } else { &word[..3] };
        let shown = text.contains(word) || text.contains(short);
        assert!(shown || size.0 < 80, "{word}: {text}");
        let new = summary.status == Status::Triggered;
        assert!(!new || has(&buffer, line_index, Modifier::BOLD), "{text}");
        let is_late = running_clock(summary, &stage.app.session.rules.levels)
            .is_some_and(|c| c.is_past(stage.app.now));
        let time = text.split_whitespace().any(|w| w.starts_with('+') && w.len() > 1);
        assert_eq!(is_late, time, "{text}");
        if is_late {
            late += 1;
            assert!(has(&buffer, line_index, Modifier::REVERSED), "{text}");
        }
        let selected = stage.app.queue.selected == Some(summary.id);
        assert_eq!(selected, text.contains('▌'), "{text}");
    }
    assert!(seen >= 5 && late >= 2, "{seen} rows, {late} late");
    let past = screen[0].contains("5 past");
    assert!(past, "{}", screen[0]);
}

#[rstest]
fn colourless_overlays_mark_the_current_position(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (60, 20), (40, 12))] size: (u16, u16),
) {
    let mut missing = String::new();
    for (keys, mark) in OVERLAYS {
        let screen = stage(Screen::After(keys), size, Depth::None, Name::None, false).screen();
        if !screen.contains(mark) {
            missing = format!("{missing}{mark} after {keys} at {size:?}:\n{screen}\n");
        }
    }
    assert!(missing.is_empty(), "{missing}");
}

/// Without this test, every test of this file could miss a new mode.
#[test]
fn every_situation_is_among_the_screens() {
    let mut seen: HashSet<Layer> = HashSet::new();
    for screen in screens() {
        let stage = stage(screen, (126, 36), Depth::None, Name::None, false);
        seen.insert(current_layer(&stage.app));
    }
    for layer in Layer::ALL {
        assert!(seen.contains(&layer), "{layer:?} is on no screen");
    }
}

#[rstest]
fn colourless_text_shows_the_focus(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (40, 12))] size: (u16, u16),
) {
    let mut stage = stage(Screen::Main, size, Depth::None, Name::None, false);
    for pane in Pane::ALL {
        stage.keys(&pane.number().to_string());
        let screen = stage.screen();
        let name = format!("{} {}", pane.number(), pane.name());
        let framed = screen.lines().any(|l| l.contains('╔') && l.contains(&name));
        let named = size.0 < 80 && screen.contains(&format!("[{name}]"));
        assert!(framed || named, "{name}:\n{screen}");
        let focused = screen.matches('╔').count() + usize::from(named);
        assert_eq!(focused, 1, "{screen}");
    }
}

#[rstest]
fn unfocused_selection_differs_from_a_focused_one(
    #[values(Name::Dark, Name::Light, Name::Contrast, Name::Colorblind, Name::None)] name: Name,
    #[values(Depth::None, Depth::Basic, Depth::Indexed, Depth::True)] depth: Depth,
) {
    let mut stage = stage(Screen::Main, (126, 36), depth, name, false);
    let row = |stage: &Stage| {
        let buffer = stage.buffer();
        let line_index = rows(&buffer).iter().position(|l| l.contains('▌')).expect("a mark");
        let cell = |x: usize| buffer.content[line_index * 126 + x].clone();
        [cell(3), cell(30)]
    };
    let with = row(&stage);
    stage.keys("2");
    assert_ne!(row(&stage), with);
}

#[test]
fn theme_key_changes_the_theme_without_a_restart() {
    let mut stage = stage(Screen::Main, (126, 36), Depth::True, Name::Dark, false);
    let mut pictures = vec![stage.buffer()];
    for name in ["light", "contrast", "colorblind", "colorblind-light", "none"] {
        stage.keys("T");
        assert!(stage.screen().contains(&format!("theme: {name}")), "{}", stage.screen());
        let picture = stage.buffer();
        assert!(pictures.iter().all(|before| before.content[130..] != picture.content[130..]));
        pictures.push(picture);
    }
    stage.keys("T");
    let timeline = |buffer: &Buffer| buffer.content[126 * 25 + 70..126 * 25 + 120].to_vec();
    assert_eq!(timeline(&stage.buffer()), timeline(&pictures[0]), "also what is kept is anew");
}

#[test]
fn theme_key_says_so_where_colours_are_missing() {
    let mut stage = stage(Screen::Main, (126, 36), Depth::None, Name::Dark, false);
    stage.keys("T");
    assert!(stage.screen().contains("there are no colours here"), "{}", stage.screen());
}

#[rstest]
fn read_only_is_visible_at_every_size(
    #[values((200, 60), (126, 36), (100, 30), (80, 24), (60, 20), (40, 12))] size: (u16, u16),
) {
    for failing in [false, true] {
        let mut stage = stage(Screen::ReadOnly, size, Depth::None, Name::None, false);
        if failing {
            stage.learn(BackendUpdate::Connection(ConnectionState::Failing {
                since: company::now(),
                error: BackendError::Unreachable("no route".into()),
                retry_at: company::now(),
            }));
        }
        let screen = stage.screen();
        let first = screen.lines().next().expect("the state line");
        assert!(first.contains("READ-ONLY"), "{first}");
        assert!(first.contains("P1 2"), "{first}");
        stage.app.notices.toast = None;
        stage.app.connection.state = ConnectionState::Live { at: company::now() };
        let screen = stage.screen();
        let keys = screen.lines().last().expect("the keys line");
        for verb in [" ack", " own", " note"] {
            assert!(!keys.contains(verb), "{keys}");
        }
    }
}

#[test]
fn colourless_text_has_everything() {
    let memory = company::busy(company::now());
    let mut stage = Stage::with(memory, (126, 36), Depth::None, options());
    stage.connect();
    stage.keys("j j");
    let screen = stage.screen();
    assert!(screen.contains("P2 Search p99 above 2 s                new"), "priority and status");
    assert!(screen.contains("+5m"), "past its level");
    let row = screen.lines().find(|line| line.contains(" 2050 P2")).expect("the selected row");
    assert!(row.contains("▌ 2050"), "the selection: {row}");
    assert!(screen.contains("╔ 1 Queue"), "the focus is on the queue");
    stage.keys("2");
    assert!(stage.screen().contains("╔ 2 Detail"), "the focus is on the detail");
    assert!(stage.buffer().content.iter().all(|cell| cell.fg == ratatui::style::Color::Reset));
}

#[test]
fn ascii_option_writes_only_ascii() {
    let memory = company::busy(company::now());
    let mut stage = Stage::with(
        memory,
        (126, 36),
        Depth::None,
        redphone::tui::Options { ascii: true, ..options() },
    );
    stage.connect();
    assert!(stage.screen().is_ascii(), "{}", stage.screen());
    assert_snapshot!("ascii_126x36", stage.screen());
}

#[test]
fn ascii_names_and_marks_are_distinct() {
    let shown = |text: &str, symbols: Symbols| {
        let area = ratatui::layout::Rect::new(0, 0, 40, 1);
        let mut buffer = ratatui::buffer::Buffer::empty(area);
        redphone::tui::widgets::text::draw_text(
            text,
            ratatui::style::Style::new(),
            area,
            &mut buffer,
        );
        Theme::new(Depth::None, true).with_symbols(symbols).finish(&mut buffer);
        crate::support::stage::rows(&buffer).concat().trim_end().to_owned()
    };
    let marks = ["▸", "▾", "✓", "›", "‹"].map(|mark| shown(mark, Symbols::Ascii));
    for (index, mark) in marks.iter().enumerate() {
        assert!(mark != "?" && !marks[..index].contains(mark), "{marks:?}");
    }
    assert_eq!(shown("Zoë Ødegård Łukasz", Symbols::Ascii), "Zoe Odegard Lukasz");
    assert_eq!(shown("Зоя › Jürgen", Symbols::AsciiAndLetters), "Зоя } Jürgen");
}
