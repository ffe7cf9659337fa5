//! Custom commands: offered, started, shown while they run, put on the timeline.

use chrono::{DateTime, Utc};

use crate::config::panes::CustomCommand;
use crate::config::pattern::{Pattern, Placeholder};
use crate::model::Incident;
use crate::model::filter::{MatchContext, Predicate as FilterAsk, StateFilter, Term};
use crate::model::status::Category;
use crate::model::text::{sanitize, truncate};
use crate::model::time::format_precise_duration;
use crate::model::{CommandId, IncidentCommand, text};

use super::super::action::{Action, find_entry};
use super::super::app::App;
use super::super::message::Effect;
use super::super::mode::Mode;
use super::super::output::Pipe;
use super::super::picker::{Item, Pick, Picker, PickerKind};
use super::super::plan::Target;
use super::super::run::{NoRunbooks, OutputPane, ProgramSpec, Run, RunConfirmation, RunEnd, RunId};
use super::navigation::Motion;
use super::{precheck, runbook, send, show_toast, view};

/// The most programs that run at the same time.
const MAX_RUNNING: usize = 8;
/// The most runs that can be looked at again.
const MAX_REMEMBERED: usize = 16;
/// What goes to the timeline of what a program has written: so many lines and bytes at most.
const MAX_NOTED: (usize, usize) = (40, 16 * 1024);
/// Why nothing is run.
const READ_ONLY: &str = "opened read-only: no command runs";

/// Opens the list of what can be read and run.
pub(super) fn open(app: &mut App, targets: Vec<Target>) -> Vec<Effect> {
    let [target] = &targets[..] else {
        let told = single_target_reason(app, targets.len());
        return show_toast(app, told, true);
    };
    let items = items(app, target);
    let heading = format!("Run on {} · {}", target.label, sanitize(&target.title));
    if items.is_empty() && app.settings.runbooks.is_none() {
        let told = empty_reason(app, target);
        return show_toast(app, told, true);
    }
    app.mode = Mode::Pick(Box::new(Picker::new(PickerKind::Runs, targets, heading, items, false)));
    // Files may have come since.
    runbook::load_folder(app)
}

/// Why there is nothing to choose from.
pub(super) fn empty_reason(app: &App, target: &Target) -> String {
    if let Some(Err(NoRunbooks::Unreadable(why))) = &app.runbooks {
        return why.clone();
    }
    let folder = app.settings.runbooks.as_ref().map(|folder| folder.to_string_lossy());
    let place = folder.map(|folder| format!("as .md files in {}, ", sanitize(&folder)));
    format!(
        "nothing is there for {}: put runbooks {}or [[commands]] into the settings",
        target.label,
        place.unwrap_or_default()
    )
}

/// Runbooks, then commands, then what has been run.
pub(super) fn items(app: &App, target: &Target) -> Vec<Item> {
    items_after(app, target, &[])
}

/// The same where others are shown already: what was on a digit stays on it.
pub(super) fn items_after(app: &App, target: &Target, before: &[Item]) -> Vec<Item> {
    let Some(incident) = precheck::current_record(app, target.id) else { return Vec::new() };
    let mut items = runbook::items(app, incident);
    for command in &app.settings.commands {
        if is_offered(app, command, incident) {
            let mut item = Item::new(sanitize(&command.name), Pick::Command(command.name.clone()));
            item.key = command.key;
            let asks = if command.dangerous { "asks first · " } else { "" };
            let help = match &command.help {
                help if help.is_empty() => {
                    let words: Vec<String> = command.run.iter().map(Pattern::source).collect();
                    words.join(" ")
                }
                help => help.clone(),
            };
            let barred = if app.read_only {
                Some(READ_ONLY.to_owned())
            } else {
                prepare(command, incident, app, RunId(0)).err()
            };
            let item = item.about(format!("{asks}{}", sanitize(&help))).disabled_reason(barred);
            items.push(item.value(sanitize(&command.name)));
        }
    }
    for run in app.runs.iter().rev().filter(|run| run.target.id == target.id) {
        let about = match &run.ended {
            None => format!("runs since {}", app.clock().hh_mm_ss(run.started_at)),
            Some((_, at)) => format!("{} at {}", run.outcome(), app.clock().hh_mm_ss(*at)),
        };
        let text = format!("output of {}", run.name);
        let item = Item::new(text.clone(), Pick::Output(run.id)).about(about);
        items.push(item.value(text));
    }
    assign_digits(&mut items, before);
    items
}

