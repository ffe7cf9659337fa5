//! Sends commands, with as many in one request as the API accepts.

use std::time::Duration;

use chrono::Utc;
use serde::Deserialize;
use serde_json::Value;

use super::client::{ApiClient, ApiRequest, ApiResponse};
use super::error_response::command_error;
use super::unusable_response::Unusable;
use crate::api::command::MAX_COMMANDS;
use crate::api::{Details, ErrorCode, Order, path};
use crate::backend::{BackendError, Outcome};
use crate::model::{Command, CommandId, Envelope, IncidentId};

/// The largest request body with more than one command, in bytes. Notes can be long.
const MAX_BODY_BYTES: usize = 512 * 1024;

/// The outcome of one command.
type CommandResult = Result<Outcome, BackendError>;

/// Sends commands in order and returns an outcome for each. When a request fails, the commands
/// after it are not sent: they may depend on commands whose outcome is unknown. A request that is
/// refused because of its content is sent again in halves, until the command that the server can't
/// understand is alone in its request.
pub(super) async fn send(client: &ApiClient, envelopes: &[Envelope]) -> Vec<CommandResult> {
    let person = client.person().clone();
    let commands: Vec<EncodedCommand> =
        envelopes.iter().map(|envelope| EncodedCommand::new(envelope, person.as_deref())).collect();
    let mut results = Vec::with_capacity(commands.len());
    let mut queue = split_requests(&commands);
    queue.reverse();
    while let Some(part) = queue.pop() {
        match send_part(client, part).await {
            Ok(outcomes) => results.extend(outcomes),
            Err(error) if !is_content_error(&error) => {
                results.resize_with(commands.len(), || Err(error.clone()));
            }
            Err(error) if part.len() > 1 => {
                let (first, second) = part.split_at(part.len() / 2);
                queue.extend([second, first]);
                tracing::debug!(commands = part.len(), %error, "sent again in halves");
                continue;
            }
            Err(error) => results.push(Err(error)),
        }
        if results.len() >= commands.len() {
            break;
        }
    }
    results
}

/// Returns whether a request was refused because of its content.
fn is_content_error(error: &BackendError) -> bool {
    matches!(error, BackendError::Rejected(_) | BackendError::Conflict(_))
}

/// A command encoded as JSON.
struct EncodedCommand {
    id: CommandId,
    /// The incident that the command changes, if it changes one.
    incident: Option<IncidentId>,
    json: Vec<u8>,
}

impl EncodedCommand {
    fn new(envelope: &Envelope, person: Option<&str>) -> Self {
        let incident = match &envelope.command {
            Command::Incident { incident, .. } => Some(*incident),
            Command::RecordChange(_) | Command::RecordProblem(_) => None,
        };
        // Encoding can't fail: the value consists of text, numbers and times.
        let order = Order { as_person: person.map(str::to_owned), ..envelope.clone().into() };
        let json = serde_json::to_vec(&order).unwrap_or_default();
        Self { id: envelope.id, incident, json }
    }
}

/// Splits commands into as few requests as possible.
fn split_requests(mut commands: &[EncodedCommand]) -> Vec<&[EncodedCommand]> {
    let mut parts = Vec::new();
    while let Some(first) = commands.first() {
        let mut length = first.json.len();
        let fits = commands.iter().skip(1).take(MAX_COMMANDS - 1).take_while(|next| {
            length += next.json.len() + 1;
            length <= MAX_BODY_BYTES
        });
        let (part, rest) = commands.split_at(1 + fits.count());
        parts.push(part);
        commands = rest;
    }
    parts
}

/// Returns the body of a request.
fn encode_body(part: &[EncodedCommand]) -> Vec<u8> {
    let mut body = br#"{"commands":["#.to_vec();
    for (index, command) in part.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&command.json);
    }
    body.extend_from_slice(b"]}");
    body
}

/// The response to a request with commands. The answers are decoded one by one, so that an answer
/// of another version does not affect the others.
#[derive(Deserialize)]
#[serde(expecting = "struct Said")]
struct BatchResponse {
    answers: Vec<Value>,
}

/// The outcome of a command, as [`crate::api::Answered`] but without the parts that a later version
/// may have changed.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum CommandAnswer {
    Done {
        id: CommandId,
        #[serde(default)]
        outcome: Value,
    },
    Refused {
        id: CommandId,
        #[serde(default)]
        details: Value,
    },
}

