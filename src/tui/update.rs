//! How messages change the state: plain functions without I/O and without a clock.

use chrono::{DateTime, Utc};
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::backend::BackendError;
use crate::model::IncidentId;
use crate::model::command::CommandKind;

use crate::tui::action::availability::current_layer;
use crate::tui::action::keymap::Key;
use crate::tui::action::{self, Action, Condition, Layer};
use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Errand, IncidentRead, Message, OutboxRequest, Timer};
use crate::tui::core::mode::Mode;
use crate::tui::core::motion::Motion;
use crate::tui::core::notices::show_toast;
use crate::tui::core::pane::Pane;
use crate::tui::core::quit::quit;
use crate::tui::core::state::inflight::BufferedInput;
use crate::tui::core::{backend_update, navigation};
use crate::tui::help::Help;
use crate::tui::metrics::pages::request::is_on_map;
use crate::tui::oncall::stand_in::StandIn;
use crate::tui::queue::{clock, groups, history, marks, rows, unread};
use crate::tui::screens::{ListScreen, ScreenKind};
use crate::tui::settings::appearance;
use crate::tui::settings::errand::leave_for;
use crate::tui::verb::{attach_file, declare, send, start};
use crate::tui::{
    alerts, attention, confirm, contacts, copy, drafts, filter, follow, follow_up, form, goto,
    help, jump, layout, maintenance, matrix, metrics, mouse, notified, oncall, outbox, palette,
    picker, problems, reading, run, runbook, screens, services, settings, similar, timeline,
    travel, undo, urgent, views, wall, workspace,
};

/// Applies a message to the state and returns the effects to run. What is computed from the state
/// for the screen is brought up to date by [`layout::prepare`], before a frame.
pub fn update(app: &mut App, message: Message) -> Vec<Effect> {
    let mut effects = handle(app, message);
    effects.extend(travel::update::refresh_record(app));
    effects.extend(timeline::update::load_missing(app));
    effects.extend(notified::update::follow(app));
    effects.extend(runbook::update::reconcile(app));
    effects.extend(screens::update::record_visit(app, false));
    // Behind the wall nothing scrolls.
    if app.wall.is_none() {
        rows::scroll_into_view(app);
        layout::scroll_to_selected(app);
        screens::update::scroll_into_view(app);
    }
    effects
}

