//! What the state learns, and what it asks to be done.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, Utc};
use crossterm::event::KeyEvent;
use uuid::Uuid;

use crate::backend::{BackendError, Detail, Outcome, Page as Rows, Search};
use crate::config::Reload;
use crate::model::filter::Filter;
use crate::model::measures::Measures;
use crate::model::problem::Problem;
use crate::model::runbook::RunbookPage;
use crate::model::{CommandId, Envelope, Event, IncidentId, IncidentNumber, Summary};
use crate::sync;
use crate::sync::drafts::{Draft, DraftOp};
use crate::sync::remote::OutboxEntry;

use super::app::Span;
use super::output::Pipe;
use super::run::{ProgramSpec, RunEnd, RunId, Runbooks};
use super::wall::EventRequest;
use super::workspaces::WorkspaceId;
use super::zone::OffsetChange;

/// Everything that can change the state. One that depends on the time carries it.
#[derive(Debug)]
pub enum Message {
    /// The loop begins: what does not depend on the queue is asked for beside it.
    Started,
    /// A key was pressed: the keymap turns it into an action.
    Key(KeyEvent, DateTime<Utc>),
    /// Text was pasted: it goes into the editor that is open.
    Paste(String),
    /// The terminal has another size: the layout is made anew.
    Resized(u16, u16),
    /// Time has passed: clock, ages and levels are read anew.
    Tick(DateTime<Utc>, FixedOffset),
    /// The viewer's distance from UTC changes then: times after it are shown and read with the new.
    OffsetChanges(Option<OffsetChange>),
    /// A timer that an effect has set has run out.
    Elapsed(Timer),
    /// The mirror has learnt something: rows, freshness, directory.
    BackendUpdate(sync::BackendUpdate, DateTime<Utc>),
    /// An incident and the end of its timeline were read: detail and timeline show them.
    Detail(IncidentId, Result<Box<(Detail, Vec<Event>)>, BackendError>, DateTime<Utc>),
    /// Earlier events were read: they are put ahead of those that are known.
    EarlierEvents(IncidentId, Result<Vec<Event>, BackendError>, DateTime<Utc>),
    /// Measures were computed: the metrics pane shows them.
    Measures(Span, Result<Arc<Measures>, BackendError>, DateTime<Utc>),
    /// What is told next was kept on this machine, and read then; or it was just read.
    CachedAt(CachedPart, Option<DateTime<Utc>>),
    /// Commands are in the outbox, or could not be put there: nobody waits for them any more.
    Enqueued(Vec<CommandId>, Result<(), BackendError>, DateTime<Utc>),
    /// What became of a command that the outbox does not list any more, as it says: it settles, or
    /// was dropped.
    OutboxEntryLoaded(CommandId, Result<Option<Box<OutboxEntry>>, BackendError>, DateTime<Utc>),
    /// What was asked of the outbox could not be done: that is told.
    OutboxFailed(String),
    /// The clock has jumped, as after a sleep: what is shown may be old.
    ClockJumped(DateTime<Utc>),
    /// When the last incident ended: an empty queue says so.
    LastEnded(Option<DateTime<Utc>>),
    /// Events were read for the ribbon of the wall: they are put on it.
    RibbonEvents(EventRequest, Result<Vec<Event>, BackendError>),
    /// When the last P1 ended, if there was one: the wall counts from then.
    LastP1(Option<DateTime<Utc>>),
    /// A command could not be delivered and is tried again: its failure is shown.
    Retrying(CommandId, BackendError, DateTime<Utc>),
    /// A command has its outcome: the pending mark goes.
    Settled(CommandId, Result<Box<Outcome>, BackendError>, DateTime<Utc>),
    /// The incident of a number was looked for: it is shown.
    IncidentLocated(IncidentNumber, Result<IncidentId, BackendError>, DateTime<Utc>),
    /// A page of the history was read, asked for by that number: its rows join the queue.
    HistoryPage(u64, Result<Rows<Summary>, BackendError>, DateTime<Utc>),
    /// Filters that earlier runs have left: they can be used again.
    Filters(Vec<String>),
    /// What earlier runs have left: it is offered.
    Drafts(Vec<Draft>),
    /// A draft can't be kept: that is told.
    DraftLost(String),
    /// The problems that are known: they can be linked to.
    Problems(Result<Vec<Problem>, BackendError>, DateTime<Utc>),
    /// The editor has ended: its text goes into the field.
    Edited(Result<String, String>),
    /// The settings file was changed: keys, looks and rules are those of it now.
    Config(Box<Reload>),
    /// The folder of runbooks was read: they are offered.
    Runbooks(Runbooks),
    /// A runbook was read: it is shown.
    Runbook(String, Result<Arc<RunbookPage>, String>),
    /// A program has written something: it is shown.
    RunOutput(RunId, Pipe, String),
    /// A program has ended: that is told, and put on the timeline where that is wanted.
    RunEnded(RunId, RunEnd, DateTime<Utc>),
    /// Another place of work is open, or can't be opened: the panes go there, or say why not.
    WorkspaceOpened(WorkspaceId, Result<(), String>, DateTime<Utc>),
    /// The process was asked to end: it does, once pending commands have settled.
    Terminate,
}

