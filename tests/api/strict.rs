//! Requests are strict: a misspelt, added, absent or retyped field is refused, with its path.

use proptest::prelude::*;
use redphone::api::Order;
use redphone::model::change::{Change, ChangeKind, ChangeState};
use redphone::model::checklist::{Answer, ClosingItem, Item};
use redphone::model::command::{CommandKind, Decision, Link};
use redphone::model::evidence::RedactedPart;
use redphone::model::follow_up::FollowUp;
use redphone::model::impact::{Affected, Reporter};
use redphone::model::problem::{Problem, ProblemState};
use redphone::model::review::{ActionItem, ActionKind, Section};
use redphone::model::status::{Category, Classification, ResolutionAction, Role};
use redphone::model::{
    Actor, ChangeId, Command, EventId, Impact, IncidentCommand as Ask, IncidentId, PersonRef,
    Priority, ProblemId, Status, Urgency,
};
use serde_json::{Value, json};

use crate::support::api::{TestResponse, TestServer, declare, order};

fn ines() -> PersonRef {
    PersonRef::new("ines", "Ines Moreau")
}

/// Returns a command of each kind, with all its optional fields.
#[allow(clippy::too_many_lines, reason = "it is a table of all kinds")]
pub(super) fn sample(kind: CommandKind) -> Command {
    use CommandKind as K;
    let at = "2026-03-01T09:00:00Z".parse().unwrap();
    let text = || "a text".to_owned();
    let command = match kind {
        K::Declare => {
            let (_, Order { command, .. }) = declare("Card payments fail");
            let Command::Incident { command: Ask::Declare(mut declaration), .. } = command else {
                panic!("it is a declaration")
            };
            declaration.services = vec!["ledger".into()];
            declaration.category = Some(Category::Security);
            declaration.symptoms = text();
            declaration.team = Some("payments".into());
            declaration.labels = vec!["eu".into()];
            declaration.dedup_key = Some("key".into());
            declaration.runbook = Some("runbook".into());
            Ask::Declare(declaration)
        }
        K::RepeatAlert => Ask::RepeatAlert { text: text(), count: None },
        K::Acknowledge => Ask::Acknowledge,
        K::MoveStatus => Ask::MoveStatus { to: Status::Identified },
        K::UndoMove => Ask::UndoMove,
        K::Assign => Ask::Assign { to: Some(ines()) },
        K::SetTeam => Ask::SetTeam { team: Some("payments".into()) },
        K::GiveRole => Ask::GiveRole { role: Role::Scribe, person: ines(), given: true },
        K::Escalate => Ask::Escalate {
            level: 1,
            to: vec![ines()],
            reason: Some(text()),
            automatic: None,
            all_must_acknowledge: false,
        },
        K::Prioritize => Ask::Prioritize { impact: Impact::High, urgency: Urgency::Low },
        K::OverridePriority => Ask::OverridePriority { priority: Priority::P1, reason: text() },
        K::Categorize => Ask::Categorize { category: Some(Category::Access) },
        K::SetServices => Ask::SetServices { services: vec!["ledger".into()] },
        K::Describe => Ask::Describe {
            title: Some(text()),
            symptoms: Some(text()),
            labels: Some(vec!["eu".into()]),
            runbook: Some(text()),
        },
        K::AddNote => Ask::AddNote { text: text() },
        K::CorrectNote => Ask::CorrectNote { note: EventId::new(), text: text() },
        K::UpdateStakeholders => {
            Ask::UpdateStakeholders { message: text(), next_due: Some(at), public: None }
        }
        K::AnswerItem => Ask::AnswerItem {
            item: Item::Closing(ClosingItem::ALL[0]),
            answer: Answer::Waived(text()),
        },
        K::Resolve => {
            Ask::Resolve { action: ResolutionAction::Rollback, detail: text(), validation: text() }
        }
        K::Reopen => Ask::Reopen { reason: text() },
        K::Close => Ask::Close,
        K::Snooze => Ask::Snooze { until: at },
        K::Wake => Ask::Wake,
        K::Pause => Ask::Pause { reason: text() },
        K::Unpause => Ask::Unpause,
        K::Mute => Ask::Mute { window: uuid::Uuid::now_v7(), title: text(), until: at },
        K::Unmute => Ask::Unmute,
        K::Merge => Ask::Merge { into: IncidentId::new() },
        K::Link => Ask::Link { link: Link::Problem { id: ProblemId::new(), title: text() } },
        K::Unlink => Ask::Unlink { link: Link::Url("https://example.com".into()) },
        K::Reclassify => Ask::Reclassify { to: Classification::FalseAlarm, reason: text() },
        K::WriteReview => Ask::WriteReview { section: Section::Impact, text: text() },
        K::SetActionItem => Ask::SetActionItem {
            item: ActionItem {
                id: ProblemId::new().0,
                text: text(),
                owner: Some(ines()),
                due: Some("2026-04-01".parse().unwrap()),
                kind: ActionKind::Detect,
                done: false,
            },
        },
        K::SubmitReview => Ask::SubmitReview { returned: Some(text()) },
        K::PublishReview => Ask::PublishReview,
        K::RecordDecision => {
            Ask::RecordDecision(Decision { decision: text(), reason: text(), by: Some(ines()) })
        }
        K::SetExpectedRecovery => Ask::SetExpectedRecovery { at: Some(at) },
        K::AskForRole => Ask::AskForRole { role: Role::Scribe, person: ines() },
        K::AnswerRole => Ask::AnswerRole { role: Role::Scribe, accepted: true },
        K::MoveAlerts => Ask::MoveAlerts {
            to: IncidentId::new(),
            declare: true,
            keys: vec!["0f".into()],
            labels: vec!["instance=db-1".into()],
        },
        K::Fold => Ask::Fold { under: Some(IncidentId::new()) },
        K::MarkNoise => Ask::MarkNoise { reason: Some(text()) },
        K::RequestFollowUp => {
            Ask::RequestFollowUp { item: ProblemId::new().0, tracker: Some(text()) }
        }
        K::RecordFollowUp => {
            Ask::RecordFollowUp { follow_up: FollowUp::requested(ProblemId::new().0, Some(text())) }
        }
        K::SetImpactBegan => Ask::SetImpactBegan { at: Some(at) },
        K::SetAffected => Ask::SetAffected {
            affected: Affected {
                users: Some(3),
                share: Some(12_500),
                regions: vec!["eu".into()],
                customers: vec!["Acme".into()],
            },
        },
        K::AddReporter => Ask::AddReporter {
            reporter: Reporter {
                id: ProblemId::new().0,
                name: "Tom Varga".into(),
                contact: Some("tom@example.org".into()),
                ticket: Some("T-1".into()),
                redacted: false,
            },
        },
        K::RemoveReporter => Ask::RemoveReporter { reporter: ProblemId::new().0 },
        K::InvolveTeam => Ask::InvolveTeam { team: "payments".into(), involved: true },
        K::AttachEvidence => Ask::AttachEvidence {
            evidence: ProblemId::new().0,
            name: "app.log".into(),
            content: "YWJj".into(),
        },
        K::Redact => {
            Ask::Redact { part: RedactedPart::Reporter, target: ProblemId::new().0, reason: text() }
        }
        K::RecordChange => {
            return Command::RecordChange(Change {
                id: ChangeId::new(),
                kind: ChangeKind::Deploy,
                title: text(),
                services: vec!["ledger".into()],
                by: Actor::Person(ines()),
                starts_at: at,
                ends_at: Some(at),
                state: ChangeState::Done,
                url: None,
                approval: None,
                extra: <_>::default(),
            });
        }
        K::RecordProblem => {
            return Command::RecordProblem(Problem {
                id: ProblemId::new(),
                title: text(),
                state: ProblemState::KnownError,
                services: vec!["ledger".into()],
                cause: text(),
                workaround: text(),
                opened_at: at,
                owner: None,
                team: None,
                category: None,
                removed_at: None,
                revision: 0,
                edits: Vec::new(),
                extra: <_>::default(),
            });
        }
    };
    Command::incident(IncidentId::new(), command)
}

