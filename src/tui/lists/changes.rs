//! The screen of changes: planned ones, those that run, and those that ran; as a list, or as a calendar
//! by day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};

use crate::backend::lists::{ChangeSearch, IncidentBrief, MAX_ROWS, Suspicion};
use crate::model::change::{Change, ChangeState};
use crate::model::time::format_duration;

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::lists::shared::{MEDIUM, OWNER_WIDTH, WIDE, day, detail, one_line, today};
use crate::tui::screens::columns::{Cell, ColumnSpec, fit, heading, line};
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::text::{Line, Span};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct ChangesScreen;

const STARTS: &str = "STARTS";
const TOOK: &str = "TOOK";
const STATE: &str = "STATE";
const KIND: &str = "KIND";
const TITLE: &str = "CHANGE";
const SERVICES: &str = "SERVICES";
const BY: &str = "BY";
const SUSPECT: &str = "SUSPECT OF";

const SUSPECT_WIDTH: usize = 14;
/// The width of the list from which on the state has a column.
const STATE_FROM: usize = 40;
/// The width of the list from which on the approval is shown next to the state.
const APPROVAL_FROM: usize = 90;
/// The position of the calendar among the orders.
const CALENDAR: usize = 3;
/// How many days the calendar shows, and how many of them have passed.
const CALENDAR_DAYS: u64 = 14;
const PAST_DAYS: u64 = 7;
/// How many changes are read for the calendar.
const CALENDAR_ROWS: u32 = MAX_ROWS;
/// How many days `[` and `]` move it.
const STEP_DAYS: i64 = 7;
/// The widths of a day above the calendar: the most, and the least, which has room for a mark.
const DAY_CELLS: (usize, usize) = (8, 4);
/// The width of the list below which a change begins without its year.
const YEAR_FROM: usize = 56;

/// Returns the columns that are shown. Where no change has an approval or is a suspect, the title gets the
/// room for that.
fn columns(room: usize, screen: &ListScreen) -> Vec<ColumnSpec> {
    let shows_approval =
        room >= APPROVAL_FROM && rows(screen).iter().any(|change| change.approval.is_some());
    let state_width = if shows_approval { 19 } else { 11 };
    let services_width = if room < WIDE { 14 } else { 22 };
    let has_suspects = matches!(&screen.data, ScreenData::Changes(_, some) if !some.is_empty());
    let suspect_from = if has_suspects { 108 } else { usize::MAX };
    fit(
        &[
            ColumnSpec::new(STARTS, if room < YEAR_FROM { 11 } else { 16 }, 0),
            ColumnSpec::new(STATE, state_width, STATE_FROM),
            ColumnSpec::fill(TITLE),
            ColumnSpec::new(SERVICES, services_width, MEDIUM),
            ColumnSpec::new(SUSPECT, SUSPECT_WIDTH, suspect_from),
            ColumnSpec::new(KIND, 11, 156),
            ColumnSpec::new(TOOK, 6, 140).right(),
            ColumnSpec::new(BY, OWNER_WIDTH, 120),
        ],
        room,
    )
}

fn rows(screen: &ListScreen) -> &[Change] {
    match &screen.data {
        ScreenData::Changes(rows, _) => rows,
        _ => &[],
    }
}

/// Returns the incidents of which a change is suspected, the newest first.
fn suspicion<'a>(screen: &'a ListScreen, change: &Change) -> Option<&'a Suspicion> {
    match &screen.data {
        ScreenData::Changes(_, suspicions) => {
            suspicions.iter().find(|suspicion| suspicion.change == change.id)
        }
        _ => None,
    }
}

/// Returns the incidents of which a change is suspected, in a few characters.
fn suspect_of(suspicion: &Suspicion) -> String {
    let first = suspicion.incidents.first().map(IncidentBrief::label).unwrap_or_default();
    match suspicion.incident_count.saturating_sub(1) {
        0 => first,
        others => format!("{first} +{others}"),
    }
}

/// Returns whether the screen shows the calendar: it was chosen as the order, or moved.
fn is_calendar(screen: &ListScreen) -> bool {
    screen.order == CALENDAR || screen.offset != 0
}

/// Returns the first day of the calendar, in the viewer's zone.
fn first_day(app: &App, screen: &ListScreen) -> NaiveDate {
    let start = today(app).checked_sub_days(Days::new(PAST_DAYS)).unwrap_or_default();
    let moved = i64::from(screen.offset) * STEP_DAYS;
    let by = Days::new(moved.unsigned_abs());
    let date = if moved < 0 { start.checked_sub_days(by) } else { start.checked_add_days(by) };
    date.unwrap_or(start)
}

/// Returns the days of the calendar.
fn days(app: &App, screen: &ListScreen) -> impl Iterator<Item = NaiveDate> {
    let first = first_day(app, screen);
    (0..CALENDAR_DAYS).filter_map(move |days| first.checked_add_days(Days::new(days)))
}

