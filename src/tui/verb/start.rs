//! Verbs: commands that a key starts, on the incident that is targeted now or on all marked ones.

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::KeyEvent;

use crate::model::{Impact, IncidentId, Urgency};

use crate::tui::action::{Action, Layer};
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::core::state::inflight::{BufferedInput, DeferredVerb};
use crate::tui::form::Kind;
use crate::tui::matrix::Matrix;
use crate::tui::verb::availability::refusal;
use crate::tui::verb::logic::Opening;
use crate::tui::verb::selection::targets;
use crate::tui::verb::target::Target;
use crate::tui::verb::{self, precheck, send};
use crate::tui::{form, picker, run};

/// Starts a verb on the incidents that are marked or targeted.
pub(in crate::tui) fn start(app: &mut App, action: Action, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(reason) = unseen_selection(app, at) {
        return show_toast(app, reason, true);
    }
    let targets = targets(app);
    start_on(app, action, targets, at)
}

/// How long the selected row must have been visible after the selection moved without a key: a
/// person who is about to press a key can't react faster.
const MIN_VISIBLE: TimeDelta = TimeDelta::milliseconds(500);

/// Returns why a verb must not act on the selected incident: the viewer can't have seen yet that
/// the selection has moved to it.
fn unseen_selection(app: &App, at: DateTime<Utc>) -> Option<String> {
    let shift = app.ui.selection_shift.as_ref().filter(|_| app.ui.marked.is_empty())?;
    let seen = shift.drawn_at.is_some_and(|drawn| at - drawn >= MIN_VISIBLE);
    if seen || matches!(app.ui.focus, Pane::Detail | Pane::Timeline) {
        return None;
    }
    let label = app.selected()?.label();
    Some(format!("nothing was done: {} has left the queue, this is {label}", shift.previous_label))
}

/// Starts a verb on targets that were fixed before.
pub(in crate::tui) fn start_on(
    app: &mut App,
    action: Action,
    targets: Vec<Target>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if targets.is_empty() {
        return Vec::new();
    }
    // The record that a form is filled in from must be loaded; the target is fixed in the meantime.
    if needs_record(action)
        && let [one] = &targets[..]
        && precheck::current_record(app, one.id).is_none()
    {
        let (id, message) = (one.id, format!("reading {} …", one.label));
        app.inflight.deferred_verb =
            Some(DeferredVerb { action, target: one.clone(), input: Vec::new(), reloaded: false });
        let mut effects = show_toast(app, message, false);
        effects.push(Effect::LoadDetail(id));
        return effects;
    }
    dispatch(app, action, targets, at)
}

fn needs_record(action: Action) -> bool {
    match verb::find(action) {
        Some(verb) => verb.needs_record(),
        None => matches!(action, Action::Copy | Action::Run),
    }
}

/// Resumes a deferred verb whose record was read. Returns its effects, and the buffered input for
/// the dispatcher to replay.
pub(in crate::tui) fn resume(
    app: &mut App,
    id: IncidentId,
    at: DateTime<Utc>,
) -> (Vec<Effect>, Vec<BufferedInput>) {
    let Some(mut deferred) =
        app.inflight.deferred_verb.take_if(|deferred| deferred.target.id == id)
    else {
        return Default::default();
    };
    // The person has opened something else in the meantime.
    if !matches!(app.ui.mode, Mode::Panes) {
        return Default::default();
    }
    // The incident has changed while it was read. If it does so again, the verb uses the available
    // record.
    if precheck::current_record(app, id).is_none()
        && !std::mem::replace(&mut deferred.reloaded, true)
    {
        app.inflight.deferred_verb = Some(deferred);
        return (vec![Effect::LoadDetail(id)], Vec::new());
    }
    app.notices.toast = None;
    (dispatch(app, deferred.action, vec![deferred.target], at), deferred.input)
}

