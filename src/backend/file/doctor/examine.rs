//! Checks a store for damage, and for a projection that does not match the events.

use std::collections::HashMap;
use std::path::Path;

use serde::de::DeserializeOwned;
use sqlx::{Connection, Row, SqliteConnection};

use super::lists::{ListedIncident, read_listed};
use super::outdated;
use super::report::{DAMAGED, Report};
use super::timeline::{Timeline, read_timelines};
use crate::backend::file::administration_table::has_administration;
use crate::backend::file::alerts::has_alerts;
use crate::backend::file::contacts::table::has_contacts;
use crate::backend::file::error::{self, SqliteFault, StoreResult, classify};
use crate::backend::file::evidence_table::{check_evidence, has_evidence, has_involved};
use crate::backend::file::heartbeats::transfer::has_heartbeats;
use crate::backend::file::maintenance::has_maintenance;
use crate::backend::file::measures;
use crate::backend::file::names::{NameIds, NameKind, person_text};
use crate::backend::file::notifications::has_notifications;
use crate::backend::file::open::{self, SchemaState};
use crate::backend::file::open_error::OpenError;
use crate::backend::file::records::SNAPSHOT_EVERY;
use crate::backend::file::refusal::StoreRefusal;
use crate::backend::file::row::{Columns, incident_key};
use crate::backend::file::service_level_table::read_levels_if_any;
use crate::backend::file::sql::Batch;
use crate::model::administration::AdministrationEvent;
use crate::model::alert::Alert;
use crate::model::anomaly::{Anomaly, AnomalyCounts};
use crate::model::change::Change;
use crate::model::directory::Directory;
use crate::model::maintenance::MaintenanceWindow;
use crate::model::notification::{Attempt, Notification, StoredContacts};
use crate::model::priority::Matrix;
use crate::model::problem::Problem;
use crate::model::signals::Heartbeat;
use crate::model::text::sanitize;
use crate::model::{Incident, IncidentNumber, Rules};

/// The maximum number of lines about damage that are reported one by one.
const MAX_DAMAGE_LINES: usize = 3;
/// The maximum number of timelines, incidents or snapshots that are reported by name.
const MAX_NAMED: u64 = 10;

/// Checks a store without changing it; see [`super::examine()`].
pub(super) async fn examine(path: &Path, rules: &Rules) -> Result<Report, OpenError> {
    let mut report = Report::default();
    let mut conn = match open::open_unchanged(path).await {
        Ok(conn) => conn,
        Err(error) => {
            let Some(damage) = open::damage(&error) else { return Err(error) };
            report.add_grave(format!("{DAMAGED}, not even its tables can be listed: {damage}"));
            return Ok(report);
        }
    };
    if let Err(error::StoreError::Sql(e)) =
        Batch::new("SELECT count(*) FROM sqlite_schema").run(&mut conn).await
        && classify(&e) == SqliteFault::Damaged
    {
        report.add_grave(format!("{DAMAGED}, not even its tables can be listed: {e}"));
        return Ok(report);
    }
    report.outdated = match open::schema_state(path, &mut conn).await? {
        SchemaState::Current => None,
        SchemaState::Outdated(outdated) => Some(outdated),
        SchemaState::Empty => {
            return Err(OpenError::refused(StoreRefusal::NothingToCheck(path.to_owned())));
        }
    };
    if let Err(failure) = examine_in_transaction(&mut conn, &mut report, &rules.matrix).await {
        match failure {
            error::StoreError::Sql(e)
                if !matches!(classify(&e), SqliteFault::Damaged | SqliteFault::Foreign) =>
            {
                return Err(OpenError::fault(path, error::StoreFaultKind::Sql(e)));
            }
            other => report.add_grave(format!("{DAMAGED}, the check ended early: {other}")),
        }
    }
    conn.close().await.ok();
    Ok(report)
}

async fn examine_in_transaction(
    conn: &mut SqliteConnection,
    report: &mut Report,
    matrix: &Matrix,
) -> StoreResult<()> {
    // The transaction shows one consistent state, even while other processes write.
    Batch::new("BEGIN").run(conn).await?;
    let result = run_checks(conn, report, matrix).await;
    Batch::new("ROLLBACK").run(conn).await.ok();
    result
}

