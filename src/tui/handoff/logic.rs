//! The handoff of a shift: open incidents by their needs, and the events of the shift.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::backend::{
    ActionItemEntry, ActionItemSearch, ChangeSearch, FeedEntry, FeedSearch, TimeOrder,
};
use crate::model::Summary;
use crate::model::change::Change;
use crate::model::handoff::{
    ACTION_DAYS, Handoff, HandoffEntry, HandoffFormat, HandoffInputs, HandoffPart, HandoffState,
    ShiftAction, ShiftEvent,
};
use crate::model::text::wrap;

use crate::tui::core::app::App;
use crate::tui::screens::columns::cut;
use crate::tui::screens::item::{ListItem, Rank};
use crate::tui::screens::logic::{CopyText, Entered, ScreenLogic};
use crate::tui::screens::{ListScreen, ScreenData, ScreenRequest};
use crate::tui::widgets::text::{Line, Span};

/// The definition of the screen.
#[derive(Clone, Copy, Debug)]
pub struct HandoffScreen;

/// The lengths of shift that can be chosen, in hours.
const SHIFTS: [i64; 5] = [8, 12, 24, 72, 168];
/// The index of the usual one.
const USUAL: i32 = 1;
/// The width from which on the last word is shown in the same line.
const WIDE_FROM: usize = 150;

impl ScreenLogic for HandoffScreen {
    fn terms(&self) -> &'static [&'static str] {
        &["owner", "service", "priority", "incident"]
    }

    fn orders(&self) -> &'static [&'static str] {
        &["by what is needed", "by incident"]
    }

    fn has_steps(&self) -> bool {
        true
    }

    fn request(&self, app: &App, screen: &ListScreen, _limit: u32) -> Option<ScreenRequest> {
        let since = Some(shift_start(app, screen));
        Some(ScreenRequest::Handoff(
            FeedSearch { since, order: TimeOrder::Oldest, ..FeedSearch::first(1000) },
            ChangeSearch { since, ..ChangeSearch::first(100) },
            ActionItemSearch {
                done: Some(false),
                due_before: today(app).checked_add_days(Days::new(ACTION_DAYS + 1)),
                ..ActionItemSearch::first(100)
            },
        ))
    }

    fn items(&self, app: &App, screen: &ListScreen) -> Vec<ListItem> {
        let Some(handoff) = handoff(app, screen) else { return Vec::new() };
        let entries = handoff.entries.iter().enumerate();
        entries.map(|(index, entry)| item(app, &handoff, index, entry)).collect()
    }

    fn about(&self, app: &App, screen: &ListScreen) -> Vec<String> {
        let hours = SHIFTS[shift_index(screen)];
        let length = if hours > 48 { format!("{} days", hours / 24) } else { format!("{hours} h") };
        let mut about = vec![format!("the last {length}")];
        let counts = handoff(app, screen).map(|handoff| handoff.counts());
        // A sentence, of which the title has no end.
        about.extend(counts.map(|counts| counts.trim_end_matches('.').to_owned()));
        about
    }

    fn heading(&self, _app: &App, _screen: &ListScreen, _width: usize) -> Vec<Line<'static>> {
        Vec::new()
    }

    fn lines(
        &self,
        app: &App,
        screen: &ListScreen,
        item: &ListItem,
        width: usize,
    ) -> Vec<Line<'static>> {
        let theme = app.ui.theme;
        let [head, rest @ ..] = &item.notes[..] else { return vec![Line::default()] };
        let style = item.priority.map_or(theme.strong(), |priority| theme.priority(priority));
        let first = Line::from(cut(vec![Span::styled(head.clone(), style)], width));
        let mut lines = vec![first];
        if screen.is_expanded(item) {
            for note in rest {
                let wrapped = wrap(note.as_str(), width.saturating_sub(2));
                lines.extend(wrapped.into_iter().map(|text| indented(text.as_str(), theme.dim())));
            }
            return lines;
        }
        if width >= WIDE_FROM && rest.len() == 2 {
            let spans = vec![Span::styled(format!("  {}  ·  {}", rest[0], rest[1]), theme.dim())];
            lines.push(Line::from(cut(spans, width)));
            return lines;
        }
        for note in rest {
            let spans = vec![Span::styled(format!("  {note}"), theme.dim())];
            lines.push(Line::from(cut(spans, width)));
        }
        lines
    }

    fn empty_text(&self, app: &App, screen: &ListScreen) -> String {
        if handoff(app, screen).is_none() {
            return "reading …".into();
        }
        "Nothing is open, and nothing ended in this shift: there is nothing to hand over.".into()
    }

    fn enter(&self, app: &App, screen: &ListScreen, item: &ListItem) -> Entered {
        let entry = handoff(app, screen).and_then(|all| all.entries.get(item.index).cloned());
        match entry.and_then(|entry| entry.incident) {
            Some(incident) => Entered::Incident(incident),
            None => Entered::Details,
        }
    }

    fn copies(&self, app: &App, screen: &ListScreen, _item: Option<&ListItem>) -> Vec<CopyText> {
        let Some(handoff) = handoff(app, screen) else { return Vec::new() };
        let time = |at| time_text(app, at);
        let text = handoff.to_text(HandoffFormat::Text, &time);
        let markdown = handoff.to_text(HandoffFormat::Markdown, &time);
        vec![
            CopyText { key: 't', what: "the handoff as text", text },
            CopyText { key: 'm', what: "the handoff as Markdown", text: markdown },
        ]
    }
}

