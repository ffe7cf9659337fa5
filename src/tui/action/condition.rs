//! Conditions under which actions apply.

/// A condition under which an action applies.
#[allow(missing_docs, reason = "the names say it")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Condition {
    Always,
    /// An incident is targeted or marked.
    HasIncident,
    /// An incident is targeted or marked, or a page of measures has the focus.
    CanCopy,
    /// The metrics pane has the focus and shows a page that is not the overview.
    MeasuresPage,
    /// The last action can be undone.
    CanUndo,
    /// There are drafts: forms that were filled in and not sent.
    HasDrafts,
    /// The goto menu is open.
    GotoOpen,
    /// Commands go through an outbox.
    HasOutbox,
    /// The list screen has something selected.
    HasItem,
    /// The list of alerts has something selected.
    ListsAlerts,
    /// The list of contacts is visible.
    ListsContacts,
    /// A contact is selected.
    HasContact,
    /// The screen of maintenance windows is shown.
    MaintenanceScreen,
    /// A maintenance window is selected.
    ListsMaintenance,
    /// Problems, or incidents of one fault, are on the screen, or the page of recurring faults has the focus.
    ProblemScreen,
    /// A problem is selected or open.
    ListsProblem,
    /// A record is read of which most incidents like it differ in a field.
    HasHint,
    /// The list screen shows a span of time that can be moved.
    HasSpan,
    /// A service is selected that the directory does not have.
    UnknownService,
    /// An action item is selected.
    ListsActionItems,
    /// A team is selected on the on-call screen.
    OnCallTeam,
    /// Somebody else, or nobody, is on call by the schedule of the selected team.
    CanStandIn,
    /// The viewer replaces somebody on the schedule of the selected team.
    StandsIn,
    /// The viewer has turns on the schedule of the selected team, and has not requested cover yet.
    HasShift,
    /// Another person requests cover on the schedule of the selected team.
    CanCover,
    /// The viewer requests cover on the schedule of the selected team.
    WantsCover,
    /// Some rows are marked.
    HasMarks,
    /// The queue is grouped, has the focus and has something selected; or the cursor is on the map of hours.
    Grouped,
    /// The queue has the focus and something is selected.
    QueueRow,
    /// A record is on the screen.
    Recorded,
    /// A record that has alerts is read.
    HasAlerts,
    /// A record is read that has incidents like it.
    HasSimilar,
    /// There is something to open: the selected row, an object that the record names, or the record
    /// itself.
    CanOpen,
    /// There is something to go back from: a zoomed pane, the record, another focus, marks or a
    /// filter; or the line of a new urgent incident can be dismissed.
    CanGoBack,
    /// Detail or timeline has the focus.
    Reading,
    /// Detail, timeline or metrics has the focus.
    CanStep,
    /// Detail or timeline has the focus and there is an earlier event to view.
    HasPast,
    /// An incident is shown as it was at an earlier event.
    Travelling,
    /// The current state is shown everywhere.
    Present,
    /// The program whose output is shown is running.
    Running,
    /// The program whose output is shown has ended, and its output is not on the timeline.
    CanNoteOutput,
    /// An unticked step of a runbook is selected.
    CanTickStep,
    /// There is a last failure to show.
    HasFailure,
    /// The outbox holds commands that are pending or were refused.
    OutboxActive,
    /// A refused command is selected in the outbox.
    RefusedEntry,
    /// A command that was not sent (pending or refused) is selected in the outbox.
    UnsentEntry,
    /// A command is selected in the outbox that is not sent with the present token.
    UnsendableEntry,
    /// The server's store was restored from a copy, and nobody has acknowledged that.
    PutBack,
    /// Several panes fit, or one is zoomed.
    CanZoom,
    /// Detail and timeline are next to the queue.
    TwoColumns,
    /// No pane is zoomed, and the record is not open.
    NotZoomed,
    /// The store has nothing in it yet, and the panes can be left for the demo.
    FirstStart,
    /// The panes can be left for the settings file.
    HasErrands,
    /// Another workspace is open, and commands of this one are still pending.
    CanSwitchNow,
}

impl Condition {
    /// Returns why an action with this condition does not apply. Meaningful only while the
    /// condition does not hold.
    #[must_use]
    pub const fn reason_if_not(self) -> &'static str {
        match self {
            Self::Always => "it always applies",
            Self::HasIncident | Self::CanCopy => "no incident is selected",
            Self::MeasuresPage => "no page of the metrics is in focus: turn to one first",
            Self::CanUndo => "nothing was done in the last 10 s",
            Self::HasDrafts => "no draft is kept",
            Self::GotoOpen => "the goto menu is not open",
            Self::HasOutbox => "there is no outbox: what is done here is in the store at once",
            Self::HasItem => "the list is empty",
            Self::ListsAlerts => "no alert is listed",
            Self::ListsContacts => "the contacts are not listed",
            Self::HasContact => "no contact is selected",
            Self::MaintenanceScreen => "the maintenance windows are not on the screen",
            Self::ListsMaintenance => "no maintenance window is selected",
            Self::ProblemScreen => "no problems and no recurring faults are on the screen",
            Self::ListsProblem => "no problem is selected",
            Self::HasHint => {
                "incidents like it had the same category and service, or there are none"
            }
            Self::HasSpan => "this list has no span of time",
            Self::UnknownService => "no unknown service is selected",
            Self::ListsActionItems => "no action item is selected",
            Self::OnCallTeam => "no team is selected",
            Self::CanStandIn => "you are on call for this team, or it has no schedule",
            Self::HasShift => "you have no shift on the schedule of this team",
            Self::CanCover => "nobody else wants cover on the schedule of this team",
            Self::WantsCover => "you want no cover on the schedule of this team",
            Self::StandsIn => "you do not stand in for anybody of this team",
            Self::HasMarks => "nothing is selected",
            Self::QueueRow => "the queue is not in focus",
            Self::Grouped => "the queue is not grouped, or not in focus",
            Self::Recorded => "no record is on the screen",
            Self::HasAlerts => "no record with alerts is read",
            Self::HasSimilar => "no record with incidents like it is read",
            Self::CanOpen => "there is nothing to open",
            Self::CanGoBack => "there is nowhere to go back to",
            Self::Reading => "neither detail nor timeline is in focus",
            Self::CanStep => "the queue is in focus",
            Self::HasPast => "there is nothing earlier",
            Self::Travelling => "everything is shown as it is",
            Self::Present => "it is shown as it was",
            Self::Running => "no command is running",
            Self::CanNoteOutput => "no command has ended, or it is on the timeline",
            Self::CanTickStep => "no open step is selected",
            Self::HasFailure => "nothing has failed",
            Self::OutboxActive | Self::CanSwitchNow => "nothing is on its way",
            Self::RefusedEntry => "no refused command is selected",
            Self::UnsentEntry => "no command is selected that was not sent",
            Self::UnsendableEntry => "no command is selected that waits for another token",
            Self::PutBack => "the server was not put back",
            Self::CanZoom => "only one pane fits here",
            Self::TwoColumns => "no panes stand side by side here",
            Self::NotZoomed => "a pane is zoomed",
            Self::FirstStart => "there are incidents: redphone demo shows a made-up company",
            Self::HasErrands => "the settings are edited from other panes: redphone config path",
        }
    }
}
