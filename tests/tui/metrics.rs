//! The metrics pane.

use chrono::{FixedOffset, TimeDelta};
use ratatui::style::Color;
use redphone::backend::BackendError;
use redphone::model::measures::sheet::Page;
use redphone::sync::Sourced;
use redphone::tui::core::message::Message;
use redphone::tui::core::pane::Pane;
use redphone::tui::core::zone::{OffsetChange, ViewerZone};
use redphone::tui::widgets::text::Line;
use rstest::rstest;

use super::timeline::{at, reading};
use crate::support::company;
use crate::support::stage::Stage;

#[test]
fn measure_days_name_their_starting_hour() {
    let mut stage = Stage::busy();
    stage.keys("4 } } z");
    let axis = |stage: &Stage| {
        let screen = stage.screen();
        screen.lines().rfind(|line| line.contains("05-15")).map(str::to_owned).expect("an axis")
    };
    assert!(axis(&stage).contains("  UTC "), "{}", axis(&stage));
    stage.zone(2);
    assert!(axis(&stage).contains("  UTC+2"), "{}", axis(&stage));
}

/// The clocks went forward three days ago, within the 7 days of the window.
#[test]
fn axis_names_both_offsets_of_its_window() {
    let mut stage = Stage::busy();
    stage.zone(1);
    let at = company::now() - TimeDelta::days(3);
    let offset = FixedOffset::east_opt(2 * 3600).expect("a zone");
    stage.send(Message::OffsetChanges(ViewerZone::new(vec![OffsetChange { at, offset }], None)));
    stage.keys("4 } } z");
    assert!(stage.screen().contains("  UTC+1, UTC+2"), "{}", stage.screen());
}

#[test]
fn failing_measures_are_reported_once_and_not_every_minute() {
    let mut stage = Stage::busy();
    let fails = |stage: &mut Stage| {
        let (span, error) = (stage.app.metrics.span, BackendError::Broken("a page".into()));
        stage.send(Message::Measures(span, Err(error), stage.now));
    };
    fails(&mut stage);
    assert!(stage.screen().contains("computing measures: "), "{}", stage.screen());
    stage.keys("j a");
    let reported = stage.screen().lines().last().map(str::to_owned);
    fails(&mut stage);
    assert_eq!(stage.screen().lines().last().map(str::to_owned), reported);
    // After a success, the next failure is reported again.
    let measures = stage.app.metrics.loaded.clone().expect("they were there").1;
    stage.send(Message::Measures(stage.app.metrics.span, Ok(Sourced::fresh(measures)), stage.now));
    fails(&mut stage);
    assert!(stage.screen().contains("computing measures: "), "{}", stage.screen());
}

#[test]
fn keys_change_the_window_of_the_metrics() {
    let mut stage = reading((126, 36));
    stage.keys("4 [");
    assert_eq!(at(&stage), None);
    assert!(stage.screen().contains("24 h"), "{}", stage.screen());
}

#[test]
fn levels_are_never_cut_whatever_the_width() {
    for columns in (40..=200).step_by(3) {
        let mut stage = Stage::busy_at((columns, 60));
        stage.keys("4");
        for line in &*stage.app.metrics.lines {
            let inside = usize::from(
                stage.app.layout().slot(Pane::Metrics).expect("it is shown").inner().width,
            );
            assert!(line.width() <= inside, "{columns}: {} of {inside}", line.width());
        }
    }
}

#[test]
fn columns_of_several_days_are_called_so() {
    let mut stage = Stage::busy_at((100, 30));
    stage.keys("4 ] ]");
    let screen = stage.screen();
    assert!(!screen.contains("  by day"), "{screen}");
    assert!(screen.contains(" days"), "{screen}");
}

/// Turns to a page of the metrics, zoomed.
fn page_at(size: (u16, u16), turns: usize) -> Stage {
    let mut stage = Stage::busy_at(size);
    stage.keys("4 z ]");
    for _ in 0..turns {
        stage.keys("}");
    }
    stage
}

