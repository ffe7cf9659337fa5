//! Verbs: what a key begins, for the incident that keys are about now, or for all that are marked.

use chrono::{DateTime, TimeDelta, Utc};
use crossterm::event::KeyEvent;

use crate::model::checklist::Answer;
use crate::model::checklist::{ClosingItem, InvestigationItem, Item};
use crate::model::review::Section;
use crate::model::status::{Category, Classification, ResolutionAction, Role};
use crate::model::{
    Impact, Incident, IncidentCommand, IncidentId, PersonRef, Priority, Status, Summary, Urgency,
    escalation,
};

use super::super::action::{Action, Entry, Layer, TABLE};
use super::super::app::{App, DeferredVerb, Pane};
use super::super::form::Kind;
use super::super::message::Effect;
use super::super::mode::{Matrix, Mode};
use super::super::plan::Target;
use super::{find, forms, picks, precheck, run, send, show_toast};

/// The incidents that a verb is about now: those that are marked, else the one that keys are about.
pub(in crate::tui) fn targets(app: &App) -> Vec<Target> {
    if app.marked.is_empty() {
        return app.target().map(Target::from).into_iter().collect();
    }
    let rows = app.snapshot.iter().flat_map(|snapshot| &snapshot.rows).map(|row| &**row);
    let mut targets: Vec<Target> = app
        .queue
        .rows
        .iter()
        .map(|row| &*row.summary)
        .chain(rows)
        .filter(|row| app.marked.contains(&row.id))
        .map(Target::from)
        .collect();
    // In the order of the queue, then what the filter hides; each once.
    let mut seen = std::collections::HashSet::new();
    targets.retain(|target| seen.insert(target.id));
    targets
}

/// Begins a verb.
pub(super) fn start(app: &mut App, action: Action, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(told) = unseen_selection(app, at) {
        return show_toast(app, told, true);
    }
    let targets = targets(app);
    start_on(app, action, targets, at)
}

/// How long what is selected must have been on the screen after the selection has moved by itself:
/// a finger that is on its way can't be stopped faster.
const MIN_VISIBLE: TimeDelta = TimeDelta::milliseconds(500);

/// Why a verb must not be about what is selected: nobody can have seen yet that it is.
fn unseen_selection(app: &App, at: DateTime<Utc>) -> Option<String> {
    let moved = app.selection_shift.as_ref().filter(|_| app.marked.is_empty())?;
    let seen = moved.drawn_at.is_some_and(|drawn| at - drawn >= MIN_VISIBLE);
    if seen || matches!(app.focus, Pane::Detail | Pane::Timeline) {
        return None;
    }
    let here = app.selected()?.label();
    Some(format!("nothing was done: {} has left the queue, this is {here}", moved.previous_label))
}

/// Begins a verb about targets that were fixed before.
pub(super) fn start_on(
    app: &mut App,
    action: Action,
    targets: Vec<Target>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if targets.is_empty() {
        return Vec::new();
    }
    // What a form is filled in with must be known; the target is fixed meanwhile.
    if needs_record(action)
        && let [one] = &targets[..]
        && precheck::current_record(app, one.id).is_none()
    {
        let (id, told) = (one.id, format!("reading {} …", one.label));
        app.deferred_verb =
            Some(DeferredVerb { action, target: one.clone(), keys: Vec::new(), reloaded: false });
        let mut effects = show_toast(app, told, false);
        effects.push(Effect::LoadDetail(id));
        return effects;
    }
    dispatch(app, action, targets, at)
}

