//! Contacts over the API.

use reqwest::Method;

use super::client::{ApiRequest, ChangeRequest};
use super::error_response::RequestError;
use super::{HttpBackend, get_request};
use crate::api::contacts::{ContactChangeRequest, ContactTestRequest};
use crate::api::path;
use crate::backend::{BackendError, ContactRequest, Missing, NoContacts};
use crate::model::notification::{ContactTest, PersonReach};
use crate::model::unknown::Entries;

impl HttpBackend {
    /// Fetches how people are reached.
    pub(super) async fn fetch_contacts(&self) -> Result<Vec<PersonReach>, BackendError> {
        let people: Result<Entries<PersonReach>, RequestError> =
            self.get(get_request::<()>(path::CONTACTS)).await;
        match people.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(_)) => Err(self.no_contacts()),
            people => people.map(|people| people.0),
        }
    }

    /// Sends a change of the contacts of a person.
    pub(super) async fn send_contacts(
        &self,
        request: &ContactRequest,
    ) -> Result<PersonReach, BackendError> {
        let body = ContactChangeRequest::from(request.change.clone());
        let body = Some(serde_json::to_vec(&body).map_err(BackendError::broken)?);
        let key = Some(request.id.to_string());
        let change = Some(ChangeRequest { method: Method::POST, key, expected: None });
        let request = ApiRequest {
            path_value: &request.person,
            body,
            change,
            ..get_request::<()>(path::PERSON_CONTACTS)
        };
        match self.get(request).await.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(missing)) => Err(self.explain_missing(missing).await),
            done => done,
        }
    }

    /// Has the server send test messages.
    pub(super) async fn send_contact_tests(
        &self,
        person: &str,
        contact: Option<&str>,
    ) -> Result<Vec<ContactTest>, BackendError> {
        let body = ContactTestRequest { contact: contact.map(str::to_owned) };
        let body = Some(serde_json::to_vec(&body).map_err(BackendError::broken)?);
        let request =
            ApiRequest { path_value: person, body, ..get_request::<()>(path::TEST_CONTACTS) };
        let tests: Result<Entries<ContactTest>, RequestError> = self.get(request).await;
        match tests.map_err(|failure| failure.error) {
            Err(BackendError::NotFound(missing)) => Err(self.explain_missing(missing).await),
            tests => tests.map(|tests| tests.0),
        }
    }

    /// Distinguishes a contact that does not exist from a path that an older server does not have.
    async fn explain_missing(&self, missing: Missing) -> BackendError {
        match self.fetch_contacts().await {
            Err(error @ BackendError::NotAllowed(_)) => error,
            _ => BackendError::NotFound(missing),
        }
    }

    fn no_contacts(&self) -> BackendError {
        BackendError::not_allowed(NoContacts { host: Some(self.client.host.clone()) })
    }
}
