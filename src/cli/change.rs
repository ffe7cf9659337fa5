//! `change`: records that changes begin and end, and lists them.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::Serialize;

use super::args::change::{
    ApproveChange, ChangeCommand, DEFAULT_CHANGES, EndChange, ListChanges, StartChange,
};
use super::columns::print_columns;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::json;
use super::out::{self, Out, Style, StyledLine};
use super::session::{IfMissing, Session, open};
use crate::backend::lists::{IncidentBrief, MAX_ROWS, Suspicion};
use crate::backend::{Backend, ChangeSearch};
use crate::model::change::{Change, ChangeApproval, ChangeKind, ChangeState};
use crate::model::check;
use crate::model::directory::Directory;
use crate::model::link::Link;
use crate::model::text::SafeText;
use crate::model::time::{format_duration, recorded_time};
use crate::model::unknown_selection::unknown_name;
use crate::model::{Actor, ChangeId, Command, CommandId};

/// The fewest characters by which a change can be named.
const MIN_ID_CHARS: usize = 4;
/// How many characters of an id are listed: its last ones, which differ.
const SHORT_ID_CHARS: usize = 8;
/// The days of a calendar without a start, up to today.
const RECENT_DAYS: Days = Days::new(14);

/// Runs `change`.
pub async fn run(context: &mut Context, about: ChangeCommand) -> Result<(), Failure> {
    match about {
        ChangeCommand::Start(args) => start(context, args).await,
        ChangeCommand::End(args) => end(context, &args).await,
        ChangeCommand::Approve(args) => approve(context, &args).await,
        ChangeCommand::List(args) => list(context, &args).await,
    }
}

async fn start(context: &mut Context, args: StartChange) -> Result<(), Failure> {
    // Invalid arguments must not create a store.
    let checked = check::title(&args.title)
        .and_then(|()| check::names("services", &args.services))
        .and_then(|()| match &args.url {
            Some(url) => check::new_link(&Link::Url(url.clone())),
            None => Ok(()),
        });
    checked.map_err(|error| Failure::failed(error.to_string()))?;
    let session = Session::open(&context.config, IfMissing::Create).await?;
    // By the clock of the backend, and in the recorded precision: it is not corrected any more.
    let now = recorded_time(session.connection.backend_now());
    let starts_at = args.at.map_or(now, |time| recorded_time(time.at(now)));
    let (ends_at, state) = if args.ended {
        (Some(now.max(starts_at)), ChangeState::Done)
    } else if starts_at > now {
        (None, ChangeState::Planned)
    } else {
        (None, ChangeState::Running)
    };
    let change = Change {
        id: ChangeId::new(),
        kind: args.kind.unwrap_or(ChangeKind::Deploy),
        title: args.title,
        services: args.services,
        by: Actor::Person(session.me.clone()),
        starts_at,
        ends_at,
        state,
        url: args.url,
        approval: args.approval,
        extra: <_>::default(),
    };
    let directory = match session.connection.reader.read_directory().await {
        // The command is queued anyway, so it must not fail because the directory can't be fetched.
        Err(error) if error.is_temporary() && session.connection.remote.is_some() => {
            context.config.directory.clone()
        }
        read => read?.value,
    };
    if let Some(unknown) = unknown_name(&change.services, &[], &directory) {
        if !args.accept_unknown && !session.is_program {
            session.connection.close().await;
            return Err(Failure::failed(format!(
                "{unknown}: name one of the directory, or add --accept-unknown if it is meant"
            )));
        }
        out::print_hint(format!("{unknown}: it is marked as unknown"));
    }
    let command = Command::RecordChange(change.clone());
    let result = session.execute_command(CommandId::new(), command, None).await;
    session.connection.close().await;
    // One that waits to be sent is ended by its id as well.
    if result.as_ref().is_err_and(|failure| failure.exit != Exit::Queued) {
        return result.map(drop);
    }
    context.out.record_done(format!("the change {} is recorded", change.id));
    if args.json {
        json::print(&mut context.out, &change)?;
    } else {
        context.out.line(change.id.to_string())?;
    }
    result.map(drop)
}

async fn end(context: &mut Context, args: &EndChange) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let ended = end_in(&session, args).await;
    session.connection.close().await;
    let change = ended?;
    let text = format!("{}: {}", change.title, change.state);
    context.out.record_done(text.clone());
    if args.json {
        return json::print(&mut context.out, &change);
    }
    context.out.line(text)
}

async fn approve(context: &mut Context, args: &ApproveChange) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let approved = approve_in(&session, args).await;
    session.connection.close().await;
    let change = approved?;
    let text = format!("{}: {}", change.title, state(&change));
    context.out.record_done(text.clone());
    if args.json {
        return json::print(&mut context.out, &change);
    }
    context.out.line(text)
}

async fn approve_in(session: &Session, args: &ApproveChange) -> Result<Change, Failure> {
    let mut change = find(session, &args.change).await?;
    let rejected = args.rejected;
    change.approval =
        Some(if rejected { ChangeApproval::Rejected } else { ChangeApproval::Approved });
    let command = Command::RecordChange(change.clone());
    session.execute_command(CommandId::new(), command, None).await?;
    Ok(change)
}

