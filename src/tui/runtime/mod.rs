//! The event loop: waits for keys, messages and time, lets `update` change the state, draws, and
//! runs effects.
//!
//! Everything that waits is a task; the loop itself only waits for the next event.

mod clock;
mod editor;
mod effects;
pub mod evidence_file;
mod evidence_saving;
mod host;
pub mod interpreter;
mod run;
mod runbooks;
mod screen_reads;
pub mod terminal_session;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Local, Offset, Utc};
use clock::{ClockMonitor, OffsetLookup, zone_name};
use crossterm::event::Event;
use effects::Runner;
pub(super) use host::TerminalHost;
pub use host::{Host, Input};
use ratatui::Terminal;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::backend::Backend;
use crate::config::Reload;

use crate::tui::action::build_keymap;
use crate::tui::core::app::App;
use crate::tui::core::message::{Effect, Errand, Message};
use crate::tui::core::zone::ViewerZone;
use crate::tui::layout::prepare;
use crate::tui::state_line::layout::window_title;
use crate::tui::theme::Theme;
use crate::tui::update::update;
use crate::tui::verb::send::unconfirmed;
use crate::tui::view::view;
use crate::tui::workspace::{Opener, WorkspaceId};
use crate::tui::{Options, RunError};

/// The shortest time between two frames.
const FRAME_INTERVAL: Duration = Duration::from_millis(16);
/// The same with low bandwidth during activity, except for the direct effect of a key.
const ACTIVE_FRAME_INTERVAL: Duration = Duration::from_millis(250);
/// The same with low bandwidth without activity: changes without input share frames.
const IDLE_FRAME_INTERVAL: Duration = Duration::from_secs(5);
/// How long after a key the person counts as active: effects of the key are shown soon.
const ACTIVE_AFTER_KEY: Duration = Duration::from_secs(2);
/// How long the first frame waits for the rows, so that it is complete.
const FIRST_FRAME_WAIT: Duration = Duration::from_millis(40);
/// How long a frame waits for the outcome of a command that a key has sent, so that both are drawn
/// in one frame. A local store answers sooner, and an effect within a tenth of a second seems
/// immediate.
const OUTCOME_WAIT: Duration = Duration::from_millis(80);
/// How long messages that have arrived are handled before a frame is drawn.
const MAX_DRAIN: Duration = Duration::from_millis(100);

/// The reason why the panes ended, and the next step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExitReason {
    /// The person has quit.
    Quit,
    /// The person switched to another workspace, which is open.
    Switch(WorkspaceId),
    /// The person left for something else.
    Errand(Errand),
}

/// The inputs of the loop besides keys.
#[derive(Debug, Default)]
pub struct LoopContext {
    /// Announces changed settings; `None` if the settings file is not watched.
    pub reloads: Option<watch::Receiver<Option<Reload>>>,
    /// Opens other workspaces; `None` if there is no switching.
    pub opener: Option<Arc<dyn Opener>>,
}

/// Creates the state of the panes before anything has been read, with the keys of their settings.
#[must_use]
pub fn create_app(options: Options, theme: Theme, now: DateTime<Utc>) -> App {
    let (keymap, _) = build_keymap(&options.settings.keys);
    App::new(options, keymap, theme, now)
}

/// Runs the panes on any terminal and any source of keys until they end. Returns the last state.
///
/// # Errors
/// [`RunError`] when the terminal fails, or when commands were not confirmed.
///
/// # Panics
/// Passes on the panic of a task.
pub async fn drive<B, H>(
    app: App,
    backend: Arc<dyn Backend>,
    terminal: &mut Terminal<B>,
    mut host: H,
) -> Result<App, RunError>
where
    B: ratatui::backend::Backend,
    B::Error: Send + Sync + 'static,
    H: Host,
{
    let (app, _) = drive_with(app, backend, terminal, &mut host, LoopContext::default()).await?;
    let unsent = unconfirmed(&app);
    if unsent.is_empty() { Ok(app) } else { Err(RunError::Unconfirmed(unsent)) }
}

