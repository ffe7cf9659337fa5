//! Custom commands: how they are offered, started, shown while they run, and put on the timeline.

use chrono::{DateTime, Utc};

use crate::config::panes::CustomCommand;
use crate::config::pattern::{Pattern, Placeholder};
use crate::model::Incident;
use crate::model::filter::{MatchContext, Predicate as FilterPredicate, StateFilter, Term};
use crate::model::status::Category;
use crate::model::text::{sanitize, truncate};
use crate::model::time::format_precise_duration;
use crate::model::{CommandId, IncidentCommand, text};

use crate::tui::action::{Action, find_entry};
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::navigation::Motion;
use crate::tui::picker::{Item, Pick, Picker, PickerKind};
use crate::tui::run::output::Pipe;
use crate::tui::run::{NoRunbooks, OutputPane, ProgramSpec, Run, RunConfirmation, RunEnd, RunId};
use crate::tui::runbook;
use crate::tui::update::{show_toast, view};
use crate::tui::verb::plan::Target;
use crate::tui::verb::{precheck, send};

/// The most programs that run at the same time.
const MAX_RUNNING: usize = 8;
/// The most runs whose output stays available.
const MAX_REMEMBERED: usize = 16;
/// The most lines and bytes of a program's output that go to the timeline.
const MAX_NOTED: (usize, usize) = (40, 16 * 1024);
/// The reason why read-only panes run no command.
const READ_ONLY: &str = "opened read-only: no command runs";

/// Opens the list of runbooks, custom commands and runs of an incident.
pub(in crate::tui) fn open(app: &mut App, targets: Vec<Target>) -> Vec<Effect> {
    let [target] = &targets[..] else {
        let reason = single_target_reason(app, targets.len());
        return show_toast(app, reason, true);
    };
    let items = items(app, target);
    let heading = format!("Run on {} · {}", target.label, sanitize(&target.title));
    if items.is_empty() && app.settings.runbooks.is_none() {
        let reason = empty_reason(app, target);
        return show_toast(app, reason, true);
    }
    app.mode = Mode::Pick(Box::new(Picker::new(PickerKind::Runs, targets, heading, items, false)));
    // Runbooks may have been added since.
    runbook::update::load_folder(app)
}

/// Returns why the list is empty.
pub(in crate::tui) fn empty_reason(app: &App, target: &Target) -> String {
    if let Some(Err(NoRunbooks::Unreadable(why))) = &app.runbooks {
        return why.clone();
    }
    let folder = app.settings.runbooks.as_ref().map(|folder| folder.to_string_lossy());
    let location = folder.map(|folder| format!("as .md files in {}, ", sanitize(&folder)));
    format!(
        "nothing is there for {}: put runbooks {}or [[commands]] into the settings",
        target.label,
        location.unwrap_or_default()
    )
}

/// Returns the runbooks, then the commands, then the runs of an incident.
pub(in crate::tui) fn items(app: &App, target: &Target) -> Vec<Item> {
    items_after(app, target, &[])
}

