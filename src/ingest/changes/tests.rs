//! Messages of each sender become the expected reports.

use chrono::{DateTime, Utc};
use rstest::rstest;
use serde_json::{Value, json};

use super::{ChangeForm, ChangeReport};
use crate::ingest::error::IngestError;
use crate::ingest::mapping::Message;
use crate::model::change::{ChangeApproval, ChangeState};

fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().expect("a time")
}

fn read(
    form: ChangeForm,
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<Vec<ChangeReport>, IngestError> {
    let body = body.to_string();
    let headers = headers.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
    form.read(form.name(), &Message { headers, ..Message::new(body.as_bytes()) }, now())
}

/// Returns a report in one line.
fn line(report: &ChangeReport) -> String {
    format!(
        "{} | {} | {} {} | {} | {}",
        report.state,
        report.title,
        report.origin.repository,
        report.origin.environment.as_deref().unwrap_or("-"),
        report.by.as_deref().unwrap_or("-"),
        report.at.format("%H:%M:%S"),
    )
}

fn lines(reports: Result<Vec<ChangeReport>, IngestError>) -> Vec<String> {
    reports.expect("a message").iter().map(line).collect()
}

fn github(event: &str, state: &str) -> Value {
    json!({
        "action": "created",
        "deployment": {
            "id": 71, "sha": "a1b2c3d4e5f6", "ref": "main", "environment": "production",
            "created_at": "2026-03-01T11:00:00Z", "creator": {"login": "ines"},
        },
        "deployment_status": (event == "deployment_status").then(|| json!({
            "state": state, "environment": "production", "created_at": "2026-03-01T11:05:00Z",
            "log_url": "https://github.example/run/1",
        })),
        "repository": {"full_name": "shop/checkout"},
        "sender": {"login": "octocat"},
    })
}

#[rstest]
#[case("deployment", "", Some(ChangeState::Planned))]
#[case("deployment_status", "queued", Some(ChangeState::Planned))]
#[case("deployment_status", "in_progress", Some(ChangeState::Running))]
#[case("deployment_status", "success", Some(ChangeState::Done))]
#[case("deployment_status", "failure", Some(ChangeState::Failed))]
#[case("deployment_status", "error", Some(ChangeState::Failed))]
#[case("deployment_status", "inactive", None)]
#[case("ping", "", None)]
fn states_of_github_are_those_of_a_change(
    #[case] event: &str,
    #[case] state: &str,
    #[case] expected: Option<ChangeState>,
) {
    let headers = [("x-github-event", event)];
    let reports = read(ChangeForm::Github, &headers, &github(event, state)).expect("a message");
    let states: Vec<ChangeState> = reports.iter().map(|report| report.state).collect();
    assert_eq!(states, expected.into_iter().collect::<Vec<_>>());
    // The event is also recognized by the content of the message.
    if event != "ping" {
        assert_eq!(read(ChangeForm::Github, &[], &github(event, state)), Ok(reports));
    }
}

#[test]
fn deployment_of_github_has_title_origin_and_page() {
    let reports = read(ChangeForm::Github, &[], &github("deployment_status", "success"));
    assert_eq!(
        lines(reports.clone()),
        ["done | shop/checkout main (a1b2c3d) to production | shop/checkout production | ines | \
             11:05:00"]
    );
    let [done] = &reports.expect("a message")[..] else { panic!("one report") };
    assert_eq!(done.url.as_deref(), Some("https://github.example/run/1"));
    let planned = read(ChangeForm::Github, &[], &github("deployment", "")).expect("a message");
    assert_eq!(planned[0].id, done.id);
}

#[test]
fn run_of_a_workflow_is_a_change_for_each_attempt() {
    let run = |action: &str, attempt: u32, conclusion: Value| {
        json!({
            "action": action,
            "workflow_run": {
                "id": 9, "name": "Deploy", "head_branch": "main", "head_sha": "a1b2c3d4e5",
                "run_attempt": attempt, "conclusion": conclusion, "html_url": "https://github.example/9",
                "created_at": "2026-03-01T11:00:00Z", "run_started_at": "2026-03-01T11:01:00Z",
                "updated_at": "2026-03-01T11:09:00Z", "actor": {"login": "ines"},
            },
            "repository": {"full_name": "shop/checkout"},
        })
    };
    let of = |value: Value| read(ChangeForm::Github, &[], &value).expect("a message");
    let running = of(run("in_progress", 1, Value::Null));
    let failed = of(run("completed", 1, json!("timed_out")));
    let done = of(run("completed", 2, json!("success")));
    assert_eq!(
        [&running, &failed, &done].map(|reports| line(&reports[0])),
        [
            "running | shop/checkout: Deploy of main (a1b2c3d) | shop/checkout - | ines | 11:01:00",
            "failed | shop/checkout: Deploy of main (a1b2c3d) | shop/checkout - | ines | 11:09:00",
            "done | shop/checkout: Deploy of main (a1b2c3d) | shop/checkout - | ines | 11:09:00",
        ]
    );
    assert_eq!(running[0].id, failed[0].id);
    assert_ne!(failed[0].id, done[0].id);
    assert_eq!(of(run("completed", 1, json!("skipped"))), []);
}

#[rstest]
#[case("requested", Some(ChangeApproval::Requested))]
#[case("approved", Some(ChangeApproval::Approved))]
#[case("rejected", Some(ChangeApproval::Rejected))]
#[case("dismissed", None)]
fn review_of_a_run_says_whether_it_is_approved(
    #[case] action: &str,
    #[case] expected: Option<ChangeApproval>,
) {
    let review = json!({
        "action": action,
        "workflow_run": {
            "id": 9, "name": "Deploy", "head_branch": "main", "head_sha": "a1b2c3d4e5",
            "run_attempt": 1, "created_at": "2026-03-01T11:00:00Z",
        },
        "repository": {"full_name": "shop/checkout"},
    });
    let headers = [("x-github-event", "deployment_review")];
    let reports = read(ChangeForm::Github, &headers, &review).expect("a message");
    let found: Vec<_> = reports.iter().map(|report| (report.state, report.approval)).collect();
    let expected = expected.map(|approval| (ChangeState::Planned, Some(approval)));
    assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
}

#[rstest]
#[case(ChangeForm::Github, github("deployment_status", "waiting"), Some(ChangeApproval::Requested))]
#[case(ChangeForm::Github, github("deployment_status", "queued"), None)]
#[case(ChangeForm::Gitlab, gitlab("blocked"), Some(ChangeApproval::Requested))]
#[case(ChangeForm::Gitlab, gitlab("running"), None)]
fn deployment_that_waits_for_approval_says_so(
    #[case] form: ChangeForm,
    #[case] message: Value,
    #[case] expected: Option<ChangeApproval>,
) {
    let reports = read(form, &[], &message).expect("a message");
    assert_eq!(reports[0].approval, expected);
}

#[test]
fn custom_data_of_an_event_may_say_the_approval() {
    let mut event = cdevent("pipelinerun.queued", &json!({"pipelineName": "ship"}));
    event["customData"] = json!({"approval": "approved"});
    let reports = read(ChangeForm::CdEvents, &[], &event).expect("a message");
    assert_eq!(reports[0].approval, Some(ChangeApproval::Approved));
    event["customData"] = json!({"approval": 7});
    let reports = read(ChangeForm::CdEvents, &[], &event).expect("a message");
    assert_eq!(reports[0].approval, None);
}

fn gitlab(status: &str) -> Value {
    json!({
        "object_kind": "deployment", "status": status, "deployment_id": 15,
        "status_changed_at": "2026-03-01 13:28:08 +0200", "deployable_url": "https://gitlab.example/1",
        "environment": "staging", "ref": "v812", "short_sha": "279484c0",
        "project": {"path_with_namespace": "shop/checkout", "name": "checkout"},
        "user": {"name": "Tomasz", "username": "tomasz"},
    })
}

#[rstest]
#[case("created", "planned")]
#[case("running", "running")]
#[case("success", "done")]
#[case("failed", "failed")]
#[case("canceled", "failed")]
fn deployments_of_gitlab_are_changes(#[case] status: &str, #[case] state: &str) {
    let expected = format!(
        "{state} | shop/checkout v812 (279484c) to staging | shop/checkout staging | tomasz | \
         11:28:08"
    );
    assert_eq!(lines(read(ChangeForm::Gitlab, &[], &gitlab(status))), [expected]);
}

#[test]
fn other_events_of_gitlab_are_no_changes() {
    assert_eq!(read(ChangeForm::Gitlab, &[], &gitlab("skipped")), Ok(vec![]));
    assert_eq!(read(ChangeForm::Gitlab, &[], &json!({"object_kind": "push"})), Ok(vec![]));
}

#[rstest]
#[case::running("in_progress", "running", "12:00:00")]
#[case::planned("queued", "planned", "12:00:40")]
fn clock_of_the_sender_may_be_ahead(#[case] state: &str, #[case] is: &str, #[case] at: &str) {
    let mut body = github("deployment_status", state);
    body["deployment_status"]["created_at"] = "2026-03-01T12:00:40Z".into();
    let headers = [("x-github-event", "deployment_status")];
    let reports = read(ChangeForm::Github, &headers, &body).expect("a message");
    let times: Vec<(String, String)> = reports
        .iter()
        .map(|report| (report.state.to_string(), report.at.format("%H:%M:%S").to_string()))
        .collect();
    assert_eq!(times, [(is.to_owned(), at.to_owned())]);
}

fn gitlab_release(changed: &Value) -> Value {
    let mut body = json!({
        "id": 1, "object_kind": "release", "action": "create", "tag": "v8.12", "name": "v8.12",
        "created_at": "2026-03-01 11:20:00 UTC", "released_at": "2026-03-01 11:30:00 UTC",
        "url": "https://gitlab.example/shop/checkout/-/releases/v8.12",
        "project": {"path_with_namespace": "shop/checkout", "name": "checkout"},
        "commit": {"id": "ee0a3fb31a", "author": {"name": "Tomasz", "email": "t@example.com"}},
    });
    for (name, value) in changed.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

#[rstest]
#[case::usual(json!({}), "v8.12 | shop/checkout - | Tomasz | 11:30:00")]
#[case::named(json!({"name": "Cards"}), "v8.12: Cards | shop/checkout - | Tomasz | 11:30:00")]
#[case::without_action(json!({"action": null}), "v8.12 | shop/checkout - | Tomasz | 11:30:00")]
#[case::nobody(json!({"commit": null}), "v8.12 | shop/checkout - | - | 11:30:00")]
#[case::announced(json!({"released_at": "2026-04-01 11:30:00 UTC"}),
    "v8.12 | shop/checkout - | Tomasz | 11:20:00")]