async fn run_checks(
    conn: &mut SqliteConnection,
    report: &mut Report,
    matrix: &Matrix,
) -> StoreResult<()> {
    let rows = Batch::new("PRAGMA integrity_check(20)").fetch_all(conn).await?;
    for row in rows {
        let text: String = row.try_get(0)?;
        if text.contains("fts5") {
            report.add_curable(format!("the index of words is damaged: {}", sanitize(&text)));
        } else if text != "ok" {
            let lines: Vec<&str> = text.lines().filter(|l| !l.starts_with("***")).collect();
            for line in lines.iter().take(MAX_DAMAGE_LINES) {
                report.add_grave(format!("{DAMAGED}: {}", sanitize(line)));
            }
            if lines.len() > MAX_DAMAGE_LINES {
                report.add_grave(format!(
                    "{DAMAGED} in {} more places",
                    lines.len() - MAX_DAMAGE_LINES
                ));
            }
        }
    }
    let orphans = Batch::new("PRAGMA foreign_key_check").fetch_all(conn).await?.len();
    if orphans > 0 {
        report.add_grave(format!("{orphans} events have an actor that is not there"));
    }
    report.incidents = count(conn, "SELECT count(*) FROM incident").await?;
    report.events = count(conn, "SELECT count(*) FROM event").await?;
    let names = names(conn).await?;
    let mut differences = DifferenceCounts::default();
    let mut anomalies = AnomalyCounts::default();
    let mut after = i64::MIN;
    loop {
        let timelines = read_timelines(conn, after).await?;
        let Some(last) = timelines.last() else { break };
        let last = last.key;
        for timeline in &timelines {
            name_anomalies(timeline, matrix, &mut anomalies, report);
        }
        compare_timelines(conn, report, &mut differences, &names, after, &timelines).await?;
        after = last;
    }
    for (anomaly, count) in anomalies.counted().filter(|(_, count)| *count > MAX_NAMED) {
        report
            .oddities
            .push(format!("{count} events {}; the first {MAX_NAMED} are named", anomaly.text()));
    }
    differences.report_totals(report);
    check_records::<Problem>(conn, report, "problem").await?;
    check_records::<Change>(conn, report, "change").await?;
    check_records::<Directory>(conn, report, "directory").await?;
    if has_administration(conn).await? {
        check_records::<AdministrationEvent>(conn, report, "administration").await?;
    }
    if has_notifications(conn).await? {
        check_records::<Notification>(conn, report, "notification").await?;
        check_records::<Attempt>(conn, report, "attempt").await?;
    }
    if has_alerts(conn).await? {
        check_records::<Alert>(conn, report, "alert").await?;
    }
    if has_contacts(conn).await? {
        check_records::<StoredContacts>(conn, report, "contact").await?;
    }
    if has_maintenance(conn).await? {
        check_records::<MaintenanceWindow>(conn, report, "maintenance").await?;
    }
    if has_heartbeats(conn).await? {
        check_records::<Heartbeat>(conn, report, "heartbeat").await?;
    }
    if has_evidence(conn).await? {
        let wrong = check_evidence(conn).await?;
        if wrong > 0 {
            report.add_grave(format!("the content of {wrong} pieces of evidence is damaged"));
        }
    }
    check_totals(conn, report, &differences).await
}

/// Reports the rows of a table whose records can't be read.
async fn check_records<T: DeserializeOwned>(
    conn: &mut SqliteConnection,
    report: &mut Report,
    table: &'static str,
) -> StoreResult<()> {
    let (mut unreadable, mut first) = (0_u64, None);
    Batch::new(&format!("SELECT body FROM {table}"))
        .for_each_row(conn, |row| {
            let read =
                row.try_get::<&str, _>(0).map_err(|error| error.to_string()).and_then(|body| {
                    serde_json::from_str::<T>(body).map_err(|error| error.to_string())
                });
            if let Err(error) = read {
                unreadable += 1;
                first.get_or_insert(error);
            }
            Ok(true)
        })
        .await?;
    if let Some(error) = first {
        report.add_grave(format!(
            "{unreadable} records of the table {table} can't be read: {}",
            sanitize(error)
        ));
    }
    Ok(())
}

