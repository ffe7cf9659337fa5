//! Taking the pager of a team and giving it back, and cover for shifts: overrides of the viewer on a
//! schedule, and requests that lead to one.

pub mod layout;
pub mod update;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::CommandId;
use crate::model::administration::AdministrationChange;
use crate::model::directory::{Directory, TeamOverride};
use crate::model::id::CoverId;
use crate::model::oncall::{Cover, CoverAnswer, Override, Schedule, TimeSpan};

use crate::tui::screens::{ScreenKind, Screens};

/// The span of time ahead in which the next shift of the viewer is searched.
const AHEAD: TimeDelta = TimeDelta::days(90);
/// The maximum number of listed shifts of other people: as many as there are digits to choose them
/// by.
const MAX_SWAPS: usize = 9;

/// The viewer's actions on who is on call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StandIn {
    /// The viewer is put on call.
    Begin,
    /// The override is removed.
    End,
    /// The viewer requests cover for a shift.
    RequestCover,
    /// The viewer offers a shift in return for another person's.
    OfferSwap,
    /// The viewer accepts another person's request for cover.
    AcceptCover,
    /// The viewer declines another person's request for cover.
    DeclineCover,
    /// The viewer withdraws a request for cover.
    WithdrawCover,
}

/// A shift of another person, for which the viewer can offer their own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SwapShift {
    /// The handle of the person.
    pub person: String,
    /// When it begins and ends.
    pub span: TimeSpan,
}

/// A change of who is on call, and the facts shown before it is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShiftChange {
    /// The name of the schedule.
    pub schedule: String,
    /// When the change begins and ends.
    pub span: TimeSpan,
    /// The handle of the other person involved.
    pub other: Option<String>,
    /// The shift offered in return in a swap.
    pub in_return: Option<TimeSpan>,
    /// The remark on it.
    pub note: Option<String>,
    /// The request for cover, if it is about one that exists.
    pub cover: Option<CoverId>,
    /// The change to send.
    pub change: AdministrationChange,
}

/// The question before who is on call is changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StandInQuestion {
    /// The action.
    pub kind: StandIn,
    /// The change.
    pub change: ShiftChange,
    /// First line on the screen.
    pub top: usize,
}

/// A change that was sent and is not answered yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PendingStandIn {
    /// The id of the request.
    pub id: CommandId,
    /// The action.
    pub kind: StandIn,
    /// The name of the schedule.
    pub schedule: String,
}

/// The reason why the viewer can't be put on call by a schedule, or not be removed from it.
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
    /// The turn of the person on call never ends.
    #[error(
        "the schedule {0} never changes: redphone take {0} --for 4h says until when you stand in"
    )]
    NeverChanges(String),
    /// The viewer has no shift that somebody could cover.
    #[error("you have no shift on {0} in the next 90 days")]
    NoShift(String),
    /// The shift of the viewer does not end.
    #[error(
        "your shift on {0} has no end: redphone cover {0} --until says how long you want cover"
    )]
    NoEnd(String),
    /// Nobody else has a shift ahead.
    #[error("nobody else has a shift on {0} in the next 90 days")]
    NoOtherShift(String),
    /// A shift that was to be swapped is another one by now.
    #[error("the shift that you chose on {0} is another one by now: choose again")]
    ShiftChanged(String),
    /// No other person requests cover.
    #[error("nobody else wants cover on {0}")]
    NoCover(String),
    /// The viewer has declined all requests.
    #[error("you have declined to cover on {0} already")]
    DeclinedAlready(String),
    /// Other people request cover, but for none that the viewer can give.
    #[error("those who want cover on {0} want a shift of somebody else in return")]
    OthersShift(String),
    /// The viewer has requested no cover.
    #[error("you want no cover on {0}")]
    NoOwnCover(String),
    /// The viewer replaces nobody.
    #[error("you do not stand in for anybody on {0} now")]
    NoStandIn(String),
}

