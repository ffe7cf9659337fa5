//! The inputs of `update` (messages) and the work that it requests (effects).

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, Utc};
use crossterm::event::{KeyEvent, MouseEvent};
use uuid::Uuid;

use crate::backend::lists::NotificationEntry;
use crate::backend::{
    Administered, AdministrationRequest, BackendError, ContactRequest, Detail, Outcome,
    Page as Rows, Search,
};
use crate::config::Reload;
use crate::model::evidence::EvidenceContent;
use crate::model::filter::Filter;
use crate::model::maintenance::{MaintenanceRequest, MaintenanceWindow};
use crate::model::measures::Measures;
use crate::model::measures::pages::Pages;
use crate::model::notification::{ContactTest, PersonReach};
use crate::model::problem::Problem;
use crate::model::runbook::RunbookPage;
use crate::model::{CommandId, Envelope, Event, IncidentId, IncidentNumber, Summary};
use crate::sync::drafts::{Draft, DraftOp};
use crate::sync::remote::OutboxEntry;
use crate::sync::screen_state::ScreenState;
use crate::sync::{self, Sourced};

use crate::tui::copy::save_error::SaveEvidenceError;
use crate::tui::core::zone::{ViewerZone, Zone};
use crate::tui::form::editor_error::EditorError;
use crate::tui::metrics::Span;
use crate::tui::metrics::pages::PagesRequest;
use crate::tui::run::output::Pipe;
use crate::tui::run::{ProgramSpec, RunEnd, RunId};
use crate::tui::runbook::{RunbookError, Runbooks};
use crate::tui::screens::{ScreenPage, ScreenRequest};
use crate::tui::terminal::questions::Finding;
use crate::tui::verb::evidence_file_error::EvidenceFileError;
use crate::tui::verb::target::Target;
use crate::tui::wall::EventRequest;
use crate::tui::workspace::{OpenWorkspaceError, WorkspaceId};

/// An incident and the end of its timeline.
pub type IncidentRead = Sourced<(Detail, Vec<Event>)>;

