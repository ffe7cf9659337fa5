//! Checks that every table of a remote's files is listed with the bound of its size.

use sqlx::{Connection, SqliteConnection};

use super::{cache, database, outbox};

/// The tables of the cache. All of it can be fetched again.
const CACHE: &[(&str, &str)] = &[
    ("detail", "MAX_DETAILS incidents: those viewed longest ago are removed"),
    ("event", "MAX_EVENTS events of each incident in `detail`"),
    ("fact", "one row for each name, of which there is a fixed number"),
    ("row", "the open incidents, and MAX_ENDED ended ones"),
];

/// The tables of the outbox, from which only a person or an answer removes a command.
const OUTBOX: &[(&str, &str)] = &[
    ("about", "one row for each property"),
    ("address", "the addresses of one remote"),
    ("alias", "the declarations from here that were counted in other incidents"),
    ("entry", "the commands that have no answer or were refused, and those sent lately"),
    ("revision", "one row"),
];

async fn tables(conn: &mut SqliteConnection) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow'
         AND name NOT LIKE 'sqlite!_%' ESCAPE '!' ORDER BY name",
    )
    .fetch_all(conn)
    .await
    .unwrap()
}

#[tokio::test]
async fn each_table_of_a_remote_has_a_bound() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, listed) in [(&cache::KIND, CACHE), (&outbox::KIND, OUTBOX)] {
        let path = folder.path().join(format!("{}.db", kind.application_id));
        let mut opened = database::open(&path, kind).await.unwrap();
        let names: Vec<&str> = listed.iter().map(|(name, _)| *name).collect();
        assert_eq!(tables(&mut opened.conn).await, names);
        opened.conn.close().await.unwrap();
        assert!(listed.iter().all(|(_, bound)| bound.len() > 5));
    }
}
