//! Derives the rows of the queue from a snapshot; the selection follows the incident's id.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::filter::MatchContext;
use crate::model::queue::{OpenCounts, Sort, compare, urgency_key};
use crate::model::service_level::{ServiceLevels, running_clock};
use crate::model::{IncidentId, Summary};
use crate::sync::Snapshot;

use crate::tui::core::app::App;
use crate::tui::core::mode::Mode;
use crate::tui::core::state::ui::SelectionShift;
use crate::tui::input::fuzzy::Hit;
use crate::tui::queue::layout::visible_rows;
use crate::tui::queue::{HistoryPages, Line, Queue, Row, unread};

/// Derives the rows of the queue again, as they are at `now`.
pub(in crate::tui) fn derive(app: &mut App, now: DateTime<Utc>) {
    app.now = now;
    let now = app.backend_time(now);
    let Some(snapshot) = app.fetched.snapshot.clone() else { return };
    let mut exact = app.queue.exact_filter().clone();
    app.resolve_filter(&mut exact);
    app.queue.set_resolved_filter(exact);
    let levels = app.session.rules.levels;
    let context = MatchContext { now, me: Some(&app.session.me.handle), levels: &levels };
    let mut counts = OpenCounts::default();
    let mut next: Option<DateTime<Utc>> = None;
    let mut rows = Vec::with_capacity(snapshot.rows.len());
    for summary in &snapshot.rows {
        counts.add(summary, now, &levels);
        if let Some(change) = next_change(summary, now, &levels) {
            next = Some(next.map_or(change, |n| n.min(change)));
        }
        if let Some(hit) = app.queue.hit(summary, context) {
            rows.push(row(summary, hit, now, &levels));
        }
    }
    if let Some(pages) = &app.queue.pages {
        add_history(&app.queue, pages, &snapshot, context, &mut rows);
    }
    let sort = app.queue.effective_sort();
    if sort == Sort::Urgent {
        // The default order, computed at each typed key: without reading the incidents themselves.
        rows.sort_unstable_by_key(|row| (row.hit, row.rank));
    } else {
        rows.sort_unstable_by(|a, b| {
            let in_order = || compare(sort, (&a.summary, &a.rank), (&b.summary, &b.rank));
            a.hit.cmp(&b.hit).then_with(in_order)
        });
    }
    if !app.ui.marked.is_empty() && snapshot.counts.is_none() {
        let present: HashSet<IncidentId> = snapshot
            .rows
            .iter()
            .map(|row| row.id)
            .chain(rows.iter().map(|r| r.summary.id))
            .collect();
        app.ui.marked.retain(|id| present.contains(id));
    }
    let largest = rows.iter().filter_map(|row| row.summary.number).max();
    let digits = largest.map_or(4, |number| number.0.to_string().len());
    let next_change = next.map(|at| app.machine_time(at));
    let queue = &mut app.queue;
    queue.counts = snapshot.counts.unwrap_or(counts);
    queue.next_change = next_change;
    queue.number_width = digits.max(4);
    unread::expire(queue, now);
    let old_lines = selectables(queue);
    queue.rows = rows;
    queue.rebuild_lines();
    reselect(queue, &old_lines);
}

fn row(summary: &Arc<Summary>, hit: Hit, now: DateTime<Utc>, levels: &ServiceLevels) -> Row {
    let due = running_clock(summary, levels).map(|clock| now + clock.remaining(now));
    Row {
        summary: Arc::clone(summary),
        rank: urgency_key(summary, now, levels),
        hit,
        due,
        is_nested: false,
        folds: 0,
    }
}

/// Derives the rows again after a change that the viewer did not cause. If the selected incident
/// has left the queue, this is recorded: a key that was meant for it must not act on its neighbour.
pub(in crate::tui) fn derive_unprompted(app: &mut App, at: DateTime<Utc>) {
    let before = app.selected().map(|row| (row.id, row.label()));
    derive(app, at);
    let Some((id, label)) = before else { return };
    if app.selected().is_some_and(|row| row.id != id) {
        let unseen = app.ui.selection_shift.take().filter(|shift| shift.drawn_at.is_none());
        app.ui.selection_shift =
            unseen.or(Some(SelectionShift { previous_label: label, drawn_at: None }));
    }
}

