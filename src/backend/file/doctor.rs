//! Stand-in signatures until the store is in.
#![allow(missing_docs, clippy::missing_errors_doc, clippy::unused_async)]

use super::OpenError;
use crate::backend::record::Record;
use std::path::Path;

#[derive(Debug)]
pub struct Finding {
    pub grave: bool,
    pub text: String,
}

#[derive(Debug)]
pub struct Report {
    pub findings: Vec<Finding>,
    pub incidents: u64,
    pub events: u64,
}

impl Report {
    pub fn is_content(&self) -> bool {
        self.findings.is_empty()
    }
}

pub async fn examine(path: &Path) -> Result<Report, OpenError> {
    Err(OpenError::Refused(path.display().to_string()))
}

pub async fn rebuild(path: &Path) -> Result<Report, OpenError> {
    Err(OpenError::Refused(path.display().to_string()))
}

pub async fn salvage(
    path: &Path,
    sink: &mut (dyn FnMut(&Record) -> std::io::Result<()> + Send),
) -> Result<u64, OpenError> {
    let _ = sink;
    Err(OpenError::Refused(path.display().to_string()))
}