/// Applies a message to the part of the state that it concerns.
#[allow(clippy::too_many_lines, reason = "one arm for each message")]
fn handle(app: &mut App, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key, at) => key_pressed(app, key, at),
        Message::Paste(text) => pasted(app, text),
        Message::Started => {
            settings::update::show_warnings(app);
            let mut effects: Vec<Effect> =
                metrics::update::load_measures_if_needed(app).into_iter().collect();
            effects.extend(runbook::load::load_folder(app));
            effects
        }
        Message::Resized(width, height) => {
            app.ui.size = (width, height);
            Vec::new()
        }
        Message::Tick(at, offset) => {
            app.ui.offset = offset;
            if app.wall.is_some() {
                wall::update::time_passed(app, at)
            } else {
                let mut effects = clock::time_passed(app, at);
                effects.extend(screens::update::time_passed(app));
                effects
            }
        }
        Message::LastSeen(time) => screens::update::last_seen_loaded(app, time),
        Message::ScreenLoaded(number, result, at) => {
            let mut effects = screens::update::loaded(app, number, result, at);
            effects.extend(problems::open::open_when_read(app, at));
            effects
        }
        Message::Notified(number, id, result, at) => {
            notified::update::loaded(app, number, id, result, at);
            Vec::new()
        }
        Message::Reach(result, at) => {
            picker::update::reach_loaded(app, result, at);
            Vec::new()
        }
        Message::Administered(id, result, at) => {
            if let Some(effects) = services::send::settled(app, id, &result, at) {
                return effects;
            }
            oncall::stand_in::update::settled(app, id, result, at)
        }
        Message::ContactsChanged(id, result, at) => contacts::update::settled(app, id, result, at),
        Message::ContactsTested(result, at) => contacts::update::tested(app, result, at),
        Message::MaintenanceChanged(id, result, at) => {
            let mut effects = maintenance::change::settled(app, id, result, at);
            effects.extend(screens::update::load(app));
            effects
        }
        Message::OffsetChanges(zone) => {
            app.ui.viewer_zone = zone;
            Vec::new()
        }
        Message::Elapsed(timer) => timer_elapsed(app, timer),
        Message::BackendUpdate(update, at) => backend_update::apply(app, update, at),
        Message::Evidence(id, result) => follow::update::evidence_loaded(app, id, result),
        Message::EvidenceSaved(name, result, at) => {
            copy::update::evidence_saved(app, &name, result, at)
        }
        Message::EvidenceFile(target, path, result, at) => {
            attach_file::file_loaded(app, target, &path, result, at)
        }
        Message::Detail(id, result, at) => detail_loaded(app, id, result, at),
        Message::EarlierEvents(id, result, at) => {
            reading::update::earlier_loaded(app, id, result, at)
        }
        Message::Measures(span, result, at) => {
            metrics::update::measures_loaded(app, span, result, at)
        }
        Message::Pages(request, result, at) => {
            metrics::pages::update::pages_loaded(app, *request, result, at)
        }
        Message::Enqueued(ids, result, at) => outbox::update::enqueued(app, &ids, result, at),
        Message::OutboxEntryLoaded(id, result, at) => {
            outbox::update::entry_loaded(app, id, result, at)
        }
        Message::OutboxFailed(message) => show_toast(app, message, true),
        Message::ClockJumped(at) => backend_update::clock_jumped(app, at),
        Message::LastEnded(at) => {
            app.fetched.last_ended = Some(at);
            Vec::new()
        }
        Message::RibbonEvents(request, read) => {
            wall::update::ribbon_events_loaded(app, request, read)
        }
        Message::LastP1(ended) => wall::update::last_p1_loaded(app, ended),
        Message::Retrying(id, error, at) => send::retrying(app, id, &error, at),
        Message::Settled(id, result, at) => {
            if let Ok(Some(row)) = result.as_ref().map(|outcome| &outcome.row) {
                history::update_row(app, row);
            }
            let mut effects = send::settled(app, id, result, at);
            // A problem has no row in which a change would be visible.
            if app.screens.open.as_deref().is_some_and(lists_problems) {
                effects.extend(screens::update::load(app));
            }
            effects
        }
        Message::HistoryPage(number, result, at) => history::page_loaded(app, number, result, at),
        Message::Mouse(event, at) => {
            let effects = mouse::update::handle(app, event, at);
            perform_requested(app, effects, at)
        }
        Message::Terminal(finding) => appearance::terminal_found(app, finding),
        Message::ScreenState(state) => {
            appearance::restore_screen(app, &state);
            Vec::new()
        }
        Message::Filters(filters) => filter::update::add_saved_filters(app, filters),
        Message::IncidentLocated(number, result, at) => {
            jump::update::located(app, number, result, at)
        }
        Message::Drafts(drafts) => drafts::reopen::restore(app, drafts),
        Message::DraftChanged(draft) => drafts::reopen::replace(app, *draft),
        Message::DraftLost(why) => show_toast(app, why, true),
        Message::Problems(result, at) => picker::choose::problems_loaded(app, result, at),
        Message::Edited(result) => form::update::edited(app, result),
        Message::Config(reload) => settings::update::reloaded(app, *reload),
        Message::WorkspaceOpened(id, result, at) => workspace::update::opened(app, &id, result, at),
        Message::Terminate => {
            let mut effects = match app.ui.mode {
                Mode::Palette(_) => palette::update::close(app, app.now),
                _ => drafts::update::save_open(app),
            };
            effects.extend(quit(app));
            effects
        }
        Message::Runbooks(runbooks) => runbook::update::folder_loaded(app, runbooks),
        Message::Runbook(name, result) => runbook::update::page_loaded(app, &name, result),
        Message::RunOutput(id, pipe, text) => run::update::output_received(app, id, pipe, &text),
        Message::RunEnded(id, how, at) => run::update::ended(app, id, how, at),
    }
}

/// Shows a record that was read, and resumes the verb that waits for it.
fn detail_loaded(
    app: &mut App,
    id: IncidentId,
    result: Result<Box<IncidentRead>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let failed = result.as_ref().err().map(ToString::to_string);
    let mut effects = reading::update::loaded(app, id, result, at);
    match failed {
        None => {
            let (resumed, typed) = start::resume(app, id, at);
            effects.extend(resumed);
            for input in typed {
                effects.extend(match input {
                    BufferedInput::Key(key) => key_pressed(app, key, at),
                    BufferedInput::Paste(text) => pasted(app, text),
                });
            }
        }
        Some(why) => effects.extend(start::abandon(app, id, &why)),
    }
    effects
}

