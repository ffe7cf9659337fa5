//! Ids of commands over the API: bound to content and asker; and positions that are expected.

use redphone::api::{Answered, Order, Orders};
use redphone::model::directory::Directory;
use redphone::model::{CommandId, IncidentCommand, PersonRef};
use redphone::server::scope::Scope;
use redphone::server::tokens::NewToken;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::api::{TestResponse, TestServer, declare, done, fetch, order, token};

fn details(answer: &Answered) -> Value {
    match answer {
        Answered::Refused { details, .. } => serde_json::to_value(details).unwrap(),
        Answered::Done { .. } => panic!("{answer:?}"),
    }
}

async fn answer(server: &TestServer, token: &str, order: Order) -> Answered {
    server.send(token, vec![order]).await.remove(0)
}

/// Sends one command with the header `If-Match`.
async fn post_if_match(server: &TestServer, tag: &str, orders: Vec<Order>) -> TestResponse {
    let body = serde_json::to_vec(&Orders { commands: orders }).unwrap();
    let request = server.request("POST", "/v1/commands").bearer_auth(&server.respond);
    let request = request.header("content-type", "application/json").header("if-match", tag);
    fetch(request.body(body)).await
}

#[tokio::test]
async fn second_outage_with_the_id_of_the_first_is_refused() {
    let server = TestServer::new().await;
    let (_, first) = declare("Card payments fail");
    let (_, mut second) = declare("Logins fail");
    second.id = first.id;
    done(&answer(&server, &server.respond, first.clone()).await);
    let refused = details(&answer(&server, &server.respond, second.clone()).await);
    assert_eq!((&refused["code"], &refused["status"]), (&json!("id_reused"), &json!(422)));
    assert_eq!(refused["rejection"], "invalid");
    // In one request with it, as well.
    second.id = CommandId::new();
    let (_, mut third) = declare("Search fails");
    third.id = second.id;
    let answers = server.send(&server.respond, vec![second, third, first]).await;
    assert!(!done(&answers[0]).replayed && done(&answers[2]).replayed);
    assert_eq!(details(&answers[1])["code"], "id_reused");
}

#[tokio::test]
async fn refusal_has_nothing_for_strangers() {
    let server = TestServer::new().await;
    let (_, secret) = declare("Customer data of ACME leaked");
    done(&answer(&server, &server.respond, secret.clone()).await);
    // A program that may not read sends the id that it has seen, with the same and other content.
    let (_, mut other) = declare("x");
    other.id = secret.id;
    for order in [secret.clone(), other] {
        let refused = details(&answer(&server, &server.ingest, order).await);
        assert_eq!(refused["code"], "id_reused", "{refused}");
        for word in ["ACME", "INC-", "Ines", "ines"] {
            assert!(!refused.to_string().contains(word), "{refused}");
        }
    }
    // Another token of the same person is the same asker.
    let again = token(&server.tokens, "laptop", Scope::Respond);
    let refused = details(&answer(&server, &again, secret.clone()).await);
    assert_eq!(refused["code"], "id_reused", "a token of somebody else: {refused}");
    let new = redphone::server::tokens::NewToken {
        name: "phone".into(),
        scope: Scope::Respond,
        person: Some("ines".into()),
        expires_at: None,
    };
    let mine = server.tokens.create(new).unwrap().0.reveal();
    let outcome = answer(&server, &mine, secret).await;
    assert!(done(&outcome).replayed);
}

/// The requester is the person, or the program by its name, and not the token. Commands sent with
/// an earlier token are sent again with others, one of each kind of content.
#[tokio::test]
async fn command_is_answered_again_whatever_token_its_requester_has() {
    let server = TestServer::new().await;
    let make = |name: &str, scope, person: Option<&str>| {
        let person = person.map(str::to_owned);
        let new = NewToken { name: name.into(), scope, person, expires_at: None };
        server.tokens.create(new).unwrap().0.reveal()
    };
    let incident = server.declared("Card payments fail").await;
    let tom = PersonRef::new("tom", "Tom Varga");
    let assign = || order(incident, IncidentCommand::Assign { to: Some(tom.clone()) });
    let note = || order(incident, IncidentCommand::AddNote { text: "a note".into() });
    let of_person = [assign(), note(), declare("Logins fail").1];
    let of_program = [declare("Disk full").1, order(incident, repeat("again"))];
    let first_of_person = server.send(&server.respond, of_person.to_vec()).await;
    let first_of_program = server.send(&server.ingest, of_program.to_vec()).await;
    for answer in first_of_person.iter().chain(&first_of_program) {
        assert!(!done(answer).replayed, "{answer:?}");
    }
    // Meanwhile a name is another in the directory, and the tokens are rotated.
    let people = vec![PersonRef::new("ines", "Ines Okafor"), PersonRef::new("tom", "Thomas Varga")];
    server.store.set_directory(&Directory { people, ..Directory::default() }).await.unwrap();
    for name in ["ines", "Alertmanager"] {
        server.tokens.revoke(name).unwrap();
    }
    let cases = [
        ("the person's new token", make("ines", Scope::Respond, None), true, false),
        ("another of the person", make("phone", Scope::Respond, Some("ines")), true, false),
        ("one of another scope", make("ops", Scope::Admin, Some("@ines")), true, false),
        ("another person", make("tom", Scope::Respond, None), false, false),
        (
            "another person's of that name",
            make("ines-2", Scope::Respond, Some("tom")),
            false,
            false,
        ),
        ("the program's new token", make("Alertmanager", Scope::Ingest, None), false, true),
        ("another program", make("Grafana", Scope::Ingest, None), false, false),
        (
            "a person of the program's name",
            make("p", Scope::Respond, Some("Alertmanager")),
            false,
            false,
        ),
    ];
    for (what, token, is_person, is_program) in cases {
        for (orders, firsts, is_same) in [
            (of_person.to_vec(), &first_of_person, is_person),
            (of_program.to_vec(), &first_of_program, is_program),
        ] {
            for (order, first) in orders.into_iter().zip(firsts) {
                let kind = order.command.kind();
                let answer = answer(&server, &token, order).await;
                if is_same {
                    let (again, first) = (done(&answer), done(first));
                    assert!(again.replayed, "{what}, {kind:?}: {answer:?}");
                    assert_eq!((again.incident, &again.events), (first.incident, &first.events));
                    continue;
                }
                let code = details(&answer)["code"].clone();
                assert!(
                    ["id_reused", "not_allowed"].contains(&code.as_str().unwrap()),
                    "{what}, {kind:?}: {code}"
                );
            }
        }
    }
}