/// Returns the state of a change, with its approval if that is informative.
fn state(change: &Change) -> String {
    match change.shown_approval() {
        Some(approval) => format!("{}, {approval}", change.state),
        None => change.state.to_string(),
    }
}

async fn end_in(session: &Session, args: &EndChange) -> Result<Change, Failure> {
    let now = recorded_time(session.connection.backend_now());
    let mut change = find(session, &args.change).await?;
    let ends_at = args.at.map(|time| recorded_time(time.at(now)));
    let has_ended =
        matches!(change.state, ChangeState::Done | ChangeState::Failed | ChangeState::RolledBack);
    let corrects = args.failed || args.rolled_back || ends_at.is_some();
    if has_ended && !corrects {
        let text = format!("it has ended already ({}): say what is to be corrected", change.state);
        return Err(Failure::failed(text));
    }
    // How a change ended may be found out later than when.
    let ends_at = ends_at.or(change.ends_at.filter(|_| has_ended)).unwrap_or(now);
    if change.state != ChangeState::Planned && ends_at < recorded_time(change.starts_at) {
        return Err(Failure::failed("--at is before the change began: give a later time"));
    }
    change.state = match (args.failed, args.rolled_back) {
        (true, _) => ChangeState::Failed,
        (false, true) => ChangeState::RolledBack,
        (false, false) => ChangeState::Done,
    };
    // One that was planned for later and has ended has begun by then.
    change.starts_at = recorded_time(change.starts_at).min(ends_at);
    change.ends_at = Some(ends_at);
    let command = Command::RecordChange(change.clone());
    session.execute_command(CommandId::new(), command, None).await?;
    Ok(change)
}

/// Finds a change by its id or the end of it.
async fn find(session: &Session, text: &str) -> Result<Change, Failure> {
    let backend = &session.connection.backend;
    let quoted = SafeText::from(text);
    let missing = || {
        let text = format!("there is no change {quoted:?}: `redphone change list` lists them");
        Failure::new(Exit::NotFound, text)
    };
    if let Ok(id) = text.parse::<uuid::Uuid>() {
        return backend.recorded_change(ChangeId(id)).await?.ok_or_else(missing);
    }
    let is_part = text.chars().all(|ch| ch.is_ascii_hexdigit() || ch == '-');
    if text.len() < MIN_ID_CHARS || !is_part {
        return Err(missing());
    }
    let text = text.to_ascii_lowercase();
    let page = backend.recorded_changes(&ChangeSearch::first(MAX_ROWS)).await?;
    let mut changes = page.rows.into_iter().filter(|change| change.id.to_string().ends_with(&text));
    match (changes.next(), changes.next()) {
        (Some(change), None) => Ok(change),
        (Some(_), Some(_)) => Err(Failure::failed(format!(
            "several changes have an id that ends with {quoted:?}: write more of it"
        ))),
        (None, _) => Err(missing()),
    }
}

async fn list(context: &mut Context, args: &ListChanges) -> Result<(), Failure> {
    let connection = open(&context.config, IfMissing::Refuse).await?;
    connection.report_warnings();
    let now = connection.backend_now();
    let wanted = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let mut search = ChangeSearch {
        since: args.since.map(|time| time.at(now)),
        until: args.until.map(|time| time.at(now)),
        service: args.service.clone(),
        limit: args.limit,
        after: None,
    };
    let mut changes: Vec<Change> = Vec::new();
    let read = loop {
        match connection.backend.recorded_changes(&search).await {
            Ok(page) => {
                changes.extend(page.rows);
                let has_more = changes.len() > wanted || page.next.is_some();
                changes.truncate(wanted);
                // A page may have fewer rows than there are.
                if changes.len() >= wanted || page.next.is_none() {
                    break Ok(has_more);
                }
                search.after = page.next;
            }
            Err(error) => break Err(error),
        }
    };
    let suspicions = read_suspicions(&*connection.backend, args, now).await;
    let directory = connection.backend.directory().await;
    connection.close().await;
    let has_more = read?;
    let directory = directory?;
    let out = &mut context.out;
    let listed = |change: &Change| row(change, &directory, suspicions.get(&change.id), now);
    if args.json {
        changes.iter().try_for_each(|change| {
            let suspect_of = suspicions.get(&change.id);
            json::print(out, &ListedChange { change, suspect_of })
        })?;
    } else if changes.is_empty() {
        out::print_hint("no changes were recorded");
    } else if args.calendar {
        let before = |at: DateTime<Utc>| utc_day(at - TimeDelta::milliseconds(1));
        let window = (search.since.map(utc_day), search.until.map(before));
        print_calendar(out, &changes, window, now, listed)?;
    } else {
        let head = ["CHANGE", "BEGAN", "STATE", "TOOK", "SERVICES", "SUSPECT OF", "TITLE"];
        print_columns(out, head, changes.iter().map(listed))?;
    }
    if has_more {
        out::print_more_hint(out, "change", args.limit, DEFAULT_CHANGES)?;
    }
    Ok(())
}