#[rstest]
#[case(0, "overview", "reported")]
#[case(1, "times", "MTTR")]
#[case(2, "volume", "incidents by day")]
#[case(3, "levels", "acknowledged")]
#[case(4, "recurring", "recurring faults")]
#[case(5, "budgets", "99.9 %")]
#[case(6, "people", "nobody was paged")]
#[case(7, "practice", "P1 and P2 reviewed")]
fn each_page_fits_every_size(#[case] turns: usize, #[case] name: &str, #[case] content: &str) {
    for size in [(200, 60), (126, 36), (80, 24), (60, 20), (40, 12)] {
        let mut stage = page_at(size, turns);
        let screen = stage.screen();
        assert!(screen.contains(&format!("[{name}]")), "{screen}");
        if size.0 < 80 {
            assert!(screen.contains(&format!("[{name}] {} of 8 }}", turns + 1)), "{screen}");
        }
        if size.0 >= 126 {
            assert!(screen.contains("{ ") && screen.contains("practice"), "{screen}");
            assert!(!screen.contains("1 overview"), "no name looks like a key: {screen}");
        }
        if size.1 >= 24 {
            assert!(screen.contains(content), "{size:?}: {screen}");
        }
        let slot = stage.app.layout().slot(Pane::Metrics).expect("it is shown").inner();
        for line in &*stage.app.metrics.lines {
            assert!(line.width() <= usize::from(slot.width), "{size:?} {name}: {line:?}");
        }
        // Every row can be reached.
        stage.keys("G");
        let (top, rows) = (stage.app.metrics.top, &stage.app.metrics.row_lines);
        let last = *rows.get(stage.app.metrics.row).unwrap_or(&0);
        assert!((top..top + usize::from(slot.height)).contains(&last), "{size:?} {name}");
    }
}

/// The most important figures of each page are shown whatever the width: others give way first.
#[rstest]
#[case(1, "times ", &["mean", "median"])]
#[case(1, "by service", &["MTTA", "MTTR"])]
#[case(2, "volume", &["reported"])]
#[case(3, "service levels", &["in time"])]
#[case(3, "by priority", &["acknowledged", "resolved"])]
#[case(4, "recurring faults", &["count", "last"])]
#[case(5, "error budgets", &["used"])]
#[case(5, "checkout", &["11 %"])]
#[case(6, "people", &["pages", "by night"])]
#[case(7, "practice", &["share"])]
fn main_figures_of_a_page_fit_every_size(
    #[case] turns: usize,
    #[case] begins: &str,
    #[case] figures: &[&str],
) {
    for size in [(200, 60), (126, 36), (80, 24), (60, 20), (40, 12)] {
        let stage = page_at(size, turns);
        let shown = |line: &Line<'_>| -> String {
            line.spans.iter().map(|span| span.content.to_string()).collect()
        };
        let lines: Vec<String> = stage.app.metrics.lines.iter().map(shown).collect();
        let has_figures = |line: &String| {
            let table = line.find(begins).map(|at| &line[at..]).unwrap_or_default();
            figures.iter().all(|figure| table.contains(figure))
        };
        assert!(lines.iter().any(has_figures), "{size:?}: {lines:#?}");
    }
}

#[test]
fn headline_of_a_page_has_no_half_figures() {
    for columns in (40..70).step_by(2) {
        let stage = page_at((columns, 24), 3);
        let headline: String =
            stage.app.metrics.lines[1].spans.iter().map(|span| span.content.to_string()).collect();
        let full = "in time: acknowledged 88 % (5 missed), resolved 100 % (0 missed)";
        let part = headline.split(" …").next().unwrap_or_default();
        let rest = full.strip_prefix(part).filter(|rest| rest.is_empty() || rest.starts_with(' '));
        assert!(rest.is_some() || headline.starts_with(full), "{columns}: {headline}");
    }
}

#[test]
fn pages_turn_round_the_end() {
    let mut stage = page_at((126, 36), 8);
    assert_eq!(stage.app.metrics.page, Page::Overview);
    stage.keys("{");
    assert_eq!(stage.app.metrics.page, Page::Practice);
}