/// Reports the events of a timeline that no command leads to.
fn name_anomalies(
    timeline: &Timeline,
    matrix: &Matrix,
    counts: &mut AnomalyCounts,
    report: &mut Report,
) {
    let mut record: Option<Incident> = None;
    for event in &timeline.events {
        if let Some(anomaly) = Anomaly::find(record.as_ref(), event, matrix) {
            counts.add(anomaly);
            let count = counts.counted().find(|(kind, _)| *kind == anomaly);
            if count.is_some_and(|(_, count)| count <= MAX_NAMED) {
                let number = timeline.key & ((1 << 31) - 1);
                report.oddities.push(format!(
                    "event {} of INC-{number} is {}",
                    event.seq,
                    anomaly.text()
                ));
            }
        }
        match &mut record {
            // An inconsistent timeline is reported as such.
            Some(record) => drop(record.apply_next(event)),
            None => record = Incident::from_declaration(event),
        }
    }
}

/// Counts the differences by kind.
#[derive(Default)]
struct DifferenceCounts {
    timelines: u64,
    rows: u64,
    snapshots: u64,
    affected: u64,
    involved: u64,
    lists: u64,
    /// The rows that the lists should have.
    listed: u64,
}

impl DifferenceCounts {
    /// Reports the totals of the kinds that have more differences than are reported by name.
    fn report_totals(&self, report: &mut Report) {
        for (count, description) in [
            (self.timelines, "timelines are broken"),
            (self.rows, "incidents differ from what their events add up to"),
            (self.snapshots, "snapshots differ from what the events add up to"),
            (self.lists, "incidents differ in the lists of reviews, action items and problems"),
        ] {
            if count > MAX_NAMED {
                let text = format!("{count} {description}; the first {MAX_NAMED} are named");
                if description.starts_with("timelines") {
                    report.add_grave(text);
                } else {
                    report.add_curable(text);
                }
            }
        }
    }
}

async fn count(conn: &mut SqliteConnection, sql: &str) -> StoreResult<u64> {
    let row = Batch::new(sql).fetch_optional(conn).await?;
    let count: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    Ok(u64::try_from(count).unwrap_or(0))
}

type NameMap = HashMap<(i64, String), i64>;

async fn names(conn: &mut SqliteConnection) -> StoreResult<NameMap> {
    let mut names = HashMap::new();
    let rows = Batch::new("SELECT kind, text, id FROM name WHERE kind < 4").fetch_all(conn).await?;
    for row in rows {
        names.insert((row.try_get(0)?, row.try_get(1)?), row.try_get(2)?);
    }
    Ok(names)
}

/// Returns the ids that the names of an incident should have; -1 for a name that is not stored.
fn expected_names(names: &NameMap, incident: &Incident) -> StoreResult<NameIds> {
    let id =
        |kind: NameKind, text: String| names.get(&(kind.to_stored(), text)).copied().unwrap_or(-1);
    let row = &incident.summary;
    let person = row.assignee.as_ref().map(person_text).transpose()?;
    Ok(NameIds {
        services: row.services.iter().map(|s| id(NameKind::Service, s.clone())).collect(),
        team: row.team.clone().map_or(0, |team| id(NameKind::Team, team)),
        helpers: incident.teams.iter().map(|team| id(NameKind::Team, team.clone())).collect(),
        assignee: person.map_or(0, |person| id(NameKind::Person, person)),
    })
}

/// An incident as the projection holds it.
struct StoredProjection {
    columns: Vec<Option<i64>>,
    dedup_key: Option<String>,
    id: Vec<u8>,
    row: Vec<u8>,
    snapshot: Option<(u32, String)>,
}

async fn read_stored(
    conn: &mut SqliteConnection,
    after: i64,
    last: i64,
) -> StoreResult<HashMap<i64, StoredProjection>> {
    let mut batch = Batch::new(
        "SELECT i.key, i.number, i.facets, i.service, i.team, i.assignee, i.fingerprint, i.counted,
            i.late_day, i.dedup_key, i.id, i.row, s.seq, s.record
         FROM incident i LEFT JOIN snapshot s ON s.incident = i.key
         WHERE i.key > ? AND i.key <= ?",
    );
    batch.arg(after).arg(last);
    let mut found = HashMap::new();
    for row in batch.fetch_all(conn).await? {
        let mut columns = Vec::new();
        for column in 1..=8 {
            columns.push(row.try_get(column)?);
        }
        let seq: Option<i64> = row.try_get(12)?;
        let record: Option<String> = row.try_get(13)?;
        let snapshot = seq.and_then(|seq| u32::try_from(seq).ok()).zip(record);
        let stored = StoredProjection {
            columns,
            dedup_key: row.try_get(9)?,
            id: row.try_get(10)?,
            row: row.try_get(11)?,
            snapshot,
        };
        found.insert(row.try_get(0)?, stored);
    }
    Ok(found)
}

