//! `ingest test`: explains how a message is read, and its effect. Nothing is stored.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::explanation_json::ExplanationJson;
use super::input::read_message;
use crate::cli::args::ingest::TestMessage;
use crate::cli::context::Context;
use crate::cli::failure::{Exit, Failure};
use crate::cli::json;
use crate::cli::out::{Out, Style, StyledLine, pluralize};
use crate::cli::session::read_directory;
use crate::config::Config;
use crate::ingest::mapping::Reading;
use crate::ingest::receivers::{ReadError, ReceivedMessage};
use crate::ingest::{ExplainedGroup, Explanation, explain};
use crate::model::alert::AlertReport;
use crate::model::command::Declaration;
use crate::model::directory::Directory;
use crate::model::text::{SafeText, pad};

/// The header with the type of the content.
const CONTENT_TYPE: &str = "content-type";
/// The least width of the names of fields.
const NAME_WIDTH: usize = 12;

/// Prints how a message is read.
pub(super) async fn run(context: &mut Context, args: &TestMessage) -> Result<(), Failure> {
    let message = read_message(&args.file, &args.receiver)?;
    let (directory, now) = directory_and_time(&context.config).await?;
    let headers = args.headers.iter().map(|one| (one.name.clone(), one.text.clone()));
    let headers: BTreeMap<String, String> = headers.collect();
    let read = ReceivedMessage {
        body: &message,
        content_type: headers.get(CONTENT_TYPE).map(String::as_str),
        headers: &headers,
        query: None,
        token: None,
    };
    let settings = &context.config.ingest;
    let sender = args.sender.as_deref().unwrap_or(&args.receiver);
    let explanation = explain(settings, &args.receiver, sender, &read, &directory, now);
    let explanation = explanation.map_err(|error| match &error {
        ReadError::NoReceiver { .. } => Failure::usage(error.to_string()),
        ReadError::NotUnderstood(_) => Failure::failed(error.to_string()),
    })?;
    let out = &mut context.out;
    if args.json {
        return json::print(out, &ExplanationJson::from(&explanation));
    }
    print(out, &explanation)
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

fn print(out: &mut Out, explanation: &Explanation) -> Result<(), Failure> {
    field(out, "receiver", &explanation.name)?;
    if let Some(mapping) = explanation.mapping {
        field(out, "mapping", mapping)?;
    }
    if let Some(address) = &explanation.confirm {
        field(out, "confirm", address)?;
        out.line("The sender sends alerts once that address was opened.")?;
    }
    for reading in &explanation.readings {
        out.line("")?;
        heading(out, "read")?;
        print_reading(out, reading)?;
    }
    for group in &explanation.groups {
        out.line("")?;
        print_group(out, group)?;
    }
    for change in &explanation.changes {
        out.line("")?;
        heading(out, "change")?;
        field(out, "title", &change.title)?;
        field(out, "state", change.state.as_str())?;
        field(out, "services", &change.services.join(", "))?;
        field(out, "by", change.by.name())?;
        field(out, "starts_at", &change.starts_at.format("%Y-%m-%d %H:%M:%S UTC").to_string())?;
        field(out, "url", change.url.as_deref().unwrap_or_default())?;
    }
    if explanation.ignored_changes > 0 {
        let count = u64::try_from(explanation.ignored_changes).unwrap_or(u64::MAX);
        let text = pluralize(count, "change");
        out.line(format!("{text} not recorded, as the settings say"))?;
    } else if explanation.groups.is_empty() && explanation.changes.is_empty() {
        out.line("the message has no alerts")?;
    }
    Ok(())
}

/// Prints the fields found of an alert, with their paths.
fn print_reading(out: &mut Out, reading: &Reading) -> Result<(), Failure> {
    let names = reading.fields.iter().map(|one| SafeText::from(&one.field).width());
    let width = names.max().unwrap_or(0).max(NAME_WIDTH);
    let values = reading.fields.iter().map(|one| SafeText::from(&one.value).width());
    let value_width = values.filter(|width| *width <= 40).max().unwrap_or(0);
    for one in &reading.fields {
        let name = format!("  {}  ", pad(&one.field, width));
        let value = SafeText::from(&one.value);
        let value = if value.width() < value_width { pad(value, value_width) } else { value };
        let line = StyledLine::new(name, Style::Dim)
            .with(value, Style::Plain)
            .with(format!("  {}", one.from), Style::Dim);
        out.styled_line(&line)?;
    }
    Ok(())
}

fn print_group(out: &mut Out, explained: &ExplainedGroup) -> Result<(), Failure> {
    let group = &explained.group;
    heading(out, "group")?;
    field(out, "key", &group.key)?;
    field(out, "sender", &group.sender)?;
    if group.is_acknowledged {
        field(out, "acknowledged", "yes")?;
    }
    if group.omitted > 0 {
        field(out, "omitted", &pluralize(group.omitted, "alert"))?;
    }
    if let Some(rule) = &explained.rule {
        field(out, "rule", rule)?;
    }
    for (title, rule) in &explained.dropped {
        field(out, "dropped", &format!("{title} ({rule})"))?;
    }
    for change in &explained.changes {
        let before = if change.before.is_empty() { "nothing" } else { &change.before };
        field(out, "changed", &format!("{}: {before} -> {}", change.field, change.after))?;
    }
    for alert in &group.alerts {
        out.line("")?;
        heading(out, "alert")?;
        print_alert(out, alert)?;
    }
    out.line("")?;
    let Some(declaration) = &explained.declaration else {
        return out.line("no alert fires, so no incident is declared");
    };
    heading(out, "incident")?;
    print_declaration(out, declaration)
}

fn print_alert(out: &mut Out, alert: &AlertReport) -> Result<(), Failure> {
    field(out, "key", &alert.key)?;
    field(out, "state", if alert.is_firing { "firing" } else { "resolved" })?;
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

fn heading(out: &mut Out, text: &'static str) -> Result<(), Failure> {
    out.styled_line(&StyledLine::new(text, Style::Bold))
}

fn field(out: &mut Out, name: &str, value: &str) -> Result<(), Failure> {
    let name = format!("  {name:<NAME_WIDTH$}  ");
    // A text of several lines is one here.
    let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
    out.styled_line(&StyledLine::new(name, Style::Dim).with(value, Style::Plain))
}
