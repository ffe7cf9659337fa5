//! The meaning of a response for each command of a batch.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use chrono::Utc;
use redphone::api::{Answered, Answers, Details, ErrorCode, Orders};
use redphone::backend::{Backend, BackendError, Outcome};
use redphone::model::{
    Actor, Command, CommandId, Envelope, IncidentCommand, IncidentId, PersonRef,
};
use rstest::rstest;
use serde_json::{Value, json};

use super::fixtures::{ClientFixture, json as json_response, refusal};
use crate::support::proxy::{Fault, Proxy, Request};
use crate::support::served::Served;

fn notes(count: usize) -> Vec<Envelope> {
    let note = |index| Envelope {
        id: CommandId::new(),
        at: Utc::now(),
        actor: Actor::Person(PersonRef::new("ines", "Ines Moreau")),
        command: Command::incident(
            IncidentId::new(),
            IncidentCommand::AddNote { text: format!("note {index}") },
        ),
        expected_seq: None,
    };
    (0..count).map(note).collect()
}

fn ids(request: &Request) -> Vec<CommandId> {
    let orders: Orders = serde_json::from_slice(&request.body).unwrap();
    orders.commands.iter().map(|order| order.id).collect()
}

fn done(id: CommandId) -> Answered {
    let outcome = Outcome { incident: None, row: None, events: Vec::new(), replayed: false };
    Answered::Done { id, outcome: Box::new(outcome) }
}

/// A server that does not understand the commands with these ids.
async fn older(culprits: Vec<CommandId>) -> (Proxy, Arc<Mutex<Vec<CommandId>>>) {
    let carried_out = Arc::new(Mutex::new(Vec::new()));
    let all = Arc::clone(&carried_out);
    let proxy = Proxy::start(None, move |request| {
        let ids = ids(request);
        if ids.iter().any(|id| culprits.contains(id)) {
            return refusal(&Details::new(ErrorCode::BadRequest, "unknown variant `later`"));
        }
        all.lock().unwrap().extend(&ids);
        json_response("", &Answers::new(ids.into_iter().map(done).collect()))
    })
    .await;
    (proxy, carried_out)
}

#[tokio::test]
async fn command_unknown_to_the_server_fails_alone() {
    let envelopes = notes(37);
    let culprits = vec![envelopes[4].id, envelopes[21].id, envelopes[22].id];
    let (proxy, carried_out) = older(culprits.clone()).await;
    let results = ClientFixture::new().client(&proxy.url()).execute_all(&envelopes).await;
    assert_eq!(results.len(), envelopes.len());
    for (envelope, result) in envelopes.iter().zip(&results) {
        match result {
            Ok(_) => assert!(!culprits.contains(&envelope.id)),
            Err(error) => {
                assert!(matches!(error, BackendError::Rejected(_)), "{error:?}");
                assert!(culprits.contains(&envelope.id));
            }
        }
    }
    let in_order: Vec<CommandId> =
        envelopes.iter().map(|e| e.id).filter(|id| !culprits.contains(id)).collect();
    assert_eq!(*carried_out.lock().unwrap(), in_order);
}

#[rstest]
#[case(ErrorCode::NotAllowed)]
#[case(ErrorCode::NotFound)]
#[case(ErrorCode::NoSuchMethod)]
#[tokio::test]
async fn wrong_token_or_path_settles_no_command(#[case] code: ErrorCode) {
    let proxy = Proxy::start(None, move |_| refusal(&Details::new(code, "not here"))).await;
    let host = proxy.url().replace("http://", "");
    for count in [1, 3] {
        for result in ClientFixture::new().client(&proxy.url()).execute_all(&notes(count)).await {
            let error = result.unwrap_err();
            assert!(error.is_temporary(), "{error:?}");
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("{host} takes no commands from here (not here)")),
                "{message}"
            );
        }
    }
}