async fn compare_timelines(
    conn: &mut SqliteConnection,
    report: &mut Report,
    differences: &mut DifferenceCounts,
    names: &NameMap,
    after: i64,
    timelines: &[Timeline],
) -> StoreResult<()> {
    let last = timelines.last().map_or(after, |t| t.key);
    let stored = read_stored(conn, after, last).await?;
    let levels = read_levels_if_any(conn).await?;
    let is_outdated = report.outdated.is_some();
    // A store of an older version has no lists yet.
    let listed = if is_outdated { HashMap::new() } else { read_listed(conn, after, last).await? };
    for timeline in timelines {
        let projected = stored.get(&timeline.key);
        let snapshot_at = projected.and_then(|s| s.snapshot.as_ref()).map(|(seq, _)| *seq);
        let label = |incident: &Incident| incident.summary.label();
        let (mut incident, mut record_at_snapshot) = match timeline.fold(snapshot_at) {
            Ok(folded) => folded,
            Err(fault) => {
                differences.timelines += 1;
                if differences.timelines <= MAX_NAMED {
                    let number = timeline.key & ((1 << 31) - 1);
                    report.add_grave(format!("the timeline of INC-{number} is broken: {fault}"));
                }
                continue;
            }
        };
        if let Some(levels) = &levels {
            incident.judge_by(levels);
            if let Some(record) = &mut record_at_snapshot {
                record.judge_by(levels);
            }
        }
        let row = &incident.summary;
        if incident_key(row.reported_at, row.number.unwrap_or(IncidentNumber(0))) != timeline.key {
            report.add_grave(format!("{} is at the wrong position of the log", label(&incident)));
        }
        let ids = expected_names(names, &incident)?;
        differences.affected += ids.services.len() as u64;
        differences.involved += ids.helpers.len() as u64;
        let expected = ListedIncident::expected(&incident)?;
        differences.listed += expected.rows();
        if !is_outdated
            && *listed.get(&timeline.key).unwrap_or(&ListedIncident::default()) != expected
        {
            differences.lists += 1;
            if differences.lists <= MAX_NAMED {
                report.add_curable(format!(
                    "{} differs in the lists of reviews, action items and problems",
                    label(&incident)
                ));
            }
        }
        let is_same = |projected: &StoredProjection| {
            is_same(projected, Columns::from_incident(&incident), &ids, is_outdated)
        };
        if !projected.is_some_and(is_same) {
            differences.rows += 1;
            if differences.rows <= MAX_NAMED {
                report.add_curable(format!(
                    "{} differs from what its events add up to",
                    label(&incident)
                ));
            }
        }
        let Some(projected) = projected else { continue };
        let mut stored_snapshot: Option<Incident> =
            projected.snapshot.as_ref().and_then(|(_, text)| serde_json::from_str(text).ok());
        for record in stored_snapshot.iter_mut().chain(&mut record_at_snapshot) {
            record.summary.last_word = None;
        }
        if is_outdated && let Some(stored) = &mut stored_snapshot {
            outdated::without_later_values(stored);
            if let Some(record) = &mut record_at_snapshot {
                outdated::without_later_values(record);
            }
        }
        let is_missing = projected.snapshot.is_none() && row.seq >= 2 * SNAPSHOT_EVERY;
        if is_missing
            || (projected.snapshot.is_some()
                && (record_at_snapshot.is_none() || stored_snapshot != record_at_snapshot))
        {
            differences.snapshots += 1;
            if differences.snapshots <= MAX_NAMED {
                report.add_curable(format!(
                    "the snapshot of {} differs from what its events add up to",
                    label(&incident)
                ));
            }
        }
    }
    Ok(())
}

