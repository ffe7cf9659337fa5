//! Reads `[self_test]` and `[[watch]]`.

use chrono::TimeDelta;

use super::appearance::priority;
use super::section::{Section, Value, ValueResult};
use crate::model::Priority;
use crate::model::signals::self_test::{DEFAULT_WITHIN_S, MAX_WATCHES};
use crate::model::signals::{SelfTestRule, SignalSettings, WatchRule};

/// The shortest time between two self-tests.
const MIN_SELF_TEST: TimeDelta = TimeDelta::minutes(1);
/// The shortest time between two questions to a server.
const MIN_WATCH: TimeDelta = TimeDelta::seconds(5);
/// The longest time between two tests.
const MAX_EVERY: TimeDelta = TimeDelta::days(31);
/// The maximum time limit of a self-test.
const MAX_WITHIN: TimeDelta = TimeDelta::hours(1);
/// The default interval of requests to a server in seconds.
const DEFAULT_WATCH_S: i64 = 30;
/// The default time for which a server may fail in seconds.
const DEFAULT_GRACE_S: i64 = 120;
/// The path that answers whether a server is ready, where a URL has none.
const READY_PATH: &str = "/v1/ready";
/// The longest URL, in bytes.
const MAX_URL_BYTES: usize = 500;

pub(super) fn read(top: &mut Section<'_>, settings: &mut SignalSettings) {
    if let Some(section) = top.section("self_test") {
        settings.self_test = self_test(section);
    }
    let watches = top.sections("watch");
    if let Some(section) = watches.get(MAX_WATCHES) {
        let text = format!("watch has more than {MAX_WATCHES}: the rest does not count");
        section.source.warn(section.offset, &text);
    }
    for (index, section) in watches.into_iter().take(MAX_WATCHES).enumerate() {
        let (source, offset) = (section.source, section.offset);
        let Some(rule) = watch(section) else { continue };
        if settings.watches.iter().any(|other| other.name == rule.name) {
            source.warn(
                offset,
                &format!("watch.name is \"{}\" twice: the first one counts", rule.name),
            );
            continue;
        }
        source.record_position(format!("watch.{index}"), offset);
        settings.watches.push(rule);
    }
}

/// Reads a time between two bounds, in seconds.
fn span(value: &Value<'_>, least: TimeDelta, most: TimeDelta) -> ValueResult<i64> {
    let span = value.positive_duration()?;
    if span < least {
        let least = least.num_seconds();
        return Err(value.invalid(format!("is shorter than {least} s: write a longer time")));
    }
    if span > most {
        let most = most.num_hours();
        return Err(value.invalid(format!("is longer than {most} h: write a shorter time")));
    }
    Ok(span.num_seconds())
}

fn self_test(mut section: Section<'_>) -> Option<SelfTestRule> {
    let every_s = section.require("every", |value| span(value, MIN_SELF_TEST, MAX_EVERY));
    let within_s = section.read("within", |value| span(value, TimeDelta::seconds(1), MAX_WITHIN));
    let priority = section.read("priority", priority);
    let service = section.read("service", Value::short_text);
    let team = section.read("team", Value::short_text);
    section.finish();
    Some(SelfTestRule {
        every_s: every_s?,
        within_s: within_s.unwrap_or(DEFAULT_WITHIN_S),
        priority: priority.unwrap_or(Priority::P2),
        service,
        team,
    })
}

fn watch(mut section: Section<'_>) -> Option<WatchRule> {
    let name = section.require("name", Value::short_text);
    let url = section.require("url", url);
    let every_s = section.read("every", |value| span(value, MIN_WATCH, MAX_EVERY));
    let grace_s = section.read("grace", |value| span(value, TimeDelta::seconds(1), MAX_EVERY));
    let priority = section.read("priority", priority);
    let service = section.read("service", Value::short_text);
    let team = section.read("team", Value::short_text);
    section.finish();
    Some(WatchRule {
        name: name?,
        url: url?,
        every_s: every_s.unwrap_or(DEFAULT_WATCH_S),
        grace_s: grace_s.unwrap_or(DEFAULT_GRACE_S),
        priority: priority.unwrap_or(Priority::P2),
        service,
        team,
    })
}

/// Reads the URL of a server.
fn url(value: &Value<'_>) -> ValueResult<String> {
    let text = value.text()?;
    let wrong =
        || value.invalid("is no URL: write one such as \"https://redphone.example.org:7373\"");
    let mut url: reqwest::Url = text.parse().map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || text.len() > MAX_URL_BYTES {
        return Err(wrong());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(value.invalid("has a password, which is not needed: leave it out"));
    }
    if url.path() == "/" {
        url.set_path(READY_PATH);
    }
    Ok(url.into())
}
