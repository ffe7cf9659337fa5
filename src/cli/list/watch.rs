//! Watches a list: one line for each incident that enters, changes or leaves.

use std::collections::BTreeMap;

use chrono::Utc;

use crate::backend::Search;
use crate::cli::failure::Failure;
use crate::cli::out::Out;
use crate::cli::records::{IncidentChange, IncidentLine, Printer};
use crate::cli::session::BackendConnection;
use crate::cli::watch::ChangeWaiter;
use crate::model::service_level::ServiceLevels;
use crate::model::{IncidentId, Summary};

/// The maximum number of rows in one answer of a backend.
const PAGE_ROWS: u32 = 1000;

/// Prints the incidents of a search, and then each change of them, until the program is stopped.
pub(super) async fn watch(
    connection: &BackendConnection,
    mut search: Search,
    levels: &ServiceLevels,
    (out, printer): (&mut Out, &mut Printer),
) -> Result<(), Failure> {
    let mut waiter = ChangeWaiter::begin(connection).await?;
    let mut listed: Option<BTreeMap<IncidentId, Summary>> = None;
    loop {
        search.now = Utc::now();
        match read_all(connection, &search).await {
            Ok(rows) => {
                let now = connection.backend_now();
                let line = |row: &Summary, change| IncidentLine {
                    change: Some(change),
                    ..IncidentLine::new(row.clone(), levels, now)
                };
                let mut lines = Vec::new();
                let before = listed.take();
                for row in &rows {
                    let change = match &before {
                        None => IncidentChange::Listed,
                        Some(before) => match before.get(&row.id) {
                            None => IncidentChange::Added,
                            Some(was) if was.seq == row.seq => continue,
                            Some(_) => IncidentChange::Changed,
                        },
                    };
                    lines.push(line(row, change));
                }
                let present: BTreeMap<IncidentId, Summary> =
                    rows.into_iter().map(|row| (row.id, row)).collect();
                for (id, was) in before.into_iter().flatten() {
                    if !present.contains_key(&id) {
                        // Its state when it left is read again, because that is the reason why it
                        // left.
                        let detail = connection.reader.read_detail(id).await;
                        let row = detail.map_or(was, |detail| detail.value.incident.summary);
                        lines.push(line(&row, IncidentChange::Removed));
                    }
                }
                listed = Some(present);
                printer.print(out, &lines)?;
                out.flush()?;
            }
            Err(error) if error.is_temporary() => {}
            Err(error) => return Err(error.into()),
        }
        waiter.wait().await?;
    }
}

/// Reads all pages of a search.
async fn read_all(
    connection: &BackendConnection,
    search: &Search,
) -> Result<Vec<Summary>, crate::backend::BackendError> {
    let mut search = Search { limit: PAGE_ROWS, after: None, ..search.clone() };
    let mut rows = Vec::new();
    loop {
        let page = connection.reader.fetch_page(&search).await?;
        let is_last = page.next.is_none() || page.rows.is_empty();
        rows.extend(page.rows);
        if is_last {
            return Ok(rows);
        }
        search.after = page.next;
    }
}