/// Returns whether the projection of an incident matches its events. In a store of an older
/// version, fields that the migration recomputes are not compared.
fn is_same(
    stored: &StoredProjection,
    mut columns: Columns,
    names: &NameIds,
    is_outdated: bool,
) -> bool {
    if is_outdated {
        let stored_fingerprint = stored.columns.get(5).copied().flatten();
        columns.fingerprint = stored_fingerprint.unwrap_or(columns.fingerprint);
        columns.dedup_key.clone_from(&stored.dedup_key);
    }
    let is_same_row = stored.row == columns.row
        || is_outdated && outdated::is_same_row(&stored.row, &columns.row);
    let expected = [
        Some(columns.number),
        Some(columns.facets),
        Some(names.primary_service()),
        Some(names.team),
        Some(names.assignee),
        Some(columns.fingerprint),
        Some(columns.counted),
        columns.late_day,
    ];
    stored.columns == expected
        && stored.dedup_key == columns.dedup_key
        && stored.id == columns.id.as_bytes()
        && is_same_row
}

/// Runs the checks that are a single query over all incidents.
async fn check_totals(
    conn: &mut SqliteConnection,
    report: &mut Report,
    differences: &DifferenceCounts,
) -> StoreResult<()> {
    for (sql, description) in [
        (
            "SELECT count(*) FROM incident i
             WHERE NOT EXISTS (SELECT 1 FROM event WHERE incident = i.key)",
            "incidents have no events",
        ),
        (
            "SELECT count(*) FROM affected a LEFT JOIN incident i ON i.key = a.incident
             WHERE i.key IS NULL OR i.facets <> a.facets",
            "entries of the index of services are wrong",
        ),
        (
            "SELECT count(*) FROM incident i WHERE service <> 0
             AND NOT EXISTS (SELECT 1 FROM affected WHERE service = i.service AND incident = i.key)",
            "incidents are missing from the index of services",
        ),
        (
            "SELECT count(*) FROM incident i
             WHERE NOT EXISTS (SELECT 1 FROM words_docsize WHERE id = i.key)
               AND NOT EXISTS (SELECT 1 FROM words_todo WHERE incident = i.key)",
            "incidents are missing from the index of words",
        ),
        (
            "SELECT count(*) FROM words_docsize d
             WHERE NOT EXISTS (SELECT 1 FROM incident WHERE key = d.id)",
            "entries of the index of words belong to no incident",
        ),
        (
            "SELECT count(*) FROM snapshot s
             WHERE NOT EXISTS (SELECT 1 FROM incident WHERE key = s.incident)",
            "snapshots belong to no incident",
        ),
        (
            "SELECT count(*) FROM change c
             WHERE NOT EXISTS (SELECT 1 FROM change_span WHERE key = c.key)",
            "changes are missing from the index of spans",
        ),
    ] {
        let count = count(conn, sql).await?;
        if count > 0 {
            report.add_curable(format!("{count} {description}"));
        }
    }
    if count(conn, "SELECT count(*) FROM affected").await? != differences.affected {
        report.add_curable("the index of services is not complete");
    }
    if has_involved(conn).await? {
        let wrong = "SELECT count(*) FROM involved h
            WHERE NOT EXISTS (SELECT 1 FROM incident WHERE key = h.incident)";
        let is_complete =
            count(conn, "SELECT count(*) FROM involved").await? == differences.involved;
        if !is_complete || count(conn, wrong).await? > 0 {
            report.add_curable("the index of teams that help is not complete");
        }
    }
    let listed = "SELECT (SELECT count(*) FROM review) + (SELECT count(*) FROM action_item)
        + (SELECT count(*) FROM problem_link) + (SELECT count(*) FROM follow_up)";
    if report.outdated.is_none() && count(conn, listed).await? != differences.listed {
        report.add_curable(
            "the lists of reviews, action items, follow-ups and problems are not complete",
        );
    }
    // Rows of an older version are packed differently, and recomputed.
    let is_outdated = report.outdated.is_some();
    let stale = if is_outdated { 0 } else { measures::count_stale_days(conn).await? };
    if stale > 0 {
        report.add_curable(format!("the packed facts of {stale} days are out of date"));
    }
    let stale = if is_outdated { 0 } else { measures::count_stale_histories(conn).await? };
    if stale > 0 {
        report.add_curable(format!("the packed histories of {stale} days are out of date"));
    }
    Ok(())
}
