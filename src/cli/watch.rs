//! Waits for changes of a backend, for lists that are watched.

use std::time::{Duration, Instant};

use super::failure::Failure;
use super::out;
use super::session::BackendConnection;
use crate::backend::Cursor;

/// How long one request for changes waits.
const WAIT: Duration = Duration::from_secs(25);
/// How long to wait before a request is repeated to a backend that does not answer, and between
/// answers of one that does not hold requests.
const PAUSE: Duration = Duration::from_secs(1);

/// Waits for changes, one after another.
pub struct ChangeWaiter<'a> {
    connection: &'a BackendConnection,
    cursor: Option<Cursor>,
    is_away: bool,
}

impl<'a> ChangeWaiter<'a> {
    /// Begins to wait: everything that changes from now on will be noticed.
    pub async fn begin(connection: &'a BackendConnection) -> Result<Self, Failure> {
        let delta = connection.reader.fetch_changes(None, Duration::ZERO).await?;
        Ok(Self { connection, cursor: Some(delta.cursor), is_away: false })
    }

    /// Returns once something may have changed. A backend that does not answer is reported once,
    /// and tried until it does.
    pub async fn wait(&mut self) -> Result<(), Failure> {
        loop {
            let requested_at = Instant::now();
            match self.connection.reader.fetch_changes(self.cursor, WAIT).await {
                Ok(delta) => {
                    let has_news = delta.reset || delta.directory || !delta.rows.is_empty();
                    self.cursor = Some(delta.cursor);
                    let was_away = std::mem::take(&mut self.is_away);
                    if has_news || was_away {
                        return Ok(());
                    }
                    // Filters by age or service level change with the time alone.
                    if requested_at.elapsed() >= WAIT / 2 {
                        return Ok(());
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) if error.is_temporary() => {
                    if !std::mem::replace(&mut self.is_away, true) {
                        out::print_hint(format!("{error}: it is asked again until it answers"));
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
