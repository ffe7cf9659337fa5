//! Reads `[trackers.NAME]`.
//!
//! A tracker that can't be read in full is left out: issues would be made in the wrong place.

use std::collections::BTreeMap;
use std::time::Duration;

use strum::IntoEnumIterator;

use super::options::{OptionRule, SECRET_KEYS, check_options};
use super::outbound::secret;
use super::path::PathBase;
use super::section::{Section, Value, ValueResult};
use crate::config::outbound::{DEFAULT_POLL, TrackerSettings};
use crate::model::follow_up::FollowUpState;
use crate::outbound::tracker::{TrackerKey, TrackerKind, TrackerOptions};

/// The states that those of a tracker can be mapped to.
const STATES: [FollowUpState; 4] =
    [FollowUpState::Open, FollowUpState::Started, FollowUpState::Done, FollowUpState::Dropped];
/// The shortest and the longest time between two readings of a state.
const MIN_POLL: Duration = Duration::from_mins(1);
const MAX_POLL: Duration = Duration::from_hours(24 * 7);
/// The most labels of a new issue.
const MAX_LABELS: usize = 20;

pub(super) fn read(top: &mut Section<'_>, base: &PathBase) -> Vec<TrackerSettings> {
    let mut trackers: Vec<TrackerSettings> = Vec::new();
    let Some(section) = top.section("trackers") else { return trackers };
    for (name, at, value) in section.entries() {
        let source = section.source;
        let read = source.ok_or_warn(value.section()).and_then(|table| tracker(table, name, base));
        let Some(tracker) = read else { continue };
        if tracker.is_default && trackers.iter().any(|other| other.is_default) {
            let text =
                format!("trackers.{name}.default is one too many: another one is the default");
            source.warn(at, &text);
            continue;
        }
        source.record_position(format!("trackers.{name}"), at);
        trackers.push(tracker);
    }
    trackers
}

fn tracker(mut table: Section<'_>, name: &str, base: &PathBase) -> Option<TrackerSettings> {
    let source = table.source;
    let warnings_before = source.warning_count();
    let kind = table.require("kind", |value| {
        let kinds: Vec<TrackerKind> = TrackerKind::all().collect();
        value.one_of(&kinds, TrackerKind::as_str)
    });
    let options = TrackerOptions {
        url: table.read("url", Value::url),
        web_url: table.read("web_url", Value::url),
        project: table.read("project", Value::short_text).unwrap_or_default(),
        workspace: table.read("workspace", Value::short_text),
        user: table.read("user", Value::short_text),
        issue_type: table.read("issue_type", Value::short_text),
        labels: table.read("labels", labels).unwrap_or_default(),
        states: table.read("states", states).unwrap_or_default(),
    };
    let is_default = table.read("default", Value::flag).unwrap_or(false);
    let closes_items = table.read("close_items", Value::flag).unwrap_or(false);
    let poll = table.read("poll", poll).unwrap_or(DEFAULT_POLL);
    let secret = secret(&mut table, base);
    let Some(kind) = kind else {
        table.finish();
        return None;
    };
    let problems = options.problems(kind);
    let rules = TrackerKey::iter().map(|key| OptionRule {
        names: names(key),
        need: kind.need(key),
        problems: problems.iter().filter(|one| one.key == key).map(ToString::to_string).collect(),
    });
    check_options(&mut table, &format!("trackers.{name}"), kind.as_str(), rules);
    table.finish();
    let is_clean = source.warning_count() == warnings_before;
    let name = name.to_owned();
    let secret = secret.filter(|_| is_clean)?;
    Some(TrackerSettings { name, kind, options, secret, is_default, closes_items, poll })
}

/// Returns the names by which a setting may be given.
fn names(key: TrackerKey) -> &'static [&'static str] {
    match key {
        TrackerKey::Secret => &SECRET_KEYS,
        TrackerKey::Url => &["url"],
        TrackerKey::WebUrl => &["web_url"],
        TrackerKey::Project => &["project"],
        TrackerKey::Workspace => &["workspace"],
        TrackerKey::User => &["user"],
        TrackerKey::IssueType => &["issue_type"],
        TrackerKey::Labels => &["labels"],
    }
}

