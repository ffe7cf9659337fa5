//! `declare`: reports and logs an incident.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::args::{AboutImpact, Declare};
use super::calendar::ZoneCalendar;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::session::{IfMissing, Session, resolve_person};
use super::{json, out};
use crate::model::bad_field::{BadField, FieldProblem};
use crate::model::command::Declaration;
use crate::model::declared_impact::{DeclaredImpact, holds_for_counted};
use crate::model::directory::Directory;
use crate::model::impact::{Affected, Reporter, parse_share};
use crate::model::naming::{resolve_people, unknown_names};
use crate::model::{Actor, IncidentCommand, IncidentId, PersonRef, Summary, check};
use crate::verbs::typed_time::{TimeError, parse_future, parse_past};

/// Declares the incident, assigns it if an owner is given, and prints its number.
pub async fn run(context: &mut Context, args: Declare) -> Result<(), Failure> {
    let now = Utc::now();
    let reported_at = args.reported_at.map_or(now, |time| time.at(now));
    let mut declaration = Declaration {
        alerts: None,
        title: args.title,
        services: args.services,
        impact: args.impact,
        urgency: args.urgency,
        category: args.category,
        source: args.source,
        symptoms: args.symptoms.unwrap_or_default(),
        detected_at: args.detected_at.map_or(reported_at, |time| time.at(now)),
        reported_at,
        team: args.team,
        labels: args.labels,
        dedup_key: args.dedup_key,
        runbook: args.runbook,
    };
    // Invalid arguments must not create a store.
    check::declaration(&declaration).map_err(|error| Failure::failed(error.to_string()))?;
    if let Some(owner) = &args.owner {
        check::name("owner", owner).map_err(|error| Failure::failed(error.to_string()))?;
    }
    let calendar = ZoneCalendar(context.config.panes.appearance.zone);
    let impact = declared_impact(args.about_impact, now, &calendar)?;
    let session = Session::open(&context.config, IfMissing::Create).await?;
    let directory = match session.connection.reader.read_directory().await {
        // The command is queued anyway, so it must not fail because the directory, which only
        // fills in missing fields, can't be fetched.
        Err(error) if error.is_temporary() && session.connection.remote.is_some() => {
            context.config.directory.clone()
        }
        read => read?.value,
    };
    declaration.fill_from_directory(&directory);
    let id = IncidentId::new();
    let impact = impact.into_commands(declaration.team.as_deref());
    let command = IncidentCommand::Declare(Box::new(declaration));
    let named = std::iter::once(&command).chain(&impact);
    let is_accepted = args.accept_unknown || session.is_program;
    if let Err(refused) = check_names(named, &directory, is_accepted) {
        session.connection.close().await;
        return Err(refused);
    }
    // Nothing is declared if the owner can't be assigned afterwards.
    if let Some(owner) = &args.owner
        && let Err(refused) = checked_owner(owner, &session.me, &directory)
    {
        session.connection.close().await;
        return Err(refused);
    }
    let assign = args.owner.as_ref().map(|owner| {
        let to = resolve_owner(owner, &session.me, &directory);
        IncidentCommand::Assign { to: Some(to) }
    });
    let others: Vec<IncidentCommand> = assign.into_iter().chain(impact).collect();
    let result = session.execute(id, command).await;
    let outcome = match result {
        Err(failure) if failure.exit == Exit::Queued => {
            return finish_queued(context, session, (id, others, args.json), failure).await;
        }
        result => result?,
    };
    let (id, grouped) = match outcome.incident {
        Some(open) => (open, open != id),
        None => (id, false),
    };
    let mut row = outcome.row;
    let mut completed = Ok(());
    let mut unfinished = "assigned";
    for command in others {
        let is_assignment = matches!(command, IncidentCommand::Assign { .. });
        if grouped && !is_assignment && !holds_for_counted(&command) {
            continue;
        }
        match session.execute(id, command).await {
            Ok(outcome) => row = outcome.row.or(row),
            Err(failure) if completed.is_ok() => {
                unfinished = if is_assignment { "assigned" } else { "described in full" };
                completed = Err(failure);
            }
            Err(_) => {}
        }
    }
    let label = row.as_ref().map_or_else(|| id.to_string(), Summary::label);
    context.out.record_done(match (grouped, &completed) {
        (true, _) => format!("{label} has counted it as one more alert"),
        (false, Ok(())) => format!("{label} is declared"),
        (false, Err(failure)) => {
            format!("{label} is declared but not {unfinished} ({})", failure.message)
        }
    });
    print_declared(context, args.json, row.as_ref(), &label)?;
    if grouped {
        out::print_hint(format!(
            "{label} is open with this dedup key: counted there as one more alert"
        ));
    }
    session.connection.close().await;
    let lacks = format!("{label} is declared but not {unfinished}");
    completed.map_err(|failure| failure.with_prefix(&lacks))
}

