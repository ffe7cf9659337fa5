//! The bytes written to the terminal show the drawn frames, one after the other.

use std::io;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use redphone::tui::core::message::Message;
use redphone::tui::terminal::{Framed, Sink};
use redphone::tui::theme::Depth;
use redphone::tui::view::view;

use super::property::cases;
use crate::support::company;
use crate::support::stage::{Stage, rows};
use crate::support::strategies;

/// The most hostile text without the replacement character, which the emulator omits although
/// terminals do not.
const TITLE: &str = "\u{1b}[31mred a\u{200b}b 支払いが失敗 🔥🔥 שלום e\u{301}";

/// A terminal emulator that frames are written to.
struct Emulator {
    parser: vt100::Parser,
    last: Vec<u8>,
}

impl Sink for Emulator {
    fn send_frame(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        self.parser.process(&bytes);
        self.last = bytes;
        Ok(())
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        let (rows, columns) = self.parser.screen().size();
        Ok((columns.get(), rows.get()))
    }
}

fn emulator(size: (u16, u16)) -> vt100::Parser {
    let not_zero = |n| std::num::NonZero::new(n).expect("a size");
    vt100::Parser::new(not_zero(size.1), not_zero(size.0), 0)
}

fn seen(color: vt100::Color) -> Color {
    match color {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(index) => Color::Indexed(index),
        vt100::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

/// Converts one of the 16 basic colours to its number.
fn numbered(color: Color) -> Color {
    const BASIC: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    let found = (0_u8..).zip(BASIC).find(|(_, basic)| *basic == color);
    found.map_or(color, |(index, _)| Color::Indexed(index))
}

/// Checks that each cell has the colours and attributes that were drawn.
fn assert_same_style(screen: &vt100::Screen, drawn: &Buffer, after: &str) {
    let mut covered = 0;
    for (index, cell) in drawn.content.iter().enumerate() {
        // The second half of a wide character has no style of its own.
        if covered > 0 {
            covered -= 1;
            continue;
        }
        covered = redphone::model::text::width(cell.symbol()).saturating_sub(1);
        let (x, y) = drawn.pos_of(index);
        let actual = screen.cell(y, x).expect("a cell");
        let underlined = (actual.underline(), cell.modifier.contains(Modifier::UNDERLINED));
        assert_eq!(underlined.0, underlined.1, "{x}, {y} {:?} after {after}", cell.symbol());
        let style =
            (seen(actual.fgcolor()), seen(actual.bgcolor()), actual.bold(), actual.inverse());
        let modifier = |modifier| cell.modifier.contains(modifier);
        let wanted = (
            numbered(cell.fg),
            numbered(cell.bg),
            modifier(Modifier::BOLD),
            modifier(Modifier::REVERSED),
        );
        // The text colour of a blank cell is not visible, and not always written.
        let blank = cell.symbol() == " ";
        let ground = style.1 == wanted.1 && style.3 == wanted.3;
        let same = style == wanted || (blank && ground && (!wanted.3 || style.0 == wanted.0));
        assert!(same, "{x}, {y} {:?}: {style:?}, not {wanted:?}, after {after}", cell.symbol());
    }
}

fn play(keys: &[String], size: (u16, u16), depth: Depth) {
    let memory = company::busy_with(company::now(), TITLE, "\u{1b}]0;owned\u{7}gone?\ttab");
    let mut stage = Stage::blank(memory, size, depth);
    stage.connect();
    let parser = emulator(size);
    let sink = Emulator { parser, last: Vec::new() };
    let mut terminal = Terminal::new(Framed::new(sink)).expect("memory");
    for key in keys {
        stage.keys(key);
        terminal.draw(|frame| view(&stage.app, frame)).expect("memory");
        let sink = terminal.backend().sink();
        let shown: Vec<String> = sink.parser.screen().rows(0, size.0).collect();
        let drawn = rows(&stage.buffer());
        for (shown, drawn) in shown.iter().zip(&drawn) {
            assert_eq!(shown.trim_end(), drawn.trim_end(), "after {key}");
        }
        assert_same_style(sink.parser.screen(), &stage.buffer(), key);
        let marked = sink.last.starts_with(b"\x1b[?2026h") && sink.last.ends_with(b"\x1b[?2026l");
        assert!(marked || sink.last.len() < 256, "{} bytes without marks", sink.last.len());
    }
}

proptest! {
    #![proptest_config(strategies::config(cases(24)))]

    #[test]
    fn frames_add_up_to_the_screen(
        keys in proptest::collection::vec("[jkgGz1234?n!sptrDV*TZ]|Enter|Esc|Tab|\\^d|\\^u", 1..30),
        size in proptest::sample::select(vec![(126, 36), (80, 24), (47, 13), (200, 50)]),
        depth in proptest::sample::select(vec![Depth::Basic, Depth::Indexed, Depth::True]),
    ) {
        play(&keys, size, depth);
    }
}

#[test]
fn unchanged_frame_writes_nothing() {
    let mut stage = Stage::busy();
    let parser = emulator((126, 36));
    let sink = Emulator { parser, last: Vec::new() };
    let mut terminal = Terminal::new(Framed::new(sink)).expect("memory");
    terminal.draw(|frame| view(&stage.app, frame)).expect("memory");
    terminal.backend_mut().sink_mut().last.clear();
    stage.refresh();
    stage.send(Message::Resized(126, 36));
    terminal.draw(|frame| view(&stage.app, frame)).expect("memory");
    assert!(terminal.backend().sink().last.is_empty());
}

#[test]
fn frame_without_synchronization_is_otherwise_the_same() {
    let stage = Stage::busy();
    let frame = |marks| {
        let sink = Emulator { parser: emulator((126, 36)), last: Vec::new() };
        let mut terminal = Terminal::new(Framed::new(sink).synchronized(marks)).expect("memory");
        terminal.draw(|frame| view(&stage.app, frame)).expect("memory");
        terminal.backend().sink().last.clone()
    };
    let (with, without) = (frame(true), frame(false));
    assert_eq!(with[8..with.len() - 8], without[..]);
    assert!(!String::from_utf8_lossy(&without).contains("2026"));
}

/// Terminals differ in the result if only the first half of a wide character is overwritten.
#[test]
#[allow(clippy::disallowed_methods, reason = "no text comes from outside")]
fn removing_a_wide_character_rewrites_both_its_cells() {
    let sink = Emulator { parser: emulator((12, 2)), last: Vec::new() };
    let mut terminal = Terminal::new(Framed::new(sink)).expect("memory");
    let mut draw = |text: &'static str| {
        terminal.draw(|frame| frame.render_widget(text, frame.area())).expect("memory");
        String::from_utf8(terminal.backend().sink().last.clone()).expect("text")
    };
    draw("決決決ab");
    assert_eq!(draw("      ab"), format!("\r{}", " ".repeat(6)));
    draw("決決決決決ab");
    assert_eq!(draw("          ab"), "\u{1b}[1H\u{1b}[10X");
}