/// Adds the loaded history to the open rows that pass the filter. An open incident is shown in its
/// current state, not as it was read.
fn add_history(
    queue: &Queue,
    pages: &HistoryPages,
    snapshot: &Snapshot,
    context: MatchContext<'_>,
    rows: &mut Vec<Row>,
) {
    let row = |summary: &Arc<Summary>, hit: Hit| row(summary, hit, context.now, context.levels);
    // Rows read for another filter are shown if they pass, until the right ones arrive.
    let sort = queue.effective_sort();
    let is_current = pages.query.as_ref().is_some_and(|(f, s)| f == queue.filter() && *s == sort);
    // Open rows that sort after the last page come with the next one.
    if let Some(last) = pages.rows.last().filter(|_| is_current && pages.next_page.is_some()) {
        let last = row(last, Hit::Exact);
        rows.retain(|row| {
            let (row, last) = ((&*row.summary, &row.rank), (&*last.summary, &last.rank));
            compare(sort, row, last) != Ordering::Greater
        });
    }
    let open: HashMap<IncidentId, &Arc<Summary>> =
        snapshot.rows.iter().map(|row| (row.id, row)).collect();
    let some_similar = rows.iter().any(|row| row.hit == Hit::Similar);
    let mut present: HashSet<IncidentId> = rows.iter().map(|row| row.summary.id).collect();
    for read in &pages.rows {
        let current = open.get(&read.id).copied().unwrap_or(read);
        let hit = if is_current {
            // Its words may occur in notes, which only the backend searches.
            let passes = !current.status.is_open() || queue.passes_exact(current, context);
            passes.then_some(Hit::Exact)
        } else {
            queue.hit(current, context)
        };
        let Some(hit) = hit else { continue };
        if present.insert(current.id) {
            rows.push(row(current, hit));
        } else if some_similar
            && hit == Hit::Exact
            && let Some(nearly) = rows.iter_mut().find(|row| row.summary.id == current.id)
        {
            // Its row matches only nearly, and its notes exactly.
            nearly.hit = Hit::Exact;
        }
    }
}

/// Returns when an incident next crosses a service level, approaches one, or its snooze ends.
pub(in crate::tui) fn next_change(
    summary: &Summary,
    now: DateTime<Utc>,
    levels: &ServiceLevels,
) -> Option<DateTime<Utc>> {
    // A clock that a pause has stopped does not change.
    let clock = running_clock(summary, levels).filter(|clock| clock.stopped_at.is_none());
    let near = clock.map(|c| c.due - c.goal / 4);
    // One millisecond later: a timer must not fire a moment too early.
    [near, clock.map(|c| c.due), summary.snoozed_until]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .min()
        .map(|at| at + TimeDelta::milliseconds(1))
}

/// A line of the queue that can be selected.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Selectable {
    Row(IncidentId),
    Head(String),
}

/// Returns the lines of the queue from top to bottom.
fn selectables(queue: &Queue) -> Vec<Selectable> {
    let selectable = |line: &Line| match line {
        Line::Row(row) => Selectable::Row(queue.rows[*row].summary.id),
        Line::Head(group) => Selectable::Head(queue.groups[*group].service.clone()),
    };
    queue.lines.iter().map(selectable).collect()
}

/// Selects the same incident or group again. For an incident in a folded group, the head of the
/// group is selected; for one that has left the queue, its nearest neighbour.
fn reselect(queue: &mut Queue, old_lines: &[Selectable]) {
    let old_index = queue.index;
    let lines = selectables(queue);
    let wanted = match (&queue.selected_head, queue.selected) {
        (Some(service), _) => Some(Selectable::Head(service.clone())),
        (None, id) => id.map(Selectable::Row),
    };
    let position = wanted.map_or(0, |wanted| {
        let same = lines.iter().position(|line| *line == wanted);
        same.or_else(|| match wanted {
            Selectable::Row(id) => queue.line_of(id),
            // The queue is no longer grouped.
            Selectable::Head(_) => queue.selected.and_then(|id| queue.line_of(id)),
        })
        .or_else(|| {
            let positions: HashMap<&Selectable, usize> =
                lines.iter().enumerate().map(|(position, line)| (line, position)).collect();
            let below = old_lines.iter().skip(old_index);
            let above = old_lines.iter().take(old_index).rev();
            below.chain(above).find_map(|line| positions.get(line).copied())
        })
        .unwrap_or(0)
    });
    let on_screen = old_index.saturating_sub(queue.top);
    queue.top = position.saturating_sub(on_screen);
    queue.select_line(position);
}

/// Rebuilds the lines after groups were folded or unfolded.
pub(in crate::tui) fn arrange(queue: &mut Queue) {
    let old_lines = selectables(queue);
    queue.rebuild_lines();
    reselect(queue, &old_lines);
}

/// Scrolls so that the selected row is on the screen, and no further than the last row.
pub(in crate::tui) fn scroll_into_view(app: &mut App) {
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

/// Restores the selection from before the line was opened, as soon as it passes the filter.
pub(in crate::tui) fn restore_selection(app: &mut App) {
    if let Mode::Filter(line) = &app.ui.mode
        && line.previous.selected_head.is_none()
        && let Some(id) = line.previous.selected.filter(|id| app.queue.selected != Some(*id))
        && let Some(line) = app.queue.line_of(id)
    {
        app.queue.select_line(line);
    }
}
