//! Statements that bring the tables of the lists over all incidents up to date: reviews, action items,
//! links to problems, and follow-ups.
//!
//! The lists' statements for an event are defined once, by [`list_event`]: all code that inserts an
//! event into the log, or rebuilds the data derived from the events, adds its statements. The
//! reviews that incidents owe follow from their facets, with [`list_owed_review`] and
//! [`unlist_owed_review`]. Few events add a statement, and their texts have a fixed number of
//! parameters, so that they stay prepared.

use chrono::DateTime;
use serde_json::Value;

use super::error::StoreResult;
use super::event_insert::encode_body;
use super::row::status_and_priority;
use super::sql::Batch;
use crate::model::follow_up::{FollowUp, FollowUpState};
use crate::model::link::Link;
use crate::model::review::{ActionItem, Section};
use crate::model::{Event, EventBody, Priority, Status};

/// The start of the statement that adds rows of reviews.
pub(super) const INSERT_REVIEWS: &str =
    "INSERT INTO review (incident, state, owed, sections, published)";
/// The end of [`INSERT_REVIEWS`] for reviews that are owed, where some exist.
pub(super) const OR_SET_OWED: &str = " ON CONFLICT (incident) DO UPDATE SET owed = 1";

/// Adds the statements that enter an event of the incident `key` into the lists.
///
/// An event that restores an earlier review or earlier links, as an undo does, sets all that the
/// lists have of them, whatever its kind is.
pub(super) fn list_event(batch: &mut Batch, key: i64, event: &Event) -> StoreResult<()> {
    let restored = |field: &str| event.undo.as_ref().and_then(|undo| undo.fields.get(field));
    match restored("review") {
        Some(review) if review.is_object() => restore_review(batch, key, review),
        _ => list_review(batch, key, event)?,
    }
    match restored("links") {
        Some(links) if links.is_array() => restore_links(batch, key, links),
        _ => list_link(batch, key, &event.body),
    }
    match &event.body {
        EventBody::FollowUpSet { follow_up } => put_follow_up(batch, key, event, follow_up),
        _ => Ok(()),
    }
}

/// The bit of the column `sections` of a review that was submitted, and not returned since. The bits below
/// it are those of sections.
pub(super) const SUBMITTED: i64 = 1 << 15;

/// Returns whether an incident with these facets owes a review: a P1 or P2 that is resolved or closed.
pub(super) fn owes_review(facets: i64) -> bool {
    matches!(
        status_and_priority(facets),
        Some((Status::Resolved | Status::Closed, Priority::P1 | Priority::P2))
    )
}

/// Adds the statement that notes that an incident owes a review.
pub(super) fn list_owed_review(batch: &mut Batch, key: i64) {
    batch.sql(INSERT_REVIEWS).sql(" VALUES (?, 0, 1, 0, NULL)").sql(OR_SET_OWED).sql(";").arg(key);
}

/// Adds the statements that note that an incident owes no review any more.
pub(super) fn unlist_owed_review(batch: &mut Batch, key: i64) {
    batch
        .sql(
            "UPDATE review SET owed = 0 WHERE incident = ?;
             DELETE FROM review WHERE incident = ? AND state = 0;",
        )
        .arg(key)
        .arg(key);
}

/// Returns whether a section with this text counts as empty.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '\t'..='\r' | ' '))
}

/// Adds the statements for an event of the review.
fn list_review(batch: &mut Batch, key: i64, event: &Event) -> StoreResult<()> {
    match &event.body {
        EventBody::ReviewWritten { section, text } => {
            add_review(batch, key);
            batch.sql(if is_blank(text) {
                "UPDATE review SET sections = sections & ~? WHERE incident = ?;"
            } else {
                "UPDATE review SET sections = sections | ? WHERE incident = ?;"
            });
            batch.arg(section_bit(*section)).arg(key);
        }
        EventBody::ReviewPublished => {
            add_review(batch, key);
            batch
                .sql("UPDATE review SET published = ? WHERE incident = ?;")
                .arg(event.at.timestamp_millis())
                .arg(key);
        }
        EventBody::ReviewSubmitted { returned } => {
            add_review(batch, key);
            batch.sql(if returned.is_some() {
                "UPDATE review SET sections = sections & ~? WHERE incident = ?;"
            } else {
                "UPDATE review SET sections = sections | ? WHERE incident = ?;"
            });
            batch.arg(SUBMITTED).arg(key);
        }
        EventBody::ActionItemSet { item } => {
            add_review(batch, key);
            put_action_item(batch, key, event, item)?;
        }
        _ => return Ok(()),
    }
    settle_review(batch, key);
    Ok(())
}

