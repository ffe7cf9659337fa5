//! `override` and `take`: overrides on an on-call schedule.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::args::overrides::{
    AddOverride, ListOverrides, OverrideCommand, RemoveOverride, StandIn,
};
use super::columns::print_columns;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::json;
use super::out;
use super::session::{BackendConnection, IfMissing, Session, read_directory};
use crate::backend::AdministrationRequest;
use crate::model::administration::{
    AdministrationChange, AdministrationRefusal, EntryKind, EntryRef,
};
use crate::model::directory::{Directory, TeamOverride};
use crate::model::nearest::nearest;
use crate::model::oncall::{Override, Schedule};
use crate::model::text::{SafeText, sanitize};
use crate::model::{Actor, PersonRef};

/// An override, as `list --json` prints it.
#[derive(Serialize)]
struct OverrideJson<'a> {
    schedule: &'a str,
    person: &'a str,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    covers: Option<&'a str>,
}

/// Runs the subcommands of `override`.
pub async fn run(context: &mut Context, about: OverrideCommand) -> Result<(), Failure> {
    match about {
        OverrideCommand::List(args) => list(context, &args).await,
        OverrideCommand::Add(args) => add(context, args).await,
        OverrideCommand::Remove(args) => remove(context, &args).await,
    }
}

async fn list(context: &mut Context, args: &ListOverrides) -> Result<(), Failure> {
    let (directory, now) = read_directory(&context.config).await?;
    let mut schedules: Vec<&Schedule> = directory.schedules.iter().collect();
    if !args.schedules.is_empty() {
        schedules = args
            .schedules
            .iter()
            .map(|name| find_schedule(&directory, name))
            .collect::<Result<_, Failure>>()?;
    }
    let spans: Vec<(&Schedule, &Override)> = schedules
        .iter()
        .flat_map(|schedule| schedule.overrides.iter().map(|span| (*schedule, span)))
        .filter(|(_, span)| span.to > now)
        .collect();
    if args.json {
        return spans.iter().try_for_each(|(schedule, span)| {
            let span = OverrideJson {
                schedule: schedule.key(),
                person: &span.person,
                from: span.from,
                to: span.to,
                covers: span.covers.as_deref(),
            };
            json::print(&mut context.out, &span)
        });
    }
    if spans.is_empty() {
        out::print_hint("nobody stands in, now or later");
        return Ok(());
    }
    let text = |text: &str| SafeText::from(text.to_owned()).into_owned();
    let rows = spans.iter().map(|(schedule, span)| {
        [
            text(schedule.key()),
            text(&span.person),
            text(&minute(span.from)),
            text(&minute(span.to)),
            text(span.covers.as_deref().unwrap_or("-")),
        ]
    });
    print_columns(&mut context.out, ["SCHEDULE", "PERSON", "FROM", "UNTIL", "FOR"], rows)
}

async fn add(context: &mut Context, args: AddOverride) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let directory = session.connection.backend.directory().await?;
    let schedule = find_schedule(&directory, &args.schedule)?;
    let from = args.from.unwrap_or_else(|| session.connection.backend_now());
    let Some(to) = args.end.after(from) else {
        return Err(Failure::usage("say when it ends: give --for such as 4h, or --until"));
    };
    let covers = args.covers.map(|handle| handle.trim_start_matches('@').to_owned());
    let span = Override {
        person: handle(&args.person, &session.me),
        from,
        to,
        covers: covers.or_else(|| schedule.on_call(from).map(str::to_owned)),
    };
    stand_in(context, session, schedule.key(), span, args.json).await
}

/// Puts the acting person on call, immediately.
pub async fn stand_in_now(context: &mut Context, args: StandIn) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let directory = session.connection.backend.directory().await?;
    let schedule = match &args.schedule {
        Some(name) => find_schedule(&directory, name)?,
        None => own_schedule(&directory, &session.me.handle)?,
    };
    let from = session.connection.backend_now();
    let end = args.end.after(from).or_else(|| schedule.next_change(from));
    let Some(to) = end else {
        return Err(Failure::usage(format!(
            "the schedule {:?} never changes: say with --for or --until when you give it back",
            sanitize(schedule.key())
        )));
    };
    let person_at = |at| schedule.on_call(at).map(str::to_owned);
    let me = session.me.handle.clone();
    let mut span = Override { person: me.clone(), from, to, covers: person_at(from) };
    let is_own = span.covers.as_deref() == Some(me.as_str());
    if is_own {
        // A person who is on call already stands in from the end of the own turn on.
        span.from = schedule.spans_of(&me, from, to).first().map_or(to, |own| own.to);
        span.covers = person_at(span.from);
    }
    if is_own && span.from >= to {
        let text = format!("{me} is on call for {} already", schedule.key());
        session.connection.close().await;
        context.out.record_done(text.clone());
        return context.out.line(text);
    }
    stand_in(context, session, schedule.key(), span, args.json).await
}

