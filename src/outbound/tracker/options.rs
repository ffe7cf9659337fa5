//! Settings of a tracker, and the ones that each kind needs.

use std::collections::BTreeMap;

use reqwest::Url;
use strum::IntoEnumIterator;
use uuid::Uuid;

use crate::model::follow_up::FollowUpState;
use crate::outbound::options::Need;

/// A kind of tracker. The texts are those of the settings file.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, strum::EnumIter, strum::IntoStaticStr,
)]
#[strum(serialize_all = "lowercase")]
pub enum TrackerKind {
    /// Plane, in the cloud or on an own server.
    Plane,
    /// Jira Cloud, and Jira Data Center.
    Jira,
    /// Issues of GitHub.
    GitHub,
    /// Issues of GitLab.
    GitLab,
}

/// Settings of a tracker, except its secret.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TrackerOptions {
    /// Where its API is. Jira has no default.
    pub url: Option<Url>,
    /// Where people read its issues, where that is another host.
    pub web_url: Option<Url>,
    /// The project: an id of Plane, a key of Jira, a repository of GitHub, a path or number of GitLab.
    pub project: String,
    /// The workspace of Plane.
    pub workspace: Option<String>,
    /// The address of e-mail that a token of Jira Cloud belongs to.
    pub user: Option<String>,
    /// The type of new issues of Jira.
    pub issue_type: Option<String>,
    /// The labels of new issues; of Plane their ids.
    pub labels: Vec<String>,
    /// The meanings of the tracker's states and labels, by their names in lower case.
    pub states: BTreeMap<String, FollowUpState>,
}

/// A setting of a tracker.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs, reason = "the names are those of the settings file")]
pub enum TrackerKey {
    Url,
    WebUrl,
    Project,
    Workspace,
    User,
    IssueType,
    Labels,
    Secret,
}

/// The error of a setting of a tracker. Displayed as half a sentence that follows its name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{problem}")]
pub struct TrackerProblem {
    /// The setting.
    pub key: TrackerKey,
    /// The error and the remedy.
    pub problem: &'static str,
}

impl TrackerKind {
    /// Returns all kinds, in the order of the documentation.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::iter()
    }

    /// Returns the text of the settings file, such as `github`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Returns the default URL of the API.
    #[must_use]
    pub const fn default_url(self) -> Option<&'static str> {
        match self {
            Self::Plane => Some("https://api.plane.so"),
            Self::Jira => None,
            Self::GitHub => Some("https://api.github.com"),
            Self::GitLab => Some("https://gitlab.com"),
        }
    }

    /// Returns whether the kind has a setting.
    #[must_use]
    pub const fn need(self, key: TrackerKey) -> Need {
        use TrackerKey as Key;
        match (self, key) {
            (_, Key::Project | Key::Secret)
            | (Self::Plane, Key::Workspace)
            | (Self::Jira, Key::Url) => Need::Required,
            (_, Key::Url | Key::Labels)
            | (Self::Plane, Key::WebUrl)
            | (Self::Jira, Key::User | Key::IssueType) => Need::Optional,
            _ => Need::Unused,
        }
    }
}

