//! Why a store can't be opened.

/// The reasons for which a store can't be opened. Each holds a sentence that names the file and
/// says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file does not exist, and the options do not allow creating it.
    #[error("{0}")]
    Missing(String),
    /// The file can't be opened for any other reason.
    #[error("{0}")]
    Refused(String),
}