async fn send_part(
    client: &ApiClient,
    part: &[EncodedCommand],
) -> Result<Vec<CommandResult>, BackendError> {
    let request = ApiRequest {
        path: path::COMMANDS,
        path_value: "",
        query: None::<&()>,
        body: Some(encode_body(part)),
        media_type: "application/json",
        wait: Duration::ZERO,
        if_none_match: None,
        change: None,
    };
    let response = client.call(&request).await.map_err(|failure| match failure.error {
        // The token or the path is wrong. That can be corrected and is not an answer to the
        // commands.
        error @ (BackendError::NotFound(_) | BackendError::NotAllowed(_)) => {
            BackendError::unreachable(client.unusable(Unusable::CommandsRefused { error }))
        }
        error => error,
    })?;
    let mismatch = || BackendError::broken(client.unusable(Unusable::OtherCommands));
    let ApiResponse::Json(json, _) = response else { return Err(mismatch()) };
    let BatchResponse { answers } = client.decode(&json)?;
    if answers.len() != part.len() {
        return Err(mismatch());
    }
    let pairs = answers.into_iter().zip(part);
    pairs
        .map(|(answer, sent)| match serde_json::from_value(answer) {
            Ok(CommandAnswer::Done { id, outcome }) if id == sent.id => {
                Ok(Ok(decode_outcome(outcome, sent)))
            }
            Ok(CommandAnswer::Refused { id, details }) if id == sent.id => {
                Ok(Err(match serde_json::from_value::<Details>(details) {
                    Ok(details) => {
                        if details.code() == Some(ErrorCode::OtherPerson) {
                            // The token is another person's: forgets this person until
                            // the capabilities are fetched again.
                            *client.person() = None;
                        }
                        command_error(details, &client.clock, Utc::now())
                    }
                    Err(_) => undecodable_error(client),
                }))
            }
            Ok(_) => Err(mismatch()),
            Err(_) => Ok(Err(undecodable_error(client))),
        })
        .collect()
}

/// Decodes the outcome of a command. The command was carried out even if this can't be decoded.
fn decode_outcome(outcome: Value, sent: &EncodedCommand) -> Outcome {
    serde_json::from_value(outcome).unwrap_or_else(|error| {
        tracing::debug!(%error, "an outcome can't be read");
        Outcome { incident: sent.incident, row: None, events: Vec::new(), replayed: false }
    })
}

fn undecodable_error(client: &ApiClient) -> BackendError {
    BackendError::broken(client.unusable(Unusable::UndecodableAnswer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Orders;
    use crate::model::{Actor, IncidentCommand, PersonRef};

    fn note(text: String) -> Envelope {
        let incident = IncidentId::new();
        Envelope {
            id: CommandId::new(),
            at: Utc::now(),
            actor: Actor::Person(PersonRef::new("ines", "Ines Moreau")),
            command: Command::incident(incident, IncidentCommand::AddNote { text }),
            expected_seq: None,
        }
    }

    #[test]
    fn batches_are_limited_by_count_and_length() {
        let counts = |envelopes: &[Envelope]| -> Vec<usize> {
            let commands: Vec<EncodedCommand> =
                envelopes.iter().map(|envelope| EncodedCommand::new(envelope, None)).collect();
            let parts = split_requests(&commands);
            let decode = |part: &[EncodedCommand]| {
                serde_json::from_slice::<Orders>(&encode_body(part)).unwrap()
            };
            let sent: Vec<_> = parts.iter().flat_map(|part| decode(part).commands).collect();
            let orders: Vec<Order> = envelopes.iter().cloned().map(Order::from).collect();
            assert_eq!(sent, orders);
            parts.iter().map(|part| part.len()).collect()
        };
        let short: Vec<_> = (0..1001).map(|number| note(format!("note {number}"))).collect();
        assert_eq!(counts(&short), [500, 500, 1]);
        let long: Vec<_> = (0..20).map(|_| note("x".repeat(60_000))).collect();
        assert_eq!(counts(&long), [8, 8, 4]);
        assert_eq!(counts(&[note("x".repeat(600_000))]), [1]);
        assert_eq!(counts(&[]), [0; 0]);
    }
}