/// Everything that can change the state. A message that depends on the time carries it.
#[derive(Debug)]
pub enum Message {
    /// The loop has started: data that does not depend on the queue is requested immediately.
    Started,
    /// A key was pressed: the keymap turns it into an action.
    Key(KeyEvent, DateTime<Utc>),
    /// Text was pasted: it is inserted into the open field or line.
    Paste(String),
    /// The terminal has another size: the layout is computed again.
    Resized(u16, u16),
    /// Time has passed: clock, ages and service levels are computed again.
    Tick(DateTime<Utc>, FixedOffset),
    /// When the viewer's offset from UTC changes: each time is shown and parsed with the offset
    /// that holds then.
    OffsetChanges(ViewerZone),
    /// A timer that an effect started has run out.
    Elapsed(Timer),
    /// The poller has published something new: rows, freshness, directory, outbox.
    BackendUpdate(sync::BackendUpdate, DateTime<Utc>),
    /// An incident and the end of its timeline were read: detail and timeline show them.
    Detail(IncidentId, Result<Box<IncidentRead>, BackendError>, DateTime<Utc>),
    /// Earlier events were read: they are put ahead of those that are loaded.
    EarlierEvents(IncidentId, Result<Vec<Event>, BackendError>, DateTime<Utc>),
    /// Measures were computed: the metrics pane shows them.
    Measures(Span, Result<Sourced<Arc<Measures>>, BackendError>, DateTime<Utc>),
    /// Pages of measures were read: the metrics pane shows them.
    Pages(Box<PagesRequest>, Result<Sourced<Arc<Pages>>, BackendError>, DateTime<Utc>),
    /// Commands are in the outbox, or could not be stored there: they are no longer being enqueued.
    Enqueued(Vec<CommandId>, Result<(), BackendError>, DateTime<Utc>),
    /// The outbox has answered about a command that it does not list any more: the command settles,
    /// or was dropped.
    OutboxEntryLoaded(CommandId, Result<Option<Box<OutboxEntry>>, BackendError>, DateTime<Utc>),
    /// A request to the outbox has failed: the sentence is shown.
    OutboxFailed(String),
    /// The clock has jumped, as after a suspension of the machine: the visible data may be stale.
    ClockJumped(DateTime<Utc>),
    /// When the last incident ended, for the text of an empty queue.
    LastEnded(Option<DateTime<Utc>>),
    /// Events were read for the ribbon of the wall: they are put on it.
    RibbonEvents(EventRequest, Result<Vec<Event>, BackendError>),
    /// When the last P1 ended, if there was one, for the counter of the wall.
    LastP1(Option<DateTime<Utc>>),
    /// A command could not be delivered and is retried: its failure is shown.
    Retrying(CommandId, BackendError, DateTime<Utc>),
    /// A command has its outcome: its pending mark disappears.
    Settled(CommandId, Result<Box<Outcome>, BackendError>, DateTime<Utc>),
    /// The lookup of an incident by its number has ended: the incident is shown.
    IncidentLocated(IncidentNumber, Result<IncidentId, BackendError>, DateTime<Utc>),
    /// A page of the history was read for the request of that number: its rows join the queue.
    HistoryPage(u64, Result<Sourced<Rows<Summary>>, BackendError>, DateTime<Utc>),
    /// Filters that earlier runs have stored: they can be used again.
    Filters(Vec<String>),
    /// The wheel or a button of the mouse was used.
    Mouse(MouseEvent, DateTime<Utc>),
    /// The terminal has answered something about itself: colours and symbols follow.
    Terminal(Finding),
    /// The appearance that an earlier run has stored, which is restored.
    ScreenState(ScreenState),
    /// Drafts that earlier runs have stored: they are offered.
    Drafts(Vec<Draft>),
    /// Something was redacted since a draft was read that was reopened: its form shows it without that.
    DraftChanged(Box<Draft>),
    /// A draft can't be stored: the sentence is shown.
    DraftLost(String),
    /// The recorded problems were read: incidents can be linked to them.
    Problems(Result<Vec<Problem>, BackendError>, DateTime<Utc>),
    /// Evidence with a name was saved as a file.
    EvidenceSaved(String, Result<PathBuf, SaveEvidenceError>, DateTime<Utc>),
    /// Evidence was read: its text is shown.
    Evidence(Uuid, Result<Box<EvidenceContent>, BackendError>),
    /// A file to be attached to an incident was read: it is attached, after a question.
    EvidenceFile(Target, PathBuf, Result<Vec<u8>, EvidenceFileError>, DateTime<Utc>),
    /// The editor has ended: its text is inserted into the field.
    Edited(Result<String, EditorError>),
    /// The settings file was changed: keys, appearance and rules follow it from now on.
    Config(Box<Reload>),
    /// The folder of runbooks was read: they are offered.
    Runbooks(Runbooks),
    /// A runbook was read: it is shown.
    Runbook(String, Result<Arc<RunbookPage>, RunbookError>),
    /// A program has written something: it is shown.
    RunOutput(RunId, Pipe, String),
    /// A program has ended: that is shown, and put on the timeline where that is wanted.
    RunEnded(RunId, RunEnd, DateTime<Utc>),
    /// Another workspace is open, or can't be opened: the panes switch to it, or show why not.
    WorkspaceOpened(WorkspaceId, Result<(), OpenWorkspaceError>, DateTime<Utc>),
    /// When the viewer last saw the feed, if ever: later entries are marked.
    LastSeen(Option<DateTime<Utc>>),
    /// The list of a screen was read for the request of that number: it is shown.
    ScreenLoaded(u64, Result<Sourced<ScreenPage>, BackendError>, DateTime<Utc>),
    /// The notifications of an incident were read for the request of that number: the record shows
    /// who was notified.
    Notified(
        u64,
        IncidentId,
        Result<Sourced<Rows<NotificationEntry>>, BackendError>,
        DateTime<Utc>,
    ),
    /// The contacts of people were read, for the remarks in the list of levels.
    Reach(Result<Vec<PersonReach>, BackendError>, DateTime<Utc>),
    /// A change of the directory was made, or refused.
    Administered(CommandId, Result<Box<Administered>, BackendError>, DateTime<Utc>),
    /// A change of contacts was made, or refused.
    ContactsChanged(CommandId, Result<Box<PersonReach>, BackendError>, DateTime<Utc>),
    /// Test messages were sent, or were not.
    ContactsTested(Result<Vec<ContactTest>, BackendError>, DateTime<Utc>),
    /// A maintenance window was changed, or that was refused.
    MaintenanceChanged(Uuid, Result<Box<MaintenanceWindow>, BackendError>, DateTime<Utc>),
    /// The process should end: it ends once pending commands have settled.
    Terminate,
}

/// A reason for leaving the panes, to come back or to see another workspace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Errand {
    /// To see a made-up company.
    Demo,
    /// To write or edit the settings file.
    Settings,
}

/// A request to the outbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutboxRequest {
    /// Send a refused command again.
    Retry(CommandId),
    /// Remove a command, and the commands that depend on it.
    Drop(CommandId),
    /// Send all waiting commands now.
    SendNow,
    /// Allow the current token to send a command that was requested with another one.
    Approve(CommandId),
    /// Send commands again that were sent before the server's store was restored from a copy.
    Resend,
    /// Record that the person has seen that the server's store was restored from a copy.
    AcknowledgePutBack,
    /// Return the outcome of a command that is not listed any more.
    Lookup(CommandId),
}

