//! The command palette: its lines, and their effects.

use chrono::{DateTime, Utc};
use crossterm::event::KeyEvent;

use crate::model::command::Argument;
use crate::model::text::SafeText;

use crate::tui::action::{Action, ArgumentKind, Entry, Group, table};
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::form::{Form, Kind};
use crate::tui::palette::matching::{LineMatch, MatchKind, Query};
use crate::tui::palette::names::{entries, find_command};
use crate::tui::palette::{Choice, ChoiceKind, EnterError, Palette, arguments};
use crate::tui::picker::{Item, Pick};
use crate::tui::verb::argument_error::ArgumentError;
use crate::tui::verb::plan::phrase;
use crate::tui::verb::target::Target;
use crate::tui::verb::{availability, planning, selection, start};
use crate::tui::{action, drafts, form, picker, queue, run};
use crate::verbs::Problem;

/// How many lines are remembered.
const MAX_HISTORY: usize = 30;

/// Opens the palette with something typed already. The targets are fixed now.
pub(in crate::tui) fn open(app: &mut App, typed: &str, at: DateTime<Utc>) -> Vec<Effect> {
    let targets = selection::targets(app);
    app.ui.mode = Mode::Palette(Box::new(Palette::new(targets, typed)));
    refresh(app, at);
    Vec::new()
}

/// Opens the palette for an action that does nothing without an argument.
pub(in crate::tui) fn open_for(app: &mut App, action: Action, at: DateTime<Utc>) -> Vec<Effect> {
    let name = table::find_entry(action).map_or("", |entry| entry.name);
    open(app, &format!("{name} "), at)
}

/// Handles a key without a binding: it is typed.
pub(in crate::tui) fn handle_text_key(
    app: &mut App,
    key: KeyEvent,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    if let Mode::Palette(palette) = &mut app.ui.mode
        && palette.handle_key(key)
    {
        refresh(app, at);
    }
    Vec::new()
}

/// Inserts pasted text into the input line.
pub(in crate::tui) fn paste(app: &mut App, pasted: &str) -> Vec<Effect> {
    if let Mode::Palette(palette) = &mut app.ui.mode {
        palette.paste(pasted);
        let now = app.now;
        refresh(app, now);
    }
    Vec::new()
}

/// Selects another line of the palette.
pub(in crate::tui) fn move_selection(app: &mut App, by: isize) -> Vec<Effect> {
    let Mode::Palette(mut palette) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    palette.move_selection(by);
    palette.enter_preview = preview(app, &palette, app.now);
    app.ui.mode = Mode::Palette(palette);
    Vec::new()
}

/// Returns the form of the note that is being typed; `None` if none is, or none can be written.
fn note_form(app: &App, at: DateTime<Utc>) -> Option<Box<Form>> {
    let Mode::Palette(palette) = &app.ui.mode else { return None };
    let entry =
        palette.command.filter(|entry| entry.argument == ArgumentKind::Command(Argument::Note))?;
    let text = Some(palette.argument().trim()).filter(|text| !text.is_empty())?;
    if availability::disabled_reason(app, entry, &palette.targets, at).is_some() {
        return None;
    }
    Some(form::open::note_form(app, palette.targets.clone(), text, at))
}

/// Closes the palette. A note that was typed is stored as a draft.
pub(in crate::tui) fn close(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let form = note_form(app, at);
    app.ui.mode = Mode::Panes;
    let Some(form) = form else { return Vec::new() };
    app.ui.mode = Mode::Form(form);
    form::update::save_draft(app, at)
}

/// Completes the selected line; a note continues in its form.
pub(in crate::tui) fn complete(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(form) = note_form(app, at) {
        app.ui.mode = Mode::Form(form);
        return drafts::update::schedule_save(app);
    }
    let Mode::Palette(palette) = &mut app.ui.mode else { return Vec::new() };
    let Some(choice) = palette.selected() else { return Vec::new() };
    let completed = match (&choice.kind, palette.command) {
        (ChoiceKind::Repeat(line), _) => line.clone(),
        (ChoiceKind::Action(entry), _) => {
            let blank = if entry.argument == ArgumentKind::Nothing { "" } else { " " };
            format!("{}{blank}", entry.name)
        }
        (ChoiceKind::Item(item), command) => {
            let Some(value) = &item.value else { return Vec::new() };
            command.map_or_else(|| value.to_string(), |entry| format!("{} {value}", entry.name))
        }
    };
    palette.input = completed;
    refresh(app, at);
    Vec::new()
}