impl StandIn {
    /// Returns the action in progress, as in "taking the pager of payments".
    #[must_use]
    pub const fn operation(self) -> &'static str {
        match self {
            Self::Begin => "taking the pager of",
            Self::End => "giving back the pager of",
            Self::RequestCover => "requesting cover on",
            Self::OfferSwap => "offering a swap on",
            Self::AcceptCover => "accepting cover on",
            Self::DeclineCover => "declining to cover on",
            Self::WithdrawCover => "withdrawing the request for cover on",
        }
    }

    /// Returns the change that the viewer makes now on a schedule.
    ///
    /// # Errors
    /// The reason why that is not possible.
    pub fn change(
        self,
        directory: &Directory,
        schedule: &Schedule,
        viewer: &str,
        now: DateTime<Utc>,
    ) -> Result<ShiftChange, StandInRefusal> {
        match self {
            Self::End => {
                let own = schedule.override_at(now).filter(|span| span.person == viewer);
                let own = own.cloned();
                let own =
                    own.ok_or_else(|| StandInRefusal::NoStandIn(schedule.key().to_owned()))?;
                Ok(of_override(schedule, own, AdministrationChange::RemoveOverride))
            }
            Self::Begin => begin(schedule, viewer, now),
            // For which shift is chosen from a list.
            Self::RequestCover | Self::OfferSwap => request_cover(schedule, viewer, now),
            Self::AcceptCover => {
                let cover = next_cover(directory, schedule, viewer, now)?;
                Ok(of_cover(cover, viewer, AdministrationChange::AcceptCover))
            }
            Self::DeclineCover => {
                let cover = next_cover(directory, schedule, viewer, now)?;
                if cover.is_declined_by(viewer) {
                    return Err(StandInRefusal::DeclinedAlready(schedule.key().to_owned()));
                }
                Ok(of_cover(cover, viewer, AdministrationChange::DeclineCover))
            }
            Self::WithdrawCover => {
                let cover = open_covers(directory, schedule, now)
                    .find(|cover| cover.person == viewer)
                    .ok_or_else(|| StandInRefusal::NoOwnCover(schedule.key().to_owned()))?;
                Ok(of_cover(cover, viewer, AdministrationChange::WithdrawCover))
            }
        }
    }
}

impl ShiftChange {
    /// Returns whether another change is the one that was shown: the same request or person, and the
    /// same end.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.other, self.cover, self.span.to) == (&other.other, other.cover, other.span.to)
    }
}

impl ShiftChange {
    /// Returns the shift that is wanted in return.
    #[must_use]
    pub fn swap(&self) -> Option<SwapShift> {
        Some(SwapShift { person: self.other.clone()?, span: self.in_return? })
    }
}

/// Returns the next shifts of other people on a schedule that have not begun, by their start.
pub(in crate::tui) fn swap_shifts(
    directory: &Directory,
    schedule: &Schedule,
    viewer: &str,
    now: DateTime<Utc>,
) -> Vec<SwapShift> {
    let end = now.checked_add_signed(AHEAD).unwrap_or(now);
    let people = schedule.people().into_iter();
    let others = people.filter(|person| *person != viewer && directory.person(person).is_some());
    let mut shifts: Vec<SwapShift> = others
        .flat_map(|person| {
            let spans = schedule.spans_of(person, now, end).into_iter();
            let ahead = spans.filter(move |span| span.from > now && span.to < end);
            ahead.map(move |span| SwapShift { person: person.to_owned(), span })
        })
        .collect();
    shifts.sort_by(|a, b| (a.span.from, &a.person).cmp(&(b.span.from, &b.person)));
    shifts.truncate(MAX_SWAPS);
    shifts
}

/// Returns the change with which the viewer offers their next own shift for another person's.
///
/// # Errors
/// The viewer has no shift, or the other one is another one by now.
pub(in crate::tui) fn offer_swap(
    schedule: &Schedule,
    viewer: &str,
    shift: &SwapShift,
    now: DateTime<Utc>,
) -> Result<ShiftChange, StandInRefusal> {
    let SwapShift { person, span } = shift;
    let is_theirs = schedule.spans_of(person, span.from, span.to) == [*span];
    if span.from <= now || !is_theirs {
        return Err(StandInRefusal::ShiftChanged(schedule.key().to_owned()));
    }
    let mut change = request_cover(schedule, viewer, now)?;
    change.other = Some(person.clone());
    change.in_return = Some(*span);
    if let AdministrationChange::RequestCover(cover) = &mut change.change {
        cover.in_return = Some(*span);
    }
    Ok(change)
}

