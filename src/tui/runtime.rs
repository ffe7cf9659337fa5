//! The loop: waits for keys, messages and time, lets the state change, draws, and runs effects.
//!
//! Everything that waits is a task; the loop itself only waits for something to happen.

mod clock;
mod editor;
mod effects;
mod host;
mod run;
mod runbooks;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Local, Offset, Utc};
use crossterm::event::Event;
use ratatui::Terminal;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::backend::Backend;
use crate::config::Reload;

use super::RunError;
use super::app::App;
use super::message::{Effect, Message};
use super::update::{unconfirmed, update};
use super::view::view;
use super::workspaces::{Opener, WorkspaceId};

use clock::{ClockMonitor, next_offset_change};
use effects::Runner;
pub(super) use host::TerminalHost;
pub use host::{Host, Input};

/// The shortest time between two frames.
const FRAME_INTERVAL: Duration = Duration::from_millis(16);
/// The same with low bandwidth, while somebody works but for the answer to a key itself.
const ACTIVE_FRAME_INTERVAL: Duration = Duration::from_millis(250);
/// The same with low bandwidth, while nobody works: what changes by itself is told together.
const IDLE_FRAME_INTERVAL: Duration = Duration::from_secs(5);
/// So long after a key somebody is at work: what it led to is shown soon.
const ACTIVE_AFTER_KEY: Duration = Duration::from_secs(2);
/// How long the first frame waits for the rows, so that it is a whole one.
const FIRST_FRAME_WAIT: Duration = Duration::from_millis(40);
/// So long what has arrived is taken in before a frame is drawn.
const MAX_DRAIN: Duration = Duration::from_millis(100);

/// What follows once panes have ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExitReason {
    /// Nothing: whoever looks has quit.
    Quit,
    /// Panes on another place of work, which is open.
    Switch(WorkspaceId),
}

/// What the loop is told beside keys.
#[derive(Debug, Default)]
pub struct LoopContext {
    /// Settings that were changed meanwhile.
    pub reloads: Option<watch::Receiver<Option<Reload>>>,
    /// Opens other places of work.
    pub opener: Option<Arc<dyn Opener>>,
}

/// Runs the panes on any terminal and any source of keys until the end; gives back the last state.
///
/// # Errors
/// [`RunError`] when the terminal fails, or when commands were not confirmed.
///
/// # Panics
/// Goes on with the panic of a task.
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

/// As [`drive`], on a terminal that panes on another place of work may follow on. Commands may be on
/// their way still, as the state says.
///
/// # Errors
/// [`RunError`] when the terminal fails.
///
/// # Panics
/// As [`drive`].
pub async fn drive_with<B, H>(
    app: App,
    backend: Arc<dyn Backend>,
    terminal: &mut Terminal<B>,
    host: &mut H,
    outside: LoopContext,
) -> Result<(App, ExitReason), RunError>
where
    B: ratatui::backend::Backend,
    B::Error: Send + Sync + 'static,
    H: Host,
{
    let (messages, heard) = mpsc::unbounded_channel();
    let (updates, learnt) = mpsc::unbounded_channel();
    let LoopContext { reloads, opener } = outside;
    let runner = Runner::start(backend, &app, opener, messages, updates);
    // A store on this machine is as fresh after a sleep as before.
    let clocks = ClockMonitor::new(app.remote.is_some());
    let mut running = EventLoop {
        app,
        terminal,
        host,
        runner,
        messages: heard,
        updates: learnt,
        reloads,
        clocks,
        dirty: true,
        last_key_at: None,
        last_frame_at: None,
    };
    let then = running.run().await?;
    Ok((running.app, then))
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
    /// Something may have changed since the last frame.
    dirty: bool,
    /// When a key was pressed last, or the panes were opened.
    last_key_at: Option<Instant>,
    last_frame_at: Option<Instant>,
}