fn repeat(text: &str) -> IncidentCommand {
    IncidentCommand::RepeatAlert { text: text.into(), count: None }
}

#[tokio::test]
async fn colliding_event_id_is_a_conflict_and_no_failure() {
    let server = TestServer::new().await;
    let (one, two) = (server.declared("one").await, server.declared("two").await);
    let merge = order(one, IncidentCommand::Merge { into: two });
    done(&answer(&server, &server.respond, merge.clone()).await);
    let mut near = order(two, IncidentCommand::AddNote { text: "near".into() });
    near.id = CommandId(Uuid::from_u128(merge.id.0.as_u128() + 100));
    let refused = details(&answer(&server, &server.respond, near).await);
    assert_eq!((&refused["code"], &refused["status"]), (&json!("id_collides"), &json!(409)));
    // The other way round: the merge comes after the note.
    let (three, four) = (server.declared("three").await, server.declared("four").await);
    let note = order(three, IncidentCommand::AddNote { text: "first".into() });
    done(&answer(&server, &server.respond, note.clone()).await);
    let mut merge = order(three, IncidentCommand::Merge { into: four });
    merge.id = CommandId(Uuid::from_u128(note.id.0.as_u128() - 100));
    let refused = details(&answer(&server, &server.respond, merge).await);
    assert_eq!(refused["code"], "id_collides");
}

#[tokio::test]
async fn expected_position_is_checked_for_each_command() {
    let server = TestServer::new().await;
    let id = server.declared("Card payments fail").await;
    let note = |seq: u32| {
        let note = IncidentCommand::AddNote { text: "note".into() };
        Order { expected_seq: Some(seq), ..order(id, note) }
    };
    let answers = server.send(&server.respond, vec![note(1), note(1), note(2)]).await;
    done(&answers[0]);
    done(&answers[2]);
    let refused = details(&answers[1]);
    assert_eq!((&refused["code"], &refused["status"]), (&json!("changed_meanwhile"), &json!(412)));
    assert_eq!((&refused["expected_seq"], &refused["current_seq"]), (&json!(1), &json!(2)));
    // A caller without read permission gets no position.
    let repeat = IncidentCommand::RepeatAlert { text: "again".into(), count: None };
    let repeat = Order { expected_seq: Some(1), ..order(id, repeat) };
    let refused = details(&answer(&server, &server.ingest, repeat).await);
    assert_eq!(refused["code"], "changed_meanwhile");
    assert_eq!(refused.get("current_seq"), None);
    assert!(!refused["detail"].as_str().unwrap().contains('3'), "{refused}");
}

#[tokio::test]
async fn tag_of_the_incident_guards_a_command() {
    let server = TestServer::new().await;
    let id = server.declared("Card payments fail").await;
    let path = format!("/v1/incidents/{id}");
    let note = || order(id, IncidentCommand::AddNote { text: "note".into() });
    let tag_of = async || {
        let response = server.get(&server.read, &path).await;
        response.header("etag").unwrap().to_owned()
    };
    let first = tag_of().await;
    let noted = note();
    assert_eq!(post_if_match(&server, &first, vec![noted.clone()]).await.status, 200);
    let response = post_if_match(&server, &first, vec![note()]).await;
    response.refused(412, "changed_meanwhile", "its last event is 2");
    assert_eq!(response.json()["current_seq"], 2);
    // A command that was carried out is answered with its outcome, whatever its tag.
    assert_eq!(post_if_match(&server, &first, vec![noted]).await.status, 200);
    let second = tag_of().await;
    assert_ne!(first, second);
    let strong = second.trim_start_matches("W/");
    assert_eq!(post_if_match(&server, strong, vec![note()]).await.status, 200);
    assert_eq!(post_if_match(&server, "*", vec![note()]).await.status, 200);
    // Still a tag for reading.
    let tag = tag_of().await;
    let request = server.request("GET", &path).bearer_auth(&server.read);
    assert_eq!(fetch(request.header("if-none-match", &tag)).await.status, 304);
    let at_first = Order { expected_seq: Some(1), ..note() };
    for (tag, orders, expected) in [
        (tag.as_str(), vec![note(), note()], "If-Match is for one command"),
        ("", vec![note()], "not the tag of one incident"),
        ("\"abc\"", vec![note()], "not the tag of one incident"),
        ("17", vec![note()], "not the tag of one incident"),
        (tag.as_str(), vec![at_first], "different positions"),
    ] {
        let response = post_if_match(&server, tag, orders).await;
        response.refused(422, "rejected", expected);
    }
}
