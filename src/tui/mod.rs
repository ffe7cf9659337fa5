//! Top floor: the panes.
#![allow(missing_docs, clippy::missing_errors_doc, clippy::unused_async)]
use std::sync::Arc;

use crate::backend::Backend;
use crate::model::{PersonRef, Rules};

#[derive(Clone, Debug)]
pub struct Options {
    pub me: PersonRef,
    pub rules: Rules,
    pub ascii: bool,
    pub color: bool,
    pub place: String,
    pub read_only: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RunError(String);

pub async fn run(backend: Arc<dyn Backend>, options: Options) -> Result<(), RunError> {
    let _ = backend;
    Err(RunError(options.place))
}