/// Runs the panes like [`drive`], on a terminal that the panes of another workspace may reuse.
/// Commands may still be pending at the end; the returned state lists them.
///
/// # Errors
/// [`RunError`] when the terminal fails.
///
/// # Panics
/// Passes on the panic of a task.
pub async fn drive_with<B, H>(
    app: App,
    backend: Arc<dyn Backend>,
    terminal: &mut Terminal<B>,
    host: &mut H,
    context: LoopContext,
) -> Result<(App, ExitReason), RunError>
where
    B: ratatui::backend::Backend,
    B::Error: Send + Sync + 'static,
    H: Host,
{
    let (message_sender, messages) = mpsc::unbounded_channel();
    let (update_sender, updates) = mpsc::unbounded_channel();
    let LoopContext { reloads, opener } = context;
    let runner = Runner::start(backend, &app, opener, message_sender, update_sender);
    // A local store is as fresh after a sleep as before: only a remote needs to notice jumps.
    let clocks = ClockMonitor::new(app.session.remote.is_some());
    let mut event_loop = EventLoop {
        app,
        terminal,
        host,
        runner,
        messages,
        updates,
        reloads,
        clocks,
        offset_lookup: OffsetLookup::default(),
        dirty: true,
        last_key_at: None,
        outcome_due: None,
        last_frame_at: None,
        title: String::new(),
    };
    let ended = event_loop.run().await;
    if ended.is_err() {
        // A terminal that was closed may fail before the signal for that has arrived: typed text is
        // stored nevertheless.
        let _ = event_loop.handle_message(Message::Terminate).await;
    }
    Ok((event_loop.app, ended?))
}

struct EventLoop<'a, B: ratatui::backend::Backend, H> {
    app: App,
    terminal: &'a mut Terminal<B>,
    host: &'a mut H,
    runner: Runner,
    messages: mpsc::UnboundedReceiver<Message>,
    updates: mpsc::UnboundedReceiver<crate::sync::BackendUpdate>,
    reloads: Option<watch::Receiver<Option<Reload>>>,
    clocks: ClockMonitor,
    offset_lookup: OffsetLookup,
    /// Something may have changed since the last frame.
    dirty: bool,
    /// When a key was pressed last, or the panes were opened.
    last_key_at: Option<Instant>,
    /// Until when a frame waits for the outcome of a command that a key has sent.
    outcome_due: Option<Instant>,
    last_frame_at: Option<Instant>,
    /// The title of the terminal's window.
    title: String,
}

/// Whether the loop continues.
#[derive(PartialEq, Eq)]
enum Flow {
    Continue,
    Exit(ExitReason),
}

