//! Verbs: commands that a key starts, on the incident that is targeted now or on all marked ones.

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

use crate::tui::action::{Action, Entry, Layer, TABLE};
use crate::tui::core::app::{App, BufferedInput, DeferredVerb, Pane};
use crate::tui::core::message::Effect;
use crate::tui::core::mode::{Matrix, Mode};
use crate::tui::form::Kind;
use crate::tui::update::show_toast;
use crate::tui::verb::plan::Target;
use crate::tui::verb::{precheck, send};
use crate::tui::{filter, form, picker, run};

/// Returns the incidents that a verb acts on now: the marked ones, else the targeted one.
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

/// Starts a verb on the incidents that are marked or targeted.
pub(in crate::tui) fn start(app: &mut App, action: Action, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(reason) = unseen_selection(app, at) {
        return show_toast(app, reason, true);
    }
    let targets = targets(app);
    start_on(app, action, targets, at)
}

/// How long the selected row must have been on the screen after the selection moved by itself: a
/// finger that is about to press a key can't be stopped faster.
const MIN_VISIBLE: TimeDelta = TimeDelta::milliseconds(500);

/// Returns why a verb must not act on the selected incident: the viewer can't have seen yet that
/// the selection has moved to it.
fn unseen_selection(app: &App, at: DateTime<Utc>) -> Option<String> {
    let shift = app.selection_shift.as_ref().filter(|_| app.marked.is_empty())?;
    let seen = shift.drawn_at.is_some_and(|drawn| at - drawn >= MIN_VISIBLE);
    if seen || matches!(app.focus, Pane::Detail | Pane::Timeline) {
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
        app.deferred_verb =
            Some(DeferredVerb { action, target: one.clone(), input: Vec::new(), reloaded: false });
        let mut effects = show_toast(app, message, false);
        effects.push(Effect::LoadDetail(id));
        return effects;
    }
    dispatch(app, action, targets, at)
}

/// Resumes a deferred verb whose record was read, and replays what was typed in the meantime.
pub(in crate::tui) fn resume(app: &mut App, id: IncidentId, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(mut deferred) = app.deferred_verb.take_if(|deferred| deferred.target.id == id) else {
        return Vec::new();
    };
    // The person has gone on to something else in the meantime.
    if !matches!(app.mode, Mode::Panes) {
        return Vec::new();
    }
    // The incident has changed while it was read. If it always does, the verb goes on with what
    // there is.
    if precheck::current_record(app, id).is_none()
        && !std::mem::replace(&mut deferred.reloaded, true)
    {
        app.deferred_verb = Some(deferred);
        return vec![Effect::LoadDetail(id)];
    }
    app.toast = None;
    let mut effects = dispatch(app, deferred.action, vec![deferred.target], at);
    for input in deferred.input {
        effects.extend(match input {
            BufferedInput::Key(key) => crate::tui::update::key_pressed(app, key, at),
            BufferedInput::Paste(text) => crate::tui::update::pasted(app, text),
        });
    }
    effects
}

/// Abandons a deferred verb whose record can't be read.
pub(in crate::tui) fn abandon(app: &mut App, id: IncidentId, why: &str) -> Vec<Effect> {
    match app.deferred_verb.take_if(|deferred| deferred.target.id == id) {
        Some(deferred) => show_toast(app, format!("{}: {why}", deferred.target.label), true),
        None => Vec::new(),
    }
}

/// The most keys and pasted texts that are stored for a deferred verb.
const MAX_BUFFERED_INPUT: usize = 64;
/// The longest pasted text that is stored for a deferred verb, in bytes.
const MAX_BUFFERED_PASTE: usize = 1024 * 1024;

