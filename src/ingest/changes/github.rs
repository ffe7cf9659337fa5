//! Webhooks of GitHub: deployments, their statuses, runs of workflows, the reviews that these wait for,
//! and releases.

use serde_json::{Map, Value};

use super::report::{ChangeReport, id_of};
use super::rules::ChangeOrigin;
use crate::ingest::error::IngestError;
use crate::ingest::fields::{self, id_text};
use crate::ingest::mapping::Message;
use crate::model::alert::one_line;
use crate::model::change::{ChangeApproval, ChangeState};
use crate::model::check::{MAX_NAME_CHARS, MAX_TITLE_CHARS};

/// The header with the kind of event.
const EVENT: &str = "x-github-event";
/// How many digits of a commit are shown.
const SHORT_SHA: usize = 7;

/// Reads a message. Events of other kinds, such as the first one, have no reports.
pub(super) fn read(
    source: &str,
    message: &Message<'_>,
    root: Value,
) -> Result<Vec<ChangeReport>, IngestError> {
    let members = fields::object(root, "the body")?;
    let has = |name: &str| members.get(name).is_some_and(Value::is_object);
    // A message without the header, such as one from a file, is recognized by its content.
    let of_content = || {
        let kinds = ["deployment_status", "deployment", "workflow_run", "release"];
        kinds.into_iter().find(|kind| has(kind)).unwrap_or_default()
    };
    let event = message.header(EVENT).map_or_else(of_content, str::trim);
    let report = match event {
        "deployment" | "deployment_status" => deployment(source, event, &members)?,
        "workflow_run" => workflow_run(source, &members)?,
        "deployment_review" => deployment_review(source, &members)?,
        "release" => release(source, &members)?,
        _ => None,
    };
    Ok(report.into_iter().collect())
}

fn deployment(
    source: &str,
    event: &str,
    members: &Map<String, Value>,
) -> Result<Option<ChangeReport>, IngestError> {
    let deployment =
        fields::members(members, "deployment").ok_or(IngestError::Missing("deployment"))?;
    let id = id_text(deployment, "id").ok_or(IngestError::Missing("deployment.id"))?;
    let repository = repository(members)?;
    let mut approval = None;
    let (state, status) = if event == "deployment" {
        (ChangeState::Planned, deployment)
    } else {
        let status = fields::members(members, "deployment_status")
            .ok_or(IngestError::Missing("deployment_status"))?;
        let text =
            fields::text(status, "state").ok_or(IngestError::Missing("deployment_status.state"))?;
        let Some(state) = state(text)? else { return Ok(None) };
        // It waits for the reviewers of its environment.
        approval = (text == "waiting").then_some(ChangeApproval::Requested);
        (state, status)
    };
    // A status that is changed later keeps the time at which it was made.
    let at = fields::time(status, "created_at").or_else(|| fields::time(status, "updated_at"));
    let at = at.ok_or(IngestError::Missing("created_at"))?;
    let named = [(status, "environment"), (deployment, "environment")];
    let environment = named.iter().find_map(|(of, name)| fields::text(of, name));
    let environment = environment.map(|name| one_line(name, MAX_NAME_CHARS));
    let version = version(fields::text(deployment, "ref"), fields::text(deployment, "sha"));
    let title = title(&repository, &version, environment.as_deref());
    let creator = [deployment, members].into_iter().zip(["creator", "sender"]);
    let mut creator = creator.filter_map(|(of, name)| fields::members(of, name));
    let urls = [(status, "log_url"), (status, "target_url"), (status, "environment_url")];
    Ok(Some(ChangeReport {
        id: id_of(source, &["deployment", &repository, &id]),
        state,
        title,
        by: creator.find_map(login),
        at,
        url: urls.iter().find_map(|(of, name)| fields::url(of, name)),
        approval,
        origin: ChangeOrigin { repository, environment, ..ChangeOrigin::default() },
    }))
}

/// Returns the meaning of a deployment's state; `None` for one that is no news.
fn state(text: &str) -> Result<Option<ChangeState>, IngestError> {
    Ok(Some(match text {
        "pending" | "queued" | "waiting" => ChangeState::Planned,
        "in_progress" => ChangeState::Running,
        "success" => ChangeState::Done,
        "failure" | "error" => ChangeState::Failed,
        // Another deployment has replaced it, which is no change of this one.
        "inactive" | "destroyed" => return Ok(None),
        _ => {
            return Err(IngestError::UnknownValue {
                at: "deployment_status.state",
                expected: "pending, queued, in_progress, success, failure, error nor inactive",
            });
        }
    }))
}

