//! Reads `[status_page]`, `[publishers.NAME]` and `[[reports]]`.

use std::collections::BTreeMap;

use chrono::NaiveTime;

use super::outbound::secret;
use super::path::{PathBase, path};
use super::section::{Section, Value, ValueResult};
use crate::config::publishing::{PublisherSettings, PublishingSettings};
use crate::model::oncall::{Day, Zone};
use crate::model::report_rule::{ReportDay, ReportForm, ReportRule, ReportWindow};
use crate::model::status_page::{MAX_DAYS, StatusPageSettings};
use crate::model::text::sanitize;
use crate::outbound::publisher::PublisherKind;
use crate::outbound::site::page_address;

/// The greatest number of reports, and of publishers.
const MAX_ENTRIES: usize = 50;
/// The greatest number of days of a report.
const MAX_REPORT_DAYS: u32 = 366;
/// The longest id of another system, in bytes.
const MAX_ID_BYTES: usize = 100;

pub(super) fn read(top: &mut Section<'_>, base: &PathBase) -> PublishingSettings {
    let status_page = top.section("status_page").map(|section| status_page(section, base));
    let mut settings = PublishingSettings { status_page, ..PublishingSettings::default() };
    if let Some(section) = top.section("publishers") {
        for (name, at, value) in section.entries().into_iter().take(MAX_ENTRIES) {
            let source = section.source;
            let Some(table) = source.ok_or_warn(value.section()) else { continue };
            if let Some(publisher) = publisher(table, name, base) {
                source.record_position(format!("publishers.{name}"), at);
                settings.publishers.push(publisher);
            }
        }
    }
    for section in top.sections("reports").into_iter().take(MAX_ENTRIES) {
        let report = report(section, base, &settings.reports);
        settings.reports.extend(report);
    }
    settings
}

fn status_page(mut section: Section<'_>, base: &PathBase) -> StatusPageSettings {
    let default = StatusPageSettings::default();
    let page = StatusPageSettings {
        title: section.read("title", Value::short_text).unwrap_or(default.title),
        url: section.read("url", web_address),
        directory: section.read("directory", |value| path(value, base)),
        served: section.read("served", Value::flag).unwrap_or_default(),
        days: section.read("days", |value| value.count(1..=MAX_DAYS)).unwrap_or(default.days),
    };
    section.finish();
    page
}

/// Reads an address of the web.
fn web_address(value: &Value<'_>) -> ValueResult<String> {
    let problem = "is no address of a page: write one such as \"https://status.example.org\"";
    page_address(value.text()?).ok_or_else(|| value.invalid(problem))
}

/// Reads the id of something in another system.
fn id(value: &Value<'_>) -> ValueResult<String> {
    let text = value.text()?.trim();
    let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if text.is_empty() || text.len() > MAX_ID_BYTES || !text.chars().all(is_id) {
        return Err(value.invalid("is no id: write it as the other system shows it"));
    }
    Ok(text.to_owned())
}

