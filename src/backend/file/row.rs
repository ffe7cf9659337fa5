//! The form in which the projection stores an incident: a packed row, and the columns by which it
//! is looked up.
//!
//! The row is one value because a queue of 5,000 rows is read at once, and passing one column from
//! the driver costs as much as passing the full row. Searched fields have columns of their own as
//! well.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::maintenance::Mute;
use crate::model::measures::{Counted, Fact, FactVerdict, acknowledged_by_somebody, fingerprint};
use crate::model::priority::{Level, Priority};
use crate::model::service_level::{SlaTarget, Verdict, acknowledge_ms, is_within, resolve_ms};
use crate::model::status::{Category, Source, Status};
use crate::model::stored::UNKNOWN;
use crate::model::unknown::{Word, read_exactly};
use crate::model::{
    Attributes, Extra, Incident, IncidentId, IncidentNumber, LastWord, PersonRef, Summary,
    UnknownNames,
};

/// Incident numbers are below this, so that a number and a second fit one key.
pub(super) const NUMBERS_END: u64 = 1 << 31;
/// The facets of open incidents are below this.
pub(super) const OPEN_FACETS_END: i64 = 5 << 6;
/// The number of milliseconds of a day.
pub(super) const DAY_MS: i64 = 86_400_000;

/// The version of rows that have verdicts and pauses.
const VERSION: u8 = 2;
/// The version of rows from before that, which are read as well.
const VERSION_WITHOUT_VERDICTS: u8 = 1;
/// Stands for no verdict in place of a priority.
const NO_VERDICT: u8 = u8::MAX;
/// Is added to the version of rows with labels or roles, or with values or fields of a later version.
/// After the last service they have these as JSON ([`OtherValues`]).
const WITH_TEXTS: u8 = 0x80;
/// The number for a status of a later version in facets. It is below those of all other open
/// incidents.
const UNKNOWN_STATUS: i64 = -1;
/// The number for a category of a later version in facets.
const UNKNOWN_CATEGORY: i64 = 7;
const NO_TIME: i64 = i64::MIN;

/// Returns the key of an incident. Keys are ordered by time of report, then by number.
pub(super) fn incident_key(reported_at: DateTime<Utc>, number: IncidentNumber) -> i64 {
    (reported_at.timestamp() << 31) | i64::try_from(number.0 & (NUMBERS_END - 1)).unwrap_or(0)
}

/// Returns the least key of an incident that is reported at this second.
pub(super) fn first_key_at(second: i64) -> i64 {
    second.clamp(0, (1 << 32) - 1) << 31
}

/// Returns the facets of a row: status, priority, category and pause in one small number.
pub(super) fn facets(row: &Summary) -> i64 {
    pack_facets(row.status, row.priority, row.category, row.paused)
}

/// Packs status, priority, category and pause into one small number. A status of a later version
/// makes it negative; a priority of a later version is packed as its rank.
pub(super) fn pack_facets(
    status: Status,
    priority: Priority,
    category: Option<Category>,
    paused: bool,
) -> i64 {
    let status = match status {
        Status::Unknown(_) => UNKNOWN_STATUS,
        status => i64::from(status.to_stored()),
    };
    let priority = i64::from(priority.rank().to_stored());
    let category = match category {
        Some(Category::Unknown(_)) => UNKNOWN_CATEGORY,
        category => i64::from(encode_category(category)),
    };
    (status << 6) | (priority << 4) | (category << 1) | i64::from(paused)
}

/// Returns the status and the priority in facets; `None` for a status of a later version.
pub(super) fn status_and_priority(facets: i64) -> Option<(Status, Priority)> {
    let status = Status::from_stored(u8::try_from(facets >> 6).ok()?)?;
    let priority = Priority::from_stored(u8::try_from((facets >> 4) & 3).ok()?)?;
    Some((status, priority))
}

/// Encodes a category that may be absent.
pub(super) fn encode_category(category: Option<Category>) -> u8 {
    category.map_or(0, Category::to_stored)
}

