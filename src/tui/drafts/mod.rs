//! Drafts of forms that were filled in and not sent.

pub mod update;
