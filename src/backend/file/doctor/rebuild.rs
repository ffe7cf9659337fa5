//! Makes everything anew that follows from the events.

use std::path::Path;
use std::time::Duration;

use sqlx::{Connection, Row, SqliteConnection};

use super::{OpenError, Report, examine, timelines};
use crate::backend::file::bulk::{Bulk, Waiting};
use crate::backend::file::error::{self, Done, Failure};
use crate::backend::file::full_text::{self, Words};
use crate::backend::file::measures;
use crate::backend::file::names::Names;
use crate::backend::file::open;
use crate::backend::file::others::{parsed, put_change};
use crate::backend::file::sql::Batch;

/// See [`super::rebuild()`].
pub(super) async fn rebuild(path: &Path) -> Result<Report, OpenError> {
    let found = examine::examine(path).await?;
    if found.findings.iter().any(|finding| finding.grave) {
        return Ok(found);
    }
    let sentence = |failure: Failure| {
        OpenError::Refused(match failure {
            Failure::Sql(e) => error::sentence(path, &e),
            other => error::damaged(path, &other.to_string()),
        })
    };
    let opened = open::writer(path, Duration::from_secs(10)).await;
    let mut conn = opened.map_err(|e| sentence(e.into()))?;
    let done = anew(&mut conn).await;
    if done.is_err() {
        Batch::new("ROLLBACK").run(&mut conn).await.ok();
    }
    conn.close().await.ok();
    done.map_err(sentence)?;
    examine::examine(path).await
}

async fn anew(conn: &mut SqliteConnection) -> Done<()> {
    Batch::new(
        "BEGIN IMMEDIATE;
         DELETE FROM incident; DELETE FROM affected; DELETE FROM snapshot; DELETE FROM fact_day;
         DELETE FROM words_todo; DELETE FROM vocabulary; DELETE FROM change_span;
         INSERT INTO words (words) VALUES ('delete-all');",
    )
    .run(conn)
    .await?;
    let mut bulk = Bulk::default();
    let mut names = Names::default();
    let mut after = i64::MIN;
    loop {
        let found = timelines(conn, after).await?;
        let Some(last) = found.last() else { break };
        after = last.key;
        let mut waiting = Vec::with_capacity(found.len());
        for timeline in found {
            let (incident, _) = timeline.folded(None).map_err(Failure::content)?;
            let mut words = Words::of(&incident);
            for event in &timeline.events {
                words.add_note(&event.body);
            }
            waiting.push(Waiting {
                key: timeline.key,
                incident,
                stored: None,
                words: Some(words),
                wordy: true,
            });
        }
        bulk.write(conn, &mut names, waiting).await?;
    }
    for row in Batch::new("SELECT body FROM change").rows(conn).await? {
        let mut batch = Batch::default();
        put_change(&mut batch, &parsed(row.try_get(0)?, "a change")?)?;
        batch.run(conn).await?;
    }
    full_text::take_in(conn).await?;
    measures::warm(conn).await?;
    Batch::new("COMMIT").run(conn).await
}