/// Decodes a category that may be absent; the outer `None` is for a number that stands for nothing.
#[allow(clippy::option_option, reason = "no category, and one that can't be read, differ")]
pub(super) fn decode_category(number: u8) -> Option<Option<Category>> {
    match number {
        0 => Some(None),
        UNKNOWN => Some(Some(Category::Unknown(Word::UNNAMED))),
        number => Category::from_stored(number).map(Some),
    }
}

/// Encodes how measures count an incident, for the column `counted`.
pub(super) fn encode_counted(counted: Counted) -> i64 {
    match counted {
        Counted::Yes => 0,
        Counted::Merged => 1,
        Counted::Reclassified => 2,
        Counted::FalseAlarm => 3,
    }
}

/// Decodes the column `counted`.
pub(super) fn decode_counted(column: i64) -> Counted {
    match column {
        1 => Counted::Merged,
        2 => Counted::Reclassified,
        3 => Counted::FalseAlarm,
        _ => Counted::Yes,
    }
}

/// The columns of an incident, without the ids of its names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Columns {
    pub key: i64,
    pub id: IncidentId,
    pub number: i64,
    pub facets: i64,
    pub fingerprint: i64,
    pub counted: i64,
    pub late_day: Option<i64>,
    pub dedup_key: Option<String>,
    pub snoozed: Option<i64>,
    pub muted: Option<MutedColumns>,
    pub row: Vec<u8>,
}

/// The columns of the table `muted` of an incident: which window mutes it or has muted it last, since
/// when, and when that ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct MutedColumns {
    pub window: Uuid,
    pub at: i64,
    pub ended: Option<i64>,
}

impl Columns {
    /// Returns the columns of a record that has its number.
    pub(super) fn from_incident(incident: &Incident) -> Self {
        let summary = &incident.summary;
        let number = summary.number.unwrap_or(IncidentNumber(0));
        let print = fingerprint(
            incident.dedup_key.as_deref(),
            summary.primary_service(),
            summary.category,
            &summary.title,
        );
        let day = |time: DateTime<Utc>| time.timestamp_millis().div_euclid(DAY_MS);
        let reported_day = day(summary.reported_at);
        Self {
            key: incident_key(summary.reported_at, number),
            id: summary.id,
            number: i64::try_from(number.0).unwrap_or(0),
            facets: facets(summary),
            fingerprint: print.cast_signed(),
            counted: encode_counted(Counted::for_incident(incident)),
            late_day: summary.resolved_at.map(day).filter(|day| *day != reported_day),
            dedup_key: incident
                .dedup_key
                .clone()
                .filter(|_| summary.status.is_open() || summary.status == Status::Merged),
            snoozed: summary
                .snoozed_until
                .filter(|_| summary.status.is_open())
                .map(|until| until.timestamp_millis()),
            muted: summary.muted.as_ref().map(|mute| MutedColumns {
                window: mute.window,
                at: mute.since.timestamp_millis(),
                ended: mute.ended_at.map(|at| at.timestamp_millis()),
            }),
            row: pack_row(summary),
        }
    }
}

/// What the part of fixed length can't hold of a row: labels and roles, values and fields of a later
/// version, and the last word. That is among the fields, because earlier versions read it as one of a
/// later version.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct OtherValues {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact: Option<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    urgency: Option<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<Category>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source>,
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    attributes: Attributes,
    #[serde(skip_serializing_if = "Extra::is_empty")]
    fields: Extra,
    /// The last word, once it was taken out of the fields.
    #[serde(skip)]
    word: Option<LastWord>,
}