#[test]
fn overview_that_fills_the_screen_has_rows_that_open_incidents() {
    let mut stage = page_at((126, 36), 0);
    let screen = stage.screen();
    assert!(screen.contains("incidents by day") && screen.contains("MTTD"), "{screen}");
    stage.keys("y");
    assert!(stage.copied.last().is_some_and(|text| text.starts_with("## Overview")));
    stage.keys("j Enter");
    let filter = stage.app.queue.filter().to_string();
    assert!(filter.starts_with("is:any on:"), "{filter}");
}

/// With the rows of the table beside it, and the full width for the chart alone where that is narrow.
#[test]
fn charts_use_the_width_of_the_screen() {
    for (size, least) in [((200, 60), 180), ((126, 36), 110), ((80, 24), 70)] {
        let stage = page_at(size, 2);
        let widest = stage.app.metrics.lines.iter().map(|line| {
            let text: String = line.spans.iter().map(|span| span.content.as_str()).collect();
            text.trim_end().chars().count()
        });
        assert!(widest.max().is_some_and(|widest| widest >= least), "{size:?}");
    }
}

/// On the day with 20 incidents at least 9 are of P4, of 14 lines six or more. Their letters have the colour of
/// their ground, so that only a terminal without colours shows them.
#[test]
fn stacked_columns_consist_of_letters_in_their_colour() {
    let stage = page_at((200, 60), 2);
    let screen = stage.screen();
    assert!(screen.contains("1 P1") && screen.contains("4 P4"), "{screen}");
    assert!(screen.lines().filter(|line| line.contains("444")).count() >= 5, "{screen}");
    let buffer = stage.buffer();
    let filled = |cell: &&ratatui::buffer::Cell| cell.symbol() == "4" && cell.fg == cell.bg;
    let colored = buffer.content.iter().filter(filled).filter(|cell| cell.fg != Color::Reset);
    assert!(colored.count() > 10);
}

#[test]
fn enter_opens_the_incidents_behind_a_row() {
    let mut stage = page_at((126, 36), 2);
    stage.keys("Enter");
    assert_eq!(stage.app.ui.focus, Pane::Queue);
    let filter = stage.app.queue.filter().to_string();
    assert!(filter.starts_with("is:any on:") && filter.contains(" p1 "), "{filter}");
}

/// The cursor comes to the days of the map behind the five rows of the first table, at the hour with most of a day.
#[rstest]
#[case((200, 60))]
#[case((126, 36))]
#[case((108, 36))]
#[case((80, 24))]
fn hour_of_the_map_opens_its_incidents(#[case] size: (u16, u16)) {
    let mut stage = page_at(size, 2);
    let heat = stage.app.metrics.pages.loaded[0].pages.heat.clone();
    let most = heat.iter().flatten().copied().max().unwrap();
    let found = heat
        .iter()
        .enumerate()
        .find_map(|(day, hours)| Some((day, hours.iter().position(|count| *count == most)?)));
    let (day, hour) = found.unwrap();
    for _ in 0..5 + day {
        stage.keys("j");
    }
    let name = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"][day];
    let figure = format!("{name} {hour:02}:00–{:02}:00: {most}", (hour + 1) % 24);
    assert!(stage.screen().contains(&figure), "{figure}: {}", stage.screen());
    if hour > 0 {
        stage.keys("Left");
        assert_eq!(stage.app.metrics.hour, Some(hour - 1));
        stage.keys("Right");
    }
    stage.keys("Enter");
    let filter = stage.app.queue.filter().to_string();
    assert!(filter.starts_with("is:any on:"), "{filter}");
    assert_eq!(stage.app.ui.focus, Pane::Queue);
}

