//! Runbooks: how they are offered, opened, and ticked step by step.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::runbook::{
    MatchReason, RunbookHeader, RunbookPage, find_ticks, is_url, tick_note,
};
use crate::model::text::sanitize;
use crate::model::{CommandId, Event, Incident, IncidentCommand, IncidentId};

use crate::tui::action::{Action, find_entry};
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::navigation::Motion;
use crate::tui::picker::{Item, Pick, PickerKind};
use crate::tui::run::{NoRunbooks, RunbookPane, Runbooks};
use crate::tui::update::{main_key, show_toast};
use crate::tui::verb::plan::Target;
use crate::tui::verb::send;
use crate::tui::view;
use crate::tui::{reading, run};

/// Requests the runbooks of the folder, if one is set.
pub(in crate::tui) fn load_folder(app: &App) -> Vec<Effect> {
    app.settings.runbooks.clone().map(Effect::LoadRunbooks).into_iter().collect()
}

/// Stores the runbooks that were read, and updates the list that is open.
pub(in crate::tui) fn folder_loaded(app: &mut App, runbooks: Runbooks) -> Vec<Effect> {
    app.runbooks = Some(runbooks);
    let Mode::Pick(picker) = &app.mode else { return Vec::new() };
    let (PickerKind::Runs, [target]) = (picker.kind, &picker.targets[..]) else {
        return Vec::new();
    };
    let target = target.clone();
    let items = run::update::items_after(app, &target, &picker.items);
    if items.is_empty() {
        app.mode = Mode::Panes;
        let reason = run::update::empty_reason(app, &target);
        return show_toast(app, reason, true);
    }
    if let Mode::Pick(picker) = &mut app.mode
        && picker.items != items
    {
        let untouched = picker.selected_index == 0;
        picker.replace(items);
        if untouched {
            picker.selected_index = picker
                .hits
                .iter()
                .position(|h| picker.items[h.item_index].disabled_reason.is_none())
                .unwrap_or(0);
        }
    }
    Vec::new()
}

