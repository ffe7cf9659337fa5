//! The table of contacts, with one row for each person who has set some.

use sqlx::{Row, SqliteConnection};

use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::{encode_json, parse_json};
use crate::backend::file::sql::Batch;
use crate::backend::record::Record;
use crate::model::notification::StoredContacts;

/// Adds the statement that stores the contacts of a person, or removes the row of one who has none.
pub(in crate::backend::file) fn put(
    batch: &mut Batch,
    contacts: &StoredContacts,
) -> StoreResult<()> {
    let key = contacts.person.to_lowercase();
    if contacts.is_empty() {
        batch.sql("DELETE FROM contact WHERE person = ?;").arg(key);
        return Ok(());
    }
    batch
        .sql("INSERT OR REPLACE INTO contact (person, body) VALUES (?, ?);")
        .arg(key)
        .arg(encode_json(contacts)?);
    Ok(())
}

/// Parses the JSON of the contacts of a person.
pub(in crate::backend::file) fn parse(body: &str) -> StoreResult<StoredContacts> {
    parse_json(body, "the contacts of a person")
}

/// Returns whether the store has the table; one of an earlier version that is only read has none.
pub(in crate::backend::file) async fn has_contacts(
    conn: &mut SqliteConnection,
) -> StoreResult<bool> {
    let table = Batch::new("SELECT 1 FROM sqlite_schema WHERE name = 'contact'");
    Ok(table.fetch_optional(conn).await?.is_some())
}

/// Reads the contacts of all people, by handle.
pub(super) async fn read_all(conn: &mut SqliteConnection) -> StoreResult<Vec<StoredContacts>> {
    let rows = Batch::new("SELECT body FROM contact ORDER BY person").fetch_all(conn).await?;
    rows.iter().map(|row| parse(row.try_get(0)?)).collect()
}

/// Reads the contacts of all people whose row is readable: a damaged one must not make all others
/// unreachable.
pub(super) async fn read_readable(conn: &mut SqliteConnection) -> StoreResult<Vec<StoredContacts>> {
    let rows = Batch::new("SELECT body, person FROM contact ORDER BY person");
    let mut people = Vec::new();
    for row in rows.fetch_all(conn).await? {
        match parse(row.try_get(0)?) {
            Ok(contacts) => people.push(contacts),
            Err(error) => {
                let person: &str = row.try_get(1)?;
                tracing::error!(%error, person, "the contacts of a person can't be read");
            }
        }
    }
    Ok(people)
}

/// Reads the contacts of a person; none if the person has set none.
pub(super) async fn read_of(
    conn: &mut SqliteConnection,
    person: &str,
) -> StoreResult<StoredContacts> {
    let mut batch = Batch::new("SELECT body FROM contact WHERE person = ?");
    batch.arg(person.to_lowercase());
    let row = batch.fetch_optional(conn).await?;
    let stored = row.map(|row| parse(row.try_get(0)?)).transpose()?;
    Ok(stored.unwrap_or_else(|| StoredContacts::new(person)))
}

/// Passes the contacts of all people to `emit`.
pub(in crate::backend::file) async fn read_records(
    conn: &mut SqliteConnection,
    emit: &mut (dyn FnMut(&Record) -> StoreResult<()> + Send),
) -> StoreResult<()> {
    if !has_contacts(conn).await? {
        return Ok(());
    }
    for contacts in read_all(conn).await? {
        emit(&Record::Contacts(Box::new(contacts)))?;
    }
    Ok(())
}
