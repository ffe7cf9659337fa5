//! `check`: what would keep an incident from reaching somebody, and who would be told of one.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::args::check::Check;
use super::contact;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::ingest::count_dead_letters;
use super::json;
use super::out::{self, Out, Style, StyledLine};
use super::session::read_directory;
use crate::config::Config;
use crate::model::directory::Directory;
use crate::model::escalation::{self, Reached, Step};
use crate::model::naming::nearest;
use crate::model::notification::{Contacts, PersonReach};
use crate::model::readiness::{
    Finding, Purpose, findings, of_contacts, of_heartbeats, of_reports, supposed_incident,
};
use crate::model::signals::SignalSettings;
use crate::model::text::{SafeText, sanitize};
use crate::model::time::format_duration;
use crate::model::{PersonRef, Priority};

/// A finding, as `--json` prints it.
#[derive(Serialize)]
struct FindingJson<'a> {
    kind: &'a str,
    is_note: bool,
    text: &'a str,
}

/// A contact that would be used, or a target that reaches nobody, as `--json` prints it.
#[derive(Clone, Serialize)]
struct StepJson<'a> {
    at: DateTime<Utc>,
    level: u8,
    round: u16,
    person: Option<&'a str>,
    contact: Option<&'a str>,
    channel: Option<&'a str>,
    nobody: Option<String>,
}

/// A finding as it is printed.
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
        return dry_run(out, &people, &directory, (service, args.priority, now), args.json);
    }
    let until = now.checked_add_signed(TimeDelta::days(args.days.into())).unwrap_or(now);
    let mut found = findings(&directory, now, until);
    let is_remote = context.config.location.remote().is_some();
    // Heartbeats and stakeholders of an API stand in the settings of its server.
    let signals =
        if is_remote { SignalSettings::default() } else { context.config.signals.clone() };
    found.extend(of_heartbeats(&directory, &signals.heartbeats, now));
    if let Some(people) = &people {
        found.extend(of_contacts(&directory, &signals.stakeholders, people));
    }
    if !is_remote {
        let reports = &context.config.publishing.reports;
        found.extend(of_reports(reports, &signals.stakeholders, people.as_deref()));
    }
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
            Some(_) => "heartbeats, stakeholders and reports are",
            None => "contacts, heartbeats, stakeholders and reports are",
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

/// Returns a note about messages of alerts that could not be understood, if there are some.
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

/// Reads the directory, and the time by the clock of the backend. Before there is a store it is that
/// of the settings.
async fn directory_and_time(config: &Config) -> Result<(Directory, DateTime<Utc>), Failure> {
    match read_directory(config).await {
        Err(failure) if failure.exit == Exit::NotFound && config.location.remote().is_none() => {
            Ok((config.directory.clone(), Utc::now()))
        }
        read => read,
    }
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
        Finding::NoPolicy { service, priorities } if priorities.len() == Priority::ALL.len() => {
            format!("incidents of {service} follow no policy")
        }
        Finding::NoPolicy { service, priorities } => {
            let priorities: Vec<String> = priorities.iter().map(ToString::to_string).collect();
            format!("incidents of {service} with {} follow no policy", priorities.join(", "))
        }
        Finding::UnknownZone { schedule, zone, error } => {
            format!("the zone {zone:?} of the schedule {schedule} {error}; it is read as UTC")
        }
        Finding::HeartbeatWithoutPolicy { heartbeat, priority } => format!(
            "the silence of the heartbeat {heartbeat} is an incident with {priority} that follows no policy"
        ),
        Finding::HeartbeatOfUnknownService { heartbeat, service } => {
            format!("the heartbeat {heartbeat} names the service {service:?}, which does not exist")
        }
        Finding::NoContact { person, purpose: Purpose::Call } => {
            format!("{person} may be called and has no contact")
        }
        Finding::NoContact { person, purpose: Purpose::Updates } => {
            format!("{person} is a stakeholder and has no contact")
        }
        Finding::UnusableContact { person, contact, problem } => {
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
        Finding::EndsNowhere { policy } => {
            format!("the policy {policy} ends after its last level, and is not repeated")
        }
    };
    Line { kind: finding.kind(), is_note: finding.is_note(), text }
}

