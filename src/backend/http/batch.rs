//! Commands on their way: as many in one request as the API takes.

use std::time::Duration;

use chrono::Utc;

use super::answer::refused;
use super::wire::{Answer, Request, Wire};
use crate::api::command::MOST;
use crate::api::{Answered, Answers, Order, path};
use crate::backend::{BackendError, Outcome};
use crate::model::{CommandId, Envelope};

/// The longest body that is sent, in bytes, where it has more than one command. Notes can be long.
const LONGEST: usize = 512 * 1024;

/// Sends commands in their order, and says what became of each. When a request fails, what follows
/// is not sent: it may rest on what is not known to have been done.
pub(super) async fn send(
    wire: &Wire,
    envelopes: &[Envelope],
) -> Vec<Result<Outcome, BackendError>> {
    let mut results = Vec::with_capacity(envelopes.len());
    for part in parts(envelopes) {
        match one(wire, &part).await {
            Ok(answers) => results.extend(answers),
            Err(error) => {
                results.resize_with(envelopes.len(), || Err(error.clone()));
                return results;
            }
        }
    }
    results
}

/// Commands as JSON that go together.
struct Body {
    ids: Vec<CommandId>,
    json: Vec<u8>,
}

/// Commands in the fewest requests.
fn parts(envelopes: &[Envelope]) -> Vec<Body> {
    let mut parts: Vec<Body> = Vec::new();
    for envelope in envelopes {
        let order = Order::from(envelope.clone());
        // Text, numbers and times: nothing in it can fail to be written.
        let json = serde_json::to_vec(&order).unwrap_or_default();
        let full = |body: &Body| body.ids.len() >= MOST || body.json.len() + json.len() > LONGEST;
        if let Some(body) = parts.last_mut().filter(|body| !full(body)) {
            body.json.push(b',');
            body.json.extend_from_slice(&json);
            body.ids.push(order.id);
        } else {
            let mut begun = br#"{"commands":["#.to_vec();
            begun.extend_from_slice(&json);
            parts.push(Body { ids: vec![order.id], json: begun });
        }
    }
    for body in &mut parts {
        body.json.extend_from_slice(b"]}");
    }
    parts
}

async fn one(wire: &Wire, body: &Body) -> Result<Vec<Result<Outcome, BackendError>>, BackendError> {
    let request = Request {
        path: path::COMMANDS,
        part: "",
        query: None::<&()>,
        body: Some(body.json.clone()),
        wait: Duration::ZERO,
        known: None,
    };
    let answer = wire.ask(&request).await.map_err(|trouble| trouble.error)?;
    let odd = || {
        let host = &wire.host;
        BackendError::Broken(format!("{host} answers commands that were not sent"))
    };
    let Answer::Json(json, _) = answer else { return Err(odd()) };
    let Answers { answers } = wire.read(&json)?;
    if answers.len() != body.ids.len() {
        return Err(odd());
    }
    let now = Utc::now();
    let pairs = answers.into_iter().zip(&body.ids);
    pairs
        .map(|(answer, sent)| match answer {
            Answered::Done { id, outcome } if id == *sent => Ok(Ok(*outcome)),
            Answered::Refused { id, details } if id == *sent => {
                Ok(Err(refused(*details, &wire.clock, now)))
            }
            _ => Err(odd()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Orders;
    use crate::model::{Actor, Ask, Command, IncidentId, PersonRef};

    fn note(text: String) -> Envelope {
        let incident = IncidentId::new();
        Envelope {
            id: CommandId::new(),
            at: Utc::now(),
            actor: Actor::Person(PersonRef::new("ines", "Ines Moreau")),
            command: Command::Incident { incident, ask: Ask::AddNote { text } },
        }
    }

    #[test]
    fn commands_go_together_up_to_a_number_and_a_length() {
        let counts = |envelopes: &[Envelope]| -> Vec<usize> {
            let parts = parts(envelopes);
            let read = |body: &Body| serde_json::from_slice::<Orders>(&body.json).unwrap();
            let sent: Vec<_> = parts.iter().flat_map(|body| read(body).commands).collect();
            let orders: Vec<Order> = envelopes.iter().cloned().map(Order::from).collect();
            assert_eq!(sent, orders);
            parts.iter().map(|body| body.ids.len()).collect()
        };
        let short: Vec<_> = (0..1001).map(|number| note(format!("note {number}"))).collect();
        assert_eq!(counts(&short), [500, 500, 1]);
        let long: Vec<_> = (0..20).map(|_| note("x".repeat(60_000))).collect();
        assert_eq!(counts(&long), [8, 8, 4]);
        assert_eq!(counts(&[note("x".repeat(600_000))]), [1]);
        assert_eq!(counts(&[]), [0; 0]);
    }
}