/// The loop goes on, or not.
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
            if let Flow::Exit(then) = next {
                return Ok(then);
            }
            let due = match self.last_frame_at {
                Some(at) => {
                    let (low, keyed) = (self.app.low_bandwidth, self.last_key_at);
                    at + frame_interval(
                        low,
                        keyed.is_some_and(|key| key > at),
                        keyed.map(|key| key.elapsed()),
                    )
                }
                None if self.app.snapshot.is_some() => started_at,
                None => started_at + FIRST_FRAME_WAIT,
            };
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
        let app = &self.app;
        self.terminal.draw(|frame| view(app, frame)).map_err(io::Error::other)?;
        self.app.mark_drawn(Utc::now());
        Ok(())
    }

    /// Waits until something happens, and takes in all that has.
    async fn next_event(&mut self, frame_due: Instant) -> Result<Flow, RunError> {
        let ready = self.host.is_ready();
        let written = self.host.wait_ready();
        let tick_due = {
            let now = Utc::now();
            let left = (self.app.next_tick(now) - now).to_std().unwrap_or_default();
            Instant::now() + left.max(Duration::from_millis(1))
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
        // One frame for all that has arrived. Messages are few, and must not wait for the end of a
        // flood of keys: a timer may be among them.
        let began = Instant::now();
        // Where keys never cease to come, tasks and timers get their turn all the same.
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
        self.last_key_at = Some(Instant::now());
        let message = match input {
            Input::Event(Event::Key(key)) => Message::Key(key, Utc::now()),
            Input::Event(Event::Paste(text)) => Message::Paste(text),
            Input::Event(Event::Resize(width, height)) => Message::Resized(width, height),
            Input::Event(_) => return Ok(Flow::Continue),
            Input::Continued => {
                self.host.reactivate()?;
                return self.redraw().await;
            }
            Input::Terminate | Input::HungUp => Message::Terminate,
            Input::TerminalReleased => {
                return Err(RunError::Terminal(io::Error::other("it was given back by a failure")));
            }
        };
        self.handle_message(message).await
    }

    /// Draws everything anew on a terminal that may show something else, at another size.
    async fn redraw(&mut self) -> Result<Flow, RunError> {
        self.terminal.clear().map_err(io::Error::other)?;
        let size = self.terminal.size().map_err(io::Error::other)?;
        let _ = Box::pin(self.handle_message(Message::Resized(size.width, size.height))).await?;
        Box::pin(self.tick()).await
    }

    /// Time has passed. Looks for the next change of the viewer's distance from UTC where the one
    /// that was known is over, or the viewer is somewhere else.
    async fn tick(&mut self) -> Result<Flow, RunError> {
        let now = Local::now();
        let offset = now.offset().fix();
        let known = self.app.offset_change.is_some_and(|change| change.at > now);
        if !known || offset != self.app.offset {
            let change =
                next_offset_change(now.to_utc(), |at| at.with_timezone(&Local).offset().fix());
            let _ = self.handle_message(Message::OffsetChanges(change)).await?;
        }
        self.handle_message(Message::Tick(now.to_utc(), offset)).await
    }

    /// Lets the state change and runs what it asks for.
    ///
    /// # Panics
    /// In builds for testing, where `REDPHONE_TEST_PANIC` is set and a command is submitted: so that
    /// a test can see what a panic leaves behind.
    async fn handle_message(&mut self, message: Message) -> Result<Flow, RunError> {
        self.dirty = true;
        for effect in update(&mut self.app, message) {
            match effect {
                Effect::Quit => return Ok(Flow::Exit(ExitReason::Quit)),
                Effect::SwitchWorkspace(site) => return Ok(Flow::Exit(ExitReason::Switch(site))),
                Effect::Copy(text) => self.host.copy(&text)?,
                Effect::Notify { title, body } => {
                    self.host.notify(&self.app.settings.notify, &title, &body)?;
                }
                Effect::Suspend => {
                    self.host.suspend().await?;
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

/// The settings that were read last; never, where nobody reads them again.
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

/// The shortest time between two frames: where bytes are dear it depends on whether a key waits for
/// its answer, and how long ago the last one was pressed.
fn frame_interval(low_bandwidth: bool, key_waits: bool, since_key: Option<Duration>) -> Duration {
    match since_key {
        _ if !low_bandwidth || key_waits => FRAME_INTERVAL,
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
    fn over_a_slow_link_frames_come_when_somebody_waits_for_them(
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
