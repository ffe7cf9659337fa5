//! The tables of evidence and of teams that help: statements that read and write them.

use sha2::{Digest, Sha256};
use sqlx::{Row, SqliteConnection};
use uuid::Uuid;

use super::error::{StoreError, StoreResult};
use super::event_row::parse_incident_id;
use super::sql::Batch;
use crate::backend::record::Record;
use crate::model::Incident;
use crate::model::evidence::{Evidence, EvidenceContent, encode_content};

/// The columns of a row, in the order in which [`decode_row`] expects them.
pub(super) const COLUMNS: &str = "id, incident, hash, at, content";

/// Returns whether the store has the table; one of an earlier version that is only read has none.
pub(super) async fn has_evidence(conn: &mut SqliteConnection) -> StoreResult<bool> {
    has_table(conn, "evidence").await
}

/// Returns whether the store has the table of teams that help.
pub(super) async fn has_involved(conn: &mut SqliteConnection) -> StoreResult<bool> {
    has_table(conn, "involved").await
}

async fn has_table(conn: &mut SqliteConnection, name: &str) -> StoreResult<bool> {
    let mut table = Batch::new("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?");
    table.arg(name.to_owned());
    Ok(table.fetch_optional(conn).await?.is_some())
}

/// Decodes a row with [`COLUMNS`].
pub(super) fn decode_row(row: &sqlx::sqlite::SqliteRow) -> StoreResult<EvidenceContent> {
    let id = Uuid::from_slice(row.try_get(0)?);
    let content: &[u8] = row.try_get(4)?;
    Ok(EvidenceContent {
        id: id.map_err(|_| StoreError::content("the id of evidence"))?,
        incident: parse_incident_id(row.try_get(1)?)?,
        hash: hex::encode(row.try_get::<&[u8], _>(2)?),
        at: row.try_get(3)?,
        content: encode_content(content),
    })
}

/// Adds the statement that stores content, unless it is stored already.
pub(super) fn put_content(
    batch: &mut Batch,
    id: Uuid,
    incident: Vec<u8>,
    at: i64,
    content: Vec<u8>,
) {
    batch
        .sql(
            "INSERT OR IGNORE INTO evidence (id, incident, hash, at, size, content)
                VALUES (?, ?, ?, ?, ?, ?);",
        )
        .arg(id.as_bytes().to_vec())
        .arg(incident)
        .arg(Sha256::digest(&content).to_vec())
        .arg(at)
        .arg(i64::try_from(content.len()).unwrap_or(i64::MAX))
        .arg(content);
}

/// Passes the content of all evidence to `emit`.
pub(super) async fn read_records(
    conn: &mut SqliteConnection,
    emit: &mut (dyn FnMut(&Record) -> StoreResult<()> + Send),
) -> StoreResult<()> {
    if !has_evidence(conn).await? {
        return Ok(());
    }
    Batch::new(&format!("SELECT {COLUMNS} FROM evidence ORDER BY id"))
        .for_each_row(conn, |row| {
            emit(&Record::Evidence(Box::new(decode_row(row)?)))?;
            Ok(true)
        })
        .await
}

/// Reads the content of all evidence that is readable and matches its hash.
pub(super) async fn salvage_records(
    conn: &mut SqliteConnection,
    emit: &mut (dyn FnMut(&Record) -> std::io::Result<()> + Send),
) -> std::io::Result<()> {
    let rows = Batch::new("SELECT rowid FROM evidence ORDER BY id").fetch_all(conn).await;
    for row in rows.unwrap_or_default() {
        let Ok(position) = row.try_get::<i64, _>(0) else { continue };
        let mut batch = Batch::new(&format!("SELECT {COLUMNS} FROM evidence WHERE rowid = ?"));
        batch.arg(position);
        let Ok(Some(row)) = batch.fetch_optional(conn).await else { continue };
        let content = decode_row(&row).ok().filter(|content| content.decode().is_ok());
        if let Some(content) = content {
            emit(&Record::Evidence(Box::new(content)))?;
        }
    }
    Ok(())
}

/// Counts the evidence whose content does not match its hash.
pub(super) async fn check_evidence(conn: &mut SqliteConnection) -> StoreResult<u64> {
    let mut damaged = 0;
    Batch::new("SELECT hash, size, content FROM evidence")
        .for_each_row(conn, |row| {
            let (hash, size): (&[u8], i64) = (row.try_get(0)?, row.try_get(1)?);
            let content: &[u8] = row.try_get(2)?;
            let is_size = i64::try_from(content.len()).is_ok_and(|length| length == size);
            if !is_size || Sha256::digest(content)[..] != *hash {
                damaged += 1;
            }
            Ok(true)
        })
        .await?;
    Ok(damaged)
}

/// Adds the statement that stores imported content, if the incident has evidence with its hash.
pub(super) fn put_imported(
    batch: &mut Batch,
    imported: &EvidenceContent,
    content: Vec<u8>,
    incident: &Incident,
) {
    let is_it = |one: &&Evidence| one.id == imported.id && one.hash == imported.hash;
    if incident.evidence.iter().any(|one| is_it(&one)) {
        let id = incident.summary.id.as_bytes().to_vec();
        put_content(batch, imported.id, id, imported.at, content);
    }
}
