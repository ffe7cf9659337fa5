//! How messages change the state. Plain functions: no I/O, no clock.

mod link;
mod moves;
mod note;
mod popup;
mod reading;
mod rows;
mod verbs;
mod wall;

pub use verbs::unconfirmed;

use std::time::Duration;

use chrono::{DateTime, Utc};
use crossterm::event::{KeyEvent, KeyEventKind};

use super::action::{self, Action, Layer};
use super::app::{App, Failure, Mode, Toast};
use super::message::{Effect, Message, Timer};
use super::view;

/// How long the selection rests before detail and timeline follow.
pub const REST: Duration = Duration::from_millis(80);
/// How long a told sentence stays.
const TOLD: Duration = Duration::from_secs(8);
/// How long the end waits for pending commands.
pub const LEAVE: Duration = Duration::from_secs(10);

/// Takes in a message; gives back what is to be done.
pub fn update(app: &mut App, message: Message) -> Vec<Effect> {
    let effects = match message {
        Message::Key(key, at) => key_pressed(app, key, at),
        // A note that was refused may wait behind the wall.
        Message::Paste(_) if app.wall.is_some() => Vec::new(),
        Message::Paste(text) => note::paste(app, &text),
        Message::Started => link::started(app).into_iter().collect(),
        Message::Resized(width, height) => {
            app.size = (width, height);
            Vec::new()
        }
        Message::Tick(at, offset) => {
            app.offset = offset;
            if app.wall.is_some() { wall::time_passed(app, at) } else { link::time_passed(app, at) }
        }
        Message::Elapsed(timer) => elapsed(app, timer),
        Message::Mirror(update, at) => link::learnt(app, update, at),
        Message::Detail(id, result, at) => reading::loaded(app, id, result, at),
        Message::Older(id, result, at) => reading::older(app, id, result, at),
        Message::Measures(span, result, at) => link::measured(app, span, result, at),
        Message::LastEnded(at) => {
            app.last_ended = Some(at);
            Vec::new()
        }
        Message::Events(wanted, read) => wall::happened(app, wanted, read),
        Message::LastP1(ended) => wall::last_p1(app, ended),
        Message::Retrying(id, error, at) => verbs::retrying(app, id, &error, at),
        Message::Settled(id, result, at) => verbs::settled(app, id, result, at),
        Message::Terminate => leave(app),
    };
    // Behind the wall nothing is laid out; leaving it does so.
    if app.wall.is_none() {
        settle_layout(app);
    }
    effects
}

fn key_pressed(app: &mut App, key: KeyEvent, at: DateTime<Utc>) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    let layer = action::layer(app);
    match app.keymap.action(layer, &key) {
        Some(action) => {
            if action != Action::Failure {
                app.toast = None;
            }
            perform(app, action, at)
        }
        None if layer == Layer::Wall => Vec::new(),
        None => note::typed(app, key),
    }
}

/// Does what a key is mapped to.
pub fn perform(app: &mut App, action: Action, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(entry) = action::of(action) {
        if let Some(why) = entry.barred(app) {
            return tell(app, why, true);
        }
        if !entry.applies(app) {
            return Vec::new();
        }
    }
    match action {
        Action::Down => moves::by(app, moves::Step::Lines(1)),
        Action::Up => moves::by(app, moves::Step::Lines(-1)),
        Action::HalfDown => moves::by(app, moves::Step::Halves(1)),
        Action::HalfUp => moves::by(app, moves::Step::Halves(-1)),
        Action::PageDown => moves::by(app, moves::Step::Halves(2)),
        Action::PageUp => moves::by(app, moves::Step::Halves(-2)),
        Action::Top => moves::by(app, moves::Step::First),
        Action::Bottom => moves::by(app, moves::Step::Last),
        Action::Focus(pane) => moves::focus(app, pane),
        Action::NextPane => moves::cycle(app, 1),
        Action::PreviousPane => moves::cycle(app, -1),
        Action::Zoom => {
            app.zoomed = !app.zoomed;
            Vec::new()
        }
        Action::Open => moves::open(app),
        Action::Back => moves::back(app),
        Action::Acknowledge => verbs::acknowledge(app, at),
        Action::Own => verbs::own(app, at),
        Action::Note => note::open(app),
        Action::ShorterSpan => link::other_span(app, -1),
        Action::LongerSpan => link::other_span(app, 1),
        Action::Refresh => link::refresh(app),
        Action::Wall => wall::open(app, at),
        Action::LeaveWall => wall::close(app),
        Action::Failure => {
            app.mode = Mode::Failure(0);
            Vec::new()
        }
        Action::Help => {
            app.mode = Mode::Help(0);
            Vec::new()
        }
        Action::Suspend => vec![Effect::Suspend],
        Action::Quit if app.zoomed => moves::back(app),
        Action::Quit | Action::QuitNow => leave(app),
        Action::Close | Action::Discard => {
            app.mode = Mode::Panes;
            Vec::new()
        }
        Action::Send => note::send(app, at),
        Action::Cancel => note::cancel(app),
        Action::Keep => note::keep(app),
        Action::LeaveNow => vec![Effect::Quit],
    }
}

/// Ends, or waits for the commands that are on their way.
fn leave(app: &mut App) -> Vec<Effect> {
    // What is still on its way is told on the panes.
    app.wall = None;
    if app.pending.is_empty() {
        return vec![Effect::Quit];
    }
    app.mode = Mode::Leaving;
    vec![Effect::After(LEAVE, Timer::Leave)]
}

fn elapsed(app: &mut App, timer: Timer) -> Vec<Effect> {
    match timer {
        Timer::Rest(number) if number == app.reading.rest => {
            app.reading.moving = false;
            reading::follow(app)
        }
        Timer::Toast(number) if number == app.toasts => {
            app.toast = None;
            Vec::new()
        }
        Timer::Rest(_) | Timer::Toast(_) => Vec::new(),
        Timer::Leave => vec![Effect::Quit],
    }
}

/// Tells a sentence on the keys line.
fn tell(app: &mut App, text: impl Into<String>, bad: bool) -> Vec<Effect> {
    app.toasts += 1;
    app.toast = Some(Toast { text: text.into(), bad });
    vec![Effect::After(TOLD, Timer::Toast(app.toasts))]
}

/// Tells of a failure and keeps it for those who want to know more.
fn fail(app: &mut App, what: &str, said: &str, at: DateTime<Utc>) -> Vec<Effect> {
    app.failure = Some(Failure { what: what.to_owned(), said: said.to_owned(), at });
    tell(app, format!("{what}: {said}"), true)
}

/// Makes anew what depends on the layout: lines of the reading panes, and where they are scrolled.
fn settle_layout(app: &mut App) {
    rows::keep_in_sight(app);
    view::prepare(app);
}