/// The name of the field with the round of the escalation policy.
const ESCALATION_ROUND: &str = "escalation_round";
/// The name of the field with the time from which the times of that policy are counted.
const ESCALATION_FROM: &str = "escalation_from";
/// The name of the field with those who have to acknowledge.
const REQUIRED: &str = "required";
/// The name of the field with the maintenance window that mutes the incident, or did so last.
const MUTED: &str = "muted";
/// The name of the field with the time for which it was muted before.
const MUTED_MS: &str = "muted_ms";
/// The name of the field with the incident under which it is folded.
const FOLDED_UNDER: &str = "folded_under";
/// The name of the field that says that it is noise.
const IS_NOISE: &str = "is_noise";
/// The name of the field with the last word.
const LAST_WORD: &str = "last_word";

/// The JSON text of most rows: the last word alone. It reads and writes what [`OtherValues`] does,
/// faster.
#[derive(Serialize, Deserialize)]
struct OnlyWord<W> {
    fields: WordField<W>,
}

#[derive(Serialize, Deserialize)]
struct WordField<W> {
    last_word: W,
}

impl OtherValues {
    /// Returns what of a row has no place in the fixed part; `None` if there is nothing.
    fn from_summary(row: &Summary) -> Option<Self> {
        let mut later = Self {
            status: Some(row.status).filter(|status| status.is_unknown()),
            impact: Some(row.impact).filter(|impact| impact.is_unknown()),
            urgency: Some(row.urgency).filter(|urgency| urgency.is_unknown()),
            priority: Some(row.priority).filter(|priority| priority.is_unknown()),
            category: row.category.filter(|category| category.is_unknown()),
            source: Some(row.source).filter(|source| source.is_unknown()),
            attributes: row.attributes.clone(),
            fields: row.extra.clone(),
            word: row.last_word.clone(),
        };
        if row.escalation_round > 0 {
            later.fields.insert(ESCALATION_ROUND, row.escalation_round.into());
        }
        if let Some(from) = row.escalation_from {
            later.fields.insert(ESCALATION_FROM, serde_json::json!(from));
        }
        if let Some(required) = &row.required {
            later.fields.insert(REQUIRED, serde_json::json!(required));
        }
        if let Some(mute) = &row.muted {
            later.insert_nested(MUTED, serde_json::json!(mute));
        }
        if row.muted_ms != 0 {
            later.fields.insert(MUTED_MS, row.muted_ms.into());
        }
        if let Some(under) = row.folded_under {
            later.fields.insert(FOLDED_UNDER, serde_json::json!(under));
        }
        if row.is_noise {
            later.fields.insert(IS_NOISE, true.into());
        }
        let is_needed = later.has_values() || !later.fields.is_empty() || later.word.is_some();
        is_needed.then_some(later)
    }

    /// Adds a field that has fields itself, with those that a later version has added inside of it.
    fn insert_nested(&mut self, name: &str, mut value: serde_json::Value) {
        if let Some(more) = self.fields.extract::<Extra>(name) {
            more.merge_into(&mut value);
        }
        self.fields.insert(name, value);
    }

    /// Encodes the values as JSON. That can't fail: they consist of texts.
    fn into_json(mut self) -> String {
        let Some(word) = self.word.take() else {
            return serde_json::to_string(&self).unwrap_or_default();
        };
        if !self.has_values() && self.fields.is_empty() {
            let only = OnlyWord { fields: WordField { last_word: &word } };
            return serde_json::to_string(&only).unwrap_or_default();
        }
        self.insert_nested(LAST_WORD, serde_json::to_value(&word).unwrap_or_default());
        serde_json::to_string(&self).unwrap_or_default()
    }

    /// Decodes what [`Self::into_json`] gives, or what another version has written.
    fn from_json(json: &str) -> Option<Self> {
        if let Some(only) = read_exactly::<OnlyWord<LastWord>>(json.as_bytes()) {
            return Some(Self { word: Some(only.fields.last_word), ..Self::default() });
        }
        let mut later: Self = serde_json::from_str(json).ok()?;
        let value: Option<serde_json::Value> = later.fields.extract(LAST_WORD);
        if let Some(value) = value {
            match serde_json::from_value::<LastWord>(value.clone()) {
                Ok(word) => {
                    let defined = serde_json::to_value(&word).unwrap_or_default();
                    let more = Extra::difference(&value, &defined);
                    if let Some(more) = more.as_object() {
                        later.fields.insert(LAST_WORD, serde_json::Value::Object(more.clone()));
                    }
                    later.word = Some(word);
                }
                // Of a later version in which it is something else.
                Err(_) => later.fields.insert(LAST_WORD, value),
            }
        }
        Some(later)
    }