/// The record of a waiting verb's target was read: it goes on, and so do keys pressed meanwhile.
pub(super) fn resume(app: &mut App, id: IncidentId, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(mut waiting) = app.deferred_verb.take_if(|waiting| waiting.target.id == id) else {
        return Vec::new();
    };
    // Somebody has gone on to something else meanwhile.
    if !matches!(app.mode, Mode::Panes) {
        return Vec::new();
    }
    // It has changed while it was read. Where it always does, the verb goes on with what there is.
    if precheck::current_record(app, id).is_none()
        && !std::mem::replace(&mut waiting.reloaded, true)
    {
        app.deferred_verb = Some(waiting);
        return vec![Effect::LoadDetail(id)];
    }
    app.toast = None;
    let mut effects = dispatch(app, waiting.action, vec![waiting.target], at);
    for key in waiting.keys {
        effects.extend(super::key_pressed(app, key, at));
    }
    effects
}

/// The record of a waiting verb's target can't be read.
pub(super) fn abandon(app: &mut App, id: IncidentId, why: &str) -> Vec<Effect> {
    match app.deferred_verb.take_if(|waiting| waiting.target.id == id) {
        Some(waiting) => show_toast(app, format!("{}: {why}", waiting.target.label), true),
        None => Vec::new(),
    }
}

/// Keys that may wait with a verb.
const MAX_BUFFERED_KEYS: usize = 64;

/// While a verb waits for its record, keys are for what it opens, not for what is on the screen.
/// `None` where a key is not held.
pub(super) fn buffer_key(app: &mut App, key: KeyEvent) -> Option<Vec<Effect>> {
    if !matches!(app.mode, Mode::Panes) || app.wall.is_some() {
        return None;
    }
    let action = app.keymap.action(Layer::Panes, &key);
    let waiting = app.deferred_verb.as_mut()?;
    match action {
        Some(Action::QuitNow | Action::Suspend) => None,
        Some(Action::Back) => {
            app.deferred_verb = None;
            app.toast = None;
            Some(Vec::new())
        }
        _ => {
            if waiting.keys.len() < MAX_BUFFERED_KEYS {
                waiting.keys.push(key);
            }
            Some(Vec::new())
        }
    }
}

fn needs_record(action: Action) -> bool {
    matches!(
        action,
        Action::Close
            | Action::Checklist
            | Action::Categorize
            | Action::Describe
            | Action::Review
            | Action::Link
            | Action::Escalate
            | Action::Update
            | Action::Snooze
            | Action::Copy
            | Action::Run
    )
}

fn dispatch(app: &mut App, action: Action, targets: Vec<Target>, at: DateTime<Utc>) -> Vec<Effect> {
    let form = |app: &mut App, kind| forms::open(app, kind, targets.clone(), at);
    match action {
        Action::Acknowledge => {
            let plan = send::plan(
                app,
                &targets,
                "acknowledge",
                "acknowledged",
                &[IncidentCommand::Acknowledge],
                at,
            );
            send::submit(app, plan, false, None, at)
        }
        Action::Own => own(app, &targets, at),
        Action::Note => form(app, Kind::Note),
        Action::Resolve => open_form_unless_refused(app, action, &targets, Kind::Resolve, at),
        Action::Reopen => open_form_unless_refused(app, action, &targets, Kind::Reopen, at),
        Action::Close => open_form_unless_refused(app, action, &targets, Kind::Close, at),
        Action::Reclassify => open_form_unless_refused(app, action, &targets, Kind::Reclassify, at),
        Action::Checklist => form(app, Kind::Checklist),
        Action::Categorize => form(app, Kind::Categorize),
        Action::Describe => form(app, Kind::Describe),
        Action::Run => run::open(app, targets),
        Action::Prioritize => {
            let row = targets.first().and_then(|target| app.row(target.id));
            let (impact, urgency) =
                row.map_or((Impact::Medium, Urgency::Medium), |r| (r.impact, r.urgency));
            app.mode = Mode::Matrix(Box::new(Matrix { targets, impact, urgency, notice: None }));
            Vec::new()
        }
        Action::Assign
        | Action::Move
        | Action::Escalate
        | Action::Snooze
        | Action::Merge
        | Action::Link
        | Action::Update
        | Action::Review
        | Action::Copy
        | Action::Role => picks::open(app, action, targets, at),
        _ => Vec::new(),
    }
}

