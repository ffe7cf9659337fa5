//! A simulated company.
#![allow(missing_docs, clippy::missing_errors_doc, clippy::unused_async)]
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::backend::file::FileStore;
use crate::model::{PersonRef, Rules};

#[derive(Clone, Debug)]
pub struct Options {
    pub seed: u64,
    pub speed: f64,
    pub incidents: u32,
    pub open: Option<u32>,
    pub now: DateTime<Utc>,
    pub keep: Option<PathBuf>,
    pub rules: Rules,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DemoError(String);

#[derive(Debug)]
pub struct Demo {
    pub store: FileStore,
    pub me: PersonRef,
}

pub async fn open(
    options: Options,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Demo, DemoError> {
    progress(0, 0);
    Err(DemoError(format!("{}", options.seed)))
}

impl Demo {
    pub async fn simulate(&self) {
        std::future::pending::<()>().await;
    }
}