/// Adds the statement that ensures that there is a row for the review of an incident.
fn add_review(batch: &mut Batch, key: i64) {
    batch
        .sql(
            "INSERT OR IGNORE INTO review (incident, state, owed, sections, published)
                VALUES (?, 0, 0, 0, NULL);",
        )
        .arg(key);
}

/// Adds the statements that set the state of a review by its content.
fn settle_review(batch: &mut Batch, key: i64) {
    batch
        .sql(
            "UPDATE review SET state = CASE WHEN published IS NOT NULL THEN 2
                    WHEN sections <> 0
                        OR EXISTS (SELECT 1 FROM action_item a WHERE a.incident = review.incident)
                    THEN 1 ELSE 0 END
                WHERE incident = ?;
             DELETE FROM review WHERE incident = ? AND state = 0 AND owed = 0;",
        )
        .arg(key)
        .arg(key);
}

/// Adds the statement that stores an action item. Its JSON is that of the event, which may have fields of
/// later versions.
fn put_action_item(
    batch: &mut Batch,
    key: i64,
    event: &Event,
    item: &ActionItem,
) -> StoreResult<()> {
    batch
        .sql(
            "INSERT INTO action_item (incident, id, owner, due, done, body)
                VALUES (?, ?, ?, ?, ?, ? -> '$.item')
                ON CONFLICT (incident, id) DO UPDATE SET owner = excluded.owner,
                    due = excluded.due, done = excluded.done, body = excluded.body;",
        )
        .arg(key)
        .arg(item.id.to_string())
        .arg(item.owner.as_ref().map_or_else(String::new, |owner| owner.handle.clone()))
        .arg(item.due.map_or_else(|| "~".to_owned(), |due| due.to_string()))
        .arg(i64::from(item.done))
        .arg(encode_body(event)?);
    Ok(())
}

/// Adds the statements that make the review of an incident that of `review`, the JSON of a record.
fn restore_review(batch: &mut Batch, key: i64, review: &Value) {
    add_review(batch, key);
    let field = |name: &str| review.get(name).unwrap_or(&Value::Null);
    batch
        .sql(
            "DELETE FROM action_item WHERE incident = ?;
             INSERT INTO action_item (incident, id, owner, due, done, body)
                SELECT ?, a.value ->> '$.id', coalesce(a.value ->> '$.owner.handle', ''),
                    coalesce(a.value ->> '$.due', '~'), coalesce(a.value ->> '$.done', 0), a.value
                FROM json_each(?) a WHERE a.type = 'object' AND a.value ->> '$.id' IS NOT NULL
                ON CONFLICT (incident, id) DO NOTHING;
             UPDATE review SET sections = ?, published = ? WHERE incident = ?;",
        )
        .arg(key)
        .arg(key)
        .arg(field("actions").to_string())
        .arg(written_sections(field("sections")) | submitted_bit(field("submitted_at")))
        .arg(published_millis(field("published_at")))
        .arg(key);
    settle_review(batch, key);
}

/// Returns the bits of the sections that have text, from the JSON of a record.
fn written_sections(sections: &Value) -> i64 {
    let Some(sections) = sections.as_object() else { return 0 };
    let written = sections.iter().filter(|(_, text)| !is_blank(text.as_str().unwrap_or_default()));
    let section =
        |name: &String| serde_json::from_value::<Section>(Value::from(name.as_str())).ok();
    written.filter_map(|(name, _)| section(name)).fold(0, |bits, it| bits | section_bit(it))
}

/// Returns the bit of a review that was submitted, from the JSON of a record.
fn submitted_bit(submitted_at: &Value) -> i64 {
    if submitted_at.is_null() { 0 } else { SUBMITTED }
}

/// Returns when a review was published, from the JSON of a record.
fn published_millis(published_at: &Value) -> Option<i64> {
    let at = DateTime::parse_from_rfc3339(published_at.as_str()?).ok()?;
    Some(at.timestamp_millis())
}

