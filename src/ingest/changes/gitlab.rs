//! Webhooks of GitLab: deployments.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::github::{title, version};
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
    if kind != "deployment" {
        return Ok(Vec::new());
    }
    Ok(deployment(source, &members, now)?.into_iter().collect())
}

fn deployment(
    source: &str,
    members: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<Option<ChangeReport>, IngestError> {
    let text = fields::text(members, "status").ok_or(IngestError::Missing("status"))?;
    let Some(state) = state(text)? else { return Ok(None) };
    let id = id_text(members, "deployment_id").ok_or(IngestError::Missing("deployment_id"))?;
    let project = fields::members(members, "project").ok_or(IngestError::Missing("project"))?;
    let name = ["path_with_namespace", "name"].iter().find_map(|name| fields::text(project, name));
    let repository = name.map(|name| one_line(name, MAX_NAME_CHARS));
    let repository = repository.filter(|name| !name.is_empty());
    let repository = repository.ok_or(IngestError::Missing("project.path_with_namespace"))?;
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

/// Returns what the status of a deployment stands for; `None` for one that says nothing of it.
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
