//! The tools that change an incident: the verbs that were allowed, each with a reason.

use std::sync::Arc;

use chrono::Utc;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

use super::result::{NOTICE, ToolResult};
use super::schema::{Definitions, to_json};
use crate::backend::Outcome;
use crate::cli::calendar::ZoneCalendar;
use crate::cli::failure::{Exit, Failure};
use crate::cli::session::{IfMissing, OldestRead, Session};
use crate::cli::show;
use crate::cli::value::IncidentRef;
use crate::cli::verb::missing_tracker;
use crate::config::Config;
use crate::model::directory::Directory;
use crate::model::{
    Actor, Command, CommandId, Envelope, Event, Incident, IncidentId, Summary, check,
};
use crate::verbs::{Needs, Plan, Situation, Verb, VerbRequest, command_id};

/// The argument that names the incident.
const INCIDENT: &str = "incident";
/// The argument for the reason.
const REASON: &str = "reason";

/// Returns the tool of a verb: its request, with the incident and the reason.
pub(super) fn tool(verb: Verb) -> Tool {
    let row = verb.row();
    let mut input = match to_json(&verb.request_schema()) {
        Value::Object(schema) => schema,
        _ => JsonObject::new(),
    };
    // Agents don't need the examples of the API's description.
    input.remove("example");
    let mut properties = match input.remove("properties") {
        Some(Value::Object(properties)) => properties,
        _ => JsonObject::new(),
    };
    properties.insert(
        INCIDENT.into(),
        json!({"type": "string", "description": "Its number, such as INC-12, or its id."}),
    );
    properties.insert(
        REASON.into(),
        json!({
            "type": "string", "minLength": 1, "maxLength": 1000,
            "description": "Why, in a sentence for people: it is shown on the timeline.",
        }),
    );
    let mut required = match input.remove("required") {
        Some(Value::Array(required)) => required,
        _ => Vec::new(),
    };
    for name in [INCIDENT, REASON] {
        if !required.contains(&name.into()) {
            required.push(name.into());
        }
    }
    input.insert("properties".into(), properties.into());
    input.insert("required".into(), required.into());
    let mut defs = Definitions::default();
    let (row_schema, event) = (defs.reference::<Summary>(), defs.reference::<Event>());
    let output = defs.object(json!({
        "about_this": {"type": "string", "description": "Who wrote what follows."},
        "done": {
            "type": "boolean",
            "description": "Whether it was carried out; if not, it waits to be sent to the API.",
        },
        "message": {"type": "string"},
        "incident": {"anyOf": [row_schema, {"type": "null"}]},
        "events": {"type": "array", "items": event},
    }));
    let about = if row.about.is_empty() {
        format!("{}.", row.help)
    } else {
        format!("{}. {}", row.help, row.about)
    };
    let annotations =
        ToolAnnotations::new().read_only(false).destructive(row.irreversible).open_world(false);
    Tool::new(row.name, about, Arc::new(input))
        .with_raw_output_schema(output)
        .with_annotations(annotations)
}