/// Returns the body with one command of a kind.
fn body(kind: CommandKind) -> Value {
    let order = Order {
        command: sample(kind),
        as_person: Some("root".into()),
        expected_seq: Some(1),
        ..order(IncidentId::new(), Ask::Wake)
    };
    json!({ "commands": [order] })
}

/// Adds the pointers of all objects and of all their fields, the outermost first.
fn walk(at: &str, value: &Value, objects: &mut Vec<String>, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            objects.push(at.to_owned());
            for (name, value) in members {
                fields.push((at.to_owned(), name.clone()));
                walk(&format!("{at}/{name}"), value, objects, fields);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(&format!("{at}/{index}"), item, objects, fields);
            }
        }
        _ => {}
    }
}

/// Returns a pointer as messages name the path: `/commands/0/id` as `commands[0].id`.
fn json_path(pointer: &str) -> String {
    let mut json_path = String::new();
    for step in pointer.split('/').skip(1) {
        match step.parse::<usize>() {
            Ok(index) => json_path.extend(["[", &index.to_string(), "]"]),
            Err(_) if json_path.is_empty() => json_path.push_str(step),
            Err(_) => json_path.extend([".", step]),
        }
    }
    json_path
}

async fn refused(server: &TestServer, body: &Value, expected: &[&str]) {
    let response = server.post(&server.admin, body.to_string()).await;
    for expected in expected {
        response.refused(400, "bad_request", expected);
    }
}