/// Finishes a declaration that is queued: queues the other given fields too and prints the id.
///
/// The incident has no number yet. Its id is used instead, also in further commands.
async fn finish_queued(
    context: &mut Context,
    session: Session,
    (id, others, as_json): (IncidentId, Vec<IncidentCommand>, bool),
    failure: Failure,
) -> Result<(), Failure> {
    for command in others {
        match session.execute(id, command).await {
            Err(failure) if failure.exit != Exit::Queued => return Err(failure),
            _ => {}
        }
    }
    context.out.record_done(format!("incident {id} is kept in the outbox and will be sent"));
    if as_json {
        let read = session.connection.reader.read_detail(id).await;
        json::print(&mut context.out, &read.ok().map(|read| read.value.incident.summary))?;
    } else {
        context.out.line(id.to_string())?;
    }
    context.out.flush()?;
    session.connection.close().await;
    Err(failure)
}

/// Reads and checks the given fields about the impact.
fn declared_impact(
    args: AboutImpact,
    now: DateTime<Utc>,
    calendar: &ZoneCalendar,
) -> Result<DeclaredImpact, Failure> {
    let wrong = |error: BadField| Failure::failed(error.to_string());
    let wrong_time = |field: &str, error: &TimeError| Failure::failed(format!("{field}: {error}"));
    let began = args.began.map(|text| parse_past(&text, now, calendar)).transpose();
    let recovery = args.recovery.map(|text| parse_future(&text, now, calendar)).transpose();
    let share = args.share.map(|text| {
        parse_share(&text).ok_or_else(|| wrong(BadField::new("share", FieldProblem::NotAShare)))
    });
    let trimmed = |text: String| text.trim().to_owned();
    let impact = DeclaredImpact {
        began_at: began.map_err(|error| wrong_time("began", &error))?,
        affected: Affected {
            users: args.users,
            share: share.transpose()?,
            regions: args.regions,
            customers: args.customers,
        },
        expected_recovery: recovery.map_err(|error| wrong_time("recovery", &error))?,
        reporter: args.reporter.map(|name| Reporter {
            id: Uuid::now_v7(),
            name: trimmed(name),
            contact: args.contact.map(trimmed),
            ticket: args.ticket.map(trimmed),
            redacted: false,
        }),
        teams: args.involved_teams,
    };
    impact.check(now).map_err(wrong)?;
    Ok(impact)
}

/// Refuses services and teams that the directory does not have, unless they are accepted
/// explicitly.
fn check_names<'a>(
    commands: impl Iterator<Item = &'a IncidentCommand>,
    directory: &Directory,
    is_accepted: bool,
) -> Result<(), Failure> {
    let mut unknown = commands.flat_map(|command| unknown_names(command, directory));
    match unknown.next() {
        Some(unknown) if is_accepted => {
            out::print_hint(format!("{unknown}: it is marked as unknown"));
            Ok(())
        }
        Some(unknown) => Err(Failure::failed(format!(
            "{unknown}: name one of the directory, or add --accept-unknown if it is meant"
        ))),
        None => Ok(()),
    }
}

/// Refuses an owner who is not in the directory.
fn checked_owner(owner: &str, me: &PersonRef, directory: &Directory) -> Result<(), Failure> {
    let to = Some(resolve_owner(owner, me, directory));
    let mut assign = IncidentCommand::Assign { to };
    resolve_people(&mut assign, directory, &Actor::Person(me.clone()), None)
        .map_err(|error| Failure::failed(BadField::new("owner", error.problem).to_string()))
}

fn resolve_owner(owner: &str, me: &PersonRef, directory: &Directory) -> PersonRef {
    if owner.eq_ignore_ascii_case("me") { me.clone() } else { resolve_person(owner, directory) }
}

/// Prints the row of an incident as JSON, or its number.
fn print_declared(
    context: &mut Context,
    is_json: bool,
    row: Option<&Summary>,
    label: &str,
) -> Result<(), Failure> {
    if is_json {
        json::print(&mut context.out, &row)?;
    } else {
        context.out.line(label)?;
    }
    context.out.flush()
}