/// All that has a name: what is for the incident, then what is not, with why. A runbook can be read
/// all the same.
pub(super) fn all_items(app: &App, targets: &[Target]) -> Vec<Item> {
    let [target] = targets else { return Vec::new() };
    let Some(incident) = precheck::current_record(app, target.id) else { return Vec::new() };
    let mut items = items(app, target);
    items.extend(runbook::other_items(app, incident));
    for command in &app.settings.commands {
        if let Some(when) = command.when.as_ref().filter(|_| !is_offered(app, command, incident)) {
            let name = sanitize(&command.name);
            let why = format!("it is only for {}", sanitize(&when.to_string()));
            let item = Item::new(name.clone(), Pick::Command(command.name.clone())).value(name);
            items.push(item.disabled_reason(Some(why)));
        }
    }
    items
}

/// Why nothing has a name, where nothing has.
pub(super) fn no_items_reason(app: &App, targets: &[Target], named: &[Item]) -> Option<String> {
    match targets {
        _ if !named.is_empty() => None,
        [] => Some("no incident is selected".into()),
        [target] if precheck::current_record(app, target.id).is_none() => {
            Some(format!("{} is not read yet: wait a moment", target.label))
        }
        [target] => Some(empty_reason(app, target)),
        several => Some(single_target_reason(app, several.len())),
    }
}

/// What choosing a command does, in words.
pub(super) fn preview(app: &App, name: &str, what: &str) -> String {
    let command = app.settings.commands.iter().find(|command| command.name == name);
    let asks = if command.is_some_and(|command| command.dangerous) { ", asks first" } else { "" };
    format!("run {} on {what}{asks}", sanitize(name))
}

fn single_target_reason(app: &App, count: usize) -> String {
    let key = super::main_key(app, Action::MarkAll).unwrap_or_default();
    format!(
        "{count} incidents are selected: commands and runbooks are for one ({key} changes the selection)"
    )
}

/// Digits for what has no key of its own. A digit that was shown is never that of something else:
/// it may be on its way from the keyboard.
fn assign_digits(items: &mut [Item], before: &[Item]) {
    for item in items.iter_mut().filter(|item| item.key.is_none()) {
        let same = before.iter().find(|other| other.pick == item.pick);
        item.key = same.and_then(|same| same.key);
    }
    let taken = items.iter().chain(before).filter_map(|item| item.key);
    let taken: Vec<char> = taken.collect();
    let mut free = ('1'..='9').filter(|digit| !taken.contains(digit));
    for item in items.iter_mut().filter(|item| item.key.is_none()) {
        item.key = free.next();
    }
}

/// Whether a command is for an incident.
pub(in crate::tui) fn is_offered(app: &App, command: &CustomCommand, incident: &Incident) -> bool {
    let Some(when) = &command.when else { return true };
    // A snoozed or a closed one is left out only where the filter says so.
    let mut filter = when.clone();
    filter.terms.push(Term { negated: false, predicate: FilterAsk::State(StateFilter::Any) });
    let context =
        MatchContext { now: app.now, me: Some(&app.me.handle), levels: &app.rules.levels };
    filter.matches(&incident.summary, context)
}

/// What a command would start, or why it can't be.
fn prepare(
    command: &CustomCommand,
    incident: &Incident,
    app: &App,
    id: RunId,
) -> Result<ProgramSpec, String> {
    let mut missing = None;
    let mut words = command.run.iter().map(|word| {
        without_nul(&word.fill(|field| {
            placeholder_value(field, incident, app).unwrap_or_else(|| {
                missing = missing.or(Some(field));
                String::new()
            })
        }))
    });
    let program = words.next().unwrap_or_default();
    let arguments = words.collect();
    if let Some(field) = missing {
        return Err(format!("it has no {field}, which this needs"));
    }
    let variables = variables(incident, app);
    Ok(ProgramSpec { id, program, arguments, variables, timeout: command.timeout })
}