/// A form whose verb does not apply to the only target is not opened: that is told at once.
fn open_form_unless_refused(
    app: &mut App,
    action: Action,
    targets: &[Target],
    kind: Kind,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if let [one] = targets
        && let Some(why) = refusal(app, action, one, at)
    {
        return show_toast(app, format!("{}: {why}", one.label), true);
    }
    forms::open(app, kind, targets.to_vec(), at)
}

/// Assigns to whoever looks; says from whom it was taken over.
fn own(app: &mut App, targets: &[Target], at: DateTime<Utc>) -> Vec<Effect> {
    let before = match targets {
        [one] => app.row(one.id).and_then(|row| row.assignee.clone()),
        _ => None,
    };
    let done = match before.filter(|owner| owner.handle != app.me.handle) {
        Some(owner) => format!("taken over from {}", owner.name),
        None => "owned by you".into(),
    };
    let to = Some(app.me.clone());
    let plan = send::plan(app, targets, "own", done, &[IncidentCommand::Assign { to }], at);
    send::submit(app, plan, false, None, at)
}

/// How many targets are asked whether a verb applies to any.
const MAX_PRECHECKED: usize = 50;

/// Why an action can't be done now, to these targets; `None` where it can, to one of them at least.
pub(in crate::tui) fn disabled_reason(
    app: &App,
    entry: &Entry,
    targets: &[Target],
    now: DateTime<Utc>,
) -> Option<String> {
    if let Some(why) = entry.disabled_reason(app) {
        return Some(why);
    }
    if !entry.applies(app) {
        return Some(entry.reason_if_not(app));
    }
    entry.verb?;
    let mut first = None;
    for target in targets.iter().take(MAX_PRECHECKED) {
        let why = refusal(app, entry.action, target, now)?;
        first.get_or_insert(why);
    }
    match targets.len() {
        0 | 1 => first,
        2..=MAX_PRECHECKED => first.map(|why| format!("none of them: {why}")),
        _ => None,
    }
}

/// Keeps which verbs the incident on the screen refuses. While the selection moves, nothing changes:
/// the keys line stays as it is under a held key.
pub(super) fn refresh_disabled(app: &mut App) {
    if app.reading.moving {
        return;
    }
    // Asked of the record alone: this happens with every message, and looking for a row takes long
    // where there are many.
    let refused = |incident: &Incident| {
        let row = &incident.summary;
        TABLE
            .iter()
            .filter(|entry| entry.verb.is_some() && entry.hint.is_some())
            .map(|entry| entry.action)
            .filter(|action| {
                let asks = probe(app, *action, Some(row), app.now);
                let refuses = |asks: Vec<IncidentCommand>| {
                    precheck::record_refusal(app, incident, &asks, app.now)
                };
                asks.and_then(refuses).is_some() || lacks_escalation(app, *action, row)
            })
            .collect()
    };
    let shown = app.reading.shown.as_ref().map(|shown| &shown.detail.incident);
    app.reading.disabled = shown.map(refused).unwrap_or_default();
}

/// Whether there is no policy by which it could be escalated.
fn lacks_escalation(app: &App, action: Action, row: &Summary) -> bool {
    action == Action::Escalate
        && app.directory.as_deref().is_some_and(|d| escalation::path(row, d).is_empty())
}

/// Why a verb does not apply to an incident, in a person's words; `None` where it does.
pub(in crate::tui) fn refusal(
    app: &App,
    action: Action,
    target: &Target,
    now: DateTime<Utc>,
) -> Option<String> {
    let row = app.row(target.id);
    let asks = probe(app, action, row, now)?;
    precheck::refusal(app, target.id, &asks, now).or_else(|| {
        let nobody = row.is_some_and(|row| lacks_escalation(app, action, row));
        nobody.then(|| picks::empty_reason(app, action, std::slice::from_ref(target)))
    })
}

