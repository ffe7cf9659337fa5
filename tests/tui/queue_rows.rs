//! The rows of the queue at every size: the readable part of a title, and the other columns.

use chrono::TimeDelta;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::style::Modifier;
use redphone::config::panes::{Column, default_columns};
use redphone::model::command::IncidentCommand;
use redphone::model::{Impact, IncidentId, IncidentNumber, PersonRef, Priority, Status, Summary};
use redphone::sync::drafts::DraftOp;
use redphone::sync::screen_state::ScreenState;
use redphone::sync::{BackendUpdate, Mirror, Sourced};
use redphone::tui::action::Action;
use redphone::tui::core::layout::{LayoutInputs, QueueNeeds, compute};
use redphone::tui::core::message::Message;
use redphone::tui::core::pane::Pane;
use redphone::tui::layout::prepare;
use redphone::tui::queue::columns::Columns;
use redphone::tui::terminal::{Framed, Sink};
use redphone::tui::theme::Depth;
use redphone::tui::update::perform;
use redphone::tui::view::view;
use rstest::rstest;

use crate::support::company;
use crate::support::stage::{Stage, rows};
use crate::support::strategies;

/// Titles from 24 to 61 characters long; the median is 32. No word of one is in another.
fn title(number: usize) -> String {
    let lengths = [24, 26, 28, 30, 31, 32, 32, 33, 35, 40, 48, 61];
    let letter = char::from(b'a' + u8::try_from(number % 26).expect("a letter"));
    let letters = ('b'..='z').cycle().skip(number * 7).take(lengths[number % 12] - 1);
    std::iter::once(letter).chain(letters).collect()
}

/// Panes over incidents with numbers of six digits and owners of nine letters, in every status.
fn stage(size: (u16, u16), count: usize) -> Stage {
    stage_with_depth(size, count, Depth::Indexed)
}

fn stage_with_depth(size: (u16, u16), count: usize, depth: Depth) -> Stage {
    let memory = company::busy(company::now());
    let template = memory.open().into_iter().next().expect("an incident");
    let mut stage = Stage::blank(memory, size, depth);
    let statuses = [
        Status::Triggered,
        Status::Acknowledged,
        Status::Investigating,
        Status::Identified,
        Status::Monitoring,
    ];
    let rows: Vec<Summary> = (0..count)
        .map(|index| {
            let status = statuses[index % statuses.len()];
            let triggered = status == Status::Triggered;
            let reported_at = stage.now - TimeDelta::minutes(3 + 7 * i64::try_from(index).unwrap());
            Summary {
                id: IncidentId(uuid::Uuid::from_u128(index as u128 + 1)),
                number: Some(IncidentNumber(240_000 + index as u64)),
                title: title(index),
                status,
                priority: Priority::ALL[index % 4],
                assignee: (!triggered).then(|| PersonRef::new("siddharth", "Siddharth Kapoor")),
                reported_at,
                acknowledged_at: (!triggered).then_some(reported_at + TimeDelta::minutes(1)),
                last_event_at: stage.now,
                alerts: 3,
                ..template.clone()
            }
        })
        .collect();
    let mut mirror = Mirror::default();
    mirror.put_first_page(rows, None);
    stage.learn(BackendUpdate::Snapshot(Sourced::fresh(mirror.snapshot())));
    stage
}

/// The part of an incident on the screen: its line, and how many characters of the title.
fn shown(stage: &Stage, row: &Summary) -> Option<(String, usize)> {
    let screen = rows(&stage.buffer());
    let number = row.number.expect("a number").0.to_string();
    let line = screen.iter().find(|line| line.contains(&format!("{number} {}", row.priority)))?;
    let readable = (1..=row.title.chars().count())
        .rev()
        .find(|length| line.contains(&row.title[..*length]))
        .unwrap_or(0);
    Some((line.clone(), readable))
}