/// The system takes no zero byte.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// What stands for a placeholder in an argument; `None` where it is not known.
fn placeholder_value(field: Placeholder, incident: &Incident, app: &App) -> Option<String> {
    let row = &incident.summary;
    match field {
        Placeholder::Id => Some(row.id.to_string()),
        Placeholder::Number => row.number.map(|number| number.to_string()),
        Placeholder::Title => Some(row.title.clone()),
        Placeholder::Status => Some(row.status.to_string()),
        Placeholder::Priority => Some(row.priority.to_string()),
        Placeholder::Impact => Some(row.impact.to_string()),
        Placeholder::Urgency => Some(row.urgency.to_string()),
        Placeholder::Service => row.primary_service().map(str::to_owned),
        Placeholder::Team => row.team.clone(),
        Placeholder::Owner => row.assignee.as_ref().map(|person| person.handle.clone()),
        Placeholder::Since => Some(row.detected_at.to_rfc3339()),
        Placeholder::Next => {
            let due = incident.next_update_due.or_else(|| {
                let levels = &app.rules.levels;
                let (from, last) = (row.reported_at, row.updated_at);
                crate::model::service_level::update_due(row.priority, from, last, levels)
            });
            due.map(|due| due.to_rfc3339())
        }
    }
}

/// What a program is told about the incident.
fn variables(incident: &Incident, app: &App) -> Vec<(&'static str, String)> {
    let row = &incident.summary;
    let or_empty = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let owner = row.assignee.as_ref();
    let mut variables = vec![
        ("REDPHONE_INCIDENT_ID", row.id.to_string()),
        ("REDPHONE_INCIDENT_NUMBER", row.label()),
        ("REDPHONE_INCIDENT_TITLE", row.title.clone()),
        ("REDPHONE_INCIDENT_STATUS", row.status.to_string()),
        ("REDPHONE_INCIDENT_PRIORITY", row.priority.to_string()),
        ("REDPHONE_INCIDENT_IMPACT", row.impact.to_string()),
        ("REDPHONE_INCIDENT_URGENCY", row.urgency.to_string()),
        ("REDPHONE_INCIDENT_CATEGORY", or_empty(row.category.map(Category::as_str))),
        ("REDPHONE_INCIDENT_SERVICE", or_empty(row.primary_service())),
        ("REDPHONE_INCIDENT_SERVICES", row.services.join("\n")),
        ("REDPHONE_INCIDENT_TEAM", or_empty(row.team.as_deref())),
        ("REDPHONE_INCIDENT_OWNER", or_empty(owner.map(|person| person.handle.as_str()))),
        ("REDPHONE_INCIDENT_LABELS", incident.labels.join("\n")),
        ("REDPHONE_INCIDENT_SYMPTOMS", incident.symptoms.clone()),
        ("REDPHONE_INCIDENT_RUNBOOK", or_empty(incident.runbook.as_deref())),
        ("REDPHONE_INCIDENT_REPORTED", row.reported_at.to_rfc3339()),
        ("REDPHONE_USER", app.me.handle.clone()),
    ];
    variables.extend(app.variables.iter().cloned());
    variables.into_iter().map(|(name, value)| (name, without_nul(&value))).collect()
}

