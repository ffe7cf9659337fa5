//! Compares the tables of the lists over all incidents with the events.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sqlx::{Row, SqliteConnection};

use crate::backend::file::error::{StoreError, StoreResult};
use crate::backend::file::list_rows::{SUBMITTED, is_blank};
use crate::backend::file::sql::Batch;
use crate::model::command::Link;
use crate::model::follow_up::FollowUp;
use crate::model::review::{ActionItem, Section};
use crate::model::{Incident, Priority, Status};

/// The entries of one incident in the lists.
#[derive(PartialEq, Eq, Default, Debug)]
pub(super) struct ListedIncident {
    review: Option<ReviewRow>,
    /// Owner, day, whether it is done, and the item as JSON, by id.
    actions: BTreeMap<String, (String, String, bool, serde_json::Value)>,
    /// Problem and title.
    links: BTreeSet<(String, String)>,
    /// The follow-up as JSON, by the id of its action item.
    follow_ups: BTreeMap<String, serde_json::Value>,
}

#[derive(PartialEq, Eq, Debug)]
struct ReviewRow {
    state: i64,
    is_owed: bool,
    sections: i64,
    published: Option<i64>,
}

impl ListedIncident {
    /// Returns the expected entries of an incident in the lists.
    pub(super) fn expected(incident: &Incident) -> StoreResult<Self> {
        let (row, review) = (&incident.summary, &incident.review);
        let has_ended = matches!(row.status, Status::Resolved | Status::Closed);
        let is_urgent = matches!(row.priority, Priority::P1 | Priority::P2 | Priority::Unknown(_));
        let is_owed = has_ended && is_urgent;
        let mut sections = if review.submitted_at.is_some() { SUBMITTED } else { 0 };
        for (bit, section) in Section::REQUIRED.iter().enumerate() {
            if review.sections.get(section).is_some_and(|text| !is_blank(text)) {
                sections |= 1 << bit;
            }
        }
        let mut actions = BTreeMap::new();
        for item in &review.actions {
            let owner = item.owner.as_ref().map_or_else(String::new, |owner| owner.handle.clone());
            let due = item.due.map_or_else(|| "~".to_owned(), |due| due.to_string());
            let body = serde_json::to_value(item).map_err(StoreError::invalid)?;
            actions.insert(item.id.to_string(), (owner, due, item.done, body));
        }
        let published = review.published_at.map(|at| at.timestamp_millis());
        let state = match published {
            Some(_) => 2,
            None if sections != 0 || !actions.is_empty() => 1,
            None => 0,
        };
        let review =
            (state != 0 || is_owed).then_some(ReviewRow { state, is_owed, sections, published });
        let links = incident.links.iter().filter_map(|link| match link {
            Link::Problem { id, title } => Some((id.to_string(), title.clone())),
            _ => None,
        });
        let mut follow_ups = BTreeMap::new();
        for follow_up in &incident.follow_ups {
            let body = serde_json::to_value(follow_up).map_err(StoreError::invalid)?;
            follow_ups.insert(follow_up.item.to_string(), body);
        }
        Ok(Self { review, actions, links: links.collect(), follow_ups })
    }

    /// Returns the number of rows that the tables have of the incident.
    pub(super) fn rows(&self) -> u64 {
        let lists = self.actions.len() + self.links.len() + self.follow_ups.len();
        (usize::from(self.review.is_some()) + lists) as u64
    }
}

/// Reads the entries of the incidents with keys above `after` and up to `last`.
pub(super) async fn read_listed(
    conn: &mut SqliteConnection,
    after: i64,
    last: i64,
) -> StoreResult<HashMap<i64, ListedIncident>> {
    let mut batch = Batch::new(
        "SELECT incident, state, owed, sections, published FROM review
            WHERE incident > $1 AND incident <= $2;
         SELECT incident, id, owner, due, done, body FROM action_item
            WHERE incident > $1 AND incident <= $2;
         SELECT incident, problem, title FROM problem_link
            WHERE incident > $1 AND incident <= $2;
         SELECT incident, item, body FROM follow_up
            WHERE incident > $1 AND incident <= $2",
    );
    batch.arg(after).arg(last);
    let results = batch.fetch_result_sets(conn).await?;
    let mut found: HashMap<i64, ListedIncident> = HashMap::new();
    for (table, rows) in results.iter().enumerate() {
        for row in rows {
            let listed = found.entry(row.try_get(0)?).or_default();
            match table {
                0 => {
                    listed.review = Some(ReviewRow {
                        state: row.try_get(1)?,
                        is_owed: row.try_get::<i64, _>(2)? != 0,
                        sections: row.try_get(3)?,
                        published: row.try_get(4)?,
                    });
                }
                1 => {
                    // Fields that a later version has defined in an item are not part of the
                    // record.
                    let item: Option<ActionItem> = serde_json::from_str(row.try_get(5)?).ok();
                    let body = serde_json::to_value(item).map_err(StoreError::invalid)?;
                    let is_done = row.try_get::<i64, _>(4)? != 0;
                    let item = (row.try_get(2)?, row.try_get(3)?, is_done, body);
                    listed.actions.insert(row.try_get(1)?, item);
                }
                2 => {
                    listed.links.insert((row.try_get(1)?, row.try_get(2)?));
                }
                _ => {
                    let follow_up: Option<FollowUp> = serde_json::from_str(row.try_get(2)?).ok();
                    let body = serde_json::to_value(follow_up).map_err(StoreError::invalid)?;
                    listed.follow_ups.insert(row.try_get(1)?, body);
                }
            }
        }
    }
    Ok(found)
}
