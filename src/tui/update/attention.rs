//! When somebody is called to the screen: for what is new and is theirs, or nobody's.

use std::collections::HashSet;
use std::time::Duration;

use crate::model::queue::OpenCounts;
use crate::model::{IncidentId, Summary};
use crate::sync::Snapshot;

use super::super::app::App;
use super::super::message::{Effect, Timer};

/// The shortest time between two calls; what is new meanwhile makes one together.
const THROTTLE: Duration = Duration::from_secs(5);
/// How many are named where several are new.
const MAX_NAMED: usize = 5;

/// Looks at a snapshot for what somebody is to be called for.
pub(super) fn check_snapshot(app: &mut App, snapshot: &Snapshot) -> Vec<Effect> {
    // After a first page the rest of what was there already follows; one that has all is a start.
    let rest = |counts: OpenCounts| counts.total().saturating_sub(counts.snoozed);
    if snapshot.counts.is_some_and(|counts| rest(counts) > snapshot.rows.len() as u64) {
        return Vec::new();
    }
    let first = app.attention.seen.is_none();
    let known = app.attention.seen.get_or_insert_default();
    let mut new = Vec::new();
    for row in &snapshot.rows {
        let mine = row.assignee.as_ref().is_some_and(|person| person.handle == app.me.handle);
        let is_new = match known.insert(row.id, mine) {
            None => mine || row.assignee.is_none(),
            Some(was_mine) => mine && !was_mine,
        };
        if first {
            continue;
        }
        // What the viewer did is no news to them, and what is snoozed is to be left alone.
        if is_new
            && !app.attention.own_changes.remove(&row.id)
            && !row.is_snoozed(app.now)
            && app.settings.notify.priorities.contains(&row.priority)
        {
            new.push((row, mine));
        }
    }
    if known.len() > snapshot.rows.len() {
        // One that comes back is new again.
        let there: HashSet<IncidentId> = snapshot.rows.iter().map(|row| row.id).collect();
        known.retain(|id, _| there.contains(id));
    }
    new.sort_by_key(|(row, _)| (row.priority, row.reported_at));
    match new.as_slice() {
        [] => Vec::new(),
        [(row, mine)] if !app.attention.throttled => {
            let whose = if *mine { "assigned to you" } else { "unowned" };
            let title = format!("{} {} {whose}", row.priority, row.label());
            notify(app, title, row.title.clone())
        }
        several => {
            let labels: Vec<String> = several.iter().map(|(row, _)| Summary::label(row)).collect();
            app.attention.waiting.extend(labels);
            if app.attention.throttled { Vec::new() } else { notify_waiting(app) }
        }
    }
}

/// The viewer has assigned or declared it: it is no news when it changes.
pub(super) fn expect_own_change(app: &mut App, incident: IncidentId) {
    app.attention.own_changes.insert(incident);
}

/// It was not done after all.
pub(super) fn forget_own_change(app: &mut App, incident: IncidentId) {
    app.attention.own_changes.remove(&incident);
}

/// The quiet after a call is over.
pub(super) fn throttle_ended(app: &mut App) -> Vec<Effect> {
    app.attention.throttled = false;
    if app.attention.waiting.is_empty() { Vec::new() } else { notify_waiting(app) }
}

/// One call for all that wait.
fn notify_waiting(app: &mut App) -> Vec<Effect> {
    let waiting = std::mem::take(&mut app.attention.waiting);
    let mut named = waiting.iter().take(MAX_NAMED).cloned().collect::<Vec<_>>().join(", ");
    if waiting.len() > MAX_NAMED {
        named = format!("{named} and {} more", waiting.len() - MAX_NAMED);
    }
    notify(app, format!("{} new", waiting.len()), named)
}

fn notify(app: &mut App, title: String, body: String) -> Vec<Effect> {
    app.attention.throttled = true;
    vec![Effect::Notify { title, body }, Effect::StartTimer(THROTTLE, Timer::AttentionThrottle)]
}