/// Performs the typed or selected line.
pub(in crate::tui) fn choose(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Palette(palette) = &mut app.ui.mode else { return Vec::new() };
    if palette.command.is_some() {
        return execute(app, at);
    }
    let Some(choice) = palette.selected() else { return Vec::new() };
    if let Some(why) = &choice.disabled_reason {
        palette.enter_preview = Some(Err(EnterError::Disabled(why.clone())));
        return Vec::new();
    }
    match choice.kind.clone() {
        ChoiceKind::Action(entry) => start_action(app, entry, at),
        ChoiceKind::Repeat(line) => {
            palette.input = line;
            refresh(app, at);
            choose(app, at)
        }
        ChoiceKind::Item(item) => {
            let targets = std::mem::take(&mut palette.targets);
            app.ui.mode = Mode::Panes;
            picker::choose::apply_pick(app, item.pick, targets, at)
        }
    }
}

/// Starts an action as its key would, on the targets that were fixed. An action that is about no
/// incident is left to the dispatcher.
fn start_action(app: &mut App, entry: &'static Entry, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Palette(mut palette) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    if entry.requires_argument {
        palette.input = format!("{} ", entry.name);
        app.ui.mode = Mode::Palette(palette);
        refresh(app, at);
        return Vec::new();
    }
    remember(app, entry.name.to_owned());
    if entry.condition == action::Condition::HasIncident {
        return start::start_on(app, entry.action, palette.targets, at);
    }
    app.ui.requested_action = Some(entry.action);
    Vec::new()
}

/// Performs an action with the argument that is typed after its name.
fn execute(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Palette(mut palette) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    let Some(entry) = palette.command else { return Vec::new() };
    let reason = availability::disabled_reason(app, entry, &palette.targets, at);
    let resolved = match reason {
        Some(why) => Err(EnterError::Disabled(why)),
        None if palette.argument().trim().is_empty()
            && !palette.selection_moved
            && !entry.requires_argument =>
        {
            app.ui.mode = Mode::Palette(palette);
            return start_action(app, entry, at);
        }
        None => resolve(app, &palette, entry, at).map_err(EnterError::from),
    };
    match resolved {
        // The form keeps the text until the command has arrived.
        Ok((_, text)) if entry.argument == ArgumentKind::Command(Argument::Note) => {
            app.ui.mode = Mode::Form(form::open::note_form(app, palette.targets, &text, at));
            form::update::send(app, at)
        }
        Ok((pick, value)) => {
            remember(app, format!("{} {value}", entry.name));
            picker::choose::apply_pick(app, pick, palette.targets, at)
        }
        Err(why) => {
            palette.enter_preview = Some(Err(why));
            app.ui.mode = Mode::Palette(palette);
            Vec::new()
        }
    }
}

/// Returns the meaning of an argument, and its written form: the typed argument if it can be
/// parsed; otherwise the selected line, if it was selected explicitly or the argument abbreviates
/// it. Lines that only happen to contain the letters are shown, but `Enter` does not guess.
fn resolve(
    app: &App,
    palette: &Palette,
    entry: &Entry,
    at: DateTime<Utc>,
) -> Result<(Pick, String), ArgumentError> {
    let argument = palette.argument().trim();
    let selected = palette.selected().and_then(|choice| match &choice.kind {
        ChoiceKind::Item(item) => Some((choice.disabled_reason.as_ref(), item)),
        _ => None,
    });
    let typed = if palette.selection_moved {
        Err(ArgumentError::NothingSelected)
    } else {
        let offers = arguments::offers(app, entry, argument, &palette.targets, at);
        arguments::parse(app, entry, argument, &offers, &palette.targets, at)
    };
    match (typed, selected) {
        (Ok(pick), _) => Ok((pick, argument.to_owned())),
        (Err(why), _)
            if (argument.is_empty() && !palette.selection_moved)
                || matches!(why, ArgumentError::Value(Problem::SeveralPeople { .. })) =>
        {
            Err(why)
        }
        (Err(why), Some((None, item)))
            if !palette.selection_moved && !arguments::is_prefix_match(entry, item, argument) =>
        {
            Err(why)
        }
        (Err(_), Some((None, item))) => {
            let value = item.value.as_deref().unwrap_or_default();
            Ok((item.pick.clone(), value.to_owned()))
        }
        (Err(_), Some((Some(why), _))) => Err(ArgumentError::Disabled(why.clone())),
        (Err(why), None) => Err(why),
    }
}

