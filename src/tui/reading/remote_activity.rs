//! Actions of other people on the incident that the person is working on, shown as they happen.

use crate::model::actor::Actor;
use crate::model::{Event, IncidentId};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::verb::target::Target;

/// How many incidents' last announced events are remembered.
const MAX_ANNOUNCED: usize = 64;
/// The most targets of an open form, list or question that are read again; with more, only the
/// outcome is shown.
const MAX_TARGETS: usize = 8;

/// Returns the incidents that the open form, list or question is about.
pub(super) fn open_targets(app: &App) -> Vec<Target> {
    let mut targets = match &app.ui.mode {
        Mode::Form(form) => form.targets.clone(),
        Mode::Pick(picker) => picker.targets.clone(),
        Mode::Matrix(matrix) => matrix.targets.clone(),
        Mode::Confirm(confirm) => {
            confirm.plan.steps.iter().map(|step| step.target.clone()).collect()
        }
        Mode::ConfirmRun(confirmation) => vec![confirmation.target.clone()],
        Mode::Runbook(pane) => vec![pane.target.clone()],
        _ => Vec::new(),
    };
    // A declaration has no row yet.
    targets.retain(|target| target.seq > 0);
    targets
}

/// Reads the targets of the open form, list or question that have events which are not loaded,
/// because rows have changed.
pub(in crate::tui) fn load_changed_targets(app: &mut App) -> Vec<Effect> {
    let targets = open_targets(app);
    if targets.is_empty() || targets.len() > MAX_TARGETS {
        app.reading.loading_targets.clear();
        return Vec::new();
    }
    let mut effects = Vec::new();
    for target in &targets {
        let Some(seq) = app.last_seq(target.id).or_else(|| unlisted_seq(app, target)) else {
            continue;
        };
        let requested = app.reading.loading == Some((target.id, seq))
            || app.reading.loading_targets.contains(&(target.id, seq));
        if !requested && seq > last_announced(app, target.id, target.seq) {
            app.reading.loading_targets.retain(|(id, _)| *id != target.id);
            app.reading.loading_targets.push((target.id, seq));
            effects.push(Effect::LoadDetail(target.id));
        }
    }
    effects
}

/// Returns a position beyond the loaded record of an incident that is no longer among the open ones
/// and whose end is not known yet; `None` if the record contains the end.
fn unlisted_seq(app: &App, target: &Target) -> Option<u32> {
    let all_known = app.fetched.snapshot.as_ref().is_some_and(|all| all.counts.is_none());
    let loaded = app.reading.shown.iter().chain(&app.reading.cache).find(|s| s.id == target.id)?;
    let summary = &loaded.detail.incident.summary;
    (all_known && summary.status.is_open()).then_some(summary.seq + 1)
}

/// Returns the position of the last announced event of an incident, or `at_least` if that is later.
fn last_announced(app: &App, id: IncidentId, at_least: u32) -> u32 {
    let announced = app.reading.announced.iter().find(|(announced, _)| *announced == id);
    announced.map_or(at_least, |(_, seq)| at_least.max(*seq))
}

/// Announces actions of other people on an incident that was read, if the person is working on it.
/// `before` is the position of the last visible event.
pub(in crate::tui) fn announce(
    app: &mut App,
    id: IncidentId,
    label: &str,
    before: Option<u32>,
    events: &[Event],
) -> Vec<Effect> {
    let target = open_targets(app).into_iter().find(|target| target.id == id);
    let is_open = target.is_some();
    // The record on the screen may be older or newer than the target that was chosen.
    let seen_seq = match (before, target.map(|target| target.seq)) {
        (Some(before), Some(seq)) => before.max(seq),
        (Some(seq), None) | (None, Some(seq)) => seq,
        (None, None) => return Vec::new(),
    };
    let seen_seq = last_announced(app, id, seen_seq);
    let Some(last) = events.last().map(|event| event.seq).filter(|last| *last > seen_seq) else {
        return Vec::new();
    };
    app.reading.announced.retain(|(announced, _)| *announced != id);
    app.reading.announced.push_front((id, last));
    app.reading.announced.truncate(MAX_ANNOUNCED);
    let news: Vec<&Event> = events
        .iter()
        .filter(|event| event.seq > seen_seq && !is_mine(app, &event.actor) && event.body.is_news())
        .collect();
    let milestone = news.iter().rev().find(|event| event.body.is_milestone());
    let Some(event) = milestone.or(news.last()) else { return Vec::new() };
    let who = app.actor_label(&event.actor);
    let sentence = match app.fetched.directory.as_deref() {
        Some(directory) => event.with_marked_names(directory).news(&app.session.me),
        None => event.news(&app.session.me),
    };
    let mut text = format!("{label}: {who} {sentence}");
    if news.len() > 1 {
        text = format!("{text} · and {} more", news.len() - 1);
    }
    if is_open {
        match &mut app.ui.mode {
            Mode::Form(form) => {
                form.notice = Some(text);
                return Vec::new();
            }
            Mode::Pick(picker) => {
                picker.notice = Some(text);
                return Vec::new();
            }
            Mode::Matrix(matrix) => {
                matrix.notice = Some(text);
                return Vec::new();
            }
            _ => {}
        }
    }
    show_toast(app, text, false)
}

fn is_mine(app: &App, actor: &Actor) -> bool {
    actor.person().is_some_and(|person| person.handle == app.session.me.handle)
}
