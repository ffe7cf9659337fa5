//! Alerts that arrive in another group than before, because the grouping of their sender was
//! changed.
//!
//! The key of a group of Alertmanager contains its route, so that a change of routes creates new
//! groups of alerts that still fire. Reports on these still affect their incident: the end of the
//! earlier group will never be reported.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::{Row, SqliteConnection};

use super::table::parse_alert;
use crate::backend::file::error::StoreResult;
use crate::backend::file::json_column::encode_json;
use crate::backend::file::row::{MERGED_FACETS, OPEN_FACETS_END};
use crate::backend::file::sql::Batch;
use crate::model::alert::AlertGroup;
use crate::model::time::recorded_time;

/// How many alerts that fire are read at most, as one may do so in many groups.
const MAX_ALERTS: i64 = 20_000;

/// Returns the prefix of the group keys of one receiver; `None` if the key of a group was made by a
/// rule.
fn receiver(group: &AlertGroup) -> Option<&str> {
    let (receiver, digest) = group.key.rsplit_once(':')?;
    let is_digest = digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let rest = receiver.strip_prefix(group.source.as_str())?;
    (is_digest && rest.starts_with(':')).then_some(receiver)
}

/// Returns whether a key distinguishes an alert from all others of a sender.
fn is_fingerprint(key: &str) -> bool {
    key.len() == 16 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Adds to a group of which nothing is stored yet the alerts of its message that fire in an open incident, or in
/// one that was merged, since the same time, and came in another group of the same receiver.
pub(super) async fn adopt(conn: &mut SqliteConnection, group: &AlertGroup) -> StoreResult<()> {
    let Some(receiver) = receiver(group) else { return Ok(()) };
    let reports = group.alerts.iter().filter(|alert| is_fingerprint(&alert.key));
    let starts: HashMap<&str, DateTime<Utc>> = reports
        .filter_map(|alert| Some((alert.key.as_str(), recorded_time(alert.starts_at?))))
        .collect();
    if starts.is_empty() {
        return Ok(());
    }
    let mut batch = Batch::new("SELECT 1 FROM alert WHERE group_key = ? LIMIT 1");
    batch.arg(group.key.clone());
    if batch.fetch_optional(conn).await?.is_some() {
        return Ok(());
    }
    // An index has what fires by its key, so that this takes as long however many incidents are open.
    let mut batch = Batch::new(
        "SELECT a.position, a.body FROM json_each(?) k
            CROSS JOIN alert a ON a.key = k.value AND a.state = 0
                AND a.group_key >= ? AND a.group_key < ?
            CROSS JOIN incident i ON i.key = a.incident
                AND (i.facets < ? OR i.facets >= ? AND i.facets < ?) LIMIT ?",
    );
    let keys: Vec<&str> = starts.keys().copied().collect();
    // A semicolon follows the colon.
    let (from, to) = (format!("{receiver}:"), format!("{receiver};"));
    batch.arg(encode_json(&keys)?).arg(from).arg(to);
    batch.arg(OPEN_FACETS_END).arg(MERGED_FACETS.start).arg(MERGED_FACETS.end).arg(MAX_ALERTS);
    let mut positions: Vec<i64> = Vec::new();
    for row in batch.fetch_all(conn).await? {
        let alert = parse_alert(row.try_get(1)?)?;
        if starts.get(alert.key.as_str()) == Some(&alert.starts_at) {
            positions.push(row.try_get(0)?);
        }
    }
    if positions.is_empty() {
        return Ok(());
    }
    // One that fires in two of these groups becomes one row.
    let mut batch = Batch::new(
        "UPDATE OR REPLACE alert SET group_key = ?, body = json_set(body, '$.group', ?)
            WHERE position IN (SELECT value FROM json_each(?));",
    );
    batch.arg(group.key.clone()).arg(group.key.clone()).arg(encode_json(&positions)?);
    batch.run(conn).await
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(
        "alertmanager",
        "alertmanager:web:0123456789abcdef0123456789abcdef",
        Some("alertmanager:web")
    )]
    #[case("grafana", "grafana::0123456789abcdef0123456789abcdef", Some("grafana:"))]
    #[case("alertmanager", "alertmanager:shop checkout", None)]
    #[case("prometheus", "prometheus:0123456789abcdef0123456789abcdef", None)]
    #[case("zabbix", "zabbix:17", None)]
    fn groups_of_a_receiver_begin_alike(
        #[case] source: &str,
        #[case] key: &str,
        #[case] expected: Option<&str>,
    ) {
        assert_eq!(receiver(&AlertGroup::new(source, source, key, Vec::new())), expected);
    }
}