/// Adds a line to the front of the history, without duplicates.
fn remember(app: &mut App, line: String) {
    app.ui.palette_history.retain(|earlier| *earlier != line);
    app.ui.palette_history.insert(0, line);
    app.ui.palette_history.truncate(MAX_HISTORY);
}

/// Computes the lines for the typed text again.
fn refresh(app: &mut App, at: DateTime<Utc>) {
    let Mode::Palette(mut palette) = std::mem::take(&mut app.ui.mode) else { return };
    palette.selected_index = 0;
    palette.top = 0;
    palette.selection_moved = false;
    palette.command = find_command(&palette.input);
    palette.choices = match palette.command {
        Some(entry) => argument_choices(app, &palette, entry, at),
        None => action_choices(app, &palette, at),
    };
    palette.runs_as_typed = stands_alone(app, &palette, at);
    palette.enter_preview = preview(app, &palette, at);
    app.ui.mode = Mode::Palette(palette);
}

/// Returns whether the typed argument is used unchanged: `Enter` does not choose the first line.
fn stands_alone(app: &App, palette: &Palette, at: DateTime<Utc>) -> bool {
    let Some(entry) = palette.command else { return false };
    let Some(first) = palette.choices.first() else { return true };
    let argument = palette.argument().trim();
    match resolve(app, palette, entry, at) {
        Ok((_, value)) => !first.text.eq_ignore_ascii_case(&value),
        Err(_) => !argument.is_empty(),
    }
}

/// Returns what `Enter` would do with the argument, or why it can't.
fn preview(app: &App, palette: &Palette, at: DateTime<Utc>) -> Option<Result<String, EnterError>> {
    let entry = palette.command?;
    if let Some(why) = availability::disabled_reason(app, entry, &palette.targets, at) {
        return Some(Err(EnterError::Disabled(why)));
    }
    if palette.argument().trim().is_empty() && !palette.selection_moved {
        return None;
    }
    let description = match resolve(app, palette, entry, at) {
        Ok((pick, _)) => describe_pick(app, &pick, &palette.targets, at),
        Err(why) => Err(why.into()),
    };
    Some(description)
}

