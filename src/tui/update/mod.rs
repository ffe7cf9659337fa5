//! How messages change the state. Plain functions: no I/O, no clock.

mod appearance;
mod arguments;
mod attention;
mod backend_update;
mod confirm;
mod copy;
mod drafts;
mod find;
mod forms;
mod jump;
mod matrix;
mod navigation;
mod outbox;
mod palette;
mod parse_time;
mod picks;
mod popup;
mod precheck;
mod reading;
mod remote_activity;
mod rows;
mod run;
mod runbook;
mod send;
mod settings;
mod travel;
mod undo;
mod verbs;
mod wall;
mod workspaces;

pub use find::{View, filter_by, show_view, sort_by, views, views_with};
pub(in crate::tui) use runbook::{events, fitting, is_any, is_tickable};
pub use send::unconfirmed;
pub(in crate::tui) use verbs::{barred, targets};

use std::time::Duration;

use chrono::{DateTime, Utc};
use crossterm::event::{KeyEvent, KeyEventKind};

use super::action::{self, Action, Layer, When};
use super::app::{App, Failure, Toast};
use super::form::Kind;
use super::message::{Effect, Message, Timer};
use super::mode::{Help, Mode};
use super::view;

/// How long the selection rests before detail and timeline follow.
pub const REST: Duration = Duration::from_millis(80);
/// The same with low bandwidth.
pub const LONG_REST: Duration = Duration::from_millis(200);
/// How long a told sentence stays.
const TOLD: Duration = Duration::from_secs(8);
/// How long the end waits for pending commands.
pub const LEAVE: Duration = Duration::from_secs(10);

/// Takes in a message; gives back what is to be done.
pub fn update(app: &mut App, message: Message) -> Vec<Effect> {
    let mut effects = match message {
        Message::Key(key, at) => key_pressed(app, key, at),
        // A form that was given back may wait behind the wall.
        Message::Paste(_) if app.wall.is_some() => Vec::new(),
        Message::Paste(text) if matches!(app.mode, Mode::Filter(_)) => find::paste(app, &text),
        Message::Paste(text) => paste(app, &text),
        Message::Started => {
            settings::warn(app);
            let mut effects: Vec<Effect> = backend_update::started(app).into_iter().collect();
            effects.extend(runbook::look(app));
            effects
        }
        Message::Resized(width, height) => {
            app.size = (width, height);
            Vec::new()
        }
        Message::Tick(at, offset) => {
            app.offset = offset;
            if app.wall.is_some() {
                wall::time_passed(app, at)
            } else {
                backend_update::time_passed(app, at)
            }
        }
        Message::OffsetChanges(change) => {
            app.change = change;
            Vec::new()
        }
        Message::Elapsed(timer) => elapsed(app, timer),
        Message::Mirror(update, at) => backend_update::learnt(app, update, at),
        Message::Detail(id, result, at) => {
            let failed = result.as_ref().err().map(ToString::to_string);
            let mut effects = reading::loaded(app, id, result, at);
            effects.extend(match failed {
                None => verbs::go_on(app, id, at),
                Some(why) => verbs::give_up(app, id, &why),
            });
            effects
        }
        Message::Older(id, result, at) => reading::older(app, id, result, at),
        Message::Measures(span, result, at) => backend_update::measured(app, span, result, at),
        Message::KeptAt(of, at) => {
            backend_update::kept(app, of, at);
            Vec::new()
        }
        Message::Accepted(ids, result, at) => outbox::accepted(app, &ids, result, at),
        Message::Looked(id, result, at) => outbox::looked(app, id, result, at),
        Message::OutboxSaid(said) => tell(app, said, true),
        Message::ClockJumped(at) => backend_update::doubted(app, at),
        Message::LastEnded(at) => {
            app.last_ended = Some(at);
            Vec::new()
        }
        Message::Events(wanted, read) => wall::happened(app, wanted, read),
        Message::LastP1(ended) => wall::last_p1(app, ended),
        Message::Retrying(id, error, at) => send::retrying(app, id, &error, at),
        Message::Settled(id, result, at) => {
            if let Ok(Some(row)) = result.as_ref().map(|outcome| &outcome.row) {
                find::known(app, row);
            }
            send::settled(app, id, result, at)
        }
        Message::Page(number, result, at) => find::arrived(app, number, result, at),
        Message::Filters(filters) => find::left(app, filters),
        Message::Found(number, result, at) => jump::found(app, number, result, at),
        Message::Drafts(drafts) => drafts::left(app, drafts),
        Message::DraftLost(why) => tell(app, why, true),
        Message::Problems(result, at) => picks::problems_read(app, result, at),
        Message::Edited(result) => forms::edited(app, result),
        Message::Config(reload) => settings::reloaded(app, *reload),
        Message::SiteOpened(id, result, at) => workspaces::opened(app, &id, result, at),
        Message::Terminate => {
            let mut effects = match app.mode {
                Mode::Palette(_) => palette::leave(app, app.now),
                _ => drafts::save_open(app),
            };
            effects.extend(leave(app));
            effects
        }
        Message::Runbooks(runbooks) => runbook::found(app, runbooks),
        Message::Runbook(name, result) => runbook::read(app, &name, result),
        Message::RunOutput(id, pipe, text) => run::wrote(app, id, pipe, &text),
        Message::RunEnded(id, how, at) => run::ended(app, id, how, at),
    };
    effects.extend(travel::settle(app));
    effects.extend(runbook::settle(app));
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
    app.keys += 1;
    if let Some(effects) = verbs::hold(app, key) {
        return effects;
    }
    let effects = for_what_is_open(app, key, at);
    // Whoever presses keys has seen what happened.
    app.moved = None;
    effects
}

