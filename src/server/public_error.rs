//! What of an error of the backend anybody may see, and what only a caller who may read.

use std::error::Error;

use crate::api::Details;
use crate::backend::file::StoreFault;
use crate::backend::{BackendError, Cause};
use crate::model::{Rejection, RejectionKind};

/// Returns what any caller may see of an error, and what only a caller who may read may see: names
/// of files, the text of queries, and whatever else of the machine is in a sentence.
pub(super) fn split_details(error: BackendError) -> (Details, Option<Details>) {
    let public = public_message(&error);
    let full = Details::from(error);
    match public {
        Some(public) => (Details { detail: public, ..full.clone() }, Some(full)),
        None => (full, None),
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

/// Returns the sentence for a refused command of a caller who may not read: one that names nobody and
/// says nothing of the incident or of the directory. `None` if the error is no refusal by the rules.
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