/// What may have been kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CachedPart {
    /// An incident and its timeline.
    Detail(IncidentId),
    /// The measures.
    Measures,
    /// The page of the history that was asked for by that number.
    HistoryPage(u64),
}

/// What is asked of the outbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutboxRequest {
    /// Send a refused command again.
    Retry(CommandId),
    /// Take a command out, and what needs it.
    Drop(CommandId),
    /// Send what waits now.
    SendNow,
    /// Say what became of a command that is not listed.
    Lookup(CommandId),
}

/// What a timer is for. The number tells an old one from the last one set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timer {
    /// The selection has rested.
    Rest(u64),
    /// A told sentence has been there long enough.
    Toast(u64),
    /// The last action can't be undone any more.
    Undo(u64),
    /// Typing a filter has rested: the history is searched.
    Search(u64),
    /// What is typed is kept.
    Draft(Uuid),
    /// Somebody was called long enough ago to be called again.
    AttentionThrottle,
    /// Waiting for commands at the end has lasted long enough.
    Quit,
}

/// What is to be done outside of the state. The runtime does it; answers are messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Carry out commands one after another, each again and again with the same id while that may
    /// help. What follows one that is refused is not sent.
    Submit(Vec<Envelope>),
    /// Put commands in the place of a refused one, and send them.
    Replace(CommandId, Vec<Envelope>),
    /// Ask something of the outbox.
    Outbox(OutboxRequest),
    /// Look for the incident of a number.
    LocateIncident(IncidentNumber),
    /// Read the problems that are known.
    LoadProblems,
    /// Read a page of the history; the number comes back with it.
    LoadHistoryPage(u64, Box<Search>),
    /// Remember a filter for later runs.
    RememberFilter(String),
    /// Write, drop or release a draft.
    Draft(DraftOp),
    /// Let the person edit a text in an editor of their own.
    Edit(String),
    /// Read an incident and the end of its timeline.
    LoadDetail(IncidentId),
    /// Read the events before a position.
    LoadEarlierEvents(IncidentId, u32),
    /// Compute measures.
    LoadMeasures(Span),
    /// Find out when the last incident ended.
    LoadLastEnded,
    /// Read events for the ribbon of the wall.
    LoadRibbonEvents(EventRequest),
    /// Find out when the last of the P1s that pass a filter ended.
    LoadLastP1(Filter),
    /// Ask the backend now.
    Refresh,
    /// Put a text into the clipboard of whoever looks.
    Copy(String),
    /// Call somebody to the screen, by what the settings allow.
    Notify {
        /// What for, in a few words.
        title: String,
        /// More of it.
        body: String,
    },
    /// Read what the runbooks of a folder are for.
    LoadRunbooks(PathBuf),
    /// Read one of them.
    LoadRunbook(PathBuf, String),
    /// Run a program on an incident.
    Run(Box<ProgramSpec>),
    /// Stop it.
    StopRun(RunId),
    /// Send a message when so much time has passed.
    StartTimer(Duration, Timer),
    /// Give the terminal back and stop until continued.
    Suspend,
    /// Open another place of work beside this one.
    OpenWorkspace(WorkspaceId),
    /// End here, to go on there.
    SwitchWorkspace(WorkspaceId),
    /// End.
    Quit,
}