/// Stores a key for a deferred verb: while the record is read, keys are for what the verb opens,
/// not for what is on the screen. Returns `None` if the key is to be handled now.
pub(in crate::tui) fn buffer_key(app: &mut App, key: KeyEvent) -> Option<Vec<Effect>> {
    if !matches!(app.mode, Mode::Panes) || app.wall.is_some() {
        return None;
    }
    let action = app.keymap.action(Layer::Panes, &key);
    let deferred = app.deferred_verb.as_mut()?;
    match action {
        Some(Action::QuitNow | Action::Suspend) => None,
        Some(Action::Back) => {
            app.deferred_verb = None;
            app.toast = None;
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
/// it is to be inserted now.
pub(in crate::tui) fn buffer_paste(app: &mut App, text: String) -> Option<String> {
    if !matches!(app.mode, Mode::Panes) || app.wall.is_some() {
        return Some(text);
    }
    let Some(deferred) = app.deferred_verb.as_mut() else { return Some(text) };
    if deferred.input.len() < MAX_BUFFERED_INPUT && text.len() <= MAX_BUFFERED_PASTE {
        deferred.input.push(BufferedInput::Paste(text));
    }
    None
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
    let form = |app: &mut App, kind| form::update::open(app, kind, targets.clone(), at);
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
        Action::Run => run::update::open(app, targets),
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
        | Action::Role => picker::update::open(app, action, targets, at),
        _ => Vec::new(),
    }
}

/// Opens the form of a verb, unless it does not apply to the only target: then shows why.
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
    form::update::open(app, kind, targets.to_vec(), at)
}

/// Assigns the incidents to the viewer; says from whom one was taken over.
fn own(app: &mut App, targets: &[Target], at: DateTime<Utc>) -> Vec<Effect> {
    let previous_owner = match targets {
        [one] => app.row(one.id).and_then(|row| row.assignee.clone()),
        _ => None,
    };
    let done_phrase = match previous_owner.filter(|owner| owner.handle != app.me.handle) {
        Some(owner) => format!("taken over from {}", owner.name),
        None => "owned by you".into(),
    };
    let to = Some(app.me.clone());
    let plan = send::plan(app, targets, "own", done_phrase, &[IncidentCommand::Assign { to }], at);
    send::submit(app, plan, false, None, at)
}

/// How many targets are checked for whether a verb applies to any.
const MAX_PRECHECKED: usize = 50;

/// Returns why an action can't be used now on these targets; `None` if it can, on one of them at
/// least.
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

/// Stores which verbs the incident on the screen refuses. While the selection moves, nothing
/// changes: the keys line stays as it is while a key is held down.
pub(in crate::tui) fn refresh_disabled(app: &mut App) {
    if app.reading.moving {
        return;
    }
    // Only the record is checked: this happens with every message, and finding a row takes long if
    // there are many.
    let refused_actions = |incident: &Incident| {
        let row = &incident.summary;
        TABLE
            .iter()
            .filter(|entry| entry.verb.is_some() && entry.hint.is_some())
            .map(|entry| entry.action)
            .filter(|action| {
                let commands = probe(app, *action, Some(row), app.now);
                let refuses = |commands: Vec<IncidentCommand>| {
                    precheck::record_refusal(app, incident, &commands, app.now)
                };
                commands.and_then(refuses).is_some() || lacks_escalation(app, *action, row)
            })
            .collect()
    };
    let shown = app.reading.shown.as_ref().map(|shown| &shown.detail.incident);
    app.reading.disabled = shown.map(refused_actions).unwrap_or_default();
}

/// Returns whether the action is an escalation and no policy covers the incident.
fn lacks_escalation(app: &App, action: Action, row: &Summary) -> bool {
    action == Action::Escalate
        && app.directory.as_deref().is_some_and(|d| escalation::path(row, d).is_empty())
}

/// Returns why a verb does not apply to an incident, in a sentence for the person; `None` if it
/// does.
pub(in crate::tui) fn refusal(
    app: &App,
    action: Action,
    target: &Target,
    now: DateTime<Utc>,
) -> Option<String> {
    let row = app.row(target.id);
    let commands = probe(app, action, row, now)?;
    precheck::refusal(app, target.id, &commands, now).or_else(|| {
        let nobody_to_call = row.is_some_and(|row| lacks_escalation(app, action, row));
        nobody_to_call
            .then(|| picker::update::empty_reason(app, action, std::slice::from_ref(target)))
    })
}

/// Returns the commands of a verb with made-up contents, to check whether it applies.
fn probe(
    app: &App,
    action: Action,
    row: Option<&Summary>,
    now: DateTime<Utc>,
) -> Option<Vec<IncidentCommand>> {
    let text = || "x".to_owned();
    let answer_yes = |item| IncidentCommand::AnswerItem { item, answer: Answer::Yes };
    Some(match action {
        Action::Acknowledge => vec![IncidentCommand::Acknowledge],
        Action::Own => vec![IncidentCommand::Assign { to: Some(app.me.clone()) }],
        Action::Resolve => vec![IncidentCommand::Resolve {
            action: ResolutionAction::Other,
            detail: text(),
            validation: text(),
        }],
        Action::Reopen => vec![IncidentCommand::Reopen { reason: text() }],
        Action::Close => {
            let checklist = ClosingItem::ALL.iter().map(|item| answer_yes(Item::Closing(*item)));
            checklist.chain([IncidentCommand::Close]).collect()
        }
        Action::Checklist => vec![answer_yes(Item::Investigation(InvestigationItem::Reproduced))],
        Action::Reclassify => {
            vec![IncidentCommand::Reclassify { to: Classification::FalseAlarm, reason: text() }]
        }
        Action::Prioritize => {
            let row = row?;
            let priority = Priority::ALL.into_iter().find(|p| *p != row.priority)?;
            vec![IncidentCommand::OverridePriority { priority, reason: text() }]
        }
        Action::Move => {
            let status = row?.status;
            let next = Status::STAGES[1..5].iter().find(|stage| **stage > status);
            vec![IncidentCommand::MoveStatus { to: next.copied().unwrap_or(Status::Monitoring) }]
        }
        Action::Assign => vec![IncidentCommand::Assign { to: Some(PersonRef::new("x", "x")) }],
        Action::Category | Action::Categorize => {
            let category = row?.category;
            let other = Category::ALL.iter().find(|other| Some(**other) != category);
            vec![IncidentCommand::Categorize { category: other.copied() }]
        }
        Action::Services => vec![IncidentCommand::SetServices { services: vec![text()] }],
        Action::Team => vec![IncidentCommand::SetTeam { team: Some(text()) }],
        Action::Role => vec![IncidentCommand::GiveRole {
            role: Role::Resolver,
            person: PersonRef::new("x", "x"),
            given: true,
        }],
        Action::Update => {
            vec![IncidentCommand::UpdateStakeholders { message: text(), next_due: None }]
        }
        Action::Escalate => {
            vec![IncidentCommand::Escalate { level: 1, to: Vec::new(), reason: Some(text()) }]
        }
        Action::Snooze => vec![IncidentCommand::Snooze { until: now + TimeDelta::hours(1) }],
        Action::Merge => vec![IncidentCommand::Merge { into: IncidentId::new() }],
        Action::Review => {
            vec![IncidentCommand::WriteReview { section: Section::Summary, text: text() }]
        }
        _ => return None,
    })
}

/// Marks the selected row, or removes its mark, and moves to the next row. On the head of a group,
/// the same for all its rows, without moving.
pub(in crate::tui) fn toggle_mark(app: &mut App) -> Vec<Effect> {
    if let Some(group) = filter::update::selected_group_ids(app) {
        filter::update::toggle_marks(app, group);
        return Vec::new();
    }
    let Some(id) = app.selected().map(|row| row.id) else { return Vec::new() };
    if !app.marked.remove(&id) {
        app.marked.insert(id);
    }
    crate::tui::core::navigation::move_by(app, crate::tui::core::navigation::Motion::Lines(1))
}

/// Marks all rows that are shown, or removes the marks if all are marked.
pub(in crate::tui) fn toggle_all_marks(app: &mut App) -> Vec<Effect> {
    let shown: Vec<IncidentId> = filter::update::selected_group_ids(app)
        .unwrap_or_else(|| app.queue.rows.iter().map(|row| row.summary.id).collect());
    filter::update::toggle_marks(app, shown);
    Vec::new()
}
