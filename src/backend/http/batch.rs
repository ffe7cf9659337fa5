//! Commands on their way: as many in one request as the API takes.

use std::time::Duration;

use chrono::Utc;
use serde::Deserialize;
use serde_json::Value;

use super::client::{ApiClient, ApiRequest, ApiResponse};
use super::error_response::command_error;
use crate::api::command::MAX_COMMANDS;
use crate::api::{Details, ErrorCode, Order, path};
use crate::backend::{BackendError, Outcome};
use crate::model::text::sanitize;
use crate::model::{Command, CommandId, Envelope, IncidentId};

/// The longest body that is sent, in bytes, where it has more than one command. Notes can be long.
const MAX_BODY_BYTES: usize = 512 * 1024;

/// What became of one command.
type CommandResult = Result<Outcome, BackendError>;

/// Sends commands in their order, and says what became of each. When a request fails, what follows
/// is not sent: it may rest on what is not known to have been done. One that is refused as a whole is
/// sent again in halves, until the command stands alone that the server can't understand.
pub(super) async fn send(wire: &ApiClient, envelopes: &[Envelope]) -> Vec<CommandResult> {
    let person = wire.person().clone();
    let written: Vec<EncodedCommand> =
        envelopes.iter().map(|envelope| EncodedCommand::new(envelope, person.as_deref())).collect();
    let mut results = Vec::with_capacity(written.len());
    let mut left = split_requests(&written);
    left.reverse();
    while let Some(part) = left.pop() {
        match send_part(wire, part).await {
            Ok(answers) => results.extend(answers),
            Err(error) if !is_content_error(&error) => {
                results.resize_with(written.len(), || Err(error.clone()));
            }
            Err(error) if part.len() > 1 => {
                let (first, second) = part.split_at(part.len() / 2);
                left.extend([second, first]);
                tracing::debug!(commands = part.len(), %error, "sent again in halves");
                continue;
            }
            Err(error) => results.push(Err(error)),
        }
        if results.len() >= written.len() {
            break;
        }
    }
    results
}

/// Whether a request was refused for what was in it.
fn is_content_error(error: &BackendError) -> bool {
    matches!(error, BackendError::Rejected(_) | BackendError::Conflict(_))
}

/// A command as JSON.
struct EncodedCommand {
    id: CommandId,
    /// The incident it is about, where it is about one.
    incident: Option<IncidentId>,
    json: Vec<u8>,
}

impl EncodedCommand {
    fn new(envelope: &Envelope, person: Option<&str>) -> Self {
        let incident = match &envelope.command {
            Command::Incident { incident, .. } => Some(*incident),
            Command::RecordChange(_) | Command::RecordProblem(_) => None,
        };
        // Text, numbers and times: nothing in it can fail to be written.
        let order = Order { as_person: person.map(str::to_owned), ..envelope.clone().into() };
        let json = serde_json::to_vec(&order).unwrap_or_default();
        Self { id: envelope.id, incident, json }
    }
}

/// Commands in the fewest requests.
fn split_requests(mut written: &[EncodedCommand]) -> Vec<&[EncodedCommand]> {
    let mut parts = Vec::new();
    while let Some(first) = written.first() {
        let mut length = first.json.len();
        let fits = written.iter().skip(1).take(MAX_COMMANDS - 1).take_while(|next| {
            length += next.json.len() + 1;
            length <= MAX_BODY_BYTES
        });
        let (part, rest) = written.split_at(1 + fits.count());
        parts.push(part);
        written = rest;
    }
    parts
}

/// The body of a request.
fn encode_body(part: &[EncodedCommand]) -> Vec<u8> {
    let mut body = br#"{"commands":["#.to_vec();
    for (index, written) in part.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&written.json);
    }
    body.extend_from_slice(b"]}");
    body
}

/// Answers of whatever version: of each only what is needed has to be understood.
#[derive(Deserialize)]
#[serde(expecting = "struct Said")]
struct BatchResponse {
    answers: Vec<Value>,
}

/// What became of a command, as [`crate::api::Answered`] without what a later version may have
/// changed.
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
    wire: &ApiClient,
    part: &[EncodedCommand],
) -> Result<Vec<CommandResult>, BackendError> {
    let request = ApiRequest {
        path: path::COMMANDS,
        path_value: "",
        query: None::<&()>,
        body: Some(encode_body(part)),
        wait: Duration::ZERO,
        if_none_match: None,
    };
    let host = &wire.host;
    let answer = wire.call(&request).await.map_err(|trouble| match trouble.error {
        // The token or the path is not right. That may be mended, and says nothing of the commands.
        BackendError::NotFound(said) | BackendError::NotAllowed(said) => {
            let said = sanitize(&said);
            BackendError::Unreachable(format!(
                "{host} takes no commands from here ({said}): see that the token may send them, \
                 and that the URL is right"
            ))
        }
        error => error,
    })?;
    let odd = || BackendError::Broken(format!("{host} answers commands that were not sent"));
    let ApiResponse::Json(json, _) = answer else { return Err(odd()) };
    let BatchResponse { answers } = wire.decode(&json)?;
    if answers.len() != part.len() {
        return Err(odd());
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
                            // It has to be asked anew whose the token is.
                            *wire.person() = None;
                        }
                        command_error(details, &wire.clock, Utc::now())
                    }
                    Err(_) => undecodable_error(host),
                }))
            }
            Ok(_) => Err(odd()),
            Err(_) => Ok(Err(undecodable_error(host))),
        })
        .collect()
}

/// What a command led to. It was carried out, whether that can be read or not.
fn decode_outcome(outcome: Value, sent: &EncodedCommand) -> Outcome {
    serde_json::from_value(outcome).unwrap_or_else(|error| {
        tracing::debug!(%error, "an outcome can't be read");
        Outcome { incident: sent.incident, row: None, events: Vec::new(), replayed: false }
    })
}

fn undecodable_error(host: &str) -> BackendError {
    BackendError::Broken(format!(
        "what {host} says about it can't be understood: it may be of another version"
    ))
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
            command: Command::Incident { incident, command: IncidentCommand::AddNote { text } },
        }
    }

    #[test]
    fn commands_go_together_up_to_a_number_and_a_length() {
        let counts = |envelopes: &[Envelope]| -> Vec<usize> {
            let written: Vec<EncodedCommand> =
                envelopes.iter().map(|envelope| EncodedCommand::new(envelope, None)).collect();
            let parts = split_requests(&written);
            let read = |part: &[EncodedCommand]| {
                serde_json::from_slice::<Orders>(&encode_body(part)).unwrap()
            };
            let sent: Vec<_> = parts.iter().flat_map(|part| read(part).commands).collect();
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
