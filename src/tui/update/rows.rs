//! From a snapshot to the rows of the queue, with the selection kept by id.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::filter::MatchContext;
use crate::model::queue::{OpenCounts, Sort, compare, urgency_key};
use crate::model::service_level::{ServiceLevels, running_clock};
use crate::model::{IncidentId, Summary};
use crate::sync::Snapshot;

use super::super::app::{App, Pane, SelectionShift};
use super::super::filter_line::FILTER_LINE_ROWS;
use super::super::mode::Mode;
use super::super::queue::{HistoryPages, Line, Queue, Row};

/// Makes the rows anew as they are at `now`.
pub(super) fn derive(app: &mut App, now: DateTime<Utc>) {
    app.now = now;
    let Some(snapshot) = app.snapshot.clone() else { return };
    let levels = app.rules.levels;
    let context = MatchContext { now, me: Some(&app.me.handle), levels: &levels };
    let mut counts = OpenCounts::default();
    let mut next: Option<DateTime<Utc>> = None;
    let mut rows = Vec::with_capacity(snapshot.rows.len());
    for summary in &snapshot.rows {
        counts.add(summary, now, &levels);
        if let Some(change) = next_change(summary, now, &levels) {
            next = Some(next.map_or(change, |n| n.min(change)));
        }
        if app.queue.passes(summary, context) {
            rows.push(Row {
                summary: Arc::clone(summary),
                rank: urgency_key(summary, now, &levels),
            });
        }
    }
    if let Some(pages) = &app.queue.pages {
        add_history(&app.queue, pages, &snapshot, context, &mut rows);
    }
    let sort = app.queue.effective_sort();
    if sort == Sort::Urgent {
        // The usual order, at each typed key: without a look at the incidents themselves.
        rows.sort_unstable_by_key(|row| row.rank);
    } else {
        rows.sort_unstable_by(|a, b| compare(sort, (&a.summary, &a.rank), (&b.summary, &b.rank)));
    }
    if !app.marked.is_empty() && snapshot.counts.is_none() {
        let there: HashSet<IncidentId> = snapshot
            .rows
            .iter()
            .map(|row| row.id)
            .chain(rows.iter().map(|r| r.summary.id))
            .collect();
        app.marked.retain(|id| there.contains(id));
    }
    let largest = rows.iter().filter_map(|row| row.summary.number).max();
    let digits = largest.map_or(4, |number| number.0.to_string().len());
    let queue = &mut app.queue;
    queue.counts = snapshot.counts.unwrap_or(counts);
    queue.next_change = next;
    queue.number_width = digits.max(4);
    let old = selectables(queue);
    queue.rows = rows;
    queue.rebuild_lines();
    reselect(queue, &old);
}

/// Makes the rows anew after something has happened by itself. Where what was selected has left, a key
/// that was meant for it must not hit its neighbour.
pub(super) fn derive_unprompted(app: &mut App, at: DateTime<Utc>) {
    let before = app.selected().map(|row| (row.id, row.label()));
    derive(app, at);
    let Some((id, label)) = before else { return };
    if app.selected().is_some_and(|row| row.id != id) {
        let unseen = app.selection_shift.take().filter(|moved| moved.drawn_at.is_none());
        app.selection_shift =
            unseen.or(Some(SelectionShift { previous_label: label, drawn_at: None }));
    }
}

/// Adds what was read of the history to the open rows that pass. An open incident is shown as it is
/// now, not as it was read.
fn add_history(
    queue: &Queue,
    pages: &HistoryPages,
    snapshot: &Snapshot,
    context: MatchContext<'_>,
    rows: &mut Vec<Row>,
) {
    let row = |summary: &Arc<Summary>| {
        let rank = urgency_key(summary, context.now, context.levels);
        Row { summary: Arc::clone(summary), rank }
    };
    // What was read for another filter is shown as far as it passes, until the right one is there.
    let sort = queue.effective_sort();
    let is_whole = pages.query.as_ref().is_some_and(|(f, s)| f == queue.filter() && *s == sort);
    // What lies beyond the last page comes with the next one.
    if let Some(last) = pages.rows.last().filter(|_| is_whole && pages.next_page.is_some()).map(row)
    {
        rows.retain(|row| {
            let (row, last) = ((&*row.summary, &row.rank), (&*last.summary, &last.rank));
            compare(sort, row, last) != Ordering::Greater
        });
    }
    let open: HashMap<IncidentId, &Arc<Summary>> =
        snapshot.rows.iter().map(|row| (row.id, row)).collect();
    let mut there: HashSet<IncidentId> = rows.iter().map(|row| row.summary.id).collect();
    for read in &pages.rows {
        let known = open.get(&read.id).copied().unwrap_or(read);
        let passes = if is_whole {
            // Its words may stand in notes, which only the backend looks at.
            !known.status.is_open() || queue.passes_exact(known, context)
        } else {
            queue.passes(known, context)
        };
        if passes && there.insert(known.id) {
            rows.push(row(known));
        }
    }
}

