//! Reads the reviews: unpublished ones first, and of those the newest incidents.

use std::collections::HashMap;

use chrono::DateTime;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::paging::{MAX_SCANNED, foreign_mark, name_ids, page};
use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::list_rows::SUBMITTED;
use crate::backend::file::names::NameKind;
use crate::backend::file::read::summary_at;
use crate::backend::file::sql::Batch;
use crate::backend::lists::{IncidentBrief, ReviewEntry, ReviewSearch, ReviewState};
use crate::backend::{Page, PageMark};
use crate::model::EventBody;
use crate::model::event::StoredBody;
use crate::model::review::{Section, parse_factors};

/// The bits of the column `sections` where all required ones are written.
const ALL_SECTIONS: i64 = (1 << Section::REQUIRED.len()) - 1;
/// The column `sections` of a review that is in review.
const IN_REVIEW: i64 = ALL_SECTIONS | SUBMITTED;

/// How a state is stored: the number in the column `state`, and whether the review must be in review
/// (`Some(true)`) or must not be (`Some(false)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct StoredState {
    number: i64,
    is_in_review: Option<bool>,
}

impl StoredState {
    const fn any(number: i64) -> Self {
        Self { number, is_in_review: None }
    }

    /// Returns how a state is stored; `None` for one of a later version.
    fn of(state: ReviewState) -> Option<Self> {
        match state {
            ReviewState::Missing => Some(Self::any(0)),
            ReviewState::Draft => Some(Self { number: 1, is_in_review: Some(false) }),
            ReviewState::InReview => Some(Self { number: 1, is_in_review: Some(true) }),
            ReviewState::Published => Some(Self::any(2)),
            ReviewState::Unknown(_) => None,
        }
    }

    /// Returns the SQL condition on the sections; empty if all rows of the number are meant.
    fn condition(self) -> String {
        match self.is_in_review {
            None => String::new(),
            Some(true) => format!(" AND r.sections = {IN_REVIEW}"),
            Some(false) => format!(" AND r.sections <> {IN_REVIEW}"),
        }
    }
}

fn from_stored(state: i64, sections: i64) -> ReviewState {
    match state {
        0 => ReviewState::Missing,
        1 if sections == IN_REVIEW => ReviewState::InReview,
        1 => ReviewState::Draft,
        _ => ReviewState::Published,
    }
}

/// A row with its key, and whether it is published.
type KeyedRow = ((bool, i64), ReviewEntry);

/// Reads one page of the reviews.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    search: &ReviewSearch,
) -> StoreResult<Page<ReviewEntry>> {
    let after = match search.after {
        None => None,
        Some(PageMark::Review(is_published, key)) => Some((is_published, key)),
        Some(_) => return Err(foreign_mark()),
    };
    let mut condition = String::new();
    if let Some(owner) = &search.owner {
        condition = if owner.is_empty() {
            " AND i.assignee = 0".into()
        } else {
            let ids = name_ids(conn, NameKind::Person, owner).await?;
            format!(" AND i.assignee IN ({ids})")
        };
    }
    let mut rows: Vec<KeyedRow> = Vec::new();
    let mut end = None;
    for is_published in [false, true] {
        if after.is_some_and(|(was_published, _)| was_published && !is_published) {
            continue;
        }
        let below =
            after.filter(|(part, _)| *part == is_published).map_or(i64::MAX, |(_, key)| key);
        let part: &[i64] = if is_published { &[2] } else { &[0, 1] };
        let states: Vec<StoredState> = if search.states.is_empty() {
            part.iter().copied().map(StoredState::any).collect()
        } else {
            let wanted = search.states.iter().filter_map(|state| StoredState::of(*state));
            wanted.filter(|state| part.contains(&state.number)).collect()
        };
        let (found, part_end) = read_part(conn, &states, below, &condition, search.limit).await?;
        rows.extend(found.into_iter().map(|(key, entry)| ((is_published, key), entry)));
        end = part_end.map(|key| (is_published, key));
        if end.is_some() || rows.len() > usize::try_from(search.limit).unwrap_or(usize::MAX) {
            break;
        }
    }
    add_factors(conn, &mut rows).await?;
    let mark = |(is_published, key): (bool, i64)| PageMark::Review(is_published, key);
    let mut page = page(rows, search.limit, |(key, _)| mark(*key), |(_, entry)| entry);
    page.next = page.next.or(end.map(mark));
    Ok(page)
}

