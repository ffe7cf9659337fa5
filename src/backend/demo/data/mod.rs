//! The texts and tables of the simulated company, which are data: the TOML files of this folder.
//!
//! The code of the demo contains the rules (rhythm, probabilities, state machines), the files the
//! texts. They are compiled into the program and parsed once, when a demo is opened. Tests in `check.rs`
//! detect errors that [`parse`] does not.

mod cases;
mod causes;
mod company;
mod error;
mod faults;
mod texts;

#[cfg(test)]
mod check;

use std::sync::LazyLock;

use serde::de::DeserializeOwned;

use crate::model::unknown::strictly;
pub(super) use cases::{Case, Twist};
pub(super) use causes::{Cause, CauseTemplates};
pub(super) use company::{CallTarget, PolicyEntry, ScheduleRule, ServiceEntry, TeamEntry};
pub use error::DataError;
pub(super) use faults::{Fault, Kind, MAX_FAULTS};
pub(super) use texts::{Texts, Vocabulary};

use cases::CasesFile;
use causes::Causes;
use company::CompanyFile;
use error::{DataProblem, MissingReference};
use faults::{FaultsFile, Kinds, KindsFile};

/// A file of this folder: its name and its content.
#[derive(Clone, Copy)]
struct File {
    name: &'static str,
    content: &'static str,
}

impl File {
    /// Returns an error in this file.
    fn error(self, problem: impl Into<DataProblem>) -> DataError {
        DataError { file: self.name, problem: problem.into() }
    }
}

/// The files of the company.
#[derive(Clone)]
struct Files {
    company: File,
    kinds: File,
    faults: [File; 3],
    causes: File,
    cases: File,
    texts: File,
}

/// Names a file of this folder, and includes its content.
macro_rules! file {
    ($name:literal) => {
        File { name: $name, content: include_str!($name) }
    };
}

const FILES: Files = Files {
    company: file!("company.toml"),
    kinds: file!("kinds.toml"),
    faults: [
        file!("faults/product.toml"),
        file!("faults/data.toml"),
        file!("faults/platform.toml"),
    ],
    causes: file!("causes.toml"),
    cases: file!("cases.toml"),
    texts: file!("texts.toml"),
};

/// The texts and tables of the company.
#[derive(Debug)]
pub(super) struct DemoData {
    pub company: CompanyFile,
    pub kinds: Kinds,
    pub causes: Causes,
    /// The hand-written open incidents.
    pub cases: Vec<Case>,
    pub texts: Texts,
}

/// Returns the data of the company, which are parsed at the first call.
///
/// # Errors
/// [`DataError`] with the file and the key of the error. A test checks that there is none.
pub(super) fn load() -> Result<&'static DemoData, DataError> {
    static DATA: LazyLock<Result<DemoData, DataError>> = LazyLock::new(|| parse(&FILES));
    DATA.as_ref().map_err(Clone::clone)
}

/// Parses the files, and resolves the references by name that the code needs: faults, kinds of
/// services, and services of cases.
fn parse(files: &Files) -> Result<DemoData, DataError> {
    let company: CompanyFile = parse_file(files.company)?;
    let mut faults = Vec::new();
    for file in files.faults {
        faults.extend(parse_file::<FaultsFile>(file)?.faults);
    }
    let kinds_file: KindsFile = parse_file(files.kinds)?;
    let kinds = kinds_file.with_faults(&faults).map_err(|error| files.kinds.error(error))?;
    for service in &company.services {
        if kinds.find(&service.kind).is_none() {
            let (service, kind) = (service.name.clone(), service.kind.clone());
            return Err(files.company.error(MissingReference::KindOfService { service, kind }));
        }
    }
    let cases = parse_file::<CasesFile>(files.cases)?
        .with_faults(&company, &kinds)
        .map_err(|error| files.cases.error(error))?;
    Ok(DemoData {
        company,
        kinds,
        causes: parse_file(files.causes)?,
        cases,
        texts: parse_file(files.texts)?,
    })
}

fn parse_file<T: DeserializeOwned>(file: File) -> Result<T, DataError> {
    strictly(|| toml::from_str(file.content)).map_err(|error| file.error(error))
}
