//! The tools that read.

use chrono::{DateTime, TimeDelta, Utc};
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::result::{NOTICE, ToolResult};
use super::schema::{Definitions, arguments};
use crate::backend::{DEFAULT_SIMILAR, Search, Similar, SimilarHint, TimelineRange};
use crate::cli::calendar::ZoneCalendar;
use crate::cli::failure::Failure;
use crate::cli::handoff::Shift;
use crate::cli::oncall::TeamJson;
use crate::cli::session::{BackendConnection, IfMissing, OldestRead, open};
use crate::cli::value::{IncidentRef, Time};
use crate::config::Config;
use crate::model::change::Suspect;
use crate::model::coverage::coverage;
use crate::model::filter::Filter;
use crate::model::handoff::HandoffFormat;
use crate::model::name_index::NameIndex;
use crate::model::problem::Problem;
use crate::model::queue::Sort;
use crate::model::{Event, Incident, IncidentId, Summary};

/// The default and the maximum number of rows of `list`.
const ROWS: u32 = 20;
const MAX_ROWS: u32 = 200;
/// The default and the maximum number of the last events of `show`.
const EVENTS: u32 = 50;
const MAX_EVENTS: u32 = 1000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListArguments {
    #[serde(default)]
    filter: String,
    #[serde(default)]
    sort: Sort,
    limit: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShowArguments {
    incident: String,
    events: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IncidentArguments {
    incident: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OncallArguments {
    team: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HandoffArguments {
    since: Option<String>,
    team: Option<String>,
}

/// Returns the tools that read.
#[allow(clippy::too_many_lines, reason = "a table")]
pub(super) fn tools() -> Vec<Tool> {
    let about_this = json!({"type": "string", "description": "Who wrote what follows."});
    let as_of = json!({
        "type": ["string", "null"],
        "description": "When it was fetched, if the API did not answer; null if it is as of now.",
    });
    let incident = json!({
        "type": "string",
        "description": "Its number, such as INC-12, or its id.",
    });
    let with = |name: &'static str, about: &'static str, input, output| {
        let annotations = ToolAnnotations::new().read_only(true).open_world(false);
        Tool::new(name, about, input).with_raw_output_schema(output).with_annotations(annotations)
    };
    let mut defs = Definitions::default();
    let rows = defs.reference::<Summary>();
    let list = with(
        "list",
        "Lists incidents, the most urgent first: by default those that are open.",
        arguments(
            json!({
                "filter": {
                    "type": "string",
                    "description": "Words and terms that must hold: p1, status:triggered, \
                                    service:checkout, owner:none, team:db, age>2h, sla:late, \
                                    is:any for ended ones too, since:yesterday; - excludes.",
                },
                "sort": {"type": "string", "enum": Sort::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>()},
                "limit": {"type": "integer", "minimum": 1, "maximum": MAX_ROWS, "default": ROWS},
            }),
            &[],
        ),
        defs.object(json!({
            "about_this": about_this, "as_of": as_of,
            "incidents": {"type": "array", "items": rows},
            "total": {"type": ["integer", "null"], "description": "How many there are, if known."},
        })),
    );
    let mut defs = Definitions::default();
    let (record, event) = (defs.reference::<Incident>(), defs.reference::<Event>());
    let (suspect, problem) = (defs.reference::<Suspect>(), defs.reference::<Problem>());
    let show = with(
        "show",
        "Shows one incident: its record, suspected changes, its problem and its timeline.",
        arguments(
            json!({
                "incident": incident,
                "events": {
                    "type": "integer", "minimum": 1, "maximum": MAX_EVENTS, "default": EVENTS,
                    "description": "How many of its last events.",
                },
            }),
            &["incident"],
        ),
        defs.object(json!({
            "about_this": about_this, "as_of": as_of, "incident": record,
            "suspects": {"type": "array", "items": suspect},
            "problem": {"anyOf": [problem, {"type": "null"}]},
            "timeline": {"type": "array", "items": event},
        })),
    );
    let mut defs = Definitions::default();
    let similar = defs.reference::<Similar>();
    let hint = defs.reference::<SimilarHint>();
    let similar = with(
        "similar",
        "Returns incidents like this one, how they were resolved, what their reviews say, which \
         runbooks were followed, and where this one differs from most of them.",
        arguments(json!({"incident": incident}), &["incident"]),
        defs.object(json!({
            "about_this": about_this, "as_of": as_of,
            "similar": {"type": "array", "items": similar},
            "hints": {"type": "array", "items": hint},
        })),
    );
    let oncall = with(
        "oncall",
        "Says who is called now for each team, level by level, until when, and who is next.",
        arguments(json!({"team": {"type": "string", "description": "Only this team."}}), &[]),
        Definitions::default().object(json!({
            "about_this": about_this, "as_of": as_of,
            "teams": {"type": "array", "items": {
                "type": "object", "required": ["team", "lines", "gaps"],
                "properties": {
                    "team": {"type": "string"},
                    "lines": {"type": "array", "items": {"type": "object"}},
                    "gaps": {"type": "array", "items": {"type": "object"}},
                },
            }},
        })),
    );
    let handoff = with(
        "handoff",
        "Sums up a shift for the next person, as Markdown.",
        arguments(
            json!({
                "since": {
                    "type": "string", "default": "8h",
                    "description": "When the shift began: 8h for eight hours ago, or a time such \
                                    as 2026-03-01T22:37:00Z.",
                },
                "team": {"type": "string", "description": "Only incidents of this team."},
            }),
            &[],
        ),
        Definitions::default().object(json!({
            "about_this": about_this, "as_of": as_of,
            "since": {"type": "string"}, "now": {"type": "string"},
            "markdown": {"type": "string"},
        })),
    );
    vec![list, show, similar, oncall, handoff]
}

/// Calls a tool that reads; `None` if none has this name.
pub(super) async fn call(config: &Config, name: &str, fields: &JsonObject) -> Option<ToolResult> {
    Some(match name {
        "list" => list(config, fields).await,
        "show" => show(config, fields).await,
        "similar" => similar(config, fields).await,
        "oncall" => oncall(config, fields).await,
        "handoff" => handoff(config, fields).await,
        _ => return None,
    })
}

/// Reads the arguments of a tool.
fn parse<T: DeserializeOwned>(fields: &JsonObject) -> Result<T, Failure> {
    serde_path_to_error::deserialize(Value::Object(fields.clone())).map_err(|error| {
        let path = error.path().to_string();
        let at = if path == "." { String::new() } else { format!("{path}: ") };
        Failure::usage(format!("{at}{}", error.into_inner()))
    })
}

fn as_of(oldest: OldestRead) -> Option<DateTime<Utc>> {
    oldest.at()
}

async fn find(
    connection: &BackendConnection,
    text: &str,
    oldest: &mut OldestRead,
) -> Result<IncidentId, Failure> {
    let target: IncidentRef =
        text.parse().map_err(|error| Failure::usage(format!("incident: {error}")))?;
    connection.find_incident(target, oldest).await
}

async fn list(config: &Config, fields: &JsonObject) -> ToolResult {
    let ListArguments { filter, sort, limit } = parse(fields)?;
    let parsed = filter.parse::<Filter>();
    let mut filter = parsed.map_err(|error| Failure::usage(format!("filter: {error}")))?;
    let limit = limit.unwrap_or(ROWS);
    if !(1..=MAX_ROWS).contains(&limit) {
        return Err(Failure::usage(format!("limit: give a number from 1 to {MAX_ROWS}")));
    }
    let connection = open(config, IfMissing::Refuse).await?;
    let now = connection.backend_now();
    filter.resolve_dates(now, &ZoneCalendar(config.panes.appearance.zone));
    let me = Some(config.me.clone());
    let search = Search { filter, me, sort, limit, after: None, now };
    let mut oldest = OldestRead::default();
    let mut page = oldest.record(connection.reader.read_page(&search).await?);
    if let Ok(directory) = connection.reader.read_directory().await {
        NameIndex::from(&directory.value).mark_rows(&mut page.rows);
    }
    connection.close().await;
    Ok(json!({
        "about_this": NOTICE, "as_of": as_of(oldest),
        "incidents": page.rows, "total": page.total,
    }))
}

async fn show(config: &Config, fields: &JsonObject) -> ToolResult {
    let ShowArguments { incident, events } = parse(fields)?;
    let count = events.unwrap_or(EVENTS);
    if !(1..=MAX_EVENTS).contains(&count) {
        return Err(Failure::usage(format!("events: give a number from 1 to {MAX_EVENTS}")));
    }
    let connection = open(config, IfMissing::Refuse).await?;
    let mut oldest = OldestRead::default();
    let id = find(&connection, &incident, &mut oldest).await?;
    let mut detail = oldest.record(connection.reader.read_detail(id).await?);
    let range = TimelineRange::Last(count);
    let timeline = oldest.record(connection.reader.read_timeline(id, range).await?);
    if let Ok(directory) = connection.reader.read_directory().await {
        NameIndex::from(&directory.value).mark_record(&mut detail.incident);
    }
    connection.close().await;
    Ok(json!({
        "about_this": NOTICE, "as_of": as_of(oldest), "incident": detail.incident,
        "suspects": detail.suspects, "problem": detail.problem, "timeline": timeline,
    }))
}

async fn similar(config: &Config, fields: &JsonObject) -> ToolResult {
    let IncidentArguments { incident } = parse(fields)?;
    let connection = open(config, IfMissing::Refuse).await?;
    let mut oldest = OldestRead::default();
    let id = find(&connection, &incident, &mut oldest).await?;
    let found = oldest.record(connection.reader.read_similar(id, DEFAULT_SIMILAR).await?);
    connection.close().await;
    Ok(json!({
        "about_this": NOTICE, "as_of": as_of(oldest), "similar": found.similar,
        "hints": found.hints,
    }))
}

async fn oncall(config: &Config, fields: &JsonObject) -> ToolResult {
    let OncallArguments { team } = parse(fields)?;
    let connection = open(config, IfMissing::Refuse).await?;
    let mut oldest = OldestRead::default();
    let directory = oldest.record(connection.reader.read_directory().await?);
    let now = connection.backend_now();
    connection.close().await;
    let to = now.checked_add_signed(TimeDelta::days(14)).unwrap_or(now);
    let mut teams = coverage(&directory, now, to);
    if let Some(name) = &team {
        teams.retain(|one| one.team.to_lowercase() == name.to_lowercase());
        if teams.is_empty() {
            let names: Vec<&str> = directory.teams.iter().map(|team| team.name.as_str()).collect();
            let why = crate::config::suggestion(name, &names);
            return Err(Failure::usage(format!("team: there is no such team: {why}")));
        }
    }
    let teams: Vec<TeamJson<'_>> = teams.iter().map(TeamJson::from).collect();
    Ok(json!({"about_this": NOTICE, "as_of": as_of(oldest), "teams": teams}))
}

async fn handoff(config: &Config, fields: &JsonObject) -> ToolResult {
    let HandoffArguments { since, team } = parse(fields)?;
    let since: Time = since
        .as_deref()
        .unwrap_or("8h")
        .parse()
        .map_err(|error| Failure::usage(format!("since: {error}")))?;
    let connection = open(config, IfMissing::Refuse).await?;
    let now = connection.backend_now();
    let since = since.at(now);
    if since >= now {
        return Err(Failure::usage("since: it is in the future: say when the shift began"));
    }
    let mut oldest = OldestRead::default();
    let shift = Shift::read(&connection, team.as_deref(), (since, now), &mut oldest).await?;
    connection.close().await;
    let markdown = shift.text(HandoffFormat::Markdown, &config.rules.levels);
    Ok(json!({
        "about_this": NOTICE, "as_of": as_of(oldest), "since": since, "now": now,
        "markdown": markdown,
    }))
}
