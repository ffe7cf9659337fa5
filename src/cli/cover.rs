//! `cover`: requests that another person accepts one's shift.

use chrono::{DateTime, TimeDelta, Utc};

use super::args::cover::{AnswerCover, CoverArgs, CoverCommand, ListCovers};
use super::columns::print_columns;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::json;
use super::out;
use super::overrides::{carry_out, find_schedule, minute, own_schedule};
use super::session::{IfMissing, Session, read_directory};
use crate::model::administration::AdministrationChange;
use crate::model::directory::Directory;
use crate::model::id::CoverId;
use crate::model::oncall::{Cover, CoverAnswer, CoverState, Schedule, TimeSpan};
use crate::model::text::{SafeText, sanitize};

/// The fewest characters of an id that name a request.
const FEWEST_CHARS: usize = 4;
/// The characters of an id that lists have.
const LISTED_CHARS: usize = 8;
/// The most people who are named that have declined.
const MAX_NAMED: usize = 3;
/// The span of time ahead in which the user's next shift is searched.
const AHEAD: TimeDelta = TimeDelta::days(90);

/// Runs `cover` and its subcommands.
pub async fn run(context: &mut Context, args: CoverArgs) -> Result<(), Failure> {
    match &args.about {
        None => request(context, args).await,
        Some(CoverCommand::List(args)) => list(context, args).await,
        Some(CoverCommand::Accept(args)) => answer(context, args, CoverState::Accepted).await,
        Some(CoverCommand::Decline(args)) => answer(context, args, CoverState::Declined).await,
        Some(CoverCommand::Withdraw(args)) => answer(context, args, CoverState::Withdrawn).await,
    }
}

async fn request(context: &mut Context, args: CoverArgs) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let directory = session.connection.backend.directory().await?;
    let me = &session.me.handle;
    let schedule = match &args.schedule {
        Some(name) => find_schedule(&directory, name)?,
        None => own_schedule(&directory, me)?,
    };
    let now = session.connection.backend_now();
    let span = own_shift(schedule, me, (args.from, args.until), now)?;
    let id = CoverId::new();
    let cover = Cover::new(id, schedule.key(), me, span);
    let cover = Cover { note: args.note, in_return: args.in_return, ..cover };
    let in_return = match cover.in_return {
        Some(span) => format!(", in return for {} to {}", minute(span.from), minute(span.to)),
        None => String::new(),
    };
    let text = format!(
        "{me} wants cover on {} from {} to {}{in_return}: `redphone cover list` has it",
        schedule.key(),
        minute(span.from),
        minute(span.to),
    );
    let change = AdministrationChange::RequestCover(cover);
    carry_out(context, session.connection, session.me, change, (text, args.json)).await
}

/// Returns the span for which cover is wanted: the given one, or as much of it as is missing from the
/// shift of the person that runs at its start, or the next one.
fn own_shift(
    schedule: &Schedule,
    me: &str,
    (from, until): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
    now: DateTime<Utc>,
) -> Result<TimeSpan, Failure> {
    if let (Some(from), Some(to)) = (from, until) {
        return Ok(TimeSpan { from, to });
    }
    let start = from.unwrap_or(now);
    let end = until.unwrap_or(start + AHEAD);
    let shift = schedule.spans_of(me, start, end).into_iter().next();
    let shift = shift.ok_or_else(|| {
        let (me, name) = (sanitize(me), sanitize(schedule.key()));
        Failure::new(
            Exit::NotFound,
            format!("{me} has no shift on {name} then: say which span with --from and --until"),
        )
    })?;
    if until.is_none() && shift.to >= end {
        return Err(Failure::usage(format!(
            "the shift of {} on {} has no end: say with --until how long you want cover",
            sanitize(me),
            sanitize(schedule.key())
        )));
    }
    Ok(TimeSpan { from: from.unwrap_or(shift.from), to: until.unwrap_or(shift.to) })
}

