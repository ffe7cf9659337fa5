//! The panes' adaptation to the terminal, and their queries: background, widths, a slow link, the
//! cursor and the mouse.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use redphone::sync::drafts::DraftOp;
use redphone::tui::core::message::Message;
use redphone::tui::core::pane::Pane;
use redphone::tui::terminal::questions::Finding;
use redphone::tui::theme::{Background, Name};
use redphone::tui::view::view;
use rstest::rstest;
use unicode_width::UnicodeWidthChar;

use crate::support::stage::Stage;

/// Updates the drawing after a test has changed the state itself.
fn refresh(stage: &mut Stage) {
    let (width, height) = stage.app.ui.size;
    stage.send(Message::Resized(width, height));
}

#[test]
fn automatic_theme_follows_the_background() {
    let mut stage = Stage::busy();
    for (background, name) in [(Background::Light, Name::Light), (Background::Dark, Name::Dark)] {
        stage.send(Message::Terminal(Finding::Background(background)));
        let mut fixed = Stage::busy();
        fixed.app.ui.theme = fixed.app.ui.theme.with_name(name);
        refresh(&mut fixed);
        assert_eq!(stage.buffer(), fixed.buffer(), "{name}");
    }
    // A chosen theme is left alone.
    let mut stage = Stage::busy();
    stage.app.ui.theme = stage.app.ui.theme.with_name(Name::Contrast);
    refresh(&mut stage);
    let before = stage.buffer();
    stage.send(Message::Terminal(Finding::Background(Background::Light)));
    assert_eq!(stage.buffer(), before);
}

#[rstest]
#[case((126, 36))]
#[case((80, 24))]
#[case((40, 12))]
fn wide_characters_of_ambiguous_width_are_not_drawn(#[case] size: (u16, u16)) {
    let mut stage = Stage::busy_at(size);
    let ambiguous = |ch: &char| ch.width() != ch.width_cjk();
    assert!(stage.screen().contains(|ch| ambiguous(&ch)));
    stage.send(Message::Terminal(Finding::WideAmbiguous));
    let screen = stage.screen();
    assert_eq!(screen.chars().find(ambiguous), None, "{screen}");
    // Text that was drawn in the wrong width is drawn again.
    assert_eq!(stage.redraws, 1);
}

#[test]
fn selection_costs_few_cells_on_a_slow_link() {
    for slow in [false, true] {
        let mut stage = Stage::busy();
        stage.send(Message::Terminal(Finding::SlowLink(slow)));
        assert_eq!(stage.app.ui.low_bandwidth, slow);
        let area = stage.app.layout().slot(Pane::Queue).expect("a queue").area;
        let before = stage.buffer();
        stage.keys("j");
        let after = stage.buffer();
        let changed = area.positions().filter(|at| before.cell(*at) != after.cell(*at)).count();
        assert_eq!(changed < 10, slow, "{changed} cells");
    }
}

/// Returns the position of the terminal's cursor.
fn cursor(stage: &Stage) -> (u16, u16) {
    let (width, height) = stage.app.ui.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("memory");
    terminal.draw(|frame| view(&stage.app, frame)).expect("memory");
    let position = terminal.get_cursor_position().expect("a position");
    (position.x, position.y)
}

#[rstest]
#[case::filter("/")]
#[case::palette(":")]
#[case::picker("s")]
#[case::help("?")]
#[case::form("n")]
fn terminal_cursor_stands_behind_what_is_typed(#[case] keys: &str) {
    let mut stage = Stage::busy();
    stage.keys(keys);
    stage.write("ine");
    let (x, y) = cursor(&stage);
    let buffer = stage.buffer();
    let typed: String =
        (x - 3..x).filter_map(|x| buffer.cell((x, y))).map(ratatui::buffer::Cell::symbol).collect();
    assert_eq!(typed, "ine", "{}", stage.screen());
}

fn mouse(stage: &mut Stage, kind: MouseEventKind, (column, row): (u16, u16)) {
    let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    let at = stage.now;
    stage.send(Message::Mouse(event, at));
}

const CLICK: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

/// Returns the position of a number in the queue.
fn position_of(stage: &Stage, number: u32) -> (u16, u16) {
    let text = format!(" {number} ");
    let row = stage.screen().lines().skip(2).position(|line| line.contains(&text));
    (10, u16::try_from(row.expect("it is shown") + 2).expect("on the screen"))
}

#[rstest]
#[case((126, 36))]
#[case((200, 60))]
#[case((60, 20))]
fn click_selects_and_a_double_click_opens(#[case] size: (u16, u16)) {
    let mut stage = Stage::busy_at(size);
    let third = stage.numbers()[2];
    let at = position_of(&stage, third);
    let before = stage.selected();
    mouse(&mut stage, CLICK, at);
    assert_eq!(stage.selected(), before, "the mouse is off");
    stage.keys(":");
    stage.write("mouse");
    stage.keys("Enter");
    assert!(stage.has_mouse, "{}", stage.screen());
    mouse(&mut stage, CLICK, at);
    assert_eq!(stage.selected(), format!("INC-{third}"));
    assert_eq!(stage.app.ui.focus, Pane::Queue);
    mouse(&mut stage, CLICK, at);
    assert_ne!(stage.app.ui.focus, Pane::Queue, "{}", stage.screen());
}

#[test]
fn wheel_moves_in_the_pane_below_it() {
    let mut stage = Stage::busy();
    stage.app.ui.mouse = true;
    let at = position_of(&stage, stage.numbers()[1]);
    mouse(&mut stage, MouseEventKind::ScrollDown, at);
    assert_eq!(stage.selected(), format!("INC-{}", stage.numbers()[1]));
    mouse(&mut stage, MouseEventKind::ScrollUp, at);
    assert_eq!(stage.selected(), format!("INC-{}", stage.numbers()[0]));
    let detail = stage.app.layout().slot(Pane::Detail).expect("a detail").area;
    mouse(&mut stage, MouseEventKind::ScrollDown, (detail.x + 3, detail.y + 3));
    assert_eq!(stage.app.ui.focus, Pane::Detail);
    // In a list it moves the selection, and a double click chooses.
    stage.keys("1 :");
    let before = stage.screen();
    mouse(&mut stage, MouseEventKind::ScrollDown, (60, 12));
    assert_ne!(stage.screen(), before);
}

#[test]
fn chosen_theme_and_zone_hold_until_their_setting_changes() {
    let mut stage = Stage::busy();
    stage.keys("T Z");
    let (theme, zone) = (stage.app.ui.theme.name(), stage.app.ui.zone);
    let Some(DraftOp::RememberScreen(remembered)) = stage.draft_ops.last().cloned() else {
        panic!("{:?}", stage.draft_ops)
    };
    let mut later = Stage::busy();
    assert_ne!((later.app.ui.theme.name(), later.app.ui.zone), (theme, zone));
    later.send(Message::ScreenState(remembered.clone()));
    assert_eq!((later.app.ui.theme.name(), later.app.ui.zone), (theme, zone));
    // Another setting, or a flag, is newer than the choice.
    let mut changed = Stage::busy();
    let mut settings = (*changed.app.session.settings).clone();
    settings.appearance.theme = Name::Contrast;
    changed.app.session.settings = settings.into();
    let before = changed.app.ui.theme.name();
    changed.send(Message::ScreenState(remembered));
    assert_eq!((changed.app.ui.theme.name(), changed.app.ui.zone), (before, zone));
}
