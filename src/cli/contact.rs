//! `contact`: lists how people are reached, and tries it out.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde::Serialize;
use uuid::Uuid;

use super::args::{ContactCommand, ListContacts, TestContacts};
use super::channels::channels;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::json;
use super::out::{self, Style, StyledLine};
use crate::config::{Config, suggestion};
use crate::model::notification::{Contact, ContactRule, MessageKind, PersonContacts};
use crate::model::text::{SafeText, pad, width};
use crate::model::time::format_duration;
use crate::outbound::{Channels, OutboundMessage, Receipt, SendError};

/// The greatest width of a column.
const MAX_COLUMN: usize = 24;

/// Runs the subcommands of `contact`.
pub async fn run(context: &mut Context, about: ContactCommand) -> Result<(), Failure> {
    match about {
        ContactCommand::List(args) => list(context, &args),
        ContactCommand::Test(args) => test(context, &args).await,
    }
}

/// A contact as `list --json` prints it.
#[derive(Serialize)]
struct ContactJson<'a> {
    person: &'a str,
    contact: &'a str,
    channel: &'a str,
    kind: Option<&'static str>,
    address: &'a str,
    urgent_after_s: Vec<i64>,
    rest_after_s: Vec<i64>,
    problem: Option<String>,
}

/// The result of a test as `test --json` prints it.
#[derive(Serialize)]
struct TestJson<'a> {
    person: &'a str,
    contact: &'a str,
    channel: &'a str,
    outcome: &'static str,
    provider_id: Option<&'a str>,
    answer: Option<&'a str>,
    reason: Option<String>,
    retry_after_s: Option<f64>,
}

fn list(context: &mut Context, args: &ListContacts) -> Result<(), Failure> {
    let channels = channels(&context.config.outbound)?;
    let people: Vec<&PersonContacts> = match &args.person {
        Some(handle) => vec![person(&context.config, handle)?],
        None => context.config.outbound.contacts.people.iter().collect(),
    };
    if people.is_empty() {
        out::print_hint("nobody has contacts: add [[contacts]] to the settings file");
        return Ok(());
    }
    let out = &mut context.out;
    for person in people {
        if !args.json {
            let quiet = person.quiet.as_ref().map_or_else(String::new, |quiet| {
                let zone = quiet.zone.as_deref().map(|zone| format!(" {zone}")).unwrap_or_default();
                format!(
                    "  quiet {} to {}{zone}",
                    quiet.from.format("%H:%M"),
                    quiet.to.format("%H:%M")
                )
            });
            let line = StyledLine::new(person.person.as_str(), Style::Bold).with(quiet, Style::Dim);
            out.styled_line(&line)?;
        }
        for contact in &person.contacts {
            let problem = problem(&channels, contact);
            let urgent = waits(person, contact, &person.urgent);
            let rest = waits(person, contact, &person.rest);
            let kind = channels.get(&contact.channel).map(|channel| channel.kind().as_str());
            if args.json {
                let contact = ContactJson {
                    person: &person.person,
                    contact: &contact.name,
                    channel: &contact.channel,
                    kind,
                    address: &contact.address,
                    urgent_after_s: urgent,
                    rest_after_s: rest,
                    problem,
                };
                json::print(out, &contact)?;
                continue;
            }
            let lead = format!(
                "  {}  {}  ",
                column(&contact.name, &person.contacts, |contact| &contact.name),
                column(&contact.channel, &person.contacts, |contact| &contact.channel)
            );
            let mut line = StyledLine::new(lead, Style::Plain);
            let widest = person.contacts.iter().map(|contact| width(&contact.address)).max();
            line.push(pad(&contact.address, widest.unwrap_or(0)), Style::Plain);
            let when = format!("  urgent {}, rest {}", times(&urgent), times(&rest));
            line.push(when, Style::Dim);
            out.styled_line(&line)?;
            if let Some(problem) = problem {
                out.styled_line(&StyledLine::new(format!("    {problem}"), Style::Alarm))?;
            }
        }
        if person.contacts.is_empty() && !args.json {
            out.styled_line(&StyledLine::new("  no contact", Style::Alarm))?;
        }
    }
    Ok(())
}

/// Returns the seconds after which the rules use a contact. Without rules it is used at once.
fn waits(person: &PersonContacts, contact: &Contact, rules: &[ContactRule]) -> Vec<i64> {
    if rules.is_empty() {
        return person.contact(&contact.name).map(|_| 0).into_iter().collect();
    }
    let of_contact = rules.iter().filter(|rule| rule.contact == contact.name);
    of_contact.map(|rule| rule.after_s).collect()
}

fn times(waits: &[i64]) -> String {
    let time = |wait: &i64| match wait {
        0 => "at once".to_owned(),
        wait => format!("after {}", format_duration(TimeDelta::seconds(*wait))),
    };
    if waits.is_empty() {
        return "never".to_owned();
    }
    waits.iter().map(time).collect::<Vec<_>>().join(" and ")
}

