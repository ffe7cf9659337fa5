//! Asks for confirmation before the pager is taken or given back or a shift covered, and sends the
//! change. It is sent to the backend immediately: a change of who is on call must not wait in an
//! outbox.

use chrono::{DateTime, Utc};

use crate::backend::{Administered, AdministrationRequest, BackendError};
use crate::model::oncall::Schedule;
use crate::model::{Actor, CommandId};

use crate::tui::action::{Action, READ_ONLY};
use crate::tui::core::app::App;
use crate::tui::core::message::Effect;
use crate::tui::core::mode::Mode;
use crate::tui::core::notices::{report_failure, show_toast};
use crate::tui::oncall::stand_in::{
    PendingStandIn, ShiftChange, StandIn, StandInQuestion, StandInRefusal, SwapShift, offer_swap,
    selected_team, swap_shifts,
};
use crate::tui::oncall::times::span as span_text;
use crate::tui::picker::{Item, Pick, Picker, PickerKind};

const UNREACHABLE: &str = "the API can't be reached: who is on call is changed there alone, and \
     nothing was stored to be sent later";

/// Asks before who is on call for the selected team is changed.
pub(in crate::tui) fn open(app: &mut App, kind: StandIn, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    let now = app.backend_time(at);
    let change = selected_schedule(app).and_then(|schedule| change(app, kind, schedule, now));
    match change {
        Ok(change) => {
            let question = StandInQuestion { kind, change, top: 0 };
            app.ui.mode = Mode::ConfirmStandIn(Box::new(question));
            Vec::new()
        }
        Err(refusal) => show_toast(app, refusal.to_string(), true),
    }
}

/// Lists the shifts of other people for which the viewer can offer their own.
pub(in crate::tui) fn list_swaps(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    let now = app.backend_time(at);
    let listed = selected_schedule(app).and_then(|schedule| {
        // Without an own shift there is nothing to offer.
        change(app, StandIn::OfferSwap, schedule, now)?;
        let directory = app.fetched.directory.as_deref();
        let shifts = directory
            .map(|directory| swap_shifts(directory, schedule, &app.session.me.handle, now))
            .unwrap_or_default();
        let name = schedule.key().to_owned();
        if shifts.is_empty() { Err(StandInRefusal::NoOtherShift(name)) } else { Ok((name, shifts)) }
    });
    let (name, shifts) = match listed {
        Ok(listed) => listed,
        Err(refusal) => return show_toast(app, refusal.to_string(), true),
    };
    let item = |(shift, digit): (SwapShift, u32)| {
        let directory = app.fetched.directory.as_deref();
        let person = directory.and_then(|directory| directory.person(&shift.person));
        let person = person.map_or_else(|| shift.person.clone(), |person| person.name.clone());
        let when = span_text(app.clock(), shift.span.from, shift.span.to);
        let key = char::from_digit(digit, 10).unwrap_or('0');
        Item::new(person, Pick::Swap(shift)).key(key).about(when)
    };
    let items: Vec<Item> = shifts.into_iter().zip(1..).map(item).collect();
    let heading = format!("Offer your next shift on {name} for");
    let picker = Picker::new(PickerKind::Swaps, Vec::new(), heading, items, false);
    app.ui.mode = Mode::Pick(Box::new(picker));
    Vec::new()
}

/// Asks before a swap is offered for a shift.
pub(in crate::tui) fn ask_swap(app: &mut App, shift: &SwapShift, at: DateTime<Utc>) -> Vec<Effect> {
    let now = app.backend_time(at);
    let me = &app.session.me.handle;
    let offer = selected_schedule(app).and_then(|schedule| offer_swap(schedule, me, shift, now));
    match offer {
        Ok(change) => {
            let question = StandInQuestion { kind: StandIn::OfferSwap, change, top: 0 };
            app.ui.mode = Mode::ConfirmStandIn(Box::new(question));
            Vec::new()
        }
        Err(refusal) => show_toast(app, refusal.to_string(), true),
    }
}

