//! Requests for the viewer's attention: for new incidents that are theirs or unassigned.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::model::queue::OpenCounts;
use crate::model::{IncidentId, Summary};
use crate::sync::Snapshot;

use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Timer};
use crate::tui::core::state::notices::SeenRow;
use crate::tui::queue::{News, unread};
use crate::tui::urgent;

/// The shortest time between two requests; news in the meantime makes one request together.
const THROTTLE: Duration = Duration::from_secs(5);
/// How many incidents are named where several are new.
const MAX_NAMED: usize = 5;

/// Checks a snapshot for new incidents that need the viewer's attention.
pub(in crate::tui) fn check_snapshot(app: &mut App, snapshot: &Snapshot) -> Vec<Effect> {
    // The first page of rows is followed by the rest of the incidents that were open already. Only
    // a complete snapshot is a starting point.
    let rest = |counts: OpenCounts| counts.total().saturating_sub(counts.snoozed);
    if snapshot.counts.is_some_and(|counts| rest(counts) > snapshot.rows.len() as u64) {
        return Vec::new();
    }
    let first = app.notices.attention.seen.is_none();
    let backend_now = app.backend_now();
    let causes = urgent::Causes::of(&snapshot.rows);
    let seen = app.notices.attention.seen.get_or_insert_default();
    let (mut new, mut news, mut unclaimed) = (Vec::new(), Vec::new(), Vec::new());
    for row in &snapshot.rows {
        let mine =
            row.assignee.as_ref().is_some_and(|person| person.handle == app.session.me.handle);
        let is_quiet = causes.is_quiet(row);
        let is_unclaimed = urgent::is_unclaimed(row, backend_now) && !is_quiet;
        let is_muted = row.is_muted();
        let now = SeenRow { is_mine: mine, is_unclaimed, is_muted, seq: row.seq };
        let before = seen.insert(row.id, now);
        if first {
            continue;
        }
        let is_new = match before {
            None => mine || row.assignee.is_none(),
            // An incident that was muted during maintenance is new to people when it is released.
            Some(before) => {
                let is_released = before.is_muted && !is_muted && row.awaits_acknowledgement();
                (mine && !before.is_mine) || is_released
            }
        };
        match before {
            None => news.push((row.id, News::Arrived)),
            Some(before) if before.seq < row.seq => news.push((row.id, News::Changed)),
            Some(_) => {}
        }
        // The viewer's own changes are not new to them, and snoozed incidents should not disturb.
        let own = is_new && app.notices.attention.own_changes.remove(&row.id);
        if is_unclaimed && before.is_none_or(|before| !before.is_unclaimed) && !own {
            unclaimed.push(Arc::clone(row));
        }
        if is_new
            && !own
            && !row.is_snoozed(backend_now)
            && !is_muted
            && (mine || !is_quiet)
            && app.session.settings.notify.priorities.contains(&row.priority)
        {
            new.push((row, mine));
        }
    }
    if seen.len() > snapshot.rows.len() {
        // An incident that reappears is new again.
        let present: HashSet<IncidentId> = snapshot.rows.iter().map(|row| row.id).collect();
        seen.retain(|id, _| present.contains(id));
    }
    for (id, news) in news {
        unread::mark(app, id, news);
    }
    let at = app.now;
    urgent::update::rows_changed(app, snapshot, &unclaimed, at);
    new.sort_by_key(|(row, _)| (row.priority, row.reported_at));
    match new.as_slice() {
        [] => Vec::new(),
        [(row, mine)] if !app.notices.attention.throttled => {
            let whose = if *mine { "assigned to you" } else { "unowned" };
            let title = format!("{} {} {whose}", row.priority, row.label());
            notify(app, title, row.title.clone())
        }
        several => {
            let labels: Vec<String> = several.iter().map(|(row, _)| Summary::label(row)).collect();
            app.notices.attention.waiting.extend(labels);
            if app.notices.attention.throttled { Vec::new() } else { notify_waiting(app) }
        }
    }
}

/// Records that the viewer assigned or declared an incident: its change needs no attention.
pub(in crate::tui) fn expect_own_change(app: &mut App, incident: IncidentId) {
    app.notices.attention.own_changes.insert(incident);
}

/// Forgets such a change, because its command was refused.
pub(in crate::tui) fn forget_own_change(app: &mut App, incident: IncidentId) {
    app.notices.attention.own_changes.remove(&incident);
}

/// Ends the throttle after a request; requests attention for news of the meantime.
pub(in crate::tui) fn throttle_ended(app: &mut App) -> Vec<Effect> {
    app.notices.attention.throttled = false;
    if app.notices.attention.waiting.is_empty() { Vec::new() } else { notify_waiting(app) }
}

/// Makes one request for all collected incidents.
fn notify_waiting(app: &mut App) -> Vec<Effect> {
    let waiting = std::mem::take(&mut app.notices.attention.waiting);
    let mut named = waiting.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join(", ");
    if waiting.len() > MAX_NAMED {
        named = format!("{named} and {} more", waiting.len() - MAX_NAMED);
    }
    notify(app, format!("{} new", waiting.len()), named)
}

fn notify(app: &mut App, title: String, body: String) -> Vec<Effect> {
    app.notices.attention.throttled = true;
    vec![Effect::Notify { title, body }, Effect::StartTimer(THROTTLE, Timer::AttentionThrottle)]
}