    /// Removes what mutes the incident from the fields, and returns it.
    fn extract_muted(&mut self) -> Option<Mute> {
        let value: serde_json::Value = self.fields.extract(MUTED)?;
        let Ok(mute) = serde_json::from_value::<Mute>(value.clone()) else {
            // Of a later version in which it is something else.
            self.fields.insert(MUTED, value);
            return None;
        };
        let defined = serde_json::to_value(&mute).unwrap_or_default();
        if let Some(more) = Extra::difference(&value, &defined).as_object() {
            self.fields.insert(MUTED, serde_json::Value::Object(more.clone()));
        }
        Some(mute)
    }

    /// Returns whether a value has no stored number, or there are labels or roles.
    fn has_values(&self) -> bool {
        !self.attributes.is_empty()
            || self.status.is_some()
            || self.impact.is_some()
            || self.urgency.is_some()
            || self.priority.is_some()
            || self.category.is_some()
            || self.source.is_some()
    }
}

/// Packs a row into bytes: a part of fixed length, then the texts.
pub(super) fn pack_row(row: &Summary) -> Vec<u8> {
    let later = OtherValues::from_summary(row);
    let mut out = Vec::with_capacity(160);
    out.extend([
        if later.is_some() { VERSION | WITH_TEXTS } else { VERSION },
        row.status.to_stored(),
        row.impact.to_stored(),
        row.urgency.to_stored(),
        row.priority.to_stored(),
        encode_category(row.category),
        row.source.to_stored(),
        u8::from(row.paused),
        row.escalation,
    ]);
    out.extend(row.alerts.to_le_bytes());
    out.extend(row.seq.to_le_bytes());
    out.extend(row.number.map_or(0, |n| n.0).to_le_bytes());
    out.extend(row.id.as_bytes());
    for time in [
        Some(row.detected_at),
        Some(row.reported_at),
        Some(row.last_event_at),
        row.acknowledged_at,
        row.resolved_at,
        row.closed_at,
        row.snoozed_until,
        row.updated_at,
    ] {
        out.extend(time.map_or(NO_TIME, |t| t.timestamp_millis()).to_le_bytes());
    }
    let paused_since = row.paused_since.map_or(NO_TIME, |t| t.timestamp_millis());
    out.extend(paused_since.to_le_bytes());
    out.extend(row.paused_ms.to_le_bytes());
    for verdict in [row.acknowledge_verdict, row.resolve_verdict] {
        out.push(verdict.map_or(NO_VERDICT, |verdict| verdict.priority.rank().to_stored()));
        let goal_s = verdict.and_then(|verdict| verdict.goal_s).unwrap_or(NO_TIME);
        out.extend(goal_s.to_le_bytes());
    }
    let mut text = |text: Option<&str>| match text {
        None => out.extend(u32::MAX.to_le_bytes()),
        Some(text) => {
            out.extend(u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
            out.extend(text.as_bytes());
        }
    };
    text(Some(&row.title));
    text(row.team.as_deref());
    text(row.assignee.as_ref().map(|p| p.handle.as_str()));
    text(row.assignee.as_ref().map(|p| p.name.as_str()));
    for service in &row.services {
        text(Some(service));
    }
    if let Some(later) = later {
        text(Some(&later.into_json()));
    }
    out
}

/// The error for bytes that can't be decoded.
struct Damaged;

struct ByteReader<'a>(&'a [u8]);

impl<'a> ByteReader<'a> {
    fn read_array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn read_byte(&mut self) -> Option<u8> {
        self.read_array::<1>().map(|b| b[0])
    }