fn for_what_is_open(app: &mut App, key: KeyEvent, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(effects) = jump::begins(app, key) {
        return effects;
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
        None => typed(app, key, at),
    }
}

/// A key that is no action goes into what is open.
fn typed(app: &mut App, key: KeyEvent, at: DateTime<Utc>) -> Vec<Effect> {
    match &mut app.mode {
        Mode::Form(_) => forms::typed(app, key),
        Mode::Pick(picker) => match picker.typed(key) {
            Some(item) => picks::choose(app, item, at),
            None => Vec::new(),
        },
        Mode::Palette(_) => palette::typed(app, key, at),
        Mode::Help(_) => popup::search(app, key),
        Mode::Matrix(_) => matrix::typed(app, key, at),
        Mode::Filter(_) => find::typed(app, key, at),
        Mode::Jump(_) => jump::typed(app, key),
        _ => Vec::new(),
    }
}

/// Pasted text goes into what is open.
fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    match &app.mode {
        Mode::Palette(_) => palette::paste(app, text),
        Mode::Help(_) => popup::paste(app, text),
        _ => forms::paste(app, text),
    }
}

/// Where an action can't be done here and now: says so, where somebody may well expect it to work.
fn refused(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    let entry = action::of(action)?;
    if let Some(why) = entry.barred(app) {
        return Some(tell(app, why, true));
    }
    if entry.applies(app) {
        return None;
    }
    Some(match entry.when {
        // A verb must not guess which of a group it is about.
        When::Incident if app.queue.head.is_some() => {
            let [mark, unfold] =
                [Action::Mark, Action::Unfold].map(|a| main_key(app, a).unwrap_or_default());
            let told =
                format!("that is a group: {mark} selects its incidents, {unfold} shows them");
            tell(app, told, true)
        }
        When::Incident
        | When::Undoable
        | When::Drafted
        | When::Failed
        | When::RefusedEntry
        | When::UnsentEntry => tell(app, entry.otherwise(app), true),
        _ => Vec::new(),
    })
}

