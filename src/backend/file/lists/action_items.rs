//! Reads the action items of all incidents: open ones first, by the day on which they are due.

use chrono::NaiveDate;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::paging::{brief_at, foreign_mark, page};
use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::parse_json;
use crate::backend::file::sql::Batch;
use crate::backend::lists::{ActionItemEntry, ActionItemSearch};
use crate::backend::{Page, PageMark};
use crate::model::follow_up::{FollowUp, FollowUpState};
use crate::model::review::ActionItem;

/// The value of the column `due` for an item without a day; it sorts after all days.
const NO_DAY: &str = "~";

fn to_stored(day: Option<NaiveDate>) -> String {
    day.map_or_else(|| NO_DAY.into(), |day| day.to_string())
}

/// Reads one page of the action items.
///
/// A store of an earlier version, which is only read, has no follow-ups.
pub(super) async fn read(
    conn: &mut SqliteConnection,
    search: &ActionItemSearch,
    has_follow_ups: bool,
) -> StoreResult<Page<ActionItemEntry>> {
    let after = match &search.after {
        None => None,
        Some(PageMark::ActionItem { done, due, incident, id }) => {
            Some((*done, to_stored(*due), *incident, *id))
        }
        Some(_) => return Err(foreign_mark()),
    };
    let owner = match &search.owner {
        Some(owner) => Some(find_owner(conn, owner).await?),
        None => None,
    };
    let wanted = |done: bool| search.done.is_none_or(|wanted| wanted == done);
    let mut rows: Vec<(i64, ActionItemEntry)> = Vec::new();
    for done in [false, true].into_iter().filter(|done| wanted(*done)) {
        if after.as_ref().is_some_and(|(was_done, ..)| *was_done && !done) {
            continue;
        }
        let missing = i64::from(search.limit) + 1 - i64::try_from(rows.len()).unwrap_or(0);
        if missing <= 0 {
            break;
        }
        let mut batch = Batch::one_off(if has_follow_ups {
            "SELECT a.incident, i.row, a.body, f.body, f.problem FROM action_item a
                    JOIN incident i ON i.key = a.incident
                    LEFT JOIN follow_up f ON f.incident = a.incident AND f.item = a.id
                    WHERE a.done = ?"
        } else {
            "SELECT a.incident, i.row, a.body, NULL, NULL FROM action_item a
                    JOIN incident i ON i.key = a.incident WHERE a.done = ?"
        });
        batch.arg(i64::from(done));
        add_conditions(&mut batch, owner.as_deref(), search.due_before);
        if let Some((_, due, incident, id)) = after.as_ref().filter(|(part, ..)| *part == done) {
            batch.sql(" AND (a.due, a.incident, a.id) > (?, ?, ?)");
            batch.arg(due.clone()).arg(*incident).arg(id.to_string());
        }
        batch.sql(" ORDER BY a.due, a.incident, a.id LIMIT ?").arg(missing);
        for row in batch.fetch_all(conn).await? {
            let item: ActionItem = parse_json(row.try_get(2)?, "an action item")?;
            let (incident, follow_up) = (brief_at(&row, 1)?, follow_up_at(&row)?);
            rows.push((row.try_get(0)?, ActionItemEntry { incident, item, follow_up }));
        }
    }
    let mark = |(incident, entry): &(i64, ActionItemEntry)| {
        let ActionItem { id, due, done, .. } = entry.item;
        PageMark::ActionItem { done, due, incident: *incident, id }
    };
    let mut page = page(rows, search.limit, mark, |(_, entry)| entry);
    if search.after.is_none() {
        page.total = Some(count(conn, search, owner.as_deref()).await?);
    }
    Ok(page)
}

/// Decodes the follow-up of an item. While no issue could be created, it contains the reason.
fn follow_up_at(row: &SqliteRow) -> StoreResult<Option<FollowUp>> {
    let Some(body) = row.try_get::<Option<&str>, _>(3)? else { return Ok(None) };
    let mut follow_up: FollowUp = parse_json(body, "a follow-up")?;
    if follow_up.state == FollowUpState::Requested {
        follow_up.note = row.try_get(4)?;
    }
    Ok(Some(follow_up))
}

/// Adds the conditions except that on `done`, which is the first column of the index.
fn add_conditions(batch: &mut Batch, owner: Option<&str>, due_before: Option<NaiveDate>) {
    if let Some(owner) = owner {
        batch.sql(" AND a.owner = ?").arg(owner.to_owned());
    }
    if let Some(day) = due_before {
        batch.sql(" AND a.due < ?").arg(day.to_string());
    }
}

async fn count(
    conn: &mut SqliteConnection,
    search: &ActionItemSearch,
    owner: Option<&str>,
) -> StoreResult<u64> {
    let mut batch = Batch::one_off("SELECT count(*) FROM action_item a WHERE a.done IN (");
    batch.sql(match search.done {
        None => "0, 1)",
        Some(false) => "0)",
        Some(true) => "1)",
    });
    add_conditions(&mut batch, owner, search.due_before);
    let row = batch.fetch_optional(conn).await?;
    let count: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Returns the stored spelling of an owner's handle, where only upper and lower case differ.
async fn find_owner(conn: &mut SqliteConnection, owner: &str) -> StoreResult<String> {
    // Steps from one owner to the next, so that it reads one row for each of them.
    let batch = Batch::new(
        "WITH RECURSIVE owners (owner) AS (
            SELECT min(owner) FROM action_item
            UNION ALL SELECT (SELECT min(a.owner) FROM action_item a WHERE a.owner > o.owner)
                FROM owners o WHERE o.owner IS NOT NULL)
         SELECT owner FROM owners WHERE owner IS NOT NULL",
    );
    let wanted = owner.to_lowercase();
    let mut found = None;
    for row in batch.fetch_all(conn).await? {
        let name: String = row.try_get(0)?;
        if name == owner {
            return Ok(name);
        }
        if name.to_lowercase() == wanted {
            found = Some(name);
        }
    }
    Ok(found.unwrap_or_else(|| owner.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_without_a_day_sorts_after_all_days() {
        let day = NaiveDate::from_ymd_opt(9999, 12, 31);
        assert!(to_stored(day) < to_stored(None));
    }
}