/// Purpose of a timer. The number distinguishes an outdated timer from the last one set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Timer {
    /// The selection has rested long enough for detail and timeline to follow.
    Rest(u64),
    /// A sentence on the keys line has been shown long enough.
    Toast(u64),
    /// The last action can't be undone any more.
    Undo(u64),
    /// Nothing was typed into the filter for a moment: the history is searched.
    Search(u64),
    /// The contents of a form are due to be stored as a draft.
    Draft(Uuid),
    /// Attention was requested long enough ago to be requested again.
    AttentionThrottle,
    /// A list screen is due to be read again, because something has changed.
    Screen,
    /// Notifications of the incident on the screen are under way: they are due to be read again.
    Notified(u64),
    /// The wait for pending commands before quitting has lasted long enough.
    Quit,
}

/// Work that `update` requests. The runtime does it; answers come back as messages.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Execute commands one after another, each retried with the same id while that may help.
    /// Commands after a refused one are not sent.
    Submit(Vec<Envelope>),
    /// Replace a refused command in the outbox by others, and send them.
    Replace(CommandId, Vec<Envelope>),
    /// Send a request to the outbox.
    Outbox(OutboxRequest),
    /// Look up an incident by its number.
    LocateIncident(IncidentNumber),
    /// Read the recorded problems.
    LoadProblems,
    /// Read the content of evidence.
    LoadEvidence(Uuid),
    /// Write the content of evidence into a new file of the present folder, under its name.
    SaveEvidence(Uuid, String),
    /// Read a file to be attached to an incident.
    LoadEvidenceFile(PathBuf, Target),
    /// Read a page of the history; the answer has the same number.
    LoadHistoryPage(u64, Box<Search>),
    /// Store a filter for later runs.
    RememberFilter(String),
    /// Write, drop or release a draft.
    Draft(DraftOp),
    /// Let the person edit a text in their own editor.
    Edit(String),
    /// Read an incident and the end of its timeline.
    LoadDetail(IncidentId),
    /// Read the events before a position.
    LoadEarlierEvents(IncidentId, u32),
    /// Compute the measures over a window, whose days are those of a zone.
    LoadMeasures(Span, Zone),
    /// Read the pages of measures.
    LoadPages(Box<PagesRequest>),
    /// Find out when the last incident ended.
    LoadLastEnded,
    /// Read from a file when a viewer last saw the feed.
    LoadLastSeen(PathBuf, String),
    /// Store in a file up to when a viewer has seen the feed.
    RecordLastSeen(PathBuf, String, DateTime<Utc>),
    /// Read a list for a screen; the answer has the same number.
    LoadScreen(u64, Box<ScreenRequest>),
    /// Read the notifications of an incident; the answer has the same number.
    LoadNotified(u64, IncidentId),
    /// Read how people are reached.
    LoadReach,
    /// Change the directory, once and not by the outbox.
    Administer(Box<AdministrationRequest>),
    /// Change the contacts of the viewer, once and not by the outbox.
    ChangeContacts(Box<ContactRequest>),
    /// Send test messages over the contacts of a person, or over one of them.
    TestContacts(String, Option<String>),
    /// Change a maintenance window, once and not by the outbox.
    ChangeMaintenance(Box<MaintenanceRequest>),
    /// Read events for the ribbon of the wall.
    LoadRibbonEvents(EventRequest),
    /// Find out when the last of the P1s that pass a filter ended.
    LoadLastP1(Filter),
    /// Poll the backend now.
    Refresh,
    /// Put a text into the viewer's clipboard.
    Copy(String),
    /// Let the terminal report the mouse, or leave it to the terminal.
    SetMouse(bool),
    /// Request the viewer's attention, in the ways that the settings allow.
    Notify {
        /// A short form of the reason.
        title: String,
        /// Details in a sentence, such as the incident's title.
        body: String,
    },
    /// Read the headers of the runbooks in a folder.
    LoadRunbooks(PathBuf),
    /// Read one runbook of a folder, by its name.
    LoadRunbook(PathBuf, String),
    /// Run a program on an incident.
    Run(Box<ProgramSpec>),
    /// Stop a running program.
    StopRun(RunId),
    /// Send [`Message::Elapsed`] after a duration.
    StartTimer(Duration, Timer),
    /// Release the terminal and stop the process until it is continued.
    Suspend,
    /// Draw everything again: the terminal may show something else.
    Redraw,
    /// Open another workspace while this one stays open.
    OpenWorkspace(WorkspaceId),
    /// End these panes and continue on another workspace, which is open.
    SwitchWorkspace(WorkspaceId),
    /// End these panes for something else that the terminal is needed for.
    Leave(Errand),
    /// End the panes and the program.
    Quit,
}