/// When an incident crosses a level, nears one, or wakes.
pub(super) fn next_change(
    summary: &Summary,
    now: DateTime<Utc>,
    levels: &ServiceLevels,
) -> Option<DateTime<Utc>> {
    let clock = running_clock(summary, levels);
    let near = clock.map(|c| c.due - (c.due - c.started_at) / 4);
    // Until just after the whole millisecond: a timer must not come a moment too early.
    [near, clock.map(|c| c.due), summary.snoozed_until]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .min()
        .map(|at| at + TimeDelta::milliseconds(1))
}

/// What can be selected.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Selectable {
    Row(IncidentId),
    Head(String),
}

/// What the lines are of, from top to bottom.
fn selectables(queue: &Queue) -> Vec<Selectable> {
    let of = |line: &Line| match line {
        Line::Row(row) => Selectable::Row(queue.rows[*row].summary.id),
        Line::Head(group) => Selectable::Head(queue.groups[*group].service.clone()),
    };
    queue.lines.iter().map(of).collect()
}

/// Finds the selected incident or group again. One that is hidden in a folded group leaves the
/// selection to the head of it; where it has left, its neighbour is selected.
fn reselect(queue: &mut Queue, old: &[Selectable]) {
    let was_at = queue.index;
    let there = selectables(queue);
    let wanted = match (&queue.selected_head, queue.selected) {
        (Some(service), _) => Some(Selectable::Head(service.clone())),
        (None, id) => id.map(Selectable::Row),
    };
    let place = wanted.map_or(0, |wanted| {
        let same = there.iter().position(|line| *line == wanted);
        same.or_else(|| match wanted {
            Selectable::Row(id) => queue.line_of(id),
            // No longer grouped.
            Selectable::Head(_) => queue.selected.and_then(|id| queue.line_of(id)),
        })
        .or_else(|| {
            let places: HashMap<&Selectable, usize> =
                there.iter().enumerate().map(|(place, line)| (line, place)).collect();
            let below = old.iter().skip(was_at);
            let above = old.iter().take(was_at).rev();
            below.chain(above).find_map(|line| places.get(line).copied())
        })
        .unwrap_or(0)
    });
    let on_screen = was_at.saturating_sub(queue.top);
    queue.top = place.saturating_sub(on_screen);
    queue.select_line(place);
}

/// Makes the lines anew after groups were folded or unfolded.
pub(super) fn arrange(queue: &mut Queue) {
    let old = selectables(queue);
    queue.rebuild_lines();
    reselect(queue, &old);
}

/// Scrolls so that the selected row is on the screen, and no further than the last row.
pub(super) fn scroll_into_view(app: &mut App) {
    let height = visible_rows(app);
    let queue = &mut app.queue;
    let last_top = queue.lines.len().saturating_sub(height);
    queue.index = queue.index.min(queue.lines.len().saturating_sub(1));
    queue.top = queue
        .top
        .min(queue.index)
        .max((queue.index + 1).saturating_sub(height))
        .min(last_top.max(queue.index.saturating_sub(height.saturating_sub(1))));
}

/// Lines of the queue that fit on the screen, below its head and a filter being typed.
pub(super) fn visible_rows(app: &App) -> usize {
    let taken = 1 + if matches!(app.mode, Mode::Filter(_)) { FILTER_LINE_ROWS } else { 0 };
    app.layout()
        .slot(Pane::Queue)
        .map_or(1, |place| usize::from(place.inner().height.saturating_sub(taken)).max(1))
}