/// Does what a key is mapped to.
#[allow(clippy::too_many_lines, reason = "one arm for each action")]
pub fn perform(app: &mut App, action: Action, at: DateTime<Utc>) -> Vec<Effect> {
    if !matches!(action, Action::Quit | Action::QuitNow) {
        app.leaving = None;
    }
    if let Some(told) = refused(app, action) {
        return told;
    }
    match action {
        Action::Down => navigation::by(app, navigation::Step::Lines(1)),
        Action::Up => navigation::by(app, navigation::Step::Lines(-1)),
        Action::HalfDown => navigation::by(app, navigation::Step::Halves(1)),
        Action::HalfUp => navigation::by(app, navigation::Step::Halves(-1)),
        Action::PageDown => navigation::by(app, navigation::Step::Halves(2)),
        Action::PageUp => navigation::by(app, navigation::Step::Halves(-2)),
        Action::Top => {
            app.after_top = matches!(app.mode, Mode::Panes);
            navigation::by(app, navigation::Step::First)
        }
        Action::Bottom => navigation::by(app, navigation::Step::Last),
        Action::NextIncident => navigation::next_incident(app, 1),
        Action::PreviousIncident => navigation::next_incident(app, -1),
        Action::Focus(pane) => navigation::focus(app, pane),
        Action::NextPane => navigation::cycle(app, 1),
        Action::PreviousPane => navigation::cycle(app, -1),
        Action::Zoom => {
            app.zoomed = !app.zoomed;
            Vec::new()
        }
        Action::Open => find::toggle(app).unwrap_or_else(|| navigation::open(app)),
        Action::Back => navigation::back(app, at),
        Action::Acknowledge
        | Action::Own
        | Action::Assign
        | Action::Escalate
        | Action::Move
        | Action::Prioritize
        | Action::Categorize
        | Action::Note
        | Action::Update
        | Action::Checklist
        | Action::Resolve
        | Action::Close
        | Action::Review
        | Action::Snooze
        | Action::Merge
        | Action::Link
        | Action::Reopen
        | Action::Reclassify
        | Action::Describe
        | Action::Copy
        | Action::Run
        | Action::Role => verbs::begin(app, action, at),
        Action::Palette => palette::open(app, "", at),
        Action::Category | Action::Services | Action::Team | Action::Go | Action::Window => {
            palette::open_for(app, action, at)
        }
        Action::Declare => forms::open(app, Kind::Declare, Vec::new(), at),
        Action::Filter => find::begin(app),
        Action::Views => find::menu(app),
        Action::Sort => find::sorts(app),
        Action::Group => find::toggle_grouping(app, at),
        Action::Fold => find::fold(app),
        Action::Unfold => find::unfold(app),
        Action::KeepFilter => find::keep(app, at),
        Action::GiveUpFilter => find::give_up(app, at),
        Action::Complete if matches!(app.mode, Mode::Filter(_)) => find::complete(app, 1, at),
        Action::CompleteBack => find::complete(app, -1, at),
        Action::EarlierFilter => find::past(app, -1, at),
        Action::LaterFilter => find::past(app, 1, at),
        Action::Mark => verbs::mark(app),
        Action::MarkAll => verbs::mark_all(app),
        Action::Undo => {
            let mode = std::mem::take(&mut app.mode);
            let effects = undo::undo(app, at);
            // A runbook stays open.
            if matches!(mode, Mode::Runbook(_)) {
                app.mode = mode;
            }
            effects
        }
        Action::Drafts => picks::kept_drafts(app, at),
        Action::Theme => appearance::next_theme(app),
        Action::Zone => appearance::next_zone(app),
        Action::Earlier => travel::step(app, -1),
        Action::Later => travel::step(app, 1),
        Action::Tick => runbook::tick(app, at),
        Action::CopyCode => runbook::copy(app),
        Action::StopRun => run::stop(app),
        Action::NoteRun => run::note(app, at),
        Action::CloseRun => run::close(app),
        Action::Refresh => backend_update::refresh(app),
        Action::Outbox => outbox::open(app),
        Action::EditEntry => outbox::edit(app, at),
        Action::SendAnyway => outbox::retry(app),
        Action::DropEntry => outbox::ask_to_drop(app),
        Action::SendNow => outbox::send_now(app),
        Action::Wall => wall::open(app, at),
        Action::LeaveWall => wall::close(app),
        Action::Failure => {
            app.mode = Mode::Failure(0);
            Vec::new()
        }
        Action::Help => {
            app.mode = Mode::Help(Help::default());
            Vec::new()
        }
        Action::Suspend => vec![Effect::Suspend],
        Action::Quit if app.zoomed => navigation::back(app, at),
        Action::Leave if popup::clear_search(app) => Vec::new(),
        Action::Leave if matches!(app.mode, Mode::Palette(_)) => palette::leave(app, at),
        Action::Quit | Action::QuitNow => match run::running(app) {
            // They are ended with the panes.
            Some(what) if app.leaving.is_none() => {
                app.leaving = Some(at);
                tell(app, format!("{what}: again stops it and ends"), true)
            }
            _ => leave(app),
        },
        Action::Dismiss | Action::Leave => {
            app.mode = Mode::Panes;
            Vec::new()
        }
        Action::Send => forms::send(app, at),
        Action::NextField => forms::go(app, 1),
        Action::PreviousField => forms::go(app, -1),
        Action::Edit => forms::edit(app),
        Action::Cancel => forms::cancel(app),
        Action::Discard => forms::discard(app),
        Action::Keep => forms::keep(app),
        Action::PutAway => forms::put_away(app, at),
        Action::Yes if matches!(app.mode, Mode::Outbox(_)) => outbox::yes(app),
        Action::No if matches!(app.mode, Mode::Outbox(_)) => outbox::no(app),
        Action::Yes if matches!(app.mode, Mode::Asked(_)) => run::yes(app, at),
        Action::Yes => confirm::yes(app, at),
        Action::No => confirm::no(app),
        Action::Choose => chosen(app, at),
        Action::Complete => palette::complete(app, at),
        Action::NextLine => line_by(app, 1),
        Action::PreviousLine => line_by(app, -1),
        Action::NextItem => pick_by(app, 1),
        Action::PreviousItem => pick_by(app, -1),
        Action::NextPage => pick_by(app, 10),
        Action::PreviousPage => pick_by(app, -10),
        Action::Left => matrix::go(app, 0, -1),
        Action::Right => matrix::go(app, 0, 1),
        Action::Raise => matrix::go(app, -1, 0),
        Action::Lower => matrix::go(app, 1, 0),
        Action::LeaveNow => vec![Effect::Quit],
        Action::Backend => workspaces::menu(app),
        Action::Stay => workspaces::stay(app),
        Action::GoNow => workspaces::go_now(app),
    }
}

