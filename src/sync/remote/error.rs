//! Errors of the outbox and the cache of a remote.

/// The reason why the outbox refuses a request. Displayed as a sentence for people.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutboxError {
    #[error("there is no such command in the outbox")]
    NoSuchCommand,
    /// Somebody dropped the command while its answer was awaited.
    #[error("it was dropped from the outbox")]
    Dropped,
    #[error("it was not refused")]
    NotRefused,
    #[error("it was sent: nothing is left to drop")]
    AlreadySent,
    /// Sending the command again unchanged would not help.
    #[error("{0}")]
    NoUseToRetry(&'static str),
    /// The command has no answer yet.
    #[error("{0}: it is kept and sent as soon as that is possible")]
    Queued(String),
    /// The command was written by another version.
    #[error("it was written by another version of redphone, and this one can't read it")]
    Unreadable,
    /// The file of the outbox can't be read or written.
    #[error("the outbox {file} can't be used: {error}")]
    Unusable {
        /// Its path, safe to show.
        file: String,
        #[source]
        error: sqlx::Error,
    },
}

/// A search that began in the cache can't continue: the cache has no more rows.
#[derive(Debug, thiserror::Error)]
#[error("nothing is cached any more: search again")]
pub(super) struct SearchEnded;