/// Checks that a body is understood, whether the rules refuse its command or not.
#[track_caller]
fn is_understood(response: &TestResponse) {
    let text = String::from_utf8_lossy(&response.body);
    assert!([200, 409, 422].contains(&response.status), "{text}");
}

/// Each object of each command: a field more, a field misspelt, a field of another type, a list in
/// its path.
#[tokio::test]
async fn each_field_of_each_command_is_checked() {
    let server = TestServer::new().await;
    for kind in CommandKind::ALL {
        let good = body(kind);
        let response = server.post(&server.admin, good.to_string()).await;
        is_understood(&response);
        let (mut objects, mut fields) = (Vec::new(), Vec::new());
        walk("", &good, &mut objects, &mut fields);
        for object in &objects {
            let mut more = good.clone();
            more.pointer_mut(object).unwrap()["zzz"] = json!(1);
            refused(&server, &more, &[&json_path(object), "unknown field `zzz`"]).await;
            let mut list = good.clone();
            let value = list.pointer_mut(object).unwrap();
            *value = json!([value.clone()]);
            refused(&server, &list, &[&json_path(object), "can't be understood"]).await;
        }
        for (object, name) in &fields {
            let mut misspelt = good.clone();
            let members = misspelt.pointer_mut(object).unwrap().as_object_mut().unwrap();
            let value = members.remove(name).unwrap();
            let wrong = format!("{name}x");
            members.insert(wrong.clone(), value);
            let unknown = format!("unknown field `{wrong}`");
            refused(&server, &misspelt, &[&json_path(object), &unknown]).await;
            for retyped in [json!({"a": 1}), json!([[7]]), json!(1.5)] {
                let mut other = good.clone();
                other.pointer_mut(object).unwrap()[name] = retyped;
                let at = json_path(&format!("{object}/{name}"));
                refused(&server, &other, &[&at, "can't be understood"]).await;
            }
        }
    }
}

#[tokio::test]
async fn absent_field_that_would_clear_something_is_refused() {
    let server = TestServer::new().await;
    let cases = [
        (CommandKind::Assign, "/commands/0/command/incident/ask", "to"),
        (CommandKind::SetTeam, "/commands/0/command/incident/ask", "team"),
        (CommandKind::Categorize, "/commands/0/command/incident/ask", "category"),
        (CommandKind::SetActionItem, "/commands/0/command/incident/ask/item", "owner"),
        (CommandKind::SetActionItem, "/commands/0/command/incident/ask/item", "due"),
        (CommandKind::RecordChange, "/commands/0/command/record_change", "ends_at"),
    ];
    for (kind, object, name) in cases {
        let mut absent = body(kind);
        let members = absent.pointer_mut(object).unwrap().as_object_mut().unwrap();
        members.remove(name).unwrap();
        let missing = format!("missing field `{name}`: send null to clear it");
        refused(&server, &absent, &[&json_path(object), &missing]).await;
        let mut null = body(kind);
        null.pointer_mut(object).unwrap()[name] = Value::Null;
        is_understood(&server.post(&server.admin, null.to_string()).await);
    }
}