fn publisher(mut table: Section<'_>, name: &str, base: &PathBase) -> Option<PublisherSettings> {
    let source = table.source;
    let warnings_before = source.warning_count();
    let kind =
        table.require("kind", |value| value.one_of(PublisherKind::ALL, PublisherKind::as_str));
    let url = table.read("url", |value| {
        let url = value.text()?.trim().parse::<reqwest::Url>();
        url.ok()
            .filter(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
            .ok_or_else(|| value.invalid("is no URL: write one such as \"https://example.org\""))
    });
    let page = table.read("page", id);
    let secret = secret(&mut table, base);
    let notify = table.read("notify", Value::flag).unwrap_or(true);
    let mut components = BTreeMap::new();
    if let Some(section) = table.section("components") {
        source.record_position(format!("publishers.{name}.components"), section.offset);
        for (service, _, value) in section.entries() {
            if let Some(component) = source.ok_or_warn(id(&value)) {
                components.insert(service.to_owned(), component);
            }
        }
    }
    let missing = match kind {
        Some(PublisherKind::Statuspage) if page.is_none() => Some("page"),
        Some(PublisherKind::Cachet) if url.is_none() => Some("url"),
        _ if secret.is_none() => Some("secret_file"),
        _ => None,
    };
    if let Some(missing) = missing {
        let text = format!("publishers.{name}.{missing} is missing: nothing is published there");
        source.warn(table.offset, &text);
    }
    table.finish();
    // An entry that can't be read completely would publish to the wrong target.
    let is_clean = source.warning_count() == warnings_before;
    let name = name.to_owned();
    let (kind, secret) = kind.zip(secret)?;
    is_clean.then_some(PublisherSettings { name, kind, url, page, secret, components, notify })
}

fn report(mut section: Section<'_>, base: &PathBase, before: &[ReportRule]) -> Option<ReportRule> {
    let (source, offset) = (section.source, section.offset);
    let warnings_before = source.warning_count();
    let name = section.require("name", |value| {
        let name = value.short_text()?;
        if before.iter().any(|report| report.name == name) {
            let name = sanitize(&name);
            return Err(value.invalid(format!("{name:?} names another report: choose another")));
        }
        Ok(name)
    });
    let window = section.read("window", window).unwrap_or(ReportWindow::Days(7));
    let names = |value: &Value<'_>| {
        Ok(value.names()?.into_iter().map(|(name, _)| name).collect::<Vec<String>>())
    };
    let teams = section.read("teams", names).unwrap_or_default();
    let day = section.read("day", day).unwrap_or(match window {
        ReportWindow::Days(_) => ReportDay::Weekly(Day::Mon),
        ReportWindow::Month => ReportDay::Monthly(1),
    });
    let time = section.read("time", |value| {
        NaiveTime::parse_from_str(value.text()?.trim(), "%H:%M")
            .map_err(|_| value.invalid("is no time of the day: write one such as \"09:00\""))
    });
    let zone = section.read("zone", |value| {
        let name = value.short_text()?;
        Zone::find(&name).map_err(|why| value.invalid(why.to_string()))?;
        Ok(name)
    });
    let to = section.read("to", names).unwrap_or_default();
    let to = to.into_iter().map(|handle| handle.trim_start_matches('@').to_owned()).collect();
    let directory = section.read("directory", |value| path(value, base));
    let form = section.read("format", |value| value.one_of(ReportForm::ALL, ReportForm::as_str));
    section.finish();
    let name = name?;
    // One with a wrong time or window would be another report.
    if source.warning_count() != warnings_before {
        return None;
    }
    source.record_position(format!("reports.{name}"), offset);
    Some(ReportRule {
        name,
        window,
        teams,
        day,
        time: time.unwrap_or_else(ReportRule::default_time),
        zone: zone.unwrap_or_else(|| "UTC".to_owned()),
        to,
        directory,
        form: form.unwrap_or(ReportForm::Html),
    })
}

fn window(value: &Value<'_>) -> ValueResult<ReportWindow> {
    if value.text()?.trim() == "month" {
        return Ok(ReportWindow::Month);
    }
    let days = value.duration()?.num_days();
    let is_days = value.duration()? == chrono::TimeDelta::days(days);
    u32::try_from(days)
        .ok()
        .filter(|days| is_days && (1..=MAX_REPORT_DAYS).contains(days))
        .map(ReportWindow::Days)
        .ok_or_else(|| value.invalid("is no window: write days such as \"7d\", or \"month\""))
}

fn day(value: &Value<'_>) -> ValueResult<ReportDay> {
    let text = value.text()?.trim();
    if text == "every" {
        return Ok(ReportDay::Every);
    }
    if let Some(day) = Day::parse(text) {
        return Ok(ReportDay::Weekly(day));
    }
    text.parse().ok().filter(|day| (1..=28).contains(day)).map(ReportDay::Monthly).ok_or_else(
        || value.invalid("is no day: write \"every\", one such as \"monday\", or \"1\" to \"28\""),
    )
}
