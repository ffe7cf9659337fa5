//! The mutes of incidents that nobody has acknowledged, which packed facts do not have.

use std::collections::HashMap;

use sqlx::SqliteConnection;

use crate::backend::file::error::StoreResult;
use crate::backend::file::maintenance::has_maintenance;
use crate::backend::file::read::summary_at;
use crate::backend::file::sql::Batch;
use crate::model::measures::{Fact, FactMute};

/// The mutes of incidents that nobody has acknowledged, by number. There are few.
#[derive(Default)]
pub(super) struct Mutes(HashMap<u64, FactMute>);

impl Mutes {
    /// Reads those of all incidents.
    pub(super) async fn read(conn: &mut SqliteConnection) -> StoreResult<Self> {
        let mut mutes = HashMap::new();
        if !has_maintenance(conn).await? {
            return Ok(Self(mutes));
        }
        Batch::new(
            "SELECT i.row FROM muted m CROSS JOIN incident i ON i.key = m.incident
                WHERE i.facets >= 0 AND i.facets < 64",
        )
        .for_each_row(conn, |row| {
            // The clock of a row that can't be read is judged as if it was never muted.
            if let Ok(summary) = summary_at(row, 0)
                && let Some(number) = summary.number
            {
                mutes.insert(number.0, FactMute::new(&summary));
            }
            Ok(true)
        })
        .await?;
        Ok(Self(mutes))
    }

    /// Returns a fact with the mute of its incident.
    pub(super) fn apply(&self, fact: Fact) -> Fact {
        if self.0.is_empty() {
            return fact;
        }
        Fact { mute: self.0.get(&fact.number).copied().unwrap_or_default(), ..fact }
    }
}