fn key_pressed(app: &mut App, key: KeyEvent, at: DateTime<Utc>) -> Vec<Effect> {
    if key.kind == KeyEventKind::Release {
        return Vec::new();
    }
    if is_escape_and_key(app, &key) {
        let plain = KeyEvent { modifiers: key.modifiers - KeyModifiers::ALT, ..key };
        let mut effects = key_pressed(app, KeyEvent::from(KeyCode::Esc), at);
        effects.extend(key_pressed(app, plain, at));
        return effects;
    }
    app.ui.key_count += 1;
    if let Some(effects) = start::buffer_key(app, key) {
        return effects;
    }
    let before = app.target().map(|row| row.id);
    let effects = dispatch_key(app, key, at);
    urgent::update::key_pressed(app, before, at);
    unread::key_pressed(app, at);
    // A person who presses keys has seen what happened.
    app.ui.selection_shift = None;
    effects
}

/// Returns whether a key with Alt was Esc and the next key, which arrive as the same bytes when
/// they are pressed quickly or the link is slow: nothing is done by the key with Alt.
fn is_escape_and_key(app: &App, key: &KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::ALT)
        && app.ui.keymap.action(current_layer(app), key).is_none()
        && !form::update::edits_with(app, key)
}

fn dispatch_key(app: &mut App, key: KeyEvent, at: DateTime<Utc>) -> Vec<Effect> {
    let layer = current_layer(app);
    if layer == Layer::Screen
        && let Some(effects) = screens::wrong_key::explain(app, &key)
    {
        return effects;
    }
    match app.ui.keymap.action(layer, &key) {
        Some(action) => {
            if !matches!(action, Action::Failure | Action::Redraw) {
                app.notices.toast = None;
            }
            perform(app, action, at)
        }
        None if layer == Layer::Wall => Vec::new(),
        None if layer == Layer::Goto => {
            if goto::update::handle_text_key(app, key) {
                return Vec::new();
            }
            // The key is not one of the menu: it has its usual effect.
            dispatch_key(app, key, at)
        }
        None => handle_text_key(app, key, at),
    }
}

/// Handles a key without a binding: it is typed into the open overlay.
fn handle_text_key(app: &mut App, key: KeyEvent, at: DateTime<Utc>) -> Vec<Effect> {
    match &mut app.ui.mode {
        Mode::Form(_) => form::update::handle_text_key(app, key, at),
        Mode::Pick(picker) => match picker.handle_key(key) {
            Some(item) => picker::choose::choose(app, item, at),
            None => Vec::new(),
        },
        Mode::Palette(_) => {
            let effects = palette::update::handle_text_key(app, key, at);
            perform_requested(app, effects, at)
        }
        Mode::Help(_) => help::update::search_help(app, key),
        Mode::Matrix(_) => matrix::update::handle_text_key(app, key, at),
        Mode::Filter(_) => filter::update::handle_text_key(app, key, at),
        Mode::TimelineSearch(_) => timeline::update::handle_text_key(app, key),
        Mode::Panes if app.screens.is_typing() => screens::update::type_filter(app, key),
        Mode::Panes if matches!(key.code, KeyCode::Char(_)) => {
            let keys = app.ui.keymap.hint_suffix(Action::Help, "shows the keys");
            let text = format!("{} does nothing here{keys}", Key::from_event(&key));
            show_toast(app, text, true)
        }
        _ => Vec::new(),
    }
}

/// Handles pasted text: it is inserted into the open overlay.
fn pasted(app: &mut App, text: String) -> Vec<Effect> {
    // A form that was reopened may wait behind the wall.
    if app.wall.is_some() {
        return Vec::new();
    }
    let Some(text) = start::buffer_paste(app, text) else { return Vec::new() };
    match &app.ui.mode {
        Mode::Filter(_) => filter::update::paste(app, &text),
        Mode::Palette(_) => palette::update::paste(app, &text),
        Mode::Help(_) => help::update::paste(app, &text),
        Mode::TimelineSearch(_) => timeline::update::paste(app, &text),
        Mode::Panes if app.screens.is_typing() => screens::update::paste(app, &text),
        _ => form::update::paste(app, &text),
    }
}