/// A command was chosen: it is started, or asked about first.
pub(super) fn run_command(
    app: &mut App,
    name: &str,
    targets: Vec<Target>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Some(target) = targets.into_iter().next() else { return Vec::new() };
    if app.read_only {
        return show_toast(app, READ_ONLY, true);
    }
    let command = app.settings.commands.iter().find(|command| command.name == name).cloned();
    // Settings may have been read again since the list was made.
    let Some(command) = command else {
        return show_toast(
            app,
            format!("{} is not in the settings any more", sanitize(name)),
            true,
        );
    };
    let runs = |run: &&Run| run.ended.is_none();
    let same = |run: &&Run| run.target.id == target.id && run.name == sanitize(name);
    if let Some(id) = app.runs.iter().filter(runs).find(same).map(|run| run.id) {
        app.mode = Mode::Output(OutputPane { id, top: None });
        return show_toast(
            app,
            format!("{} runs on {} already", sanitize(name), target.label),
            false,
        );
    }
    if app.runs.iter().filter(runs).count() >= MAX_RUNNING {
        return show_toast(
            app,
            format!("{MAX_RUNNING} commands run: stop one of them first"),
            true,
        );
    }
    let Some(incident) = precheck::current_record(app, target.id) else {
        return show_toast(app, format!("{} has changed: try again", target.label), true);
    };
    let start = match prepare(&command, incident, app, RunId(app.last_run + 1)) {
        Ok(start) => start,
        Err(why) => return show_toast(app, format!("{}: {why}", target.label), true),
    };
    let asked = RunConfirmation {
        target,
        name: command.name,
        spec: start,
        records_note: command.note,
        top: 0,
    };
    if command.dangerous {
        app.mode = Mode::ConfirmRun(Box::new(asked));
        return Vec::new();
    }
    launch(app, asked, at)
}

/// The question was answered with yes.
pub(super) fn confirm_run(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    match std::mem::take(&mut app.mode) {
        Mode::ConfirmRun(asked) => launch(app, *asked, at),
        other => {
            app.mode = other;
            Vec::new()
        }
    }
}

fn launch(app: &mut App, asked: RunConfirmation, at: DateTime<Utc>) -> Vec<Effect> {
    let RunConfirmation { target, name, spec: mut start, records_note: note, .. } = asked;
    app.last_run += 1;
    let id = RunId(app.last_run);
    start.id = id;
    if app.runs.len() >= MAX_REMEMBERED
        && let Some(old) = app.runs.iter().position(|run| run.ended.is_some())
    {
        app.runs.remove(old);
    }
    app.runs.push(Run {
        id,
        target,
        name: sanitize(&name).into_owned(),
        command_line: sanitize(&start.command_line()).into_owned(),
        timeout: start.timeout,
        records_note: note,
        note_command: None,
        started_at: at,
        ended: None,
        stopping: false,
        output: super::super::output::CapturedOutput::default(),
    });
    app.mode = Mode::Output(OutputPane { id, top: None });
    vec![Effect::Run(Box::new(start))]
}

/// Shows what a program has written.
pub(super) fn show_output(app: &mut App, id: RunId) -> Vec<Effect> {
    app.mode = Mode::Output(OutputPane { id, top: None });
    Vec::new()
}

/// A program has written something.
pub(super) fn output_received(app: &mut App, id: RunId, pipe: Pipe, text: &str) -> Vec<Effect> {
    if let Some(run) = app.runs.iter_mut().find(|run| run.id == id) {
        // Who has scrolled goes on reading the same lines, as long as they are kept.
        let gone = run.output.push(pipe, text);
        if let Mode::Output(OutputPane { id: shown, top: Some(top) }) = &mut app.mode
            && *shown == id
        {
            *top = top.saturating_sub(gone);
        }
    }
    Vec::new()
}

/// A program has ended.
pub(super) fn ended(app: &mut App, id: RunId, how: RunEnd, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(run) = app.runs.iter_mut().find(|run| run.id == id) else { return Vec::new() };
    run.ended = Some((how, at));
    let (note, good) = (run.records_note, run.is_good());
    let told = format!("{} on {}: {}", run.name, run.target.label, run.outcome());
    let mut effects = if note { put_on_timeline(app, id, at) } else { Vec::new() };
    let seen = matches!(&app.mode, Mode::Output(pane) if pane.id == id);
    if !seen {
        let key = super::main_key(app, Action::Run).unwrap_or_default();
        effects.extend(show_toast(app, format!("{told} · {key} shows it"), !good));
    }
    effects
}