fn utc_day(at: DateTime<Utc>) -> NaiveDate {
    at.date_naive()
}

/// Prints changes by day, the earliest first: each on all of its days in the window. A window without a
/// start has the last two weeks, besides the days on which changes begin; one without an end ends today, or
/// when the last change begins.
fn print_calendar(
    out: &mut Out,
    changes: &[Change],
    (since, until): (Option<NaiveDate>, Option<NaiveDate>),
    now: DateTime<Utc>,
    listed: impl Fn(&Change) -> [SafeText<'static>; 7],
) -> Result<(), Failure> {
    let starts = changes.iter().map(|change| utc_day(change.starts_at));
    let until = until.unwrap_or_else(|| starts.max().unwrap_or_default().max(utc_day(now)));
    let recent = utc_day(now).checked_sub_days(RECENT_DAYS).unwrap_or_default();
    // By day, with the number of the day of the change: those that run on come first.
    let mut days: BTreeMap<NaiveDate, Vec<(i64, &Change)>> = BTreeMap::new();
    for change in changes {
        let first = utc_day(change.starts_at);
        let last = utc_day(change.last_instant(now));
        if since.is_none_or(|since| first >= since) {
            days.entry(first).or_default().push((1, change));
        }
        let others = first.succ_opt().unwrap_or(first).max(since.unwrap_or(recent));
        for date in others.iter_days().take_while(|date| *date <= last.min(until)) {
            days.entry(date).or_default().push(((date - first).num_days() + 1, change));
        }
    }
    if days.is_empty() {
        out::print_hint("no change runs on these days");
    }
    for (date, mut of_day) in days {
        of_day.sort_by_key(|(_, change)| (change.starts_at, change.id));
        let count = out::pluralize(u64::try_from(of_day.len()).unwrap_or(u64::MAX), "change");
        let heading = format!("{}  {count}", date.format("%a %Y-%m-%d"));
        out.styled_line(&StyledLine::new(heading, Style::Bold))?;
        for (number, change) in of_day {
            let [id, began, state, took, services, suspect_of, title] = listed(change);
            let time = match number {
                1 => began.chars().skip(11).take(5).collect(),
                number => format!("day {number}"),
            };
            let mut parts = vec![time, state.to_string(), title.to_string(), services.to_string()];
            if !took.is_empty() {
                parts.push(format!("took {took}"));
            }
            if !suspect_of.is_empty() {
                parts.push(format!("suspect of {suspect_of}"));
            }
            parts.push(id.to_string());
            out.line(format!("  {}", parts.join(" · ")))?;
        }
    }
    Ok(())
}

/// A change with the suspicions against it, as the list prints it in JSON.
#[derive(Serialize)]
struct ListedChange<'a> {
    #[serde(flatten)]
    change: &'a Change,
    #[serde(skip_serializing_if = "Option::is_none")]
    suspect_of: Option<&'a Suspicion>,
}

/// Reads the suspicions against the changes of the list. Without them the list is printed
/// nevertheless.
async fn read_suspicions(
    backend: &dyn Backend,
    args: &ListChanges,
    now: DateTime<Utc>,
) -> BTreeMap<ChangeId, Suspicion> {
    let search = ChangeSearch {
        since: args.since.map(|time| time.at(now)),
        until: args.until.map(|time| time.at(now)),
        service: args.service.clone(),
        limit: args.limit,
        after: None,
    };
    let read = backend.suspicions(&search).await.unwrap_or_default();
    read.into_iter().map(|suspicion| (suspicion.change, suspicion)).collect()
}

fn row(
    change: &Change,
    directory: &Directory,
    suspicion: Option<&Suspicion>,
    now: DateTime<Utc>,
) -> [SafeText<'static>; 7] {
    let id = change.id.to_string();
    let short = id.get(id.len().saturating_sub(SHORT_ID_CHARS)..).unwrap_or(&id).to_owned();
    let end = match change.state {
        ChangeState::Running if change.starts_at < now => Some(change.ends_at.unwrap_or(now)),
        _ => change.ends_at,
    };
    let took = end.map(|end| format_duration(end - change.starts_at)).unwrap_or_default();
    let services = change.services.iter().map(|name| directory.service_label(name));
    let services = services.collect::<Vec<_>>().join(", ");
    [
        short,
        change.starts_at.format("%Y-%m-%d %H:%M UTC").to_string(),
        state(change),
        took,
        services,
        suspicion.map(suspect_of).unwrap_or_default(),
        change.title.clone(),
    ]
    .map(|text| SafeText::from(text).into_owned())
}

/// Returns the numbers of the incidents of which a change is suspected, the newest first.
fn suspect_of(suspicion: &Suspicion) -> String {
    let named: Vec<String> = suspicion.incidents.iter().take(3).map(IncidentBrief::label).collect();
    let others = usize::try_from(suspicion.incident_count).unwrap_or(0).saturating_sub(named.len());
    let others = if others > 0 { format!(" +{others}") } else { String::new() };
    format!("{}{others}", named.join(", "))
}