/// Returns the requests for cover on a schedule that a person can accept, by their start.
pub(in crate::tui) fn open_covers<'a>(
    directory: &'a Directory,
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> impl Iterator<Item = &'a Cover> {
    let mut covers: Vec<&Cover> = directory
        .covers
        .iter()
        .filter(|cover| cover.is_open(now) && cover.schedule == schedule.key())
        .collect();
    covers.sort_by_key(|cover| (cover.from, cover.id));
    covers.into_iter()
}

/// Returns the request for cover that the viewer can accept next: one that they have not declined, if there
/// is one.
///
/// # Errors
/// There is none.
fn next_cover<'a>(
    directory: &'a Directory,
    schedule: &Schedule,
    viewer: &str,
    now: DateTime<Utc>,
) -> Result<&'a Cover, StandInRefusal> {
    let of_others =
        || open_covers(directory, schedule, now).filter(move |one| one.person != viewer);
    // Whether the viewer belongs to the schedule is decided when it is sent.
    let can_give =
        |cover: &&Cover| cover.in_return.is_none() || directory.can_cover(cover, viewer, now);
    let mut fitting = of_others().filter(can_give).peekable();
    let first = fitting.peek().copied();
    let name = || schedule.key().to_owned();
    fitting.find(|cover| !cover.is_declined_by(viewer)).or(first).ok_or_else(|| {
        if of_others().next().is_some() {
            StandInRefusal::OthersShift(name())
        } else {
            StandInRefusal::NoCover(name())
        }
    })
}

fn begin(
    schedule: &Schedule,
    viewer: &str,
    now: DateTime<Utc>,
) -> Result<ShiftChange, StandInRefusal> {
    let name = || schedule.key().to_owned();
    let covers = schedule.on_call(now).map(str::to_owned);
    if covers.as_deref() == Some(viewer) {
        return Err(StandInRefusal::OnCallAlready(name()));
    }
    let to = schedule.next_change(now);
    let to = to.ok_or_else(|| StandInRefusal::NeverChanges(name()))?;
    let span = Override { person: viewer.to_owned(), from: now, to, covers };
    Ok(of_override(schedule, span, AdministrationChange::AddOverride))
}

fn request_cover(
    schedule: &Schedule,
    viewer: &str,
    now: DateTime<Utc>,
) -> Result<ShiftChange, StandInRefusal> {
    let name = || schedule.key().to_owned();
    let end = now.checked_add_signed(AHEAD).unwrap_or(now);
    let shift = schedule.spans_of(viewer, now, end).into_iter().next();
    let shift = shift.ok_or_else(|| StandInRefusal::NoShift(name()))?;
    if shift.to >= end {
        return Err(StandInRefusal::NoEnd(name()));
    }
    let cover = Cover::new(CoverId::new(), schedule.key(), viewer, shift);
    Ok(ShiftChange {
        schedule: name(),
        span: shift,
        other: None,
        in_return: None,
        note: None,
        cover: None,
        change: AdministrationChange::RequestCover(cover),
    })
}

fn of_override(
    schedule: &Schedule,
    span: Override,
    change: impl FnOnce(TeamOverride) -> AdministrationChange,
) -> ShiftChange {
    let schedule = schedule.key().to_owned();
    ShiftChange {
        schedule: schedule.clone(),
        span: TimeSpan { from: span.from, to: span.to },
        other: span.covers.clone(),
        in_return: None,
        note: None,
        cover: None,
        change: change(TeamOverride { team: schedule, span }),
    }
}

fn of_cover(
    cover: &Cover,
    viewer: &str,
    change: impl FnOnce(CoverAnswer) -> AdministrationChange,
) -> ShiftChange {
    let schedule = cover.schedule.clone();
    let answer =
        CoverAnswer { id: cover.id, schedule: schedule.clone(), person: viewer.to_owned() };
    ShiftChange {
        schedule,
        span: TimeSpan { from: cover.from, to: cover.to },
        other: Some(cover.person.clone()),
        in_return: cover.in_return,
        note: cover.note.clone(),
        cover: Some(cover.id),
        change: change(answer),
    }
}

/// Returns the team that is selected on the on-call screen, if that is visible.
#[must_use]
pub fn selected_team(screens: &Screens) -> Option<&str> {
    let screen = screens.shown().filter(|screen| screen.kind == ScreenKind::OnCall)?;
    screen.selected_item().map(|item| item.key.as_str())
}