impl<B, H> EventLoop<'_, B, H>
where
    B: ratatui::backend::Backend,
    B::Error: Send + Sync + 'static,
    H: Host,
{
    async fn run(&mut self) -> Result<ExitReason, RunError> {
        let size = self.terminal.size().map_err(io::Error::other)?;
        let _ = self.handle_message(Message::Resized(size.width, size.height)).await?;
        let _ = self.handle_message(Message::Started).await?;
        let mut next = self.tick().await?;
        let started_at = Instant::now();
        self.last_key_at = Some(started_at);
        loop {
            if let Flow::Exit(reason) = next {
                return Ok(reason);
            }
            let due = match self.last_frame_at {
                Some(at) => {
                    let (low, last_key_at) = (self.app.ui.low_bandwidth, self.last_key_at);
                    at + frame_interval(
                        low,
                        last_key_at.is_some_and(|key| key > at),
                        last_key_at.map(|key| key.elapsed()),
                    )
                }
                None if self.app.fetched.snapshot.is_some() => started_at,
                None => started_at + FIRST_FRAME_WAIT,
            };
            if self.app.inflight.pending.is_empty() {
                self.outcome_due = None;
            }
            let due = self.outcome_due.map_or(due, |outcome_due| due.max(outcome_due));
            if self.dirty && self.host.is_ready() && due <= Instant::now() {
                self.draw()?;
            }
            next = self.next_event(due).await?;
        }
    }

    fn draw(&mut self) -> Result<(), RunError> {
        self.dirty = false;
        self.last_frame_at = Some(Instant::now());
        if self.host.is_disconnected() {
            return Ok(());
        }
        prepare(&mut self.app);
        let app = &self.app;
        self.terminal.draw(|frame| view(app, frame)).map_err(io::Error::other)?;
        self.app.ui.mark_drawn(Utc::now());
        let title = window_title(&self.app);
        if title != self.title && !title.is_empty() {
            self.host.set_title(&title)?;
            self.title = title;
        }
        Ok(())
    }

    /// Waits for the next event and handles all that have arrived.
    async fn next_event(&mut self, frame_due: Instant) -> Result<Flow, RunError> {
        let ready = self.host.is_ready();
        let written = self.host.wait_ready();
        let tick_due = {
            let now = Utc::now();
            let remaining = (self.app.next_tick(now) - now).to_std().unwrap_or_default();
            Instant::now() + remaining.max(Duration::from_millis(1))
        };
        let mut next = tokio::select! {
            biased;
            input = self.host.next() => self.handle_input(input).await?,
            Some(message) = self.messages.recv() => self.handle_message(message).await?,
            Some(update) = self.updates.recv() => {
                self.handle_message(Message::BackendUpdate(update, Utc::now())).await?
            }
            reload = next_reload(&mut self.reloads) => {
                self.handle_message(Message::Config(Box::new(reload))).await?
            }
            () = self.runner.task_finished() => Flow::Continue,
            () = written, if self.dirty && !ready => Flow::Continue,
            () = sleep_until(frame_due), if self.dirty && ready => Flow::Continue,
            () = sleep_until(tick_due) => self.tick().await?,
            () = self.clocks.wait_for_change() => Flow::Continue,
        };
        if self.clocks.has_jumped() && next == Flow::Continue {
            next = self.handle_message(Message::ClockJumped(Utc::now())).await?;
        }
        // One frame for all that has arrived. Messages are few and must not wait for the end of a
        // flood of keys: a timer may be among them.
        let began = Instant::now();
        // Tasks and timers get their turn even if keys never cease to arrive.
        tokio::task::yield_now().await;
        while next == Flow::Continue && began.elapsed() < MAX_DRAIN {
            if let Ok(message) = self.messages.try_recv() {
                next = self.handle_message(message).await?;
            } else if let Ok(update) = self.updates.try_recv() {
                next = self.handle_message(Message::BackendUpdate(update, Utc::now())).await?;
            } else if let Some(input) = self.host.try_next().await {
                next = self.handle_input(input).await?;
            } else {
                break;
            }
        }
        Ok(next)
    }

    async fn handle_input(&mut self, input: Input) -> Result<Flow, RunError> {
        match input {
            Input::Answered => return Ok(Flow::Continue),
            Input::Found(finding) => return self.handle_message(Message::Terminal(finding)).await,
            _ => self.last_key_at = Some(Instant::now()),
        }
        let message = match input {
            Input::Event(Event::Key(key)) => Message::Key(key, Utc::now()),
            Input::Event(Event::Paste(text)) => Message::Paste(text),
            Input::Event(Event::Resize(width, height)) => Message::Resized(width, height),
            Input::Event(Event::Mouse(mouse)) => Message::Mouse(mouse, Utc::now()),
            Input::Event(_) | Input::Found(_) | Input::Answered => return Ok(Flow::Continue),
            Input::Continued => {
                self.host.reactivate()?;
                return self.redraw().await;
            }
            Input::Terminate | Input::HungUp => Message::Terminate,
            Input::TerminalReleased => {
                return Err(RunError::Terminal(io::Error::other("it was given back by a failure")));
            }
        };
        let pending = self.app.inflight.pending.len();
        let next = self.handle_message(message).await;
        if self.app.inflight.pending.len() > pending {
            self.outcome_due = Some(Instant::now() + OUTCOME_WAIT);
        }
        next
    }

    /// Draws everything again, on a terminal that may show something else or have another size.
    async fn redraw(&mut self) -> Result<Flow, RunError> {
        self.terminal.clear().map_err(io::Error::other)?;
        let size = self.terminal.size().map_err(io::Error::other)?;
        let _ = Box::pin(self.handle_message(Message::Resized(size.width, size.height))).await?;
        Box::pin(self.tick()).await
    }

    /// Handles the passing of time. Looks up the changes of the viewer's offset from UTC if the
    /// next of them may be another.
    async fn tick(&mut self) -> Result<Flow, RunError> {
        let now = Local::now();
        let offset = now.offset().fix();
        let offset_at = |at: DateTime<Utc>| at.with_timezone(&Local).offset().fix();
        if let Some(changes) = self.offset_lookup.refresh(now.to_utc(), offset, offset_at)
            && !self.app.ui.viewer_zone.has_changes(&changes)
        {
            let zone = ViewerZone::new(changes, zone_name());
            let _ = self.handle_message(Message::OffsetChanges(zone)).await?;
        }
        self.handle_message(Message::Tick(now.to_utc(), offset)).await
    }

    /// Applies a message to the state and runs the effects that it leads to.
    ///
    /// # Panics
    /// In debug builds, if `REDPHONE_TEST_PANIC` is set and a command is submitted, so that a test
    /// can check the state after a panic.
    async fn handle_message(&mut self, message: Message) -> Result<Flow, RunError> {
        self.dirty = true;
        for effect in update(&mut self.app, message) {
            match effect {
                Effect::Quit => return Ok(Flow::Exit(ExitReason::Quit)),
                Effect::Leave(errand) => return Ok(Flow::Exit(ExitReason::Errand(errand))),
                Effect::SwitchWorkspace(workspace) => {
                    return Ok(Flow::Exit(ExitReason::Switch(workspace)));
                }
                Effect::Copy(text) => self.host.copy(&text)?,
                Effect::SetMouse(enabled) => self.host.set_mouse(enabled)?,
                Effect::Notify { title, body } => {
                    self.host.notify(&self.app.session.settings.notify, &title, &body)?;
                }
                Effect::Suspend => {
                    self.host.suspend().await?;
                    Box::pin(self.redraw()).await?;
                }
                Effect::Redraw => {
                    Box::pin(self.redraw()).await?;
                }
                Effect::Edit(text) => {
                    let edited = self.host.edit(text).await?;
                    let next = Box::pin(self.handle_message(Message::Edited(edited))).await?;
                    Box::pin(self.redraw()).await?;
                    if next != Flow::Continue {
                        return Ok(next);
                    }
                }
                other => {
                    #[cfg(debug_assertions)]
                    assert!(
                        !matches!(other, Effect::Submit { .. })
                            || std::env::var_os("REDPHONE_TEST_PANIC").is_none(),
                        "asked for by REDPHONE_TEST_PANIC"
                    );
                    self.runner.run(other);
                }
            }
        }
        Ok(Flow::Continue)
    }
}