/// Returns the effects that explain why an action can't be used now, if the person may expect it to
/// work; `None` if it can be used. The effects are empty if no explanation is needed.
fn explain_disabled(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    let entry = action::find_entry(action)?;
    if let Some(why) = entry.disabled_reason(app) {
        return Some(show_toast(app, why, true));
    }
    if entry.applies(app) {
        return None;
    }
    Some(match entry.condition {
        // A verb must not guess which incident of a group is meant.
        Condition::HasIncident if app.queue.selected_head.is_some() => {
            let [mark, unfold] = [Action::Mark, Action::Unfold]
                .map(|a| app.ui.keymap.main_key(a).unwrap_or_default());
            let message =
                format!("that is a group: {mark} selects its incidents, {unfold} shows them");
            show_toast(app, message, true)
        }
        Condition::HasIncident
        | Condition::CanUndo
        | Condition::HasDrafts
        | Condition::HasFailure
        | Condition::FirstStart
        | Condition::HasErrands
        | Condition::RefusedEntry
        | Condition::UnsentEntry => show_toast(app, entry.reason_if_not(app), true),
        _ => Vec::new(),
    })
}

/// Performs the action that a key is bound to.
#[allow(clippy::too_many_lines, reason = "one arm for each action")]
pub fn perform(app: &mut App, action: Action, at: DateTime<Utc>) -> Vec<Effect> {
    if !matches!(action, Action::Quit | Action::QuitNow | Action::Redraw) {
        app.notices.quit_armed_at = None;
    }
    if action == Action::Command(CommandKind::Close)
        && let Some(offer) = app.inflight.close_offer.take()
        && app.ui.key_count == offer.keys + 1
    {
        return start::start_on(app, action, vec![offer.target], at);
    }
    if let Some(effects) = explain_disabled(app, action) {
        return effects;
    }
    // Actions on the panes show them, as when they are called by name over a screen.
    if app.screens.shown().is_some() && belongs_to_panes(action) {
        screens::update::close(app);
    }
    match action {
        Action::Down => navigation::move_by(app, Motion::Lines(1)),
        Action::Up => navigation::move_by(app, Motion::Lines(-1)),
        Action::MostUrgent => {
            screens::update::close(app);
            urgent::update::go_to_most_urgent(app)
        }
        Action::HalfDown => navigation::move_by(app, Motion::HalfPages(1)),
        Action::HalfUp => navigation::move_by(app, Motion::HalfPages(-1)),
        Action::PageDown => navigation::move_by(app, Motion::HalfPages(2)),
        Action::PageUp => navigation::move_by(app, Motion::HalfPages(-2)),
        Action::First => navigation::move_by(app, Motion::First),
        Action::Goto => goto::update::open(app),
        Action::Top => goto::update::move_by(app, Motion::First),
        Action::GotoEnd => goto::update::move_by(app, Motion::Last),
        Action::Newest => goto::update::go_to_newest(app),
        Action::Screen(ScreenKind::Alerts) => alerts::update::open(app),
        Action::Screen(ScreenKind::Similar) => similar::update::open(app),
        Action::Screen(kind) => screens::update::open(app, kind),
        Action::OpenItem => screens::update::enter(app),
        Action::CopyItem => screens::update::copy(app),
        Action::MarkAlert => alerts::moving::toggle_mark(app),
        Action::MarkAllAlerts => alerts::moving::toggle_all_marks(app),
        Action::MoveAlerts => alerts::moving::open(app),
        Action::NewMaintenance => maintenance::open::open_new(app, at),
        Action::ChangeMaintenance => maintenance::change::open(app),
        Action::NewProblem => problems::open::open_new(app, at),
        Action::EditProblem => problems::open::open_edit(app, at),
        Action::ApplyHint => similar::apply::apply(app, at),
        Action::FilterItems => screens::update::open_filter(app),
        Action::SortItems => screens::update::next_order(app),
        Action::EarlierSpan => screens::update::step(app, -1),
        Action::LaterSpan => screens::update::step(app, 1),
        Action::AdoptService => services::open::open(app, at),
        Action::FollowUpItem => follow_up::update::request(app, at),
        Action::StandIn => oncall::stand_in::update::open(app, StandIn::Begin, at),
        Action::EndStandIn => oncall::stand_in::update::open(app, StandIn::End, at),
        Action::AddContact => contacts::update::add(app),
        Action::EditContact => contacts::update::edit(app),
        Action::RemoveContact => contacts::update::remove(app, at),
        Action::TestContact => contacts::update::test(app),
        Action::QuietHours => contacts::update::edit_quiet(app),
        Action::RequestCover => oncall::stand_in::update::open(app, StandIn::RequestCover, at),
        Action::OfferSwap => oncall::stand_in::update::list_swaps(app, at),
        Action::AcceptCover => oncall::stand_in::update::open(app, StandIn::AcceptCover, at),
        Action::DeclineCover => oncall::stand_in::update::open(app, StandIn::DeclineCover, at),
        Action::WithdrawCover => oncall::stand_in::update::open(app, StandIn::WithdrawCover, at),
        Action::CloseScreen => screens::update::back(app),
        Action::Bottom => navigation::move_by(app, Motion::Last),
        Action::NextIncident => navigation::next_incident(app, 1),
        Action::PreviousIncident => navigation::next_incident(app, -1),
        Action::Focus(pane) => reading::focus::focus(app, pane),
        Action::NextPane => reading::focus::cycle_focus(app, 1),
        Action::PreviousPane => reading::focus::cycle_focus(app, -1),
        Action::Zoom => {
            app.ui.zoomed = !app.ui.zoomed;
            metrics::pages::update::load_if_needed(app).into_iter().collect()
        }
        Action::NarrowQueue => appearance::move_border(app, -1),
        Action::WidenQueue => appearance::move_border(app, 1),
        Action::Open => groups::toggle_group(app).unwrap_or_else(|| follow::update::open(app, at)),
        Action::Back => navigation::back(app, at),
        Action::Command(_) | Action::Own | Action::Categorize => start_verb(app, action, at),
        Action::Copy if shows_page(app) => metrics::pages::update::copy(app),
        Action::Copy | Action::Run => start::start(app, action, at),
        Action::MeasuresPage(by) => metrics::pages::update::turn(app, by),
        Action::Breakdown => metrics::pages::update::next_cut(app),
        Action::Comparison => metrics::pages::update::toggle_comparison(app),
        Action::Palette => palette::update::open(app, "", at),
        Action::GoToNumber | Action::Window => palette::update::open_for(app, action, at),
        Action::Filter | Action::Sort if app.ui.focus == Pane::Timeline => match action {
            Action::Filter => timeline::update::open_search(app),
            _ => timeline::update::toggle_order(app),
        },
        Action::SearchTimeline => timeline::update::open_search(app),
        Action::NotesOnly => timeline::update::toggle_notes(app),
        Action::TimelineOrder => timeline::update::toggle_order(app),
        Action::Filter => filter::update::open_line(app),
        Action::Views => views::update::open_views(app),
        Action::Sort => views::update::open_sorts(app),
        Action::Group => groups::toggle_grouping(app, at),
        Action::Fold if is_on_map(app) => metrics::pages::update::move_hour(app, -1),
        Action::Unfold if is_on_map(app) => metrics::pages::update::move_hour(app, 1),
        Action::Fold => groups::fold(app),
        Action::Unfold => groups::unfold(app),
        Action::ApplyFilter if app.screens.is_typing() => screens::update::close_filter(app),
        Action::CancelFilter if app.screens.is_typing() => screens::update::cancel_filter(app),
        Action::ApplyFilter => filter::update::commit(app, at),
        Action::CancelFilter => filter::update::cancel(app, at),
        Action::Complete if matches!(app.ui.mode, Mode::Filter(_)) => {
            filter::update::complete(app, 1, at)
        }
        Action::CompleteBack => filter::update::complete(app, -1, at),
        Action::EarlierFilter => filter::update::recall(app, -1, at),
        Action::LaterFilter => filter::update::recall(app, 1, at),
        Action::Mark => marks::toggle_mark(app),
        Action::MarkAll => marks::toggle_all_marks(app),
        Action::MarkDown => marks::extend(app, 1),
        Action::MarkUp => marks::extend(app, -1),
        Action::MarkRange => marks::mark_range(app),
        Action::SameService => filter::shortcuts::same_service(app, at),
        Action::History => filter::shortcuts::toggle_history(app, at),
        Action::Undo => {
            let mode = std::mem::take(&mut app.ui.mode);
            let effects = undo::update::undo(app, at);
            // A runbook stays open.
            if matches!(mode, Mode::Runbook(_)) {
                app.ui.mode = mode;
            }
            effects
        }
        Action::Drafts => picker::update::open_drafts(app, at),
        Action::Mouse => mouse::update::toggle(app),
        Action::Theme => appearance::next_theme(app),
        Action::Zone => {
            let mut effects = appearance::next_zone(app);
            effects.extend(metrics::update::zone_changed(app));
            effects
        }
        Action::Earlier => travel::update::step(app, -1),
        Action::Later => travel::update::step(app, 1),
        Action::Tick => runbook::update::tick(app, at),
        Action::CopyCode => runbook::update::copy(app),
        Action::StopRun => run::update::stop(app),
        Action::NoteOutput => run::update::note_output(app, at),
        Action::CloseRun => run::update::close(app),
        Action::Refresh => {
            let mut effects = backend_update::refresh(app);
            effects.extend(screens::update::load(app));
            effects
        }
        Action::Outbox | Action::GotoOutbox => outbox::update::open(app),
        Action::EditEntry => outbox::update::edit(app, at),
        Action::SendAnyway => outbox::update::retry(app),
        Action::DropEntry => outbox::update::request_drop(app),
        Action::SendNow => outbox::update::send_now(app),
        Action::ApproveEntry => outbox::update::approve(app),
        Action::Resend => outbox::update::decide_put_back(app, OutboxRequest::Resend),
        Action::AcknowledgePutBack => {
            outbox::update::decide_put_back(app, OutboxRequest::AcknowledgePutBack)
        }
        Action::Wall => wall::update::open(app, at),
        Action::LeaveWall => wall::update::close(app),
        Action::Failure => {
            app.ui.mode = Mode::Failure(0);
            Vec::new()
        }
        Action::Help => {
            app.ui.mode = Mode::Help(Help::default());
            Vec::new()
        }
        Action::Suspend => vec![Effect::Suspend],
        Action::Redraw => vec![Effect::Redraw],
        Action::Quit if app.ui.zoomed || app.ui.record => navigation::back(app, at),
        Action::Leave if help::update::clear_search(app) => Vec::new(),
        Action::Leave if matches!(app.ui.mode, Mode::TimelineSearch(_)) => {
            timeline::update::cancel_search(app)
        }
        Action::Leave if matches!(app.ui.mode, Mode::Palette(_)) => palette::update::close(app, at),
        Action::Quit | Action::QuitNow => match run::running::running_summary(app) {
            // Programs are ended with the panes.
            Some(what) if app.notices.quit_armed_at.is_none() => {
                app.notices.quit_armed_at = Some(at);
                show_toast(app, format!("{what}: again stops it and ends"), true)
            }
            _ => quit(app),
        },
        Action::Dismiss | Action::Leave => {
            app.ui.mode = Mode::Panes;
            Vec::new()
        }
        Action::Send => form::update::send(app, at),
        Action::NextField => form::update::move_focus(app, 1),
        Action::PreviousField => form::update::move_focus(app, -1),
        Action::Edit => form::update::edit(app),
        Action::Cancel => form::update::cancel(app),
        Action::Discard => form::update::discard(app),
        Action::ContinueEditing => form::update::continue_editing(app),
        Action::SaveDraft => form::update::save_draft(app, at),
        Action::Yes if matches!(app.ui.mode, Mode::Outbox(_)) => outbox::update::confirm_drop(app),
        Action::No if matches!(app.ui.mode, Mode::Outbox(_)) => outbox::update::cancel_drop(app),
        Action::Yes if matches!(app.ui.mode, Mode::ConfirmRun(_)) => {
            run::update::confirm_run(app, at)
        }
        Action::Yes if matches!(app.ui.mode, Mode::ConfirmStandIn(_)) => {
            oncall::stand_in::update::accept(app, at)
        }
        Action::Yes => confirm::update::accept(app, at),
        Action::No => confirm::update::decline(app),
        Action::Choose => choose_selected(app, at),
        Action::Complete => palette::update::complete(app, at),
        Action::NextLine => move_line(app, 1),
        Action::PreviousLine => move_line(app, -1),
        Action::NextItem => move_item(app, 1),
        Action::PreviousItem => move_item(app, -1),
        Action::NextPage => move_item(app, 10),
        Action::PreviousPage => move_item(app, -10),
        Action::Left => matrix::update::move_by(app, 0, -1),
        Action::Right => matrix::update::move_by(app, 0, 1),
        Action::Raise => matrix::update::move_by(app, -1, 0),
        Action::Lower => matrix::update::move_by(app, 1, 0),
        Action::QuitWithoutWaiting => vec![Effect::Quit],
        Action::Backend => workspace::update::open_menu(app),
        Action::Demo => leave_for(app, Errand::Demo),
        Action::Settings => leave_for(app, Errand::Settings),
        Action::CancelSwitch => workspace::update::cancel_switch(app),
        Action::SwitchWithoutWaiting => workspace::update::switch_now(app),
    }
}

