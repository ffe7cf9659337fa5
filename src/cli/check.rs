//! `check`: problems that would prevent an incident from reaching somebody, and the people whom one
//! would reach.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::args::check::Check;
use super::contact;
use super::context::Context;
use super::dry_run;
use super::failure::{Exit, Failure};
use super::ingest::count_dead_letters;
use super::json;
use super::out::{self, Style, StyledLine};
use super::session::{IfMissing, open, read_directory};
use crate::backend::Search;
use crate::config::Config;
use crate::model::Priority;
use crate::model::directory::Directory;
use crate::model::filter::Filter;
use crate::model::queue::Sort;
use crate::model::readiness::{
    Finding, Purpose, callable_people, findings, of_contacts, of_heartbeats, of_missing_channels,
    of_reports, of_requests, of_roles, of_server_tests,
};
use crate::model::signals::{Heartbeat, SignalSettings, expected_heartbeats};
use crate::model::text::sanitize;

/// The maximum number of open incidents in which requests for roles are searched.
const MAX_INCIDENTS: u32 = 50;

/// A finding, as `--json` prints it.
#[derive(Serialize)]
struct FindingJson<'a> {
    kind: &'a str,
    is_note: bool,
    text: &'a str,
}

/// A finding in its printed form.
struct Line {
    kind: &'static str,
    is_note: bool,
    text: String,
}

/// Runs `check`.
pub async fn run(context: &mut Context, args: &Check) -> Result<(), Failure> {
    let (directory, now) = directory_and_time(&context.config).await?;
    // A server that is older has no contacts, and one that can't be reached was read from the cache.
    let people = match contact::read_people(&context.config).await {
        Ok(people) => Some(people),
        Err(_) if context.config.location.remote().is_some() => None,
        Err(failure) => return Err(failure),
    };
    if let Some(service) = &args.service {
        let out = &mut context.out;
        let people = people.unwrap_or_default();
        return dry_run::run(out, &people, &directory, (service, args.priority, now), args.json);
    }
    let until = now.checked_add_signed(TimeDelta::days(args.days.into())).unwrap_or(now);
    let mut found = findings(&directory, now, until);
    let is_remote = context.config.location.remote().is_some();
    // Heartbeats and stakeholders of an API are in the settings of its server.
    let signals =
        if is_remote { SignalSettings::default() } else { context.config.signals.clone() };
    // Those that other programs have defined are watched, too.
    let stored = if is_remote { Vec::new() } else { stored_heartbeats(&context.config).await };
    let heartbeats = expected_heartbeats(&signals.heartbeats, &stored);
    found.extend(of_heartbeats(&directory, &heartbeats, now));
    let tests = (signals.self_test.as_ref(), signals.watches.as_slice());
    found.extend(of_server_tests(&directory, tests, now));
    if let Some(people) = &people {
        found.extend(of_contacts(&directory, &signals.stakeholders, people));
    }
    if !is_remote {
        let reports = &context.config.publishing.reports;
        found.extend(of_reports(reports, &signals.stakeholders, people.as_deref()));
    }
    if let Some(people) = &people {
        let called = callable_people(&directory);
        found.extend(of_missing_channels(people, |handle| {
            called.iter().any(|person| person.handle.eq_ignore_ascii_case(handle))
        }));
    }
    found.extend(of_requests(&directory, now));
    found.extend(unanswered_roles(&context.config, now).await);
    let mut lines: Vec<Line> = found.iter().map(line).collect();
    lines.extend(dead_letter_line(&context.config).await);
    let problems = lines.iter().filter(|line| !line.is_note).count();
    for Line { kind, is_note, text } in &lines {
        if args.json {
            json::print(&mut context.out, &FindingJson { kind, is_note: *is_note, text })?;
        } else if *is_note {
            context.out.styled_line(&StyledLine::new(format!("note: {text}"), Style::Dim))?;
        } else {
            context.out.styled_line(&StyledLine::new(text.as_str(), Style::Alarm))?;
        }
    }
    if is_remote {
        let what = match people {
            Some(_) => "heartbeats, self-tests, watched servers, stakeholders and reports are",
            None => {
                "contacts, heartbeats, self-tests, watched servers, stakeholders and reports are"
            }
        };
        out::print_hint(format!("{what} checked on the server alone: run this there as well"));
    }
    if problems > 0 {
        let problems = u64::try_from(problems).unwrap_or(u64::MAX);
        let counted = out::pluralize(problems, "problem");
        return Err(Failure::failed(format!("{counted} would keep an incident from somebody")));
    }
    if !args.json {
        context.out.line("nothing would keep an incident from reaching somebody")?;
    }
    Ok(())
}

/// Returns a note about messages of alerts that could not be understood, if there are any.
async fn dead_letter_line(config: &Config) -> Option<Line> {
    let count = count_dead_letters(config).await;
    let messages = out::pluralize(count, "message");
    (count > 0).then(|| Line {
        kind: "dead_letters",
        is_note: true,
        text: format!(
            "{messages} of alerts could not be understood: `redphone ingest dead` lists them"
        ),
    })
}

/// Reads the heartbeats of the store. Read errors are ignored: a missing store is no problem of this kind.
async fn stored_heartbeats(config: &Config) -> Vec<Heartbeat> {
    let Ok(connection) = open(config, IfMissing::Refuse).await else { return Vec::new() };
    let stored = connection.backend.heartbeats().await;
    connection.close().await;
    stored.unwrap_or_default()
}