/// Waits for changed settings and returns them; waits forever if the settings file is not watched.
async fn next_reload(reloads: &mut Option<watch::Receiver<Option<Reload>>>) -> Reload {
    while let Some(receiver) = reloads {
        if receiver.changed().await.is_err() {
            *reloads = None;
        } else if let Some(reload) = receiver.borrow_and_update().clone() {
            return reload;
        }
    }
    std::future::pending().await
}

/// Returns the shortest time between two frames. With low bandwidth it depends on whether a key is
/// waiting for its answer, and how long ago the last key was pressed.
fn frame_interval(low_bandwidth: bool, key_waiting: bool, since_key: Option<Duration>) -> Duration {
    match since_key {
        _ if !low_bandwidth || key_waiting => FRAME_INTERVAL,
        Some(since) if since < ACTIVE_AFTER_KEY => ACTIVE_FRAME_INTERVAL,
        _ => IDLE_FRAME_INTERVAL,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::fast(false, false, Some(60_000), 16)]
    #[case::answered_at_once(true, true, Some(0), 16)]
    #[case::at_work(true, false, Some(100), 250)]
    #[case::nobody_at_work(true, false, Some(3000), 5000)]
    #[case::never(true, false, None, 5000)]
    fn slow_link_gets_a_frame_when_somebody_waits_for_it(
        #[case] low_bandwidth: bool,
        #[case] key_waits: bool,
        #[case] since_key: Option<u64>,
        #[case] milliseconds: u64,
    ) {
        let since = since_key.map(Duration::from_millis);
        let wait = Duration::from_millis(milliseconds);
        assert_eq!(frame_interval(low_bandwidth, key_waits, since), wait);
    }
}