/// Returns the first and the last day of a change, in the viewer's zone.
fn span(app: &App, change: &Change) -> (NaiveDate, NaiveDate) {
    (day(app, change.starts_at), day(app, change.last_instant(app.backend_now())))
}

/// Returns the changes of a day.
fn of_day<'a>(
    app: &'a App,
    screen: &'a ListScreen,
    date: NaiveDate,
) -> impl Iterator<Item = &'a Change> {
    rows(screen).iter().filter(move |change| {
        let (first, last) = span(app, change);
        (first..=last).contains(&date)
    })
}

/// Returns an item for each day of the calendar on which a change runs; only the first one where
/// the list is not by day.
fn items_of_days(
    app: &App,
    titles: &BTreeMap<NaiveDate, String>,
    is_by_day: bool,
    (change, item): (&Change, &ListItem),
) -> Vec<ListItem> {
    let (first, last) = span(app, change);
    let number_of = |date: NaiveDate| (date - first).num_days() + 1;
    let most = if is_by_day { usize::MAX } else { 1 };
    let days = titles.range(first..=last).take(most).map(|(date, title)| {
        let number = number_of(*date);
        let mut item = item.clone();
        let begins = if number == 1 {
            app.clock().local_time(change.starts_at)
        } else {
            // Those that run on come first.
            item.key = format!("{} {date}", item.key);
            date.and_time(NaiveTime::MIN)
        };
        for order in [0, CALENDAR] {
            item.ranks[order] = Rank::Number(begins.and_utc().timestamp());
        }
        if last > first {
            item.notes.push(match change.ends_at {
                Some(_) => format!("day {number}/{}", number_of(last)),
                None => format!("day {number}"),
            });
        }
        item.section = Some(title.clone());
        item
    });
    days.collect()
}

/// Returns whether a change ended badly.
fn has_failed(change: &Change) -> bool {
    matches!(change.state, ChangeState::Failed | ChangeState::RolledBack)
}

/// Returns the title of a day of the calendar, with its changes.
fn day_title(app: &App, screen: &ListScreen, date: NaiveDate) -> String {
    let (count, failed) = of_day(app, screen, date)
        .fold((0, 0), |(count, failed), one| (count + 1, failed + usize::from(has_failed(one))));
    let mut title = format!("{} · {count}", date.format("%a %Y-%m-%d"));
    if date == today(app) {
        title.push_str(" · today");
    }
    if failed > 0 {
        title = format!("{title} · {failed} failed");
    }
    title
}

/// Returns the state of a change, with its approval if that is informative.
fn state(change: &Change) -> String {
    match change.shown_approval() {
        Some(approval) => format!("{}, {approval}", change.state),
        None => change.state.to_string(),
    }
}

/// Returns the lines above the calendar: its days, and the number of changes of each below it.
fn strip(app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
    let theme = app.ui.theme;
    let all: Vec<NaiveDate> = days(app, screen).collect();
    let cell = (width / all.len().max(1)).clamp(DAY_CELLS.1, DAY_CELLS.0);
    // A column on each side is for the marks of days that do not fit.
    let fits = if all.len() * cell <= width { all.len() } else { width.saturating_sub(2) / cell };
    // Those that passed give way before today does.
    let today_at = all.iter().position(|date| *date == today(app)).unwrap_or(0);
    let first = today_at.min(all.len().saturating_sub(fits));
    let (mut dates, mut counts) = (Line::default(), Line::default());
    if first > 0 {
        dates.push_span(Span::styled("‹", theme.dim()));
        counts.push_span(Span::raw(" "));
    }
    for date in all.iter().copied().skip(first).take(fits) {
        let of_day: Vec<&Change> = of_day(app, screen, date).collect();
        let (mark, date_style) =
            if date == today(app) { ("*", theme.strong()) } else { ("", theme.dim()) };
        let style = if of_day.iter().any(|change| has_failed(change)) {
            theme.past()
        } else if of_day.is_empty() {
            theme.dim()
        } else {
            theme.text()
        };
        let count = if of_day.is_empty() { "·".to_owned() } else { of_day.len().to_string() };
        let date = format!("{}{mark}", date.format("%d"));
        dates.push_span(Span::styled(format!("{date:<cell$}"), date_style));
        counts.push_span(Span::styled(format!("{count:<cell$}"), style));
    }
    if first + fits < all.len() {
        dates.push_span(Span::styled("›", theme.dim()));
    }
    vec![dates, counts]
}

fn start(app: &App, at: DateTime<Utc>) -> String {
    app.clock().local_time(at).format("%Y-%m-%d %H:%M").to_string()
}