/// Returns the runbooks that an incident and its services name.
fn named_runbooks<'a>(app: &'a App, incident: &'a Incident) -> Vec<&'a str> {
    let directory = app.directory.as_deref();
    let services = directory.into_iter().flat_map(|directory| {
        let names = incident.summary.services.iter();
        names.filter_map(|name| directory.services.iter().find(|service| service.name == *name))
    });
    let mut names: Vec<&str> = incident.runbook.as_deref().into_iter().collect();
    for name in services.filter_map(|service| service.runbook.as_deref()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Returns the runbooks that match an incident, the closest match first.
pub(in crate::tui) fn matching_runbooks<'a>(
    app: &'a App,
    incident: &Incident,
) -> Vec<(MatchReason, &'a RunbookHeader)> {
    let Some(Ok(headers)) = &app.runbooks else { return Vec::new() };
    let named = named_runbooks(app, incident);
    let mut matching: Vec<(MatchReason, &RunbookHeader)> = headers
        .iter()
        .filter_map(|header| Some((header.match_reason(incident, &named)?, header)))
        .collect();
    matching.sort_by(|(a, one), (b, other)| (a, &one.name).cmp(&(b, &other.name)));
    matching
}

/// Returns whether there is a runbook to read or a command to run for an incident.
pub(in crate::tui) fn has_any(app: &App, incident: &Incident) -> bool {
    let mut commands = app.settings.commands.iter();
    named_runbooks(app, incident).iter().any(|name| is_url(name))
        || !matching_runbooks(app, incident).is_empty()
        || (!app.read_only
            && commands.any(|command| run::update::is_offered(app, command, incident)))
}

/// Returns the runbooks that the list offers for an incident.
pub(in crate::tui) fn items(app: &App, incident: &Incident) -> Vec<Item> {
    let mut items = Vec::new();
    let matching = matching_runbooks(app, incident);
    for name in named_runbooks(app, incident) {
        if is_url(name) {
            let item = Item::new(sanitize(name), Pick::Copy(name.to_owned(), "the runbook's URL"));
            items.push(item.about("a runbook elsewhere: copies its URL").value(sanitize(name)));
        } else if app.settings.runbooks.is_none() || app.runbooks.is_some() {
            let bare = name.strip_suffix(".md").unwrap_or(name).to_lowercase();
            if matching.iter().all(|(_, head)| head.name.to_lowercase() != bare) {
                let item = Item::new(sanitize(name), Pick::Runbook(name.to_owned()));
                items.push(
                    item.disabled_reason(Some(missing_reason(app, name))).value(sanitize(name)),
                );
            }
        }
    }
    for (why, head) in matching {
        let why = match why {
            MatchReason::Named => "runbook".to_owned(),
            MatchReason::Service(service) => format!("runbook for service {}", sanitize(&service)),
            MatchReason::Label(label) => format!("runbook for label {}", sanitize(&label)),
            MatchReason::Category(category) => format!("runbook for category {category}"),
        };
        let title =
            if head.title.is_empty() { String::new() } else { format!(" · {}", head.title) };
        let item = Item::new(sanitize(&head.name), Pick::Runbook(head.name.clone()));
        items.push(item.about(format!("{why}{title}")).value(sanitize(&head.name)));
    }
    if let Some(Err(NoRunbooks::Unreadable(why))) = &app.runbooks
        && !items.iter().any(|item| item.disabled_reason.is_some())
    {
        let item = Item::new("runbooks", Pick::Runbook(String::new()));
        items.push(item.disabled_reason(Some(why.clone())));
    }
    items
}

/// Returns the runbooks that are not for the incident, with what they are for.
pub(in crate::tui) fn other_items(app: &App, incident: &Incident) -> Vec<Item> {
    let Some(Ok(heads)) = &app.runbooks else { return Vec::new() };
    let matching = matching_runbooks(app, incident);
    let others =
        heads.iter().filter(|head| matching.iter().all(|(_, fits)| fits.name != head.name));
    let item = |head: &RunbookHeader| {
        let name = sanitize(&head.name);
        let title =
            if head.title.is_empty() { String::new() } else { format!(" · {}", head.title) };
        let about = format!("not for this incident: {}{title}", purpose(head));
        Item::new(name.clone(), Pick::Runbook(head.name.clone())).about(about).value(name)
    };
    others.map(item).collect()
}

/// Describes what a runbook is for.
fn purpose(head: &RunbookHeader) -> String {
    let services = head.services.iter().map(|name| format!("service {}", sanitize(name)));
    let labels = head.labels.iter().map(|name| format!("label {}", sanitize(name)));
    let categories = head.categories.iter().map(|category| format!("category {category}"));
    let all: Vec<String> = services.chain(labels).chain(categories).collect();
    if all.is_empty() { "nothing names it".into() } else { format!("for {}", all.join(", ")) }
}

fn missing_reason(app: &App, name: &str) -> String {
    match (&app.runbooks, &app.settings.runbooks) {
        (Some(Err(none)), _) => none.reason().to_owned(),
        (_, Some(folder)) => {
            let name = name.strip_suffix(".md").unwrap_or(name);
            format!("there is no {}.md in {}", sanitize(name), sanitize(&folder.to_string_lossy()))
        }
        (_, None) => "there is no folder of runbooks in the settings".into(),
    }
}

/// Opens the chosen runbook.
pub(in crate::tui) fn open(app: &mut App, name: &str, targets: Vec<Target>) -> Vec<Effect> {
    let (Some(target), Some(folder)) = (targets.into_iter().next(), &app.settings.runbooks) else {
        return Vec::new();
    };
    let effect = Effect::LoadRunbook(folder.clone(), name.to_owned());
    let heads = app.runbooks.as_ref().and_then(|read| read.as_ref().ok());
    let head = heads.and_then(|heads| heads.iter().find(|head| head.name == name));
    let head = head
        .cloned()
        .unwrap_or_else(|| RunbookHeader { name: name.to_owned(), ..RunbookHeader::default() });
    let (selected_block, sent_ticks) = (None, Vec::new());
    let book = RunbookPane { target, head, page: None, selected_block, top: 0, sent_ticks };
    app.mode = Mode::Runbook(Box::new(book));
    vec![effect]
}

/// Shows a runbook that was read, or why it could not be.
pub(in crate::tui) fn page_loaded(
    app: &mut App,
    name: &str,
    result: Result<Arc<RunbookPage>, String>,
) -> Vec<Effect> {
    let Mode::Runbook(book) = &mut app.mode else { return Vec::new() };
    if book.head.name != name {
        return Vec::new();
    }
    match result {
        Ok(page) => {
            book.page = Some(page);
            if !select_next_open(app, 0) {
                let first = view::runbook_stops(app).0.first().map(|(block, _)| *block);
                if let Mode::Runbook(book) = &mut app.mode {
                    book.selected_block = first;
                }
            }
            scroll_into_view(app);
            Vec::new()
        }
        Err(why) => {
            app.mode = Mode::Panes;
            show_toast(app, why, true)
        }
    }
}

/// Returns the events of an incident, as far as they are loaded.
pub(in crate::tui) fn loaded_events(app: &App, id: IncidentId) -> &[Event] {
    let incident = app.reading.shown.iter().chain(&app.reading.cache).find(|shown| shown.id == id);
    incident.map_or(&[], |shown| &shown.events[..])
}

/// Returns the step that is selected.
fn selected_step(app: &App) -> Option<usize> {
    let Mode::Runbook(book) = &app.mode else { return None };
    book.page.as_ref()?.blocks.get(book.selected_block?)?.step
}

/// Returns which steps are done, or are being ticked.
fn done_steps(app: &App) -> Vec<bool> {
    let Mode::Runbook(book) = &app.mode else { return Vec::new() };
    let Some(page) = &book.page else { return Vec::new() };
    let ticks = find_ticks(&book.head.name, &page.steps, loaded_events(app, book.target.id));
    let mut done: Vec<bool> = ticks.iter().map(Option::is_some).collect();
    for (step, _) in &book.sent_ticks {
        done[*step] = true;
    }
    done
}

/// Returns whether the selected step can be ticked.
pub(in crate::tui) fn is_tickable(app: &App) -> bool {
    selected_step(app).is_some_and(|step| !done_steps(app)[step])
}

/// Selects the first undone step from a block on. Returns whether there is one.
fn select_next_open(app: &mut App, from: usize) -> bool {
    let done = done_steps(app);
    let Mode::Runbook(book) = &mut app.mode else { return false };
    let Some(page) = &book.page else { return false };
    let mut blocks = page.blocks.iter().enumerate().skip(from);
    let open = blocks.find(|(_, block)| block.step.is_some_and(|step| !done[step]));
    book.selected_block = open.map(|(index, _)| index).or(book.selected_block);
    open.is_some()
}

/// Moves by a line at a time through the text, and from step to step where steps are on the screen.
pub(in crate::tui) fn scroll(app: &mut App, motion: Motion) {
    let (count, page) = view::popup_size(app);
    let (stops, _) = view::runbook_stops(app);
    let Mode::Runbook(book) = &mut app.mode else { return };
    let last = count.saturating_sub(page);
    if let Motion::Lines(lines @ (-1 | 1)) = motion {
        let position = stops.iter().position(|(block, _)| Some(*block) == book.selected_block);
        let next = position.and_then(|position| position.checked_add_signed(lines));
        if let Some((block, line)) = next.and_then(|next| stops.get(next)) {
            let visible = book.top.saturating_sub(1)..=book.top + page;
            if visible.contains(line) {
                book.selected_block = Some(*block);
                scroll_into_view(app);
                return;
            }
        }
    }
    book.top = motion.apply(book.top.min(last), last + 1, page);
    let visible = book.top..book.top + page;
    let selected = stops.iter().find(|(block, _)| Some(*block) == book.selected_block);
    if selected.is_none_or(|(_, line)| !visible.contains(line)) {
        // What is not on the screen can't be ticked.
        let mut seen = stops.iter().filter(|(_, line)| visible.contains(line));
        let nearest = match motion {
            Motion::Lines(..0) | Motion::HalfPages(..0) | Motion::First => seen.next_back(),
            _ => seen.next(),
        };
        if let Some((block, _)) = nearest {
            book.selected_block = Some(*block);
        }
    }
}

/// Scrolls so that what is selected is on the screen.
fn scroll_into_view(app: &mut App) {
    let (count, page) = view::popup_size(app);
    let (stops, lines) = view::runbook_stops(app);
    let Mode::Runbook(book) = &mut app.mode else { return };
    let Some(position) = stops.iter().position(|(block, _)| Some(*block) == book.selected_block)
    else {
        return;
    };
    let line = stops[position].1;
    let end = line + lines.get(position).copied().unwrap_or(1);
    let last = count.saturating_sub(page);
    book.top = book.top.max(end.saturating_sub(page)).min(line).min(last);
}

fn is_selection_visible(app: &App) -> bool {
    let (_, page) = view::popup_size(app);
    let (stops, _) = view::runbook_stops(app);
    let Mode::Runbook(book) = &app.mode else { return false };
    let selected = stops.iter().find(|(block, _)| Some(*block) == book.selected_block);
    selected.is_some_and(|(_, line)| (book.top..book.top + page).contains(line))
}

/// Ticks the selected step, with a note on the timeline.
pub(in crate::tui) fn tick(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if !is_selection_visible(app) {
        scroll_into_view(app);
        return Vec::new();
    }
    let Some(step) = selected_step(app) else {
        let key = main_key(app, Action::CopyCode).unwrap_or_default();
        return show_toast(app, format!("this is no step to tick: {key} copies it"), true);
    };
    if let Some(why) = find_entry(Action::Note).and_then(|entry| entry.unsupported_reason(app)) {
        return show_toast(app, why, true);
    }
    if done_steps(app)[step] {
        return show_toast(app, format!("step {} is done already", step + 1), false);
    }
    let mode = std::mem::take(&mut app.mode);
    let Mode::Runbook(mut book) = mode else { return Vec::new() };
    let text = book.page.as_ref().map_or("", |page| &page.steps[step].text);
    let command = IncidentCommand::AddNote { text: tick_note(&book.head.name, step, text) };
    let verb = format!("tick step {} on", step + 1);
    let done_phrase = format!("step {} done", step + 1);
    let plan =
        send::plan(app, std::slice::from_ref(&book.target), verb, done_phrase, &[command], at);
    let before = app.last_batch;
    let effects = send::submit(app, plan, false, None, at);
    if app.last_batch > before
        && let Some(pending) = app.pending.last()
    {
        book.sent_ticks.push((step, pending.id));
    }
    let below = book.selected_block.map_or(0, |block| block + 1);
    app.mode = Mode::Runbook(book);
    select_next_open(app, below);
    scroll_into_view(app);
    effects
}

/// Unticks a step, because the command that was to tick it was refused.
pub(in crate::tui) fn tick_refused(app: &mut App, id: CommandId) {
    if let Mode::Runbook(book) = &mut app.mode {
        book.sent_ticks.retain(|(_, command)| *command != id);
    }
}

/// Drops ticks that the timeline has by now; it counts from then on. Requests the rest of the
/// timeline.
pub(in crate::tui) fn reconcile(app: &mut App) -> Vec<Effect> {
    let Mode::Runbook(book) = &app.mode else { return Vec::new() };
    let id = book.target.id;
    let recorded: Vec<CommandId> =
        loaded_events(app, id).iter().rev().take(500).map(|event| event.command).collect();
    if let Mode::Runbook(book) = &mut app.mode {
        book.sent_ticks.retain(|(_, command)| !recorded.contains(command));
    }
    reading::update::load_all_events(app, id)
}

/// Copies the selected code, or the text of the step.
pub(in crate::tui) fn copy(app: &mut App) -> Vec<Effect> {
    let Mode::Runbook(book) = &app.mode else { return Vec::new() };
    let Some((page, at)) = book.page.as_ref().zip(book.selected_block) else {
        return show_toast(app, "there is nothing to copy: no step and no code", true);
    };
    let (text, what) = match page.code_for_block(at) {
        Some(code) => (code.trim_end_matches('\n').to_owned(), "the code"),
        None => (page.blocks[at].text(), "the step"),
    };
    crate::tui::settings::appearance::copy_to_clipboard(app, text, what)
}