/// Carries out a verb for a client.
pub(super) async fn call(
    config: &Config,
    verb: Verb,
    mut fields: JsonObject,
    client: &str,
) -> ToolResult {
    let target = text_of(&mut fields, INCIDENT, "the number of an incident, such as INC-12")?;
    let target: IncidentRef =
        target.parse().map_err(|error| Failure::usage(format!("{INCIDENT}: {error}")))?;
    let reason = text_of(&mut fields, REASON, "why, in a sentence for people")?;
    check::required_text(REASON, &reason).map_err(|error| Failure::usage(error.to_string()))?;
    let own = verb.request_schema();
    let has_reason = to_json(&own).pointer("/properties/reason").is_some();
    if has_reason {
        fields.insert(REASON.into(), reason.as_str().into());
    }
    let request = verb.parse(Value::Object(fields));
    let request = request.map_err(|error| Failure::usage(error.to_string()))?;
    let session = Session::open(config, IfMissing::Refuse).await?;
    let id = session.find_incident(target).await?;
    // A token determines the actor: the program is named with the reason then.
    let (actor, reason) =
        if session.connection.remote.is_some() || session.connection.file.is_none() {
            (Actor::Person(session.me.clone()), format!("{client}: {reason}"))
        } else {
            (Actor::Integration(format!("{client} for {}", session.me.handle)), reason)
        };
    let first = CommandId::new();
    let mut plan = plan(&session, config, (id, first), &request, &actor).await?;
    plan.because.get_or_insert(reason);
    let result = carry_out(&session, plan, (id, first), &actor).await;
    let label = target.to_string();
    session.connection.close().await;
    match result {
        Ok(outcomes) => {
            let row = outcomes.iter().rev().find_map(|outcome| outcome.row.clone());
            let events: Vec<Event> =
                outcomes.into_iter().flat_map(|outcome| outcome.events).collect();
            let message = if events.is_empty() {
                format!("{label}: {} changed nothing, it was so already", verb.row().name)
            } else {
                let note = missing_tracker(config, &request).unwrap_or_default();
                format!("{label}: {} is done{note}", verb.row().name)
            };
            Ok(json!({
                "about_this": NOTICE, "done": true, "message": message, "incident": row,
                "events": events,
            }))
        }
        Err(failure) if failure.exit == Exit::Queued => Ok(json!({
            "about_this": NOTICE, "done": false, "message": failure.message.as_str(),
            "incident": null, "events": [],
        })),
        Err(failure) => Err(failure),
    }
}

/// Removes a text from the arguments.
fn text_of(fields: &mut JsonObject, name: &str, accepted: &str) -> Result<String, Failure> {
    match fields.remove(name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
        Some(Value::Number(number)) => Ok(number.to_string()),
        _ => Err(Failure::usage(format!("{name}: give {accepted}"))),
    }
}

/// Creates the commands of a request.
async fn plan(
    session: &Session,
    config: &Config,
    (id, first): (IncidentId, CommandId),
    request: &VerbRequest,
    actor: &Actor,
) -> Result<Plan, Failure> {
    let reader = &*session.connection.reader;
    let directory: Directory = reader.read_directory().await?.value;
    let other = match request.other_incident() {
        Some(other) => Some(session.find_incident(other).await?),
        None => None,
    };
    let record: Option<Incident> = match request.needs() {
        Needs::Nothing => None,
        _ => Some(reader.read_detail(id).await?.value.incident),
    };
    let events = match request.needs() {
        Needs::Timeline => show::timeline(reader, id, &mut OldestRead::default()).await?,
        _ => Vec::new(),
    };
    let problem_titles = session.problem_titles(request).await?;
    let calendar = ZoneCalendar(config.panes.appearance.zone);
    let situation = Situation {
        directory: &directory,
        rules: &config.rules,
        now: Utc::now(),
        calendar: &calendar,
        actor,
        actor_is_assumed: false,
        record: record.as_ref(),
        events: &events,
        other,
        problem_titles: &problem_titles,
        new_id: first.0,
    };
    request.plan(&situation).map_err(|error| Failure::failed(error.to_string()))
}

/// Executes the commands of a plan in order, up to the first that is refused.
async fn carry_out(
    session: &Session,
    plan: Plan,
    (id, first): (IncidentId, CommandId),
    actor: &Actor,
) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes = Vec::new();
    let mut queued = None;
    for (index, command) in plan.into_commands(id).into_iter().enumerate() {
        let command: Command = command;
        let envelope = Envelope {
            id: command_id(first, index),
            at: Utc::now(),
            actor: actor.clone(),
            command,
            expected_seq: None,
        };
        match session.submit(envelope).await {
            Ok(outcome) => outcomes.push(outcome),
            // Later commands are queued behind it.
            Err(failure) if failure.exit == Exit::Queued => queued = Some(failure),
            Err(failure) => return Err(failure),
        }
    }
    queued.map_or(Ok(outcomes), Err)
}
