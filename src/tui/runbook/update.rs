//! Runbooks: how they are offered, opened, and ticked step by step.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::model::command::CommandKind;
use crate::model::runbook::{RunbookHeader, RunbookPage, tick_note};
use crate::model::{CommandId, IncidentCommand};

use crate::tui::action::{Action, find_entry};
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::motion::Motion;
use crate::tui::core::notices::show_toast;
use crate::tui::picker::PickerKind;
use crate::tui::runbook::steps::{done_steps, loaded_events, selected_step};
use crate::tui::runbook::{RunbookError, RunbookPane, Runbooks};
use crate::tui::verb::target::Target;
use crate::tui::verb::{planning, send};
use crate::tui::{layout, reading, run, runbook};

/// Stores the runbooks that were read, and updates the list that is open.
pub(in crate::tui) fn folder_loaded(app: &mut App, runbooks: Runbooks) -> Vec<Effect> {
    app.runbooks = Some(runbooks);
    let Mode::Pick(picker) = &app.ui.mode else { return Vec::new() };
    let (PickerKind::Runs, [target]) = (picker.kind, &picker.targets[..]) else {
        return Vec::new();
    };
    let target = target.clone();
    let items = run::items::items_after(app, &target, &picker.items);
    if items.is_empty() {
        app.ui.mode = Mode::Panes;
        let reason = run::items::empty_reason(app, &target);
        return show_toast(app, reason, true);
    }
    if let Mode::Pick(picker) = &mut app.ui.mode
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

/// Opens the chosen runbook.
pub(in crate::tui) fn open(app: &mut App, name: &str, targets: Vec<Target>) -> Vec<Effect> {
    let (Some(target), Some(folder)) = (targets.into_iter().next(), &app.session.settings.runbooks)
    else {
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
    app.ui.mode = Mode::Runbook(Box::new(book));
    vec![effect]
}

/// Shows a runbook that was read, or why it could not be.
pub(in crate::tui) fn page_loaded(
    app: &mut App,
    name: &str,
    result: Result<Arc<RunbookPage>, RunbookError>,
) -> Vec<Effect> {
    let Mode::Runbook(book) = &mut app.ui.mode else { return Vec::new() };
    if book.head.name != name {
        return Vec::new();
    }
    match result {
        Ok(page) => {
            book.page = Some(page);
            if !select_next_open(app, 0) {
                let first = runbook::layout::runbook_stops(app).0.first().map(|(block, _)| *block);
                if let Mode::Runbook(book) = &mut app.ui.mode {
                    book.selected_block = first;
                }
            }
            scroll_into_view(app);
            Vec::new()
        }
        Err(why) => {
            app.ui.mode = Mode::Panes;
            show_toast(app, why.to_string(), true)
        }
    }
}

/// Selects the first undone step from a block on. Returns whether there is one.
fn select_next_open(app: &mut App, from: usize) -> bool {
    let done = done_steps(app);
    let Mode::Runbook(book) = &mut app.ui.mode else { return false };
    let Some(page) = &book.page else { return false };
    let mut blocks = page.blocks.iter().enumerate().skip(from);
    let open = blocks.find(|(_, block)| block.step.is_some_and(|step| !done[step]));
    book.selected_block = open.map(|(index, _)| index).or(book.selected_block);
    open.is_some()
}

/// Moves by a line at a time through the text, and from step to step where steps are on the screen.
pub(in crate::tui) fn scroll(app: &mut App, motion: Motion) {
    let (count, page) = layout::popup_size(app);
    let (stops, _) = runbook::layout::runbook_stops(app);
    let Mode::Runbook(book) = &mut app.ui.mode else { return };
    let last = count.saturating_sub(page);
    book.top = book.top.min(last);
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
    book.top = motion.apply(book.top, last + 1, page);
    let visible = book.top..book.top + page;
    let selected = stops.iter().find(|(block, _)| Some(*block) == book.selected_block);
    if selected.is_none_or(|(_, line)| !visible.contains(line)) {
        // An invisible step can't be ticked.
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

/// Scrolls so that the selection is visible.
fn scroll_into_view(app: &mut App) {
    let (count, page) = layout::popup_size(app);
    let (stops, lines) = runbook::layout::runbook_stops(app);
    let Mode::Runbook(book) = &mut app.ui.mode else { return };
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
    let (count, page) = layout::popup_size(app);
    let (stops, _) = runbook::layout::runbook_stops(app);
    let Mode::Runbook(book) = &app.ui.mode else { return false };
    let top = book.top.min(count.saturating_sub(page));
    let selected = stops.iter().find(|(block, _)| Some(*block) == book.selected_block);
    selected.is_some_and(|(_, line)| (top..top + page).contains(line))
}

/// Ticks the selected step, with a note on the timeline.
pub(in crate::tui) fn tick(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if !is_selection_visible(app) {
        scroll_into_view(app);
        return Vec::new();
    }
    let Some(step) = selected_step(app) else {
        let key = app.ui.keymap.main_key(Action::CopyCode).unwrap_or_default();
        return show_toast(app, format!("this is no step to tick: {key} copies it"), true);
    };
    if let Some(why) = find_entry(Action::Command(CommandKind::AddNote))
        .and_then(|entry| entry.unsupported_reason(app))
    {
        return show_toast(app, why, true);
    }
    if done_steps(app)[step] {
        return show_toast(app, format!("step {} is done already", step + 1), false);
    }
    let mode = std::mem::take(&mut app.ui.mode);
    let Mode::Runbook(mut book) = mode else { return Vec::new() };
    let text = book.page.as_ref().map_or("", |page| &page.steps[step].text);
    let command = IncidentCommand::AddNote { text: tick_note(&book.head.name, step, text) };
    let verb = format!("tick step {} on", step + 1);
    let done_phrase = format!("step {} done", step + 1);
    let plan =
        planning::plan(app, std::slice::from_ref(&book.target), verb, done_phrase, &[command], at);
    let before = app.inflight.last_batch;
    let effects = send::submit(app, plan, false, None, at);
    if app.inflight.last_batch > before
        && let Some(pending) = app.inflight.pending.last()
    {
        book.sent_ticks.push((step, pending.id));
    }
    let below = book.selected_block.map_or(0, |block| block + 1);
    app.ui.mode = Mode::Runbook(book);
    select_next_open(app, below);
    scroll_into_view(app);
    effects
}

/// Drops ticks that the timeline has by now; it counts from then on. Requests the rest of the
/// timeline.
pub(in crate::tui) fn reconcile(app: &mut App) -> Vec<Effect> {
    let Mode::Runbook(book) = &app.ui.mode else { return Vec::new() };
    let id = book.target.id;
    let recorded: Vec<CommandId> =
        loaded_events(app, id).iter().rev().take(500).map(|event| event.command).collect();
    if let Mode::Runbook(book) = &mut app.ui.mode {
        book.sent_ticks.retain(|(_, command)| !recorded.contains(command));
    }
    reading::update::load_all_events(app, id)
}

/// Copies the selected code, or the text of the step.
pub(in crate::tui) fn copy(app: &mut App) -> Vec<Effect> {
    let Mode::Runbook(book) = &app.ui.mode else { return Vec::new() };
    let Some((page, at)) = book.page.as_ref().zip(book.selected_block) else {
        return show_toast(app, "there is nothing to copy: no step and no code", true);
    };
    let (text, what) = match page.code_for_block(at) {
        Some(code) => (code.trim_end_matches('\n').to_owned(), "the code"),
        None => (page.blocks[at].text(), "the step"),
    };
    crate::tui::settings::appearance::copy_to_clipboard(app, text, what)
}
