//! Rebuilds everything that derives from the events.

use std::path::Path;
use std::time::Duration;

use sqlx::{Connection, Row, SqliteConnection};

use super::examine;
use super::report::Report;
use super::timeline::{Timeline, read_timelines};
use crate::backend::Cause;
use crate::backend::file::bulk::{BulkWriter, ProjectionWrite};
use crate::backend::file::change_table::put_change;
use crate::backend::file::connect::connect_writer;
use crate::backend::file::error::{StoreError, StoreFaultKind, StoreResult};
use crate::backend::file::full_text;
use crate::backend::file::json_column::parse_json;
use crate::backend::file::list_rows::list_event;
use crate::backend::file::measures;
use crate::backend::file::names::NameInterner;
use crate::backend::file::open;
use crate::backend::file::open_error::OpenError;
use crate::backend::file::read_only::ReadOnlyReason;
use crate::backend::file::refusal::StoreRefusal;
use crate::backend::file::sql::Batch;
use crate::model::Rules;
use crate::model::searched_texts::SearchedTexts;

/// Rebuilds the data that is derived from the events; see [`super::rebuild()`].
pub(super) async fn rebuild(path: &Path, rules: &Rules) -> Result<Report, OpenError> {
    if let Some(reason) = ReadOnlyReason::from_file(path) {
        return Err(OpenError::fault(path, StoreFaultKind::ReadOnly(reason)));
    }
    let report = examine::examine(path, rules).await?;
    if report.outdated.is_some() {
        return Err(OpenError::refused(StoreRefusal::OutdatedForRebuild(path.to_owned())));
    }
    if report.findings.iter().any(|finding| finding.grave) {
        return Ok(report);
    }
    let open_error = |failure: StoreError| {
        let kind = match failure {
            StoreError::Sql(e) => StoreFaultKind::Sql(e),
            other => StoreFaultKind::Damaged(Cause::new(other)),
        };
        OpenError::fault(path, kind)
    };
    let opened = connect_writer(path, Duration::from_secs(10)).await;
    let mut conn = opened.map_err(|e| open_error(e.into()))?;
    open::check_needed_to_write(path, &mut conn).await?;
    let result = rebuild_in_transaction(&mut conn).await;
    if result.is_err() {
        Batch::new("ROLLBACK").run(&mut conn).await.ok();
    }
    conn.close().await.ok();
    result.map_err(open_error)?;
    examine::examine(path, rules).await
}

async fn rebuild_in_transaction(conn: &mut SqliteConnection) -> StoreResult<()> {
    Batch::new(
        "BEGIN IMMEDIATE;
         DELETE FROM review; DELETE FROM action_item; DELETE FROM problem_link;
         DELETE FROM follow_up;
         DELETE FROM incident; DELETE FROM affected; DELETE FROM snapshot; DELETE FROM fact_day;
         DELETE FROM history_day;
         DELETE FROM words_todo; DELETE FROM vocabulary; DELETE FROM change_span;
         DELETE FROM muted; DELETE FROM involved;
         INSERT INTO words (words) VALUES ('delete-all');",
    )
    .run(conn)
    .await?;
    let mut bulk = BulkWriter::default();
    let mut names = NameInterner::default();
    let mut after = i64::MIN;
    loop {
        let timelines = read_timelines(conn, after).await?;
        let Some(last) = timelines.last() else { break };
        after = last.key;
        let mut entries = Vec::with_capacity(timelines.len());
        for timeline in &timelines {
            let (incident, _) = timeline.fold(None).map_err(StoreError::invalid)?;
            let texts = SearchedTexts::of(timeline.events.iter().map(|event| &event.body));
            entries.push(ProjectionWrite {
                key: timeline.key,
                incident,
                stored: None,
                texts: Some(texts),
                text_changed: true,
            });
        }
        bulk.write(conn, &mut names, entries).await?;
        list_events(conn, &timelines).await?;
    }
    for row in Batch::new("SELECT body FROM change").fetch_all(conn).await? {
        let mut batch = Batch::default();
        put_change(&mut batch, &parse_json(row.try_get(0)?, "a change")?)?;
        batch.run(conn).await?;
    }
    full_text::index::index_pending(conn).await?;
    measures::warm_cache(conn).await?;
    Batch::new("COMMIT").run(conn).await
}

/// Fills the tables of the lists from the events.
async fn list_events(conn: &mut SqliteConnection, timelines: &[Timeline]) -> StoreResult<()> {
    for timeline in timelines {
        for event in &timeline.events {
            let mut batch = Batch::default();
            list_event(&mut batch, timeline.key, event)?;
            if !batch.is_empty() {
                batch.run(conn).await?;
            }
        }
    }
    Ok(())
}
