//! What of an error of the backend anybody may see, and what only a caller who may read.

use std::error::Error;

use crate::api::Details;
use crate::backend::file::StoreFault;
use crate::backend::{BackendError, Cause};

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
