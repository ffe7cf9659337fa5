//! Stores of the first version, and in the middle of being brought up to date.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use rusqlite::Connection;

use super::cli::CliFixture;

/// The state of a store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StoreState {
    /// Of version 1.
    Old,
    /// As a process leaves it that was killed after it had brought two incidents up to date.
    Unfinished,
    /// Of the present version.
    Current,
}

impl StoreState {
    pub const ALL: [Self; 3] = [Self::Old, Self::Unfinished, Self::Current];

    /// Returns the `user_version` of such a store.
    pub fn version(self) -> i64 {
        match self {
            Self::Old => 1,
            Self::Unfinished => 1005,
            Self::Current => 15,
        }
    }

    /// Makes the store of the fixture: the one that the first version of the program wrote.
    pub fn make(self, cli: &CliFixture) {
        let recorded =
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/compat/files/data/redphone.db.gz");
        let mut content = Vec::new();
        GzDecoder::new(File::open(recorded).unwrap()).read_to_end(&mut content).unwrap();
        std::fs::write(cli.store(), content).unwrap();
        if self != Self::Old {
            assert_eq!(cli.run(["list"]).code, 0);
            std::fs::remove_file(cli.path("store.db.before-migration-1")).unwrap();
        }
        if self == Self::Unfinished {
            let conn = Connection::open(cli.store()).unwrap();
            conn.execute_batch(
                "UPDATE incident SET row = CAST(iif(substr(row, 1, 1) = x'82', x'81', x'01') || substr(row, 2, 104) || substr(row, 140)
                    AS BLOB)
                    WHERE key > (SELECT key FROM incident ORDER BY key LIMIT 1 OFFSET 1);
                 INSERT INTO migration SELECT 'verdicts', (SELECT key FROM incident ORDER BY key
                    LIMIT 1 OFFSET 1), 2, (SELECT count(*) FROM incident);
                 UPDATE meta SET value = 1005 WHERE name = 'needed_to_read';
                 PRAGMA user_version = 1005;",
            )
            .unwrap();
        }
    }
}

/// Returns the `user_version` of a store.
pub fn version(store: &Path) -> i64 {
    let conn = Connection::open(store).unwrap();
    conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

/// Returns the identity of a store.
pub fn identity(store: &Path) -> String {
    let conn = Connection::open(store).unwrap();
    conn.query_row("SELECT value FROM meta WHERE name = 'store'", [], |row| row.get(0)).unwrap()
}