    /// Reads a time that may be absent.
    fn read_optional_time(&mut self) -> Result<Option<DateTime<Utc>>, Damaged> {
        match i64::from_le_bytes(self.read_array().ok_or(Damaged)?) {
            NO_TIME => Ok(None),
            millis => DateTime::from_timestamp_millis(millis).map(Some).ok_or(Damaged),
        }
    }

    fn read_time(&mut self) -> Option<DateTime<Utc>> {
        self.read_optional_time().ok()?
    }

    /// Reads a text that may be absent.
    fn read_optional_text(&mut self) -> Result<Option<&'a str>, Damaged> {
        let length = u32::from_le_bytes(self.read_array().ok_or(Damaged)?);
        if length == u32::MAX {
            return Ok(None);
        }
        let length = usize::try_from(length).map_err(|_| Damaged)?;
        let (text, rest) = self.0.split_at_checked(length).ok_or(Damaged)?;
        self.0 = rest;
        std::str::from_utf8(text).map(Some).map_err(|_| Damaged)
    }

    fn read_text(&mut self) -> Option<&'a str> {
        self.read_optional_text().ok()?
    }
}

/// Returns whether a packed row is of a version with verdicts and pauses.
pub(super) fn has_verdicts(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|version| version & !WITH_TEXTS != VERSION_WITHOUT_VERDICTS)
}

/// Unpacks a row; `None` if the bytes are damaged.
pub(super) fn unpack_row(bytes: &[u8]) -> Option<Summary> {
    let mut from = ByteReader(bytes);
    let version = from.read_byte()?;
    let format = version & !WITH_TEXTS;
    if format != VERSION && format != VERSION_WITHOUT_VERDICTS {
        return None;
    }
    let has_texts = version & WITH_TEXTS != 0;
    let [status, impact, urgency, priority, category, source] = from.read_array()?;
    let paused = from.read_byte()? == 1;
    let escalation = from.read_byte()?;
    let alerts = u32::from_le_bytes(from.read_array()?);
    let seq = u32::from_le_bytes(from.read_array()?);
    let number = u64::from_le_bytes(from.read_array()?);
    let id = IncidentId::from_slice(&from.read_array::<16>()?)?;
    let detected_at = from.read_time()?;
    let reported_at = from.read_time()?;
    let last_event_at = from.read_time()?;
    let acknowledged_at = from.read_optional_time().ok()?;
    let resolved_at = from.read_optional_time().ok()?;
    let closed_at = from.read_optional_time().ok()?;
    let snoozed_until = from.read_optional_time().ok()?;
    let updated_at = from.read_optional_time().ok()?;
    let clocks = if format == VERSION { from.read_clocks()? } else { StoredClocks::default() };
    let title = from.read_text()?.to_owned();
    let team = from.read_optional_text().ok()?.map(str::to_owned);
    let handle = from.read_optional_text().ok()?;
    let name = from.read_optional_text().ok()?;
    let assignee = handle.zip(name).map(|(handle, name)| PersonRef::new(handle, name));
    let mut services = Vec::new();
    while !from.0.is_empty() {
        services.push(from.read_text()?.to_owned());
    }
    let mut later: OtherValues =
        if has_texts { OtherValues::from_json(&services.pop()?)? } else { OtherValues::default() };
    let status = later.status.or_else(|| Status::from_stored(status))?;
    let impact = later.impact.or_else(|| Level::from_stored(impact))?;
    let urgency = later.urgency.or_else(|| Level::from_stored(urgency))?;
    let priority = later.priority.or_else(|| Priority::from_stored(priority))?;
    let category = match later.category {
        Some(category) => Some(category),
        None => decode_category(category)?,
    };
    let source = later.source.or_else(|| Source::from_stored(source))?;
    let escalation_round = later.fields.extract(ESCALATION_ROUND).unwrap_or(0);
    let escalation_from = later.fields.extract(ESCALATION_FROM);
    let required = later.fields.extract(REQUIRED);
    let muted = later.extract_muted();
    let muted_ms = later.fields.extract(MUTED_MS).unwrap_or(0);
    let folded_under = later.fields.extract(FOLDED_UNDER);
    let is_noise = later.fields.extract(IS_NOISE).unwrap_or(false);
    let mut row = Summary {
        id,
        number: (number > 0).then_some(IncidentNumber(number)),
        title,
        status,
        impact,
        urgency,
        priority,
        category,
        source,
        services,
        assignee,
        team,
        detected_at,
        reported_at,
        acknowledged_at,
        resolved_at,
        closed_at,
        snoozed_until,
        paused,
        paused_since: clocks.paused_since,
        paused_ms: clocks.paused_ms,
        acknowledge_verdict: None,
        resolve_verdict: None,
        updated_at,
        alerts,
        escalation,
        escalation_round,
        escalation_from,
        required,
        muted,
        muted_ms,
        folded_under,
        is_noise,
        seq,
        last_event_at,
        last_word: later.word,
        attributes: later.attributes,
        unknown: UnknownNames::default(),
        extra: later.fields,
    };
    let [acknowledge, resolve] = clocks.verdicts;
    let elapsed_ms = (acknowledge_ms(&row), resolve_ms(&row));
    row.acknowledge_verdict = restore_verdict(acknowledge, SlaTarget::Acknowledge, elapsed_ms.0);
    row.resolve_verdict = restore_verdict(resolve, SlaTarget::Resolve, elapsed_ms.1);
    Some(row)
}

