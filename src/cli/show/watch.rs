//! Watches one incident: a line for each event.

use crate::cli::failure::Failure;
use crate::cli::out::Out;
use crate::cli::records::{IncidentChange, IncidentLine, Printer};
use crate::cli::session::BackendConnection;
use crate::cli::watch::ChangeWaiter;
use crate::model::IncidentId;
use crate::model::service_level::ServiceLevels;

/// Prints the row of an incident, and again after each change, until the program is stopped.
pub(super) async fn watch(
    connection: &BackendConnection,
    id: IncidentId,
    levels: &ServiceLevels,
    (out, printer): (&mut Out, &mut Printer),
) -> Result<(), Failure> {
    let mut waiter = ChangeWaiter::begin(connection).await?;
    let mut seq = None;
    loop {
        match connection.reader.read_detail(id).await {
            Ok(detail) => {
                let row = detail.value.incident.summary;
                if seq != Some(row.seq) {
                    let change = if seq.is_none() {
                        IncidentChange::Listed
                    } else {
                        IncidentChange::Changed
                    };
                    seq = Some(row.seq);
                    let line = IncidentLine::new(row, levels, connection.backend_now());
                    printer.print(out, &[IncidentLine { change: Some(change), ..line }])?;
                    out.flush()?;
                }
            }
            Err(error) if error.is_temporary() && seq.is_some() => {}
            Err(error) => return Err(error.into()),
        }
        waiter.wait().await?;
    }
}