/// Reads the reviews in some states of the incidents below a key, newest first: one more than
/// `limit`. Returns also the key up to which it has read, if a filter made it stop there.
async fn read_part(
    conn: &mut SqliteConnection,
    states: &[StoredState],
    below: i64,
    condition: &str,
    limit: u32,
) -> StoreResult<(Vec<(i64, ReviewEntry)>, Option<i64>)> {
    let (mut rows, mut end): (Vec<(i64, ReviewEntry)>, Option<i64>) = (Vec::new(), None);
    for state in states {
        let mut lowest = i64::MIN;
        let condition = format!("{condition}{}", state.condition());
        if !condition.is_empty() {
            let mut batch = Batch::new(
                "SELECT incident FROM review WHERE state = ? AND incident < ?
                 ORDER BY incident DESC LIMIT 1 OFFSET ?",
            );
            batch.arg(state.number).arg(below).arg(i64::from(MAX_SCANNED) - 1);
            if let Some(row) = batch.fetch_optional(conn).await? {
                lowest = row.try_get(0)?;
                end = end.max(Some(lowest));
            }
        }
        let mut batch = Batch::one_off(&format!(
            "SELECT r.incident, i.row, r.state, r.sections, r.published,
                (SELECT count(*) FROM action_item a WHERE a.incident = r.incident),
                (SELECT count(*) FROM action_item a WHERE a.incident = r.incident AND a.done = 0)
             FROM review r JOIN incident i ON i.key = r.incident
             WHERE r.state = ? AND r.incident < ? AND r.incident >= ?{condition}
             ORDER BY r.incident DESC LIMIT ?"
        ));
        batch.arg(state.number).arg(below).arg(lowest).arg(i64::from(limit) + 1);
        for row in batch.fetch_all(conn).await? {
            rows.push((row.try_get(0)?, decode(&row)?));
        }
    }
    // If one state was read only in part, the others are cut at the same key: lower keys follow on
    // the next page.
    rows.retain(|(key, _)| end.is_none_or(|end| *key >= end));
    rows.sort_unstable_by_key(|(key, _)| std::cmp::Reverse(*key));
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1));
    Ok((rows, end))
}

fn decode(row: &SqliteRow) -> StoreResult<ReviewEntry> {
    let summary = summary_at(row, 1)?;
    let number = |column: usize| -> StoreResult<u32> {
        Ok(u32::try_from(row.try_get::<i64, _>(column)?).unwrap_or(u32::MAX))
    };
    let (sections, published): (i64, Option<i64>) = (row.try_get(3)?, row.try_get(4)?);
    Ok(ReviewEntry {
        incident: IncidentBrief::from(&summary),
        state: from_stored(row.try_get(2)?, sections),
        sections: (sections & ALL_SECTIONS).count_ones(),
        actions: number(5)?,
        open_actions: number(6)?,
        ended_at: summary.resolved_at.or(summary.closed_at),
        published_at: published.and_then(DateTime::from_timestamp_millis),
        factors: Vec::new(),
    })
}

/// Reads the contributing factors of the reviews, which only their events have.
async fn add_factors(conn: &mut SqliteConnection, rows: &mut [KeyedRow]) -> StoreResult<()> {
    let begun = rows.iter().filter(|(_, entry)| entry.state != ReviewState::Missing);
    let keys: Vec<String> = begun.map(|((_, key), _)| key.to_string()).collect();
    if keys.is_empty() {
        return Ok(());
    }
    // An undo restores the review as it was.
    let batch = Batch::one_off(&format!(
        "SELECT incident, body FROM event WHERE incident IN ({})
            AND (instr(body, '\"section\":\"factors\"') OR instr(body, '\"undo\":'))
         ORDER BY incident, seq",
        keys.join(",")
    ));
    let mut factors: HashMap<i64, Vec<String>> = HashMap::new();
    batch
        .for_each_row(conn, |row| {
            let (stored, _) = StoredBody::from_json(row.try_get(1)?)
                .map_err(|e| StoreError::content(format!("an event: {e}")))?;
            if let Some(found) = written_factors(&stored) {
                factors.insert(row.try_get(0)?, found);
            }
            Ok(true)
        })
        .await?;
    for ((_, key), entry) in rows {
        entry.factors = factors.remove(key).unwrap_or_default();
    }
    Ok(())
}

/// Returns the factors that an event sets; `None` if it does not change them.
fn written_factors(stored: &StoredBody) -> Option<Vec<String>> {
    if let Some(review) = stored.undo.as_ref().and_then(|undo| undo.fields.get("review")) {
        let text = review.pointer("/sections/factors").and_then(|text| text.as_str());
        return Some(parse_factors(text.unwrap_or_default()));
    }
    match &stored.body {
        EventBody::ReviewWritten { section: Section::Factors, text } => Some(parse_factors(text)),
        _ => None,
    }
}
