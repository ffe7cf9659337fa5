//! Stand-in until the store is in.
use super::FileStore;
use crate::backend::*;

fn no<T>() -> Result<T, BackendError> {
    Err(BackendError::Broken("not there yet".into()))
}

#[async_trait]
impl Backend for FileStore {
    async fn capabilities(&self) -> Result<Capabilities, BackendError> {
        no()
    }
    async fn changes(&self, _: Option<Cursor>, _: Duration) -> Result<Delta, BackendError> {
        no()
    }
    async fn search(&self, _: &Search) -> Result<Page<Summary>, BackendError> {
        no()
    }
    async fn incident(&self, _: IncidentId) -> Result<Detail, BackendError> {
        no()
    }
    async fn find(&self, _: IncidentNumber) -> Result<IncidentId, BackendError> {
        no()
    }
    async fn timeline(&self, _: IncidentId, _: Part) -> Result<Vec<Event>, BackendError> {
        no()
    }
    async fn measures(
        &self,
        _: &Window,
        _: Cut,
        _: DateTime<Utc>,
    ) -> Result<Measures, BackendError> {
        no()
    }
    async fn execute(&self, _: &Envelope) -> Result<Outcome, BackendError> {
        no()
    }
    async fn directory(&self) -> Result<Directory, BackendError> {
        no()
    }
}