fn workflow_run(
    source: &str,
    members: &Map<String, Value>,
) -> Result<Option<ChangeReport>, IngestError> {
    let run =
        fields::members(members, "workflow_run").ok_or(IngestError::Missing("workflow_run"))?;
    let id = id_text(run, "id").ok_or(IngestError::Missing("workflow_run.id"))?;
    let repository = repository(members)?;
    let started = fields::time(run, "run_started_at").or_else(|| fields::time(run, "created_at"));
    let ended = fields::time(run, "updated_at").or(started);
    let (state, at) = match fields::text(members, "action").or_else(|| fields::text(run, "status"))
    {
        Some("requested") => (ChangeState::Planned, fields::time(run, "created_at").or(started)),
        Some("in_progress") => (ChangeState::Running, started),
        Some("completed") => match fields::text(run, "conclusion") {
            Some("success") => (ChangeState::Done, ended),
            Some("failure" | "timed_out" | "startup_failure" | "cancelled") => {
                (ChangeState::Failed, ended)
            }
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    let at = at.ok_or(IngestError::Missing("workflow_run.run_started_at"))?;
    let name = fields::text(run, "name").or_else(|| fields::text(run, "display_title"));
    let workflow = name.map(|name| one_line(name, MAX_NAME_CHARS)).unwrap_or_default();
    let version = version(fields::text(run, "head_branch"), fields::text(run, "head_sha"));
    let title = one_line(&format!("{repository}: {workflow} of {version}"), MAX_TITLE_CHARS);
    // Another attempt is another change.
    let attempt = id_text(run, "run_attempt").unwrap_or_else(|| "1".to_owned());
    let actor = fields::members(run, "triggering_actor").or_else(|| fields::members(run, "actor"));
    Ok(Some(ChangeReport {
        id: id_of(source, &["workflow_run", &repository, &id, &attempt]),
        state,
        title,
        by: actor.or_else(|| fields::members(members, "sender")).and_then(login),
        at,
        url: fields::url(run, "html_url"),
        approval: None,
        origin: ChangeOrigin {
            repository,
            workflow: Some(workflow),
            has_no_environment: true,
            ..ChangeOrigin::default()
        },
    }))
}

/// Reads a release. It is a change once it is published; later edits are none.
fn release(
    source: &str,
    members: &Map<String, Value>,
) -> Result<Option<ChangeReport>, IngestError> {
    let release = fields::members(members, "release").ok_or(IngestError::Missing("release"))?;
    let is_draft = release.get("draft") == Some(&Value::Bool(true));
    if fields::text(members, "action") != Some("published") || is_draft {
        return Ok(None);
    }
    let id = id_text(release, "id").ok_or(IngestError::Missing("release.id"))?;
    let repository = repository(members)?;
    let at = fields::time(release, "published_at").or_else(|| fields::time(release, "created_at"));
    let at = at.ok_or(IngestError::Missing("release.published_at"))?;
    let tag = fields::text(release, "tag_name").unwrap_or_default();
    let early = release.get("prerelease") == Some(&Value::Bool(true));
    let kind = if early { "pre-release" } else { "release" };
    let author = fields::members(release, "author").or_else(|| fields::members(members, "sender"));
    Ok(Some(ChangeReport {
        id: id_of(source, &["release", &repository, &id]),
        state: ChangeState::Done,
        title: release_title(&repository, kind, tag, fields::text(release, "name")),
        by: author.and_then(login),
        at,
        url: fields::url(release, "html_url"),
        approval: None,
        origin: ChangeOrigin { repository, has_no_environment: true, ..ChangeOrigin::default() },
    }))
}

/// Reads the decision of reviewers on a run that waits for them: its state does not change.
fn deployment_review(
    source: &str,
    members: &Map<String, Value>,
) -> Result<Option<ChangeReport>, IngestError> {
    let approval = match fields::text(members, "action") {
        Some("requested") => ChangeApproval::Requested,
        Some("approved") => ChangeApproval::Approved,
        Some("rejected") => ChangeApproval::Rejected,
        _ => return Ok(None),
    };
    let mut of_run = members.clone();
    // The run is read as one that is planned, which changes nothing of one that has begun.
    of_run.insert("action".to_owned(), Value::from("requested"));
    let report = workflow_run(source, &of_run)?;
    Ok(report.map(|report| ChangeReport { approval: Some(approval), ..report }))
}

/// Returns the name of the repository with that of its owner.
fn repository(members: &Map<String, Value>) -> Result<String, IngestError> {
    let repository = fields::members(members, "repository");
    let name = repository.and_then(|repository| {
        fields::text(repository, "full_name").or_else(|| fields::text(repository, "name"))
    });
    let name = name.ok_or(IngestError::Missing("repository.full_name"))?;
    let name = one_line(name, MAX_NAME_CHARS);
    if name.is_empty() { Err(IngestError::Missing("repository.full_name")) } else { Ok(name) }
}

fn login(account: &Map<String, Value>) -> Option<String> {
    fields::text(account, "login").map(|login| one_line(login, MAX_NAME_CHARS))
}

/// Returns a branch or tag with its commit, in few digits.
pub(super) fn version(reference: Option<&str>, commit: Option<&str>) -> String {
    let short = |text: &str| text.chars().take(SHORT_SHA).collect::<String>();
    let reference = reference.map(|text| {
        let prefixes = ["refs/heads/", "refs/tags/"];
        let short = prefixes.iter().find_map(|prefix| text.strip_prefix(prefix));
        short.unwrap_or(text)
    });
    match (reference, commit) {
        (Some(reference), Some(commit)) if reference != commit => {
            format!("{reference} ({})", short(commit))
        }
        (_, Some(commit)) => short(commit),
        (Some(reference), None) => reference.to_owned(),
        (None, None) => String::new(),
    }
}

/// Returns the title of a release: its tag, followed by its name if that differs.
pub(super) fn release_title(repository: &str, kind: &str, tag: &str, name: Option<&str>) -> String {
    let name = name.filter(|name| *name != tag);
    let name = name.map(|name| format!(": {name}")).unwrap_or_default();
    one_line(&format!("{repository} {kind} {tag}{name}"), MAX_TITLE_CHARS)
}

/// Returns the title of a deployment.
pub(super) fn title(repository: &str, version: &str, environment: Option<&str>) -> String {
    let mut title = repository.to_owned();
    if !version.is_empty() {
        title = format!("{title} {version}");
    }
    if let Some(environment) = environment {
        title = format!("{title} to {environment}");
    }
    one_line(&title, MAX_TITLE_CHARS)
}
