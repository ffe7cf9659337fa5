//! Unread rows: those that came or changed since the viewer turned to them. They are marked for a
//! while.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::IncidentId;

use crate::tui::core::app::App;
use crate::tui::queue::{News, Queue, Unread};

/// How long a row stays marked once the viewer is at the keyboard.
const MARKED_FOR: TimeDelta = TimeDelta::minutes(2);
/// How long after a command of the viewer's own a change of its incident is no news to them.
const OWN_CHANGE_WITHIN: TimeDelta = TimeDelta::seconds(10);

/// Marks a row as unread, unless the viewer has caused the change. A row that came stays one.
pub(in crate::tui) fn mark(app: &mut App, id: IncidentId, news: News) {
    let sent_at = app.queue.own_commands.get(&id);
    let own = sent_at.is_some_and(|at| app.now - *at < OWN_CHANGE_WITHIN) || app.is_pending(id);
    if own {
        return;
    }
    let unread = app.queue.unread.entry(id).or_insert(Unread { news, noticed_at: None });
    unread.noticed_at = None;
}

/// Records that the viewer sends a command about an incident.
pub(in crate::tui) fn expect_own_change(app: &mut App, id: IncidentId, at: DateTime<Utc>) {
    app.queue.own_commands.retain(|_, sent_at| at - *sent_at < OWN_CHANGE_WITHIN);
    app.queue.own_commands.insert(id, at);
}

/// Records that the viewer has pressed a key: the visited row is read, and the marks of the other
/// rows end after a while.
pub(in crate::tui) fn key_pressed(app: &mut App, at: DateTime<Utc>) {
    if app.queue.unread.is_empty() {
        return;
    }
    let target = app.target().map(|row| row.id);
    app.queue.unread.retain(|id, _| Some(*id) != target);
    for unread in app.queue.unread.values_mut() {
        unread.noticed_at.get_or_insert(at);
    }
}

/// Removes the marks that have been on the screen for long enough.
pub(in crate::tui) fn expire(queue: &mut Queue, now: DateTime<Utc>) {
    let is_fresh = |at: DateTime<Utc>| (now - at).abs() < MARKED_FOR;
    queue.unread.retain(|_, unread| unread.noticed_at.is_none_or(is_fresh));
}
