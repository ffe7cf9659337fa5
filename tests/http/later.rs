//! A client works with a server of a later version: a proxy adds values to its answers, one of each
//! kind at a time.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use redphone::backend::{Backend, BackendError, TimelineRange};
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::measures::{Cut, Window};
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::{
    Actor, ChangeId, Command, IncidentCommand, IncidentId, PersonRef, ProblemId,
};
use serde_json::json;

use super::fixtures::patient;
use crate::support::later;
use crate::support::proxy::{Fault, Proxy};
use crate::support::requests::{ask, declare, declared, envelope, search};
use crate::support::served::Served;

fn command(json: serde_json::Value) -> IncidentCommand {
    serde_json::from_value(json).unwrap()
}

/// Serves an incident with events of most kinds, and returns its id.
async fn served() -> (Served, IncidentId) {
    let served = Served::start().await;
    let admin = served.client(&served.url(), "ines", patient());
    let id = declared(&admin, "Card payments fail").await;
    let problem = Problem {
        id: ProblemId::new(),
        title: "the pool is too small".into(),
        state: ProblemState::Open,
        services: vec!["checkout".into()],
        cause: String::new(),
        workaround: "restart".into(),
        opened_at: Utc::now(),
        owner: None,
        team: None,
        category: None,
        removed_at: None,
        revision: 0,
        edits: Vec::new(),
        extra: <_>::default(),
    };
    let change = Change {
        id: ChangeId::new(),
        kind: ChangeKind::Deploy,
        title: "checkout v9".into(),
        services: vec!["checkout".into()],
        by: Actor::Person(PersonRef::new("ines", "Ines Moreau")),
        starts_at: Utc::now() - TimeDelta::minutes(20),
        ends_at: Some(Utc::now() - TimeDelta::minutes(10)),
        state: ChangeState::Done,
        url: None,
        approval: None,
        extra: <_>::default(),
    };
    let link = json!({"do": "link", "link": {"problem": {"id": problem.id, "title": "pool"}}});
    let tom = json!({"handle": "tom", "name": "Tom Varga"});
    let mut commands =
        vec![envelope(Command::RecordProblem(problem)), envelope(Command::RecordChange(change))];
    for asked in [
        json!({"do": "acknowledge"}),
        json!({"do": "move_status", "to": "identified"}),
        json!({"do": "add_note", "text": "the pool is full"}),
        json!({"do": "assign", "to": tom}),
        json!({"do": "give_role", "role": "scribe", "given": true, "person": tom}),
        link,
        json!({"do": "answer_item", "item": {"closing": "contained"}, "answer": "yes"}),
        json!({"do": "write_review", "section": "impact", "text": "carts"}),
    ] {
        commands.push(ask(id, command(asked)));
    }
    for outcome in admin.execute_all(&commands).await {
        outcome.unwrap();
    }
    (served, id)
}

fn fail(name: &str, what: &str, error: &BackendError) -> ! {
    panic!("{name}: {what}: {error}")
}

/// Asks for everything through a proxy that adds the example with this number.
async fn try_all(served: &Served, id: IncidentId, number: usize) {
    let proxy = Proxy::start(Some(served.address), move |_| Fault::Edit(later::edit, number)).await;
    let client = served.client(&proxy.url(), "ines", patient());
    let (name, text) = later::describe(number);
    let capabilities =
        client.capabilities().await.unwrap_or_else(|e| fail(name, "capabilities", &e));
    assert!(!capabilities.verbs.is_empty());
    let delta =
        client.changes(None, Duration::ZERO).await.unwrap_or_else(|e| fail(name, "changes", &e));
    assert!(delta.rows.iter().any(|row| row.id == id), "{name}");
    let page = client.search(&search("")).await.unwrap_or_else(|e| fail(name, "search", &e));
    assert!(page.rows.iter().any(|row| row.id == id), "{name}");
    let detail = client.incident(id).await.unwrap_or_else(|e| fail(name, "incident", &e));
    let part = TimelineRange::Last(100);
    let timeline = client.timeline(id, part).await.unwrap_or_else(|e| fail(name, "timeline", &e));
    assert_eq!(timeline.last().map(|event| event.seq), Some(detail.incident.summary.seq));
    let problems = client.problems().await.unwrap_or_else(|e| fail(name, "problems", &e));
    let directory = client.directory().await.unwrap_or_else(|e| fail(name, "directory", &e));
    let to = Utc::now();
    let window = Window { from: to - TimeDelta::days(1), to, edges: Vec::new() };
    let measures = client.measures(&window, Cut::Category, to).await;
    measures.unwrap_or_else(|e| fail(name, "measures", &e));

    let answer = client.execute(&ask(id, command(json!({"do": "add_note", "text": "n"})))).await;
    answer.unwrap_or_else(|e| fail(name, "note", &e));
    let (new, declaration) = declare("Search is slow");
    let answer = client.execute(&declaration).await.unwrap_or_else(|e| fail(name, "declare", &e));
    assert_eq!(answer.incident, Some(new));
    let refused = client.execute(&ask(id, command(json!({"do": "unpause"})))).await;
    assert!(
        matches!(refused, Err(BackendError::Conflict(_) | BackendError::Rejected(_))),
        "{name}"
    );

    let carried =
        serde_json::to_string(&(&delta.rows, &page.rows, &detail, &timeline, problems, directory));
    let carried = carried.unwrap();
    let is_rare = ["action", "classification", "target of a policy"].contains(&name);
    // A kind of event is shown as words, and carried as it was sent.
    let plain = |text: &str| text.replace(['_', '-'], " ").to_lowercase();
    assert!(is_rare || plain(&carried).contains(&plain(text)), "{name}: {text} is lost: {carried}");
}

#[tokio::test(flavor = "multi_thread")]
async fn client_goes_on_with_a_server_of_a_later_version() {
    let (served, id) = served().await;
    for number in 0..later::count() {
        try_all(&served, id, number).await;
    }
}
