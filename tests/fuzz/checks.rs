//! Properties that must hold for any bytes: one check for each parser. The fuzz targets run them,
//! and the tests run them on the seeds.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use redphone::api::query::{Changes, Measures, Search, Timeline};
use redphone::api::{Answers, Details, Orders};
use redphone::backend::http::Address;
use redphone::backend::record::Record;
use redphone::cli::value::{self, Expiry, IncidentRef, Time};
use redphone::config::{ConfigLoader, Flags, Folders};
use redphone::ingest::IngestSettings;
use redphone::ingest::events::{EventBody, EventVersion};
use redphone::ingest::goalert::AlertFields;
use redphone::ingest::matcher::Matcher;
use redphone::ingest::receivers::{self, ChangeMessage, ReceivedMessage};
use redphone::ingest::{IngestError, alertmanager, opsgenie, prometheus};
use redphone::model::alert::AlertGroup;
use redphone::model::directory::Directory;
use redphone::model::filter::{Filter, PartialFilter, split_terms};
use redphone::model::runbook::{RunbookHeader, RunbookPage, find_ticks};
use redphone::model::text::{lines, pad, sanitize, truncate, width, wrap};
use redphone::model::time::parse_duration;
use redphone::model::{Actor, IncidentId, IncidentNumber, Priority, alert, check};
use redphone::server::tokens::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A check, by the name of its target.
pub type Check = fn(&[u8]);

/// All checks, by the names of their targets.
#[allow(dead_code, reason = "a fuzz target needs one of them")]
pub const ALL: [(&str, Check); 9] = [
    ("filter", filter),
    ("api", api),
    ("import", import),
    ("settings", settings),
    ("runbook", runbook),
    ("text", text),
    ("values", values),
    ("token", token),
    ("ingest", ingest),
];

fn utf8(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}

fn safe(text: &str) {
    assert!(!text.chars().any(char::is_control), "a control character in {text:?}");
}

/// The filter language: a parsed filter is the same after printing and parsing, and errors name
/// their position.
pub fn filter(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    for term in split_terms(text) {
        assert!(text.get(term.range.clone()).is_some(), "{term:?}");
    }
    let typed = PartialFilter::parse(text);
    for wrong in &typed.errors {
        safe(&wrong.to_string());
        assert!(
            text.get(wrong.range.clone()).is_some() || wrong.range.end == text.len() + 1,
            "{wrong:?}"
        );
    }
    let written = typed.filter.to_string();
    let again: Filter = written.parse().unwrap_or_else(|e| panic!("{e:?} in {written:?}"));
    assert_eq!(again, typed.filter, "{written:?}");
}

/// Checks that a decoded value can be encoded, and is the same when it is decoded again.
fn round<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(data: &[u8]) -> Option<T> {
    let read: T = match serde_json::from_slice(data) {
        Ok(read) => read,
        Err(error) => {
            let _ = error.to_string();
            return None;
        }
    };
    let written = serde_json::to_vec(&read).expect("what was read can be written");
    let again: T = serde_json::from_slice(&written).expect("and read again");
    assert_eq!(again, read);
    Some(read)
}

/// Bodies and queries of the API.
pub fn api(data: &[u8]) {
    round::<Orders>(data);
    round::<Answers>(data);
    if let Some(details) = round::<Details>(data) {
        let now = chrono::DateTime::UNIX_EPOCH;
        // The sentence can be anything that a server sends. It is sanitized where it is shown.
        safe(&sanitize(details.into_error(now).to_string()));
    }
    round::<Search>(data);
    round::<Changes>(data);
    round::<Timeline>(data);
    round::<Measures>(data);
}

/// Lines of an import.
pub fn import(data: &[u8]) {
    for line in data.split(|byte| *byte == b'\n') {
        let Ok(read) = serde_json::from_slice::<Record>(line) else { continue };
        let written = serde_json::to_string(&read).expect("what was read can be written");
        let again: Record = serde_json::from_str(&written).expect("and read again");
        let rewritten = serde_json::to_string(&again).expect("what was read can be written");
        assert_eq!(rewritten, written);
        if let Record::Event(event) = again {
            safe(&sanitize(event.detail()));
        }
    }
}

