//! Scheduled reports that reach nobody.

use std::collections::BTreeSet;

use super::Finding;
use crate::model::notification::PersonReach;
use crate::model::report_rule::{ReportRule, STAKEHOLDERS};
use crate::model::signals::StakeholderRule;

/// Returns the scheduled reports that do not reach all of their recipients. `people` is `None` if
/// it is not known how people are reached.
#[must_use]
pub fn of_reports(
    reports: &[ReportRule],
    stakeholders: &[StakeholderRule],
    people: Option<&[PersonReach]>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in reports {
        let mut handles: Vec<&String> = Vec::new();
        for name in &rule.to {
            if name == STAKEHOLDERS {
                handles.extend(stakeholders.iter().flat_map(|rule| &rule.people));
            } else {
                handles.push(name);
            }
        }
        if handles.is_empty() && rule.directory.is_none() {
            findings.push(Finding::UnreachedReport { report: rule.name.clone(), person: None });
        }
        let Some(people) = people else { continue };
        let is_reached = |handle: &str| {
            let mut found = people.iter().filter(|one| one.person.eq_ignore_ascii_case(handle));
            found.any(|one| one.contacts.iter().any(|contact| contact.problem.is_none()))
        };
        let mut seen = BTreeSet::new();
        for handle in handles {
            if seen.insert(handle.to_lowercase()) && !is_reached(handle) {
                let (report, person) = (rule.name.clone(), Some(handle.clone()));
                findings.push(Finding::UnreachedReport { report, person });
            }
        }
    }
    findings
}