#[case::timeless(json!({"released_at": 7, "created_at": null}),
    "v8.12 | shop/checkout - | Tomasz | 12:00:00")]
fn release_of_gitlab_is_a_change_that_is_done(#[case] changed: Value, #[case] expected: &str) {
    let reports = read(ChangeForm::Gitlab, &[], &gitlab_release(&changed));
    assert_eq!(lines(reports), [format!("done | shop/checkout release {expected}")]);
}

#[test]
fn release_of_gitlab_is_one_change_of_its_tag() {
    let of = |changed: Value| {
        read(ChangeForm::Gitlab, &[], &gitlab_release(&changed)).expect("a message")
    };
    let first = of(json!({}));
    assert_eq!(of(json!({"id": 2, "name": "Cards"}))[0].id, first[0].id);
    assert_ne!(of(json!({"tag": "v8.13"}))[0].id, first[0].id);
    for action in ["update", "delete"] {
        assert_eq!(of(json!({"action": action})), []);
    }
}

fn cdevent(kind: &str, content: &Value) -> Value {
    json!({
        "context": {
            "version": "0.4.1", "id": "271069a8", "source": "/cluster/a",
            "type": format!("dev.cdevents.{kind}.0.2.0"), "timestamp": "2026-03-01T11:30:00Z",
        },
        "subject": {"id": "service/checkout", "content": content},
    })
}