/// Returns the same items, while `before` is on the screen: digits that are in use stay where they
/// are.
pub(in crate::tui) fn items_after(app: &App, target: &Target, before: &[Item]) -> Vec<Item> {
    let Some(incident) = precheck::current_record(app, target.id) else { return Vec::new() };
    let mut items = runbook::update::items(app, incident);
    for command in &app.settings.commands {
        if is_offered(app, command, incident) {
            let mut item = Item::new(sanitize(&command.name), Pick::Command(command.name.clone()));
            item.key = command.key;
            let question = if command.dangerous { "asks first · " } else { "" };
            let help = match &command.help {
                help if help.is_empty() => {
                    let arguments: Vec<String> = command.run.iter().map(Pattern::source).collect();
                    arguments.join(" ")
                }
                help => help.clone(),
            };
            let disabled_reason = if app.read_only {
                Some(READ_ONLY.to_owned())
            } else {
                prepare(command, incident, app, RunId(0)).err()
            };
            let item = item
                .about(format!("{question}{}", sanitize(&help)))
                .disabled_reason(disabled_reason);
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

/// Returns all runbooks and commands by name: those for the incident, then the others with the
/// reason. A runbook that is not for the incident can be read all the same.
pub(in crate::tui) fn all_items(app: &App, targets: &[Target]) -> Vec<Item> {
    let [target] = targets else { return Vec::new() };
    let Some(incident) = precheck::current_record(app, target.id) else { return Vec::new() };
    let mut items = items(app, target);
    items.extend(runbook::update::other_items(app, incident));
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

/// Returns why there is nothing to run, if there is nothing.
pub(in crate::tui) fn no_items_reason(
    app: &App,
    targets: &[Target],
    named: &[Item],
) -> Option<String> {
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

/// Describes what choosing a command does.
pub(in crate::tui) fn preview(app: &App, name: &str, what: &str) -> String {
    let command = app.settings.commands.iter().find(|command| command.name == name);
    let question =
        if command.is_some_and(|command| command.dangerous) { ", asks first" } else { "" };
    format!("run {} on {what}{question}", sanitize(name))
}

fn single_target_reason(app: &App, count: usize) -> String {
    let key = crate::tui::update::main_key(app, Action::MarkAll).unwrap_or_default();
    format!(
        "{count} incidents are selected: commands and runbooks are for one ({key} changes the selection)"
    )
}

/// Assigns digits to the items without a key. A digit that was shown is never reused for another
/// item: its key press may be on the way.
fn assign_digits(items: &mut [Item], before: &[Item]) {
    for item in items.iter_mut().filter(|item| item.key.is_none()) {
        let same = before.iter().find(|other| other.pick == item.pick);
        item.key = same.and_then(|same| same.key);
    }
    let used = items.iter().chain(before).filter_map(|item| item.key);
    let used: Vec<char> = used.collect();
    let mut free = ('1'..='9').filter(|digit| !used.contains(digit));
    for item in items.iter_mut().filter(|item| item.key.is_none()) {
        item.key = free.next();
    }
}

/// Returns whether a command is for an incident.
pub(in crate::tui) fn is_offered(app: &App, command: &CustomCommand, incident: &Incident) -> bool {
    let Some(when) = &command.when else { return true };
    // Snoozed and closed incidents are excluded only if the filter says so.
    let mut filter = when.clone();
    filter.terms.push(Term { negated: false, predicate: FilterPredicate::State(StateFilter::Any) });
    let context =
        MatchContext { now: app.now, me: Some(&app.me.handle), levels: &app.rules.levels };
    filter.matches(&incident.summary, context)
}

/// Returns the program that a command would start, or why it can't be started.
fn prepare(
    command: &CustomCommand,
    incident: &Incident,
    app: &App,
    id: RunId,
) -> Result<ProgramSpec, String> {
    let mut missing = None;
    let mut parts = command.run.iter().map(|part| {
        without_nul(&part.fill(|field| {
            placeholder_value(field, incident, app).unwrap_or_else(|| {
                missing = missing.or(Some(field));
                String::new()
            })
        }))
    });
    let program = parts.next().unwrap_or_default();
    let arguments = parts.collect();
    if let Some(field) = missing {
        return Err(format!("it has no {field}, which this needs"));
    }
    let variables = variables(incident, app);
    Ok(ProgramSpec { id, program, arguments, variables, timeout: command.timeout })
}

/// Replaces zero bytes, which the system does not accept.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// Returns the value of a placeholder in an argument; `None` if it is not known.
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

/// Returns the environment variables that describe the incident to a program.
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

/// Starts the chosen command, or asks first.
pub(in crate::tui) fn run_command(
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
    // Settings may have been reloaded since the list was opened.
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
    let spec = match prepare(&command, incident, app, RunId(app.last_run + 1)) {
        Ok(spec) => spec,
        Err(why) => return show_toast(app, format!("{}: {why}", target.label), true),
    };
    let confirmation =
        RunConfirmation { target, name: command.name, spec, records_note: command.note, top: 0 };
    if command.dangerous {
        app.mode = Mode::ConfirmRun(Box::new(confirmation));
        return Vec::new();
    }
    launch(app, confirmation, at)
}

/// Starts the program that the question is about.
pub(in crate::tui) fn confirm_run(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    match std::mem::take(&mut app.mode) {
        Mode::ConfirmRun(confirmation) => launch(app, *confirmation, at),
        other => {
            app.mode = other;
            Vec::new()
        }
    }
}

fn launch(app: &mut App, confirmation: RunConfirmation, at: DateTime<Utc>) -> Vec<Effect> {
    let RunConfirmation { target, name, mut spec, records_note, .. } = confirmation;
    app.last_run += 1;
    let id = RunId(app.last_run);
    spec.id = id;
    if app.runs.len() >= MAX_REMEMBERED
        && let Some(old) = app.runs.iter().position(|run| run.ended.is_some())
    {
        app.runs.remove(old);
    }
    app.runs.push(Run {
        id,
        target,
        name: sanitize(&name).into_owned(),
        command_line: sanitize(&spec.command_line()).into_owned(),
        timeout: spec.timeout,
        records_note,
        note_command: None,
        started_at: at,
        ended: None,
        stopping: false,
        output: crate::tui::run::output::CapturedOutput::default(),
    });
    app.mode = Mode::Output(OutputPane { id, top: None });
    vec![Effect::Run(Box::new(spec))]
}

/// Shows the output of a program.
pub(in crate::tui) fn show_output(app: &mut App, id: RunId) -> Vec<Effect> {
    app.mode = Mode::Output(OutputPane { id, top: None });
    Vec::new()
}

/// Adds output of a program.
pub(in crate::tui) fn output_received(
    app: &mut App,
    id: RunId,
    pipe: Pipe,
    text: &str,
) -> Vec<Effect> {
    if let Some(run) = app.runs.iter_mut().find(|run| run.id == id) {
        // A person who has scrolled keeps reading the same lines, as long as they are stored.
        let removed = run.output.push(pipe, text);
        if let Mode::Output(OutputPane { id: shown, top: Some(top) }) = &mut app.mode
            && *shown == id
        {
            *top = top.saturating_sub(removed);
        }
    }
    Vec::new()
}

/// Records that a program has ended, and puts its output on the timeline where that is wanted.
pub(in crate::tui) fn ended(
    app: &mut App,
    id: RunId,
    how: RunEnd,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Some(run) = app.runs.iter_mut().find(|run| run.id == id) else { return Vec::new() };
    run.ended = Some((how, at));
    let (records_note, succeeded) = (run.records_note, run.is_good());
    let message = format!("{} on {}: {}", run.name, run.target.label, run.outcome());
    let mut effects = if records_note { put_on_timeline(app, id, at) } else { Vec::new() };
    let seen = matches!(&app.mode, Mode::Output(pane) if pane.id == id);
    if !seen {
        let key = crate::tui::update::main_key(app, Action::Run).unwrap_or_default();
        effects.extend(show_toast(app, format!("{message} · {key} shows it"), !succeeded));
    }
    effects
}

/// Stops the program whose output is shown; closes the output of one that has ended.
pub(in crate::tui) fn stop(app: &mut App) -> Vec<Effect> {
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

/// Closes the output; a running program keeps running.
pub(in crate::tui) fn close(app: &mut App) -> Vec<Effect> {
    let running = app.shown_run().filter(|run| run.ended.is_none()).map(|run| run.name.clone());
    app.mode = Mode::Panes;
    let Some(name) = running else { return Vec::new() };
    let key = crate::tui::update::main_key(app, Action::Run).unwrap_or_default();
    show_toast(app, format!("{name} goes on · {key} shows it again"), false)
}

/// Puts the shown output on the timeline.
pub(in crate::tui) fn note_output(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
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

/// Allows the output to be put on the timeline again, because the command that was to do it was
/// refused.
pub(in crate::tui) fn note_refused(app: &mut App, id: CommandId) {
    if let Some(run) = app.runs.iter_mut().find(|run| run.note_command == Some(id)) {
        run.note_command = None;
    }
}

/// Returns the note for the timeline: command, outcome and the last lines of the output.
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

/// Scrolls the output of a program; at the end it follows new output.
pub(in crate::tui) fn scroll(app: &mut App, motion: Motion) {
    let (count, rows) = view::popup_size(app);
    let Mode::Output(pane) = &mut app.mode else { return };
    let last = count.saturating_sub(rows);
    let top = motion.apply(pane.top.unwrap_or(last).min(last), last + 1, rows);
    pane.top = (top < last).then_some(top);
}

/// Describes what is running, for the warning before quitting; `None` if nothing is.
pub(in crate::tui) fn running_summary(app: &App) -> Option<String> {
    let running: Vec<&Run> = app.runs.iter().filter(|run| run.ended.is_none()).collect();
    match &running[..] {
        [] => None,
        [one] => Some(format!("{} runs on {}", one.name, one.target.label)),
        many => Some(format!("{} commands run", many.len())),
    }
}