fn shift_index(screen: &ListScreen) -> usize {
    // `[` makes the shift begin earlier.
    let last = i32::try_from(SHIFTS.len()).unwrap_or(1) - 1;
    usize::try_from((USUAL - screen.offset).clamp(0, last)).unwrap_or(0)
}

fn shift_start(app: &App, screen: &ListScreen) -> DateTime<Utc> {
    let hours = SHIFTS[shift_index(screen)];
    app.backend_now() - TimeDelta::hours(hours)
}

/// Returns the handoff as of now; `None` before the shift was read.
fn handoff(app: &App, screen: &ListScreen) -> Option<Handoff> {
    let ScreenData::Handoff(entries, changes, actions) = &screen.data else { return None };
    // From the first page alone nobody could see which incidents are missing.
    let snapshot = app.fetched.snapshot.as_ref().filter(|all| all.counts.is_none())?;
    let open: Vec<&Summary> = snapshot.rows.iter().map(|row| &**row).collect();
    let labels: Vec<String> = entries.iter().map(|entry| entry.incident.label()).collect();
    let event = |(entry, label): (_, _)| shift_event(entry, label);
    let events: Vec<ShiftEvent<'_>> = entries.iter().zip(&labels).map(event).collect();
    let changes: Vec<&Change> = changes.iter().collect();
    let labelled: Vec<(String, &ActionItemEntry)> =
        actions.iter().map(|entry| (entry.incident.label(), entry)).collect();
    let actions: Vec<ShiftAction<'_>> = labelled
        .iter()
        .map(|(label, entry)| ShiftAction { incident: entry.incident.id, label, item: &entry.item })
        .collect();
    Some(Handoff::new(&HandoffInputs {
        since: shift_start(app, screen),
        now: app.backend_now(),
        open: &open,
        events: &events,
        changes: &changes,
        actions: &actions,
        today: today(app),
        levels: &app.session.rules.levels,
        directory: app.fetched.directory.as_deref(),
    }))
}

fn shift_event<'a>(entry: &'a FeedEntry, label: &'a String) -> ShiftEvent<'a> {
    let FeedEntry { incident, event, .. } = entry;
    ShiftEvent { label, title: &incident.title, priority: incident.priority, event }
}

fn item(app: &App, handoff: &Handoff, index: usize, entry: &HandoffEntry) -> ListItem {
    let count = handoff.part(entry.part).count();
    let notes = handoff.entry_lines(entry, &|at| time_text(app, at));
    let mut terms = vec![("incident", entry.label.clone())];
    terms.extend(entry.priority.map(|priority| ("priority", priority.to_string())));
    terms.extend(entry.services.iter().map(|service| ("service", service.clone())));
    if let HandoffState::Open { owner, .. } | HandoffState::Due { owner, .. } = &entry.state {
        terms.extend(owner.clone().map(|owner| ("owner", owner)));
    }
    let position = i64::try_from(index).unwrap_or(0);
    ListItem {
        // An incident may be in several parts.
        key: format!("{:?} {} {} {:?}", entry.part, entry.label, entry.title, happened_at(entry)),
        index,
        text: notes.join(" "),
        terms,
        ranks: vec![Rank::Number(position), Rank::text(&entry.label)],
        section: Some(format!("{} ({count})", entry.part.name())),
        notes,
        priority: entry.priority.filter(|_| entry.part == HandoffPart::Unacknowledged),
    }
}

/// Returns the time of an entry that is not an open incident: an incident may be escalated twice.
fn happened_at(entry: &HandoffEntry) -> Option<DateTime<Utc>> {
    match entry.state {
        HandoffState::Happened { at } => Some(at),
        HandoffState::Open { .. } | HandoffState::Due { .. } => None,
    }
}

/// Returns the current day in the viewer's zone.
fn today(app: &App) -> NaiveDate {
    app.clock().local_time(app.backend_now()).date()
}

/// Formats a time with its day if that is not today.
fn time_text(app: &App, at: DateTime<Utc>) -> String {
    let clock = app.clock();
    let (local, today) = (clock.local_time(at), clock.local_time(app.backend_now()).date());
    if local.date() == today {
        return format!("{} {}", local.format("%H:%M"), clock.name_at(at));
    }
    format!("{} {}", local.format("%a %-d %b %H:%M"), clock.name_at(at))
}

fn indented(text: &str, style: ratatui::style::Style) -> Line<'static> {
    Line::from(Span::styled(format!("  {text}"), style))
}