/// A verb as it would be asked with everything filled in, to learn whether it applies.
fn probe(
    app: &App,
    action: Action,
    row: Option<&Summary>,
    now: DateTime<Utc>,
) -> Option<Vec<IncidentCommand>> {
    let some = || "x".to_owned();
    let yes = |item| IncidentCommand::AnswerItem { item, answer: Answer::Yes };
    Some(match action {
        Action::Acknowledge => vec![IncidentCommand::Acknowledge],
        Action::Own => vec![IncidentCommand::Assign { to: Some(app.me.clone()) }],
        Action::Resolve => vec![IncidentCommand::Resolve {
            action: ResolutionAction::Other,
            detail: some(),
            validation: some(),
        }],
        Action::Reopen => vec![IncidentCommand::Reopen { reason: some() }],
        Action::Close => {
            let gate = ClosingItem::ALL.iter().map(|item| yes(Item::Closing(*item)));
            gate.chain([IncidentCommand::Close]).collect()
        }
        Action::Checklist => vec![yes(Item::Investigation(InvestigationItem::Reproduced))],
        Action::Reclassify => {
            vec![IncidentCommand::Reclassify { to: Classification::FalseAlarm, reason: some() }]
        }
        Action::Prioritize => {
            let row = row?;
            let priority = Priority::ALL.into_iter().find(|p| *p != row.priority)?;
            vec![IncidentCommand::OverridePriority { priority, reason: some() }]
        }
        Action::Move => {
            let here = row?.status;
            let next = Status::STAGES[1..5].iter().find(|stage| **stage > here);
            vec![IncidentCommand::MoveStatus { to: next.copied().unwrap_or(Status::Monitoring) }]
        }
        Action::Assign => vec![IncidentCommand::Assign { to: Some(PersonRef::new("x", "x")) }],
        Action::Category | Action::Categorize => {
            let here = row?.category;
            let other = Category::ALL.iter().find(|category| Some(**category) != here);
            vec![IncidentCommand::Categorize { category: other.copied() }]
        }
        Action::Services => vec![IncidentCommand::SetServices { services: vec![some()] }],
        Action::Team => vec![IncidentCommand::SetTeam { team: Some(some()) }],
        Action::Role => vec![IncidentCommand::GiveRole {
            role: Role::Resolver,
            person: PersonRef::new("x", "x"),
            given: true,
        }],
        Action::Update => {
            vec![IncidentCommand::UpdateStakeholders { message: some(), next_due: None }]
        }
        Action::Escalate => {
            vec![IncidentCommand::Escalate { level: 1, to: Vec::new(), reason: Some(some()) }]
        }
        Action::Snooze => vec![IncidentCommand::Snooze { until: now + TimeDelta::hours(1) }],
        Action::Merge => vec![IncidentCommand::Merge { into: IncidentId::new() }],
        Action::Review => {
            vec![IncidentCommand::WriteReview { section: Section::Summary, text: some() }]
        }
        _ => return None,
    })
}

/// Marks the selected row, or takes the mark away, and goes on to the next.
pub(super) fn toggle_mark(app: &mut App) -> Vec<Effect> {
    if let Some(group) = find::selected_group_ids(app) {
        find::toggle_marks(app, group);
        return Vec::new();
    }
    let Some(id) = app.selected().map(|row| row.id) else { return Vec::new() };
    if !app.marked.remove(&id) {
        app.marked.insert(id);
    }
    super::navigation::move_by(app, super::navigation::Motion::Lines(1))
}

/// Marks all that are shown, or none where all are.
pub(super) fn toggle_all_marks(app: &mut App) -> Vec<Effect> {
    let shown: Vec<IncidentId> = find::selected_group_ids(app)
        .unwrap_or_else(|| app.queue.rows.iter().map(|row| row.summary.id).collect());
    find::toggle_marks(app, shown);
    Vec::new()
}