#[tokio::test]
async fn executed_command_counts_whatever_the_response_holds() {
    let proxy = Proxy::start(None, |request| {
        let answers: Vec<Value> = ids(request)
            .iter()
            .enumerate()
            .map(|(index, id)| match index {
                0 => json!({"done": {"id": id, "outcome": {"of a later": "version"}}}),
                1 => json!({"done": {"id": id}, }),
                2 => json!({"refused": {"id": id, "details": {"later": 1}}}),
                3 => json!({"put_off": {"id": id}}),
                _ => serde_json::to_value(done(*id)).unwrap(),
            })
            .collect();
        json_response("", &json!({ "answers": answers, "more": 1 }))
    })
    .await;
    let envelopes = notes(5);
    let results = ClientFixture::new().client(&proxy.url()).execute_all(&envelopes).await;
    assert!(results[0].is_ok() && results[1].is_ok() && results[4].is_ok(), "{results:?}");
    for result in &results[2..4] {
        let Err(BackendError::Broken(said)) = result else { panic!("{result:?}") };
        assert!(said.to_string().contains("can't be understood"), "{said}");
    }
}

#[rstest]
#[case(json!({"ok": true}))]
#[case(json!([]))]
#[case(json!({"answers": []}))]
#[tokio::test]
async fn response_that_is_not_of_the_api_settles_no_command(#[case] answer: Value) {
    let proxy = Proxy::start(None, move |_| json_response("", &answer)).await;
    for result in ClientFixture::new().client(&proxy.url()).execute_all(&notes(2)).await {
        assert!(matches!(result, Err(BackendError::Broken(_))), "{result:?}");
    }
}

#[tokio::test]
async fn commands_after_a_failed_request_are_not_sent() {
    let long = "x".repeat(300_000);
    let mut envelopes = notes(3);
    for envelope in &mut envelopes {
        let Command::Incident { command: IncidentCommand::AddNote { text }, .. } =
            &mut envelope.command
        else {
            unreachable!()
        };
        text.clone_from(&long);
    }
    let request_count = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&request_count);
    let proxy = Proxy::start(None, move |_| {
        *counted.lock().unwrap() += 1;
        Fault::says("502 Bad Gateway", "", "text/html", "no")
    })
    .await;
    let results = ClientFixture::new().client(&proxy.url()).execute_all(&envelopes).await;
    assert!(results.len() == 3 && results.iter().all(Result::is_err), "{results:?}");
    assert_eq!(*request_count.lock().unwrap(), 1);
}

#[tokio::test]
async fn token_change_in_between_sends_nothing_as_another_user() {
    let server = Served::start().await;
    let fixture = ClientFixture::new();
    fixture.write("token", &server.secret("ines"));
    // The first response to a command is that the token is refused. Then the file has another
    // token.
    let (path, tom) = (fixture.token(), server.secret("tom"));
    let revoked = AtomicBool::new(false);
    let proxy = Proxy::start(Some(server.address), move |request| {
        if request.target() == "/v1/commands" && !revoked.swap(true, Ordering::SeqCst) {
            std::fs::write(&path, &tom).unwrap();
            return refusal(&Details::new(ErrorCode::Unauthorized, "it was revoked"));
        }
        Fault::Pass
    })
    .await;
    let client = fixture.client(&proxy.url());
    let capabilities = client.capabilities().await.unwrap();
    assert!(capabilities.checks_person && capabilities.me.unwrap().handle == "ines");
    let envelopes = notes(2);
    for result in client.execute_all(&envelopes).await {
        let error = result.unwrap_err();
        assert!(error.is_temporary(), "{error:?}");
        let expected = "it was asked by ines, and the token is tom's: send it with a token of ines";
        assert_eq!(error.to_string(), expected);
    }
    assert_eq!(*client.token_changes().borrow(), 1);
    // After that, the client knows that the token belongs to tom.
    assert_eq!(client.capabilities().await.unwrap().me.unwrap().handle, "tom");
    for result in client.execute_all(&envelopes).await {
        assert!(matches!(result, Err(BackendError::NotFound(_))), "{result:?}");
    }
}