/// Prints who would be told of an incident of a service, step by step.
fn dry_run(
    out: &mut Out,
    people: &[PersonReach],
    directory: &Directory,
    (service, priority, now): (&str, Priority, DateTime<Utc>),
    as_json: bool,
) -> Result<(), Failure> {
    if directory.service(service).is_none() {
        let names = directory.services.iter().map(|service| service.name.as_str());
        let hint = nearest(service, names).map(|name| format!(": did you mean {name:?}?"));
        let (service, hint) = (sanitize(service), hint.unwrap_or_default());
        return Err(Failure::new(Exit::NotFound, format!("there is no service {service:?}{hint}")));
    }
    let incident = supposed_incident(directory, service, priority, now);
    let steps = escalation::path(&incident, directory);
    if steps.is_empty() {
        let service = sanitize(service);
        return Err(Failure::failed(format!(
            "nobody would be called: {priority} incidents of {service} follow no policy"
        )));
    }
    for step in &steps {
        if as_json {
            step_json(out, people, step, priority)?;
        } else {
            print_step(out, people, step, (priority, now))?;
        }
    }
    if steps.iter().all(|step| step.people().is_empty()) {
        return Err(Failure::failed("nobody would be called"));
    }
    Ok(())
}

/// A contact that a step uses, with the time.
struct Used<'a> {
    at: DateTime<Utc>,
    contact: &'a str,
    channel: &'a str,
}

/// Returns the contacts of a person that a step uses, in the order of their times.
fn used_contacts<'a>(
    people: &'a [PersonReach],
    person: &PersonRef,
    priority: Priority,
    at: DateTime<Utc>,
) -> Vec<Used<'a>> {
    let reach = people.iter().find(|other| other.person.eq_ignore_ascii_case(&person.handle));
    let contacts = reach.into_iter().flat_map(|reach| &reach.contacts);
    let mut used: Vec<Used<'a>> = contacts
        .flat_map(|contact| {
            let is_urgent = Contacts::is_urgent(priority);
            let waits = if is_urgent { &contact.urgent_after_s } else { &contact.rest_after_s };
            waits.iter().map(move |after_s| {
                let wait = TimeDelta::try_seconds(*after_s).unwrap_or_default();
                let at = at.checked_add_signed(wait).unwrap_or(at);
                Used { at, contact: &contact.contact, channel: &contact.channel }
            })
        })
        .collect();
    used.sort_by_key(|used| used.at);
    used
}

fn print_step(
    out: &mut Out,
    people: &[PersonReach],
    step: &Step,
    (priority, now): (Priority, DateTime<Utc>),
) -> Result<(), Failure> {
    let wait = step.due - now;
    let when = if wait.is_zero() { "at once".to_owned() } else { format_duration(wait) };
    let round = if step.round > 1 { format!(", round {}", step.round) } else { String::new() };
    let level = if step.is_end { "the end".to_owned() } else { format!("level {}", step.level) };
    out.styled_line(&StyledLine::new(format!("{level}{round}, {when}"), Style::Bold))?;
    for reached in &step.reached {
        match reached {
            Reached::Person(person) => {
                let used = used_contacts(people, person, priority, step.due);
                let mut line = StyledLine::new(format!("  {}", person.name), Style::Plain);
                if used.is_empty() {
                    line.push("  no contact", Style::Alarm);
                }
                let texts: Vec<String> = used
                    .iter()
                    .map(|Used { at, contact, channel }| {
                        let wait = *at - step.due;
                        let after = if wait.is_zero() {
                            String::new()
                        } else {
                            format!(" after {}", format_duration(wait))
                        };
                        format!("{contact} ({channel}){after}")
                    })
                    .collect();
                line.push(format!("  {}", texts.join(", ")), Style::Dim);
                out.styled_line(&line)?;
            }
            Reached::Nobody { reason, .. } => {
                let text = format!("  nobody: {reason}");
                out.styled_line(&StyledLine::new(SafeText::from(text), Style::Alarm))?;
            }
        }
    }
    Ok(())
}

fn step_json(
    out: &mut Out,
    people: &[PersonReach],
    step: &Step,
    priority: Priority,
) -> Result<(), Failure> {
    let (level, round) = (step.level, step.round);
    let line = StepJson {
        at: step.due,
        level,
        round,
        person: None,
        contact: None,
        channel: None,
        nobody: None,
    };
    for reached in &step.reached {
        match reached {
            Reached::Person(person) => {
                let used = used_contacts(people, person, priority, step.due);
                let person = Some(person.handle.as_str());
                if used.is_empty() {
                    let nobody = Some("no contact".to_owned());
                    json::print(out, &StepJson { person, nobody, ..line.clone() })?;
                }
                for Used { at, contact, channel } in used {
                    let (contact, channel) = (Some(contact), Some(channel));
                    json::print(out, &StepJson { at, person, contact, channel, ..line.clone() })?;
                }
            }
            Reached::Nobody { reason, .. } => {
                let nobody = Some(reason.to_string());
                json::print(out, &StepJson { nobody, ..line.clone() })?;
            }
        }
    }
    Ok(())
}

fn minute(at: DateTime<Utc>) -> String {
    at.format("%a %Y-%m-%d %H:%M").to_string()
}