fn labels(value: &Value<'_>) -> ValueResult<Vec<String>> {
    let labels: Vec<String> =
        value.list()?.iter().map(Value::short_text).collect::<ValueResult<_>>()?;
    if labels.len() > MAX_LABELS {
        return Err(value.invalid("has more than 20 labels: remove some"));
    }
    Ok(labels)
}

fn states(value: &Value<'_>) -> ValueResult<BTreeMap<String, FollowUpState>> {
    let mut states = BTreeMap::new();
    for (name, _, value) in value.section()?.entries() {
        states.insert(name.to_lowercase(), value.one_of(&STATES, FollowUpState::as_str)?);
    }
    Ok(states)
}

fn poll(value: &Value<'_>) -> ValueResult<Duration> {
    let poll = value.positive_duration()?.to_std().ok();
    let poll = poll.filter(|poll| (MIN_POLL..=MAX_POLL).contains(poll));
    poll.ok_or_else(|| value.invalid("is no time from 1m to 7d: write one such as \"10m\""))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::super::parse;
    use super::*;
    use crate::backend::http::TokenSource;

    fn parsed(text: &str) -> (Vec<TrackerSettings>, Vec<String>) {
        let base = PathBase { folder: "/etc/redphone".into(), home: None };
        let settings = parse(Path::new("config.toml"), text, &base);
        let warnings = settings.warnings.iter().map(ToString::to_string).collect();
        (settings.outbound.trackers, warnings)
    }

    const JIRA: &str = "[trackers.ops]\nkind = \"jira\"\nurl = \"https://example.atlassian.net\"\n\
                        project = \"OPS\"\nuser = \"bot@example.org\"\nsecret_env = \"JIRA_TOKEN\"\n";

    #[test]
    fn tracker_is_read_in_full() {
        let text = format!(
            "{JIRA}states = {{ \"In Review\" = \"in progress\", Rejected = \"dropped\" }}\n\
             labels = [\"incident\"]\nclose_items = true\npoll = \"5m\"\n"
        );
        let (trackers, warnings) = parsed(&text);
        assert_eq!(warnings, [""; 0]);
        let [tracker] = &trackers[..] else { panic!("{trackers:?}") };
        assert_eq!((tracker.name.as_str(), tracker.kind), ("ops", TrackerKind::Jira));
        assert_eq!(tracker.secret, TokenSource::Variable("JIRA_TOKEN".into()));
        let states = &tracker.options.states;
        assert_eq!(states.get("in review"), Some(&FollowUpState::Started));
        assert_eq!(states.get("rejected"), Some(&FollowUpState::Dropped));
        assert!(tracker.closes_items && !tracker.is_default);
        assert_eq!(tracker.poll, Duration::from_mins(5));
    }

    #[rstest]
    #[case("kind = \"trello\"\n", "kind")]
    #[case("kind = \"jira\"\nproject = \"OPS\"\nsecret_env = \"T\"\n", "trackers.ops.url")]
    #[case("kind = \"github\"\nproject = \"acme\"\nsecret_env = \"T\"\n", "project")]
    #[case("kind = \"github\"\nproject = \"acme/app\"\n", "trackers.ops.secret_file")]
    #[case("kind = \"gitlab\"\nproject = \"acme/app\"\nsecret_env = \"T\"\nuser = \"x\"\n", "user")]
    #[case("kind = \"gitlab\"\nproject = \"a/b\"\nsecret_env = \"T\"\npoll = \"1s\"\n", "poll")]
    #[case(
        "kind = \"gitlab\"\nproject = \"a/b\"\nsecret_env = \"T\"\nstates = { Doing = \"half\" }\n",
        "states"
    )]
    fn tracker_with_a_mistake_is_refused(#[case] text: &str, #[case] named: &str) {
        let (trackers, warnings) = parsed(&format!("[trackers.ops]\n{text}"));
        assert_eq!(trackers, []);
        assert!(warnings.iter().any(|warning| warning.contains(named)), "{warnings:?}");
    }
}