/// Describes the effect of a pick, or the reason why it is not possible.
fn describe_pick(
    app: &App,
    pick: &Pick,
    targets: &[Target],
    at: DateTime<Utc>,
) -> Result<String, EnterError> {
    let what = match targets {
        [one] => one.label.clone(),
        many => format!("{} incidents", many.len()),
    };
    Ok(match pick {
        Pick::Submit { verb, done_phrase, commands, irreversible } => {
            let plan =
                planning::plan(app, targets, verb.as_str(), done_phrase.as_str(), commands, at);
            if let ([_], Some((target, why))) = (targets, plan.refused().next()) {
                let (incident, reason) = (target.label.clone(), why.to_owned());
                return Err(EnterError::Refused { incident, reason });
            }
            let question = if *irreversible || targets.len() > 1 { ", asks first" } else { "" };
            format!("{}{question}", phrase(verb, &what))
        }
        Pick::Form(Kind::Override { priority }) => {
            format!("override the priority of {what}: {priority}, asks why")
        }
        Pick::Form(Kind::Redact { part, .. }) => {
            format!("remove the {part} from {what} for good, asks why")
        }
        Pick::AttachFile(path) => {
            let file = SafeText::from(path.to_string_lossy());
            format!("attach {file} to {what}, asks first")
        }
        Pick::Template(_) => format!("write an update on {what}"),
        Pick::SaveEvidence(_, name) => format!("save {} as a file", SafeText::from(name)),
        Pick::Copy(_, part) => format!("copy {part}"),
        Pick::JumpTo(number) => format!("go to {number}"),
        Pick::Span(span) => format!("measures over {}", span.label()),
        Pick::View(view) => format!("show the view {}", view.name),
        Pick::Filter(text) => format!("filter by {text}"),
        Pick::Sort(sort) => format!("order: {}", queue::sort_label(*sort)),
        Pick::Theme(name) => format!("theme: {name}"),
        Pick::Zone(zone) => format!("times: {zone}"),
        Pick::Workspace(id) => {
            match app.session.workspaces.iter().find(|workspace| workspace.id == *id) {
                Some(workspace) => {
                    format!("switch to {}: {}", workspace.name(), workspace.location)
                }
                None => String::new(),
            }
        }
        Pick::Runbook(name) => format!("read {name} for {what}"),
        Pick::Command(name) => run::update::preview(app, name, &what),
        Pick::Output(_) => "look at what it has written".to_owned(),
        _ => String::new(),
    })
}

/// Returns the lines that match the typed argument.
fn argument_choices(
    app: &App,
    palette: &Palette,
    entry: &'static Entry,
    at: DateTime<Utc>,
) -> Vec<Choice> {
    let argument = palette.argument().trim_end();
    let query = Query::new(argument);
    let offers = arguments::offers(app, entry, palette.argument(), &palette.targets, at);
    let mut hits: Vec<(bool, bool, u32, Choice)> = offers
        .into_iter()
        .filter_map(|item| {
            let value = item.value.clone()?;
            let text = if item.text == value { "" } else { item.text.as_str() };
            let dot = if text.is_empty() || item.about.is_empty() { "" } else { " · " };
            let about = SafeText::from(format!("{text}{dot}{}", item.about));
            let exact = value.eq_ignore_ascii_case(argument);
            let disabled_reason = item.disabled_reason.clone();
            let LineMatch { kind, marks, about_marks, score, .. } =
                query.match_line(&value, &about)?;
            let in_about = kind == MatchKind::InDescription;
            let kind = ChoiceKind::Item(Box::new(item));
            let keys = String::new();
            let choice =
                Choice { text: value, about, keys, disabled_reason, marks, about_marks, kind };
            Some((!exact, in_about, score, choice))
        })
        .collect();
    if !query.is_empty() {
        hits.sort_by_key(|(other, in_about, score, _)| {
            (*other, *in_about, std::cmp::Reverse(*score))
        });
    }
    hits.into_iter().map(|(.., choice)| choice).collect()
}

/// A line with how well it matches: the kind of match, whether it can't be chosen, the score; and its
/// group.
type RankedChoice = ((MatchKind, bool, std::cmp::Reverse<u32>), Group, Choice);

/// Returns the lines that match the typed name: incidents by number, then actions. While nothing is
/// typed, the history comes first.
fn action_choices(app: &App, palette: &Palette, at: DateTime<Utc>) -> Vec<Choice> {
    let typed = palette.input.trim().trim_start_matches(':').to_lowercase();
    let query = Query::new(&typed);
    let mut hits: Vec<RankedChoice> = entries()
        .filter_map(|entry| {
            let found = query.match_entry(entry)?;
            let disabled_reason = availability::disabled_reason(app, entry, &palette.targets, at);
            let rank = (found.kind, disabled_reason.is_some(), std::cmp::Reverse(0));
            let (about, about_marks) = match found.synonym {
                // The reason why it is listed: the typed word is not in its name.
                Some(name) => (format!("{name}: {}", entry.help), (0..name.len()).collect()),
                None => (entry.help.to_owned(), found.about_marks),
            };
            let choice = Choice {
                text: entry.name.into(),
                about: about.into(),
                keys: key_text(app, entry),
                disabled_reason,
                marks: found.marks,
                about_marks,
                kind: ChoiceKind::Action(entry),
            };
            Some((rank, entry.group, choice))
        })
        .collect();
    hits.extend(runbook_choices(app, palette, &typed, &query));
    if typed.is_empty() {
        hits.sort_by_key(|(rank, group, _)| (*rank, *group));
        let history: Vec<Choice> = app
            .ui
            .palette_history
            .iter()
            .filter_map(|line| history_choice(app, palette, line, at))
            .collect();
        let rest = hits.into_iter().map(|(.., choice)| choice);
        let rest =
            rest.filter(|choice| app.ui.palette_history.iter().all(|line| *line != choice.text));
        return history.iter().cloned().chain(rest).collect();
    }
    hits.sort_by_key(|(rank, group, _)| (*rank, *group));
    let actions = hits.into_iter().map(|(.., choice)| choice);
    number_choices(app, &typed).into_iter().chain(actions).collect()
}

