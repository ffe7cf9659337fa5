//! Custom commands: how they are offered, started, shown while they run, and put on the timeline.

use chrono::{DateTime, Utc};

use crate::model::IncidentCommand;
use crate::model::command::CommandKind;
use crate::model::text::{SafeText, sanitize, truncate};
use crate::model::time::format_precise_duration;

use crate::tui::action::Action;
use crate::tui::action::find_entry;
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::motion::Motion;
use crate::tui::core::notices::show_toast;
use crate::tui::layout;
use crate::tui::picker::{Picker, PickerKind};
use crate::tui::run::items::{READ_ONLY, empty_reason, items, prepare, single_target_reason};
use crate::tui::run::output::Pipe;
use crate::tui::run::{OutputPane, Run, RunConfirmation, RunEnd, RunId};
use crate::tui::runbook;
use crate::tui::verb::target::Target;
use crate::tui::verb::{precheck, send};

/// The most programs that run at the same time.
const MAX_RUNNING: usize = 8;
/// The most runs whose output stays available.
const MAX_REMEMBERED: usize = 16;
/// The most lines and bytes of a program's output that go to the timeline.
const MAX_NOTED: (usize, usize) = (40, 16 * 1024);

/// Opens the list of runbooks, custom commands and runs of an incident.
pub(in crate::tui) fn open(app: &mut App, targets: Vec<Target>) -> Vec<Effect> {
    let [target] = &targets[..] else {
        let reason = single_target_reason(app, targets.len());
        return show_toast(app, reason, true);
    };
    let items = items(app, target);
    let heading = format!("Run on {} · {}", target.label, target.title);
    if items.is_empty() && app.session.settings.runbooks.is_none() {
        let reason = empty_reason(app, target);
        return show_toast(app, reason, true);
    }
    app.ui.mode =
        Mode::Pick(Box::new(Picker::new(PickerKind::Runs, targets, heading, items, false)));
    // Runbooks may have been added since.
    runbook::load::load_folder(app)
}

/// Describes the effect of choosing a command.
pub(in crate::tui) fn preview(app: &App, name: &str, what: &str) -> String {
    let command = app.session.settings.commands.iter().find(|command| command.name == name);
    let question =
        if command.is_some_and(|command| command.dangerous) { ", asks first" } else { "" };
    format!("run {name} on {what}{question}")
}

/// Starts the chosen command, or asks first.
pub(in crate::tui) fn run_command(
    app: &mut App,
    name: &str,
    targets: Vec<Target>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Some(target) = targets.into_iter().next() else { return Vec::new() };
    if app.session.read_only {
        return show_toast(app, READ_ONLY, true);
    }
    let command =
        app.session.settings.commands.iter().find(|command| command.name == name).cloned();
    // Settings may have been reloaded since the list was opened.
    let Some(command) = command else {
        return show_toast(app, format!("{name} is not in the settings any more"), true);
    };
    let runs = |run: &&Run| run.ended.is_none();
    let same = |run: &&Run| run.target.id == target.id && run.name == sanitize(name);
    if let Some(id) = app.runs.list.iter().filter(runs).find(same).map(|run| run.id) {
        app.ui.mode = Mode::Output(OutputPane { id, top: None });
        return show_toast(app, format!("{name} runs on {} already", target.label), false);
    }
    if app.runs.list.iter().filter(runs).count() >= MAX_RUNNING {
        return show_toast(
            app,
            format!("{MAX_RUNNING} commands run: stop one of them first"),
            true,
        );
    }
    let Some(incident) = precheck::current_record(app, target.id) else {
        return show_toast(app, format!("{} has changed: try again", target.label), true);
    };
    let spec = match prepare(&command, incident, app, RunId(app.runs.last_id + 1)) {
        Ok(spec) => spec,
        Err(why) => return show_toast(app, format!("{}: {why}", target.label), true),
    };
    let confirmation =
        RunConfirmation { target, name: command.name, spec, records_note: command.note, top: 0 };
    if command.dangerous {
        app.ui.mode = Mode::ConfirmRun(Box::new(confirmation));
        return Vec::new();
    }
    launch(app, confirmation, at)
}

/// Starts the program that the question is about.
pub(in crate::tui) fn confirm_run(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    match std::mem::take(&mut app.ui.mode) {
        Mode::ConfirmRun(confirmation) => launch(app, *confirmation, at),
        other => {
            app.ui.mode = other;
            Vec::new()
        }
    }
}