#[rstest]
#[case((200, 60), 55, "status in full, name, age, second line")]
#[case((126, 36), 34, "status, owner, clock")]
#[case((120, 20), 34, "status, owner, clock")]
#[case((110, 30), 34, "status, owner, clock")]
#[case((100, 30), 34, "status, owner, clock")]
#[case((80, 24), 34, "status, owner, clock")]
#[case((60, 20), 30, "clock")]
#[case((40, 12), 22, "clock")]
fn titles_are_readable_at_every_size(
    #[case] size: (u16, u16),
    #[case] least: usize,
    #[case] also: &str,
) {
    let stage = stage(size, 20);
    let mut seen = 0;
    for row in &stage.app.queue.rows {
        let row = &row.summary;
        let Some((line, readable)) = shown(&stage, row) else { continue };
        seen += 1;
        let length = row.title.chars().count();
        assert!(readable >= least.min(length), "{readable} of {length} at {size:?}: {line}");
        let triggered = row.status == Status::Triggered;
        let word = match row.status {
            Status::Triggered => " new ",
            Status::Acknowledged => " ack ",
            status => &status.as_str()[..5],
        };
        let (handle, name) =
            if triggered { ("nobody", "unowned") } else { ("siddharth", "Siddharth Kapoor") };
        let has = |full: &str, short: &str, must_be_full: bool| {
            line.contains(full) || (!must_be_full && line.contains(short))
        };
        if also.contains("status") {
            assert!(has(row.status.as_str(), word, also.contains("full")), "{size:?}: {line}");
            assert!(has(name, handle, also.contains("name")), "{size:?}: {line}");
        }
        let line = line.split('│').nth(1).unwrap_or(&line).trim_end();
        let clock = line.rsplit(' ').next().expect("a clock");
        assert!(clock.ends_with(|c: char| c.is_ascii_digit() || "mhdw".contains(c)), "{line}");
    }
    assert!(seen >= 6, "{seen} rows at {size:?}:\n{}", stage.screen());
}

#[test]
fn clock_distinguishes_acknowledge_and_past() {
    let stage = stage((126, 36), 20);
    let mut seen = (0, 0);
    for row in &stage.app.queue.rows {
        let (line, _) = shown(&stage, &row.summary).expect("it is shown");
        let words: Vec<&str> = line.split('│').nth(1).unwrap().split_whitespace().collect();
        let [.., before, clock] = words[..] else { panic!("{line}") };
        let triggered = row.summary.status == Status::Triggered;
        assert_eq!(before == "ack", triggered, "{line}");
        let is_past = row.due.expect("a clock") < stage.now;
        assert_eq!(clock.starts_with('+'), is_past, "{line}");
        seen = (seen.0 + usize::from(triggered), seen.1 + usize::from(is_past));
    }
    assert!(seen.0 > 2 && seen.1 > 2, "{seen:?}");
}

/// Layouts between which a comparison makes no sense.
fn layout_kind(size: (u16, u16)) -> u8 {
    match size {
        (0..80, _) => 0,
        (80..110, _) | (_, 0..30) => 1,
        _ => 2,
    }
}

proptest! {
    #![proptest_config(strategies::config(256))]

    #[test]
    fn more_columns_never_show_less(
        columns in prop::sample::subsequence(default_columns(), 1..=9).prop_shuffle(),
        digits in 4_usize..8,
        height in 10_u16..70,
        lines in 1_u16..60,
        width in 40_u16..300,
    ) {
        let inside = |width: u16| {
            let widths = redphone::tui::queue::columns::row_widths(&columns, digits);
            let cells = |count: usize| u16::try_from(count).expect("few cells");
            let layout = compute(&LayoutInputs {
                size: (width, height),
                focus: Pane::Queue,
                tab: Pane::Detail,
                record: false,
                zoomed: false,
                has_urgent_line: false,
                queue: QueueNeeds {
                    short_row: cells(widths.0),
                    full_row: cells(widths.1),
                    lines,
                    double_lines: 2 * lines,
                },
                queue_share: None,
            });
            layout.slot(Pane::Queue).expect("it is shown").inner().width
        };
        prop_assume!(layout_kind((width, height)) == layout_kind((width + 1, height)));
        let narrow = Columns::for_width(&columns, inside(width).into(), digits);
        let wide = Columns::for_width(&columns, inside(width + 1).into(), digits);
        for (column, before) in &narrow.list {
            let after = wide.width(*column);
            prop_assert!(after >= Some(*before), "{column:?}: {before} and then {after:?}");
        }
        prop_assert!(wide.has_bar >= narrow.has_bar);
        prop_assert!(wide.has_flag >= narrow.has_flag);
    }

    #[test]
    fn columns_fit_into_their_width(
        columns in prop::sample::subsequence(default_columns(), 1..=9).prop_shuffle(),
        digits in 4_usize..12,
        room in 0_usize..300,
    ) {
        let fitted = Columns::for_width(&columns, room, digits);
        let sum: usize = fitted.list.iter().map(|(_, wide)| wide + 1).sum();
        prop_assert!(sum + usize::from(fitted.has_flag) <= room + 1, "{fitted:?}");
        let order: Vec<Column> = fitted.list.iter().map(|(column, _)| *column).collect();
        let chosen: Vec<Column> =
            columns.iter().copied().filter(|column| order.contains(column)).collect();
        prop_assert_eq!(order, chosen);
    }
}

