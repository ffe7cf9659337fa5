//! Which services a change touches, by the settings.

use std::cmp::Reverse;

use crate::ingest::mapping::matches_glob;
use crate::model::alert::one_line;
use crate::model::check::MAX_NAME_CHARS;
use crate::model::directory::Directory;

/// The origin of a change.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChangeOrigin {
    /// The repository, such as `shop/checkout`, or the sender's substitute for it.
    pub repository: String,
    /// The services, if the sender names them.
    pub services: Vec<String>,
    /// The environment that is changed, such as `production`.
    pub environment: Option<String>,
    /// The workflow that makes it, if only some workflows are changes.
    pub workflow: Option<String>,
    /// Whether changes of its kind have no environment, such as releases. The settings of environments
    /// are not about them.
    pub has_no_environment: bool,
}

/// The settings for the changes of a sender.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChangeRules {
    /// Patterns of repositories, each with the services that their changes touch. A pattern may have one
    /// of an environment after a blank.
    services: Vec<(String, Vec<String>)>,
    /// Patterns of the environments of which changes are recorded; all without any.
    environments: Vec<String>,
    /// Patterns of the names of workflows that are changes; none without any.
    workflows: Vec<String>,
}

impl ChangeRules {
    /// Creates rules from patterns as they are written, in which `*` is any text.
    #[must_use]
    pub fn new(
        mut services: Vec<(String, Vec<String>)>,
        environments: Vec<String>,
        workflows: Vec<String>,
    ) -> Self {
        // TOML does not order keys: the most specific ones come first, and equal ones are sorted by
        // text.
        services.sort_by(|(one, _), (other, _)| rank(one).cmp(&rank(other)));
        Self { services, environments, workflows }
    }

    /// Returns whether a workflow with a name is a change.
    #[must_use]
    pub fn is_change(&self, workflow: &str) -> bool {
        self.workflows.iter().any(|pattern| is_like(pattern, workflow))
    }

    /// Returns the services that a change touches; `None` if it should not be recorded.
    ///
    /// Without a rule it is the service with the name of the repository, in the spelling of the
    /// directory.
    #[must_use]
    pub fn services(&self, origin: &ChangeOrigin, directory: &Directory) -> Option<Vec<String>> {
        let is_wanted = origin.workflow.as_ref().is_none_or(|workflow| self.is_change(workflow));
        let environment = origin.environment.as_deref().unwrap_or_default();
        let is_of_environment = self.environments.is_empty()
            || origin.has_no_environment
            || self.environments.iter().any(|pattern| is_like(pattern, environment));
        if !is_wanted || !is_of_environment {
            return None;
        }
        let rule = self.services.iter().find(|(pattern, _)| {
            let (repository, of) = pattern.split_once(' ').unwrap_or((pattern, "*"));
            is_like(repository, &origin.repository) && is_like(of, environment)
        });
        if let Some((_, services)) = rule {
            return (!services.is_empty()).then(|| services.clone());
        }
        if !origin.services.is_empty() {
            return Some(origin.services.clone());
        }
        let name = origin.repository.trim_end_matches('/');
        let name = name.rsplit('/').next().unwrap_or(name);
        let name = one_line(name.strip_suffix(".git").unwrap_or(name), MAX_NAME_CHARS);
        if name.is_empty() {
            return Some(Vec::new());
        }
        let mut spelled = directory.services.iter().map(|service| service.name.as_str());
        let spelled = spelled.find(|service| service.to_lowercase() == name.to_lowercase());
        Some(vec![spelled.map_or(name.clone(), ToOwned::to_owned)])
    }
}

/// Returns the sort key of a pattern.
fn rank(pattern: &str) -> (bool, bool, Reverse<usize>, &str) {
    (pattern.contains('*'), !pattern.contains(' '), Reverse(pattern.len()), pattern)
}

/// Returns whether a text is like a pattern, in any case.
fn is_like(pattern: &str, text: &str) -> bool {
    matches_glob(&pattern.trim().to_lowercase(), &text.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn rules() -> ChangeRules {
        let services = [
            ("shop/*", vec!["shop"]),
            ("shop/mono", vec!["checkout", "ledger"]),
            ("shop/mono staging", vec!["checkout"]),
            ("*/docs", vec![]),
        ];
        let services = services.map(|(pattern, names)| {
            (pattern.to_owned(), names.into_iter().map(ToOwned::to_owned).collect())
        });
        ChangeRules::new(
            services.to_vec(),
            vec!["prod*".into(), "staging".into()],
            vec!["deploy*".into()],
        )
    }

    #[test]
    fn order_of_patterns_does_not_count() {
        let patterns = ["shop/*", "*/docs", "shop/mono", "shop/mono staging"];
        let services: Vec<_> = patterns.map(|pattern| (pattern.to_owned(), Vec::new())).to_vec();
        let reversed = services.iter().rev().cloned().collect();
        assert_eq!(
            ChangeRules::new(services, Vec::new(), Vec::new()),
            ChangeRules::new(reversed, Vec::new(), Vec::new())
        );
    }

    #[rstest]
    #[case::exact("shop/mono", "production", None, Some(vec!["checkout", "ledger"]))]
    #[case::environment("Shop/Mono", "staging", None, Some(vec!["checkout"]))]
    #[case::pattern("shop/other", "prod-eu", None, Some(vec!["shop"]))]
    #[case::none("tools/docs", "production", None, None)]
    #[case::elsewhere("shop/mono", "review/7", None, None)]
    #[case::named("tools/Ledger.git", "production", None, Some(vec!["Ledger"]))]
    #[case::workflow("tools/ledger", "production", Some("Deploy to prod"), Some(vec!["ledger"]))]
    #[case::other_workflow("tools/ledger", "production", Some("Tests"), None)]
    #[case::nameless("", "production", None, Some(vec![]))]
    fn services_follow_from_repository_and_environment(
        #[case] repository: &str,
        #[case] environment: &str,
        #[case] workflow: Option<&str>,
        #[case] expected: Option<Vec<&str>>,
    ) {
        let origin = ChangeOrigin {
            repository: repository.into(),
            environment: Some(environment.into()),
            workflow: workflow.map(ToOwned::to_owned),
            ..ChangeOrigin::default()
        };
        let services = rules().services(&origin, &Directory::default());
        assert_eq!(
            services,
            expected.map(|all| all.into_iter().map(Into::into).collect::<Vec<String>>())
        );
    }

    #[rstest]
    #[case::release(None, true)]
    #[case::workflow(Some("Deploy to prod"), true)]
    #[case::other_workflow(Some("Tests"), false)]
    fn settings_of_environments_are_not_about_what_has_none(
        #[case] workflow: Option<&str>,
        #[case] is_recorded: bool,
    ) {
        let origin = ChangeOrigin {
            repository: "tools/ledger".into(),
            workflow: workflow.map(ToOwned::to_owned),
            has_no_environment: true,
            ..ChangeOrigin::default()
        };
        let services = rules().services(&origin, &Directory::default());
        assert_eq!(services, is_recorded.then(|| vec!["ledger".to_owned()]));
        let unnamed = ChangeOrigin { has_no_environment: false, ..origin };
        assert_eq!(rules().services(&unnamed, &Directory::default()), None);
    }
}