#[test]
fn hour_without_incidents_opens_nothing() {
    let mut stage = page_at((126, 36), 2);
    let heat = stage.app.metrics.pages.loaded[0].pages.heat.clone();
    let found = heat
        .iter()
        .enumerate()
        .find_map(|(day, hours)| Some((day, hours.iter().position(|count| *count == 0)?)));
    let (day, hour) = found.unwrap();
    for _ in 0..5 + day {
        stage.keys("j");
    }
    for _ in 0..24 {
        stage.keys("Left");
    }
    for _ in 0..hour {
        stage.keys("Right");
    }
    assert_eq!(stage.app.metrics.hour, Some(hour));
    stage.keys("Enter");
    assert_eq!(stage.app.ui.focus, Pane::Metrics);
    assert!(stage.screen().contains("no incidents were reported in this hour"));
}

/// The day of the stage is in May 2031.
#[rstest]
#[case("window 2031-03", "2031-03 vs 2031-02")]
#[case("window month", "2031-05 vs 2031-04")]
#[case("window last-month", "2031-04 vs 2031-03")]
fn window_is_a_calendar_month(#[case] line: &str, #[case] expected: &str) {
    let mut stage = page_at((126, 36), 2);
    stage.type_in_palette(line);
    stage.keys("Enter");
    assert!(stage.screen().contains(expected), "{}", stage.screen());
}

#[test]
fn keys_step_through_calendar_months() {
    let mut stage = page_at((126, 36), 2);
    stage.type_in_palette("window month");
    stage.keys("Enter [");
    assert_eq!(stage.app.metrics.span.label(), "2031-04");
    stage.keys("]");
    assert_eq!(stage.app.metrics.span.label(), "2031-05");
    stage.keys("]");
    assert_eq!(stage.app.metrics.span.label(), "30 d");
}

#[test]
fn page_is_copied_as_markdown() {
    let mut stage = page_at((126, 36), 3);
    stage.keys("y");
    let copied = stage.copied.last().expect("it was copied");
    assert!(copied.starts_with("## Levels\n\n30 d vs 30 d before"), "{copied}");
    assert!(copied.contains("\n| P2 | 87 % |"), "{copied}");
}

#[test]
fn pages_follow_the_filter_of_the_queue() {
    let mut stage = page_at((126, 36), 2);
    let reported = |stage: &Stage| {
        let request = &stage.app.metrics.pages.loaded[0];
        (request.pages.now.reported(), request.request.selection.describe())
    };
    let (all, selection) = reported(&stage);
    assert_eq!(selection, "");
    stage.keys("z 1 / p 1 Enter 4 z");
    stage.pass(1);
    let (some, selection) = reported(&stage);
    assert_eq!(selection, "p1");
    assert!(some < all, "{some} of {all}");
}

#[test]
fn breakdown_and_comparison_are_chosen_by_keys() {
    let mut stage = page_at((126, 36), 2);
    assert!(stage.screen().contains("by service"), "{}", stage.screen());
    stage.keys("&");
    assert!(stage.screen().contains("by team"), "{}", stage.screen());
    assert!(stage.screen().contains("change"), "{}", stage.screen());
    stage.keys("%");
    assert!(!stage.screen().contains("change"), "{}", stage.screen());
}

#[test]
fn help_says_what_the_figures_of_the_page_mean() {
    let mut stage = page_at((126, 60), 5);
    stage.keys("?");
    assert!(stage.screen().contains("The figures of the page budgets"), "{}", stage.screen());
}

#[test]
fn page_that_can_not_be_computed_says_why() {
    let mut stage = page_at((126, 36), 1);
    let request = Box::new(stage.app.metrics.pages.loaded[0].request.clone());
    stage.app.metrics.pages.loaded.clear();
    let error = BackendError::Broken("a page".into());
    stage.send(Message::Pages(request, Err(error), stage.now));
    assert!(stage.screen().contains("could not be computed: "), "{}", stage.screen());
}

#[rstest]
#[case((200, 60))]
#[case((126, 36))]
#[case((80, 24))]
fn pages_of_the_metrics_at_each_size(#[case] size: (u16, u16)) {
    for (turns, page) in Page::ALL.iter().enumerate().skip(1) {
        let stage = page_at(size, turns);
        insta::assert_snapshot!(format!("metrics_{page}_{}x{}", size.0, size.1), stage.screen());
    }
}
