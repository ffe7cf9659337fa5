//! The last word in packed rows: of this version, of earlier ones, and of later ones.

use redphone::backend::Backend;
use redphone::backend::file::doctor;
use redphone::model::{IncidentCommand, Summary};
use rstest::rstest;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::fixtures::{ask, declared, open};

/// Replaces the JSON text at the end of the only row, or removes it, as another version writes rows.
fn rewrite(path: &std::path::Path, edit: impl Fn(Value) -> Option<Value>) {
    let db = Connection::open(path).unwrap();
    let mut row: Vec<u8> = db.query_row("SELECT row FROM incident", [], |row| row.get(0)).unwrap();
    assert_eq!(row[0] & 0x80, 0x80, "the row has a text");
    let parse = |at: usize| serde_json::from_slice::<Value>(&row[at..]).ok();
    let texts = (0..row.len()).rev().filter_map(|at| Some((at, parse(at)?)));
    let (begin, value) =
        texts.into_iter().find(|(_, value)| value.get("fields").is_some()).unwrap();
    row.truncate(begin - 4);
    match edit(value) {
        None => row[0] &= 0x7f,
        Some(value) => {
            let text = value.to_string();
            row.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            row.extend(text.as_bytes());
        }
    }
    db.execute("UPDATE incident SET row = ?", [row]).unwrap();
}

async fn row(path: &std::path::Path) -> Summary {
    let store = open(path).await;
    let delta = store.changes(None, std::time::Duration::ZERO).await.unwrap();
    store.close().await;
    delta.rows[0].clone()
}

fn note(text: &str) -> IncidentCommand {
    IncidentCommand::AddNote { text: text.into() }
}

#[allow(clippy::unnecessary_wraps, reason = "an edit may remove the text")]
fn is_same(value: Value) -> Option<Value> {
    Some(value)
}

fn without(_: Value) -> Option<Value> {
    None
}

#[allow(clippy::unnecessary_wraps, reason = "an edit may remove the text")]
fn extended(mut value: Value) -> Option<Value> {
    value["fields"]["last_word"]["mood"] = json!("calm");
    value["fields"]["weather"] = json!("rain");
    Some(value)
}

#[allow(clippy::unnecessary_wraps, reason = "an edit may remove the text")]
fn another_shape(mut value: Value) -> Option<Value> {
    value["fields"]["last_word"] = json!(["of", "a", "later", "version"]);
    Some(value)
}

#[rstest]
#[case::of_this_version(is_same, Some("the pool is full"))]
#[case::of_an_earlier_one(without, None)]
#[case::with_later_fields(extended, Some("the pool is full"))]
#[case::of_another_shape(another_shape, None)]
#[tokio::test]
async fn row_of_each_version_is_read_and_goes_on(
    #[case] edit: fn(Value) -> Option<Value>,
    #[case] expected: Option<&str>,
) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = open(&path).await;
    let id = declared(&store, "Card payments fail").await;
    store.execute(&ask(id, note("the pool is full"))).await.unwrap();
    store.close().await;
    rewrite(&path, edit);
    let read = row(&path).await;
    assert_eq!(read.last_word.as_ref().map(|word| word.text.as_str()), expected);
    // A store of this version has the word in all rows, and nothing that its events don't have.
    let is_plain = read.extra.is_empty() && expected.is_some();
    let report = doctor::examine(&path).await.unwrap();
    assert_eq!(report.is_healthy(), is_plain, "{report:?}");
    let store = open(&path).await;
    store.execute(&ask(id, note("it is empty again"))).await.unwrap();
    store.close().await;
    let read = row(&path).await;
    assert_eq!(read.last_word.map(|word| word.text), Some("it is empty again".to_owned()));
}