async fn list(context: &mut Context, args: &ListCovers) -> Result<(), Failure> {
    let (directory, now) = read_directory(&context.config).await?;
    let mut covers: Vec<&Cover> =
        directory.covers.iter().filter(|cover| args.all || cover.is_open(now)).collect();
    covers.sort_by_key(|cover| cover.from);
    if args.json {
        return covers.iter().try_for_each(|cover| json::print(&mut context.out, cover));
    }
    if covers.is_empty() {
        out::print_hint("nobody wants cover");
        return Ok(());
    }
    let rows = covers.iter().map(|cover| {
        let in_return =
            cover.in_return.map(|span| format!("{} to {}", minute(span.from), minute(span.to)));
        [
            short_id(cover.id),
            cover.schedule.clone(),
            cover.person.clone(),
            minute(cover.from),
            minute(cover.to),
            in_return.unwrap_or_else(|| "-".to_owned()),
            state_text(cover, now),
            cover.note.clone().unwrap_or_else(|| "-".to_owned()),
        ]
        .map(|text| SafeText::from(text).into_owned())
    });
    let heading = ["ID", "SCHEDULE", "PERSON", "FROM", "UNTIL", "IN RETURN", "STATE", "NOTE"];
    print_columns(&mut context.out, heading, rows)
}

async fn answer(
    context: &mut Context,
    args: &AnswerCover,
    state: CoverState,
) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let directory = session.connection.backend.directory().await?;
    let cover = find(&directory, &args.id)?;
    let me = session.me.handle.clone();
    let schedule = &cover.schedule;
    let answer = CoverAnswer { id: cover.id, schedule: schedule.clone(), person: me.clone() };
    let (change, text) = if state == CoverState::Accepted {
        let (from, to) = (minute(cover.from), minute(cover.to));
        let text = format!("{me} stands in for {} on {schedule} from {from} to {to}", cover.person);
        (AdministrationChange::AcceptCover(answer), text)
    } else if state == CoverState::Declined {
        let text = format!("{me} does not stand in for {} on {schedule}", cover.person);
        (AdministrationChange::DeclineCover(answer), text)
    } else {
        let text = format!("{me} does not want cover on {schedule} any more");
        (AdministrationChange::WithdrawCover(answer), text)
    };
    carry_out(context, session.connection, session.me, change, (text, args.json)).await
}

/// Finds the one request whose id ends as it was typed, or that has this code in text messages.
fn find<'a>(directory: &'a Directory, typed: &str) -> Result<&'a Cover, Failure> {
    let typed = typed.trim().to_ascii_lowercase();
    if typed.len() < FEWEST_CHARS {
        return Err(Failure::usage(format!("give at least {FEWEST_CHARS} characters of the id")));
    }
    let is_it = |cover: &&Cover| cover.id.to_string().ends_with(&typed) || cover.code() == typed;
    let found: Vec<&Cover> = directory.covers.iter().filter(is_it).collect();
    match found[..] {
        [cover] => Ok(cover),
        [] => Err(Failure::new(
            Exit::NotFound,
            format!(
                "there is no request for cover {}: `redphone cover list` has those that are open",
                sanitize(&typed)
            ),
        )),
        _ => Err(Failure::usage("several requests for cover end so: give more of the id")),
    }
}

fn short_id(id: CoverId) -> String {
    let text = id.to_string();
    let start = text.len().saturating_sub(LISTED_CHARS);
    text.get(start..).unwrap_or(&text).to_owned()
}

/// Returns the state of a request.
fn state_text(cover: &Cover, now: DateTime<Utc>) -> String {
    match (&cover.accepted_by, cover.state) {
        (Some(person), CoverState::Accepted) => format!("accepted by {person}"),
        (_, CoverState::Open) if cover.to <= now => "passed".to_owned(),
        (_, CoverState::Open | CoverState::Declined) if !cover.declined_by.is_empty() => {
            let names = cover.declined_by.iter().take(MAX_NAMED).map(String::as_str);
            let names = names.collect::<Vec<_>>().join(", ");
            let more = cover.declined_by.len().saturating_sub(MAX_NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let open = if cover.state == CoverState::Open { "open, " } else { "" };
            format!("{open}declined by {names}{more}")
        }
        (_, state) => state.as_str().to_owned(),
    }
}
