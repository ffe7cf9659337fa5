//! Derives the rows of the queue from a snapshot; the selection follows the incident's id.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::filter::MatchContext;
use crate::model::queue::{Sort, compare};
use crate::model::service_level::ServiceLevels;
use crate::model::{IncidentId, Summary};
use crate::sync::Snapshot;

use crate::tui::core::app::App;
use crate::tui::core::mode::Mode;
use crate::tui::core::state::ui::SelectionShift;
use crate::tui::input::fuzzy::Hit;
use crate::tui::queue::layout::visible_rows;
use crate::tui::queue::open_order::{Entry, OpenOrder};
use crate::tui::queue::{Group, HistoryPages, Line, Queue, Row, unread};

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
    let order = open_order(&mut app.queue, &snapshot, now, &levels);
    let mut rows = Vec::with_capacity(order.entries().len());
    for entry in order.entries() {
        if let Some(hit) = app.queue.hit(&entry.summary, context) {
            rows.push(row(entry, hit, now));
        }
    }
    if let Some(pages) = &app.queue.pages {
        add_history(&app.queue, pages, &snapshot, context, &mut rows);
    }
    let sort = app.queue.effective_sort();
    if sort == Sort::Urgent && app.queue.pages.is_none() {
        // The open incidents are in this order already.
        rows.sort_by_key(|row| row.hit);
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
    let next_change = order.next_change().map(|at| app.machine_time(at));
    let queue = &mut app.queue;
    queue.counts = order.counts();
    queue.next_change = next_change;
    queue.number_width = digits.max(4);
    unread::expire(queue, now);
    let old_rows = std::mem::replace(&mut queue.rows, rows);
    let (old_lines, old_groups) =
        (std::mem::take(&mut queue.lines), std::mem::take(&mut queue.groups));
    queue.rebuild_lines();
    reselect(queue, || selectables(&old_rows, &old_lines, &old_groups));
}

/// Returns the order of the open incidents at `now`, which is computed again if it has changed.
fn open_order(
    queue: &mut Queue,
    snapshot: &Arc<Snapshot>,
    now: DateTime<Utc>,
    levels: &ServiceLevels,
) -> Arc<OpenOrder> {
    match &queue.open_order {
        Some(order) if order.is_valid(snapshot, now, levels) => Arc::clone(order),
        _ => {
            let order = Arc::new(OpenOrder::new(Arc::clone(snapshot), now, *levels));
            queue.open_order = Some(Arc::clone(&order));
            order
        }
    }
}

fn row(entry: &Entry, hit: Hit, now: DateTime<Utc>) -> Row {
    Row {
        summary: Arc::clone(&entry.summary),
        rank: entry.rank,
        hit,
        due: entry.due(now),
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
    let row = |summary: &Arc<Summary>, hit: Hit| {
        row(&Entry::new(summary, context.now, context.levels), hit, context.now)
    };
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

/// A line of the queue that can be selected.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Selectable {
    Row(IncidentId),
    Head(String),
}

/// Returns lines of the queue from top to bottom.
fn selectables(rows: &[Row], lines: &[Line], groups: &[Group]) -> Vec<Selectable> {
    let selectable = |line: &Line| match line {
        Line::Row(row) => Selectable::Row(rows[*row].summary.id),
        Line::Head(group) => Selectable::Head(groups[*group].service.clone()),
    };
    lines.iter().map(selectable).collect()
}

/// Returns the index of a line of the queue.
fn position(queue: &Queue, wanted: &Selectable) -> Option<usize> {
    queue.lines.iter().position(|line| match (line, wanted) {
        (Line::Row(row), Selectable::Row(id)) => queue.rows[*row].summary.id == *id,
        (Line::Head(group), Selectable::Head(service)) => queue.groups[*group].service == *service,
        _ => false,
    })
}

/// Selects the same incident or group again. For an incident in a folded group, the head of the
/// group is selected; for one that has left the queue, its nearest neighbour among the old lines.
fn reselect(queue: &mut Queue, old_lines: impl FnOnce() -> Vec<Selectable>) {
    let old_index = queue.index;
    let wanted = match (&queue.selected_head, queue.selected) {
        (Some(service), _) => Some(Selectable::Head(service.clone())),
        (None, id) => id.map(Selectable::Row),
    };
    let position = wanted.map_or(0, |wanted| {
        let same = position(queue, &wanted);
        same.or_else(|| match wanted {
            Selectable::Row(id) => queue.line_of(id),
            // The queue is no longer grouped.
            Selectable::Head(_) => queue.selected.and_then(|id| queue.line_of(id)),
        })
        .or_else(|| {
            let lines = selectables(&queue.rows, &queue.lines, &queue.groups);
            let positions: HashMap<&Selectable, usize> =
                lines.iter().enumerate().map(|(position, line)| (line, position)).collect();
            let old_lines = old_lines();
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
    let old_lines = selectables(&queue.rows, &queue.lines, &queue.groups);
    queue.rebuild_lines();
    reselect(queue, || old_lines);
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