#[tokio::test]
async fn misspelt_field_names_the_one_that_is_meant() {
    let server = TestServer::new().await;
    let id = server.declared("Card payments fail").await;
    let assign = |ask: Value| {
        let mut body = body(CommandKind::Wake);
        body["commands"][0]["command"] = json!({"incident": {"incident": id, "ask": ask}});
        body
    };
    let person = json!({"handle": "ines", "name": "Ines Moreau"});
    let at = "at commands[0].command.incident.ask: ";
    for (ask, expected) in [
        (json!({"do": "assign", "person": person}), "unknown field `person`, did you mean `to`?"),
        (json!({"do": "assign", "to": person, "note": 1}), "unknown field `note`, expected"),
        (json!({"do": "acknowledge", "text": "x"}), "unknown field `text`"),
        (json!({"do": "add_note", "txt": "x"}), "unknown field `txt`, did you mean `text`?"),
    ] {
        refused(&server, &assign(ask), &[at, expected]).await;
    }
    for (ask, expected) in [
        (
            json!({"do": "asign", "to": null}),
            "ask.do: unknown value `asign`, did you mean `assign`?",
        ),
        (json!({"do": ["assign"]}), "ask.do: is a list, expected a text"),
        (json!(["assign", null]), "incident.ask: is a list, expected an object"),
        (json!({"do": "assign", "to": ["ines", "Ines"]}), "ask.to: is a list, expected an object"),
        (json!({"do": "merge", "into": "INC-1"}), "ask.into: \"INC-1\" is not a UUID"),
        (json!({"do": "snooze", "until": "9:00"}), "ask.until: \"9:00\" is not a time"),
        (json!({"do": "escalate", "level": 256, "to": []}), "ask.level: is 256, 255 is the most"),
    ] {
        refused(&server, &assign(ask), &[expected]).await;
    }
    // The incident has the same owner after all of them.
    let detail = server.get(&server.read, &format!("/v1/incidents/{id}")).await.json();
    assert_eq!(detail["incident"]["seq"], 1, "{detail}");
}

#[tokio::test]
async fn misspelt_parameter_of_a_query_names_the_one_that_is_meant() {
    let server = TestServer::new().await;
    let id = server.declared("Card payments fail").await;
    for (path, expected) in [
        ("/v1/incidents?fliter=p1".to_owned(), "did you mean `filter`?"),
        ("/v1/incidents?limits=2".to_owned(), "did you mean `limit`?"),
        ("/v1/changes?sinse=1".to_owned(), "did you mean `since`?"),
        (format!("/v1/incidents/{id}/timeline?befor=2"), "did you mean `before`?"),
        (format!("/v1/incidents/{id}?limit=2"), "unknown field `limit`"),
        ("/v1/measures?form=x&to=y".to_owned(), "did you mean `from`?"),
        ("/v1/directory?x=1".to_owned(), "unknown field `x`"),
    ] {
        server.get(&server.read, &path).await.refused(400, "bad_request", expected);
    }
    let commands = json!({"commands": []}).to_string();
    let request = server.request("POST", "/v1/commands?dry=1").bearer_auth(&server.admin);
    let request = request.header("content-type", "application/json").body(commands);
    crate::support::api::fetch(request).await.refused(400, "bad_request", "unknown field `dry`");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Any name that no command has, in any object of any command.
    #[test]
    fn field_with_any_other_name_is_refused(
        kind in 0..CommandKind::ALL.len(),
        object in any::<prop::sample::Index>(),
        name in "[a-z_]{1,12}",
    ) {
        let mut body = body(CommandKind::ALL[kind]);
        let (mut objects, mut fields) = (Vec::new(), Vec::new());
        walk("", &body, &mut objects, &mut fields);
        let object = object.get(&objects).clone();
        prop_assume!(body.pointer(&object).unwrap().get(&name).is_none());
        // Optional fields that this command leaves out don't occur: all are in the sample.
        body.pointer_mut(&object).unwrap()[&name] = json!("x");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let server = TestServer::new().await;
            refused(&server, &body, &["unknown field", &json_path(&object)]).await;
        });
    }
}