/// Returns how long a change took, or has taken so far.
fn took(change: &Change, now: DateTime<Utc>) -> String {
    match change.ends_at {
        Some(end) => format_duration(end - change.starts_at),
        None if change.state == ChangeState::Running && now > change.starts_at => {
            format_duration(now - change.starts_at)
        }
        None => String::new(),
    }
}

/// Returns the services that a change touches; those that the directory does not have are marked.
fn services(app: &App, change: &Change) -> String {
    let labels: Vec<_> = change.services.iter().map(|name| app.service_label(name)).collect();
    one_line(&labels.join(", "))
}

/// Returns the part of the list that a change belongs to.
fn section(change: &Change, now: DateTime<Utc>) -> &'static str {
    match change.state {
        _ if change.starts_at > now => "Planned",
        ChangeState::Planned => "Planned, and not begun",
        ChangeState::Running if change.ends_at.is_none() => "Running",
        _ => "Ended",
    }
}

fn text(app: &App, change: &Change) -> String {
    format!(
        "{} {} {} ({}, {}) by {}",
        start(app, change.starts_at),
        change.kind,
        one_line(&change.title),
        state(change),
        one_line(&change.services.join(", ")),
        one_line(change.by.name())
    )
}

impl ScreenLogic for ChangesScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["service", "state", "kind", "by", "approval", "suspect"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["latest first", "by service", "by title", "by day, as a calendar"]
    }

    fn has_steps(&self) -> bool {
        true
    }

    fn has_sections(&self, order: usize) -> bool {
        order == 0 || order == CALENDAR
    }

    fn request(&self, app: &App, screen: &ListScreen, limit: u32) -> Option<ScreenRequest> {
        if !is_calendar(screen) {
            return Some(ScreenRequest::Changes(ChangeSearch::first(limit)));
        }
        // A day more at both ends, as days are those of the viewer's zone.
        let first = first_day(app, screen);
        let from = first.checked_sub_days(Days::new(1)).unwrap_or(first);
        let until = first.checked_add_days(Days::new(CALENDAR_DAYS + 1)).unwrap_or(first);
        let midnight = |date: NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc();
        Some(ScreenRequest::Changes(ChangeSearch {
            since: Some(midnight(from)),
            until: Some(midnight(until)),
            // Its days are counted: all of them are read, as far as that goes.
            ..ChangeSearch::first(limit.max(CALENDAR_ROWS))
        }))
    }

    fn items(&self, app: &App, screen: &ListScreen) -> Vec<ListItem> {
        let now = app.backend_now();
        let is_calendar = is_calendar(screen);
        let titles: BTreeMap<NaiveDate, String> = if is_calendar {
            days(app, screen).map(|date| (date, day_title(app, screen, date))).collect()
        } else {
            BTreeMap::new()
        };
        let item = |(index, change): (usize, &Change)| {
            let mut terms = vec![
                ("state", change.state.to_string()),
                ("kind", change.kind.to_string()),
                ("by", change.by.name().to_owned()),
            ];
            terms.extend(change.by.person().map(|person| ("by", person.handle.clone())));
            terms.extend(change.services.iter().map(|service| ("service", service.clone())));
            terms.extend(change.approval.map(|approval| ("approval", approval.to_string())));
            let suspected = suspicion(screen, change).into_iter().flat_map(|one| &one.incidents);
            terms.extend(suspected.map(|incident| ("suspect", incident.label())));
            let by_day = Rank::Number(change.starts_at.timestamp());
            // Sections are contiguous: running ones come between planned and ended ones.
            let part = match section(change, now) {
                "Planned" => 0,
                "Planned, and not begun" => 1,
                "Running" => 2,
                _ => 3,
            };
            let latest =
                Rank::Number((part << 44) - change.starts_at.timestamp().clamp(0, (1 << 43) - 1));
            let item = ListItem {
                key: change.id.to_string(),
                index,
                text: format!(
                    "{} {} {}",
                    change.title,
                    change.services.join(" "),
                    change.by.name()
                ),
                terms,
                ranks: vec![
                    latest,
                    change.services.first().map_or(Rank::Last, |service| Rank::text(service)),
                    Rank::text(&change.title),
                    by_day,
                ],
                section: Some(section(change, now).into()),
                ..ListItem::default()
            };
            if !is_calendar {
                return vec![item];
            }
            items_of_days(app, &titles, self.has_sections(screen.order), (change, &item))
        };
        rows(screen).iter().enumerate().flat_map(item).collect()
    }

    fn about(&self, app: &App, screen: &ListScreen) -> Vec<String> {
        let now = app.backend_now();
        let running =
            rows(screen).iter().filter(|change| section(change, now) == "Running").count();
        let mut about = Vec::new();
        if running > 0 {
            about.push(format!("{running} running"));
        }
        about.push(app.clock().name_at(now));
        about
    }

    fn context_lines(&self, app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
        if is_calendar(screen) { strip(app, screen, width) } else { Vec::new() }
    }

    fn heading(&self, app: &App, screen: &ListScreen, width: usize) -> Vec<Line<'static>> {
        vec![heading(&columns(width, screen), app.ui.theme.dim())]
    }

    fn lines(
        &self,
        app: &App,
        screen: &ListScreen,
        item: &ListItem,
        width: usize,
    ) -> Vec<Line<'static>> {
        let Some(change) = rows(screen).get(item.index) else { return vec![Line::default()] };
        let theme = app.ui.theme;
        let suspicion = suspicion(screen, change);
        let state_style = match change.state {
            ChangeState::Running => theme.near(),
            ChangeState::Failed | ChangeState::RolledBack => theme.past(),
            _ => theme.dim(),
        };
        let shown_state =
            if width < APPROVAL_FROM { change.state.to_string() } else { state(change) };
        let mut starts = start(app, change.starts_at);
        let starts = if width < YEAR_FROM { starts.split_off(5) } else { starts };
        let mut title = vec![Span::styled(one_line(&change.title), theme.text())];
        if width < STATE_FROM && has_failed(change) {
            title.insert(0, Span::styled(format!("{}: ", change.state), state_style));
        }
        let days = item.notes.iter().map(|note| Span::styled(format!("{note} "), theme.dim()));
        title.splice(0..0, days);
        let mut lines = vec![line(
            &columns(width, screen),
            vec![
                Cell::new(STARTS, starts, theme.dim()),
                Cell::new(STATE, shown_state, state_style),
                Cell::of_spans(TITLE, title),
                Cell::new(SERVICES, services(app, change), theme.text()),
                Cell::new(SUSPECT, suspicion.map(suspect_of).unwrap_or_default(), theme.strong()),
                Cell::new(KIND, change.kind.to_string(), theme.dim()),
                Cell::new(TOOK, took(change, app.backend_now()), theme.dim()),
                Cell::new(BY, one_line(change.by.name()), theme.dim()),
            ],
        )];
        if screen.is_expanded(item) {
            let end = change.ends_at.map_or_else(|| "not reported".into(), |end| start(app, end));
            for (name, text) in [
                ("State", state(change)),
                ("Kind", change.kind.to_string()),
                ("Services", services(app, change)),
                ("By", change.by.name().to_owned()),
                ("End", end),
                ("Page", change.url.clone().unwrap_or_default()),
            ] {
                lines.extend(detail(app, name, &text, width));
            }
            if let Some(approval) = change.approval {
                lines.extend(detail(app, "Approval", approval.as_str(), width));
            }
            for incident in suspicion.into_iter().flat_map(|suspicion| &suspicion.incidents) {
                let name = format!("Suspect of {} {}", incident.label(), incident.priority);
                lines.extend(detail(app, &name, &incident.title, width));
            }
        }
        lines
    }

    fn empty_text(&self, app: &App, screen: &ListScreen) -> String {
        if is_calendar(screen) {
            let keymap = &app.ui.keymap;
            let earlier = keymap.hint_suffix(Action::EarlierSpan, "goes back a week");
            let later = keymap.hint_suffix(Action::LaterSpan, "goes on a week");
            return format!("There is no change in these two weeks{earlier}{later}");
        }
        "No changes were recorded. GitHub, GitLab and CI send theirs to the API, and `redphone \
         change start` records one: `redphone help github`."
            .into()
    }

    /// Shows the details. Where they are shown, the incident is opened of which the change is suspected;
    /// of several, one is chosen.
    fn enter(&self, _: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        let change = rows(screen).get(item.index).filter(|_| screen.is_expanded(item));
        let suspicion = change.and_then(|change| suspicion(screen, change));
        match suspicion.map(|suspicion| suspicion.incidents.as_slice()) {
            Some([one]) => Entered::Incident(one.id),
            Some([]) | None => Entered::Details,
            Some(several) => Entered::Choose(several.to_vec()),
        }
    }

    fn copies(&self, app: &App, screen: &ListScreen, item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(change) = item.and_then(|item| rows(screen).get(item.index)) else {
            return Vec::new();
        };
        // A change of several days is listed several times.
        let mut seen = BTreeSet::new();
        let listed = screen.items.iter().filter(|item| seen.insert(item.index));
        let listed = listed.filter_map(|item| rows(screen).get(item.index));
        let all: Vec<String> = listed.map(|change| format!("- {}", text(app, change))).collect();
        let mut copies = vec![CopyText { key: 't', what: "this change", text: text(app, change) }];
        let page = change.url.as_deref().map(one_line);
        copies.extend(page.map(|text| CopyText { key: 'u', what: "its page", text }));
        copies.push(CopyText { key: 'a', what: "all that are listed", text: all.join("\n") });
        copies
    }
}