#[rstest]
#[case("service.deployed", json!({"environment": {"id": "production"}, "artifactId": "pkg:oci/checkout@812"}),
    "done | checkout deployed in production: pkg:oci/checkout@812 | service/checkout production | - | 11:30:00")]
#[case("service.upgraded", json!({"environment": {"id": "eu", "name": "production"}}),
    "done | checkout upgraded in production | service/checkout production | - | 11:30:00")]
#[case("service.rolledback", json!({}),
    "rolled back | checkout rolled back | service/checkout - | - | 11:30:00")]
#[case(
    "service.removed",
    Value::Null,
    "done | checkout removed | service/checkout - | - | 11:30:00"
)]
#[case("pipelinerun.queued", json!({"pipelineName": "ship"}),
    "planned | Pipeline ship | ship - | - | 11:30:00")]
#[case("pipelinerun.started", json!({"pipelineName": "ship"}),
    "running | Pipeline ship | ship - | - | 11:30:00")]
#[case("pipelinerun.finished", json!({"pipelineName": "ship", "outcome": "success"}),
    "done | Pipeline ship | ship - | - | 11:30:00")]
#[case("pipelinerun.finished", json!({"pipelineName": "ship", "outcome": "cancel"}),
    "failed | Pipeline ship | ship - | - | 11:30:00")]
