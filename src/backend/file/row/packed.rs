//! Packed rows: the fields of an incident in lists, in bytes.

use chrono::{DateTime, Utc};

use super::facets::{decode_category, encode_category};
use super::other_values::{
    ESCALATION_FROM, ESCALATION_ROUND, FOLDED_UNDER, IS_NOISE, MUTED_MS, NEVER_ACKNOWLEDGED,
    OtherValues, REQUIRED,
};
use crate::model::measures::{Counted, Fact, FactMute, FactVerdict, acknowledged_by_somebody};
use crate::model::priority::{Level, Priority};
use crate::model::service_level::{SlaTarget, Verdict, acknowledge_ms, is_within, resolve_ms};
use crate::model::status::{Source, Status};
use crate::model::stored::UNKNOWN;
use crate::model::unknown::Word;
use crate::model::{IncidentId, IncidentNumber, PersonRef, Summary, UnknownNames};

/// The version of rows that have verdicts and pauses.
const VERSION: u8 = 2;
/// The version of rows from before that, which are read as well.
const VERSION_WITHOUT_VERDICTS: u8 = 1;
/// Stands for no verdict in place of a priority.
const NO_VERDICT: u8 = u8::MAX;
/// Is added to the version of rows with labels or roles, or with values or fields of a later version.
/// After the last service they have these as JSON ([`OtherValues`]).
const WITH_TEXTS: u8 = 0x80;
/// Stands for a time that is absent.
const NO_TIME: i64 = i64::MIN;

/// Packs a row into bytes: a part of fixed length, then the texts.
pub(in crate::backend::file) fn pack_row(row: &Summary) -> Vec<u8> {
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
pub(in crate::backend::file) fn has_verdicts(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|version| version & !WITH_TEXTS != VERSION_WITHOUT_VERDICTS)
}

/// Unpacks a row; `None` if the bytes are damaged.
pub(in crate::backend::file) fn unpack_row(bytes: &[u8]) -> Option<Summary> {
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
    let never_acknowledged = later.fields.extract(NEVER_ACKNOWLEDGED).unwrap_or(false);
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
        never_acknowledged,
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

/// The stored form of a verdict: the priority, and the goal in seconds.
type StoredVerdict = (Priority, Option<i64>);

/// The stored clocks of service levels.
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
    /// Returns for how long an incident was muted, and whether it was reopened without anybody
    /// having acknowledged it, from the texts of its row; `None` if neither. Few incidents were, so
    /// the JSON of the others is not parsed.
    fn find_acknowledgement(&mut self) -> Option<(i64, bool)> {
        let mut last = None;
        while !self.0.is_empty() {
            last = self.read_optional_text().ok()?;
        }
        let json = last?;
        let is_needed = json.contains(MUTED_MS) || json.contains(NEVER_ACKNOWLEDGED);
        let mut later = is_needed.then(|| OtherValues::from_json(json))??;
        let muted_ms = later.fields.extract(MUTED_MS).unwrap_or(0);
        Some((muted_ms, later.fields.extract(NEVER_ACKNOWLEDGED).unwrap_or(false)))
    }
}

/// Creates a verdict from its stored parts and the time that the row's other fields give.
fn restore_verdict(
    stored: Option<StoredVerdict>,
    target: SlaTarget,
    elapsed_ms: Option<i64>,
) -> Option<Verdict> {
    let ((priority, goal_s), elapsed_ms) = stored.zip(elapsed_ms)?;
    let met = goal_s.map(|goal_s| is_within(elapsed_ms, goal_s));
    Some(Verdict { target, priority, goal_s, elapsed_ms, met })
}

/// Where a row has its pauses, counted from 0: since when it is paused, and for how long it was before.
pub(in crate::backend::file) const PAUSES_OFFSET: usize = 105;

/// The versions of rows that have pauses, as their first byte.
pub(in crate::backend::file) const VERSIONS_WITH_PAUSES: [u8; 2] = [VERSION, VERSION | WITH_TEXTS];

/// The pauses of an incident that was never paused: [`NO_TIME`], and no time.
pub(in crate::backend::file) const NO_PAUSES: [u8; 16] = {
    let mut bytes = [0; 16];
    bytes.split_at_mut(8).0.copy_from_slice(&NO_TIME.to_le_bytes());
    bytes
};

/// Unpacks the pauses of a row: since when it is paused, and for how long it was before, in milliseconds.
/// `None` if the bytes make no sense.
pub(in crate::backend::file) fn unpack_pauses(
    bytes: &[u8; 16],
) -> Option<(Option<DateTime<Utc>>, i64)> {
    let mut from = ByteReader(bytes);
    Some((from.read_optional_time().ok()?, i64::from_le_bytes(from.read_array()?)))
}

/// Unpacks only the fields of a row that measures need, without its texts.
pub(in crate::backend::file) fn unpack_fact(
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
    let found = if version & WITH_TEXTS == 0 { None } else { from.find_acknowledgement() };
    let (muted_ms, never_acknowledged) = found.unwrap_or_default();
    let by_somebody = acknowledged_by_somebody(acknowledged_ms, resolved_ms);
    let by_somebody = by_somebody.filter(|_| !never_acknowledged);
    let by_somebody = by_somebody.map(|at| at - muted_ms);
    // The clock was judged when it ended, also if nobody acknowledged the incident.
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
        mute: FactMute::default(),
        priority,
        category: decode_category(category)?,
        service,
        team,
        counted,
        fingerprint,
    })
}
