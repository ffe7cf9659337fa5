//! Batches of statements that are sent together, so that a transaction costs few round trips to the
//! driver's thread.

use futures_util::StreamExt;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Encode, Executor, Sqlite, SqliteConnection, Type};

use super::eager::{ROW_TIME, poll_eagerly};
use super::error::StoreResult;

/// Several statements, and the arguments of their parameters in order.
#[derive(Default)]
pub(super) struct Batch {
    sql: String,
    args: SqliteArguments,
    bind_error: Option<sqlx::error::BoxDynError>,
    one_off: bool,
}

impl Batch {
    /// Returns a batch that begins with `sql`.
    pub(super) fn new(sql: &str) -> Self {
        let mut batch = Self::default();
        batch.sql(sql);
        batch
    }

    /// Returns a batch that is not cached as a prepared statement, because its text is seldom the
    /// same.
    pub(super) fn one_off(sql: &str) -> Self {
        Self { one_off: true, ..Self::new(sql) }
    }

    /// Adds a statement, or a part of one.
    pub(super) fn sql(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Binds an argument to the next parameter of the statements.
    pub(super) fn arg<T: for<'q> Encode<'q, Sqlite> + Type<Sqlite>>(
        &mut self,
        value: T,
    ) -> &mut Self {
        if let Err(error) = self.args.add(value) {
            self.bind_error = Some(error);
        }
        self
    }

    /// Returns whether the batch has no statement.
    pub(super) fn is_empty(&self) -> bool {
        self.sql.is_empty()
    }

    fn query(self) -> Result<sqlx::query::Query<'static, Sqlite, SqliteArguments>, sqlx::Error> {
        match self.bind_error {
            Some(error) => Err(sqlx::Error::Encode(error)),
            None => {
                Ok(sqlx::query_with(AssertSqlSafe(self.sql), self.args).persistent(!self.one_off))
            }
        }
    }

    /// Runs all statements of the batch and discards their rows.
    pub(super) async fn run(self, conn: &mut SqliteConnection) -> StoreResult<()> {
        let query = self.query()?;
        let mut stream = conn.fetch_many(query);
        while let Some(step) = stream.next().await {
            step?;
        }
        Ok(())
    }

    /// Runs all statements and returns the rows of each.
    pub(super) async fn fetch_result_sets(
        self,
        conn: &mut SqliteConnection,
    ) -> StoreResult<Vec<Vec<SqliteRow>>> {
        let query = self.query()?;
        let mut stream = conn.fetch_many(query);
        let mut results = vec![Vec::new()];
        while let Some(step) = stream.next().await {
            match step? {
                sqlx::Either::Left(_) => results.push(Vec::new()),
                sqlx::Either::Right(row) => {
                    if let Some(rows) = results.last_mut() {
                        rows.push(row);
                    }
                }
            }
        }
        results.pop();
        Ok(results)
    }

    /// Runs one statement and returns its rows.
    pub(super) async fn fetch_all(
        self,
        conn: &mut SqliteConnection,
    ) -> StoreResult<Vec<SqliteRow>> {
        Ok(self.query()?.fetch_all(conn).await?)
    }

    /// Runs one statement and returns its first row.
    pub(super) async fn fetch_optional(
        self,
        conn: &mut SqliteConnection,
    ) -> StoreResult<Option<SqliteRow>> {
        Ok(self.query()?.fetch_optional(conn).await?)
    }

    /// Runs one statement and passes each row to `on_row` as it arrives, until that returns
    /// `false`. Thousands of rows would take several times as long if each of them woke this task.
    pub(super) async fn for_each_row(
        self,
        conn: &mut SqliteConnection,
        mut on_row: impl FnMut(&SqliteRow) -> StoreResult<bool> + Send,
    ) -> StoreResult<()> {
        let query = self.query()?;
        let mut stream = query.fetch(conn);
        while let Some(row) = poll_eagerly(stream.next(), ROW_TIME).await {
            if !on_row(&row?)? {
                break;
            }
        }
        Ok(())
    }
}