#[test]
fn rows_have_second_lines_where_all_fit() {
    let second_lines = |stage: &Stage| stage.screen().matches("· 3 alerts").count();
    assert_eq!(second_lines(&stage((200, 60), 20)), 20);
    assert_eq!(second_lines(&stage((200, 60), 40)), 0);
    assert_eq!(second_lines(&stage((126, 36), 8)), 8);
    let mut stage = stage((200, 60), 20);
    stage.keys("G");
    assert_eq!(stage.app.queue.index, 19);
    assert_eq!(stage.app.queue.top, 0);
    assert!(shown(&stage, &stage.app.queue.rows[19].summary.clone()).is_some());
}

#[test]
fn wide_screens_are_filled() {
    let stage = stage((200, 60), 20);
    let screen = rows(&stage.buffer());
    let empty = screen.iter().filter(|row| row.replace(['│', ' '], "").is_empty()).count();
    assert!(empty < 20, "{}", screen.join("\n"));
}

#[rstest]
fn unacknowledged_p1_is_louder_than_any_late_row(
    #[values(Depth::None, Depth::Basic, Depth::Indexed, Depth::True)] depth: Depth,
) {
    let memory = company::busy(company::now());
    let mut stage = Stage::blank(memory, (126, 36), depth);
    stage.connect();
    stage.keys("G");
    let buffer = stage.buffer();
    let loudness = |row: &Summary| {
        let number = row.number.expect("a number").0.to_string();
        let wanted = format!("{number} {}", row.priority);
        let line = rows(&buffer).iter().position(|line| line.contains(&wanted))?;
        let cells = &buffer.content[line * 126 + 2..line * 126 + 76];
        let loud = |cell: &&ratatui::buffer::Cell| {
            cell.symbol() != " "
                && cell.modifier.intersects(Modifier::BOLD | Modifier::REVERSED)
                && (depth == Depth::None || cell.fg != ratatui::style::Color::Reset)
        };
        Some(cells.iter().filter(loud).count())
    };
    let of = |wanted: &dyn Fn(&Summary) -> bool| -> Vec<usize> {
        let rows = stage.app.queue.rows.iter().map(|row| &*row.summary);
        rows.filter(|row| wanted(row)).filter_map(loudness).collect()
    };
    let urgent = of(&|row| row.priority == Priority::P1 && row.status == Status::Triggered);
    let others = of(&|row| row.priority != Priority::P1 || row.status != Status::Triggered);
    assert!(!urgent.is_empty() && !others.is_empty());
    if depth != Depth::None {
        assert!(urgent.iter().min() > others.iter().max(), "{urgent:?} {others:?}");
    }
    let reversed =
        buffer.content.iter().filter(|c| c.modifier.contains(Modifier::REVERSED)).count();
    assert!(reversed > 0);
}