/// What a row holds about a verdict: the priority, and the goal in seconds.
type StoredVerdict = (Priority, Option<i64>);

/// What a row holds about the clocks of service levels.
#[derive(Default)]
struct StoredClocks {
    paused_since: Option<DateTime<Utc>>,
    paused_ms: i64,
    verdicts: [Option<StoredVerdict>; 2],
}

impl ByteReader<'_> {
    fn read_clocks(&mut self) -> Option<StoredClocks> {
        let paused_since = self.read_optional_time().ok()?;
        let paused_ms = i64::from_le_bytes(self.read_array()?);
        let mut verdicts = [None; 2];
        for verdict in &mut verdicts {
            let priority = self.read_byte()?;
            let goal_s = i64::from_le_bytes(self.read_array()?);
            if priority != NO_VERDICT {
                let goal_s = (goal_s != NO_TIME).then_some(goal_s);
                *verdict = Some((Priority::from_stored(priority)?, goal_s));
            }
        }
        Some(StoredClocks { paused_since, paused_ms, verdicts })
    }
}

impl ByteReader<'_> {
    /// Returns for how long an incident was muted, from the texts of its row; `None` if it never was. Few
    /// were, so that the JSON of the others is not parsed.
    fn find_muted_ms(&mut self) -> Option<i64> {
        let mut last = None;
        while !self.0.is_empty() {
            last = self.read_optional_text().ok()?;
        }
        let json = last?;
        json.contains(MUTED_MS).then(|| OtherValues::from_json(json))??.fields.extract(MUTED_MS)
    }
}

/// Makes a verdict of its stored parts and the time that the row's other fields give.
fn restore_verdict(
    stored: Option<StoredVerdict>,
    target: SlaTarget,
    elapsed_ms: Option<i64>,
) -> Option<Verdict> {
    let ((priority, goal_s), elapsed_ms) = stored.zip(elapsed_ms)?;
    let met = goal_s.map(|goal_s| is_within(elapsed_ms, goal_s));
    Some(Verdict { target, priority, goal_s, elapsed_ms, met })
}

