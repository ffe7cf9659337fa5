//! The text of an empty queue.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::command::CommandKind;
use crate::model::filter::{FilterHint, PartialFilter};
use crate::model::text::{width, wrap};

use crate::tui::action::Action;
use crate::tui::core::app::App;
use crate::tui::core::freshness::Freshness;
use crate::tui::widgets::formatting::{pluralize, short_duration};
use crate::tui::widgets::text::draw_text;

/// Draws the reason why the queue is empty in the middle of the pane.
pub(in crate::tui) fn draw(app: &App, inside: Rect, buffer: &mut Buffer) {
    let mut texts = Vec::new();
    match (app.freshness(), &app.fetched.snapshot) {
        (Freshness::Failing { since, message, retry_in }, None) => {
            texts.push(format!("nothing could be read since {}", app.clock().hh_mm_ss(since)));
            texts.push(message.clone());
            let seconds = retry_in.num_seconds().max(0);
            texts.push(format!("from {}", app.session.workspace.location));
            let now = app.ui.keymap.hint_suffix(Action::Refresh, "now");
            texts.push(format!("retrying in {seconds} s{now}"));
        }
        (_, None) => texts.push(format!("reading {} …", app.session.workspace.location)),
        (_, Some(_)) if app.queue.is_filtered() => filtered(app, &mut texts),
        (_, Some(_)) if app.is_first_start() => first_start(app, &mut texts),
        (_, Some(_)) => {
            let ended = match app.fetched.last_ended {
                Some(Some(at)) => {
                    format!(" · the last ended {} ago", short_duration(app.backend_now() - at))
                }
                Some(None) => " · none has ended yet".into(),
                None => String::new(),
            };
            texts.push(format!("no open incidents{ended}"));
            if app.queue.counts.snoozed > 0 {
                texts.push(pluralize(app.queue.counts.snoozed, "is snoozed", "are snoozed"));
            }
        }
    }
    let wide = usize::from(inside.width);
    let lines: Vec<_> = texts.iter().flat_map(|s| wrap(s, wide)).collect();
    let skip = usize::from(inside.height).saturating_sub(lines.len()) / 3;
    for (index, (text, row)) in lines.iter().zip(inside.rows().skip(skip)).enumerate() {
        let indent = u16::try_from(wide.saturating_sub(text.width()) / 2).unwrap_or(0);
        let row = Rect { x: row.x + indent, ..row };
        let style = if index == 0 { app.ui.theme.strong() } else { app.ui.theme.dim() };
        draw_text(text, style, row, buffer);
    }
}

/// Describes the first steps with an empty store, with their keys.
fn first_start(app: &App, texts: &mut Vec<String>) {
    let key = |action| app.ui.keymap.main_key(action);
    let line = |key: Option<String>, command: &str, what: &str| match key {
        Some(key) => format!("{key}  {what}"),
        None => format!("{what}: {command}"),
    };
    let leaves = app.session.has_errands;
    let mut lines = Vec::new();
    if !app.session.read_only {
        lines.push(line(
            key(Action::Command(CommandKind::Declare)),
            "redphone declare",
            "declare an incident",
        ));
    }
    let demo = key(Action::Demo).filter(|_| leaves);
    lines.push(line(demo, "redphone demo", "see a made-up company at work"));
    let settings = key(Action::Settings).filter(|_| leaves);
    lines.push(line(settings, "redphone config init", "set name, people and services"));
    let wide = lines.iter().map(width).max().unwrap_or(0);
    texts.push("nothing has happened here yet".into());
    texts.push(String::new());
    // All of the same width, so that they are aligned.
    texts.extend(lines.iter().map(|line| format!("{line}{}", " ".repeat(wide - width(line)))));
}

/// Explains that nothing passes the filter, or that the history is still being fetched.
fn filtered(app: &App, texts: &mut Vec<String>) {
    let filter = app.queue.filter().to_string();
    match &app.queue.pages {
        Some(pages) if pages.in_flight.is_some() => {
            texts.push(format!("reading the history: {filter} …"));
            return;
        }
        Some(pages) if pages.error.is_some() => {
            texts.push("the history could not be read".into());
            texts.extend(pages.error.clone());
            let key = app.ui.keymap.keys(Action::Refresh).first();
            texts.extend(key.map(|key| format!("{key} asks again")));
        }
        Some(pages) if pages.as_of.is_some() => {
            texts.push(format!("nothing that is kept here matches {filter}"));
        }
        _ => texts.push(format!("nothing matches {filter}")),
    }
    let hints = PartialFilter::parse(&filter).hints;
    texts.extend(hints.first().map(FilterHint::question));
    if let Some(key) = app.ui.keymap.keys(Action::Back).first() {
        texts.push(match app.queue.counts.total() {
            0 => format!("{key} clears the filter"),
            1 => format!("{key} clears the filter: 1 incident is open"),
            open => format!("{key} clears the filter: {open} incidents are open"),
        });
    }
    if !app.queue.is_history() {
        texts.push("is:any looks at ended ones too".into());
    }
}
