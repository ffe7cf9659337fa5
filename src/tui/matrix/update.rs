//! The matrix of impact × urgency.

use chrono::{DateTime, Utc};
use crossterm::event::{KeyCode, KeyEvent};

use crate::model::priority::Level;
use crate::model::{IncidentCommand, Priority};

use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::form;
use crate::tui::form::Kind;
use crate::tui::verb::{planning, send};

fn step(level: Level, by: isize) -> Level {
    let index = Level::ALL.iter().position(|l| *l == level).unwrap_or(1);
    Level::ALL[index.saturating_add_signed(by).min(Level::ALL.len() - 1)]
}

/// Moves the choice by a number of levels of impact and urgency.
pub(in crate::tui) fn move_by(app: &mut App, impact: isize, urgency: isize) -> Vec<Effect> {
    if let Mode::Matrix(matrix) = &mut app.ui.mode {
        matrix.impact = step(matrix.impact, impact);
        matrix.urgency = step(matrix.urgency, urgency);
        matrix.notice = None;
    }
    Vec::new()
}

/// Sends the chosen impact and urgency.
pub(in crate::tui) fn choose(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::Matrix(matrix) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    let (impact, urgency) = (matrix.impact, matrix.urgency);
    let priority = app.session.rules.matrix.priority(impact, urgency);
    let commands = [IncidentCommand::Prioritize { impact, urgency }];
    let done_phrase = format!("{priority}: {impact} × {urgency}");
    let verb = format!("set {priority} on");
    let plan = planning::plan(app, &matrix.targets, verb, done_phrase, &commands, at);
    send::submit(app, plan, false, None, at)
}

/// Handles a digit: it opens the form that overrides the priority, with a reason.
pub(in crate::tui) fn handle_text_key(
    app: &mut App,
    key: KeyEvent,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let KeyCode::Char(digit) = key.code else { return Vec::new() };
    let priority = match digit {
        '1' => Priority::P1,
        '2' => Priority::P2,
        '3' => Priority::P3,
        '4' => Priority::P4,
        _ => return Vec::new(),
    };
    let Mode::Matrix(matrix) = std::mem::take(&mut app.ui.mode) else { return Vec::new() };
    form::open::open(app, Kind::Override { priority }, matrix.targets, at)
}
