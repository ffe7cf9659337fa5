//! Reads `[heartbeats.NAME]`, `[reminders]`, `[acknowledgement_expires]` and `[[stakeholders]]`.

use chrono::TimeDelta;

use super::appearance::priority;
use super::section::{Section, Value, ValueResult};
use crate::model::Priority;
use crate::model::check::MAX_TITLE_CHARS;
use crate::model::escalation::AcknowledgementExpiry;
use crate::model::signals::{
    DEFAULT_GRACE_S, HeartbeatRule, MAX_HEARTBEATS, ReminderSettings, SignalSettings,
    StakeholderRule, StakeholderTopic,
};

/// The longest interval of a heartbeat.
const MAX_INTERVAL: TimeDelta = TimeDelta::days(366);
/// The longest time before a shift, or the end of a maintenance window, for a reminder.
const MAX_LEAD: TimeDelta = TimeDelta::days(1);
/// The longest name or URL of a runbook, in bytes.
const MAX_RUNBOOK_BYTES: usize = 500;

pub(super) fn read(top: &mut Section<'_>) -> SignalSettings {
    let mut settings = SignalSettings::default();
    if let Some(section) = top.section("heartbeats") {
        let entries = section.entries();
        if entries.len() > MAX_HEARTBEATS {
            let text =
                format!("heartbeats has more than {MAX_HEARTBEATS}: the rest does not count");
            section.source.warn(section.offset, &text);
        }
        for (name, at, value) in entries.into_iter().take(MAX_HEARTBEATS) {
            let source = section.source;
            let Some(table) = source.ok_or_warn(value.section()) else { continue };
            if !is_name(name) {
                let text = format!(
                    "{} has a name that can't be used: write letters, digits, `-`, `_` and `.`, and not `list`",
                    value.name()
                );
                source.warn(at, &text);
                continue;
            }
            if let Some(rule) = heartbeat(table, name) {
                source.record_position(format!("heartbeats.{name}"), at);
                settings.heartbeats.push(rule);
            }
        }
    }
    if let Some(mut section) = top.section("acknowledgement_expires") {
        let mut expiry = AcknowledgementExpiry::default();
        for (priority, key) in Priority::ALL.into_iter().zip(["p1", "p2", "p3", "p4"]) {
            expiry.0[priority.index()] = section.read(key, span_or_never).flatten();
        }
        settings.acknowledgement_expiry = expiry;
        section.finish();
    }
    if let Some(mut section) = top.section("reminders") {
        settings.reminders = ReminderSettings {
            updates: section.read("updates", Value::flag).unwrap_or_default(),
            snoozes: section.read("snoozes", Value::flag).unwrap_or_default(),
            on_call_s: section.read("on_call", lead).flatten(),
            week: section.read("week", Value::flag).unwrap_or_default(),
            pauses_s: section.read("pauses", span_or_never).flatten(),
            windows_s: section.read("maintenance", lead).flatten(),
            action_items: section.read("action_items", Value::flag).unwrap_or_default(),
        };
        section.finish();
    }
    for (index, section) in top.sections("stakeholders").into_iter().enumerate() {
        settings.stakeholders.extend(stakeholders(section, index));
    }
    super::self_test::read(top, &mut settings);
    settings
}

/// Reads how long before a shift, or the end of a maintenance window, a reminder is sent.
fn lead(value: &Value<'_>) -> ValueResult<Option<i64>> {
    let lead = span_or_never(value)?;
    if lead.is_some_and(|lead| lead > MAX_LEAD.num_seconds()) {
        return Err(value.invalid("is longer than a day: write a shorter time"));
    }
    Ok(lead)
}

fn stakeholders(mut section: Section<'_>, index: usize) -> Option<StakeholderRule> {
    let (source, offset) = (section.source, section.offset);
    let names = |value: &Value<'_>| {
        Ok(value.names()?.into_iter().map(|(name, _)| name).collect::<Vec<String>>())
    };
    let people = section.require("people", names);
    let services = section.read("services", names);
    let has_services = section.get("services").is_some();
    let priorities: Option<Vec<Priority>> =
        section.read("priorities", |value| value.list()?.iter().map(priority).collect());
    let has_priorities = section.get("priorities").is_some();
    let topics: Option<Vec<StakeholderTopic>> = section.read("about", |value| {
        let topics: Vec<StakeholderTopic> = StakeholderTopic::all().collect();
        value.list()?.iter().map(|one| one.one_of(&topics, StakeholderTopic::as_str)).collect()
    });
    let has_topics = section.get("about").is_some();
    section.finish();
    source.record_position(format!("stakeholders.{index}"), offset);
    let people = people?.into_iter().map(|handle| handle.trim_start_matches('@').to_owned());
    Some(StakeholderRule {
        people: people.collect(),
        // An unreadable list must not become the list of all.
        services: services.or((!has_services).then(Vec::new))?,
        priorities: priorities.or((!has_priorities).then(Vec::new))?,
        topics: topics.or((!has_topics).then(Vec::new))?,
    })
}

/// Returns whether a name can be part of a path without escaping.
fn is_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    // The command line lists all by that name.
    let is_free = name != "list" && !name.starts_with('.');
    (1..=100).contains(&name.len()) && name.chars().all(is_plain) && is_free
}

fn heartbeat(mut table: Section<'_>, name: &str) -> Option<HeartbeatRule> {
    let span = |value: &Value<'_>| {
        let span = value.positive_duration()?;
        if span > MAX_INTERVAL {
            return Err(value.invalid("is longer than 366 d: write a shorter time"));
        }
        Ok(span.num_seconds())
    };
    let interval_s = table.require("interval", span);
    let has_grace = table.get("grace").is_some();
    let grace_s = table.read("grace", |value| {
        let grace = value.duration()?;
        if grace > MAX_INTERVAL {
            return Err(value.invalid("is longer than 366 d: write a shorter time"));
        }
        Ok(grace.num_seconds())
    });
    let priority = table.read("priority", priority);
    let title = table.read("title", |value| {
        let title = value.text()?.trim();
        let length = title.chars().count();
        if !(1..=MAX_TITLE_CHARS).contains(&length) || title.chars().any(char::is_control) {
            return Err(value.invalid("is no text of 1 to 200 characters on one line"));
        }
        Ok(title.to_owned())
    });
    let service = table.read("service", Value::short_text);
    let team = table.read("team", Value::short_text);
    let runbook = table.read("runbook", |value| {
        let runbook = value.text()?.trim();
        if runbook.is_empty()
            || runbook.len() > MAX_RUNBOOK_BYTES
            || runbook.chars().any(char::is_control)
        {
            return Err(value.invalid("is no text of 1 to 500 bytes on one line"));
        }
        Ok(runbook.to_owned())
    });
    table.finish();
    Some(HeartbeatRule {
        name: name.to_owned(),
        // Without them it would be declared at the wrong time.
        interval_s: interval_s?,
        grace_s: grace_s.or((!has_grace).then_some(DEFAULT_GRACE_S))?,
        priority: priority.unwrap_or(Priority::P3),
        title,
        service,
        team,
        runbook,
    })
}

/// Reads a time, or `never`.
fn span_or_never(value: &Value<'_>) -> ValueResult<Option<i64>> {
    match value.text()? {
        "never" => Ok(None),
        _ => value.positive_duration().map(|span| Some(span.num_seconds())),
    }
}
