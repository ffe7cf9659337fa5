//! Drafts of forms that were filled in and not sent.

pub mod redacted;
pub mod reopen;
pub mod update;
