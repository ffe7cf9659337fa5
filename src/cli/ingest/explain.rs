//! `ingest test`: how a message is read, and what would follow from it. Nothing is stored.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::input::read_message;
use crate::cli::args::ingest::TestMessage;
use crate::cli::context::Context;
use crate::cli::failure::{Exit, Failure};
use crate::cli::json;
use crate::cli::out::{Out, Style, StyledLine, pluralize};
use crate::cli::session::read_directory;
use crate::config::Config;
use crate::ingest::receivers::{self, ReadError, ReceivedMessage};
use crate::model::alert::{AlertGroup, AlertReport, declaration};
use crate::model::command::Declaration;
use crate::model::directory::Directory;

/// The width of the names of fields.
const NAME_WIDTH: usize = 12;

/// How a message is read, as `--json` prints it.
#[derive(Serialize)]
struct ExplanationJson<'a> {
    receiver: &'a str,
    groups: Vec<GroupJson<'a>>,
}

/// A group of alerts, and the incident that is declared for it.
#[derive(Serialize)]
struct GroupJson<'a> {
    source: &'a str,
    key: &'a str,
    is_acknowledged: bool,
    omitted: u64,
    alerts: Vec<AlertJson<'a>>,
    declaration: Option<&'a Declaration>,
}

#[derive(Serialize)]
struct AlertJson<'a> {
    key: &'a str,
    state: &'static str,
    title: &'a str,
    starts_at: Option<DateTime<Utc>>,
    ends_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    labels: &'a BTreeMap<String, String>,
    annotations: &'a BTreeMap<String, String>,
    url: Option<&'a str>,
}

impl<'a> From<&'a AlertReport> for AlertJson<'a> {
    fn from(alert: &'a AlertReport) -> Self {
        Self {
            key: &alert.key,
            state: state(alert),
            title: &alert.title,
            starts_at: alert.starts_at,
            ends_at: alert.ends_at,
            expires_at: alert.expires_at,
            labels: &alert.labels,
            annotations: &alert.annotations,
            url: alert.url.as_deref(),
        }
    }
}

/// Prints how a message is read.
pub(super) async fn run(context: &mut Context, args: &TestMessage) -> Result<(), Failure> {
    let message = read_message(&args.file)?;
    let (directory, now) = directory_and_time(&context.config).await?;
    let read = ReceivedMessage {
        body: &message,
        content_type: None,
        headers: &BTreeMap::new(),
        token: None,
    };
    let settings = &context.config.ingest;
    let groups =
        receivers::read(&args.receiver, &read, settings, now).map_err(|error| match &error {
            ReadError::NoReceiver { .. } => Failure::usage(error.to_string()),
            ReadError::NotUnderstood(_) => Failure::failed(error.to_string()),
        })?;
    let declarations: Vec<_> =
        groups.iter().map(|group| declared(group, &directory, now)).collect();
    let pairs = groups.iter().zip(&declarations);
    if args.json {
        let groups = pairs.map(|(group, declaration)| GroupJson {
            source: &group.source,
            key: &group.key,
            is_acknowledged: group.is_acknowledged,
            omitted: group.omitted,
            alerts: group.alerts.iter().map(AlertJson::from).collect(),
            declaration: declaration.as_ref(),
        });
        let groups = groups.collect();
        return json::print(
            &mut context.out,
            &ExplanationJson { receiver: &args.receiver, groups },
        );
    }
    let out = &mut context.out;
    field(out, "receiver", &args.receiver)?;
    for (group, declaration) in pairs {
        print_group(out, group, declaration.as_ref())?;
    }
    if groups.is_empty() {
        out.line("the message has no alerts")?;
    }
    Ok(())
}

/// Returns the incident that is declared for the alerts of a group that fire; `None` if none does.
fn declared(group: &AlertGroup, directory: &Directory, now: DateTime<Utc>) -> Option<Declaration> {
    let firing = group.alerts.iter().enumerate().filter(|(_, alert)| alert.is_firing);
    let positions: Vec<usize> = firing.map(|(position, _)| position).collect();
    (!positions.is_empty()).then(|| declaration(group, &positions, directory, now))
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

fn print_group(
    out: &mut Out,
    group: &AlertGroup,
    declaration: Option<&Declaration>,
) -> Result<(), Failure> {
    out.line("")?;
    heading(out, "group")?;
    field(out, "key", &group.key)?;
    field(out, "sender", &group.sender)?;
    if group.is_acknowledged {
        field(out, "acknowledged", "yes")?;
    }
    if group.omitted > 0 {
        field(out, "omitted", &pluralize(group.omitted, "alert"))?;
    }
    for alert in &group.alerts {
        out.line("")?;
        heading(out, "alert")?;
        print_alert(out, alert)?;
    }
    out.line("")?;
    let Some(declaration) = declaration else {
        return out.line("no alert fires, so no incident is declared");
    };
    heading(out, "incident")?;
    print_declaration(out, declaration)
}

fn print_alert(out: &mut Out, alert: &AlertReport) -> Result<(), Failure> {
    field(out, "key", &alert.key)?;
    field(out, "state", state(alert))?;
    field(out, "title", &alert.title)?;
    for (name, at) in [
        ("starts_at", alert.starts_at),
        ("ends_at", alert.ends_at),
        ("expires_at", alert.expires_at),
    ] {
        if let Some(at) = at {
            field(out, name, &at.format("%Y-%m-%d %H:%M:%S UTC").to_string())?;
        }
    }
    for (name, texts) in [("label", &alert.labels), ("annotation", &alert.annotations)] {
        for (key, value) in texts {
            field(out, name, &format!("{key}={value}"))?;
        }
    }
    alert.url.as_ref().map_or(Ok(()), |url| field(out, "url", url))
}

fn print_declaration(out: &mut Out, declared: &Declaration) -> Result<(), Failure> {
    field(out, "title", &declared.title)?;
    field(out, "services", &declared.services.join(", "))?;
    field(out, "impact", declared.impact.as_str())?;
    field(out, "urgency", declared.urgency.as_str())?;
    if let Some(category) = declared.category {
        field(out, "category", category.as_str())?;
    }
    for (name, text) in [("team", &declared.team), ("runbook", &declared.runbook)] {
        if let Some(text) = text {
            field(out, name, text)?;
        }
    }
    for label in &declared.labels {
        field(out, "label", label)?;
    }
    declared.symptoms.lines().try_for_each(|line| field(out, "symptoms", line))
}

fn state(alert: &AlertReport) -> &'static str {
    if alert.is_firing { "firing" } else { "resolved" }
}

fn heading(out: &mut Out, text: &'static str) -> Result<(), Failure> {
    out.styled_line(&StyledLine::new(text, Style::Bold))
}

fn field(out: &mut Out, name: &str, value: &str) -> Result<(), Failure> {
    let name = format!("  {name:<NAME_WIDTH$}  ");
    out.styled_line(&StyledLine::new(name, Style::Dim).with(value.to_owned(), Style::Plain))
}
