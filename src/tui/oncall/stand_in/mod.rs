//! Taking the pager of a team, and giving it back: overrides of the viewer on a schedule.

pub mod layout;
pub mod update;

use chrono::{DateTime, Utc};

use crate::model::CommandId;
use crate::model::directory::TeamOverride;
use crate::model::oncall::{Override, Schedule};

use crate::tui::screens::{ScreenKind, Screens};

/// What is done with an override of the viewer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StandIn {
    /// The viewer is put on call.
    Begin,
    /// The override is removed.
    End,
}

/// The question before the viewer is put on call, or not any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StandInQuestion {
    /// What is done.
    pub kind: StandIn,
    /// The override, and the schedule that it is for.
    pub change: TeamOverride,
    /// First line on the screen.
    pub top: usize,
}

/// A change that was sent and is not answered yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingStandIn {
    /// The id of the request.
    pub id: CommandId,
    /// What is done.
    pub kind: StandIn,
    /// The name of the schedule.
    pub schedule: String,
}

/// Why the viewer can't be put on call by a schedule, or not be removed from it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StandInRefusal {
    /// No team is selected.
    #[error("no team is selected")]
    NoTeam,
    /// The team has no schedule.
    #[error("{0} has no on-call schedule, so there is no pager to take")]
    NoSchedule(String),
    /// The viewer is on call anyway.
    #[error("you are on call for {0} already")]
    OnCallAlready(String),
    /// The turn of whoever is on call never ends.
    #[error(
        "the schedule {0} never changes: redphone take {0} --for 4h says until when you stand in"
    )]
    NeverChanges(String),
    /// The viewer does not stand in for anybody.
    #[error("you do not stand in for anybody on {0} now")]
    NoStandIn(String),
}

impl StandIn {
    /// Returns what is being done, as in "taking the pager of payments".
    #[must_use]
    pub const fn operation(self) -> &'static str {
        match self {
            Self::Begin => "taking the pager of",
            Self::End => "giving back the pager of",
        }
    }

    /// Returns the override that the viewer begins or ends now on a schedule.
    ///
    /// # Errors
    /// Why that is not possible.
    pub fn span(
        self,
        schedule: &Schedule,
        viewer: &str,
        now: DateTime<Utc>,
    ) -> Result<Override, StandInRefusal> {
        let name = || schedule.key().to_owned();
        match self {
            Self::End => {
                let own = schedule.override_at(now).filter(|span| span.person == viewer);
                own.cloned().ok_or_else(|| StandInRefusal::NoStandIn(name()))
            }
            Self::Begin => {
                let covers = schedule.on_call(now).map(str::to_owned);
                if covers.as_deref() == Some(viewer) {
                    return Err(StandInRefusal::OnCallAlready(name()));
                }
                let to = schedule.next_change(now);
                let to = to.ok_or_else(|| StandInRefusal::NeverChanges(name()))?;
                Ok(Override { person: viewer.to_owned(), from: now, to, covers })
            }
        }
    }
}

/// Returns the team that is selected on the on-call screen, if that is what one sees.
#[must_use]
pub fn selected_team(screens: &Screens) -> Option<&str> {
    let screen = screens.shown().filter(|screen| screen.kind == ScreenKind::OnCall)?;
    screen.selected_item().map(|item| item.key.as_str())
}