/// Stops the program that is shown; closes what is shown of one that has ended.
pub(super) fn stop(app: &mut App) -> Vec<Effect> {
    let Mode::Output(pane) = &app.mode else { return Vec::new() };
    let id = pane.id;
    match app.runs.iter_mut().find(|run| run.id == id) {
        Some(run) if run.ended.is_none() => {
            run.stopping = true;
            vec![Effect::StopRun(id)]
        }
        _ => close(app),
    }
}

/// Leaves what is shown; a program goes on.
pub(super) fn close(app: &mut App) -> Vec<Effect> {
    let goes_on = app.shown_run().filter(|run| run.ended.is_none()).map(|run| run.name.clone());
    app.mode = Mode::Panes;
    let Some(name) = goes_on else { return Vec::new() };
    let key = super::main_key(app, Action::Run).unwrap_or_default();
    show_toast(app, format!("{name} goes on · {key} shows it again"), false)
}

/// Puts what is shown on the timeline.
pub(super) fn note_output(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Some(run) = app.shown_run() else { return Vec::new() };
    if run.ended.is_none() {
        return show_toast(
            app,
            "it runs still: it can be put on the timeline once it has ended",
            true,
        );
    }
    if run.note_command.is_some() {
        return show_toast(app, "it is on the timeline already", false);
    }
    let (id, label) = (run.id, run.target.label.clone());
    let mut effects = put_on_timeline(app, id, at);
    if app.shown_run().is_some_and(|run| run.note_command.is_some()) {
        effects.extend(show_toast(app, format!("put on the timeline of {label}"), false));
    }
    effects
}

fn put_on_timeline(app: &mut App, id: RunId, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(why) = find_entry(Action::Note).and_then(|entry| entry.unsupported_reason(app)) {
        return show_toast(app, format!("not put on the timeline: {why}"), true);
    }
    let Some(run) = app.runs.iter().find(|run| run.id == id) else { return Vec::new() };
    let (target, text) = (run.target.clone(), note_text(run));
    let effects = send::send_in_background(
        app,
        &target,
        IncidentCommand::AddNote { text },
        "note the output on",
        at,
    );
    let command = app.pending.last().map(|pending| pending.id);
    if let Some(run) = app.runs.iter_mut().find(|run| run.id == id) {
        run.note_command = command;
    }
    effects
}

/// A command was refused: what it was to put on the timeline can be put there again.
pub(super) fn note_refused(app: &mut App, id: CommandId) {
    if let Some(run) = app.runs.iter_mut().find(|run| run.note_command == Some(id)) {
        run.note_command = None;
    }
}

/// Command, outcome and the last lines of what was written.
fn note_text(run: &Run) -> String {
    let mut lines = vec![format!("ran {}: {}", run.name, run.outcome())];
    if let Some((_, at)) = &run.ended {
        lines[0] = format!("{}, after {}", lines[0], format_precise_duration(*at - run.started_at));
    }
    lines.push(format!("$ {}", truncate(&run.command_line, 1000)));
    let (mut tail, mut more) = run.output.tail(MAX_NOTED.0);
    let mut bytes: usize = tail.iter().map(String::len).sum();
    while bytes > MAX_NOTED.1 && tail.len() > 1 {
        bytes -= tail.remove(0).len();
        more = true;
    }
    if more {
        lines.push("… earlier lines are left out".into());
    }
    lines.extend(tail);
    let lines: Vec<_> = lines.iter().map(|line| text::sanitize(line)).collect();
    lines.join("\n")
}

/// Scrolls what a program has written; at the end it follows.
pub(super) fn scroll(app: &mut App, step: Motion) {
    let (count, rows) = view::popup_size(app);
    let Mode::Output(pane) = &mut app.mode else { return };
    let last = count.saturating_sub(rows);
    let top = step.apply(pane.top.unwrap_or(last).min(last), last + 1, rows);
    pane.top = (top < last).then_some(top);
}

/// What runs, for a question before the end.
pub(super) fn running_summary(app: &App) -> Option<String> {
    let running: Vec<&Run> = app.runs.iter().filter(|run| run.ended.is_none()).collect();
    match &running[..] {
        [] => None,
        [one] => Some(format!("{} runs on {}", one.name, one.target.label)),
        many => Some(format!("{} commands run", many.len())),
    }
}