/// Unpacks only the fields of a row that measures need, without its texts.
pub(super) fn unpack_fact(
    bytes: &[u8],
    service: u32,
    team: u32,
    counted: Counted,
    fingerprint: u64,
) -> Option<Fact> {
    let mut from = ByteReader(bytes);
    let [version, _, _, _, priority, category, _, _, _] = from.read_array::<9>()?;
    let format = version & !WITH_TEXTS;
    if format != VERSION && format != VERSION_WITHOUT_VERDICTS {
        return None;
    }
    let priority = match priority {
        UNKNOWN => Priority::Unknown(Word::UNNAMED).rank(),
        priority => Priority::from_stored(priority)?,
    };
    from.read_array::<8>()?;
    let number = u64::from_le_bytes(from.read_array()?);
    from.read_array::<16>()?;
    let mut millis = || from.read_array().map(i64::from_le_bytes);
    let (detected_ms, reported_ms, _) = (millis()?, millis()?, millis()?);
    let time = |millis: i64| (millis != NO_TIME).then_some(millis);
    let (acknowledged_ms, resolved_ms) = (time(millis()?), time(millis()?));
    let (_closed_ms, _snoozed_ms, _updated_ms) = (millis()?, millis()?, millis()?);
    let clocks = if format == VERSION { from.read_clocks()? } else { StoredClocks::default() };
    let muted_ms = if version & WITH_TEXTS == 0 { 0 } else { from.find_muted_ms().unwrap_or(0) };
    let by_somebody = acknowledged_by_somebody(acknowledged_ms, resolved_ms);
    let by_somebody = by_somebody.map(|at| at - muted_ms);
    // The clock was judged when it ended, also where nobody acknowledged the incident.
    let acknowledged_ms = acknowledged_ms.map(|at| at - muted_ms);
    let [acknowledge, resolve] = clocks.verdicts;
    let judge = |stored: Option<StoredVerdict>, ended_ms: Option<i64>, paused_ms: i64| {
        let ((priority, goal_s), ended_ms) = stored.zip(ended_ms)?;
        let met = is_within(ended_ms - reported_ms - paused_ms, goal_s?);
        Some(FactVerdict { priority, met })
    };
    Some(Fact {
        number,
        reported_ms,
        detected_ms,
        acknowledged_ms: by_somebody,
        resolved_ms,
        acknowledge_verdict: judge(acknowledge, acknowledged_ms, 0),
        resolve_verdict: judge(resolve, resolved_ms, clocks.paused_ms),
        paused_since_ms: clocks.paused_since.map(|since| since.timestamp_millis()),
        paused_ms: clocks.paused_ms,
        priority,
        category: decode_category(category)?,
        service,
        team,
        counted,
        fingerprint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unusual_byte_groupings, reason = "a group of bits is a value")]
    fn facets_have_the_numbers_that_queries_select_by() {
        let facets =
            |status, priority, category, paused| pack_facets(status, priority, category, paused);
        assert_eq!(facets(Status::Triggered, Priority::P1, None, false), 0);
        let category = Some(Category::Access);
        assert_eq!(facets(Status::Monitoring, Priority::P4, category, true), 0b100_11_101_1);
        assert!(facets(Status::Monitoring, Priority::P4, category, true) < OPEN_FACETS_END);
        assert_eq!(facets(Status::Resolved, Priority::P1, None, false), OPEN_FACETS_END);
        let unknown = Word::new("mitigating");
        let category = Some(Category::Unknown(unknown));
        assert_eq!(facets(Status::Unknown(unknown), Priority::P1, None, false), -64);
        assert_eq!(facets(Status::Unknown(unknown), Priority::P4, category, true), -1);
        assert_eq!(facets(Status::Triggered, Priority::Unknown(unknown), category, false), 14);
        assert_eq!(status_and_priority(-1), None);
        assert_eq!(status_and_priority(0b100_11_101_1), Some((Status::Monitoring, Priority::P4)));
    }

    #[test]
    fn stored_numbers_of_what_counts_are_those_of_all_versions() {
        let counted = [Counted::Yes, Counted::Merged, Counted::Reclassified, Counted::FalseAlarm];
        assert_eq!(counted.map(encode_counted), [0, 1, 2, 3]);
        assert_eq!([0, 1, 2, 3].map(decode_counted), counted);
    }
}
