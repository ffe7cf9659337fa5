//! Splits an error of the backend into the details for anybody, and those for callers with read
//! permission.

use std::error::Error;

use crate::api::Details;
use crate::backend::file::StoreFault;
use crate::backend::{BackendError, Cause};
use crate::model::{Rejection, RejectionKind};

/// Returns the details of an error for any caller, and those for a caller with read permission:
/// names of files, the text of queries, and other facts about the machine in a sentence.
pub(super) fn split_details(error: BackendError) -> (Details, Option<Details>) {
    let error = as_seen_by_clients(error);
    let public = public_message(&error);
    let full = Details::from(error);
    match public {
        Some(public) => (Details { detail: public, ..full.clone() }, Some(full)),
        None => (full, None),
    }
}

/// Returns an error as those see it who have sent something. A store that can only be read although nobody
/// asked for that is written again once whoever runs the server has done something: until then what was
/// sent must wait, and not be refused for good.
pub(super) fn as_seen_by_clients(error: BackendError) -> BackendError {
    let is_for_now = |cause: &Cause| {
        let fault = cause.as_error().and_then(|error| error.downcast_ref());
        fault.is_some_and(StoreFault::stops_writes)
    };
    match error {
        BackendError::NotAllowed(cause) if is_for_now(&cause) => BackendError::Unreachable(cause),
        other => other,
    }
}

/// Returns the sentence for a caller who may not read; `None` if the error's own sentence is about
/// the request alone.
pub(super) fn public_message(error: &BackendError) -> Option<String> {
    let fault = error.source().and_then(|source| source.downcast_ref::<StoreFault>());
    let message = match (error, fault) {
        (_, Some(fault)) => fault.public_message(),
        (BackendError::Unreachable(_), None) => "the store does not answer: try again in a moment",
        (BackendError::Broken(_), None) => "the store can't be used: tell who runs the server",
        (BackendError::NotAllowed(Cause::Error(_)), None) => "the store does not allow this",
        _ => return None,
    };
    Some(message.to_owned())
}

/// Returns the sentence for a refused command of a caller without read permission: one that names
/// nobody and reveals nothing of the incident or of the directory. `None` if the error is no
/// refusal by the rules.
pub(super) fn public_rejection(error: &BackendError) -> Option<String> {
    let (BackendError::Rejected(why) | BackendError::Conflict(why)) = error else { return None };
    let sentence = match (&why.rejection, why.kind()) {
        (Rejection::Field(bad), _) => return Some(bad.clone().without_suggestion().to_string()),
        (Rejection::ChangedMeanwhile { .. }, _) => "it has changed: its last event is another one",
        (Rejection::Foreign { .. } | Rejection::ForeignDated { .. }, RejectionKind::Invalid) => {
            "the command is refused as it is: mend it"
        }
        // These are about the command alone.
        (_, RejectionKind::Invalid) => return None,
        (_, RejectionKind::Conflict) => {
            "it is done already, or the incident has changed: nothing was done"
        }
        (_, RejectionKind::NotNow) => "the incident is in a state in which this can't be done",
        (_, RejectionKind::NotFound) => "there is no such incident",
    };
    Some(sentence.to_owned())
}