/// The settings file: whatever it contains, the program starts, and each warning is one safe line.
pub fn settings(data: &[u8]) {
    let folder = std::env::temp_dir().join(format!("redphone-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("config.toml");
    std::fs::write(&file, data).expect("a file");
    let flags = Flags { config: Some(file), ..Flags::default() };
    let folders = Folders {
        home: folder.clone(),
        config: folder.clone(),
        data: folder.clone(),
        state: folder.clone(),
    };
    let loaded =
        ConfigLoader { flags, env: &|_| None, account: &|| "ines".into(), folders: Some(folders) }
            .load();
    match loaded {
        Ok(config) => {
            for warning in &config.warnings {
                safe(&warning.to_string());
                safe(&warning.brief());
            }
            assert!(!config.panes.columns.is_empty() && !config.panes.templates.is_empty());
        }
        Err(error) => safe(&error.to_string()),
    }
}

/// Runbooks.
pub fn runbook(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let head = RunbookHeader::parse("payments/5xx", &text);
    safe(&head.title);
    head.problems.iter().for_each(|wrong| safe(wrong));
    let page = RunbookPage::parse(&text);
    for (index, block) in page.blocks.iter().enumerate() {
        assert!(block.step.is_none_or(|step| step < page.steps.len()), "{block:?}");
        let _ = page.code_for_block(index);
    }
    assert_eq!(find_ticks("payments/5xx", &page.steps, &[]).len(), page.steps.len());
}

/// Text from outside, made safe to show.
pub fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let safe_text = sanitize(&text);
    safe(&safe_text);
    assert_eq!(sanitize(&safe_text), safe_text, "made safe twice it is another text");
    // A wide character does not fit into one column.
    for columns in [2, 7, 40] {
        assert!(width(truncate(&safe_text, columns)) <= columns);
        assert_eq!(width(pad(&safe_text, columns)), columns);
        for line in wrap(&safe_text, columns) {
            assert!(width(&line) <= columns, "{line:?} in {columns}");
        }
    }
    lines(&text).for_each(|line| safe(&line));
}

/// Durations, times, numbers and targets of the command line.
pub fn values(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    let now = chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_000);
    let _ = parse_duration(text);
    if let Ok(target) = text.parse::<IncidentRef>() {
        assert_eq!(target.to_string().parse(), Ok(target));
    }
    if let Ok(number) = text.parse::<IncidentNumber>() {
        assert_eq!(number.to_string().parse::<IncidentNumber>().ok(), Some(number));
    }
    let _ = text.parse::<Priority>();
    match text.parse::<Time>() {
        Ok(time) => drop(time.at(now)),
        Err(bad) => safe(&bad.to_string()),
    }
    match text.parse::<Expiry>() {
        Ok(expiry) => drop(expiry.at(now)),
        Err(bad) => safe(&bad.to_string()),
    }
    if let Ok(speed) = value::speed(text) {
        assert!(speed.is_finite());
    }
    for read in [value::rotate, value::hold] {
        match read(text) {
            Ok(time) => assert!(time < Duration::from_secs(u64::MAX / 4)),
            Err(bad) => safe(&bad.to_string()),
        }
    }
}

/// Bearer tokens, and addresses of an API.
pub fn token(data: &[u8]) {
    let Some(text) = utf8(data) else { return };
    if let Ok(secret) = text.parse::<Secret>() {
        let revealed = secret.reveal();
        let again: Secret = revealed.parse().expect("a token reads back");
        assert!(again.hash().matches(&secret.hash()));
        assert_eq!(again.id(), secret.id());
    }
    match text.parse::<Address>() {
        Ok(address) => {
            safe(&address.to_string());
            assert_eq!(address.to_string().parse::<Address>().ok(), Some(address));
        }
        Err(bad) => safe(&bad.to_string()),
    }
}