/// Returns whether an action is about the panes, rather than about a screen shown in their place.
fn belongs_to_panes(action: Action) -> bool {
    action::find_entry(action).is_some_and(|entry| {
        entry.layers.contains(&Layer::Panes) && !entry.layers.contains(&Layer::Screen)
    })
}

/// Returns whether a screen shows problems.
fn lists_problems(screen: &ListScreen) -> bool {
    matches!(screen.kind, ScreenKind::Problems | ScreenKind::Problem)
}

/// Starts a verb that a person chose: on the incidents, in the palette if it needs an argument, or
/// without incidents if it declares one.
fn start_verb(app: &mut App, action: Action, at: DateTime<Utc>) -> Vec<Effect> {
    if action == declare::ACTION {
        return start::start_without_targets(app, action, at);
    }
    if action::find_entry(action).is_some_and(|entry| entry.requires_argument) {
        return palette::update::open_for(app, action, at);
    }
    start::start(app, action, at)
}

/// Performs the action that was chosen in the command palette, if any; its effects follow those of
/// choosing it.
fn perform_requested(app: &mut App, mut effects: Vec<Effect>, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(action) = app.ui.requested_action.take() {
        effects.extend(perform(app, action, at));
    }
    effects
}

/// Confirms the selected item of the overlay.
fn choose_selected(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    match &app.ui.mode {
        Mode::Pick(picker) => match picker.selected().cloned() {
            Some(item) => picker::choose::choose(app, item, at),
            None => Vec::new(),
        },
        Mode::Palette(_) => {
            let effects = palette::update::choose(app, at);
            perform_requested(app, effects, at)
        }
        Mode::Matrix(_) => matrix::update::choose(app, at),
        Mode::TimelineSearch(_) => timeline::update::commit_search(app),
        Mode::Goto(_) => match goto::update::submit(app) {
            Some(effects) => effects,
            None => dispatch_key(app, KeyEvent::from(KeyCode::Enter), at),
        },
        _ => Vec::new(),
    }
}