fn each_mode_carries_the_same_event(
    #[case] kind: &str,
    #[case] content: Value,
    #[case] expected: &str,
) {
    let event = cdevent(kind, &content);
    let wrapped = json!({
        "specversion": "1.0", "id": "271069a8", "source": "/cluster/a",
        "type": format!("dev.cdevents.{kind}.0.2.0"), "data": event,
    });
    let text = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        event.to_string().as_bytes(),
    );
    let mut encoded = wrapped.clone();
    encoded["data"] = Value::Null;
    let members = encoded.as_object_mut().expect("an object");
    members.remove("data");
    members.insert("data_base64".into(), json!(text));
    let binary = [("ce-type", "dev.cdevents.other"), ("ce-specversion", "1.0"), ("ce-id", "1")];
    let read = |headers: &[(&str, &str)], body: &Value| read(ChangeForm::CdEvents, headers, body);
    let alone = read(&[], &event);
    assert_eq!(lines(alone.clone()), [expected]);
    assert_eq!(read(&[], &wrapped), alone);
    assert_eq!(read(&[], &encoded), alone);
    assert_eq!(read(&[], &json!([wrapped])), alone);
    assert_eq!(read(&binary, &event), alone);
}

#[rstest]
#[case(json!({"specversion": "1.0", "type": "com.example.order", "data": [1]}))]
#[case(json!({"context": {"type": "dev.cdevents.taskrun.started.0.2.0"}}))]
#[case(json!({"context": {"type": "dev.cdevents.environment.created.0.2.0"}, "subject": {"id": "a"}}))]
fn other_events_are_no_changes(#[case] event: Value) {
    assert_eq!(read(ChangeForm::CdEvents, &[], &event), Ok(vec![]));
}

#[rstest]
#[case(ChangeForm::Github, json!([]), "the body is a list, and must be an object")]
#[case(ChangeForm::Github, json!({"deployment": {}}), "deployment.id is missing")]
#[case(ChangeForm::Github, json!({"deployment": {"id": 1}}), "repository.full_name is missing")]
#[case(ChangeForm::Gitlab, json!({}), "object_kind is missing")]
#[case(ChangeForm::Gitlab, json!({"object_kind": "deployment", "status": "on"}), "status is neither ")]
#[case(ChangeForm::Gitlab, json!({"object_kind": "deployment", "status": "running", "deployment_id": null}),
    "deployment_id is missing")]
#[case(ChangeForm::Gitlab, gitlab_release(&json!({"tag": " "})), "tag is missing")]
#[case(ChangeForm::Gitlab, gitlab_release(&json!({"project": [1]})), "project is missing")]
#[case(ChangeForm::CdEvents, json!({}), "context.type is missing")]
#[case(ChangeForm::CdEvents, json!([7]), "the event is a number")]
#[case(ChangeForm::CdEvents, json!({"context": {"type": "dev.cdevents.service.deployed.1"}}),
    "subject is missing")]
fn what_is_missing_is_named(#[case] form: ChangeForm, #[case] body: Value, #[case] start: &str) {
    let error = read(form, &[], &body).expect_err("no change").to_string();
    assert!(error.starts_with(start), "{error}");
}

fn release(action: &str, changed: &Value) -> Value {
    let mut body = json!({
        "action": action,
        "release": {
            "id": 17, "tag_name": "v8.12", "name": "Cards of 2026", "draft": false,
            "prerelease": false, "created_at": "2026-03-01T10:00:00Z",
            "published_at": "2026-03-01T11:30:00Z", "author": {"login": "ines"},
            "html_url": "https://github.example/shop/checkout/releases/17",
        },
        "repository": {"full_name": "shop/checkout"},
        "sender": {"login": "octocat"},
    });
    for (name, value) in changed.as_object().into_iter().flatten() {
        body["release"][name] = value.clone();
    }
    body
}

#[rstest]
#[case("published", json!({}), Some("shop/checkout release v8.12: Cards of 2026"))]
#[case("published", json!({"name": "v8.12"}), Some("shop/checkout release v8.12"))]
#[case("published", json!({"name": null, "prerelease": true}), Some("shop/checkout pre-release v8.12"))]
#[case("published", json!({"draft": true}), None)]
#[case("released", json!({}), None)]
#[case("edited", json!({}), None)]
#[case("deleted", json!({}), None)]
fn published_release_is_a_change_that_is_done(
    #[case] action: &str,
    #[case] changed: Value,
    #[case] expected: Option<&str>,
) {
    let body = release(action, &changed);
    for headers in [&[("x-github-event", "release")][..], &[]] {
        let expected: Vec<String> = expected
            .iter()
            .map(|title| format!("done | {title} | shop/checkout - | ines | 11:30:00"))
            .collect();
        assert_eq!(lines(read(ChangeForm::Github, headers, &body)), expected);
    }
}

#[rstest]
#[case(json!({"id": null}), "release.id")]
#[case(json!({"published_at": null, "created_at": 7.5}), "release.published_at")]
fn release_without_its_parts_is_not_understood(#[case] changed: Value, #[case] part: &'static str) {
    let read = read(ChangeForm::Github, &[], &release("published", &changed));
    assert_eq!(read, Err(IngestError::Missing(part)));
}
