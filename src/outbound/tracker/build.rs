//! Creates trackers from the settings.

use std::sync::Arc;

use reqwest::Url;

use super::common::Access;
use super::github::GitHub;
use super::gitlab::GitLab;
use super::issue::Tracker;
use super::jira::Jira;
use super::options::{TrackerKey, TrackerKind, TrackerOptions, TrackerProblem};
use super::plane::Plane;
use super::states::States;
use crate::outbound::client::Client;
use crate::outbound::secret::CachedSecret;

/// Creates a tracker. Nothing is connected or read yet.
///
/// # Errors
/// A setting that the kind needs is missing, or has the wrong form.
pub fn build(
    kind: TrackerKind,
    options: &TrackerOptions,
    secret: CachedSecret,
    client: &Arc<Client>,
) -> Result<Arc<dyn Tracker>, TrackerProblem> {
    if let Some(problem) = options.problems(kind).into_iter().next() {
        return Err(problem);
    }
    let missing = |key| TrackerProblem { key, problem: "is missing" };
    let default = || kind.default_url().and_then(|url| Url::parse(url).ok());
    let url = options.url.clone().or_else(default).ok_or_else(|| missing(TrackerKey::Url))?;
    let access = Access { client: Arc::clone(client), url, secret };
    let (project, labels) = (options.project.clone(), options.labels.clone());
    let states = States::new(&options.states);
    Ok(match kind {
        TrackerKind::Plane => {
            let workspace = options.workspace.clone();
            let workspace = workspace.ok_or_else(|| missing(TrackerKey::Workspace))?;
            let web_url = options.web_url.clone();
            Arc::new(Plane { access, workspace, project, labels, states, web_url })
        }
        TrackerKind::Jira => {
            let issue_type = options.issue_type.clone().unwrap_or_else(|| "Task".to_owned());
            let user = options.user.clone();
            Arc::new(Jira { access, user, project, issue_type, labels, states })
        }
        TrackerKind::GitHub => Arc::new(GitHub { access, project, labels, states }),
        TrackerKind::GitLab => Arc::new(GitLab { access, project, labels, states }),
    })
}