/// Abandons a deferred verb whose record can't be read.
pub(in crate::tui) fn abandon(app: &mut App, id: IncidentId, why: &str) -> Vec<Effect> {
    match app.inflight.deferred_verb.take_if(|deferred| deferred.target.id == id) {
        Some(deferred) => show_toast(app, format!("{}: {why}", deferred.target.label), true),
        None => Vec::new(),
    }
}

/// The most keys and pasted texts that are stored for a deferred verb.
const MAX_BUFFERED_INPUT: usize = 64;
/// The longest pasted text that is stored for a deferred verb, in bytes.
const MAX_BUFFERED_PASTE: usize = 1024 * 1024;

/// Stores a key for a deferred verb: while the record is read, keys are for the overlay that the
/// verb will open, not for the visible one. Returns `None` if the key must be handled now.
pub(in crate::tui) fn buffer_key(app: &mut App, key: KeyEvent) -> Option<Vec<Effect>> {
    if !matches!(app.ui.mode, Mode::Panes) || app.wall.is_some() {
        return None;
    }
    let action = app.ui.keymap.action(Layer::Panes, &key);
    let deferred = app.inflight.deferred_verb.as_mut()?;
    match action {
        Some(Action::QuitNow | Action::Suspend | Action::Redraw) => None,
        Some(Action::Back) => {
            app.inflight.deferred_verb = None;
            app.notices.toast = None;
            Some(Vec::new())
        }
        _ => {
            if deferred.input.len() < MAX_BUFFERED_INPUT {
                deferred.input.push(BufferedInput::Key(key));
            }
            Some(Vec::new())
        }
    }
}

/// Stores a pasted text for a deferred verb, as [`buffer_key`] does with keys. Returns the text if
/// it must be inserted now.
pub(in crate::tui) fn buffer_paste(app: &mut App, text: String) -> Option<String> {
    if !matches!(app.ui.mode, Mode::Panes) || app.wall.is_some() {
        return Some(text);
    }
    let Some(deferred) = app.inflight.deferred_verb.as_mut() else { return Some(text) };
    if deferred.input.len() < MAX_BUFFERED_INPUT && text.len() <= MAX_BUFFERED_PASTE {
        deferred.input.push(BufferedInput::Paste(text));
    }
    None
}

/// Opens the overlay or sends the plan of an action.
fn dispatch(app: &mut App, action: Action, targets: Vec<Target>, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(verb) = verb::find(action) else {
        return match action {
            Action::Run => run::update::open(app, targets),
            Action::Copy => picker::update::open(app, action, targets, "Copy of {}", false, at),
            _ => Vec::new(),
        };
    };
    if verb.explains_refusal()
        && let [one] = &targets[..]
        && let Some(why) = refusal(app, action, one, at)
    {
        let label = one.label.clone();
        return show_toast(app, format!("{label}: {why}"), true);
    }
    match verb.opening(app, &targets, at) {
        Opening::Send { plan, irreversible } => send::submit(app, plan, irreversible, None, at),
        Opening::Form(kind) => form::open::open(app, kind, targets, at),
        Opening::OnlyTemplate => {
            app.forms.template_index = 0;
            form::open::open(app, Kind::Update, targets, at)
        }
        Opening::Matrix => {
            let row = targets.first().and_then(|target| app.row(target.id));
            let (impact, urgency) =
                row.map_or((Impact::Medium, Urgency::Medium), |r| (r.impact, r.urgency));
            app.ui.mode = Mode::Matrix(Box::new(Matrix { targets, impact, urgency, notice: None }));
            Vec::new()
        }
        Opening::List { heading, searchable } => {
            picker::update::open(app, action, targets, heading, searchable, at)
        }
        Opening::Explain(why) => show_toast(app, why, true),
    }
}

/// Starts a verb that is about no incident yet.
pub(in crate::tui) fn start_without_targets(
    app: &mut App,
    action: Action,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    dispatch(app, action, Vec::new(), at)
}