/// Reads the directory, and the time by the clock of the backend. Without a store the directory is
/// that of the settings.
async fn directory_and_time(config: &Config) -> Result<(Directory, DateTime<Utc>), Failure> {
    match read_directory(config).await {
        Err(failure) if failure.exit == Exit::NotFound && config.location.remote().is_none() => {
            Ok((config.directory.clone(), Utc::now()))
        }
        read => read,
    }
}

/// Returns the unanswered requests for a role in the most urgent of the open incidents. Read errors
/// are ignored: a missing store is no problem of this kind.
async fn unanswered_roles(config: &Config, now: DateTime<Utc>) -> Vec<Finding> {
    let Ok(connection) = open(config, IfMissing::Refuse).await else { return Vec::new() };
    let search = Search {
        filter: Filter::default(),
        me: None,
        sort: Sort::Urgent,
        limit: MAX_INCIDENTS,
        after: None,
        now,
    };
    let mut found = Vec::new();
    if let Ok(page) = connection.reader.read_page(&search).await {
        for row in page.value.rows {
            if let Ok(detail) = connection.reader.read_detail(row.id).await {
                found.extend(of_roles(&detail.value.incident, now));
            }
        }
    }
    connection.close().await;
    found
}

/// Returns a finding as a sentence.
fn line(finding: &Finding) -> Line {
    let text = match finding {
        Finding::Gap { team, from, to } => {
            format!("nobody is on call for {team} from {} to {}", minute(*from), minute(*to))
        }
        Finding::UnreachableLevel { policy, level, reasons } if reasons.is_empty() => {
            format!("level {level} of the policy {policy} has nobody to call")
        }
        Finding::UnreachableLevel { policy, level, reasons } => {
            let reasons: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            let reasons = reasons.join(", and ");
            format!("level {level} of the policy {policy} calls nobody now: {reasons}")
        }
        Finding::EmptyPolicy { policy } => format!("the policy {policy} has no levels"),
        Finding::NoPolicies => {
            "there are no policies, so that no incident would call anybody: see `redphone policies`"
                .to_owned()
        }
        Finding::NoPolicy { service, priorities } if priorities.len() == Priority::ALL.len() => {
            format!("incidents of {service} follow no policy")
        }
        Finding::NoPolicy { service, priorities } => {
            let priorities: Vec<String> = priorities.iter().map(ToString::to_string).collect();
            format!("incidents of {service} with {} follow no policy", priorities.join(", "))
        }
        Finding::UnknownZone { schedule, zone, error } => {
            let zone = sanitize(zone);
            format!("the zone {zone:?} of the schedule {schedule} {error}; it is read as UTC")
        }
        Finding::HeartbeatWithoutPolicy { heartbeat, priority } => format!(
            "the silence of the heartbeat {heartbeat} is an incident with {priority} that follows no policy"
        ),
        Finding::HeartbeatOfUnknownService { heartbeat, service } => {
            let service = sanitize(service);
            format!("the heartbeat {heartbeat} names the service {service:?}, which does not exist")
        }
        Finding::ServerTestWithoutPolicy { test, priority } => {
            format!("{test} is an incident with {priority} that follows no policy")
        }
        Finding::ServerTestOfUnknownService { test, service } => {
            let service = sanitize(service);
            format!("the settings name the service {service:?} for {test}, and it does not exist")
        }
        Finding::NoContact { person, purpose: Purpose::Call } => {
            format!("{person} may be called and has no contact")
        }
        Finding::NoContact { person, purpose: Purpose::Updates } => {
            format!("{person} is a stakeholder and has no contact")
        }
        Finding::UnusableContact { person, contact, problem } => {
            let contact = sanitize(contact);
            format!("the contact {contact:?} of {person}: {problem}")
        }
        Finding::NoRule { person, urgent } => {
            let which = if *urgent { "urgent" } else { "other" };
            format!("no rule of {person} is for {which} incidents")
        }
        Finding::UnreachableStakeholder { person } => {
            format!("{person} is a stakeholder, and no contact of {person} works")
        }
        Finding::OldCalendar { schedule, source, as_of, error } => {
            let since = as_of.map_or_else(
                || "was never read".to_owned(),
                |at| format!("was last read {} and goes on counting as it was then", minute(at)),
            );
            let why = error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
            format!("the calendar of the schedule {schedule} at {source} {since}{why}")
        }
        Finding::CalendarProblem { schedule, problem } => {
            format!("the calendar of the schedule {schedule}: {problem}")
        }
        Finding::UnreachedReport { report, person: None } => {
            format!("the report {report} is for nobody: add people or a directory")
        }
        Finding::UnreachedReport { report, person: Some(person) } => {
            format!("the report {report} does not reach {person}: no contact works")
        }
        Finding::UnansweredCover { schedule, person, from, to, is_swap } => {
            let what = if *is_swap { "the swap" } else { "cover" };
            let (from, to) = (minute(*from), minute(*to));
            format!(
                "nobody has accepted {what} that {person} wants on {schedule} from {from} to {to}"
            )
        }
        Finding::UnansweredRole { incident, role, person, at } => {
            let at = minute(*at);
            format!("{person} was asked on {at} to be {role} of {incident} and has not answered")
        }
        Finding::EndlessMaintenance { window, title } => {
            format!("the maintenance window {window} comes again without an end: {title}")
        }
        Finding::MissingChannel { person, contact, channel } => {
            let (contact, channel) = (sanitize(contact), sanitize(channel));
            format!("the contact {contact:?} of {person} is over {channel:?}, which is no channel")
        }
        Finding::EndsNowhere { policy } => {
            format!("the policy {policy} ends after its last level, and is not repeated")
        }
    };
    Line { kind: finding.kind(), is_note: finding.is_note(), text }
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%a %Y-%m-%d %H:%M").to_string()
}