/// Takes what is selected in what is open.
fn chosen(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    match &app.mode {
        Mode::Pick(picker) => match picker.selected().cloned() {
            Some(item) => picks::choose(app, item, at),
            None => Vec::new(),
        },
        Mode::Palette(_) => palette::choose(app, at),
        Mode::Matrix(_) => matrix::choose(app, at),
        Mode::Jump(_) => jump::go(app),
        _ => Vec::new(),
    }
}

fn pick_by(app: &mut App, by: isize) -> Vec<Effect> {
    if let Mode::Pick(picker) = &mut app.mode {
        picker.go(by);
        return Vec::new();
    }
    line_by(app, by)
}

fn line_by(app: &mut App, by: isize) -> Vec<Effect> {
    match &mut app.mode {
        Mode::Palette(_) => palette::go(app, by),
        _ => navigation::by(app, navigation::Step::Lines(by)),
    }
}

/// The main key of an action, as it is written.
fn main_key(app: &App, action: Action) -> Option<String> {
    app.keymap.keys(action).first().map(ToString::to_string)
}

/// Ends, or waits for the commands that are on their way.
fn leave(app: &mut App) -> Vec<Effect> {
    // What is still on its way is told on the panes.
    app.wall = None;
    // What is in the outbox is sent by whoever comes next.
    if app.pending.iter().all(|pending| pending.accepted) {
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
        Timer::Undo(number) => {
            if app.undo.as_ref().is_some_and(|undo| undo.number == number) {
                app.undo = None;
            }
            Vec::new()
        }
        Timer::Search(number) => find::due(app, number),
        Timer::Draft(id) => drafts::due(app, id),
        Timer::Rest(_) | Timer::Toast(_) => Vec::new(),
        Timer::Call => attention::quiet_over(app),
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
    verbs::learn_refused(app);
    view::prepare(app);
}