impl TrackerKey {
    /// Returns the name in the settings file. A secret has several, which begin with this one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl TrackerOptions {
    /// Checks the form of the settings for a kind of tracker.
    #[must_use]
    pub fn problems(&self, kind: TrackerKind) -> Vec<TrackerProblem> {
        let mut problems = Vec::new();
        let mut wrong = |key, problem| problems.push(TrackerProblem { key, problem });
        for (key, url) in [(TrackerKey::Url, &self.url), (TrackerKey::WebUrl, &self.web_url)] {
            if let Some(problem) = url.as_ref().and_then(url_problem) {
                wrong(key, problem);
            }
        }
        if let Some(problem) = project_problem(kind, &self.project) {
            wrong(TrackerKey::Project, problem);
        }
        if self.workspace.as_deref().is_some_and(|slug| !is_slug(slug)) {
            wrong(
                TrackerKey::Workspace,
                "is no workspace: write the part of its address, such as \"acme\"",
            );
        }
        if self.user.as_deref().is_some_and(|user| user.is_empty() || user.contains(':')) {
            wrong(
                TrackerKey::User,
                "is no address of e-mail: write the one that the token belongs to",
            );
        }
        let is_label = |label: &String| match kind {
            TrackerKind::Plane => label.parse::<Uuid>().is_ok(),
            TrackerKind::Jira => !label.is_empty() && !label.contains(char::is_whitespace),
            TrackerKind::GitHub => !label.is_empty(),
            TrackerKind::GitLab => !label.is_empty() && !label.contains(','),
        };
        if !self.labels.iter().all(is_label) {
            wrong(
                TrackerKey::Labels,
                match kind {
                    TrackerKind::Plane => "has a label that is no id: write the ids of labels",
                    TrackerKind::Jira => "has a label with a blank: labels of Jira have none",
                    TrackerKind::GitHub => "has an empty label: remove it",
                    TrackerKind::GitLab => "has a label that is empty or has a comma: correct it",
                },
            );
        }
        problems
    }
}

fn url_problem(url: &Url) -> Option<&'static str> {
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
        return Some("is no URL: write one such as \"https://example.atlassian.net\"");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("has a name or a password in it: write them as user and secret_file");
    }
    let has_rest = url.query().is_some() || url.fragment().is_some();
    has_rest.then_some("has a ? or a # in it: leave out what is behind it")
}

fn project_problem(kind: TrackerKind, project: &str) -> Option<&'static str> {
    let is_part = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    match kind {
        TrackerKind::Plane if project.parse::<Uuid>().is_err() => {
            Some("is no id of a project: write the one of its address, such as \"4af68566-…\"")
        }
        TrackerKind::Jira
            if !project.starts_with(|c: char| c.is_ascii_alphabetic())
                || !project.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') =>
        {
            Some("is no key of a project: write one such as \"OPS\"")
        }
        TrackerKind::GitHub
            if project.split('/').count() != 2 || !project.split('/').all(is_part) =>
        {
            Some("is no repository: write its owner and name, such as \"acme/platform\"")
        }
        TrackerKind::GitLab if !project.split('/').all(is_part) => {
            Some("is no project: write its path or number, such as \"acme/platform\"")
        }
        _ => None,
    }
}

fn is_slug(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(TrackerKind::Plane, "4af68566-94a4-4eb3-94aa-50dc9427067b", true)]
    #[case(TrackerKind::Plane, "OPS", false)]
    #[case(TrackerKind::Jira, "OPS", true)]
    #[case(TrackerKind::Jira, "OPS\" OR project = X", false)]
    #[case(TrackerKind::Jira, "", false)]
    #[case(TrackerKind::GitHub, "acme/platform", true)]
    #[case(TrackerKind::GitHub, "acme", false)]
    #[case(TrackerKind::GitHub, "acme/..", false)]
    #[case(TrackerKind::GitLab, "acme/group/platform", true)]
    #[case(TrackerKind::GitLab, "42", true)]
    #[case(TrackerKind::GitLab, "acme//platform", false)]
    fn project_has_the_form_of_its_tracker(
        #[case] kind: TrackerKind,
        #[case] project: &str,
        #[case] is_right: bool,
    ) {
        let options = TrackerOptions { project: project.into(), ..TrackerOptions::default() };
        let keys: Vec<TrackerKey> = options.problems(kind).iter().map(|wrong| wrong.key).collect();
        assert_eq!(keys, if is_right { vec![] } else { vec![TrackerKey::Project] });
    }

    #[rstest]
    #[case("https://example.org", true)]
    #[case("https://example.org/jira", true)]
    #[case("https://me:hunter2@example.org", false)]
    #[case("https://example.org?token=hunter2", false)]
    #[case("ftp://example.org", false)]
    fn url_holds_no_secret(#[case] url: &str, #[case] is_right: bool) {
        let (url, project) = (Some(url.parse().unwrap()), "OPS".to_owned());
        let options = TrackerOptions { url, project, ..TrackerOptions::default() };
        assert_eq!(options.problems(TrackerKind::Jira).is_empty(), is_right);
    }
}
