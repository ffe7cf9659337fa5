//! Answers by mail over the API.

use super::client::ApiRequest;
use super::{HttpBackend, get_request};
use crate::api::path;
use crate::api::replies::MailOutcome;
use crate::backend::BackendError;

impl HttpBackend {
    /// Sends a mail with all its headers that answers a message, and returns the result.
    ///
    /// # Errors
    /// The mail is no answer, the server refuses it or does not answer.
    pub async fn answer_mail(&self, mail: Vec<u8>) -> Result<MailOutcome, BackendError> {
        let request = ApiRequest {
            body: Some(mail),
            media_type: "message/rfc822",
            ..get_request::<()>(path::REPLIES_MAIL)
        };
        self.get(request).await.map_err(|failure| failure.error)
    }
}
