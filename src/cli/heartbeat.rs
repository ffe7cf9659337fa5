//! `heartbeat`: sends a heartbeat, or lists when each was last received.

use chrono::{DateTime, TimeDelta, Utc};

use super::args::Heartbeat as HeartbeatArgs;
use super::context::Context;
use super::failure::{Exit, Failure};
use super::json;
use super::out::{self, Out, Style, StyledLine};
use super::session::{BackendConnection, IfMissing, open, resolve_person};
use crate::config::{Config, suggestion};
use crate::model::Actor;
use crate::model::alert::IngestEffect;
use crate::model::signals::{BeatOutcome, Heartbeat, describe_all};
use crate::model::text::{SafeText, pad, width};
use crate::model::time::{format_ago, format_duration};

/// The greatest width of the names of heartbeats.
const MAX_NAME: usize = 40;

/// Runs `heartbeat`.
pub async fn run(context: &mut Context, args: &HeartbeatArgs) -> Result<(), Failure> {
    let Context { config, out, .. } = context;
    if args.writes() && config.location.remote().is_none() {
        let checked = check_name(config, &args.name);
        if checked.is_err() && !is_defined(config, &args.name).await {
            return checked;
        }
    }
    let connection = open(config, IfMissing::Refuse).await?;
    connection.report_warnings();
    if args.writes() {
        let person = resolve_person(&config.me, &config.directory);
        let beat = connection.backend.beat(&args.name, Utc::now(), &Actor::Person(person)).await;
        let outcome = beat?;
        if args.json {
            json::print(out, &outcome)?;
        } else {
            print_outcome(out, &outcome)?;
        }
    } else {
        connection.report_read_only();
        print_list(out, config, &connection, args.json).await?;
    }
    out.flush()?;
    connection.close().await;
    Ok(())
}

/// Returns whether another program has defined a heartbeat.
async fn is_defined(config: &Config, name: &str) -> bool {
    let Ok(connection) = open(config, IfMissing::Refuse).await else { return false };
    let stored = connection.backend.heartbeats().await;
    connection.close().await;
    let is_it = |one: &Heartbeat| one.name == name && one.definition.is_some();
    stored.is_ok_and(|stored| stored.iter().any(is_it))
}

/// Refuses a name that the settings do not have.
fn check_name(config: &Config, name: &str) -> Result<(), Failure> {
    let rules = &config.signals.heartbeats;
    if rules.iter().any(|rule| rule.name == name) {
        return Ok(());
    }
    let names: Vec<&str> = rules.iter().map(|rule| rule.name.as_str()).collect();
    let hint = if names.is_empty() {
        "add [heartbeats.NAME] to the settings file".to_owned()
    } else {
        suggestion(name, &names)
    };
    let name = SafeText::from(name);
    Err(Failure::new(Exit::NotFound, format!("there is no heartbeat {name:?}: {hint}")))
}

fn print_outcome(out: &mut Out, outcome: &BeatOutcome) -> Result<(), Failure> {
    let mut text = format!("{}: received", outcome.heartbeat.name);
    if let Some(number) = outcome.number {
        let became = match outcome.effect {
            IngestEffect::Resolved => "is resolved",
            IngestEffect::Monitoring => "is moved to monitoring",
            _ => "is open",
        };
        text = format!("{text}, {number} {became}");
    }
    out.line(text)
}

async fn print_list(
    out: &mut Out,
    config: &Config,
    connection: &BackendConnection,
    is_json: bool,
) -> Result<(), Failure> {
    let mut heartbeats = connection.backend.heartbeats().await?;
    let now = connection.backend_now();
    if config.location.remote().is_none() {
        heartbeats = describe_all(heartbeats, &config.signals.heartbeats, now);
    }
    if is_json {
        return heartbeats.iter().try_for_each(|heartbeat| json::print(out, heartbeat));
    }
    if heartbeats.is_empty() {
        out::print_hint("there are no heartbeats: add [heartbeats.NAME] to the settings file");
        return Ok(());
    }
    let widest = heartbeats.iter().map(|heartbeat| width(&heartbeat.name)).max();
    let widest = widest.unwrap_or(0).min(MAX_NAME);
    heartbeats.iter().try_for_each(|heartbeat| {
        let name = pad(&heartbeat.name, widest);
        let (text, style) = state(heartbeat, now);
        let mut line = StyledLine::new(name, Style::Plain);
        line.push("  ", Style::Plain);
        line.push(text, style);
        out.styled_line(&line)
    })
}

/// Returns the text after the name of a heartbeat in a line.
fn state(heartbeat: &Heartbeat, now: DateTime<Utc>) -> (String, Style) {
    let every = heartbeat.interval_s.and_then(TimeDelta::try_seconds);
    let nothing = if heartbeat.definition.is_some() { "disabled" } else { "not in the settings" };
    let every = every.map_or_else(
        || nothing.to_owned(),
        |interval| format!("every {}", format_duration(interval)),
    );
    let last = heartbeat.last_at.map_or_else(
        || "never received".to_owned(),
        |at| format!("received {} ({})", at.format("%Y-%m-%d %H:%M:%S UTC"), format_ago(at, now)),
    );
    match heartbeat.silent_since {
        Some(since) => {
            let since = since.format("%Y-%m-%d %H:%M UTC");
            (format!("{every}, {last}, silent since {since}"), Style::Alarm)
        }
        None => (format!("{every}, {last}"), Style::Plain),
    }
}