async fn stand_in(
    context: &mut Context,
    session: Session,
    schedule: &str,
    span: Override,
    as_json: bool,
) -> Result<(), Failure> {
    let until = minute(span.to);
    let text = match &span.covers {
        Some(covered) if *covered != span.person => {
            format!("{} stands in for {covered} on {schedule} until {until}", span.person)
        }
        _ => format!("{} is on call for {schedule} until {until}", span.person),
    };
    let change =
        AdministrationChange::AddOverride(TeamOverride { team: schedule.to_owned(), span });
    carry_out(context, session.connection, session.me, change, (text, as_json)).await
}

async fn remove(context: &mut Context, args: &RemoveOverride) -> Result<(), Failure> {
    let session = Session::open(&context.config, IfMissing::Refuse).await?;
    let directory = session.connection.backend.directory().await?;
    let schedule = find_schedule(&directory, &args.schedule)?;
    let person = handle(&args.person, &session.me);
    let now = session.connection.backend_now();
    let spans: Vec<&Override> = schedule
        .overrides
        .iter()
        .filter(|span| span.person == person && span.to > now)
        .filter(|span| args.from.is_none_or(|from| span.from == from))
        .collect();
    let name = schedule.key();
    let (person, shown) = (sanitize(&person), sanitize(name));
    let span = match spans[..] {
        [span] => span.clone(),
        // Of several that begin at the same time the last one counts.
        [.., last] if args.from.is_some() => last.clone(),
        [] => {
            return Err(Failure::new(
                Exit::NotFound,
                format!(
                    "{person} does not stand in on {shown}, now or later: `redphone override list` \
                     has all who do"
                ),
            ));
        }
        _ => {
            let starts: Vec<String> = spans.iter().map(|span| span.from.to_rfc3339()).collect();
            return Err(Failure::usage(format!(
                "{person} stands in on {shown} {} times: say which with --from: {}",
                spans.len(),
                starts.join(", ")
            )));
        }
    };
    let text = if spans.len() == 1 {
        format!("{person} does not stand in on {shown} any more")
    } else {
        let (from, to) = (minute(span.from), minute(span.to));
        format!("{person} does not stand in on {shown} from {from} to {to} any more")
    };
    let change = AdministrationChange::RemoveOverride(TeamOverride { team: name.to_owned(), span });
    carry_out(context, session.connection, session.me, change, (text, args.json)).await
}

/// Carries out a change and prints the result.
pub(super) async fn carry_out(
    context: &mut Context,
    connection: BackendConnection,
    me: PersonRef,
    change: AdministrationChange,
    (text, as_json): (String, bool),
) -> Result<(), Failure> {
    let request = AdministrationRequest::new(Actor::Person(me), change, Utc::now());
    let outcome = connection.backend.administer(&request).await;
    connection.close().await;
    let outcome = outcome?;
    context.out.record_done(text.clone());
    if as_json {
        return json::print(&mut context.out, &outcome);
    }
    context.out.line(text)
}

/// Returns the schedule with a name, or that of a team.
pub(super) fn find_schedule<'a>(
    directory: &'a Directory,
    name: &str,
) -> Result<&'a Schedule, Failure> {
    let found = directory.schedule(name).or_else(|| directory.schedule_of(name));
    found.ok_or_else(|| {
        let names = directory.schedules.iter().map(Schedule::key);
        let nearest = nearest(name, names).map(str::to_owned);
        let entry = EntryRef::new(EntryKind::Schedule, name);
        let refusal = AdministrationRefusal::NoSuchEntry { entry, nearest };
        Failure::new(Exit::NotFound, refusal.to_string())
    })
}

/// Returns the only schedule that has a person, or the only existing one.
pub(super) fn own_schedule<'a>(
    directory: &'a Directory,
    handle: &str,
) -> Result<&'a Schedule, Failure> {
    let all: Vec<&Schedule> = directory.schedules.iter().collect();
    let own: Vec<&Schedule> =
        all.iter().filter(|schedule| schedule.people().contains(&handle)).copied().collect();
    match (&own[..], &all[..]) {
        ([schedule], _) | ([], [schedule]) => Ok(schedule),
        ([], []) => Err(Failure::new(Exit::NotFound, "there is no on-call schedule")),
        (own, all) => {
            let choices = if own.is_empty() { all } else { own };
            let names: Vec<&str> = choices.iter().map(|schedule| schedule.key()).collect();
            Err(Failure::usage(format!("say which schedule: {}", names.join(", "))))
        }
    }
}

/// Returns a typed handle, or that of the acting person.
fn handle(typed: &str, me: &PersonRef) -> String {
    match typed.trim_start_matches('@') {
        "me" => me.handle.clone(),
        handle => handle.to_owned(),
    }
}

/// Returns a time as commands about shifts print it.
pub(super) fn minute(at: DateTime<Utc>) -> String {
    at.format("%a %Y-%m-%d %H:%M UTC").to_string()
}