fn launch(app: &mut App, confirmation: RunConfirmation, at: DateTime<Utc>) -> Vec<Effect> {
    let RunConfirmation { target, name, mut spec, records_note, .. } = confirmation;
    app.runs.last_id += 1;
    let id = RunId(app.runs.last_id);
    spec.id = id;
    if app.runs.list.len() >= MAX_REMEMBERED
        && let Some(old) = app.runs.list.iter().position(|run| run.ended.is_some())
    {
        app.runs.list.remove(old);
    }
    app.runs.list.push(Run {
        id,
        target,
        name: name.into(),
        command_line: spec.command_line().into(),
        timeout: spec.timeout,
        records_note,
        note_command: None,
        started_at: at,
        ended: None,
        stopping: false,
        output: crate::tui::run::output::CapturedOutput::default(),
    });
    app.ui.mode = Mode::Output(OutputPane { id, top: None });
    vec![Effect::Run(Box::new(spec))]
}

/// Shows the output of a program.
pub(in crate::tui) fn show_output(app: &mut App, id: RunId) -> Vec<Effect> {
    app.ui.mode = Mode::Output(OutputPane { id, top: None });
    Vec::new()
}

/// Adds output of a program.
pub(in crate::tui) fn output_received(
    app: &mut App,
    id: RunId,
    pipe: Pipe,
    text: &str,
) -> Vec<Effect> {
    if let Some(run) = app.runs.list.iter_mut().find(|run| run.id == id) {
        // A person who has scrolled keeps reading the same lines, as long as they are stored.
        let removed = run.output.push(pipe, text);
        if let Mode::Output(OutputPane { id: shown, top: Some(top) }) = &mut app.ui.mode
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
    let Some(run) = app.runs.list.iter_mut().find(|run| run.id == id) else { return Vec::new() };
    run.ended = Some((how, at));
    let (records_note, succeeded) = (run.records_note, run.is_good());
    let message = format!("{} on {}: {}", run.name, run.target.label, run.outcome());
    let mut effects = if records_note { put_on_timeline(app, id, at) } else { Vec::new() };
    let seen = matches!(&app.ui.mode, Mode::Output(pane) if pane.id == id);
    if !seen {
        let key = app.ui.keymap.main_key(Action::Run).unwrap_or_default();
        effects.extend(show_toast(app, format!("{message} · {key} shows it"), !succeeded));
    }
    effects
}

/// Stops the program whose output is shown; closes the output of one that has ended.
pub(in crate::tui) fn stop(app: &mut App) -> Vec<Effect> {
    let Mode::Output(pane) = &app.ui.mode else { return Vec::new() };
    let id = pane.id;
    match app.runs.list.iter_mut().find(|run| run.id == id) {
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
    app.ui.mode = Mode::Panes;
    let Some(name) = running else { return Vec::new() };
    let key = app.ui.keymap.main_key(Action::Run).unwrap_or_default();
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
    if let Some(why) = find_entry(Action::Command(CommandKind::AddNote))
        .and_then(|entry| entry.unsupported_reason(app))
    {
        return show_toast(app, format!("not put on the timeline: {why}"), true);
    }
    let Some(run) = app.runs.list.iter().find(|run| run.id == id) else { return Vec::new() };
    let (target, text) = (run.target.clone(), note_text(run));
    let effects = send::send_in_background(
        app,
        &target,
        IncidentCommand::AddNote { text },
        "note the output on",
        at,
    );
    let command = app.inflight.pending.last().map(|pending| pending.id);
    if let Some(run) = app.runs.list.iter_mut().find(|run| run.id == id) {
        run.note_command = command;
    }
    effects
}

/// Returns the note for the timeline: command, outcome and the last lines of the output.
fn note_text(run: &Run) -> String {
    let mut head = format!("ran {}: {}", run.name, run.outcome());
    if let Some((_, at)) = &run.ended {
        head = format!("{head}, after {}", format_precise_duration(*at - run.started_at));
    }
    let command = format!("$ {}", truncate(&run.command_line, 1000));
    let mut lines: Vec<SafeText<'_>> = vec![head.into(), command.into()];
    let (mut tail, mut more) = run.output.tail(MAX_NOTED.0);
    let mut bytes: usize = tail.iter().map(|line| line.len()).sum();
    while bytes > MAX_NOTED.1 && tail.len() > 1 {
        bytes -= tail.remove(0).len();
        more = true;
    }
    if more {
        lines.push("… earlier lines are left out".into());
    }
    lines.extend(tail);
    lines.join("\n")
}

/// Scrolls the output of a program; at the end it follows new output.
pub(in crate::tui) fn scroll(app: &mut App, motion: Motion) {
    let (count, rows) = layout::popup_size(app);
    let Mode::Output(pane) = &mut app.ui.mode else { return };
    let last = count.saturating_sub(rows);
    let top = motion.apply(pane.top.unwrap_or(last).min(last), last + 1, rows);
    pane.top = (top < last).then_some(top);
}
