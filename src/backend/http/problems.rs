//! Problems, and suspicions against changes, over the API.

use super::HttpBackend;
use super::client::{ApiRequest, get_request};
use super::error_response::RequestError;
use crate::api::{list_query, path};
use crate::backend::lists::{ChangeSearch, MAX_ROWS, ProblemEntry, ProblemSearch, Suspicion};
use crate::backend::{Backend, BackendError, NoSuchProblem};
use crate::model::ProblemId;
use crate::model::unknown::Entries;

impl HttpBackend {
    /// Returns one problem. A server without its route is older than this program; it has the problem in
    /// the list, with the newest of its incidents.
    pub(super) async fn fetch_problem(&self, id: ProblemId) -> Result<ProblemEntry, BackendError> {
        let request =
            ApiRequest { path_value: &id.to_string(), ..get_request::<()>(path::PROBLEM) };
        let found: Result<ProblemEntry, RequestError> = self.get(request).await;
        match found.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => self.find_problem(id).await,
            found => found,
        }
    }

    /// Returns the suspicions against the changes on a page; none if the server is older than this
    /// program.
    pub(super) async fn fetch_suspicions(
        &self,
        search: &ChangeSearch,
    ) -> Result<Vec<Suspicion>, BackendError> {
        let query = list_query::ChangeRecords::from(search);
        let request = ApiRequest { query: Some(&query), ..get_request(path::SUSPICIONS) };
        let found: Result<Entries<Suspicion>, RequestError> = self.get(request).await;
        match found.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => Ok(Vec::new()),
            found => found.map(|found| found.0),
        }
    }

    /// Finds a problem in the list of all.
    async fn find_problem(&self, id: ProblemId) -> Result<ProblemEntry, BackendError> {
        let mut search = ProblemSearch::first(MAX_ROWS);
        loop {
            let page = self.linked_problems(&search).await?;
            let found = page.rows.into_iter().find(|entry| entry.problem.id == id);
            search.after = page.next;
            match found {
                Some(found) => return Ok(found),
                None if search.after.is_none() => {
                    return Err(BackendError::not_found(NoSuchProblem(id)));
                }
                None => {}
            }
        }
    }
}