/// Sends the change of the question. If the change would be a different one by now, asks again.
pub(in crate::tui) fn accept(app: &mut App, at: DateTime<Utc>) -> Vec<Effect> {
    let Mode::ConfirmStandIn(question) = std::mem::take(&mut app.ui.mode) else {
        return Vec::new();
    };
    if let Some(why) = disabled_reason(app) {
        return show_toast(app, why, true);
    }
    let StandInQuestion { kind, change: seen, .. } = *question;
    let now = app.backend_time(at);
    let directory = app.fetched.directory.as_deref();
    let schedule = directory.and_then(|directory| directory.schedule(&seen.schedule));
    let present = schedule
        .ok_or_else(|| StandInRefusal::NoSchedule(seen.schedule.clone()))
        .and_then(|schedule| match seen.swap().filter(|_| kind == StandIn::OfferSwap) {
            Some(shift) => offer_swap(schedule, &app.session.me.handle, &shift, now),
            None => change(app, kind, schedule, now),
        });
    let present = match present {
        Ok(present) => present,
        Err(refusal) => return show_toast(app, refusal.to_string(), true),
    };
    if !present.is_same(&seen) {
        let question = StandInQuestion { kind, change: present, top: 0 };
        app.ui.mode = Mode::ConfirmStandIn(Box::new(question));
        return show_toast(app, "who is on call has changed meanwhile: please read again", true);
    }
    let ShiftChange { schedule, change, .. } = present;
    let request = AdministrationRequest::new(Actor::Person(app.session.me.clone()), change, now);
    let text = format!("{} {schedule} …", kind.operation());
    app.inflight.stand_in = Some(PendingStandIn { id: request.id, kind, schedule });
    let mut effects = vec![Effect::Administer(Box::new(request))];
    effects.extend(show_toast(app, text, false));
    effects
}

/// Reports the result of a change, and reads again who is on call.
pub(in crate::tui) fn settled(
    app: &mut App,
    id: CommandId,
    result: Result<Box<Administered>, BackendError>,
    at: DateTime<Utc>,
) -> Vec<Effect> {
    let Some(PendingStandIn { kind, schedule, .. }) =
        app.inflight.stand_in.take_if(|pending| pending.id == id)
    else {
        return Vec::new();
    };
    let mut effects = vec![Effect::Refresh];
    effects.extend(match result {
        Ok(_) => {
            let text = match kind {
                StandIn::Begin => {
                    let undo = app.ui.keymap.hint_suffix(Action::EndStandIn, "gives it back");
                    format!("you are on call for {schedule} now{undo}")
                }
                StandIn::End => format!("you do not stand in on {schedule} any more"),
                StandIn::RequestCover | StandIn::OfferSwap => {
                    let undo = app.ui.keymap.hint_suffix(Action::WithdrawCover, "withdraws it");
                    let what =
                        if kind == StandIn::OfferSwap { "offer a swap" } else { "want cover" };
                    format!("everybody of {schedule} sees that you {what}{undo}")
                }
                StandIn::AcceptCover => format!("you stand in on {schedule} then"),
                StandIn::DeclineCover => format!("you do not stand in on {schedule}"),
                StandIn::WithdrawCover => format!("you do not want cover on {schedule} any more"),
            };
            show_toast(app, text, false)
        }
        Err(error) => {
            let operation = format!("{} {schedule}", kind.operation());
            let mut why = error.to_string();
            if matches!(error, BackendError::Unreachable(_)) {
                why.push_str("; whether it was done shows once the API answers");
            }
            report_failure(app, &operation, &why, at)
        }
    });
    effects
}

/// Returns why nothing can be changed now, whatever is selected.
fn disabled_reason(app: &App) -> Option<String> {
    if app.session.read_only {
        return Some(READ_ONLY.into());
    }
    if app.is_offline() {
        return Some(UNREACHABLE.to_owned());
    }
    let pending = app.inflight.stand_in.as_ref()?;
    Some(format!("{} {} is not answered yet", pending.kind.operation(), pending.schedule))
}

/// Returns the schedule that defines who is on call for the selected team.
fn selected_schedule(app: &App) -> Result<&Schedule, StandInRefusal> {
    let team = selected_team(&app.screens).ok_or(StandInRefusal::NoTeam)?;
    let directory = app.fetched.directory.as_deref();
    let schedule = directory.and_then(|directory| directory.schedule_of(team));
    schedule.ok_or_else(|| StandInRefusal::NoSchedule(team.to_owned()))
}

/// Returns the change that the viewer makes now.
fn change(
    app: &App,
    kind: StandIn,
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> Result<ShiftChange, StandInRefusal> {
    let none = || StandInRefusal::NoSchedule(schedule.key().to_owned());
    let directory = app.fetched.directory.as_deref().ok_or_else(none)?;
    kind.change(directory, schedule, &app.session.me.handle, now)
}
