//! Webhooks of GitLab: deployments, and releases.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::github::{release_title, title, version};
use super::report::{ChangeReport, id_of};
use super::rules::ChangeOrigin;
use crate::ingest::error::IngestError;
use crate::ingest::fields::{self, id_text};
use crate::ingest::mapping::parse_time;
use crate::model::alert::one_line;
use crate::model::change::{ChangeApproval, ChangeState};
use crate::model::check::MAX_NAME_CHARS;

/// Reads a message. Events of other kinds have no reports.
pub(super) fn read(
    source: &str,
    root: Value,
    now: DateTime<Utc>,
) -> Result<Vec<ChangeReport>, IngestError> {
    let members = fields::object(root, "the body")?;
    let kind = fields::text(&members, "object_kind").ok_or(IngestError::Missing("object_kind"))?;
    let report = match kind {
        "deployment" => deployment(source, &members, now)?,
        "release" => release(source, &members, now)?,
        _ => None,
    };
    Ok(report.into_iter().collect())
}

fn deployment(
    source: &str,
    members: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<Option<ChangeReport>, IngestError> {
    let text = fields::text(members, "status").ok_or(IngestError::Missing("status"))?;
    let Some(state) = state(text)? else { return Ok(None) };
    let id = id_text(members, "deployment_id").ok_or(IngestError::Missing("deployment_id"))?;
    let repository = repository(members)?;
    let at = fields::text(members, "status_changed_at").and_then(parse_time);
    let environment =
        fields::text(members, "environment").map(|name| one_line(name, MAX_NAME_CHARS));
    let version = version(fields::text(members, "ref"), fields::text(members, "short_sha"));
    let user = fields::members(members, "user");
    let user =
        user.and_then(|user| fields::text(user, "username").or_else(|| fields::text(user, "name")));
    // A deployment to a protected environment waits until somebody approves it.
    let is_blocked = fields::text(members, "status") == Some("blocked");
    let approval = is_blocked.then_some(ChangeApproval::Requested);
    let urls = [(members, "deployable_url"), (members, "environment_external_url")];
    Ok(Some(ChangeReport {
        id: id_of(source, &["deployment", &repository, &id]),
        state,
        title: title(&repository, &version, environment.as_deref()),
        by: user.map(|user| one_line(user, MAX_NAME_CHARS)),
        at: at.unwrap_or(now),
        url: urls.iter().find_map(|(of, name)| fields::url(of, name)),
        approval,
        origin: ChangeOrigin { repository, environment, ..ChangeOrigin::default() },
    }))
}

/// Reads a release. It is a change once it is created; later edits, or its removal, are none.
fn release(
    source: &str,
    members: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<Option<ChangeReport>, IngestError> {
    // Before GitLab 13.8 the message had no action: it was about a new release.
    if fields::text(members, "action").is_some_and(|action| action != "create") {
        return Ok(None);
    }
    let repository = repository(members)?;
    let tag = fields::text(members, "tag").ok_or(IngestError::Missing("tag"))?;
    // A release that is announced for a later time exists already, and its time of publication is
    // not reported.
    let times = ["released_at", "created_at"].into_iter();
    let mut times = times.filter_map(|name| fields::text(members, name).and_then(parse_time));
    let at = times.find(|at| *at <= now).unwrap_or(now);
    let commit = fields::members(members, "commit");
    let author = commit.and_then(|commit| fields::members(commit, "author"));
    let by = author.and_then(|author| fields::text(author, "name"));
    Ok(Some(ChangeReport {
        // A tag has one release, and the number of a release is not unique in its project.
        id: id_of(source, &["release", &repository, tag]),
        state: ChangeState::Done,
        title: release_title(&repository, "release", tag, fields::text(members, "name")),
        by: by.map(|name| one_line(name, MAX_NAME_CHARS)),
        at,
        url: fields::url(members, "url"),
        approval: None,
        origin: ChangeOrigin { repository, has_no_environment: true, ..ChangeOrigin::default() },
    }))
}

/// Returns the name of the project with its groups.
fn repository(members: &Map<String, Value>) -> Result<String, IngestError> {
    let project = fields::members(members, "project").ok_or(IngestError::Missing("project"))?;
    let name = ["path_with_namespace", "name"].iter().find_map(|name| fields::text(project, name));
    let repository = name.map(|name| one_line(name, MAX_NAME_CHARS));
    let repository = repository.filter(|name| !name.is_empty());
    repository.ok_or(IngestError::Missing("project.path_with_namespace"))
}

/// Returns the meaning of a deployment's status; `None` for one that is no news.
fn state(text: &str) -> Result<Option<ChangeState>, IngestError> {
    Ok(Some(match text {
        "created" | "blocked" => ChangeState::Planned,
        "running" => ChangeState::Running,
        "success" => ChangeState::Done,
        "failed" | "canceled" => ChangeState::Failed,
        "skipped" => return Ok(None),
        _ => {
            return Err(IngestError::UnknownValue {
                at: "status",
                expected: "created, blocked, running, success, failed, canceled nor skipped",
            });
        }
    }))
}