/// Returns the bit of a section in the column `sections`; 0 for one without which a review can be
/// published.
fn section_bit(section: Section) -> i64 {
    Section::REQUIRED.iter().position(|required| *required == section).map_or(0, |bit| 1 << bit)
}

/// Adds the statement for a link to a problem that is added or removed.
fn list_link(batch: &mut Batch, key: i64, body: &EventBody) {
    let (sql, link) = match body {
        EventBody::Linked { link } => (
            "INSERT OR IGNORE INTO problem_link (problem, incident, title) VALUES (?, ?, ?);",
            link,
        ),
        EventBody::Unlinked { link } => {
            ("DELETE FROM problem_link WHERE problem = ? AND incident = ? AND title = ?;", link)
        }
        _ => return,
    };
    if let Link::Problem { id, title } = link {
        batch.sql(sql).arg(id.to_string()).arg(key).arg(title.clone());
    }
}

/// Adds the statements that make the links of an incident to problems those of `links`, the JSON of a
/// record.
fn restore_links(batch: &mut Batch, key: i64, links: &Value) {
    batch
        .sql(
            "DELETE FROM problem_link WHERE incident = ?;
             INSERT INTO problem_link (problem, incident, title)
                SELECT l.value ->> '$.problem.id', ?, coalesce(l.value ->> '$.problem.title', '')
                FROM json_each(?) l
                WHERE l.type = 'object' AND l.value ->> '$.problem.id' IS NOT NULL
                ON CONFLICT DO NOTHING;",
        )
        .arg(key)
        .arg(key)
        .arg(links.to_string());
}

/// Adds the statement that stores a follow-up. It is due immediately, and a claim of it continues.
fn put_follow_up(
    batch: &mut Batch,
    key: i64,
    event: &Event,
    follow_up: &FollowUp,
) -> StoreResult<()> {
    let state = match follow_up.state {
        FollowUpState::Requested => 0,
        FollowUpState::Open | FollowUpState::Started => 1,
        _ => 2,
    };
    batch
        .sql(
            "INSERT INTO follow_up (incident, item, tracker, state, next, body)
                VALUES (?, ?, ?, ?, ?, ? -> '$.follow_up')
                ON CONFLICT (incident, item) DO UPDATE SET tracker = excluded.tracker,
                    state = excluded.state, next = excluded.next, body = excluded.body,
                    attempts = 0, problem = NULL, sent = CASE excluded.state WHEN 0 THEN sent END;",
        )
        .arg(key)
        .arg(follow_up.item.to_string())
        .arg(follow_up.tracker.clone().unwrap_or_default())
        .arg(state)
        .arg(event.at.timestamp_millis())
        .arg(encode_body(event)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::backend::file::row::pack_facets;

    #[test]
    fn sections_have_the_bits_of_all_versions() {
        let bits = Section::ALL.iter().map(|section| section_bit(*section)).collect::<Vec<_>>();
        assert_eq!(bits, [1, 2, 4, 8, 16, 32, 64, 0, 0]);
    }

    #[test]
    fn restored_sections_count_by_their_text() {
        let sections = json!({"impact": "some", "gaps": " \n", "root_cause": "a", "later": "b"});
        assert_eq!(written_sections(&sections), 12);
        assert_eq!(written_sections(&Value::Null), 0);
        let at = json!("2026-03-01T10:00:00.250Z");
        assert_eq!(published_millis(&at), Some(1_772_359_200_250));
        assert_eq!(published_millis(&Value::Null), None);
        assert_eq!((submitted_bit(&at), submitted_bit(&Value::Null)), (SUBMITTED, 0));
    }

    #[test]
    fn review_is_owed_by_urgent_incidents_that_ended() {
        let owed = |status, priority| owes_review(pack_facets(status, priority, None, true));
        for status in [Status::Resolved, Status::Closed] {
            assert!(owed(status, Priority::P1) && owed(status, Priority::P2));
            assert!(!owed(status, Priority::P3) && !owed(status, Priority::P4));
        }
        assert!(!owed(Status::Monitoring, Priority::P1) && !owed(Status::Merged, Priority::P1));
        assert!(!owes_review(-1) && !owes_review(-64));
    }
}