#[test]
fn new_and_changed_rows_are_marked_until_turned_to() {
    let mut stage = Stage::busy();
    let (changed, now) = (stage.incident_id(2050), stage.now);
    company::declare(&stage.memory, now, 1, "Brand new", "vault", Impact::Low, Impact::Low, |_| {});
    stage.execute_as_other(changed, IncidentCommand::AddNote { text: "seen".into() });
    let marked = |stage: &Stage, text: &str, mark: char| {
        let screen = stage.screen();
        let line = screen.lines().find(|line| line.contains(text)).map(str::to_owned);
        line.unwrap_or_else(|| panic!("{text} in {screen}")).contains(mark)
    };
    stage.keys("G");
    assert!(marked(&stage, "2050 P2", '◦'), "{}", stage.screen());
    let new = stage.app.queue.unread.len();
    assert_eq!(new, 2, "{:?}", stage.app.queue.unread);
    // Nobody is at the keyboard for an hour: the marks stay. With keys they end after a while.
    let mut away = Stage::busy();
    away.execute_as_other(changed, IncidentCommand::AddNote { text: "seen".into() });
    away.pass(60);
    assert_eq!(away.app.queue.unread.len(), 1);
    away.keys("G");
    away.pass(1);
    assert_eq!(away.app.queue.unread.len(), 1);
    away.pass(2);
    assert_eq!(away.app.queue.unread.len(), 0);
    // A visited row is read.
    while stage.selected() != "INC-2050" {
        stage.keys("k");
    }
    stage.keys("k");
    assert!(!marked(&stage, "2050 P2", '◦'), "{}", stage.screen());
}

#[test]
fn own_commands_are_no_news() {
    let mut stage = Stage::busy();
    stage.keys("a");
    stage.settle();
    assert!(stage.app.queue.unread.is_empty(), "{:?}", stage.app.queue.unread);
}

#[test]
fn border_moves_with_keys_and_is_stored() {
    let mut stage = stage((126, 36), 20);
    let queue = |stage: &Stage| stage.app.layout().slot(Pane::Queue).expect("a slot").area.width;
    let before = queue(&stage);
    stage.keys("> >");
    assert!(queue(&stage) > before);
    stage.keys("< < < <");
    assert!(queue(&stage) < before);
    let Some(DraftOp::RememberScreen(remembered)) = stage.draft_ops.last().cloned() else {
        panic!("{:?}", stage.draft_ops)
    };
    let width = queue(&stage);
    let mut later = self::stage((126, 36), 20);
    later.send(Message::ScreenState(remembered));
    assert_eq!(queue(&later), width);
    for _ in 0..60 {
        later.keys(">");
    }
    assert!(queue(&later) <= 101 && later.screen().contains("2 Detail"), "{}", later.screen());
    let wide = ScreenState { queue_share: Some(999), ..ScreenState::default() };
    later.send(Message::ScreenState(wide));
    assert!(queue(&later) <= 101);
    later.send(Message::ScreenState(ScreenState::default()));
    assert_eq!(queue(&later), before);
}

#[test]
fn heading_of_a_group_describes_it() {
    let mut stage = Stage::busy_at((200, 60));
    stage.keys("f");
    let screen = stage.screen();
    let line = screen.lines().find(|line| line.contains("▸ workers")).expect("a head");
    assert!(line.contains(" 12 ") && line.contains("P4 12"), "{line}");
    assert!(line.contains("4 unack"), "{line}");
    let group = stage.app.queue.groups.iter().find(|group| group.service == "workers").unwrap();
    let due = |index: usize| stage.app.queue.rows[index].due.expect("a clock");
    assert!(group.rows.clone().all(|index| due(index) >= due(group.worst_clock)));
}

/// Counts the bytes of frames.
struct Counted(usize, (u16, u16));

impl Sink for Counted {
    fn send_frame(&mut self, bytes: Vec<u8>) -> std::io::Result<()> {
        self.0 += bytes.len();
        Ok(())
    }

    fn size(&self) -> std::io::Result<(u16, u16)> {
        Ok(self.1)
    }
}

#[rstest]
fn a_row_down_writes_at_most_600_bytes(
    #[values((200, 60), (126, 36), (100, 30), (80, 24))] size: (u16, u16),
    #[values(Depth::True, Depth::Indexed)] depth: Depth,
    #[values(8, 20)] count: usize,
) {
    let mut stage = stage_with_depth(size, count, depth);
    let mut terminal = Terminal::new(Framed::new(Counted(0, size))).expect("a sink");
    let mut draw = |stage: &mut Stage| {
        let before = terminal.backend().sink().0;
        prepare(&mut stage.app);
        terminal.draw(|frame| view(&stage.app, frame)).expect("a sink");
        terminal.backend().sink().0 - before
    };
    draw(&mut stage);
    for row in 1..count.min(8) {
        let _ = perform(&mut stage.app, Action::Down, company::now());
        let written = draw(&mut stage);
        assert!(written <= 600, "{written} bytes to row {row} of {count}, {size:?}");
    }
}