/// Returns the runbooks and custom commands that match: those for the incident, and all once
/// something is typed.
fn runbook_choices(app: &App, palette: &Palette, typed: &str, query: &Query) -> Vec<RankedChoice> {
    let items = match &palette.targets[..] {
        [target] if typed.is_empty() => run::items::items(app, target),
        targets => run::items::all_items(app, targets),
    };
    let key = app.ui.keymap.main_key(Action::Run);
    let hit = |item: Item| {
        let text = SafeText::from(format!("run {}", item.value.as_ref()?));
        let LineMatch { kind: found, marks, about_marks, score, .. } =
            query.match_line(&text, &item.about)?;
        let found = if typed.is_empty() { MatchKind::Name } else { found };
        let rank = (found, item.disabled_reason.is_some(), std::cmp::Reverse(score));
        let keys = match (&key, item.key) {
            (Some(run), Some(key)) => format!("{run} {key}"),
            _ => String::new(),
        };
        let (about, disabled_reason) = (item.about.clone(), item.disabled_reason.clone());
        let kind = ChoiceKind::Item(Box::new(item));
        let choice = Choice { text, about, keys, disabled_reason, marks, about_marks, kind };
        Some((rank, Group::Acting, choice))
    };
    items.into_iter().filter_map(hit).collect()
}

fn key_text(app: &App, entry: &Entry) -> String {
    app.ui.keymap.sequence(entry).unwrap_or_default()
}

/// Returns the choice for a line of the history.
fn history_choice(app: &App, palette: &Palette, line: &str, at: DateTime<Utc>) -> Option<Choice> {
    let name = line.split(' ').next()?;
    let entry = entries().find(|entry| entry.name == name)?;
    Some(Choice {
        text: line.to_owned().into(),
        about: entry.help.into(),
        keys: key_text(app, entry),
        disabled_reason: availability::disabled_reason(app, entry, &palette.targets, at),
        marks: Vec::new(),
        about_marks: Vec::new(),
        kind: ChoiceKind::Repeat(line.to_owned()),
    })
}

/// Returns the incidents whose number begins with the typed digits, and one entry that searches for
/// the number if it is not in the queue.
fn number_choices(app: &App, typed: &str) -> Vec<Choice> {
    let Ok(number) = typed.parse::<crate::model::IncidentNumber>() else { return Vec::new() };
    let digits = number.0.to_string();
    let begins = |item: &Item| item.value.as_ref().is_some_and(|value| value.starts_with(&digits));
    let mut items: Vec<Item> = arguments::numbers(app).into_iter().filter(begins).collect();
    items.sort_by_key(|item| item.value.as_deref().map(str::len));
    if items.first().and_then(|item| item.value.as_deref()) != Some(&digits) {
        let item = Item::new(number.to_string(), Pick::JumpTo(number));
        items.push(item.about("not in the queue: it is looked for").value(digits));
    }
    let choice = |item: Item| Choice {
        text: item.text.clone(),
        about: item.about.clone(),
        keys: String::new(),
        disabled_reason: None,
        marks: Vec::new(),
        about_marks: Vec::new(),
        kind: ChoiceKind::Item(Box::new(item)),
    };
    items.into_iter().map(choice).collect()
}
