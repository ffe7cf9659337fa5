//! The names of services and teams, by their keys and the other way round.

use std::collections::HashMap;

use sqlx::{Row, SqliteConnection};

use crate::backend::file::error::StoreResult;
use crate::backend::file::sql::Batch;
use crate::model::text::equals_folded;

/// The kinds of the names of services and teams.
const SERVICE: i64 = 1;
const TEAM: i64 = 2;

/// The names of services and teams.
#[derive(Default)]
pub(super) struct Names {
    pub(super) by_key: HashMap<u32, String>,
    keys: HashMap<(bool, String), u32>,
}

impl Names {
    /// Returns the key of the name of a service or a team, whatever its case.
    pub(super) fn find(&self, is_service: bool, name: &str) -> Option<u32> {
        let exact = self.keys.get(&(is_service, name.to_owned()));
        let folded = || {
            let mut keys = self.keys.iter();
            let found = keys
                .find(|((service, other), _)| *service == is_service && equals_folded(other, name));
            found.map(|(_, key)| key)
        };
        exact.or_else(folded).copied()
    }
}

/// Reads the names of services and teams.
pub(super) async fn read_names(conn: &mut SqliteConnection) -> StoreResult<Names> {
    let mut names = Names::default();
    let batch = Batch::new("SELECT id, kind, text FROM name WHERE kind IN (1, 2)");
    for row in batch.fetch_all(conn).await? {
        let id = u32::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
        let (kind, text): (i64, String) = (row.try_get(1)?, row.try_get(2)?);
        if kind == SERVICE || kind == TEAM {
            names.keys.insert((kind == SERVICE, text.clone()), id);
            names.by_key.insert(id, text);
        }
    }
    Ok(names)
}
