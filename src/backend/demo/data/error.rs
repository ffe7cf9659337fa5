//! Errors in the files of the demo's company.

/// The error of a file of the demo's company: it can't be parsed, or refers to something that does
/// not exist.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct DataError {
    /// Name of the file.
    pub(super) file: &'static str,
    /// The error.
    #[source]
    pub(super) problem: DataProblem,
}

/// The error in a file.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum DataProblem {
    /// It is no TOML, or not of the type of the file. Names the line.
    #[error(transparent)]
    Syntax(#[from] toml::de::Error),
    /// It refers to something that does not exist.
    #[error(transparent)]
    Reference(#[from] MissingReference),
}

/// A name that refers to nothing. The text begins with the key that has the name.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum MissingReference {
    /// A kind of service has a fault that no file describes.
    #[error("kinds.{kind}.faults: no fault {alert:?} in faults/")]
    Fault { kind: String, alert: String },
    /// A kind of service has a list of recovery checks that does not exist.
    #[error("kinds.{kind}.recovery_checks: no list {list:?} there")]
    RecoveryChecks { kind: String, list: String },
    /// The kind of services with an unknown name does not exist.
    #[error("default_kind: no kind {0:?}")]
    DefaultKind(String),
    /// A service is of a kind that does not exist.
    #[error("services.{service}.kind: no kind {kind:?}")]
    KindOfService { service: String, kind: String },
    /// A hand-written incident has a name that refers to nothing.
    #[error("cases[{index}].{key}: no {name:?}")]
    InCase { index: usize, key: &'static str, name: String },
}
