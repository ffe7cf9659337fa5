//! The incidents of failed self-tests and of watched servers that would reach nobody.

use chrono::{DateTime, Utc};

use super::{Finding, ServerTest, supposed};
use crate::model::directory::Directory;
use crate::model::escalation;
use crate::model::priority::Priority;
use crate::model::signals::{SelfTestRule, WatchRule};

/// Returns the tests whose incidents would reach nobody.
#[must_use]
pub fn of_server_tests(
    directory: &Directory,
    (self_test, watches): (Option<&SelfTestRule>, &[WatchRule]),
    now: DateTime<Utc>,
) -> Vec<Finding> {
    let own = self_test.map(|rule| {
        (ServerTest::SelfTest, rule.service.as_ref(), rule.team.as_ref(), rule.priority)
    });
    let others = watches.iter().map(|rule| {
        let test = ServerTest::Watch(rule.name.clone());
        (test, rule.service.as_ref(), rule.team.as_ref(), rule.priority)
    });
    let mut findings = Vec::new();
    for (test, service, team, priority) in own.into_iter().chain(others) {
        if let Some(service) = service.filter(|name| directory.service(name).is_none()) {
            let (test, service) = (test.clone(), service.clone());
            findings.push(Finding::ServerTestOfUnknownService { test, service });
        }
        if !has_policy(directory, (service, team, priority), now) {
            findings.push(Finding::ServerTestWithoutPolicy { test, priority });
        }
    }
    findings
}

fn has_policy(
    directory: &Directory,
    (service, team, priority): (Option<&String>, Option<&String>, Priority),
    now: DateTime<Utc>,
) -> bool {
    let services = service.into_iter().cloned().collect();
    let incident = supposed(directory, services, team.cloned(), priority, now);
    escalation::policy_of(&incident, directory).is_some()
}