fn column(text: &str, contacts: &[Contact], of: impl Fn(&Contact) -> &String) -> String {
    let widest = contacts.iter().map(|contact| width(of(contact))).max().unwrap_or(0);
    pad(text, widest.min(MAX_COLUMN)).into_string()
}

/// Returns why nothing can be sent to a contact, as far as that is certain without sending.
pub(super) fn problem(channels: &Channels, contact: &Contact) -> Option<String> {
    let Some(channel) = channels.get(&contact.channel) else {
        let name = SafeText::from(&contact.channel);
        return Some(format!("the channel {name:?} is not in the settings, or can't be used"));
    };
    let error = channel.check_address(&contact.address).err()?;
    Some(format!("the address {error}"))
}

async fn test(context: &mut Context, args: &TestContacts) -> Result<(), Failure> {
    let channels = channels(&context.config.outbound)?;
    let person = person(&context.config, &args.person)?;
    let contacts: Vec<&Contact> = match &args.contact {
        Some(name) => vec![person.contact(name).ok_or_else(|| {
            let names: Vec<&str> = person.contacts.iter().map(|c| c.name.as_str()).collect();
            let hint = suggestion(name, &names);
            Failure::new(
                Exit::NotFound,
                format!("{} has no contact {:?}: {hint}", person.person, SafeText::from(name)),
            )
        })?],
        None => person.contacts.iter().collect(),
    };
    if contacts.is_empty() {
        return Err(Failure::failed(format!(
            "{} has no contact: add one under [[contacts]] in the settings file",
            person.person
        )));
    }
    // All are sent at once, so that a slow one does not keep the others waiting.
    let results = join_all(contacts.iter().map(|contact| send(&channels, contact))).await;
    let mut failed = 0_u64;
    for (contact, result) in contacts.iter().zip(&results) {
        failed += u64::from(result.is_err());
        if args.json {
            json::print(&mut context.out, &test_json(&person.person, contact, result))?;
            continue;
        }
        let lead = format!("{}  {}  ", contact.name, contact.channel);
        let line = match result {
            Ok(receipt) => {
                let id = receipt.provider_id.as_ref().map(|id| format!(" ({id})"));
                let sent = format!("sent{}", id.unwrap_or_default());
                StyledLine::new(format!("{lead}{sent}"), Style::Plain)
                    .with(format!("  {}", receipt.answer), Style::Dim)
            }
            Err(error) => StyledLine::new(format!("{lead}{error}"), Style::Alarm),
        };
        context.out.styled_line(&line)?;
    }
    if failed > 0 {
        return Err(Failure::failed(format!("{} not sent", out::pluralize(failed, "message"))));
    }
    Ok(())
}

async fn send(channels: &Channels, contact: &Contact) -> Result<Receipt, SendError> {
    if let Some(problem) = problem(channels, contact) {
        return Err(SendError::permanent(problem));
    }
    let Some(channel) = channels.get(&contact.channel) else {
        return Err(SendError::permanent("the channel is not in the settings"));
    };
    let message = OutboundMessage {
        id: Uuid::now_v7(),
        kind: MessageKind::Test,
        incident: None,
        text: "This is a test of redphone. Nothing has happened, and nothing needs to be done."
            .to_owned(),
        url: None,
        actions: Vec::new(),
        reply_to: None,
        bundled: 0,
    };
    channel.send(&contact.address, &message).await
}

fn test_json<'a>(
    person: &'a str,
    contact: &'a Contact,
    result: &'a Result<Receipt, SendError>,
) -> TestJson<'a> {
    let (outcome, retry_after) = match result {
        Ok(_) => ("sent", None),
        Err(SendError::Temporary { retry_after, .. }) => ("temporary", *retry_after),
        Err(SendError::Permanent { .. }) => ("permanent", None),
        Err(SendError::Uncertain { .. }) => ("uncertain", None),
    };
    let receipt = result.as_ref().ok();
    TestJson {
        person,
        contact: &contact.name,
        channel: &contact.channel,
        outcome,
        provider_id: receipt.and_then(|receipt| receipt.provider_id.as_deref()),
        answer: receipt.map(|receipt| receipt.answer.as_str()),
        reason: result.as_ref().err().map(ToString::to_string),
        retry_after_s: retry_after.map(|wait| wait.as_secs_f64()),
    }
}

/// Returns the contacts of a person of the settings.
fn person<'a>(config: &'a Config, handle: &str) -> Result<&'a PersonContacts, Failure> {
    let handle = handle.trim_start_matches('@');
    let contacts = &config.outbound.contacts;
    contacts.of_person(handle).ok_or_else(|| {
        let names: Vec<&str> = contacts.people.iter().map(|p| p.person.as_str()).collect();
        let hint = if names.is_empty() {
            "add [[contacts]] to the settings file".to_owned()
        } else {
            suggestion(handle, &names)
        };
        let handle = SafeText::from(handle);
        Failure::new(Exit::NotFound, format!("there are no contacts of {handle:?}: {hint}"))
    })
}