/// Messages of monitoring systems: the parsed values are bounded, and make a valid incident. The
/// first byte chooses the sender of the others; without such a byte it is Alertmanager.
pub fn ingest(data: &[u8]) {
    let now = chrono::DateTime::from_timestamp(1_772_359_200, 0).unwrap_or_default();
    let (first, rest) = data.split_first().map_or((0, data), |(first, rest)| (*first, rest));
    let sender = "b54e8e392759";
    let id = IncidentId::from_slice(&[0; 16]).unwrap_or_else(IncidentId::new).0;
    let groups = match first {
        b'1' => prometheus::parse(rest, now).map(|posted| posted.groups),
        b'2' | b'3' => {
            let version = if first == b'2' { EventVersion::V2 } else { EventVersion::V1 };
            EventBody::parse(rest).and_then(|body| read_event(&body, version, now))
        }
        b'4' => opsgenie::create(rest, sender, id).map(|named| vec![named.group]),
        b'5' => AlertFields::default()
            .with_json(rest)
            .and_then(|fields| fields.group(sender))
            .map(|group| vec![group]),
        b'6' => {
            let text = String::from_utf8_lossy(rest);
            let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
            AlertFields::default().with_pairs(pairs).group(sender).map(|group| vec![group])
        }
        b'7' => {
            let labels = BTreeMap::from([("service".to_owned(), "checkout".to_owned())]);
            let matcher = String::from_utf8_lossy(rest).parse::<Matcher>();
            matcher.map(|matcher| {
                // Whether it matches does not matter.
                let _ = matcher.matches(&labels);
                Vec::new()
            })
        }
        _ => alertmanager::parse(data, now).map(|message| vec![message.group]),
    };
    match groups {
        Ok(groups) => groups.iter().for_each(|group| check_group(group, now)),
        Err(error) => safe(&sanitize(error.to_string())),
    }
    let (settings, headers) = (IngestSettings::default(), BTreeMap::new());
    let message = ReceivedMessage {
        body: data,
        content_type: None,
        headers: &headers,
        query: None,
        token: Some("id"),
    };
    for name in receivers::receiver_names(&settings) {
        match receivers::read(&name, &message, &settings, now) {
            Ok(groups) => groups.iter().for_each(|group| check_group(group, now)),
            Err(error) => safe(&sanitize(error.to_string())),
        }
        match receivers::read_changes(&name, &message, &settings, now) {
            Some(Ok(read)) => check_changes(&read, now),
            Some(Err(error)) => safe(&sanitize(error.to_string())),
            None => {}
        }
    }
}

/// Checks the changes in a message.
fn check_changes(message: &ChangeMessage, now: DateTime<Utc>) {
    let (directory, actor) = (Directory::default(), Actor::Integration("builds".to_owned()));
    for report in message.complete(&directory, &actor) {
        let change = report.apply(None).expect("a new change");
        assert!(check::title(&change.title).is_ok(), "{change:?}");
        assert!(check::names("services", &change.services).is_ok(), "{change:?}");
        assert!(check::name("by", change.by.name()).is_ok(), "{change:?}");
        assert!(change.ends_at.is_none_or(|end| end >= change.starts_at), "{change:?}");
        assert!(check::time("starts_at", change.starts_at).is_ok() || change.starts_at == now);
        assert_eq!(report.apply(Some(&change)), None, "{change:?}");
    }
}

/// Reads an event, also as if it reported a change.
fn read_event(
    body: &EventBody,
    version: EventVersion,
    now: DateTime<Utc>,
) -> Result<Vec<AlertGroup>, IngestError> {
    let id = IncidentId::from_slice(&[0; 16]).unwrap_or_else(IncidentId::new).0;
    let by = Actor::Integration("builds".to_owned());
    if let Ok(event) = body.change_event("b54e8e392759", by, id, now) {
        assert!(check::title(&event.change.title).is_ok(), "{event:?}");
        assert!(check::names("services", &event.change.services).is_ok(), "{event:?}");
    }
    let event = body.event(version, "b54e8e392759", id);
    event.map(|event| vec![event.group]).map_err(|mut errors| errors.remove(0))
}

fn check_group(group: &AlertGroup, now: DateTime<Utc>) {
    assert!(group.key.chars().count() <= 500, "{}", group.key);
    safe(&group.key);
    let all: Vec<usize> = (0..group.alerts.len()).collect();
    let declared = alert::declaration(group, &all, &Directory::default(), now);
    if let Err(wrong) = check::declaration(&declared) {
        panic!("{wrong}: {declared:?}");
    }
    for report in &group.alerts {
        safe(&report.title);
        assert!(!report.key.is_empty() && report.key.len() <= alert::MAX_KEY_CHARS, "{report:?}");
    }
}
