//! Writing a note.

use chrono::{DateTime, Utc};
use crossterm::event::KeyEvent;
use tui_textarea::{TextArea, WrapMode};

use crate::model::command::Ask;
use crate::model::{IncidentId, text};

use super::super::app::{App, Mode, NoteEditor};
use super::super::message::Effect;
use super::verbs;

/// Opens the editor for the incident that keys are about now.
pub(super) fn open(app: &mut App) -> Vec<Effect> {
    let Some(target) = app.target() else { return Vec::new() };
    let (id, label, title) = (target.id, target.label(), target.title.clone());
    edit(app, id, label, title, "", None);
    Vec::new()
}

/// Opens the editor with a text, and with why it was not taken.
pub(super) fn edit(
    app: &mut App,
    target: IncidentId,
    label: String,
    title: String,
    content: &str,
    refused: Option<String>,
) {
    let mut area = TextArea::default();
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(ratatui::style::Style::new());
    if !content.is_empty() {
        area.insert_str(content);
    }
    app.mode =
        Mode::Note(Box::new(NoteEditor { target, label, title, area, refused, asking: false }));
}

/// A key that is no action goes into the text.
pub(super) fn typed(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    if let Mode::Note(note) = &mut app.mode
        && !note.asking
    {
        note.area.input(key);
    }
    Vec::new()
}

/// Pasted text goes in as one piece, made safe to show.
pub(super) fn paste(app: &mut App, pasted: &str) -> Vec<Effect> {
    if let Mode::Note(note) = &mut app.mode
        && !note.asking
    {
        // Terminals send line ends of a paste as carriage returns.
        let unix = pasted.replace("\r\n", "\n").replace('\r', "\n");
        let safe: Vec<_> = text::lines(&unix).collect();
        note.area.insert_str(safe.join("\n"));
    }
    Vec::new()
}

pub(super) fn send(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Note(note) = &mut app.mode else { return Vec::new() };
    let content = note.area.lines().join("\n").trim_end().to_owned();
    if content.trim().is_empty() {
        note.refused = Some("the note is empty: write something first".into());
        return Vec::new();
    }
    let (id, label) = (note.target, note.label.clone());
    match verbs::submit(app, id, label, Ask::AddNote { text: content }, at) {
        Ok(effects) => {
            app.mode = Mode::Panes;
            effects
        }
        Err(why) => {
            if let Mode::Note(note) = &mut app.mode {
                note.refused = Some(why);
            }
            Vec::new()
        }
    }
}

/// Leaves the editor; asks first where something was written.
pub(super) fn cancel(app: &mut App) -> Vec<Effect> {
    if let Mode::Note(note) = &mut app.mode {
        if note.area.lines().iter().all(|line| line.trim().is_empty()) {
            app.mode = Mode::Panes;
        } else {
            note.asking = true;
        }
    }
    Vec::new()
}

pub(super) fn keep(app: &mut App) -> Vec<Effect> {
    if let Mode::Note(note) = &mut app.mode {
        note.asking = false;
    }
    Vec::new()
}
