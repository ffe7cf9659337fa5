//! From a snapshot to the rows of the queue, with the selection kept by id.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::filter::MatchContext;
use crate::model::queue::{OpenCounts, rank};
use crate::model::service_level::{Levels, clock};
use crate::model::{IncidentId, Summary};

use super::super::app::{App, Pane, Row};

/// Makes the rows anew as they are at `now`.
pub(super) fn derive(app: &mut App, now: DateTime<Utc>) {
    app.now = now;
    let Some(snapshot) = app.snapshot.clone() else { return };
    if !app.marked.is_empty() && snapshot.counts.is_none() {
        let open: HashSet<IncidentId> = snapshot.rows.iter().map(|row| row.id).collect();
        app.marked.retain(|id| open.contains(id));
    }
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
        if app.queue.filter.matches(summary, context) {
            rows.push(Row { summary: Arc::clone(summary), rank: rank(summary, now, &levels) });
        }
    }
    let largest = rows.iter().filter_map(|row| row.summary.number).max();
    let digits = largest.map_or(4, |number| number.0.to_string().len());
    rows.sort_unstable_by_key(|row| row.rank);
    let queue = &mut app.queue;
    let old = std::mem::replace(&mut queue.rows, rows);
    queue.counts = snapshot.counts.unwrap_or(counts);
    queue.next_change = next;
    queue.number_width = digits.max(4);
    reselect(app, &old);
}

/// When an incident crosses a level, nears one, or wakes.
pub(super) fn next_change(
    summary: &Summary,
    now: DateTime<Utc>,
    levels: &Levels,
) -> Option<DateTime<Utc>> {
    let clock = clock(summary, levels);
    let near = clock.map(|c| c.due - (c.due - c.from) / 4);
    // Until just after the whole millisecond: a timer must not come a moment too early.
    [near, clock.map(|c| c.due), summary.snoozed_until]
        .into_iter()
        .flatten()
        .filter(|at| *at > now)
        .min()
        .map(|at| at + TimeDelta::milliseconds(1))
}

/// Finds the selected incident again; if it has left, its neighbour is selected.
fn reselect(app: &mut App, old: &[Row]) {
    let queue = &mut app.queue;
    let was_at = queue.index;
    let find = |id: IncidentId| queue.rows.iter().position(|row| row.summary.id == id);
    let place = match queue.selected {
        None => 0,
        Some(id) => find(id).unwrap_or_else(|| {
            let there: HashSet<IncidentId> = queue.rows.iter().map(|r| r.summary.id).collect();
            let below = old.iter().skip(was_at);
            let above = old.iter().take(was_at).rev();
            let neighbour = below.chain(above).map(|r| r.summary.id).find(|i| there.contains(i));
            neighbour.and_then(find).unwrap_or(0)
        }),
    };
    // While nobody has moved, the most urgent stays selected even when rows come above it.
    let on_screen = was_at.saturating_sub(queue.top);
    queue.index = place;
    queue.top = place.saturating_sub(on_screen);
    queue.selected = queue.rows.get(place).map(|row| row.summary.id);
}

/// Scrolls so that the selected row is on the screen, and no further than the last row.
pub(super) fn keep_in_sight(app: &mut App) {
    let height = height(app);
    let queue = &mut app.queue;
    let last_top = queue.rows.len().saturating_sub(height);
    queue.index = queue.index.min(queue.rows.len().saturating_sub(1));
    queue.top = queue
        .top
        .min(queue.index)
        .max((queue.index + 1).saturating_sub(height))
        .min(last_top.max(queue.index.saturating_sub(height.saturating_sub(1))));
}

/// Rows of the queue that fit on the screen.
pub(super) fn height(app: &App) -> usize {
    app.layout()
        .place(Pane::Queue)
        .map_or(1, |place| usize::from(place.inside().height).saturating_sub(1).max(1))
}