fn move_item(app: &mut App, by: isize) -> Vec<Effect> {
    if let Mode::Pick(picker) = &mut app.ui.mode {
        picker.move_selection(by);
        return Vec::new();
    }
    move_line(app, by)
}

fn move_line(app: &mut App, by: isize) -> Vec<Effect> {
    match &mut app.ui.mode {
        Mode::Palette(_) => palette::update::move_selection(app, by),
        _ => navigation::move_by(app, Motion::Lines(by)),
    }
}

/// Returns whether the metrics pane has the focus and shows a page that is not the overview.
fn shows_page(app: &App) -> bool {
    app.ui.focus == Pane::Metrics && metrics::pages::request::is_page(app)
}

fn timer_elapsed(app: &mut App, timer: Timer) -> Vec<Effect> {
    match timer {
        Timer::Rest(number) if number == app.reading.rest_seq => {
            app.reading.moving = false;
            reading::update::follow(app)
        }
        Timer::Toast(number) if number == app.notices.toast_seq => {
            app.notices.toast = None;
            Vec::new()
        }
        Timer::Undo(number) => {
            if app.inflight.undo.as_ref().is_some_and(|undo| undo.number == number) {
                app.inflight.undo = None;
            }
            Vec::new()
        }
        Timer::Search(number) => history::search_due(app, number),
        Timer::Draft(id) => drafts::update::save_due(app, id),
        Timer::Rest(_) | Timer::Toast(_) => Vec::new(),
        Timer::Notified(number) => {
            notified::update::read_due(app, number);
            Vec::new()
        }
        Timer::Screen => screens::update::reload_due(app),
        Timer::AttentionThrottle => attention::update::throttle_ended(app),
        Timer::Quit => vec![Effect::Quit],
    }
}
