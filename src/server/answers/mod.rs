//! How people answer messages from where they are: by the page of a link, and by text messages.
//!
//! The actor is the person who was asked. No token of the API is needed: anybody who has the link
//! has it from the message, and Twilio signs its requests.

pub(super) mod calendar;
pub mod cover;
pub(super) mod link;
pub mod mail;
pub(super) mod page;
pub(super) mod sms;
mod sms_cover;
mod sms_settings;
mod sms_subject;
pub(super) mod twilio;

pub use sms_settings::{SmsAccount, SmsSettings};

use axum::http::StatusCode;

use super::limits::BodyPermit;
use super::public_error::public_message;
use super::state::Shared;
use crate::backend::BackendError;
use crate::model::Summary;
use crate::model::notification::{Answer, AnswerRefusal};

/// The reason why an answer was not carried out.
#[derive(Debug)]
pub(super) enum AnswerError {
    /// Nothing can be changed through this server.
    ReadOnly,
    /// It makes no sense for the incident.
    Refused(AnswerRefusal),
    /// The backend refuses it, or can't carry it out now.
    Backend(BackendError),
}

impl From<AnswerRefusal> for AnswerError {
    fn from(refusal: AnswerRefusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<BackendError> for AnswerError {
    fn from(error: BackendError) -> Self {
        Self::Backend(error)
    }
}

impl AnswerError {
    /// Returns the reason as a sentence without a full stop, which names nothing of the machine.
    pub(super) fn sentence(&self) -> String {
        match self {
            Self::ReadOnly => "the server only reads: nothing can be changed through it".to_owned(),
            Self::Refused(refusal) => refusal.to_string(),
            Self::Backend(error) => public_message(error).unwrap_or_else(|| error.to_string()),
        }
    }

    /// Returns the status of the response for it.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::ReadOnly | Self::Backend(BackendError::NotAllowed(_)) => StatusCode::FORBIDDEN,
            Self::Refused(_)
            | Self::Backend(BackendError::Rejected(_) | BackendError::Conflict(_)) => {
                StatusCode::CONFLICT
            }
            Self::Backend(BackendError::NotFound(_)) => StatusCode::NOT_FOUND,
            Self::Backend(
                BackendError::Limited { .. }
                | BackendError::Unreachable(_)
                | BackendError::Broken(_),
            ) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Carries out an answer and returns the result, as a sentence without a full stop. `permit` is the
/// reserved memory of its body.
pub(super) async fn carry_out(
    shared: &Shared,
    answer: &Answer<'_>,
    row: &Summary,
    permit: Option<BodyPermit>,
) -> Result<String, AnswerError> {
    if shared.read_only {
        return Err(AnswerError::ReadOnly);
    }
    let directory = shared.directory().await?;
    let envelope = answer.envelope(row, &directory)?;
    let mut outcomes = shared.commands.execute(vec![envelope], permit).await;
    match outcomes.pop() {
        Some(Ok(outcome)) => Ok(answer.outcome(outcome.row.as_ref().unwrap_or(row))),
        Some(Err(error)) => Err(error.into()),
        None => Err(BackendError::Unreachable("the backend failed: send it again".into()).into()),
    }
}
